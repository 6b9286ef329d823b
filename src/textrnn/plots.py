"""Figures: each function draws on the `Axes` it is given, or new ones; readable in grey and for the colour-blind."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import Bbox

from textrnn import fonts
from textrnn.checks import check_choice, is_table
from textrnn.options import KINDS

if TYPE_CHECKING:
    import pandas as pd

    from textrnn.tracing import Trace

Place = Axes | None  # a new figure if `None`
Units = Sequence[int] | None
# Blue and orange of Okabe & Ito (2008), apart in hue and in lightness.
FIRST_COLOUR, SECOND_COLOUR = "#0072B2", "#E69F00"
ABOVE = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}  # where a legend stands


def plot_learning_curves(history: "pd.DataFrame", ax: Place = None, *, score: str = "dev_accuracy") -> Axes:
    """Draws the losses of each epoch (left scale) and a score on dev (right scale), the best epoch marked.

    Args:
        history: what `training.fit` returned; of a training without dev the loss on train is drawn alone.
        ax: where to draw; a new figure if `None`; a second scale is added on its right.
        score: the column of the right scale, 0 to 1.
    """
    ax = _or_new(ax)
    epochs = history["epoch"]
    ax.plot(epochs, history["loss"], "o-", color=FIRST_COLOUR, label="loss on train (dropout on)")
    if "dev_loss" in history:
        ax.plot(epochs, history["dev_loss"], "o--", color=FIRST_COLOUR, markerfacecolor="white", label="loss on dev")
    ax.set(xlabel="epoch", ylabel="loss (nats)", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    if "dev_loss" not in history:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), frameon=False)
        return ax
    right = ax.twinx()
    name = score.removeprefix("dev_").replace("_", " ")
    right.plot(epochs, history[score], "s-", color=SECOND_COLOUR, label=f"{name} on dev")
    right.set_ylabel(*fonts.readable([name]), **fonts.as_written())
    right.set_ylim(np.floor(9.5 * history[score].min()) / 10, 1)  # what differs is near the top
    best = int(history[score].idxmax())
    right.axvline(epochs[best], color="0.6", linewidth=1, linestyle=":")
    right.annotate(
        f"best: epoch {epochs[best]}, {history[score][best]:.3f}",
        (epochs[best], history[score][best]),
        xytext=(-6, -18),
        textcoords="offset points",
        ha="right",
    )
    lines = [*ax.get_lines(), right.get_lines()[0]]
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.18), "ncols": 3}
    _write_legend(ax, lines, [line.get_label() for line in lines], **place)
    return ax


def plot_confusion(table: "pd.DataFrame", ax: Place = None) -> Axes:
    """Draws the share of each true class (rows) that went to each predicted class; darker is more.

    Args:
        table: what `metrics.confusion_table` returned.
        ax: where to draw; a new figure if `None`.
    """
    if not (is_table(table) and table.index.equals(table.columns)):
        raise ValueError("table: expected what metrics.confusion_table(true, predicted) returns")
    ax = _or_new(ax)
    shares = table.div(table.sum(axis=1).clip(lower=1), axis=0).to_numpy()
    ax.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        if table.iat[row, column]:
            colour = "white" if share > 0.5 else "black"
            ax.text(column, row, table.iat[row, column], ha="center", va="center", color=colour, fontsize=8)
    ax.set(xlabel="predicted", ylabel="true")
    _write_names(ax, "x", table.columns, rotation=45, ha="right")
    _write_names(ax, "y", table.index)
    return ax


def plot_class_scores(
    report: "pd.DataFrame",
    ax: Place = None,
    *,
    intervals: "pd.DataFrame | None" = None,
    other: "pd.DataFrame | None" = None,
    names=("this", "other"),
) -> Axes:
    """Draws the F1 of each class as bars, lowest first, and beside them those of another classifier.

    Args:
        report: what `metrics.report` returned.
        ax: where to draw; a new figure if `None`.
        intervals: what `metrics.f1_intervals` returned for it; drawn as whiskers.
        other: the same for a second classifier.
        names: what the legend calls the two.
    """
    ax = _or_new(ax)
    order = report.drop(index="macro")["f1"].sort_values().index
    rows = np.arange(len(order))
    height = 0.8 if other is None else 0.4
    shift = 0 if other is None else height / 2
    f1 = report.loc[order, "f1"]
    bars = [ax.barh(rows + shift, f1, height, color=FIRST_COLOUR)]
    if intervals is not None:
        sides = np.clip([f1 - intervals.loc[order, "low"], intervals.loc[order, "high"] - f1], 0, None)
        ax.errorbar(f1, rows + shift, xerr=sides, fmt="none", ecolor="black", elinewidth=1, capsize=2)
    if other is not None:
        second = other["f1"].reindex(order)
        bars.append(ax.barh(rows - shift, second, height, color=SECOND_COLOUR, hatch="//", edgecolor="white"))
        _write_legend(ax, bars, names, **ABOVE)
    _write_names(ax, "y", order)
    ax.set(xlabel="F1", xlim=(0, 1))
    return ax


def plot_coverage(curve: "pd.DataFrame", ax: Place = None) -> Axes:
    """Draws, against the least score, the share of texts that still get a label, and the accuracy of these labels.

    Args:
        curve: what `metrics.coverage_curve` returned.
        ax: where to draw; a new figure if `None`.
    """
    ax = _or_new(ax)
    ax.plot(curve["threshold"], curve["accuracy"], "o-", color=FIRST_COLOUR, label="accuracy of the answers given")
    ax.plot(curve["threshold"], curve["coverage"], "s--", color=SECOND_COLOUR, label="share of texts answered")
    ax.set(xlabel="least score", xlim=(0, 1), ylim=(0, 1.02))
    ax.legend(loc="lower left", frameon=False)
    return ax


def plot_lengths(texts: "pd.Series", ax: Place = None, *, max_length: int | None = None) -> Axes:
    """Draws how many texts have each length in characters, and where a model would cut.

    Args:
        texts: strings.
        ax: where to draw; a new figure if `None`.
        max_length: a line is drawn after this many characters.
    """
    ax = _or_new(ax)
    lengths = texts.str.len()
    bins = np.arange(lengths.min(), lengths.max() + 2) - 0.5 if lengths.max() < 100 else 50
    ax.hist(lengths, bins=bins, color=FIRST_COLOUR, edgecolor="white", linewidth=0.3)
    ax.set(xlabel="length (characters)", ylabel="texts")
    if max_length:
        ax.axvline(max_length + 0.5, color=SECOND_COLOUR, linestyle="--", label=f"the model reads {max_length}")
        ax.legend(loc="upper left", frameon=False)
        ax.margins(y=0.12)
    return ax


def plot_class_counts(table: "pd.DataFrame", ax: Place = None) -> Axes:
    """Draws how many rows each class has, most first.

    Args:
        table: column `label`.
        ax: where to draw; a new figure if `None`.
    """
    ax = _or_new(ax)
    counts = table["label"].value_counts().sort_values()
    ax.barh(np.arange(len(counts)), counts, color=FIRST_COLOUR)
    _write_names(ax, "y", counts.index)
    ax.bar_label(ax.containers[0], padding=3)
    ax.set(xlabel="rows")
    ax.margins(x=0.12)
    return ax


def plot_cost_accuracy(table: "pd.DataFrame", ax: Place = None, *, cost: str = "seconds to train") -> Axes:
    """Draws the accuracy of each method, with its interval, against what it costs; names stand beside the points.

    Set the limits of `ax` before: the names are placed where they overlap neither each other nor a point or interval.

    Args:
        table: a row for each method, its name as index; columns `accuracy`, `low`, `high` and `cost`.
        ax: where to draw; a new figure if `None`; its x axis becomes logarithmic.
        cost: the column of the x axis, all above 0.

    Raises:
        ValueError: a cost is not above 0.
    """
    ax = _or_new(ax)
    if not (table[cost] > 0).all():
        raise ValueError(f"{cost}: expected numbers above 0, got {table[cost].tolist()}")
    sides = [table["accuracy"] - table["low"], table["high"] - table["accuracy"]]
    ax.errorbar(
        table[cost], table["accuracy"], yerr=sides, fmt="o", color=FIRST_COLOUR, ecolor="0.7", elinewidth=1, capsize=3
    )
    ax.set(xscale="log", ylabel="accuracy, with its 95 % interval")
    ax.set_xlabel(*fonts.readable([cost]), **fonts.as_written())
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.margins(x=0.15)
    ax.figure.draw_without_rendering()  # sizes and positions are known from here on
    ax.set(xlim=ax.get_xlim(), ylim=ax.get_ylim())
    points = ax.transData.transform(table[[cost, "accuracy"]].to_numpy(float))
    taken = [Bbox.from_bounds(x - 5, y - 5, 10, 10) for x, y in points]
    low, high = (ax.transData.transform(table[[cost, end]].to_numpy(float)) for end in ("low", "high"))
    taken += [Bbox.from_bounds(x - 3, y, 6, top - y) for (x, y), (_, top) in zip(low, high, strict=True)]
    for name, point in zip(fonts.readable(table.index), points, strict=True):
        taken.append(_write_name_near(name, point, taken, ax))
    return ax


def _or_new(ax: Axes | None) -> Axes:
    """Returns `ax`, or the axes of a new figure."""
    import matplotlib.pyplot as plt  # here: it takes a while

    return plt.subplots(layout="constrained")[1] if ax is None else ax


def _write_name_near(name: str, point: np.ndarray, taken: list[Bbox], ax: Axes) -> Bbox:
    """Writes `name` near `point` (in pixels), where it is free, and returns the box that it fills."""
    offsets = [(side, rise) for rise in (0, 12, -12, 24, -24, 36, -36, 48, -48, 60, -60) for side in (9, -9)]
    for side, rise in offsets:
        label = ax.annotate(
            name,
            ax.transData.inverted().transform(point),
            xytext=(side, rise),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": "0.6", "linewidth": 0.7} if rise else None,
            **fonts.as_written(),
        )
        label.get_window_extent()  # moves the text to its place; what it returns has the line in it as well
        box = Text.get_window_extent(label)
        inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1
        if (inside and not any(box.overlaps(other) for other in taken)) or (side, rise) == offsets[-1]:
            return box
        label.remove()
    raise AssertionError("the last offset is always taken")


def plot_gates(
    trace: "Trace", ax: Place = None, *, kind: str = "forget_gate", units: Units = None, num_units: int = 8
) -> Axes:
    """Draws one gate, or the memory, of an LSTM over the characters of a text: a row for each unit, a scale beside.

    Gates go from white (shut, 0) to black (open, 1); candidate, cell and output from blue (negative) to yellow.

    Args:
        trace: from `tracing.trace_lstm`.
        ax: where to draw; a new figure if `None`.
        kind: one of `options.KINDS`.
        units: which units; those whose memory moves most if `None`, see `busiest_units`.
        num_units: how many of these.

    Raises:
        ValueError: there is no such kind.
    """
    ax = _or_new(ax)
    check_choice("kind", kind, KINDS)
    units = busiest_units(trace, num_units=num_units) if units is None else list(units)
    values = getattr(trace, kind)[:, units].T  # (units, steps)
    if kind.endswith("gate"):
        image = ax.imshow(values, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    else:
        largest = max(np.abs(values).max(), 1e-6)
        image = ax.imshow(values, cmap="cividis", vmin=-largest, vmax=largest, aspect="auto")
    ax.figure.colorbar(image, ax=ax, pad=0.01)
    ax.set_yticks(range(len(units)), units)
    ax.set(ylabel="unit", title=kind.replace("_", " "))
    return _write_characters(trace.characters, ax)


def busiest_units(trace: "Trace", *, num_units: int = 8) -> list[int]:
    """Returns the units whose memory moves most between two characters of a text, most first."""
    moves = np.abs(np.diff(trace.cell, axis=0, prepend=0)).max(axis=0, initial=0)
    return [int(unit) for unit in np.argsort(-moves, kind="stable")[:num_units]]


def plot_memory(trace: "Trace", ax: Place = None, *, units: Units = None, num_units: int = 4) -> Axes:
    """Draws the memory cell of some units after each character.

    Args:
        trace: from `tracing.trace_lstm`.
        ax: where to draw; a new figure if `None`.
        units: which units; those whose memory moves most if `None`.
        num_units: how many of these.
    """
    ax = _or_new(ax)
    units = busiest_units(trace, num_units=num_units) if units is None else list(units)
    looks = itertools.product(
        ("-", "--", ":"), ((FIRST_COLOUR, "o"), (SECOND_COLOUR, "s"), ("black", "^"), ("0.5", "D"))
    )
    for unit, (line, (colour, marker)) in zip(units, looks, strict=False):
        ax.plot(trace.cell[:, unit], line, marker=marker, color=colour, label=f"unit {unit}")
    ax.axhline(0, color="0.8", linewidth=1, zorder=0)
    ax.set(ylabel="memory cell")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return _write_characters(trace.characters, ax)


def plot_saliency(table: "pd.DataFrame", ax: Place = None) -> Axes:
    """Draws how much each character speaks for the class (above 0) or against it, by two measures.

    Args:
        table: what `tracing.saliency` returned.
        ax: where to draw; a new figure if `None`.
    """
    ax = _or_new(ax)
    steps = np.arange(len(table))
    ax.bar(steps - 0.2, table["left_out"], 0.4, color=FIRST_COLOUR, label="lost when it is left out")
    ax.bar(
        steps + 0.2,
        table["gradient"],
        0.4,
        color=SECOND_COLOUR,
        hatch="//",
        edgecolor="white",
        label="gradient times vector",
    )
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(ylabel="log probability of the class")
    ax.legend(**ABOVE, frameon=False)
    return _write_characters(list(table["character"]), ax)


def _write_names(ax: Axes, axis: str, names: Sequence[Any], **settings: Any) -> None:
    """Writes names from data (classes, columns, words) at 0, 1, … of one axis, as they stand there."""
    set_ticks = {"x": ax.set_xticks, "y": ax.set_yticks}[axis]
    set_ticks(range(len(names)), fonts.readable(names), **fonts.as_written(), **settings)


def _write_legend(ax: Axes, handles: Sequence[Any], names: Sequence[Any], **settings: Any) -> None:
    """Writes a legend whose names come from data."""
    for text in ax.legend(handles, fonts.readable(names), frameon=False, **settings).get_texts():
        text.set(**fonts.as_written())


def _write_characters(characters: Sequence[str], ax: Axes) -> Axes:
    """Writes the characters of a text below the steps of an axis, with a font that has them."""
    shown = [char if char.strip() else "␣" for char in fonts.readable(characters)]
    _write_names(ax, "x", shown)
    if sum(map(len, shown)) > 2 * len(shown):  # words, or code points
        ax.tick_params("x", labelrotation=60)
    ax.set_xlabel("character")
    return ax
