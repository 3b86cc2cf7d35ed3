"""Laws of the built-in plant and of the two published tables."""

import ast
import dataclasses
import inspect
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hbcd.datasets import plant as _plant
from hbcd.datasets.loaders import fetch_ccpp, fetch_siec, make_plant

HOME = Path(os.environ.get("HBCD_DATA") or Path(__file__).parents[3] / "shared" / "data")


def published(fetch, **options):
    """Call a fetch function on the published files, which the repository does not carry."""
    name = "Folds5x2_pp.xlsx" if fetch is fetch_ccpp else "Steel_industry_data.csv"
    if not (HOME / name).is_file():
        pytest.skip(f"{name} is not in HBCD_DATA ({HOME})")
    return fetch(HOME, download_if_missing=False, **options)


def r2_of_least_squares(x, y):
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    design = np.column_stack([np.ones(len(x)), scaled])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return 1.0 - np.mean(residual**2) / np.var(y)


def test_plant_has_the_ranges_of_the_published_table_and_nonzero_width():
    x, y = make_plant(return_X_y=True)
    assert x.shape == (9568, 4)
    assert y.shape == (9568,)
    low, high = np.array(list(_plant.LIMITS.values())).T
    assert (x >= low).all()
    assert (x <= high).all()
    # Means and deviations of the published table, within a fifth of its deviations.
    mean, deviation = [19.65, 54.31, 1013.26, 73.31], np.array([7.45, 12.71, 5.94, 14.60])
    np.testing.assert_allclose((x.mean(axis=0) - mean) / deviation, 0.0, atol=0.2)
    np.testing.assert_allclose(x.std(axis=0) / deviation, 1.0, atol=0.2)
    assert abs(y.mean() - 454.4) < 3.0
    assert abs(y.std() - 17.07) < 1.0
    assert 410.0 < y.min() < y.max() < 500.0


def test_plant_correlates_as_the_published_table_does():
    frame = make_plant(as_frame=True).frame
    expected = pd.DataFrame(
        {
            "AT": [1.0, 0.844, -0.508, -0.543, -0.948],
            "V": [0.844, 1.0, -0.414, -0.312, -0.870],
            "AP": [-0.508, -0.414, 1.0, 0.100, 0.518],
            "RH": [-0.543, -0.312, 0.100, 1.0, 0.390],
            "PE": [-0.948, -0.870, 0.518, 0.390, 1.0],
        },
        index=["AT", "V", "AP", "RH", "PE"],
    )
    # Near, not equal: the plant is a simulation, and not fitted to the rows.
    np.testing.assert_allclose(frame.corr(), expected, atol=0.12)
    np.testing.assert_allclose(frame.corr().loc["PE", ["AT", "V"]], [-0.948, -0.870], atol=0.02)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_plant_leaves_a_wide_gap_between_a_line_and_the_best_possible(seed):
    plant = make_plant(rng=seed)
    # Sampling error of R2 over 9568 rows is about 0.001.
    assert abs(r2_of_least_squares(plant.data, plant.target) - 0.931) < 0.004
    assert abs(plant.best_r2 - 0.977) < 0.002


def test_best_r2_is_that_of_the_function_without_noise():
    plant = make_plant()
    noise = plant.target - _plant.net_power(plant.data)
    assert plant.best_r2 == 1.0 - 2.6**2 / plant.target.var()
    # The variance of n Gaussian numbers has a relative deviation of sqrt(2 / n) = 1.4 %.
    assert abs(noise.std() / 2.6 - 1.0) < 0.03
    assert abs(1.0 - np.mean(noise**2) / plant.target.var() - plant.best_r2) < 0.001
    assert abs(np.corrcoef(noise, _plant.net_power(plant.data))[0, 1]) < 0.04


# lbfgs says that it stops at the limit of its iterations, which is all that is asked of it.
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_plant_can_be_learned_by_a_small_network():
    network = pytest.importorskip("sklearn.neural_network")
    x, y = make_plant(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = (y - y.mean()) / y.std()
    model = network.MLPRegressor(activation="tanh", solver="lbfgs", max_iter=300, random_state=0)
    model.set_params(hidden_layer_sizes=(10, 10, 10)).fit(x[:7654], y[:7654])
    gain = model.score(x[7654:], y[7654:]) - r2_of_least_squares(x[7654:], y[7654:])
    assert gain > 0.03


def test_plant_is_smooth_and_falls_with_heat():
    at = np.linspace(2.0, 37.0, 3501)
    x = np.column_stack([at, np.full((3501, 3), [54.0, 1013.0, 73.0])])
    power = _plant.net_power(x)
    assert power[0] - power[-1] > 30.0
    # No jump: at 0.01 K per step, even the fogging coming in stays below 10 MW/K.
    assert np.abs(np.diff(power)).max() < 0.1


def test_relations_of_the_plant_agree_with_steam_and_psychrometric_tables():
    t = np.array([0.0, 20.0, 40.0])
    np.testing.assert_allclose(_plant.saturation_pressure(t), [6.11, 23.39, 73.85], rtol=5e-3)
    inverse = _plant.saturation_temperature(_plant.saturation_pressure(t))
    np.testing.assert_allclose(inverse, t, atol=1e-12)
    # Stull (2011): 20 degC and 50 % give 13.7 degC; saturated air is at its wet bulb within 0.3 K.
    wet = _plant.wet_bulb(np.array([20.0, 20.0]), np.array([50.0, 99.0]))
    np.testing.assert_allclose(wet, [13.7, 19.9], atol=0.1)


def test_a_better_vacuum_or_denser_air_never_costs_power():
    x = make_plant(500).data
    power = _plant.net_power(x)
    assert (_plant.net_power(x - [0.0, 1.0, 0.0, 0.0]) > power).all()
    assert (_plant.net_power(x - [0.0, 0.0, -1.0, 0.0]) > power).all()


def test_a_vacuum_beyond_choking_gains_less_per_degree():
    celsius = np.array([30.0, 31.0, 44.0, 45.0])  # vacuums of about 32, 34, 68 and 72
    v = _plant.MM_HG_PER_HPA * _plant.saturation_pressure(celsius)
    power = _plant.steam_turbine_power(v, np.ones(4))
    assert 0.0 < power[0] - power[1] < 0.9 * (power[2] - power[3])


def test_seed_none_is_seed_zero_and_seeds_differ():
    first = make_plant(50)
    for rng in (0, np.int64(0), np.random.SeedSequence(0), np.random.default_rng(0)):
        again = make_plant(50, rng)
        assert np.array_equal(again.data, first.data)
        assert np.array_equal(again.target, first.target)
    assert not np.array_equal(make_plant(50, 1).data, first.data)


def test_a_generator_moves_on_and_the_global_one_stays():
    rng = np.random.default_rng(3)
    assert not np.array_equal(make_plant(5, rng).data, make_plant(5, rng).data)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_plant(5)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_noise_changes_the_power_only_and_none_means_that_all_can_be_learned():
    quiet, loud = make_plant(200, noise=0.0), make_plant(200, noise=5.0)
    assert np.array_equal(quiet.data, loud.data)
    assert np.array_equal(quiet.target, _plant.net_power(quiet.data))
    assert quiet.best_r2 == 1.0
    assert loud.best_r2 < 0.95


def test_one_row_is_a_table_with_no_known_best():
    plant = make_plant(1)
    assert plant.data.shape == (1, 4)
    assert plant.best_r2 is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n=0: must be an integer of at least 1"),
        ({"n": 2.5}, "n=2.5: must"),
        ({"n": True}, "n=True: must"),
        ({"noise": -1.0}, "noise=-1.0: must be finite and at least 0"),
        ({"noise": np.nan}, "noise=nan: must"),
        ({"noise": np.inf}, "noise=inf: must"),
        ({"noise": "1"}, "noise='1': must"),
        ({"rng": -1}, "rng=-1: must be None, an integer of at least 0"),
        ({"rng": "a"}, "rng='a': must"),
        ({"rng": True}, "rng=True: must"),
    ],
)
def test_arguments_that_make_no_plant_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_plant(**options)


def test_plant_says_that_it_is_no_published_data():
    plant = make_plant(3, noise=1.5)
    assert "Simulated" in plant.DESCR
    assert "NOT the UCI data" in plant.DESCR
    assert "1.5 MW" in plant.DESCR
    assert "DOI" not in plant.DESCR
    assert (plant.target_name, plant.target_unit) == ("PE", "MW")


def test_a_dataset_reads_as_a_mapping_and_cannot_be_changed():
    plant = make_plant(3)
    assert plant["data"] is plant.data
    assert dict(plant)["target_unit"] == "MW"
    with pytest.raises(KeyError):
        plant["keys"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        plant.data = None


def test_frames_hold_the_same_numbers_as_arrays():
    arrays, frames = make_plant(20), make_plant(20, as_frame=True)
    assert arrays.frame is None
    assert list(frames.data) == list(arrays.feature_names) == ["AT", "V", "AP", "RH"]
    assert frames.target.name == "PE"
    assert np.array_equal(frames.data.to_numpy(), arrays.data)
    assert np.array_equal(frames.frame["PE"], arrays.target)
    assert arrays.data.flags.c_contiguous
    x, y = make_plant(20, return_X_y=True, as_frame=True)
    assert x.equals(frames.data)
    assert y.equals(frames.target)


def test_both_fetch_functions_take_the_same_arguments():
    assert inspect.signature(fetch_ccpp) == inspect.signature(fetch_siec)


def test_ccpp_is_the_first_sheet_with_its_known_facts():
    ccpp = published(fetch_ccpp)
    assert ccpp.data.shape == (9568, 4)
    assert ccpp.data[0].tolist() == [14.96, 41.76, 1024.07, 73.17]
    assert ccpp.target[0] == 463.26
    assert abs(r2_of_least_squares(ccpp.data, ccpp.target) - 0.9287) < 5e-5
    rows = np.column_stack([ccpp.data, ccpp.target])
    assert len(rows) - len(np.unique(rows, axis=0)) == 41
    assert ccpp.best_r2 is None
    assert ccpp.license == "CC BY 4.0"
    for text in ("10.24432/C5002N", "41 rows", "CC BY 4.0", "0.93", ccpp.citation):
        assert text in ccpp.DESCR


def test_siec_gives_the_fifteen_inputs_of_the_article():
    siec = published(fetch_siec)
    assert siec.data.shape == (35040, 15)
    assert siec.feature_names[5:9] == (
        "NSM",
        "WeekStatus_Weekend",
        "Day_of_week_Monday",
        "Day_of_week_Saturday",
    )
    assert siec.feature_names[-2:] == ("Load_Type_Maximum_Load", "Load_Type_Medium_Load")
    assert siec.data[0].tolist() == [2.95, 0, 0, 73.21, 100, 900, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert (siec.target[0], siec.target_unit) == (3.17, "kWh")
    assert set(np.unique(siec.data[:, 6:])) == {0.0, 1.0}
    assert abs(r2_of_least_squares(siec.data, siec.target) - 0.9804) < 5e-5
    for text in ("10.24432/C52G8C", "CC BY 4.0", "sqrt(1 - pf**2)", siec.citation):
        assert text in siec.DESCR


def test_siec_is_the_power_triangle_almost_everywhere():
    siec = published(fetch_siec, as_frame=True)
    q, pf = siec.data.iloc[:, 0], siec.data["Lagging_Current_Power_Factor"] / 100.0
    known = (q > 0.0) & (pf < 1.0)
    assert abs(known.mean() - 0.787) < 5e-4
    usage, q, pf = siec.target[known], q[known], pf[known]
    assert 1.0 - np.mean((q * pf / np.sqrt(1.0 - pf**2) - usage) ** 2) / np.var(usage) > 0.9998


def test_siec_frames_are_indexed_by_time_with_midnight_at_the_end_of_its_day():
    siec = published(fetch_siec, as_frame=True)
    assert siec.frame.index[0] == pd.Timestamp(2018, 1, 1, 0, 15)
    assert siec.frame.index[95] == pd.Timestamp(2018, 1, 1)
    assert siec.frame.index.is_unique
    assert siec.frame.shape == (35040, 16)
    x, y = published(fetch_siec, return_X_y=True)
    assert np.array_equal(siec.frame.to_numpy(), np.column_stack([x, y]))


MODULES = [f"datasets/{name}" for name in ("loaders", "dataset", "download", "published")]
MODULES += [f"tables/{name}" for name in ("encoder", "files", "columns")]


@pytest.mark.parametrize("module", MODULES)
def test_importing_the_modules_brings_nothing_heavy(module):
    tree = ast.parse(
        (Path(_plant.__file__).parents[1] / f"{module}.py").read_text(encoding="utf-8")
    )
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module)
    ours = {"numpy", "numpy.typing", "pandas"}
    slow = {"urllib", "http", "xml", "zipfile", "ssl"}
    allowed = {"hbcd", *sys.stdlib_module_names}
    assert not [n for n in names - ours if n.split(".")[0] not in allowed]
    assert not slow & {name.split(".")[0] for name in names}
