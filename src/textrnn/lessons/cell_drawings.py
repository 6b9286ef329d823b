"""Drawings of one LSTM cell as it grows from a plain recurrent cell, and of two steps in a row."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from textrnn.lessons.diagrams import ACCENT, LINE, draw_box, draw_disc, draw_path, leave_blank

NEW = "tab:red"  # what a stage adds
STAGES = ("plain", "cell", "forget gate", "input gate", "output gate")
STEP_WIDTH = 6.9  # of one step of an LSTM in `draw_lstm_chain`
TOP, GATES, BUS, BELOW = 3.4, 1.2, 0.3, -0.5  # heights: cell, boxes, what they are fed with, the way back of h
FORGET, INPUT, ADD, OUTPUT, SHOW, RIGHT = 1.3, 2.4, 3.5, 4.8, 6.0, 7.6  # from left to right


def _draw_gate(ax: Axes, x: float, name: str, meets: tuple[float, float], color: str) -> None:
    """Draws the box of a gate over the bus, its way up, and the multiplication that it steers."""
    draw_path(ax, (x, BUS), (x, GATES - 0.28))
    draw_box(ax, x, GATES, rf"$\sigma$  ${name}$", width=0.9, height=0.56, color=color)
    draw_disc(ax, *meets, "×", color=color)
    if meets[0] == x:
        draw_path(ax, (x, GATES + 0.28), (x, meets[1] - 0.24), color=color)
    else:
        draw_path(ax, (x, GATES + 0.28), (x, meets[1]), (meets[0] - 0.24, meets[1]), color=color)


def _draw_memory(ax: Axes, color: str) -> None:
    """Draws the cell: the upper line, its loop, and the sum on it."""
    draw_path(ax, (ADD + 0.24, TOP), (RIGHT, TOP), (RIGHT, 4.2), (0, 4.2), (0, TOP), (ADD - 0.24, TOP), color=color)
    draw_disc(ax, ADD, TOP, "+", color=color)
    ax.text(ADD, 4.32, "$c$: kept for the next step", color=color, ha="center", va="bottom")
    ax.text(0.12, TOP - 0.12, "$c_{t-1}$", color=color, va="top")
    ax.text(RIGHT - 0.12, TOP - 0.12, "$c_t$", color=color, ha="right", va="top")


def draw_lstm_cell(ax: Axes, *, stage: str = "output gate", peephole: bool = False) -> Axes:
    """Returns `ax` with a recurrent cell that has grown up to a stage; what the stage adds is red.

    The cell `c` runs in a loop above (blue), the output `h` in a loop below. Boxes compute a vector from the input
    and the last output; × and + work number by number.

    Args:
        ax: where to draw.
        stage: `"plain"`, `"cell"`, `"forget gate"`, `"input gate"` or `"output gate"` (all of it).
        peephole: whether to mark the three gates that also see the cell; then nothing is red.

    Raises:
        ValueError: the stage is another one.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = draw_lstm_cell(Figure().subplots(), stage="input gate")
        >>> sum(text.get_text() == "×" for text in ax.texts)
        2
    """
    if stage not in STAGES:
        raise ValueError(f"stage: expected one of {', '.join(STAGES)}, got {stage!r}")
    level = STAGES.index(stage)

    def color(number: int, old: str = LINE) -> str:
        return NEW if number == level and number and not peephole else old

    ax.text(-1.0, BUS, "$x_t$", ha="center", va="center")
    draw_path(ax, (-0.75, BUS), (0.35, BUS))
    draw_path(ax, (0.35, BUS), (OUTPUT if level == 4 else ADD, BUS), head=False)
    draw_path(ax, (ADD, BUS), (ADD, GATES - 0.28))
    draw_box(ax, ADD, GATES, "tanh  $g$" if level else "tanh", width=1.1, height=0.56)
    low = GATES if level == 0 else 0.75
    if level == 0:
        draw_path(ax, (ADD + 0.55, low), (RIGHT + 0.3, low))
    else:
        _draw_memory(ax, color(1, ACCENT))
        draw_path(ax, (ADD, GATES + 0.28), (ADD, TOP - 0.24))
        draw_path(ax, (SHOW, TOP), (SHOW, 3.0), color=color(1))
        draw_box(ax, SHOW, 2.75, "tanh", width=0.9, height=0.5, color=color(1))
        draw_path(ax, (SHOW, 2.5), (SHOW, low), (RIGHT + 0.3, low))
    for number, x, name, meets in (
        (2, FORGET, "f", (FORGET, TOP)),
        (3, INPUT, "i", (ADD, 2.3)),
        (4, OUTPUT, "o", (SHOW, 1.8)),
    ):
        if number <= level:
            _draw_gate(ax, x, name, meets, color(number))
            if peephole:
                ax.text(x - 0.3, GATES + 0.46, "$c$", color=ACCENT, ha="center", va="center")
    ax.text(RIGHT + 0.4, low, "$h_t$", ha="left", va="center")
    draw_path(ax, (6.8, low), (6.8, BELOW), (0.35, BELOW), (0.35, BUS), head=False)
    ax.text(ADD, BELOW - 0.12, "$h$: also an input of the next step", ha="center", va="top")
    return leave_blank(ax, xlim=(-1.3, 8.6), ylim=(-1.1, 4.8))


def _draw_lstm_step(ax: Axes, left: float, time: str) -> None:
    """Draws one step: cell on the upper line, gates in the middle, output on the lower line."""
    top, gates, bus, right = 3.4, 1.3, 0.3, left + STEP_WIDTH
    forget, write, show = left + 1.6, left + 3.1, left + 5.5
    ax.add_patch(Rectangle((left + 0.7, -0.1), 5.5, 4.0, facecolor="0.97", edgecolor="0.6", linestyle="--", zorder=0))
    draw_path(ax, (left, top), (forget - 0.24, top), color=ACCENT)
    draw_path(ax, (forget + 0.24, top), (write - 0.24, top), color=ACCENT)
    draw_path(ax, (write + 0.24, top), (right, top), color=ACCENT, head=False)
    for x, y, label in ((forget, top, "×"), (write, top, "+"), (write, 2.45, "×"), (show, 1.6, "×")):
        draw_disc(ax, x, y, label)
    columns = {"f": forget, "i": left + 2.55, "g": left + 3.65, "o": left + 4.6}
    for name, x in columns.items():
        draw_path(ax, (x, bus), (x, gates - 0.28))
        draw_box(ax, x, gates, f"${name}$", width=0.8, height=0.56)
    draw_path(ax, (forget, gates + 0.28), (forget, top - 0.24))
    draw_path(ax, (columns["i"], gates + 0.28), (write - 0.14, 2.25))
    draw_path(ax, (columns["g"], gates + 0.28), (write + 0.14, 2.25))
    draw_path(ax, (write, 2.69), (write, top - 0.24))
    draw_path(ax, (columns["o"] + 0.4, 1.45), (show - 0.22, 1.58))
    draw_path(ax, (show, top), (show, 2.91))
    draw_box(ax, show, 2.65, "tanh", width=0.8, height=0.5)
    draw_path(ax, (show, 2.4), (show, 1.84))
    draw_path(ax, (show, 1.36), (show, bus), (right, bus), head=False)
    ax.plot([left, columns["o"]], [bus, bus], color=LINE, linewidth=1.4, zorder=2)
    draw_path(ax, (show, 0.95), (show + 0.55, 0.95), head=False)
    draw_path(ax, (show + 0.55, 0.95), (show + 0.55, 4.3))
    ax.text(show + 0.55, 4.5, f"output $h_{{{time}}}$", ha="center", va="center")
    draw_path(ax, (left + 1.05, -0.75), (left + 1.05, bus))
    ax.text(left + 1.05, -0.95, f"input $x_{{{time}}}$", ha="center", va="center")


def draw_lstm_chain(ax: Axes) -> Axes:
    """Returns `ax` with two LSTM steps: how cell c and output h carry context from one step to the next.

    The upper (blue) line is the cell: it is scaled by the forget gate and added to, nothing else. The lower
    line joins the previous output h with the new input x; gates and candidate are computed from it.

    Args:
        ax: where to draw; a wide one.

    Example:
        >>> from matplotlib.figure import Figure
        >>> ax = draw_lstm_chain(Figure().subplots())
        >>> [text.get_text() for text in ax.texts if text.get_text().startswith("$c_")]
        ['$c_{t-1}$', '$c_{t}$', '$c_{t+1}$']
    """
    for step, time in enumerate(("t", "t+1")):
        _draw_lstm_step(ax, STEP_WIDTH * step, time)
    for step, time in enumerate(("t-1", "t", "t+1")):
        ax.text(STEP_WIDTH * step, 3.55, f"$c_{{{time}}}$", ha="center", va="bottom", color=ACCENT)
        ax.text(STEP_WIDTH * step, 0.12, f"$h_{{{time}}}$", ha="center", va="top")
    return leave_blank(ax, xlim=(-0.8, 2 * STEP_WIDTH + 0.8), ylim=(-1.3, 4.9))
