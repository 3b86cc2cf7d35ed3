"""`hbcd fit --out`: metrics, pictures and a page that needs nothing else and lets nothing in."""

import base64
import json
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.cli.report import html as _html
from support.commands import fit, run, table

EVIL = "<script>alert('x')</script>\"&amp;"
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Elements, text, and whether every element is closed in order."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HBCD_DEBUG", raising=False)
    table().to_csv("own.csv", index=False)
    return tmp_path


@pytest.fixture
def no_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


def test_the_page_has_what_a_reader_asks_for(capsys, here):
    result = fit(capsys, "own.csv", "--target", "y", "--out", "o", "--cv", 3)
    page = Page((here / "o/report.html").read_text(encoding="utf-8"))
    text = " ".join(page.words)
    words = ("own.csv", "5-3-1 tanh", "bcd", "least squares", "Layer selection", "History", "day")
    for word in (*words, "Mon, Tue, Wed", hbcd.__version__, np.__version__, "seed", "fold 3"):
        assert word in text, word
    for part in (result["train"], result["test"], result["baseline_ols"]):
        assert f"{part['r2']:.5f}" in text
        assert f"{part['mae']:.5g}" in text
    assert json.loads((here / "o/metrics.json").read_text()) == result


def test_the_page_asks_nobody_for_anything_and_runs_nothing(capsys, here):
    fit(capsys, "own.csv", "--target", "y", "--out", "o")
    text = (here / "o/report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>\n")
    tags = {name for name, _ in page.elements}
    assert tags.isdisjoint({"script", "link", "iframe", "object", "embed", "base", "form"})
    places = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data", "poster")
    ]
    assert places
    assert all(place.startswith("data:image/svg+xml;base64,") for place in places)
    assert not any(name.startswith("on") for _, found in page.elements for name in found)
    assert "url(" not in text
    assert "@import" not in text
    assert page.named("meta")[1]["content"] == "width=device-width, initial-scale=1"


def test_pictures_of_the_page_are_the_files_beside_it(capsys, here):
    pytest.importorskip("matplotlib", reason="the extra plot is not installed")
    fit(capsys, "own.csv", "--target", "y", "--out", "o")
    page = Page((here / "o/report.html").read_text(encoding="utf-8"))
    inside = {base64.b64decode(image["src"].partition(",")[2]) for image in page.named("img")}
    assert all(image["alt"] for image in page.named("img"))
    beside = {path.read_bytes() for path in (here / "o").glob("*.svg")}
    # History, prediction, residuals, intervals, layers, sensitivity; of four columns error, partial
    # dependence and the accumulated effect; importance, Sobol indices.
    assert len(beside) == 20
    assert inside == beside
    assert not any(b"<script" in content or b"<image" in content for content in beside)


def test_the_page_says_what_the_model_uses(capsys, here):
    result = fit(capsys, "own.csv", "--target", "y", "--out", "o")
    words = [
        word
        for word in Page((here / "o/report.html").read_text(encoding="utf-8")).words
        if word.strip()
    ]
    use = words[words.index("What the model uses") : words.index("Pictures")]
    assert use[1].startswith("Importance: how much R2 falls on the rows to test on when the values")
    model, frame = hbcd.load(result["model"]), table()
    test = np.random.default_rng(0).permutation(120)[:24]
    rows = frame.iloc[test]
    found = hbcd.explain.permutation_importance(
        model, rows.drop(columns="y"), rows["y"], random_state=0
    )
    for name, mean in zip(found.features, found.mean, strict=True):
        assert use[use.index(name) + 1] == f"{mean:.4g}"
    assert use.index("a") < use.index("on")  # by importance


def test_of_classes_the_page_says_what_the_log_loss_would_be(capsys, here):
    frame = table().assign(y=lambda f: np.where(f.y > 0, "high", "low"))
    frame.to_csv("classes.csv", index=False)
    fit(capsys, "classes.csv", "--target", "y", "--out", "o")
    page = Page((here / "o/report.html").read_text(encoding="utf-8"))
    assert "how much the log-loss grows on the rows to test on" in " ".join(page.words)
    shown = [image["alt"] for image in page.named("img")]
    assert "Sobol indices of low" in shown
    assert "Partial dependence on a" in shown


def test_names_from_the_table_are_text_and_never_markup(capsys, here):
    frame = table().rename(columns={"y": EVIL, "a": f"in {EVIL}"})
    frame["day"] = frame["day"].replace("Mon", f"level {EVIL}")
    frame.to_csv("evil.csv", index=False)
    fit(capsys, "evil.csv", "--target", EVIL, "--out", "o")
    page = Page((here / "o/report.html").read_text(encoding="utf-8"))
    assert page.named("script") == []
    text = " ".join(page.words)
    assert f"in {EVIL}" in text
    assert f"level {EVIL}" in text


def test_without_matplotlib_the_page_says_what_to_install(capsys, here, no_matplotlib):
    fit(capsys, "own.csv", "--target", "y", "--out", "o")
    page = Page((here / "o/report.html").read_text(encoding="utf-8"))
    assert page.named("img") == []
    assert "pictures need matplotlib: pip install hbcd[plot]" in " ".join(page.words)
    assert {path.name for path in (here / "o").iterdir()} == {
        "model.hbcd", "metrics.json", "report.html"}  # fmt: skip


@pytest.mark.parametrize("strategy", ["full_batch", "mini_batch"])
def test_strategies_without_blocks_and_several_targets_have_a_page_too(capsys, here, strategy):
    table().assign(z=lambda f: -f.y).to_csv("two.csv", index=False)
    options = ("--strategy", strategy, "--hidden", "3", "--threads", 1, "--max-time", 1)
    code, _, err = run(capsys, "fit", "two.csv", "--target", "y,z", *options, "--out", "o",
                       "--json")  # fmt: skip
    assert (code, err) == (0, "")
    page = Page((here / "o/report.html").read_text(encoding="utf-8"))
    names = " ".join(image["alt"] for image in page.named("img"))
    assert "z, rows to test on: residuals" in names
    assert "Which layers" not in names


def test_gaps_are_filled_on_request_and_told_in_the_page(capsys, here):
    frame = table()
    frame.loc[::7, "b"] = np.nan
    frame.loc[::9, "day"] = None
    frame.to_csv("gaps.csv", index=False)
    result = fit(capsys, "gaps.csv", "--target", "y", "--missing", "indicator", "--out", "o")
    assert result["missing"] == "indicator"
    assert result["features"] == 7
    text = " ".join(Page((here / "o/report.html").read_text(encoding="utf-8")).words)
    assert "indicator" in text
    predicted = run(capsys, "predict", result["model"], "gaps.csv")
    assert (predicted[0], predicted[1].count("\n")) == (0, 121)


def test_a_gap_only_among_rows_to_test_goes_to_training(capsys):
    for seed in range(6):
        frame = table(40)
        frame.loc[11, "b"] = np.nan
        frame.to_csv("gap.csv", index=False)
        result = fit(capsys, "gap.csv", "--target", "y", "--missing", "indicator",
                     "--test-size", 0.9, "--seed", seed)  # fmt: skip
        assert "b" in hbcd.load(result["model"]).encoder_.fills


def test_tables_align_numbers_and_keep_every_cell():
    text = _html.table(("name", "x"), [("a<b", "1.5"), ("c", "-")])
    assert "a&lt;b" in text
    assert text.count('class="number"') == 3
    assert re.findall(r"<td[^>]*>([^<]*)", text) == ["1.5", "-"]
    assert "number" not in _html.table(("name", "x"), [("a", "one")])
    assert "<tbody>\n</tbody>" in _html.table(("name",), [])


def test_a_page_of_a_table_with_dates_dropped_has_the_columns_used(capsys, here):
    frame = table().assign(when=pd.date_range("2020", periods=120).astype(str))
    frame.to_csv("dates.csv", index=False)
    fit(capsys, "dates.csv", "--target", "y", "--drop", "when", "--out", "o")
    assert "when" not in Page((here / "o/report.html").read_text(encoding="utf-8")).words


def test_the_page_says_which_members_were_tried_and_what_they_count_for(capsys, here):
    code, out, _ = run(capsys, "fit", "own.csv", "--target", "y", "--out", "o", "--effort", 0.8,
                       "--threads", 1, "--json")  # fmt: skip
    assert code == 0
    result = json.loads(out)
    page = Page((here / "o/report.html").read_text(encoding="utf-8"))
    words = page.words
    text = " ".join(words)
    members = result["members"]
    assert len(members) > 4
    assert f"Effort 0.8: {len(members)} were tried, in this order" in text
    assert f"0.8, {len(members)} members tried" in text
    at = words.index("Members")
    shown = [word for word in words[at:] if word.strip()]
    for line in members:
        assert line["name"] in shown
        assert f"{line['loss']:.5g}" in shown
        assert not line["weight"] or f"{line['weight']:.1%}" in shown
    network = words[words.index("Network") :]
    assert "members tried" not in " ".join(network[: network.index("layer")])
    assert (here / "o/members.svg").read_text(encoding="utf-8").startswith("<?xml")
    assert "Members tried: loss of rows left out against the penalty" in [
        image["alt"] for image in page.named("img")
    ]


def test_one_network_has_no_members_to_show(capsys, here):
    fit(capsys, "own.csv", "--target", "y", "--out", "o")
    words = Page((here / "o/report.html").read_text(encoding="utf-8")).words
    assert "Members" not in words
    assert "one network" in words
    assert not (here / "o/members.svg").exists()


def test_members_that_are_many_are_shown_where_they_count():
    from types import SimpleNamespace

    from hbcd.cli.report.members import MOST_LINES, members_section

    lines = [("linear", (), 1, 1.0, 0.5, 0.0)]
    lines += [("9", (9,), 5, 0.1, 0.01 * k, 0.5 if k in (7, 80) else 0.0) for k in range(1, 90)]
    columns = ["name", "widths", "networks", "alpha", "loss", "weight"]
    model = SimpleNamespace(members_=pd.DataFrame(lines, columns=columns))
    head, rows = members_section(model, "best")
    assert "90 were tried, in this order, and 2 have a weight" in head
    assert f"{90 - 2 - MOST_LINES} without a weight are left out here" in head
    words = Page(rows).words
    assert words.count("50.0%") == 2
    assert "81" in words
