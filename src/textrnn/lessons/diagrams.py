"""Drawings of recurrent networks and of what they remember: each takes an `Axes` and returns it."""

import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch
from numpy.typing import ArrayLike

from textrnn import fonts

LINE, SHADE, ACCENT = "0.15", "0.92", "tab:blue"


def draw_box(
    ax: Axes, x: float, y: float, text: str, *, width: float = 1.0, height: float = 0.6, color: str = LINE
) -> None:
    """Draws a box with rounded corners around (x, y), the text in its middle."""
    corner = (x - width / 2, y - height / 2)
    style = "round,pad=0,rounding_size=0.12"
    ax.add_patch(FancyBboxPatch(corner, width, height, boxstyle=style, facecolor=SHADE, edgecolor=color, zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4, fontfamily=fonts.family())


def draw_disc(ax: Axes, x: float, y: float, text: str, *, color: str = LINE) -> None:
    """Draws a small circle around (x, y) with one sign in it, such as a multiplication."""
    ax.add_patch(Circle((x, y), 0.24, facecolor="white", edgecolor=color, zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4)


def draw_path(ax: Axes, *points: tuple[float, float], color: str = LINE, head: bool = True) -> None:
    """Draws a line from point to point, with the head of an arrow at its end if wanted."""
    if head:
        style = {"arrowstyle": "-|>", "color": color, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", points[-1], points[-2], arrowprops=style, zorder=2)
        points = points[:-1]
    if len(points) > 1:
        ax.plot(*zip(*points, strict=True), color=color, linewidth=1.4, zorder=2, solid_joinstyle="miter")


def leave_blank(ax: Axes, *, xlim: tuple[float, float], ylim: tuple[float, float]) -> Axes:
    """Returns `ax` without axes, a unit as long upwards as sideways."""
    ax.set(xlim=xlim, ylim=ylim, aspect="equal")
    ax.axis("off")
    return ax


def draw_folded(ax: Axes, *, inputs: str, state: str, output: str, memory: bool = True) -> Axes:
    """Returns `ax` with a network drawn once: with its memory as a blue loop, or without one (feed-forward).

    Example:
        >>> ax = draw_folded(Figure().subplots(), inputs="word", state="hidden", output="label")
        >>> [text.get_text() for text in ax.texts if text.get_text()]
        ['word', 'hidden', 'label', 'memory']
    """
    for y, label in zip((0.0, 1.3, 2.6), (inputs, state, output), strict=True):
        draw_box(ax, 0, y, label, width=1.4)
    draw_path(ax, (0, 0.3), (0, 1.0))
    draw_path(ax, (0, 1.6), (0, 2.3))
    if memory:
        draw_path(ax, (0.7, 1.45), (1.25, 1.45), (1.25, 1.15), (0.7, 1.15), color=ACCENT)
        ax.text(1.35, 1.3, "memory", color=ACCENT, ha="left", va="center")
    return leave_blank(ax, xlim=(-1.0, 2.5), ylim=(-1.0, 3.1))


def draw_unrolled(
    ax: Axes, *, inputs: Sequence[str], states: Sequence[str], outputs: Sequence[str], memory: str = "state"
) -> Axes:
    """Returns `ax` with one recurrent network drawn once per step, the memory passed on by blue arrows.

    Args:
        ax: where to draw.
        inputs: one label per step, bottom row; where it is empty, nothing is put in.
        states: one label per step, middle row (the hidden units).
        outputs: one label per step, top row; where it is empty, nothing comes out.
        memory: `"state"` (Elman: the hidden units are passed on) or `"output"` (Jordan).

    Raises:
        ValueError: the three rows are not equally long, or the memory is neither of the two.

    Example:
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
            if label or y == 1.3:
                draw_box(ax, x, y, label, width=1.4)
        ax.text(x, -0.65, f"step {step + 1}", ha="center", va="center", color="0.35")
        for label, start in ((labels[0], 0.3), (labels[2], 1.6)):
            if label:
                draw_path(ax, (x, start), (x, start + 0.7))
        if step + 1 < len(inputs):
            draw_path(ax, (x + 0.7, 1.3 if memory == "state" else 2.6), (x + 1.9, 1.3), color=ACCENT)
    return leave_blank(ax, xlim=(-1.0, 2.6 * len(inputs) - 1.6), ylim=(-1.0, 3.1))


def draw_reading(
    figure: Figure,
    step: int,
    *,
    sentences: Mapping[str, Sequence[str]],
    states: Mapping[str, ArrayLike],
    probs: Mapping[str, ArrayLike],
    classes: Sequence[str],
) -> None:
    """Draws two readers of two sentences after so many words: the words, the memory of each, and its answer.

    A third row is the difference of the two memories. Frames for `moving_picture`.

    Args:
        figure: an empty one.
        step: how many words have been read, less one.
        sentences: two names, and the words of each; equally many.
        states: by name, the memory after each word, shape `(steps, units)`, between -1 and 1.
        probs: by name, the answer after each word, shape `(steps, classes)`.
        classes: the names of the answers.
    """
    one, other = sentences
    now = {name: np.asarray(states[name])[step] for name in sentences}
    rows = [*now.items(), ("difference", np.abs(now[one] - now[other]))]
    axes = figure.subplots(3, 2, width_ratios=(4, 1), gridspec_kw={"hspace": 0.9, "wspace": 0.06, "right": 0.87})
    for (left, right), (name, values) in zip(axes, rows, strict=True):
        low, cmap = (-1, "RdBu") if name in sentences else (0, "Greys")
        left.imshow(values[None], cmap=cmap, vmin=low, vmax=1, aspect="auto")
        left.set(xticks=[], yticks=[])
        left.set_ylabel(name, rotation=0, ha="right", va="center")
        if name not in sentences:
            left.set_xlabel(
                "one square per hidden unit: red −1, white 0, blue +1; difference: black 1 or more", fontsize=9
            )
            right.axis("off")
            continue
        ends = np.cumsum([len(word) + 2 for word in sentences[name]])
        for place, word in enumerate(sentences[name]):
            style = (
                {"weight": "bold", "color": ACCENT} if place == step else {"color": LINE if place < step else "0.75"}
            )
            middle = (ends[place] - len(word) / 2 - 1) / ends[-1]
            left.text(middle, 1.25, word, transform=left.transAxes, ha="center", **style)
        right.barh(range(len(classes)), np.asarray(probs[name])[step], color="0.35")
        right.set(xlim=(0, 1), xticks=[], ylim=(len(classes) - 0.5, -0.5))
        right.yaxis.tick_right()
        right.set_yticks(range(len(classes)), classes, fontsize=9)


def moving_picture(
    draw: Callable[[Figure, int], None],
    num_frames: int,
    *,
    size: tuple[float, float] = (8.5, 2.9),
    seconds: float = 1.5,
) -> bytes:
    """Returns a picture that moves, as the bytes of an animated PNG: it plays wherever a picture is shown.

    Args:
        draw: draws frame number `0, 1, …` on an empty figure.
        num_frames: how many frames there are.
        size: width and height of the figure in inches.
        seconds: how long each frame is shown; the last one twice as long.

    Example:
        >>> moving_picture(lambda figure, frame: None, 2)[1:4]
        b'PNG'
    """
    from PIL import Image

    frames = []
    for frame in range(num_frames):
        figure, page = Figure(figsize=size), io.BytesIO()
        draw(figure, frame)
        figure.savefig(page, dpi=90, facecolor="white")
        frames.append(Image.open(page).convert("P", palette=Image.Palette.ADAPTIVE, colors=64))
    times = [int(1000 * seconds)] * (num_frames - 1) + [int(2000 * seconds)]
    result = io.BytesIO()
    frames[0].save(result, "PNG", save_all=True, append_images=frames[1:], duration=times, loop=0)
    return result.getvalue()


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
