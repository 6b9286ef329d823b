"""Figures: what is drawn is what the table says, and the axes say what they are."""

import itertools

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from textrnn import metrics, plots

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3, 4],
        "loss": [2.0, 1.2, 0.8, 0.5],
        "dev_loss": [1.9, 1.1, 0.9, 1.0],
        "dev_accuracy": [0.3, 0.6, 0.82, 0.8],
        "dev_macro_f1": [0.2, 0.5, 0.7, 0.75],
    }
)
TRUE, PREDICTED = ["a", "a", "a", "b", "b", "c"], ["a", "a", "b", "b", "a", "c"]


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    figure.canvas.draw()  # whatever was drawn can be drawn
    plt.close(figure)


def other_scale(ax):
    (right,) = [other for other in ax.figure.axes if other is not ax]
    return right


def test_learning_curves_show_two_losses_and_a_score(ax):
    assert plots.plot_learning_curves(HISTORY, ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (nats)")
    assert ax.get_ylim()[0] == 0
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [HISTORY["loss"].tolist(), [1.9, 1.1, 0.9, 1.0]]
    right = other_scale(ax)
    assert (right.get_ylabel(), right.get_ylim()) == ("accuracy", (0.2, 1))
    assert right.get_lines()[0].get_ydata().tolist() == [0.3, 0.6, 0.82, 0.8]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["loss on train (dropout on)", "loss on dev", "accuracy on dev"]


@pytest.mark.parametrize(
    ("score", "best", "text"),
    [("dev_accuracy", 3, "best: epoch 3, 0.820"), ("dev_macro_f1", 4, "best: epoch 4, 0.750")],
)
def test_learning_curves_mark_the_best_epoch(ax, score, best, text):
    plots.plot_learning_curves(HISTORY, ax, score=score)
    right = other_scale(ax)
    assert list(right.get_lines()[1].get_xdata()) == [best, best]
    assert [note.get_text() for note in right.texts] == [text]
    assert right.texts[0].xy == (best, HISTORY[score].max())


def test_learning_curves_of_a_training_without_dev_are_one(ax):
    assert plots.plot_learning_curves(HISTORY[["epoch", "loss"]], ax) is ax
    assert [line.get_ydata().tolist() for line in ax.get_lines()] == [HISTORY["loss"].tolist()]
    assert ax.get_ylim()[0] == 0
    assert ax.figure.axes == [ax]  # no second scale
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["loss on train (dropout on)"]


def test_learning_curves_stand_apart_in_grey(ax):
    plots.plot_learning_curves(HISTORY, ax)
    styles = {(line.get_linestyle(), line.get_marker()) for line in [*ax.get_lines(), other_scale(ax).get_lines()[0]]}
    assert len(styles) == 3
    grey = [np.dot(to_rgb(colour), [0.299, 0.587, 0.114]) for colour in (plots.FIRST_COLOUR, plots.SECOND_COLOUR)]
    assert abs(grey[0] - grey[1]) > 0.2


def test_confusion_writes_every_count_but_zeros(ax):
    table = metrics.confusion_table(TRUE, PREDICTED)
    assert plots.plot_confusion(table, ax) is ax
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted", "true")
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "2", (1, 0): "1", (0, 1): "1", (1, 1): "1", (2, 2): "1"}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b", "c"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b", "c"]


def test_confusion_shades_the_share_of_the_true_class_and_keeps_the_numbers_legible(ax):
    plots.plot_confusion(metrics.confusion_table(TRUE, PREDICTED), ax)
    (image,) = ax.get_images()
    np.testing.assert_allclose(image.get_array(), [[2 / 3, 1 / 3, 0], [0.5, 0.5, 0], [0, 0, 1]])
    assert image.get_clim() == (0, 1)
    colours = {text.get_position(): text.get_color() for text in ax.texts}
    assert colours == {(0, 0): "white", (1, 0): "black", (0, 1): "black", (1, 1): "black", (2, 2): "white"}


def test_confusion_of_a_class_that_is_never_true_has_a_row_of_zeros(ax):
    plots.plot_confusion(metrics.confusion_table(["a", "a"], ["a", "z"]), ax)
    np.testing.assert_allclose(ax.get_images()[0].get_array(), [[0.5, 0.5], [0, 0]])


def test_without_axes_a_figure_is_made_and_what_is_no_confusion_is_refused():
    table = metrics.confusion_table(["a", "b", "b"], ["a", "b", "a"])
    ax, other = plots.plot_confusion(table), plots.plot_confusion(table)
    assert ax.figure is not other.figure
    assert sorted(text.get_text() for text in ax.texts) == ["1", "1", "1"]
    plt.close(ax.figure)
    plt.close(other.figure)
    with pytest.raises(ValueError, match=r"metrics\.confusion_table"):
        plots.plot_confusion(table["a"])


def test_class_scores_are_bars_from_the_lowest_up(ax):
    report = metrics.report(TRUE, PREDICTED)  # f1: a 2/3, b 1/2, c 1
    assert plots.plot_class_scores(report, ax) is ax
    assert (ax.get_xlabel(), ax.get_xlim()) == ("F1", (0, 1))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["b", "a", "c"]
    np.testing.assert_allclose([bar.get_width() for bar in ax.patches], [1 / 2, 2 / 3, 1])
    assert ax.get_legend() is None


def test_class_scores_of_two_classifiers_stand_side_by_side(ax):
    report = metrics.report(TRUE, PREDICTED)
    other = report.assign(f1=[0.1, 0.2, 0.3, 0.2])
    intervals = metrics.f1_intervals(TRUE, PREDICTED)
    plots.plot_class_scores(report, ax, intervals=intervals, other=other, names=("TextRNN", "linear"))
    ours, whiskers, theirs = ax.containers
    ends = np.array([segment[:, 0] for segment in whiskers.lines[2][0].get_segments()])
    np.testing.assert_allclose(ends, intervals.loc[["b", "a", "c"]])
    np.testing.assert_allclose([bar.get_width() for bar in ours], [1 / 2, 2 / 3, 1])
    np.testing.assert_allclose([bar.get_width() for bar in theirs], [0.2, 0.1, 0.3])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["TextRNN", "linear"]
    assert all(bar.get_hatch() == "//" for bar in theirs)  # told apart without colour
    edges = sorted((bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.patches)
    assert all(low[1] <= high[0] + 1e-9 for low, high in itertools.pairwise(edges))  # none overlaps


def test_lengths_are_counted_one_bar_for_each(ax):
    assert plots.plot_lengths(pd.Series(["a", "bb", "cc", "dddd"]), ax) is ax
    assert [bar.get_height() for bar in ax.patches] == [1, 2, 0, 1]
    assert [bar.get_x() + bar.get_width() / 2 for bar in ax.patches] == [1, 2, 3, 4]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("length (characters)", "texts")
    assert not ax.get_lines()


def test_lengths_show_where_the_model_cuts(ax):
    plots.plot_lengths(pd.Series(["a", "bb", "dddd"]), ax, max_length=3)
    assert list(ax.get_lines()[0].get_xdata()) == [3.5, 3.5]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["the model reads 3"]


def test_lengths_of_long_texts_share_fifty_bars(ax):
    plots.plot_lengths(pd.Series(["a" * n for n in range(1, 501)]), ax)
    assert len(ax.patches) == 50
    assert sum(bar.get_height() for bar in ax.patches) == 500


def test_coverage_and_accuracy_stand_against_the_least_score(ax):
    curve = metrics.coverage_curve(TRUE, PREDICTED, [0.9, 0.8, 0.3, 0.7, 0.4, 0.6], thresholds=[0, 0.5, 0.85, 0.95])
    assert plots.plot_coverage(curve, ax) is ax
    accuracy, coverage = ax.get_lines()
    np.testing.assert_allclose(accuracy.get_xydata(), [[0, 4 / 6], [0.5, 1], [0.85, 1], [0.95, np.nan]])
    np.testing.assert_allclose(coverage.get_xydata(), [[0, 1], [0.5, 4 / 6], [0.85, 1 / 6], [0.95, 0]])
    assert accuracy.get_linestyle() != coverage.get_linestyle()  # told apart in grey
    assert (ax.get_xlabel(), ax.get_xlim(), ax.get_ylim()) == ("least score", (0, 1), (0, 1.02))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["accuracy of the answers given", "share of texts answered"]


def test_class_counts_stand_most_first_with_their_numbers(ax):
    assert plots.plot_class_counts(pd.DataFrame({"label": ["x", "y", "y", "z", "z", "z"]}), ax) is ax
    assert ax.get_xlabel() == "rows"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["x", "y", "z"]  # from the bottom up
    assert [bar.get_width() for bar in ax.patches] == [1, 2, 3]
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3"]


def cost_table():
    """Nine methods, some of them at nearly the same place."""
    accuracy = np.array([0.86, 0.861, 0.862, 0.87, 0.9, 0.91, 0.911, 0.93, 0.85])
    seconds = np.array([5.0, 5.1, 5.2, 6, 0.5, 0.9, 0.95, 40, 3])
    names = [f"method {letter}" for letter in "abcdefghi"]
    columns = {"accuracy": accuracy, "low": accuracy - 0.02, "high": accuracy + 0.01, "seconds to train": seconds}
    return pd.DataFrame(columns, index=names)


def test_accuracy_stands_against_cost_with_its_interval_and_names_that_do_not_overlap(ax):
    table = cost_table()
    assert plots.plot_cost_accuracy(table, ax) is ax
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "seconds to train")
    (container,) = ax.containers
    np.testing.assert_allclose(container[0].get_xydata(), table[["seconds to train", "accuracy"]])
    ends = np.array([segment[:, 1] for segment in container[2][0].get_segments()])
    np.testing.assert_allclose(ends, table[["low", "high"]])
    assert [text.get_text() for text in ax.texts] == list(table.index)
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    points = ax.transData.transform(table[["seconds to train", "accuracy"]].to_numpy())
    assert not any(box.contains(*point) for box in boxes for point in points)


def test_a_cost_that_has_no_logarithm_is_refused(ax):
    with pytest.raises(ValueError, match=r"^headlines/s: expected numbers above 0, got \[0.0, 2.0\]$"):
        plots.plot_cost_accuracy(cost_table()[:2].assign(**{"headlines/s": [0.0, 2.0]}), ax, cost="headlines/s")
