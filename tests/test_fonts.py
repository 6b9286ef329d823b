"""Figures of traces: every glyph that is drawn exists in a font, axes are named, and nothing overlaps."""

import itertools

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from textrnn import datasets, fonts, metrics, options, plots, tracing
from textrnn.lessons import diagrams

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
    **{kind: (lambda ax, kind=kind: plots.plot_gates(made_trace(CHARACTERS), ax, kind=kind)) for kind in options.KINDS},
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


@pytest.fixture(params=["fonts of this system", "bare machine"])
def machine(request, monkeypatch):
    """A system as it is, and one that has nothing but what matplotlib and the package bring."""
    if request.param == "bare machine":
        own = [font for font in font_manager.fontManager.ttflist if mpl.get_data_path() in font.fname]
        monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
        monkeypatch.setattr(font_manager, "findSystemFonts", list)
        caches = [value for value in vars(fonts).values() if hasattr(value, "cache_clear")]
        for cache in caches:
            cache.cache_clear()
        yield request.param
        for cache in caches:
            cache.cache_clear()
    else:
        yield request.param


def test_a_bare_machine_draws_with_the_shipped_font(machine):
    assert fonts.readable(["国足客场，１：０", "€5 — “好”…"]) == ["国足客场，１：０", "€5 — “好”…"]
    assert fonts.family()[-1] == "TextRNN Sans SC"
    if machine == "bare machine":
        assert fonts.find_cjk_font() == "TextRNN Sans SC"


def test_the_shipped_font_has_every_character_of_gb2312_and_of_the_headlines_and_its_licence_beside_it():
    font = TTFont(fonts.SHIPPED)
    known = set(font.getBestCmap())
    bytes_of_gb2312 = [bytes([one, two]) for one in range(0xA1, 0xF8) for two in range(0xA1, 0xFF)]
    wanted = {char for pair in bytes_of_gb2312 for char in pair.decode("gb2312", "ignore")}
    assert len(wanted) > 7_400
    headlines = pd.concat(datasets.load("headlines"))["text"]
    wanted |= {*map(chr, range(0x20, 0x7F)), *map(chr, range(0xFF01, 0xFF5F)), *"".join(headlines)}
    assert "".join(sorted(char for char in wanted if ord(char) not in known)) == ""
    assert "fvar" not in font  # one weight, regular
    assert font["OS/2"].usWeightClass == 400
    assert fonts.SHIPPED.stat().st_size <= 3_000_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in fonts.SHIPPED.with_name("OFL.txt").read_text(encoding="utf-8")


NAMES = ["体育", "$5 to $9", "_财经$^2$", "股\u0378"]  # Chinese, dollar signs, a formula, no character at all
WRITTEN = ["体育", "$5 to $9", "_财经$^2$", "股378"]
REPORT = metrics.report(NAMES, NAMES)
COSTS = pd.DataFrame({"accuracy": 0.5, "low": 0.4, "high": 0.6, "成本 $": [1, 2, 3, 4]}, index=NAMES)
HISTORY = pd.DataFrame({"epoch": [1], "loss": [1.0], "dev_loss": [1.0], "准确率 $a$": [0.5]})
NAMED = {
    "confusion": lambda ax: plots.plot_confusion(metrics.confusion_table(NAMES, NAMES), ax),
    "class scores": lambda ax: plots.plot_class_scores(REPORT, ax),
    "class counts": lambda ax: plots.plot_class_counts(pd.DataFrame({"label": NAMES}), ax),
    "cost": lambda ax: plots.plot_cost_accuracy(COSTS, ax, cost="成本 $"),
    "values": lambda ax: diagrams.plot_values(ax, np.eye(4), row_names=NAMES, words=NAMES, limits=(0, 1)),
    "characters": lambda ax: plots.plot_gates(made_trace(NAMES), ax),
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.filterwarnings("error")
def test_names_from_data_are_drawn_as_they_are_written(machine, name):
    figure, ax = plt.subplots(figsize=(8, 8))
    NAMED[name](ax)
    assert_every_glyph_exists(figure)
    shown = [text for text in drawn(figure) if text.get_text() in WRITTEN]
    assert {text.get_text() for text in shown} == set(WRITTEN)
    assert not any(text.get_parse_math() for text in shown)
    plt.close(figure)


@pytest.mark.filterwarnings("error")
def test_names_of_columns_and_of_classifiers_are_drawn_as_they_are_written(machine):
    figure, axes = plt.subplots(1, 3, figsize=(16, 4))
    plots.plot_class_scores(REPORT, axes[0], other=REPORT, names=NAMES[:2])
    plots.plot_cost_accuracy(COSTS, axes[1], cost="成本 $")
    plots.plot_learning_curves(HISTORY, axes[2], score="准确率 $a$")
    assert_every_glyph_exists(figure)
    shown = {text.get_text(): text.get_parse_math() for text in drawn(figure)}
    wanted = ["体育", "$5 to $9", "成本 $", "准确率 $a$", "准确率 $a$ on dev"]
    assert {name: shown.get(name) for name in wanted} == dict.fromkeys(wanted, False)
    plt.close(figure)


@pytest.mark.filterwarnings("error")
def test_labels_of_a_drawing_may_be_chinese_words_or_formulas(machine):
    figure, ax = plt.subplots()
    diagrams.draw_unrolled(ax, inputs=["到达"], states=["$h_1$"], outputs=["台北"])
    assert_every_glyph_exists(figure)
    assert {text.get_text(): text.get_parse_math() for text in drawn(figure)}["$h_1$"]
    plt.close(figure)


def test_a_family_without_a_normal_weight_is_drawn_without_a_word(tmp_path, monkeypatch, caplog):
    font = TTFont(fonts.SHIPPED)
    font["OS/2"].usWeightClass = 500
    for record in font["name"].names:
        if record.nameID in (1, 2, 4, 16, 17):
            record.string = "Medium" if record.nameID in (2, 17) else "Only Medium SC"
    font.save(tmp_path / "medium.ttf")
    font_manager.fontManager.addfont(tmp_path / "medium.ttf")
    monkeypatch.setattr(fonts, "FAMILIES", ("Only Medium SC",))
    fonts.find_cjk_font.cache_clear()
    try:
        figure, ax = plt.subplots()
        ax.set_title("体育", fontfamily=fonts.family())
        assert_every_glyph_exists(figure)
        assert fonts.find_cjk_font() == "Only Medium SC"
        plt.close(figure)
    finally:
        fonts.find_cjk_font.cache_clear()
    assert caplog.text == ""


def test_the_users_configuration_stays_as_it_was():
    before = dict(mpl.rcParams)
    figure, ax = plt.subplots()
    plots.plot_memory(made_trace("国足"), ax)
    plt.close(figure)
    assert dict(mpl.rcParams) == before


def test_what_no_font_has_becomes_its_code_point():
    assert fonts.readable(["\u0378足", 5]) == ["378足", "5"]


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
