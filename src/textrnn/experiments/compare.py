"""Two runs or models on the same rows: which is better, by how much, whether luck would do, and where they differ."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from tqdm import tqdm

from textrnn.experiments.runs import is_run, read_run

if TYPE_CHECKING:
    import pandas as pd

CHUNK_TEXTS = 8192  # answered at a time
BAR_DELAY = 1.0  # seconds before a bar is shown
ALPHA = 0.05  # what would happen less often by luck is taken for a difference


class Comparison(NamedTuple):
    """How two classifiers did on the same rows."""

    first: dict[str, float]  # accuracy, low, high, rows
    second: dict[str, float]
    difference: dict[str, float]  # second less first: difference, low, high
    test: dict[str, float]  # `metrics.mcnemar`: only_first, only_second, p
    differing: "pd.DataFrame"  # the rows on which they differ: text, label, first, second

    @property
    def better(self) -> str | None:
        """Which one is better, `"first"` or `"second"`; `None` if luck would make such a difference too."""
        if self.test["p"] >= ALPHA:
            return None
        return "second" if self.difference["difference"] > 0 else "first"


def compare(
    first: str | os.PathLike,
    second: str | os.PathLike,
    *,
    on: "pd.DataFrame | None" = None,
    progress: bool = False,
) -> Comparison:
    """Returns how two runs or saved models did on the same rows.

    Args:
        first: the folder of a run or of a saved model, or the name of a shipped model.
        second: another.
        on: a table with the columns `text` and `label`, which both answer; without one, two runs are compared by what
            they said of the same dev, and nothing is computed.
        progress: whether a bar runs if it takes long.

    Raises:
        ValueError: there is no table and the two are no runs with the same dev, or a run has no model to ask.
        FileNotFoundError: there is no run and no model.
    """
    sides = [_answers(side, on, progress=progress) for side in (first, second)]
    if on is None and not sides[0][["text", "label"]].equals(sides[1][["text", "label"]]):
        raise ValueError(f"{first}, {second}: were scored on other rows than each other; give a table for both (--on)")
    return compare_answers(sides[0]["label"], sides[0]["predicted"], sides[1]["predicted"], texts=sides[0]["text"])


def compare_answers(true: Any, first: Any, second: Any, *, texts: Any) -> Comparison:
    """Returns how two lists of labels for the same texts compare.

    Args:
        true: the labels.
        first: what one classifier said.
        second: what the other said.
        texts: which they are of.
    """
    import pandas as pd

    from textrnn import metrics

    rows = pd.DataFrame({"text": list(texts), "label": list(true), "first": list(first), "second": list(second)})
    return Comparison(
        metrics.accuracy(rows["label"], rows["first"]),
        metrics.accuracy(rows["label"], rows["second"]),
        metrics.accuracy_difference(rows["label"], rows["first"], rows["second"]),
        metrics.mcnemar(rows["label"], rows["first"], rows["second"]),
        rows[rows["first"] != rows["second"]].reset_index(drop=True),
    )


def model_of(side: str | os.PathLike) -> Path | str:
    """Returns the model of a run, or the model that `side` is.

    Raises:
        ValueError: the run has none, or has not come to its end.
    """
    if not is_run(side):
        return side
    run = read_run(side)
    if run.model is None:
        raise ValueError(f"{side}: expected a run with a model to ask, found none in it")
    return run.model


def answers_in_chunks(answer: Callable[[list[str]], np.ndarray], texts: Sequence[str], *, progress: bool) -> np.ndarray:
    """Returns what `answer` says of all texts, asked for some at a time under a bar that runs if it takes long."""
    texts, found = list(texts), []
    with tqdm(total=len(texts), unit=" texts", delay=BAR_DELAY, disable=not progress) as bar:
        for first in range(0, len(texts), CHUNK_TEXTS):
            found.append(answer(texts[first : first + CHUNK_TEXTS]))
            bar.update(len(found[-1]))
    return np.concatenate(found)


def _answers(side: str | os.PathLike, on: "pd.DataFrame | None", *, progress: bool) -> "pd.DataFrame":
    if on is not None:
        from textrnn import saving

        classifier = saving.load_classifier(model_of(side))
        return on.assign(predicted=list(answers_in_chunks(classifier.predict, on["text"], progress=progress)))
    if not is_run(side):
        raise ValueError(f"{side}: expected a run, which holds what it said of its dev; a model needs a table (--on)")
    run = read_run(side)
    if not run.record:
        raise ValueError(f"{side}: this run has not come to its end")
    return run.answers()
