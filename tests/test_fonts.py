"""Figures of traces: every glyph that is drawn exists in a font, axes are named, and nothing overlaps."""

import itertools
import subprocess
import sys

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from textrnn import fonts, plots, tracing

CHARACTERS = [*"国足客场一球小胜", " ", "𠮷", "😀", "\u0378"]  # the last one is no character at all


def made_trace(characters, num_units=20):
    rng = np.random.default_rng(0)
    gates = rng.uniform(0, 1, (3, len(characters), num_units))
    others = rng.normal(0, 1, (3, len(characters), num_units))
    return tracing.Trace(list(characters), *gates, *others)


def drawn(figure):
    figure.canvas.draw()
    return [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]


def assert_every_glyph_exists(figure):
    for text in drawn(figure):
        paths = font_manager.fontManager._find_fonts_by_props(text.get_fontproperties())
        known = set().union(*(FT2Font(path).get_charmap() for path in paths))
        assert {ord(char) for char in text.get_text() if not char.isspace()} <= known, text


SALIENCY = pd.DataFrame({"character": CHARACTERS, "gradient": 0.1, "left_out": -0.2})
PLOTS = {
    **{kind: (lambda ax, kind=kind: plots.plot_gates(made_trace(CHARACTERS), ax, kind=kind)) for kind in tracing.KINDS},
    "memory": lambda ax: plots.plot_memory(made_trace(CHARACTERS), ax),
    "saliency": lambda ax: plots.plot_saliency(SALIENCY, ax),
}


@pytest.mark.parametrize("name", PLOTS)
def test_every_glyph_exists_axes_are_named_and_characters_do_not_overlap(name):
    figure, ax = plt.subplots(figsize=(8, 3))
    assert PLOTS[name](ax) is ax
    assert_every_glyph_exists(figure)
    assert ax.get_xlabel() == "character"
    assert ax.get_ylabel()
    labels = ax.get_xticklabels()
    assert len(labels) == len(CHARACTERS)
    assert labels[8].get_text() == "␣"
    assert labels[-1].get_text() == "378"
    boxes = [label.get_window_extent() for label in labels]
    assert not any(one.overlaps(other) for one, other in itertools.pairwise(boxes))
    plt.close(figure)


def test_chinese_is_drawn_as_chinese_where_a_font_has_it():
    if fonts.find_cjk_font() is None:
        pytest.skip("no font with Chinese characters on this system: install fonts-wqy-microhei")
    assert fonts.readable(["国足客场"]) == ["国足客场"]
    assert fonts.family()[-1] == fonts.find_cjk_font()


def test_the_users_configuration_stays_as_it_was():
    before = dict(mpl.rcParams)
    figure, ax = plt.subplots()
    plots.plot_memory(made_trace("国足"), ax)
    plt.close(figure)
    assert dict(mpl.rcParams) == before


WITHOUT_A_FONT = """
import warnings
from matplotlib import font_manager
font_manager.fontManager.ttflist = [f for f in font_manager.fontManager.ttflist if f.name.startswith("DejaVu")]
font_manager.findSystemFonts = lambda: []
from textrnn import fonts
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(fonts.readable(["国足", "体育", "abc"], glosses={"体育": "sports"}), fonts.readable(["国"]))
print(len(caught), caught[0].message)
"""


def test_without_such_a_font_there_are_glosses_code_points_and_one_warning_that_names_the_package():
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_A_FONT], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    readable, warning = answer.stdout.strip().splitlines()
    assert readable == "['56FD8DB3', 'sports', 'abc'] ['56FD']"
    assert warning.startswith("1 no font with Chinese characters was found")
    assert "fonts-wqy-microhei" in warning


def test_the_units_that_move_most_come_first():
    trace = made_trace("国足", num_units=3)
    cell = np.array([[0.1, 0.0, -2.0], [0.1, 0.5, -2.0]])
    assert plots.busiest_units(trace._replace(cell=cell), num_units=2) == [2, 1]
    figure, ax = plt.subplots()
    plots.plot_memory(trace._replace(cell=cell), ax, units=[1])
    assert ax.get_lines()[0].get_ydata().tolist() == [0.0, 0.5]
    with pytest.raises(ValueError, match="kind: expected one of"):
        plots.plot_gates(trace, ax, kind="gate")
    plt.close(figure)
