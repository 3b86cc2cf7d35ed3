"""Data to learn from: a simulated power plant, and the two published tables of the article."""

from __future__ import annotations

import os
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np

from hbcd.datasets import published
from hbcd.datasets.dataset import Dataset, dataset_from
from hbcd.datasets.download import load
from hbcd.utils.public import public

if TYPE_CHECKING:
    PathLike = str | os.PathLike[str]
    Seed = int | np.random.Generator | np.random.SeedSequence | None

__all__ = ["Dataset", "fetch_ccpp", "fetch_siec", "make_plant"]


def _generator(rng: Seed) -> np.random.Generator:
    """Turn what `make_plant` takes as `rng` into a generator; None is seed 0."""
    if isinstance(rng, np.random.Generator):
        return rng
    seed = 0 if rng is None else rng
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0
    if not whole and not isinstance(seed, np.random.SeedSequence):
        raise ValueError(
            f"rng={rng!r}: must be None, an integer of at least 0, a SeedSequence or a Generator"
        )
    return np.random.default_rng(seed)


@overload
def make_plant(
    n: int = ...,
    rng: Seed = ...,
    *,
    noise: float = ...,
    return_X_y: Literal[False] = ...,
    as_frame: bool = ...,
) -> Dataset: ...
@overload
def make_plant(
    n: int = ...,
    rng: Seed = ...,
    *,
    noise: float = ...,
    return_X_y: Literal[True],
    as_frame: bool = ...,
) -> tuple[Any, Any]: ...
@public
def make_plant(
    n: int = 9568,
    rng: Seed = None,
    *,
    noise: float = 2.6,
    return_X_y: bool = False,
    as_frame: bool = False,
) -> Dataset | tuple[Any, Any]:
    """Simulate a combined-cycle power plant: weather and vacuum to net power.

    Textbook relations (gas turbine: flow by the ideal gas law, compressor work by inlet
    temperature; evaporative inlet cooling by Stull's wet bulb; steam turbine by the saturation
    temperature of the condenser's pressure). It is a simulation, with ranges and correlations like
    those of the published CCPP table, and never to be passed off as it.

    Parameters
    ----------
    n : int, default 9568
        Rows; by default as many as the published table has.
    rng : None, int, SeedSequence or Generator, default None
        Source of the weather and of the noise. None is seed 0: the same table every time.
    noise : float, default 2.6
        Standard deviation (MW) of the Gaussian noise on the power. By default the best possible R2
        is 0.977, near the best that is reported for the published table.
    return_X_y : bool, default False
        Return ``(data, target)`` only.
    as_frame : bool, default False
        Return pandas objects instead of arrays.

    Returns
    -------
    Dataset
        Inputs AT (degC), V (cm Hg), AP (mbar), RH (%), shape (n, 4); target PE (MW), shape (n,);
        ``best_r2 = 1 - noise**2 / var(PE)``, None where all PE are equal.
    """
    import pandas as pd

    from hbcd.datasets import plant as _plant

    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"n={n!r}: must be an integer of at least 1")
    if not isinstance(noise, Real) or not 0.0 <= noise < np.inf:
        raise ValueError(f"noise={noise!r}: must be finite and at least 0 (MW)")
    generator = _generator(rng)
    x = _plant.draw_inputs(int(n), generator)
    pe = _plant.net_power(x) + noise * generator.standard_normal(n)

    variance = float(np.var(pe))
    dataset = dataset_from(
        pd.DataFrame(np.column_stack([x, pe]), columns=[*_plant.LIMITS, "PE"]),
        as_frame,
        target_unit="MW",
        DESCR=_plant.DESCR.format(n=n, noise=noise),
        license="BSD-3-Clause",
        citation="hbcd, make_plant (simulated data)",
        best_r2=1.0 - noise**2 / variance if variance > 0.0 else None,
    )
    return (dataset.data, dataset.target) if return_X_y else dataset


@overload
def fetch_ccpp(
    data_home: PathLike | None = ...,
    *,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
    as_frame: bool = ...,
    path: PathLike | None = ...,
) -> Dataset: ...
@overload
def fetch_ccpp(
    data_home: PathLike | None = ...,
    *,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
    as_frame: bool = ...,
    path: PathLike | None = ...,
) -> tuple[Any, Any]: ...
@public
def fetch_ccpp(
    data_home: PathLike | None = None,
    *,
    download_if_missing: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
    path: PathLike | None = None,
) -> Dataset | tuple[Any, Any]:
    """Load the Combined Cycle Power Plant data (UCI 294, DOI 10.24432/C5002N, CC BY 4.0).

    Parameters
    ----------
    data_home : path, optional
        Folder of the data files; by default the environment's HBCD_DATA, else the platform's cache
        folder. Searched for Folds5x2_pp.xlsx and for the published zip.
    download_if_missing : bool, default True
        Download the published zip into the folder when neither is there.
    return_X_y : bool, default False
        Return ``(data, target)`` only.
    as_frame : bool, default False
        Return pandas objects instead of arrays.
    path : path, optional
        A copy of yours, .xlsx or .zip, to read instead; `data_home` is then not looked at.

    Returns
    -------
    Dataset
        Inputs AT (degC), V (cm Hg), AP (mbar), RH (%), shape (9568, 4); target PE (MW), shape
        (9568,); rows as on the file's first sheet. Read its ``DESCR``.

    Raises
    ------
    OSError
        The file is missing and may not or cannot be downloaded.
    ValueError
        The file cannot be read, or its numbers are not the published ones.
    """
    frame = load(
        published.CCPP,
        published.parse_ccpp,
        data_home=data_home,
        download_if_missing=download_if_missing,
        path=path,
    )
    dataset = dataset_from(
        frame,
        as_frame,
        target_unit="MW",
        DESCR=published.CCPP_DESCR,
        license="CC BY 4.0",
        citation=published.CCPP_CITATION,
    )
    return (dataset.data, dataset.target) if return_X_y else dataset


@overload
def fetch_siec(
    data_home: PathLike | None = ...,
    *,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
    as_frame: bool = ...,
    path: PathLike | None = ...,
) -> Dataset: ...
@overload
def fetch_siec(
    data_home: PathLike | None = ...,
    *,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
    as_frame: bool = ...,
    path: PathLike | None = ...,
) -> tuple[Any, Any]: ...
@public
def fetch_siec(
    data_home: PathLike | None = None,
    *,
    download_if_missing: bool = True,
    return_X_y: bool = False,
    as_frame: bool = False,
    path: PathLike | None = None,
) -> Dataset | tuple[Any, Any]:
    """Load the Steel Industry Energy Consumption data (UCI 851, DOI 10.24432/C52G8C, CC BY 4.0).

    Parameters
    ----------
    data_home : path, optional
        Folder of the data files; by default the environment's HBCD_DATA, else the platform's cache
        folder. Searched for Steel_industry_data.csv and for the published zip.
    download_if_missing : bool, default True
        Download the published zip into the folder when neither is there.
    return_X_y : bool, default False
        Return ``(data, target)`` only.
    as_frame : bool, default False
        Return pandas objects instead of arrays, indexed by the rows' time.
    path : path, optional
        A copy of yours, .csv or .zip, to read instead; `data_home` is then not looked at.

    Returns
    -------
    Dataset
        The article's 15 inputs, shape (35040, 15); target Usage_kWh (kWh), shape (35040,); rows in
        the file's order. Read its ``DESCR``.

    Raises
    ------
    OSError
        The file is missing and may not or cannot be downloaded.
    ValueError
        The file cannot be read, or its numbers are not the published ones.
    """
    frame = load(
        published.SIEC,
        published.parse_siec,
        data_home=data_home,
        download_if_missing=download_if_missing,
        path=path,
    )
    dataset = dataset_from(
        frame,
        as_frame,
        target_unit="kWh",
        DESCR=published.SIEC_DESCR,
        license="CC BY 4.0",
        citation=published.SIEC_CITATION,
    )
    return (dataset.data, dataset.target) if return_X_y else dataset
