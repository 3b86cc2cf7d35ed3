"""`optimize_inputs` finds optima that are known, within boxes and limits."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import LinearConstraint, linprog

import hbcd
from hbcd.utils.scaling import Scaler

RNG = np.random.default_rng(0)
# Of a variable: pg_tol of the searches is 1e-10, and the curvature of the scaled objective about 1.
NEAR = 1e-6


def made(parts, columns=None, targets=None, n_in=2):
    """A regressor whose outputs are sums of ``w tanh(a x_i - b)``, (w, a, i, b), and lines c x_i.

    parts : for each output ([(w, a, i, b), ...], {i: c})
    """
    x = RNG.uniform(-5, 5, (60, n_in))
    x[:2] = [[-5.0] * n_in, [5.0] * n_in]
    neurons = max(sum(len(bumps) for bumps, _ in parts), 1) + n_in
    y = RNG.normal(size=(60, len(parts)))
    if columns is not None:
        x, y = pd.DataFrame(x, columns=columns), pd.DataFrame(y, columns=targets)
    layers = [
        hbcd.BlockDiagonalLayer(
            [(n_in, neurons - n_in, hbcd.Tanh()), (n_in, n_in, hbcd.Identity())], shared_input=True
        )
    ]
    model = hbcd.HybridRegressor(layers=layers, random_state=0, max_iter=1, output_range=None)
    model.fit(x, y)
    network = model.network_
    model.x_scaler_ = Scaler(np.zeros(n_in), np.ones(n_in))
    model.y_scaler_ = Scaler(np.zeros(len(parts)), np.ones(len(parts)))
    theta = np.zeros(network.n_parameters)
    first, second = network.dense_parts(1, theta)
    (out,) = network.dense_parts(2, theta)
    second.weights[...] = np.eye(n_in)
    at = 0
    for k, (bumps, line) in enumerate(parts):
        for w, a, i, b in bumps:
            first.weights[i, at], first.bias[at], out.weights[at, k] = a, -b, w
            at += 1
        for i, c in line.items():
            out.weights[neurons - n_in + i, k] = c
    model.theta_ = theta
    return model


def bump(center, i, height=1.0, width=1.0):
    """Two neurons, whose sum has its maximum at center."""
    return [
        (height, 1.0, i, center - width),
        (-height, 1.0, i, center + width),
    ]


HILL = made([([*bump(1.3, 0), *bump(-2.1, 1, 2.0)], {})])


@pytest.mark.parametrize("seed", range(3))
def test_the_top_of_a_hill_is_found(seed):
    best = hbcd.optimize_inputs(HILL, "max", rng=seed)
    np.testing.assert_allclose(best.x, [[1.3, -2.1]], atol=NEAR)
    assert best.value == pytest.approx(2 * np.tanh(1) + 4 * np.tanh(1), rel=1e-12)
    np.testing.assert_allclose(best.prediction, HILL.predict(best.x).ravel(), rtol=1e-12)
    assert best.success
    assert best.active == []
    assert len(best.starts) == 10
    assert best.starts["value"].max() == best.value


def test_an_end_of_the_box_is_met_to_the_bit_and_named():
    best = hbcd.optimize_inputs(HILL, "max", [[-4.0, 0.1 + 0.2], [-1.7, 3.0]])
    assert best.x.tolist() == [[0.1 + 0.2, -1.7]]
    assert best.active == [("0", "most", 0.1 + 0.2), ("1", "least", -1.7)]


def test_the_least_of_a_hill_is_a_corner():
    best = hbcd.optimize_inputs(HILL, "min", [[-1.0, 3.0], [-3.0, 3.0]])
    corners = np.array([[a, b] for a in (-1.0, 3.0) for b in (-3.0, 3.0)])
    assert best.x.tolist() == [corners[HILL.predict(corners).argmin()].tolist()]
    assert best.value == pytest.approx(HILL.predict(corners).min(), rel=1e-12)


def test_the_highest_of_several_hills_is_found():
    heights = [1.0, 1.4, 1.2, 0.7]
    hills = made([([b for k, h in enumerate(heights) for b in bump(3 * k - 4.5, 0, h, 0.5)], {})])
    grid = np.zeros((200_001, 2))
    grid[:, 0] = np.linspace(-5, 5, 200_001)
    wanted = hills.predict(grid).max()
    for seed in range(5):
        best = hbcd.optimize_inputs(hills, "max", rng=seed)
        assert best.value >= wanted
        assert best.value == pytest.approx(wanted, rel=1e-8)


LINE = made([([], {0: 2.0, 1: -1.0, 2: 0.5})], columns=["a", "b", "c"], targets=["y"], n_in=3)


@pytest.mark.parametrize("kind", ["names", "array", "LinearConstraint"])
def test_a_line_under_linear_limits_is_a_linear_program(kind):
    matrix, upper = np.array([[1.0, 1.0, 0.0], [1.0, -2.0, 3.0]]), np.array([3.0, 4.0])
    if kind == "LinearConstraint":
        limits = LinearConstraint(matrix, -np.inf, upper)
    elif kind == "array":
        limits = [(row, None, most) for row, most in zip(matrix, upper, strict=True)]
    else:
        limits = [({"a": 1, "b": 1}, None, 3.0), ({"a": 1, "b": -2, "c": 3.0}, None, 4.0)]
    best = hbcd.optimize_inputs(LINE, "max", {"c": (-1, 2)}, limits)
    box = [(-5, 5), (-5, 5), (-1, 2)]
    wanted = linprog([-2.0, 1.0, -0.5], matrix, upper, bounds=box)
    assert best.success
    assert best.value == pytest.approx(-wanted.fun, rel=1e-6)
    np.testing.assert_allclose(best.x.to_numpy()[0], wanted.x, atol=1e-5)
    tight = {"1 a +1 b", "1 a -2 b +3 c"}
    slack = wanted.ineqlin.residual
    assert {one.name for one in best.active} & tight == {
        name for name, left in zip(["1 a +1 b", "1 a -2 b +3 c"], slack, strict=True) if left < 1e-9
    }


def test_an_equation_of_inputs_and_a_limit_of_an_output_hold():
    # Two equal hills: by symmetry both give way by the same.
    model = made(
        [([*bump(1.0, 0), *bump(2.0, 1)], {}), ([], {0: 1.0, 1: 1.0})],
        columns=["a", "b"],
        targets=["yield", "load"],
    )
    for limits in (
        [("load", None, 2.0)],
        [(1, None, 2.0)],
        [({"a": 1, "b": 1}, 2.0, 2.0)],
        [({"a": 2, "b": 2}, None, 4.0), ("load", 1.0, 2.0)],
    ):
        best = hbcd.optimize_inputs(model, {"yield": "max"}, constraints=limits)
        np.testing.assert_allclose(best.x.to_numpy()[0], [0.5, 1.5], atol=1e-5)
        assert best.success
        assert best.violation <= 1e-9  # a penalty without multipliers ends at 5e-9
        assert best.active
    assert best.prediction[1] == pytest.approx(2.0, abs=1e-6)


def test_limits_that_cannot_be_met_are_told():
    best = hbcd.optimize_inputs(LINE, "max", constraints=[({"a": 1}, 7.0, None)])
    assert not best.success
    assert best.violation > 0.1
    assert best.x["a"].iloc[0] == 5.0
    assert "none of 10 starts meets the constraints: 1 a is 5, not 7 to inf" in str(best)


def test_a_target_is_met_and_several_are_met_together():
    model = made([([*bump(1.0, 0)], {}), ([], {0: 1.0, 1: 2.0})], ["a", "b"], ["first", "load"])
    point = pd.DataFrame({"a": [2.2], "b": [-1.4]})
    p = model.predict(point)[0]
    best = hbcd.optimize_inputs(model, {"first": p[0], "load": p[1]})
    np.testing.assert_allclose(best.prediction, p, atol=1e-6)
    assert best.value < 1e-12
    near = hbcd.optimize_inputs(model, {"load": 100.0})
    assert near.x.to_numpy().tolist() == [[5.0, 5.0]]


def test_a_function_of_predictions_is_minimized():
    model = made([([*bump(1.0, 0)], {}), ([*bump(-1.0, 1)], {})])

    def apart(p):
        return -p[0] - 3 * p[1], [-1.0, -3.0]

    best = hbcd.optimize_inputs(model, apart)
    np.testing.assert_allclose(best.x, [[1.0, -1.0]], atol=NEAR)
    assert best.value == pytest.approx(-8 * np.tanh(1.0), rel=1e-12)


def test_what_a_model_has_learned_is_found_with_levels_dates_gaps_and_held_columns():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"t": rng.uniform(0, 10, 500), "u": rng.uniform(-1, 1, 500)})
    frame["kind"] = np.array(["a", "b", "c"])[rng.integers(0, 3, 500)]
    frame["when"] = pd.date_range("2024-01-01", periods=500, freq="5h")
    center = frame["kind"].map({"a": 2.0, "b": 5.0, "c": 8.0})
    y = frame["kind"].map({"a": 1.0, "b": 3.0, "c": 2.0}) - 0.1 * (frame["t"] - center) ** 2
    frame.loc[::25, "u"] = np.nan
    settings = {"missing": "indicator", "dates": "features", "random_state": 0, "effort": 0.1}
    model = hbcd.HybridRegressor(**settings).fit(frame, y)
    now = pd.Timestamp("2024-02-01")
    best = hbcd.optimize_inputs(model, "max", {"when": now})
    assert list(best.x) == list(frame)
    assert best.x["kind"].iloc[0] == "b"
    assert best.x["when"].iloc[0] == now
    assert abs(best.x["t"].iloc[0] - 5.0) < 0.7
    assert best.prediction[0] == pytest.approx(float(model.predict(best.x)[0]))
    whole = frame[frame["u"].notna()].assign(when=now)  # a box has no gaps
    assert best.prediction[0] >= model.predict(whole).max() - 1e-9
    other = hbcd.optimize_inputs(model, "max", {"when": now, "kind": ["a", "c"], "u": 0.25})
    assert other.x["kind"].iloc[0] == "c"
    assert other.x["u"].iloc[0] == 0.25
    low, high = best.interval[0]
    assert low < best.prediction[0] < high
    assert 0 <= best.novelty <= 1
    assert best.novelty == model.novelty(best.x)[0]
    for box, text in (({}, "training range of 'when'"), ({"when": (now, "2024-03-01")}, "dates")):
        with pytest.raises(ValueError, match=text):
            hbcd.optimize_inputs(model, "max", box)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_probability_of_a_class_is_raised(dtype):
    x = np.random.default_rng(0).uniform(-2, 2, (400, 2))
    kind = np.where((x**2).sum(axis=1) < 1, "in", np.where(x[:, 0] > 0, "right", "left"))
    model = hbcd.HybridClassifier((8,), random_state=0, max_iter=300, dtype=dtype).fit(x, kind)
    best = hbcd.optimize_inputs(model, {"in": "max"})
    assert best.interval is None
    assert model.predict(best.x)[0] == "in"
    assert best.prediction[0] >= model.predict_proba(x)[:, 0].max() - 1e-6
    half = hbcd.optimize_inputs(model, {"in": "max"}, constraints=[("right", 0.3, None)])
    assert half.prediction[2] == pytest.approx(0.3, abs=1e-6)


def test_a_seed_gives_the_same_bits_and_more_starts_are_never_worse():
    one, two = (hbcd.optimize_inputs(HILL, "max", rng=3) for _ in range(2))
    assert one.x.tobytes() == two.x.tobytes()
    pd.testing.assert_frame_equal(one.starts, two.starts)
    few = hbcd.optimize_inputs(HILL, "min", n_starts=1)
    many = hbcd.optimize_inputs(HILL, "min", n_starts=20)
    assert len(few.starts) == 1
    assert many.value <= few.value


def test_a_box_of_one_point_is_that_point():
    best = hbcd.optimize_inputs(HILL, "max", [[1.0, 1.0], [2.0, 2.0]])
    assert best.x.tolist() == [[1.0, 2.0]]
    assert best.success
    assert str(best).startswith("1 of 1 starts")


def test_numbers_as_names_of_columns_stay_with_their_columns():
    x = pd.DataFrame(np.random.default_rng(0).uniform(0, 1, (60, 3)))[[2, 0, 1]]
    model = hbcd.HybridRegressor((), random_state=0).fit(x, x[2] - x[0])
    best = hbcd.optimize_inputs(model, "max", {2: (0.0, 0.75), 0: 0.25})
    assert list(best.x) == [2, 0, 1]
    assert best.x[2].iloc[0] == 0.75
    assert best.x[0].iloc[0] == 0.25
    assert best.prediction[0] == pytest.approx(0.5, abs=1e-6)
    assert best.prediction[0] == model.predict(best.x[[0, 1, 2]])[0]


def test_starts_keep_their_own_optima_under_constraints():
    plant = hbcd.make_plant(1500, rng=0)
    model = hbcd.HybridRegressor((8, 8), random_state=0, max_iter=300)
    model.fit(plant.data, plant.target)
    limits = [({0: 1.0}, 12.0, None), ({0: -1.3, 1: 1.0}, 22.0, None)]
    best = hbcd.optimize_inputs(model, "max", constraints=limits)
    low, high = model.feature_range_[:, 2:]
    sides = np.random.default_rng(0).random((2000, 2))
    at_limits = np.column_stack([np.full((2000, 2), [12.0, 37.6]), low + sides * (high - low)])
    assert best.value >= model.predict(at_limits).max()


def test_a_range_of_outputs_hides_no_way():
    x = np.random.default_rng(0).uniform(-3, 3, (300, 1))
    model = hbcd.HybridRegressor((6,), random_state=0, max_iter=300, output_range=(-9.0, 0.5))
    model.fit(x, 1.5 - x[:, 0] ** 2)
    best = hbcd.optimize_inputs(model, "max")
    assert abs(best.x[0, 0]) < 0.2
    assert best.prediction[0] == 0.5
    assert best.value > 1.3


BAD = {
    "objective={.*must be 'max', 'min'": {"objective": "most"},
    "objective={}: must have an output": {"objective": {}},
    "objective: has no output 'z', the outputs are 'y'": {"objective": {"z": "max"}},
    "objective={.*: must be 'max'": {"objective": {"y": None}},
    "objective: returned 3": {"objective": lambda p: 3},
    "objective: returned nan": {"objective": lambda p: (np.nan, [0.0])},
    "box: must be one box": {"box": np.zeros((2, 3, 2))},
    "box.*must be a pair": {"box": {"a": (3, 1)}},
    "constraints.0.: has 'd', must have": {"constraints": [({"d": 1}, 0, 1)]},
    "constraints.0.: has no output 'd'": {"constraints": [("d", 0, 1)]},
    "constraints.0.=.*: must be .columns": {"constraints": ["y"]},
    "constraints.1.: has the limits 2 and 1": {"constraints": [("y", 0, 1), ("y", 2, 1)]},
    "constraints.0.: has the limits -inf and inf": {"constraints": [("y", None, None)]},
    "constraints.0.: has coefficients of shape": {"constraints": [([1.0, 2.0], 0, 1)]},
    "constraints.0.: must have a coefficient": {"constraints": [({"a": 0}, 0, 1)]},
    "n_starts=0": {"n_starts": 0},
    "confidence_level": {"confidence_level": 1.0},
}


@pytest.mark.parametrize("text", BAD)
def test_bad_input_is_told_in_one_line(text):
    with pytest.raises(ValueError, match=text) as caught:
        hbcd.optimize_inputs(LINE, **BAD[text])
    assert "\n" not in str(caught.value)


def test_what_is_no_fitted_model_is_refused():
    with pytest.raises(hbcd.NotFittedError):
        hbcd.optimize_inputs(hbcd.HybridRegressor())
    with pytest.raises(TypeError, match="model=list: must be"):
        hbcd.optimize_inputs([1])
    two = made([([], {0: 1.0}), ([], {1: 1.0})])
    for wrong in ("max", {0: "max", 1: 3.0}):
        with pytest.raises(ValueError, match="objective="):
            hbcd.optimize_inputs(two, wrong)


def branin(x):
    """Of the unit square; its least value is 0.397887 (Dixon and Szego 1978)."""
    a, b = 15 * x[:, 0] - 5, 15 * x[:, 1]
    bowl = b - 5.1 / (4 * np.pi**2) * a**2 + 5 / np.pi * a - 6
    return bowl**2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(a) + 10


def hartmann(x):
    """Of the unit cube; its least value is -3.86278 (Dixon and Szego 1978)."""
    steep = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
    center = 1e-4 * np.array(
        [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]
    )
    apart = (steep * (x[:, np.newaxis] - center) ** 2).sum(axis=2)
    return -(np.array([1, 1.2, 3, 3.2]) * np.exp(-apart)).sum(axis=1)


@pytest.mark.parametrize(
    ("function", "n", "least"), [(branin, 2, 0.397887), (hartmann, 3, -3.86278)]
)
def test_published_functions_are_minimized_through_a_model_of_them(function, n, least):
    x = np.random.default_rng(0).random((1500, n))
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(x, function(x))
    best = hbcd.optimize_inputs(model, "min")
    assert function(best.x)[0] == pytest.approx(least, abs=0.01)
    assert best.value <= model.predict(np.random.default_rng(1).random((20_000, n))).min()
