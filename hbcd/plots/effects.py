"""Pictures of what a model makes of one or two columns: curves, with intervals, and surfaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.plots.style import BLACK, COLORS, axes, finish
from hbcd.utils.public import public

__all__ = ["output_places", "plot_accumulated_effects", "plot_partial_dependence"]

Array = NDArray[Any]
MOST_CURVES = 50  # of single rows
MOST_NAMES = 12  # of levels in full


@public
def plot_partial_dependence(result: Any, ax: Any = None, *, output: Any = None) -> Any:
    """Draws a partial dependence: a curve, bars of levels, or a surface of two columns.

    Parameters
    ----------
    result : PartialDependence
        From `hbcd.explain.partial_dependence`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    output : int or str, optional
        Which target or class; None: every one, of a surface the first.

    Returns
    -------
    matplotlib.axes.Axes
        The mean prediction; dark band: its bootstrap interval; light band: the spread of the
        networks on either side of it; thin lines: some rows, where the result has them.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        An output that there is none of.
    """
    ax = axes(ax)
    places = output_places(result.outputs, output)
    if len(result.features) == 2:
        return _surface(ax, result, result.average[..., places[0]], _name(result, places[0]))
    if result.individual is not None and len(places) == 1:
        step = max(1, len(result.individual) // MOST_CURVES)
        rows = result.individual[::step][:MOST_CURVES, :, places[0]]
        ax.plot(_across(result.grid[0]), rows.T, color=BLACK, linewidth=0.5, alpha=0.25)
    _curves(ax, result, result.average, places)
    label = _name(result, places[0]) if len(places) == 1 else "prediction"
    return finish(ax, result.features[0], label, "Partial dependence")


@public
def plot_accumulated_effects(result: Any, ax: Any = None, *, output: Any = None) -> Any:
    """Draws accumulated local effects: a line, marks of levels, or a surface of two columns.

    Parameters
    ----------
    result : AccumulatedEffects
        From `hbcd.explain.accumulated_effects`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None: a new figure.
    output : int or str, optional
        Which target or class; None: every one, of a surface the first.

    Returns
    -------
    matplotlib.axes.Axes
        The effect against the mean, 0; dark band: its bootstrap interval; light band: the spread
        of the networks on either side of it; of one column, ticks below at the ends of its
        intervals, between which equally many rows lie.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    ValueError
        An output that there is none of.
    """
    ax = axes(ax)
    places = output_places(result.outputs, output)
    if len(result.features) == 2:
        name = f"{_name(result, places[0])}, both together"
        return _surface(ax, result, result.effect[..., places[0]], name, centered=True)
    _curves(ax, result, result.effect, places)
    ax.axhline(0.0, color=BLACK, linewidth=0.8)
    grid = result.grid[0]
    if grid.dtype != object:
        bottom = np.zeros(len(grid))
        ax.plot(grid, bottom, "|", color=BLACK, markersize=8, transform=ax.get_xaxis_transform())
    label = f"effect on {_name(result, places[0])}" if len(places) == 1 else "effect"
    return finish(ax, result.features[0], label, "Accumulated local effect")


def output_places(outputs: Any, output: Any) -> list[int]:
    """The numbers of the outputs that are drawn."""
    if output is None:
        return list(range(len(outputs)))
    if isinstance(output, str) and output in outputs:
        return [outputs.index(output)]
    if isinstance(output, (int, np.integer)) and 0 <= output < len(outputs):
        return [int(output)]
    raise ValueError(
        f"output={output!r}: must be a number below {len(outputs)} or one of its names"
    )


def _name(result: Any, place: int) -> str:
    return str(result.outputs[place])


def _across(values: Array) -> Array:
    """Where values stand on an axis: levels at whole numbers."""
    return np.arange(len(values)) if values.dtype == object else values


def _curves(ax: Any, result: Any, values: Array, places: list[int]) -> None:
    """A line, or marks of levels, for each output."""
    grid = result.grid[0]
    x, levels = _across(grid), grid.dtype == object
    for count, place in enumerate(places):
        color, middle = COLORS[count % len(COLORS)], values[:, place]
        low, high = result.low[:, place], result.high[:, place]
        name = _name(result, place)
        if levels:
            shift = x + 0.8 * ((count + 0.5) / len(places) - 0.5) * (len(places) > 1)
            ends = np.array([middle - low, high - middle]) if np.isfinite(low).all() else None
            ax.errorbar(shift, middle, ends, fmt="o", color=color, capsize=4, label=name)
            if result.spread is not None:
                wide = result.spread[:, place]
                ax.errorbar(shift, middle, wide, fmt="none", color=color, alpha=0.3, linewidth=4)
            continue
        if result.spread is not None:
            wide = result.spread[:, place]
            ax.fill_between(x, middle - wide, middle + wide, color=color, alpha=0.15, linewidth=0)
        ax.fill_between(x, low, high, color=color, alpha=0.35, linewidth=0)
        ax.plot(x, middle, color=color, label=name)
    if len(places) > 1 and levels:  # no place between the marks is surely free
        bottom, top = ax.get_ylim()
        ax.set_ylim(bottom, top + 0.2 * (top - bottom))
        ax.legend(loc="upper center", ncols=min(len(places), 4), fontsize="small")
    elif len(places) > 1:
        ax.legend(loc="best", fontsize="small")
    if levels:
        _level_ticks(ax.xaxis, grid)
    elif grid.dtype.kind == "M":
        ax.tick_params(axis="x", rotation=30)


def _level_ticks(axis: Any, grid: Array) -> None:
    names = [name if len(name) <= MOST_NAMES else name[: MOST_NAMES - 1] + "…" for name in grid]
    axis.set_ticks(range(len(names)), names)
    if axis.axis_name == "x" and len(names) > 4:
        axis.set_tick_params(rotation=45)


def _surface(ax: Any, result: Any, values: Array, name: str, *, centered: bool = False) -> Any:
    """Colors over a grid of two columns, of both signs where they are `centered` at 0."""
    x, y = (_across(one) for one in result.grid)
    most = float(np.abs(values).max()) or 1.0
    colors: dict[str, Any] = {"cmap": "viridis"}
    if centered:
        colors = {"cmap": "RdBu_r", "vmin": -most, "vmax": most}
    if any(one.dtype == object for one in result.grid):
        shown = ax.pcolormesh(x, y, values.T, shading="nearest", **colors)
    else:
        shown = ax.contourf(x, y, values.T, levels=12, **colors)
    ax.figure.colorbar(shown, ax=ax, label=name)
    for axis, one in zip((ax.xaxis, ax.yaxis), result.grid, strict=True):
        if one.dtype == object:
            _level_ticks(axis, one)
        elif one.dtype.kind == "M" and axis.axis_name == "x":
            axis.set_tick_params(rotation=30)
    finish(ax, *result.features)
    ax.grid(False)
    return ax
