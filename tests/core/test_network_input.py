"""Bad input: an error that names the argument and the rule, and nothing is changed.

Beside it the input that looks odd and must work: one row, constant columns, extreme scales.
"""

import numpy as np
import pytest

import hbcd

ROWS, INPUTS, OUTPUTS = 30, 3, 2
rng = np.random.default_rng(0)
X = rng.normal(size=(ROWS, INPUTS))
Y = rng.normal(size=(ROWS, OUTPUTS))
W = rng.uniform(0.5, 2.0, ROWS)
NET = hbcd.Network([hbcd.InputLayer(INPUTS), hbcd.HiddenLayer(4), hbcd.OutputLayer(OUTPUTS)])
THETA = NET.init(0)
SHORT = hbcd.FullBatch(max_iterations=3)


def train(theta=THETA, x=X, y=Y, weight=None, **options):
    return NET.train(theta, x, y, weight, **{"strategy": SHORT, **options})


def with_value(array, value, at=(7, 1)):
    changed = np.array(array, dtype=np.result_type(array, type(value)))
    changed[at[: changed.ndim]] = value
    return changed


@pytest.fixture(autouse=True)
def _nothing_is_changed():
    """Whatever a test does, the network and the data it used give the same answer afterwards."""
    arrays = (X, Y, W, THETA)
    before = [array.copy() for array in arrays]
    f, gradient = NET.loss_and_gradient(THETA, X, Y, W)
    yield
    assert all(np.array_equal(a, b) for a, b in zip(arrays, before, strict=True))
    f_after, gradient_after = NET.loss_and_gradient(THETA, X, Y, W)
    assert f_after == f
    assert np.array_equal(gradient_after, gradient)


def calls(argument):
    """Every public call that takes this argument, as a function of it."""
    return {
        "X": {
            "predict": lambda x: NET.predict(THETA, x),
            "loss_and_gradient": lambda x: NET.loss_and_gradient(THETA, x, Y),
            "bind": lambda x: NET.bind(x, Y),
            "sensitivities": lambda x: NET.sensitivities(THETA, x, Y),
            "train": lambda x: train(x=x),
        },
        "y": {
            "loss_and_gradient": lambda y: NET.loss_and_gradient(THETA, X, y),
            "bind": lambda y: NET.bind(X, y),
            "sensitivities": lambda y: NET.sensitivities(THETA, X, y),
            "train": lambda y: train(y=y),
        },
        "sample_weight": {
            "loss_and_gradient": lambda w: NET.loss_and_gradient(THETA, X, Y, w),
            "bind": lambda w: NET.bind(X, Y, w),
            "sensitivities": lambda w: NET.sensitivities(THETA, X, Y, sample_weight=w),
            "train": lambda w: train(weight=w),
        },
        "theta": {
            "predict": lambda theta: NET.predict(theta, X),
            "loss_and_gradient": lambda theta: NET.loss_and_gradient(theta, X, Y),
            "sensitivities": lambda theta: NET.sensitivities(theta, X, Y),
            "parameters": NET.parameters,
            "train": lambda theta: train(theta),
        },
    }[argument]


def refused(argument, value, message, kind=ValueError):
    """Every call that takes the argument refuses the value with `argument...: message`."""
    for name, call in calls(argument).items():
        with pytest.raises(kind) as caught:
            call(value)
        text = str(caught.value)
        assert text.startswith(argument), f"{name}: {text}"
        assert message in text, f"{name}: {text}"
        assert "\n" not in text.strip() or "inhomogeneous" in text


# ---- tables --------------------------------------------------------------------------------------

NOT_NUMBERS = {
    "text": (lambda shape: np.full(shape, "a"), "must hold numbers only"),
    "digits": (lambda shape: np.full(shape, "1.5"), "must hold numbers only"),
    "bytes": (lambda shape: np.full(shape, b"1"), "must hold numbers only"),
    "dates": (lambda shape: np.zeros(shape, "M8[s]"), "must hold numbers only"),
    "spans": (lambda shape: np.zeros(shape, "m8[s]"), "must hold numbers only"),
    "complex": (lambda shape: np.ones(shape, complex), "must be real numbers"),
    "objects": (lambda shape: np.full(shape, {}), "must hold numbers only"),
    "words": (lambda shape: np.full(shape, "a", dtype=object), "must hold numbers only"),
    "records": (lambda shape: np.zeros(shape, [("a", float)]), "must hold numbers only"),
}


@pytest.mark.parametrize("what", NOT_NUMBERS)
@pytest.mark.parametrize(
    ("argument", "shape"),
    [
        ("X", (ROWS, INPUTS)),
        ("y", (ROWS, OUTPUTS)),
        ("sample_weight", (ROWS,)),
        ("theta", THETA.shape),
    ],
)
def test_what_is_not_a_number_is_refused(argument, shape, what):
    make, message = NOT_NUMBERS[what]
    kind = TypeError if what == "objects" else ValueError  # as float() itself has it
    refused(argument, make(shape), message, kind)


@pytest.mark.parametrize("argument", ["X", "y", "sample_weight", "theta"])
def test_a_ragged_list_is_refused(argument):
    refused(argument, [[1.0, 2.0, 3.0], [1.0]], "must be a table of numbers")


@pytest.mark.parametrize(
    ("value", "message"),
    [(np.nan, "missing (NaN)"), (np.inf, "infinite"), (-np.inf, "infinite")],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, object])
def test_missing_and_infinite_values_are_refused_naming_row_and_column(value, message, dtype):
    refused("X", with_value(X, value).astype(dtype), f"row 7, column 1 is {message}")
    refused("y", with_value(Y, value).astype(dtype), f"row 7, column 1 is {message}")
    refused("sample_weight", with_value(W, value).astype(dtype), f"row 7 is {message}")
    refused("theta", with_value(THETA, value).astype(dtype), "must be finite")


def test_none_in_a_table_is_a_missing_value():
    table = X.astype(object)
    table[3, 2] = None
    refused("X", table, "row 3, column 2 is missing")


def test_infinities_of_both_signs_are_refused_without_a_warning():
    both = with_value(with_value(X, np.inf), -np.inf, (9, 0))
    refused("X", both, "row 7, column 1 is infinite")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (X[:, :2], "has 2 columns, must have 3"),
        (np.hstack([X, X]), "has 6 columns, must have 3"),
        (X[0], "must have 2 axes"),
        (X[np.newaxis], "must have 2 axes"),
        (1.0, "must have 2 axes"),
        (None, "must have 2 axes"),
        (X[:0], "has 0 rows, must have at least 1"),
        (X[:, :0], "has 0 columns, must have at least 1"),
        ([], "must have 2 axes"),
        ([[]], "has 0 columns, must have at least 1"),
    ],
    ids=repr,
)
def test_x_of_a_wrong_shape_is_refused(value, message):
    refused("X", value, message)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Y[:, :1], "has 1 columns, must have 2"),
        (Y[:, 0], "must have 2 axes"),
        (Y[:-1], "has 29 rows, must have 30"),
        (np.vstack([Y, Y]), "has 60 rows, must have 30"),
        (Y.T, "has 30 columns, must have 2"),
        (Y[..., np.newaxis], "must have 2 axes"),
        (Y[:0], "has 0 rows, must have at least 1"),
        (0.0, "must have 2 axes"),
        (None, "must have 2 axes"),
    ],
    ids=repr,
)
def test_y_of_a_wrong_shape_is_refused(value, message):
    refused("y", value, message)


@pytest.mark.parametrize(
    "value",
    [W[:-1], W[:0], W[:, np.newaxis], np.float64(1.0), np.hstack([W, W])],
    ids=lambda value: str(value.shape),
)
def test_weights_of_a_wrong_shape_are_refused(value):
    refused("sample_weight", value, "must be (30,)")


@pytest.mark.parametrize("value", [-1.0, -1e-300])
def test_a_negative_weight_is_refused(value):
    refused("sample_weight", with_value(W, value), "must be at least 0")


def test_weights_that_are_all_zero_are_refused():
    refused("sample_weight", np.zeros(ROWS), "at least one must be positive")


@pytest.mark.parametrize(
    "value",
    [THETA[:-1], THETA[:0], THETA[np.newaxis], np.hstack([THETA, THETA]), np.float64(0.0)],
    ids=lambda value: str(value.shape),
)
def test_theta_of_a_wrong_shape_is_refused(value):
    refused("theta", value, f"must be ({THETA.size},)")


def test_theta_none_is_refused():
    refused("theta", None, f"must be ({THETA.size},)")


# ---- options ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (0, ValueError, "n_threads=0: must be at least 1"),
        (-3, ValueError, "n_threads=-3: must be at least 1"),
        (1.5, TypeError, "n_threads=1.5: must be an integer"),
        ("2", TypeError, "n_threads='2': must be an integer"),
        (True, TypeError, "n_threads=True: must be an integer"),
    ],
)
def test_a_bad_number_of_threads_is_refused(value, kind, message):
    for call in (
        lambda: NET.loss_and_gradient(THETA, X, Y, n_threads=value),
        lambda: NET.predict(THETA, X, n_threads=value),
        lambda: NET.bind(X, Y, n_threads=value),
        lambda: train(n_threads=value),
    ):
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize("threads", [100, 10**6, 2**40])
def test_any_positive_number_of_threads_works(threads):
    f, _ = NET.loss_and_gradient(THETA, X, Y)
    assert NET.loss_and_gradient(THETA, X, Y, n_threads=threads)[0] == f
    assert train(n_threads=threads).loss == train().loss


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (-1, ValueError, "rng=-1: must be between 0"),
        (2**63, ValueError, f"rng={2**63}: must be between 0"),
        (1.5, TypeError, "rng=1.5: must be an integer, a generator or None"),
        ("7", TypeError, "rng='7': must be an integer, a generator or None"),
        (True, TypeError, "rng=True: must be an integer, a generator or None"),
        ([1, 2], TypeError, "rng=[1, 2]: must be an integer, a generator or None"),
    ],
)
def test_a_bad_seed_is_refused(value, kind, message):
    for call in (lambda: train(rng=value), lambda: NET.init(value)):
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "seed",
    [0, np.int64(3), 2**63 - 1, None, np.random.SeedSequence(1), np.random.PCG64(1)],
    ids=lambda seed: type(seed).__name__,
)
def test_any_kind_of_seed_is_taken(seed):
    assert NET.init(seed).shape == THETA.shape
    assert np.isfinite(train(rng=seed).loss)


def test_a_random_state_is_a_seed():
    legacy = [np.random.RandomState(5) for _ in range(2)]
    assert np.array_equal(NET.init(legacy[0]), NET.init(legacy[1]))


@pytest.mark.parametrize(
    ("held_out", "message"),
    [
        (5, "eval_set: must be a pair (X, y)"),
        ((X,), "eval_set: must be a pair (X, y)"),
        ((X, Y, W, W), "eval_set: must be a pair (X, y)"),
        ((X[:, :2], Y), "eval_set: X: has 2 columns, must have 3"),
        ((X[0], Y), "eval_set: X: must have 2 axes"),
        ((X[:0], Y[:0]), "eval_set: X: has 0 rows"),
        ((X, Y[:5]), "eval_set: y: has 5 rows, must have 30"),
        ((X, Y[:, :1]), "eval_set: y: has 1 columns, must have 2"),
        ((with_value(X, np.nan), Y), "eval_set: X: row 7, column 1 is missing"),
        ((X, with_value(Y, np.inf)), "eval_set: y: row 7, column 1 is infinite"),
        ("ab", "eval_set: X: must hold numbers only"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_eval_set_is_refused(held_out, message):
    with pytest.raises(ValueError, match=r"eval_set") as caught:
        train(eval_set=held_out)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("strategy", hbcd.FullBatch, "must be an hbcd.TrainingStrategy"),
        ("strategy", "fast", "must be an hbcd.TrainingStrategy"),
        ("strategy", hbcd.LBFGS(), "must be an hbcd.TrainingStrategy"),
        ("stop", 5, "must be an hbcd.Stop"),
        ("stop", hbcd.Stop, "must be an hbcd.Stop"),
        ("progress", 5, "must be callable"),
    ],
)
def test_an_option_of_the_wrong_kind_is_refused(option, value, message):
    with pytest.raises(TypeError) as caught:
        train(**{option: value})
    assert str(caught.value).startswith(f"{option}=")
    assert message in str(caught.value)


def test_a_measure_of_the_wrong_kind_is_refused():
    for measure in ("projected_gradient", hbcd.GradientNorm, 3):
        with pytest.raises(TypeError, match=r"^measure=.*must be an hbcd\.Sensitivity"):
            NET.sensitivities(THETA, X, Y, measure)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((1.0, -1.0), "lo=1 > hi=-1"),
        ((np.zeros(3), None), "must be a number or"),
        ((np.nan, None), "must be"),
        ((0.0, "a"), "must hold numbers only"),
        ((0.0, 1.0, 2.0), "must be a half-width or a pair"),
        (-1.0, "must be greater than 0"),
        (np.inf, "must be finite"),
    ],
)
def test_a_bad_box_is_refused(box, message):
    for call in (
        lambda: NET.sensitivities(THETA, X, Y, box=box),
        lambda: train(strategy=hbcd.FullBatch(box=box)),
    ):
        with pytest.raises(ValueError, match=r"^box") as caught:
            call()
        assert message in str(caught.value)


@pytest.mark.parametrize("dtype", [int, np.float16, np.longdouble, complex])
def test_parameters_of_another_precision_are_refused(dtype):
    with pytest.raises(TypeError, match=r"^dtype=.*must be float32 or float64"):
        NET.init(0, dtype)
    with pytest.raises(TypeError, match=r"^dtype=.*must be float32 or float64"):
        NET.bind(X, Y, dtype=dtype)
