"""Two runs or models on the same rows: which is better, by how much, whether luck would do, and where they differ."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textrnn.experiments.runs import is_run, read_run

if TYPE_CHECKING:
    import pandas as pd

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


def compare(first: str | os.PathLike, second: str | os.PathLike, *, on: "pd.DataFrame | None" = None) -> Comparison:
    """Returns how two runs or saved models did on the same rows.

    Args:
        first: the folder of a run or of a saved model, or the name of a shipped model.
        second: another.
        on: a table with the columns `text` and `label`, which both answer; without one, two runs are compared by what
            they said of the same dev, and nothing is computed.

    Raises:
        ValueError: there is no table and the two are no runs with the same dev, or a run has no model to ask.
        FileNotFoundError: there is no run and no model.
    """
    sides = [_answers(side, on) for side in (first, second)]
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


def _answers(side: str | os.PathLike, on: "pd.DataFrame | None") -> "pd.DataFrame":
    if on is not None:
        from textrnn import saving

        return on.assign(predicted=list(saving.load_classifier(model_of(side)).predict(on["text"])))
    if not is_run(side):
        model_of(side)
        raise ValueError(f"{side}: expected a run, which holds what it said of its dev; a model needs a table (--on)")
    run = read_run(side)
    if not run.record:
        raise ValueError(f"{side}: this run has not come to its end")
    return run.answers()
