"""The pages of the lessons: the numbers of the notebooks in a real browser, and every number changed by hand."""

import re

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import axe_faults

from textrnn import cli, options, web
from textrnn.lessons import cells, gradients

pytestmark = pytest.mark.long


def cell_of(root, notebook, words, **names):
    """What the code cell of a notebook that has `words` leaves behind, run with `names`."""
    (path,) = (root / "notebooks").glob(f"{notebook}_*.py")
    blocks = re.split(r"^# %%.*\n", path.read_text("utf-8"), flags=re.MULTILINE)
    (source,) = [block for block in blocks if words in block and not block.startswith("#")]
    exec(source, names)
    return names


@pytest.fixture
def show(browser, tmp_path):
    """A function that opens the page of a lesson; nothing fails and nothing is asked of the network."""
    wrong, pages = [], []

    def open_(name, **settings):
        path = tmp_path / f"{name} 课.html"
        done = CliRunner().invoke(cli.main, ["lesson", name, "--out", str(path)])
        assert (done.exit_code, done.output) == (0, f"{path}: open it in a browser\n")
        page = browser.new_page(**{"locale": "en-US", **settings})
        pages.append(page)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("request", lambda one: wrong.append(one.url) if one.url[:5] not in ("file:", "data:") else None)
        page.goto(path.as_uri())
        page.wait_for_selector("#steps")
        return page

    yield open_
    for page in pages:
        page.close()
    assert wrong == []


def rows(page):
    """The numbers of the page's table, a list of rows of cells, each the list of its numbers."""
    cells_ = page.eval_on_selector_all(
        "#steps tbody tr", "rows => rows.map(row => [...row.querySelectorAll('td')].map(cell => cell.innerText))"
    )
    return [[[float(one.replace("−", "-")) for one in cell.split()] for cell in row] for row in cells_]


def put(page, name, value):
    page.get_by_label(name, exact=True).fill(str(value))


def test_the_memory_is_that_of_the_notebook_and_follows_every_weight(show, root):
    import pandas as pd

    table = cell_of(root, "01", "memory = hidden  # this line makes", np=np, pd=pd)["table"]
    page = show("memory")
    expected = [[list(row["input"]), *(row[key].tolist() for key in list(row)[1:])] for row in table]
    assert rows(page) == expected
    assert page.inner_text("#verdict") == "Outputs: 4 4, 12 12, 32 32"
    assert "1 × 2 + 1 × 2 + 1 × 6 + 1 × 6 = 16" in page.inner_text("#results")
    put(page, "Weights of the memory: hidden 1, to hidden 2", -0.5)
    put(page, "Inputs: step 2, input 1", 3)
    put(page, "Weights of the outputs: hidden 2, to output 1", 2)
    weights = {"input_kernel": [[1, 1], [1, 1]], "recurrent_kernel": [[1, -0.5], [1, 1]]}
    run = cells.run_rnn([[1, 1], [3, 1], [2, 2]], **weights, output_kernel=[[1, 1], [2, 1]])
    assert [row[2:] for row in rows(page)] == np.stack([run.states, run.outputs], axis=1).tolist()
    put(page, "Inputs: step 2, input 1", "")  # no number: nothing changes, and the field says so
    assert page.get_by_label("Inputs: step 2, input 1", exact=True).get_attribute("aria-invalid") == "true"
    assert [row[3] for row in rows(page)] == run.outputs.tolist()
    page.click("text=the same without memory")
    assert page.inner_text("#verdict") == "Outputs: 4 4, 4 4, 8 8"


def test_the_cell_is_that_of_the_notebook_and_follows_every_weight(show, root):
    import pandas as pd

    by_hand = cell_of(root, "02", "by_hand = pd.DataFrame", pd=pd)
    run = cell_of(root, "02", "run = cells.run_lstm(nine_steps", **{**by_hand, "cells": cells, "np": np})["run"]
    page = show("cell")
    assert page.inner_text("#verdict") == "Outputs, rounded: 0 0 0 7 0"
    page.click("text=the nine steps of notebook 02")
    found = np.array([[*values, *map(np.ravel, others)] for values, *others in rows(page)], dtype=object)
    for column, name in ((3, "z"), (7, "cells"), (8, "outputs")):
        got = np.array([row[column] for row in found], float).ravel()
        np.testing.assert_allclose(got, getattr(run, name)[:, 0], rtol=0, atol=6e-5)
    for column, name in ((4, "zi"), (5, "zf"), (6, "zo")):
        gate = cells.apply_activation(getattr(run, name)[:, 0], name="sigmoid")
        np.testing.assert_allclose(np.array([row[column] for row in found], float).ravel(), gate, rtol=5e-3, atol=6e-5)
    assert page.inner_text("#verdict").endswith(" ".join(map(str, by_hand["by_hand"]["output"])))
    put(page, "Bias: Bias, output gate", 100)  # shows at every step
    assert page.inner_text("#verdict").endswith(" ".join(str(round(one)) for one in run.cells[:, 0]))
    page.select_option("#step", label="step 4")
    assert "Memory: 1.00 times 3.00 plus 1.00 times 4.00 is 7.00" in page.get_attribute(".neuron svg", "aria-label")


def test_the_cliff_is_that_of_the_notebook_with_and_without_clipping(show, root):
    names = {"np": np, "gradients": gradients, "STEP_SIZE": 0.02}
    source = (root / "notebooks" / "03_training_rnns.py").read_text("utf-8")
    one_step = source[source.index("def one_step") : source.index("edge = np.array")]
    exec(one_step, names)
    names = cell_of(root, "03", "walks = {}", **names, CLIP_AT=15.0)
    page = show("cliff")
    edge = gradients.error_surface(5.0, -2.5)
    assert np.ravel(rows(page)[3:]) == pytest.approx([edge.loss, edge.norm], abs=6e-5)
    page.click("#one")
    assert np.ravel(rows(page)[1:3]) == pytest.approx(names["one_step"](np.array([5.0, -2.5]), 15.0), abs=6e-5)
    for button, walk in (("a walk into the wall", "clipped"), ("the walk without clipping", "plain")):
        page.click(f"text={button}")
        page.click("#many")
        taken, *point = np.ravel(rows(page)[:3])
        assert taken == 300
        assert point == pytest.approx(names[walk][-1], rel=1e-3)
    assert page.inner_text("#verdict").endswith("off the map")
    put(page, "weight w", 4.5)
    assert np.ravel(rows(page)[:3]).tolist() == [0, 4.5, -2]


@pytest.mark.parametrize("name", options.LESSONS)
def test_it_fits_a_phone_speaks_chinese_and_axe_finds_no_fault(show, name, tmp_path):
    for scheme, locale in (("light", "en-US"), ("dark", "zh-CN")):
        page = show(name, viewport={"width": 320, "height": 740}, color_scheme=scheme, locale=locale)
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        assert page.get_attribute("html", "lang") == ("zh-CN" if scheme == "dark" else "en")
        assert "undefined" not in page.inner_text("body")
        assert axe_faults(page) == []
        page.screenshot(path=tmp_path / f"{name}-{scheme}.png", full_page=True)


def test_jupyter_shows_it_in_a_frame_that_reaches_nothing_else(browser, tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(web.build_lesson("memory")._repr_html_(), encoding="utf-8")
    page = browser.new_page(locale="en-US")
    page.goto(path.as_uri())
    frame = page.frame_locator("iframe")
    assert frame.locator("#verdict").inner_text() == "Outputs: 4 4, 12 12, 32 32"
    assert page.get_attribute("iframe", "sandbox") == "allow-scripts"
    page.close()


def test_the_page_of_the_lessons_shows_what_the_command_says(root, tmp_path, monkeypatch):
    text = (root / "docs" / "lessons.md").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    command, said = re.search(r"```console\n\$ textrnn (.*)\n(.*\n)```", text).groups()
    assert CliRunner().invoke(cli.main, command.split()).output == said
    names = {}
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], names)
    assert (tmp_path / "memory.html").read_bytes() == names["web"].build_lesson("memory").html
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == [*options.LESSONS]


def test_another_name_is_refused():
    with pytest.raises(ValueError, match=r"name: expected one of \('memory', 'cell', 'cliff'\), got 'lstm'"):
        web.build_lesson("lstm")
