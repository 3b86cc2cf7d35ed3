"""An FMU called in every wrong way: it says so, sets nothing, and goes on after a reset."""

import ctypes
import math
import struct

import numpy as np
import pytest

import hbcd
from support.compiled_exports import CC
from support.exportable import classifier, model_of, regressor
from support.fmus import Calls, compiled_sources

pytestmark = pytest.mark.skipif(CC is None, reason="there is no C compiler")
OK, DISCARD, ERROR = 0, 2, 3
VERSIONS = ("2.0", "3.0")
MODELS = {"numbers": regressor, "gaps": lambda: model_of("gaps"), "classes": classifier,
          "overflow": lambda: regressor("identity", 0)}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Libraries by model and version, each compiled once."""
    known = {}

    def library(name, version):
        key = name, version
        if key not in known:
            folder = tmp_path_factory.mktemp("fmu")
            hbcd.to_fmi(MODELS[name](), folder / "m.fmu", version=version, jacobian=name != "gaps",
                        binary=False)  # fmt: skip
            known[key] = compiled_sources(folder / "m.fmu", folder / "c")
        return known[key]

    return library


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_not_allowed_now_is_an_error_and_a_reset_helps(version, built):
    fmu = Calls(*built("numbers", version))
    assert fmu.step(0.0, 0.5) == OK
    for name in ("EnterContinuousTimeMode", "EnterEventMode", "ExitInitializationMode"):
        fmu.start_again()
        assert fmu.status(name) == ERROR
        assert fmu.set_number(1, 1000.0) == ERROR  # the simulation has ended
        assert fmu.step(0.0, 0.5) == ERROR
        assert fmu.get_number(1)[0] == OK
    fmu.start_again()
    assert fmu.status("Terminate") == OK
    assert fmu.status("Terminate") == ERROR
    assert fmu.function("Reset")(None) == ERROR
    assert fmu.function("Terminate")(None) == ERROR
    fmu.start_again()
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_inputs_start_where_the_description_says_and_go_back_there(version, built):
    fmu = Calls(*built("gaps", version))
    model = model_of("gaps")
    low, high = model.feature_range_[:, 0]
    first = [fmu.get_number(k)[1] for k in (1, 2, 3, 6)], fmu.get_level(4)[1]
    assert first[0][0] == 0.5 * low + 0.5 * high
    assert first[1] == 1
    assert [fmu.set_number(k, 0.25 * k) for k in (1, 2, 3)] == [OK] * 3
    assert fmu.set_level(4, 3) == OK
    fmu.start_again()
    assert ([fmu.get_number(k)[1] for k in (1, 2, 3, 6)], fmu.get_level(4)[1]) == first
    fmu.close()


def test_arrays_of_other_lengths_are_an_error(built):
    fmu = Calls(*built("numbers", "3.0"))
    one, two = ctypes.c_size_t(1), ctypes.c_size_t(2)
    known, unknown = (ctypes.c_uint * 2)(1, 2), (ctypes.c_uint * 2)(4, 4)
    values, found = (ctypes.c_double * 2)(), (ctypes.c_double * 2)()
    for name in ("SetFloat64", "GetFloat64", "SetInt64", "GetInt64", "SetInt8", "GetString"):
        fmu.start_again()
        assert fmu.status(name, known, one, values, two) == ERROR
        fmu.start_again()
        assert fmu.status(name, None, one, None, one) == ERROR
        fmu.start_again()
        assert fmu.status(name, None, ctypes.c_size_t(0), None, ctypes.c_size_t(0)) == OK
    for n_seed, n_found in ((two, one), (one, two)):
        for name in ("GetDirectionalDerivative", "GetAdjointDerivative"):
            fmu.start_again()
            given = (unknown, one, known, one, values, n_seed, found, n_found)
            assert fmu.status(name, *given) == ERROR
    fmu.start_again()
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_step_has_a_length_and_ends_before_the_stop(version, built):
    fmu = Calls(*built("numbers", version))
    for size in (0.0, -1.0, math.nan, math.inf):
        fmu.start_again()
        assert fmu.step(0.0, size) == ERROR
    fmu.start_again(stop=1.0)
    time = 0.0
    for _ in range(10):
        assert fmu.step(time, 0.1) == OK
        time += 0.1
    assert fmu.get_number(0) == (OK, pytest.approx(1.0))
    assert fmu.step(time, 0.1) == ERROR
    fmu.start_again()
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_reference_of_no_variable_is_an_error(version, built):
    fmu = Calls(*built("classes", version))
    for reference in (0, 4, 7, 8, 2**32 - 1):
        fmu.start_again()
        assert fmu.set_number(reference, 1.0) == ERROR
    for call in (fmu.set_level, lambda reference, _: fmu.get_level(reference)[0]):
        for reference in (0, 1, 6, 8):
            fmu.start_again()
            assert call(reference, 1) == ERROR
    fmu.start_again()
    assert fmu.get_number(7)[0] == ERROR  # the class is no number
    fmu.start_again()
    assert [fmu.get_number(k)[0] for k in range(7)] == [OK] * 7
    assert fmu.get_level(7)[0] == OK
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_value_that_cannot_be_held_is_discarded_and_nothing_is_set(version, built):
    fmu = Calls(*built("gaps", version))
    fmu.start_again()
    before = [fmu.get_number(k)[1] for k in (1, 2, 3)]
    level = fmu.get_level(4)[1]
    for value in (math.inf, -math.inf, math.nan):
        assert fmu.set_number(1, value) == DISCARD
        array = (ctypes.c_double * 2)(1.0, value)
        name = "SetFloat64" if fmu.version == 3 else "SetReal"
        assert fmu.status(name, *fmu._arrays([2, 1], array)) == DISCARD
    for value in (0, -1, 5, 2**31 - 1):
        assert fmu.set_level(4, value) == DISCARD
    assert [fmu.get_number(k)[1] for k in (1, 2, 3)] == before
    assert fmu.get_level(4) == (OK, level)
    assert fmu.set_number(3, math.nan) == OK  # a gap that the model knows
    assert fmu.set_level(4, 4) == OK
    assert fmu.get_level(4) == (OK, 4)
    assert math.isnan(fmu.get_number(3)[1])
    assert math.isfinite(fmu.get_number(6)[1])
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_prediction_that_is_not_finite_is_discarded(version, built):
    fmu = Calls(*built("overflow", version))
    fmu.start_again()
    assert fmu.set_number(2, 1e308) == OK
    assert fmu.get_number(4)[0] == DISCARD
    assert fmu.set_number(2, 0.02) == OK
    assert fmu.get_number(4)[0] == OK
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_saved_state_brings_back_inputs_and_time(version, built):
    fmu = Calls(*built("numbers", version))
    fmu.start_again()
    name = "FMUState" if version == "3.0" else "FMUstate"
    deserialize = "DeserializeFMUState" if version == "3.0" else "DeSerializeFMUstate"
    assert fmu.set_number(1, 1010.0) == OK
    assert fmu.step(0.0, 2.0) == OK
    kept = [fmu.get_number(k)[1] for k in range(5)]
    state, again, size = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_size_t()
    assert fmu.status(f"Get{name}", ctypes.byref(state)) == OK
    assert fmu.status(f"Serialized{name}Size", state, ctypes.byref(size)) == OK
    content = ctypes.create_string_buffer(size.value)
    assert fmu.status(f"Serialize{name}", state, content, size) == OK
    assert fmu.status(deserialize, content, size, ctypes.byref(again)) == OK
    for one in (state, again):
        fmu.start_again()
        assert [fmu.get_number(k)[1] for k in range(5)] != kept
        assert fmu.status(f"Set{name}", one) == OK
        assert [fmu.get_number(k)[1] for k in range(5)] == kept
        assert fmu.step(2.0, 1.0) == OK
        assert fmu.status(f"Get{name}", ctypes.byref(one)) == OK  # into the same memory
        assert fmu.status(f"Free{name}", ctypes.byref(one)) == OK
        assert not one
        assert fmu.status(f"Free{name}", ctypes.byref(one)) == OK
    infinite = content[: size.value - 8] + struct.pack("d", math.inf)  # the last input
    for wrong in (content[: size.value - 1], bytes(size.value), infinite):
        fmu.start_again()
        other = ctypes.c_void_p()
        given = ctypes.c_size_t(len(wrong))
        assert fmu.status(deserialize, wrong, given, ctypes.byref(other)) == ERROR
        assert not other
    fmu.start_again()
    fmu.close()


def test_slopes_along_a_direction_and_back_are_those_of_the_matrix(built):
    fmu = Calls(*built("classes", "3.0"))
    matrix = np.array([fmu.slopes([4, 5, 6], k) for k in (1, 2, 3)]).T
    unknowns, knowns = (ctypes.c_uint * 3)(6, 4, 5), (ctypes.c_uint * 3)(3, 0, 1)
    n = ctypes.c_size_t(3)
    seed, found = (ctypes.c_double * 3)(0.5, 9.0, -2.0), (ctypes.c_double * 3)()
    given = (unknowns, n, knowns, n, seed, n, found, n)
    assert fmu.status("GetDirectionalDerivative", *given) == OK
    wanted = matrix[[2, 0, 1]][:, [2, 0]] @ [0.5, -2.0]  # the time has no slope
    assert np.allclose(list(found), wanted, rtol=1e-12, atol=0)
    assert fmu.status("GetAdjointDerivative", *given) == OK
    wanted = np.array([0.5, 9.0, -2.0]) @ matrix[[2, 0, 1]]
    assert np.allclose(list(found), [wanted[2], 0.0, wanted[0]], rtol=1e-12, atol=0)
    knowns[0] = 4  # an output
    assert fmu.status("GetDirectionalDerivative", *given) == ERROR
    fmu.start_again()
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_slopes_that_are_not_there_are_an_error(version, built):
    fmu = Calls(*built("gaps", version))
    with pytest.raises(RuntimeError, match="GetDirectionalDerivative gives status 3"):
        fmu.slopes([6], 1)
    fmu.start_again()
    fmu.close()


@pytest.mark.parametrize("version", VERSIONS)
def test_another_token_or_no_name_makes_no_instance(version, built):
    library, number, token = built("numbers", version)
    with pytest.raises(RuntimeError, match="no instance is made"):
        Calls(library, number, token.upper() + "x")


def exchange(built, name, version):
    """An instance for Model Exchange, or None."""
    library, number, token = built(name, version)
    fmu = Calls(library, number, token)
    fmu.close()
    off, none = ctypes.c_bool(False), ctypes.c_void_p()
    if version == "3.0":
        make = fmu.function("InstantiateModelExchange", ctypes.c_void_p)
        made = make(b"m", token.encode(), none, off, off, none, none)
    else:
        make = fmu.function("Instantiate", ctypes.c_void_p)
        made = make(b"m", 0, token.encode(), none, none, 0, 0)
    fmu.instance = ctypes.c_void_p(made)
    return fmu if made else None


@pytest.mark.parametrize("version", VERSIONS)
def test_model_exchange_goes_through_its_modes(version, built):
    assert exchange(built, "classes", version) is None
    fmu = exchange(built, "gaps", version)
    third, flag = version == "3.0", ctypes.c_bool if version == "3.0" else ctypes.c_int
    assert fmu.step(0.0, 1.0) == ERROR
    fmu.start_again()
    flags = [flag(True) for _ in range(5)]
    if third:
        update = [ctypes.byref(one) for one in (*flags, ctypes.c_double())]
        assert fmu.status("UpdateDiscreteStates", *update) == OK
        assert not any(one.value for one in flags)
    else:
        info = ctypes.create_string_buffer(b"\xff" * 32)  # five int, padding, a double
        assert fmu.status("NewDiscreteStates", info) == OK
        assert info.raw[:20] + info.raw[24:32] == bytes(28)
    assert fmu.set_level(4, 2) == OK
    assert fmu.status("EnterContinuousTimeMode") == OK
    assert fmu.status("SetTime", ctypes.c_double(0.5)) == OK
    assert fmu.set_number(1, 1010.0) == OK
    assert [fmu.get_number(k)[1] for k in (0, 1)] == [0.5, 1010.0]
    states = ctypes.c_size_t(0)
    derivatives = "GetContinuousStateDerivatives" if third else "GetDerivatives"
    for name in (derivatives, "GetEventIndicators", "GetContinuousStates", "SetContinuousStates"):
        assert fmu.status(name, None, states) == OK
    ended = [ctypes.byref(flag(True)) for _ in range(2)]
    assert fmu.status("CompletedIntegratorStep", flag(True), *ended) == OK
    assert fmu.status("EnterEventMode") == OK
    assert fmu.status("EnterContinuousTimeMode") == OK
    assert fmu.set_level(4, 1) == ERROR  # a level changes in events
    fmu.start_again()
    fmu.close()


def test_messages_say_what_is_wrong_and_categories_choose_them(built):
    heard = []
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)
    listen = kind(lambda _, status, category, text: heard.append((status, category, text)))
    fmu = Calls(*built("gaps", "3.0"))
    make = fmu.function("InstantiateCoSimulation", ctypes.c_void_p)
    token = built("gaps", "3.0")[2].encode()
    off, none = ctypes.c_bool(False), ctypes.c_void_p()
    rest = (off, off, none, ctypes.c_size_t(0), none, listen, none)
    for name, key, events in ((b"", token, off), (b"m", b"no", off), (b"m", token, True)):
        events = ctypes.c_bool(events is True)
        assert not make(name, key, none, off, ctypes.c_bool(True), events, *rest[1:])
    assert {(status, category) for status, category, _ in heard} == {(3, b"logStatusError")}
    assert len(heard) == 3
    heard.clear()
    fmu.close()
    fmu.instance = ctypes.c_void_p(make(b"m", token, none, off, ctypes.c_bool(True), *rest))
    assert fmu.set_number(1, math.nan) == DISCARD
    assert heard == [(2, b"logStatusDiscard", b"fmi3SetFloat64: a value that is not finite or no "
                      b"level; nothing is set")]  # fmt: skip
    names = (ctypes.c_char_p * 1)(b"logStatusError")
    assert fmu.status("SetDebugLogging", ctypes.c_bool(True), ctypes.c_size_t(1), names) == OK
    assert fmu.set_number(1, math.nan) == DISCARD
    assert len(heard) == 1
    assert fmu.set_number(99, 1.0) == ERROR
    assert heard[-1][:2] == (3, b"logStatusError")
    fmu.function("FreeInstance", None)(fmu.instance)
