"""Drawings of recurrent networks and of what their gates do: each takes an `Axes` and returns it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from numpy.typing import ArrayLike

from textrnn import fonts

LINE, SHADE, ACCENT = "0.15", "0.92", "tab:blue"
STEP_WIDTH = 6.9  # of one step of an LSTM in `draw_lstm_chain`


def _box(ax: Axes, x: float, y: float, text: str, *, width: float = 1.0, height: float = 0.6) -> None:
    corner = (x - width / 2, y - height / 2)
    style = "round,pad=0,rounding_size=0.12"
    ax.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, facecolor=SHADE, edgecolor=LINE, zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4, fontfamily=fonts.family())


def _disc(ax: Axes, x: float, y: float, text: str) -> None:
    ax.add_patch(Circle((x, y), 0.24, facecolor="white", edgecolor=LINE, zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], *, color: str = LINE) -> None:
    style = {"arrowstyle": "-|>", "color": color, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style, zorder=2)


def _blank(ax: Axes, *, xlim: tuple[float, float], ylim: tuple[float, float]) -> Axes:
    ax.set(xlim=xlim, ylim=ylim, aspect="equal")
    ax.axis("off")
    return ax


def draw_unrolled(
    ax: Axes, *, inputs: Sequence[str], states: Sequence[str], outputs: Sequence[str], memory: str = "state"
) -> Axes:
    """Returns `ax` with one recurrent network drawn once per step, the memory passed on by blue arrows.

    Args:
        ax: where to draw.
        inputs: one label per step, bottom row.
        states: one label per step, middle row (the hidden units).
        outputs: one label per step, top row.
        memory: `"state"` (Elman: the hidden units are passed on) or `"output"` (Jordan).

    Raises:
        ValueError: the three rows are not equally long, or the memory is neither of the two.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = draw_unrolled(Figure().subplots(), inputs=["1"], states=["2"], outputs=["4"])
        >>> [text.get_text() for text in ax.texts if text.get_text()]
        ['1', '2', '4', 'step 1']
    """
    if not len(inputs) == len(states) == len(outputs):
        raise ValueError(
            "inputs, states, outputs: expected one label per step in each, "
            f"got {len(inputs)}, {len(states)} and {len(outputs)}"
        )
    if memory not in ("state", "output"):
        raise ValueError(f"memory: expected 'state' or 'output', got {memory!r}")
    for step, labels in enumerate(zip(inputs, states, outputs, strict=True)):
        x = 2.6 * step
        for y, label in zip((0.0, 1.3, 2.6), labels, strict=True):
            _box(ax, x, y, label, width=1.4)
        ax.text(x, -0.65, f"step {step + 1}", ha="center", va="center", color="0.35")
        _arrow(ax, (x, 0.3), (x, 1.0))
        _arrow(ax, (x, 1.6), (x, 2.3))
        if step + 1 < len(inputs):
            start = (x + 0.7, 1.3 if memory == "state" else 2.6)
            _arrow(ax, start, (x + 1.9, 1.3), color=ACCENT)
    return _blank(ax, xlim=(-1.0, 2.6 * len(inputs) - 1.6), ylim=(-1.0, 3.1))


def draw_lstm_neuron(ax: Axes) -> Axes:
    """Returns `ax` with one LSTM neuron: four inputs (z, zi, zf, zo), three gates, one output a.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = draw_lstm_neuron(Figure().subplots())
        >>> sorted(text.get_text() for text in ax.texts if text.get_text() in ("z", "zi", "zf", "zo", "a"))
        ['a', 'z', 'zf', 'zi', 'zo']
    """
    _box(ax, 0, 2.5, "memory cell c", width=2.8, height=0.7)
    for y, label in ((1.1, "×"), (3.9, "×")):
        _disc(ax, 0, y, label)
    _arrow(ax, (0, -0.75), (0, -0.3))
    _disc(ax, 0, -0.05, "g")
    _arrow(ax, (0, 0.19), (0, 0.86))
    _arrow(ax, (0, 1.34), (0, 2.15))
    _arrow(ax, (0, 2.85), (0, 3.66))
    _arrow(ax, (0, 4.14), (0, 4.85))
    ax.text(0, -0.95, "z", ha="center", va="center")
    ax.text(0, 5.05, "a", ha="center", va="center")
    ax.text(0.12, 3.25, "h(c)", ha="left", va="center")
    for y, name, gate, end in ((1.1, "zi", "input gate", -0.24), (3.9, "zo", "output gate", -0.24)):
        ax.text(-3.4, y, name, ha="center", va="center")
        _arrow(ax, (-3.15, y), (-2.44, y))
        _disc(ax, -2.2, y, "f")
        _arrow(ax, (-1.96, y), (end, y))
        ax.text(-1.1, y + 0.2, gate, ha="center", va="center", fontsize="small")
    ax.text(4.4, 2.5, "zf", ha="center", va="center")
    _arrow(ax, (4.15, 2.5), (3.64, 2.5))
    _disc(ax, 3.4, 2.5, "f")
    _arrow(ax, (3.16, 2.5), (1.4, 2.5))
    ax.text(2.3, 2.72, "forget gate", ha="center", va="center", fontsize="small")
    return _blank(ax, xlim=(-3.8, 4.8), ylim=(-1.3, 5.4))


def _draw_lstm_step(ax: Axes, left: float, time: str, *, peephole: bool) -> None:
    """Draws one step: cell on the upper line, gates in the middle, output on the lower line."""
    top, gates, bus, right = 3.4, 1.3, 0.3, left + STEP_WIDTH
    forget, write, show = left + 1.6, left + 3.1, left + 5.5
    ax.add_patch(Rectangle((left + 0.7, -0.1), 5.5, 4.0, facecolor="0.97", edgecolor="0.6", linestyle="--", zorder=0))
    _arrow(ax, (left, top), (forget - 0.24, top), color=ACCENT)
    _arrow(ax, (forget + 0.24, top), (write - 0.24, top), color=ACCENT)
    ax.plot([write + 0.24, right], [top, top], color=ACCENT, linewidth=1.4, zorder=2)
    for x, y, label in ((forget, top, "×"), (write, top, "+"), (write, 2.45, "×"), (show, 1.6, "×")):
        _disc(ax, x, y, label)
    columns = {"zf": forget, "zi": left + 2.55, "z": left + 3.65, "zo": left + 4.6}
    for name, x in columns.items():
        _arrow(ax, (x, bus), (x, gates - 0.28))
        _box(ax, x, gates, name, width=0.8, height=0.56)
        if peephole and name != "z":
            ax.text(x - 0.3, gates + 0.46, "c", color=ACCENT, ha="center", va="center", fontsize="small")
    _arrow(ax, (forget, gates + 0.28), (forget, top - 0.24))
    _arrow(ax, (columns["zi"], gates + 0.28), (write - 0.14, 2.25))
    _arrow(ax, (columns["z"], gates + 0.28), (write + 0.14, 2.25))
    _arrow(ax, (write, 2.69), (write, top - 0.24))
    _arrow(ax, (columns["zo"] + 0.4, 1.45), (show - 0.22, 1.58))
    _arrow(ax, (show, top), (show, 2.91))
    _box(ax, show, 2.65, "tanh", width=0.8, height=0.5)
    _arrow(ax, (show, 2.4), (show, 1.84))
    ax.plot([show, show, right], [1.36, bus, bus], color=LINE, linewidth=1.4, zorder=2)
    ax.plot([left, columns["zo"]], [bus, bus], color=LINE, linewidth=1.4, zorder=2)
    ax.plot([show, show + 0.55], [0.95, 0.95], color=LINE, linewidth=1.4, zorder=2)
    _arrow(ax, (show + 0.55, 0.95), (show + 0.55, 4.3))
    ax.text(show + 0.55, 4.5, f"output h({time})", ha="center", va="center")
    _arrow(ax, (left + 1.05, -0.75), (left + 1.05, bus))
    ax.text(left + 1.05, -0.95, f"input x({time})", ha="center", va="center")


def draw_lstm_chain(ax: Axes, *, peephole: bool = False) -> Axes:
    """Returns `ax` with two LSTM steps: how cell c and output h carry context from one step to the next.

    The upper (blue) line is the cell: it is scaled by the forget gate and added to, nothing else. The lower
    line joins the previous output h with the new input x; the four inputs of the neuron are computed from it.

    Args:
        ax: where to draw; a wide one.
        peephole: whether to mark the three gates that also see the cell.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = draw_lstm_chain(Figure().subplots())
        >>> [text.get_text() for text in ax.texts if text.get_text().startswith("c(")]
        ['c(t-1)', 'c(t)', 'c(t+1)']
    """
    for step, time in enumerate(("t", "t+1")):
        _draw_lstm_step(ax, STEP_WIDTH * step, time, peephole=peephole)
    for step, time in enumerate(("t-1", "t", "t+1")):
        ax.text(STEP_WIDTH * step, 3.55, f"c({time})", ha="center", va="bottom", color=ACCENT)
        ax.text(STEP_WIDTH * step, 0.12, f"h({time})", ha="center", va="top")
    return _blank(ax, xlim=(-0.8, 2 * STEP_WIDTH + 0.8), ylim=(-1.3, 4.9))


def plot_values(
    ax: Axes,
    values: ArrayLike,
    *,
    row_names: Sequence[str],
    words: Sequence[str],
    limits: tuple[float, float] = (-1.0, 1.0),
) -> Axes:
    """Returns `ax` with a grey heat map over a sentence, each number written into its field.

    Args:
        ax: where to draw.
        values: shape `(rows, steps)`.
        row_names: one per row, such as `"input gate"`.
        words: one per step.
        limits: the values drawn white and black.

    Raises:
        ValueError: names and words do not fit the shape of the values.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = plot_values(Figure().subplots(), [[0.5, 1.0]], row_names=["cell"], words=["leave", "Taipei"])
        >>> [text.get_text() for text in ax.texts]
        ['0.5', '1.0']
    """
    values = np.asarray(values, dtype=float)
    if values.shape != (len(row_names), len(words)):
        raise ValueError(f"values: expected shape (rows, steps) = ({len(row_names)}, {len(words)}), got {values.shape}")
    low, high = limits
    ax.imshow(values, cmap="Greys", vmin=low, vmax=high, aspect="auto")
    ax.set_xticks(range(len(words)), fonts.readable(words), rotation=35, ha="right", **fonts.as_written())
    ax.set_yticks(range(len(row_names)), fonts.readable(row_names), **fonts.as_written())
    ax.tick_params(length=0)
    for (row, step), value in np.ndenumerate(values):
        dark = (value - low) / (high - low) > 0.55
        text = f"{value:.1f}".replace("-0.0", "0.0").replace("-", "−")
        ax.text(step, row, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")
    return ax
