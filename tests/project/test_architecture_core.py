"""Who may know whom in the C core, and what it may not do: rules read off the sources.

`make -C csrc check-symbols` holds the same promises of the compiled archive.
"""

import re

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


OPTIMIZERS = ("src/optimizers/*", "src/linalg/vec.*", "src/linalg/box_qp.*", "src/base/stop.*")
NETWORKS = ("src/network/*", "src/simd/*")


def test_optimizers_know_an_objective_and_no_network():
    files = c_files(*OPTIMIZERS)
    about_nets = r"net|layer|bound|data|block|phase|plan|activation|loss|kernels|sensitivity"
    pattern = rf"\b(?:TY|FN)\((?:{about_nets})(?:_\w+)?\)|\bhbcd_(?:net|layer|table|activation)\w*"
    pattern += r"|\bFN\(objective_\w+\)"
    assert mentions(files, pattern) == []
    wrong = [
        f"{name} includes {other}"
        for name, code in files.items()
        for other in included(code)
        if re.match(r"(?:network|training|binding|simd)/|base/lanes", other)
    ]
    assert wrong == []


def test_networks_know_no_optimizer():
    files = c_files(*NETWORKS)
    pattern = r"\b(?:TY|FN)\((?:optimizer|row|wolfe|opt)(?:_\w+)?\)"
    pattern += r"|\bhbcd_(?:adam|lbfgs|bb|icrs|selector|choice|stop)\b"
    assert mentions(files, pattern) == []
    code = {name: text for name, text in files.items() if not name.endswith(".h")}
    assert mentions(code, r"\b(?:TY|FN)\((?:plan|phase)(?:_\w+)?\)") == []
    wrong = [
        f"{name} includes {other}"
        for name, code in files.items()
        for other in included(code)
        if re.match(r"(?:optimizers|training|binding)/", other)
    ]
    assert wrong == []


def test_public_headers_stand_alone():
    for name, code in c_files("include/*").items():
        for other in included(code):
            assert "/" not in other, f"{name} includes {other}"
            assert not other.startswith("private"), f"{name} includes {other}"


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
