"""`make site`: all of it is built, every link has its target, and a reader finds, reads and hears what is there."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time

import build_site
import nbformat
import pytest
from conftest import axe_faults

from textrnn import options

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """The built site; without its libraries the tests are skipped."""
    if missing := [name for name in build_site.LIBRARIES if importlib.util.find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)}: not installed; make site installs what the site needs")
    out = tmp_path_factory.mktemp("site") / "网 site"
    begin = time.perf_counter()
    command = [sys.executable, root / "tools" / "build_site.py", "--out", out]
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert "WARNING: " not in re.sub("WARNING: All log messages before absl.*", "", done.stderr)
    print(done.stdout, json.dumps({"seconds": round(time.perf_counter() - begin)}))
    assert time.perf_counter() - begin < 600  # two minutes on a machine of one's own; this one may be busy
    return out


def test_every_notebook_page_and_room_is_there_with_its_outputs(site, root):
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        page = (site / "notebooks" / f"{path.stem}.html").read_text("utf-8")
        cells = nbformat.read(path, as_version=4).cells
        outputs = [output for cell in cells for output in cell.get("outputs", [])]
        assert page.count('class="dataframe"') == sum("text/html" in one.get("data", {}) for one in outputs)
        assert page.count("<img ") >= sum("image/png" in one.get("data", {}) for one in outputs) > 0
        formulas = sum(re.sub("`[^`]*`", "", cell.source).count("$$") for cell in cells if cell.cell_type == "markdown")
        assert page.count('class="formula"') == formulas // 2
    names = ["README", "README.zh", "docs/architecture", "benchmarks/RESULTS", "api/textrnn.metrics", "search"]
    names += [f"pages/{name}" for name in ("headlines-textrnn", *options.LESSONS)]
    assert [name for name in names if not (site / f"{name}.html").exists()] == []
    lessons = build_site.Links((site / "docs" / "lessons.html").read_text("utf-8"))
    assert {f"../pages/{name}.html" for name in options.LESSONS} <= {*lessons.leads}
    assert 'id="textrnn.saving.load_classifier"' in (site / "api" / "textrnn.saving.html").read_text("utf-8")


def test_a_link_without_a_target_and_what_comes_from_elsewhere_are_faults(tmp_path):
    (tmp_path / "b.html").write_text('<h1 id="有">', encoding="utf-8")
    (tmp_path / "a.html").write_text(
        '<a href="b.html#%E6%9C%89"><a href="b.html#no"><a href="c.html"><a href="https://example.org/">'
        '<script src="https://example.org/x.js"></script><img src="data:,"><a href="#no">',
        encoding="utf-8",
    )
    (tmp_path / "a.css").write_text("@import url(https://example.org/a.css); b { background: url(x.png) }")
    assert build_site.faults_of(tmp_path) == [
        "a.css: loads https://example.org/a.css",
        "a.html: #no: no such anchor",
        "a.html: b.html#no: no such anchor",
        "a.html: c.html: no such file",
        "a.html: loads https://example.org/x.js",
    ]


@pytest.fixture
def visit(browser, site):
    """A function that opens a page of the site from the disk; nothing is asked of the network."""
    contexts, asked = [], []

    def open_(name, **settings):
        context = browser.new_context(**settings)
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.goto(f"{(site / 'index.html').as_uri().removesuffix('index.html')}{name}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("误差曲面", "notebooks/03_training_rnns.zh.html"),
        ("门", "README.zh.html"),
        ("peepholes", "notebooks/02_lstm_cell.html"),
    ],
)
def test_search_finds_chinese_and_english(visit, words, found):
    page = visit(f"search.html?q={words}")
    page.wait_for_selector("#search-results .search-summary:has-text('found')")
    links = page.eval_on_selector_all("#search-results a", "links => links.map(link => link.getAttribute('href'))")
    assert found in {link.partition("#")[0].partition("?")[0] for link in links}


def test_what_nobody_wrote_is_not_found(visit):
    page = visit("search.html?q=网神络")
    page.wait_for_selector("#search-results .search-summary:has-text('did not match any documents')")
    assert page.locator("#search-results a").count() == 0


NAMES = ["index", "README.zh", "api/textrnn.metrics"]  # axe-core takes a minute for a notebook
WIDE = ["notebooks/02_lstm_cell", "notebooks/08_comparison.zh", "docs/tables", "benchmarks/RESULTS"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_a_phone_and_axe_finds_no_fault(visit, scheme, tmp_path):
    for name in [*NAMES, *WIDE]:
        page = visit(f"{name}.html", viewport={"width": 320, "height": 740}, color_scheme=scheme)
        page.screenshot(path=tmp_path / f"{name.replace('/', '-')}.png")
        assert page.evaluate("document.documentElement.scrollWidth") == 320, name
        assert page.get_attribute("html", "lang") == ("zh-CN" if ".zh" in name else "en")
        assert name in WIDE or axe_faults(page) == [], name
