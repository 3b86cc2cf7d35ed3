"""Who may know whom in the C core, and what it may not do: rules read off the sources.

`make -C csrc check-symbols` holds the same promises of the compiled archive.
"""

import pytest

from support.sources import ROOT, c_files, included, mentions, without_comments

EVERYTHING = ("include/*", "src/*/*")


def test_openmp_is_in_lanes_alone():
    files = c_files(*EVERYTHING)
    files.pop("src/base/lanes.c", None)
    pattern = r"#\s*pragma\s+omp\b|\bomp\.h\b|\bomp_\w+|\b_OPENMP\b|_Pragma\s*\(\s*\"omp\b"
    assert mentions(files, pattern, strings=True) == []


CALLS = (
    "malloc|calloc|realloc|free|aligned_alloc|posix_memalign|alloca|strdup|"
    "printf|fprintf|sprintf|snprintf|vprintf|vfprintf|vsnprintf|puts|fputs|putchar|fwrite|perror|"
    "exit|abort|assert|rand|srand|random|drand48|getenv"
)


def test_the_core_neither_allocates_nor_prints_nor_ends_the_process():
    files = c_files(*EVERYTHING)
    assert mentions(files, rf"(?<![\w.>])(?:{CALLS})\s*\(") == []
    headers = r"#\s*include\s*<(?:stdio|stdlib|assert|signal|setjmp|locale|malloc|alloca)\.h>"
    assert mentions(files, headers) == []


def test_the_clock_is_read_in_stop_alone():
    files = c_files(*EVERYTHING)
    files.pop("src/base/stop.c", None)
    pattern = r"\b(?:clock_gettime|timespec_get|gettimeofday|QueryPerformance\w+)\b|<time\.h>"
    assert mentions(files, pattern) == []


def test_the_core_knows_no_python():
    assert mentions(c_files(*EVERYTHING), r"\bPython\.h\b|\bPy[A-Z_]\w*", strings=True) == []


# Folders of csrc/src from left to right: a folder may include those to its left and itself, never
# one beside it or to its right.
ORDER = ({"base"}, {"simd"}, {"linalg"}, {"optimizers", "network"}, {"training"}, {"binding"})
PLACE = {folder: place for place, folders in enumerate(ORDER) for folder in folders}


def rightward(files):
    """Includes that run to the right, or between folders beside each other."""
    return [
        f"{name} includes {other}"
        for name, code in files.items()
        for other in included(code)
        if (folder := other.partition("/")[0]) in PLACE
        and folder != (own := name.split("/")[1])
        and PLACE[folder] >= PLACE[own]
    ]


def test_every_folder_has_its_place():
    assert {name.split("/")[1] for name in c_files("src/*/*")} == set(PLACE)


def test_includes_run_to_the_left():
    assert rightward(c_files("src/*/*")) == []


@pytest.mark.parametrize(
    ("name", "other", "wrong"),
    [
        ("src/base/x.c", "linalg/vec.h", True),
        ("src/simd/x.c", "linalg/vec.h", True),
        ("src/optimizers/x.c", "network/net.h", True),
        ("src/network/x.c", "optimizers/optimizer.h", True),
        ("src/network/x.inl", "training/plan.h", True),
        ("src/training/x.c", "network/net.h", False),
        ("src/binding/x.c", "training/plan.h", False),
        ("src/linalg/x.c", "simd/kernels.h", False),
        ("src/linalg/x.c", "linalg/vec.h", False),
        ("src/linalg/x.c", "hbcd.h", False),
    ],
)
@pytest.mark.parametrize("how", ["include", "define HBCD_EACH"])
def test_an_include_that_runs_to_the_right_is_found(name, other, wrong, how):
    code = f'#include <math.h>\n#{how} "{other}"\n'
    assert rightward({name: code}) == ([f"{name} includes {other}"] if wrong else [])


def test_includes_of_another_folder_name_a_header():
    wrong = [
        f"{name} includes {other}"
        for name, code in c_files("src/*/*").items()
        for other in included(code)
        if "/" in other and other.split("/")[0] != name.split("/")[1] and not other.endswith(".h")
    ]
    assert wrong == []


def test_optimizers_know_an_objective_and_no_network():
    files = c_files("src/optimizers/*", "src/linalg/*", "src/base/*")
    about_nets = r"net|layer|bound|data|phase|plan|activation|loss|sensitivity"
    pattern = rf"\b(?:TY|FN)\((?:{about_nets})(?:_\w+)?\)|\bhbcd_(?:net|layer|table|activation)\w*"
    pattern += r"|\bFN\(objective_\w+\)"
    assert mentions(files, pattern) == []


def test_networks_know_no_optimizer():
    pattern = r"\b(?:TY|FN)\((?:optimizer|row|wolfe|opt|plan|phase)(?:_\w+)?\)"
    pattern += r"|\bhbcd_(?:adam|lbfgs|bb|icrs|selector|block_state|stop)\b"
    assert mentions(c_files("src/network/*", "src/simd/*"), pattern) == []


def test_public_headers_stand_alone():
    for name, code in c_files("include/*").items():
        for other in included(code):
            assert "/" not in other, f"{name} includes {other}"


def test_c_tests_and_benchmarks_know_no_python():
    files = c_files("bench/*") | {
        path.name: without_comments(path.read_text("utf-8")) for path in ROOT.glob("tests/c/*.[ch]")
    }
    assert mentions(files, r"\bPython\.h\b", strings=True) == []


def test_the_reader_of_c_leaves_out_comments_only():
    code = 'a = "/* no */"; /* malloc( */ b; // free(\nc;'
    assert without_comments(code).split() == ["a", "=", '"/*', "no", '*/";', "b;", "c;"]
    assert included('#include <math.h>\n#define HBCD_EACH "net.inl"\n# include "x.h"') == [
        "math.h",
        "net.inl",
        "x.h",
    ]
