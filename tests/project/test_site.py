"""The pages as a site: what the gallery shows is what its code gives, and nothing is fetched.

Sphinx itself runs in `.ci/run`, where a warning or an error in a block ends the build.
"""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def extension(name):
    place = DOCS / "_extensions" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"docs_{name}", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


gallery, offline = extension("gallery"), extension("offline")

PAGE = """# Title

A question?

```python
from matplotlib import pyplot as plt

figure, ax = plt.subplots()
ax.plot([1, 2], color="#0072b2")
ax.set(xlabel="time (h)", ylabel="<heat>", title="Picture")
print("one")
```

Text.

```python
print(ax.get_xlabel())
```

```text
kept
```
"""


@pytest.fixture(autouse=True)
def no_window(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


def shown(tmp_path, text=PAGE, name="page"):
    return gallery.executed(text, name, tmp_path)


def test_output_and_pictures_stand_below_the_block_that_made_them(tmp_path):
    text = shown(tmp_path)
    first, second = text.split("Text.")
    assert "```text\none\n```" in first
    assert "pictures/page-1-light.svg" in first
    assert "pictures/page-1-dark.svg" in first
    assert "```text\ntime (h)\n```" in second
    assert "svg" not in second
    assert second.endswith("```text\nkept\n```\n")


def test_a_picture_has_words_for_those_who_do_not_see_it(tmp_path):
    assert 'alt="Picture: &lt;heat&gt; over time (h)"' in shown(tmp_path)


def test_pictures_are_the_same_bytes_again_and_dark_ones_have_the_colors_of_a_dark_page(tmp_path):
    files = [tmp_path / f"page-1-{page}.svg" for page in ("light", "dark")]
    shown(tmp_path)
    before = [file.read_bytes() for file in files]
    shown(tmp_path)
    assert [file.read_bytes() for file in files] == before
    light, dark = (file.read_text(encoding="utf-8") for file in files)
    assert "#0072b2" in light
    assert "#333333" in light
    assert not [color for color in gallery.DARK if color in dark]
    assert len(light) == len(dark)


def test_an_error_in_a_block_is_an_error_with_the_line_of_the_page(tmp_path):
    before = Path.cwd()
    with pytest.raises(RuntimeError, match=r"gallery/page.md, line 17: ZeroDivisionError"):
        shown(tmp_path, PAGE.replace("print(ax", "1 / 0\nprint(ax"), "gallery/page")
    assert Path.cwd() == before


def test_every_page_of_the_gallery_is_in_its_index_with_a_title_a_question_and_a_picture():
    index = (DOCS / "gallery" / "index.md").read_text(encoding="utf-8")
    pages = sorted(page for page in (DOCS / "gallery").glob("*.md") if page.stem != "index")
    assert sorted(gallery.NAME.findall(index)) == [page.stem for page in pages]
    assert len(pages) >= 8
    assert index.count(gallery.MARK) == 1
    for page in pages:
        card = gallery.card(page)
        title, about = re.search(r"<strong>(.+)</strong><span>(.+)</span>", card).groups()
        assert len(title) < 60
        assert 30 < len(about) < 160


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('<script src="https://cdn.example/x.js"></script>', ".html"),
        ('<script src="//cdn.example/x.js"></script>', ".html"),
        ('<link rel="stylesheet" href="https://cdn.example/x.css">', ".html"),
        ('<img src="HTTP://cdn.example/x.png">', ".html"),
        ('<p style="background: url(https://cdn.example/x.png)">', ".html"),
        ("<style>@import 'https://cdn.example/x.css';</style>", ".html"),
        ('@font-face { src: url("https://cdn.example/x.woff2") }', ".css"),
        ("@import '//cdn.example/x.css';", ".css"),
        ('<svg><image href="https://cdn.example/x.png"/></svg>', ".svg"),
    ],
)
def test_what_a_browser_would_fetch_from_elsewhere_is_found(text, suffix):
    assert len(offline.loaded_from_elsewhere(text, suffix)) == 1


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('<a href="https://example.org">a link</a>', ".html"),
        ('<script src="_static/x.js"></script><img src="../x.svg">', ".html"),
        ('<img src="data:image/svg+xml;base64,AAAA//AA">', ".html"),
        ("a { background: url(x.png) } /* https://example.org */", ".css"),
        ('<svg xmlns="http://www.w3.org/2000/svg"><use xlink:href="#a"/></svg>', ".svg"),
    ],
)
def test_links_and_files_of_the_site_are_not(text, suffix):
    assert offline.loaded_from_elsewhere(text, suffix) == []
