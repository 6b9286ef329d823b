"""Figures of sweeps and reports: each function draws on the `Axes` it is given and returns it."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from textrnn.plots import FIRST_COLOUR, SECOND_COLOUR, plot_learning_curves

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_trials(scores: Sequence[float], ax: "Axes", *, name: str = "accuracy on dev") -> "Axes":
    """Draws the score of each trial in its order, and the best one so far.

    Args:
        scores: of the trials, `NaN` where one failed.
        ax: where to draw.
        name: what the scores are.
    """
    numbers = np.arange(len(scores))
    ax.plot(numbers, scores, "o", color=SECOND_COLOUR, label="a trial")
    ax.step(numbers, np.fmax.accumulate(scores), where="post", color=FIRST_COLOUR, label="the best so far")
    ax.set(xlabel="trial", ylabel=name)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(frameon=False)
    return ax


def plot_importance(shares: Mapping[str, float], ax: "Axes") -> "Axes":
    """Draws how much of the differences between trials each setting accounts for, most first.

    Args:
        shares: by setting, sum 1, as `optuna.importance.get_param_importances` gives them.
        ax: where to draw.
    """
    names = sorted(shares, key=lambda name: shares[name])
    ax.barh(names, [shares[name] for name in names], color=FIRST_COLOUR)
    ax.set(xlabel="share of the differences", xlim=(0, 1))
    return ax


def draw_curve(history: "pd.DataFrame", path: str | os.PathLike) -> None:
    """Writes the picture of the losses and the accuracy of each epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.5), layout="constrained")
    plot_learning_curves(history, figure.subplots())
    figure.savefig(path, dpi=150)


def draw_sweep(scores: Sequence[float], shares: Mapping[str, float], path: str) -> None:
    """Writes both pictures of a sweep into one file; without `shares`, that of the trials alone."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10 if shares else 5, 3.5), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, 2 if shares else 1))
    plot_trials(scores, axes[0])
    if shares:
        plot_importance(shares, axes[1])
    figure.savefig(path, dpi=150)


def plot_reliability(scores: np.ndarray, right: np.ndarray, ax: "Axes", *, num_bins: int = 10) -> "Axes":
    """Draws how often answers of each score are right; on the line a score says what it should.

    Args:
        scores: of the answers `(rows,)`, 0 to 1.
        right: whether each is right `(rows,)`.
        ax: where to draw.
        num_bins: of equal width.
    """
    bins = np.minimum((scores * num_bins).astype(int), num_bins - 1)
    counts = np.bincount(bins, minlength=num_bins)
    full = counts > 0
    mean = np.bincount(bins, weights=scores, minlength=num_bins)[full] / counts[full]
    share = np.bincount(bins, weights=right, minlength=num_bins)[full] / counts[full]
    ax.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    ax.plot(mean, share, "o-", color=FIRST_COLOUR)
    for x, y, count in zip(mean, share, counts[full], strict=True):
        ax.annotate(f"{count:,}", (x, y), xytext=(4, -11), textcoords="offset points", fontsize=8, color="0.3")
    ax.set(xlabel="score of the answer", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.05))
    return ax
