"""A few models through the matrix of exports: every reader that is there holds or refuses them."""

from dataclasses import replace

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # of the tools
SLOW = ("fmi", "structured_text", "excel", "idaes", "gekko", "scip")  # seconds for each model


@pytest.fixture(scope="module")
def matrix():
    from bench.exports import matrix

    return matrix


def test_a_seeded_few_of_the_models_are_held_or_refused_in_one_line(matrix):
    chosen = matrix.sample(3)
    readers = {title: one for title, one in matrix.READERS.items() if one.target not in SLOW}
    found = matrix.run(readers, chosen)
    assert not [(title, row.wrong) for title, row in found.items() if row.wrong]
    for row in found.values():
        assert row.held + sum(row.refused.values()) == len(chosen)
    assert sum(row.held for row in found.values()) >= len(found)


def test_every_target_of_the_command_line_has_a_reader(matrix):
    # Of Julia there is no package: its files are read by hbcd's own evaluator (tests/export).
    assert set(matrix.TARGETS) <= {one.target for one in matrix.READERS.values()} | {"julia"}


def test_what_is_wrong_is_told(matrix, tmp_path):
    (title,) = [title for title in matrix.READERS if title == "c: float64, compiler"]
    right = matrix.READERS[title]

    def wrong(case, folder):
        record, found = right.read(case, folder)
        return record, found + 1e-3

    row = matrix.Row()
    off = replace(right, read=wrong)
    if off.missing:
        pytest.skip("there is no cc")
    name, make = next(matrix.models())
    matrix.tried(off, name, make, row)
    assert row.held == 0
    assert len(row.wrong) == 1
    assert name in matrix.report({title: row}, {title: off}, 1)
