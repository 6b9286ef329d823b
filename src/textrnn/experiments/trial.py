"""One training from files, settings and a seed to scores: what a run, a sweep and a worker elsewhere do."""

import contextlib
import os
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn import cards
from textrnn.checks import warn
from textrnn.experiments.config import Given
from textrnn.experiments.runs import CONFIG, MODEL, RECORD, begun, is_going_on, write_run
from textrnn.extras import import_tensorflow

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from textrnn.datasets import Splits

PAUSE = 0.5  # seconds between two looks at a run that another process trains
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Files:
    """What to train on and what to score on, as plain values that another process takes.

    Attributes:
        train: a path that `datasets.read_table` reads, or a folder with files of train and dev (`read_splits`).
        dev: another file; where there is none, 15 % of train are drawn.
        copies_together: whether rows of the same text stay on one side of that draw.
        columns: what `read_table` takes beside the path: `encoding`, `text_column`, `label_column`, `on_empty`.
    """

    train: str
    dev: str | None = None
    copies_together: bool = False
    columns: Mapping[str, Any] = field(default_factory=dict)

    def absolute(self) -> "Files":
        """Returns the same files, by paths that hold whatever folder a process is in."""
        dev = self.dev and str(Path(self.dev).absolute())
        return replace(self, train=str(Path(self.train).absolute()), dev=dev)

    def read(self, *, seed: int) -> "Splits":
        """Returns train and dev; nothing about their columns is guessed."""
        from textrnn import datasets

        train, dev = self.train, self.dev
        if Path(train).is_dir() and (found := datasets.find_splits(Path(train)))["train"]:
            train, dev = found["train"], dev or found["dev"]
            what = Path(dev).name if dev else "drawn from it"
            warn(f"{self.train}: train is {train.name}, dev is {what}; a test is not read")
        if not dev:
            table = datasets.read_table(train, may_guess=False, **self.columns)
            return datasets.split_table(table, test=0, seed=seed, copies_together=self.copies_together)
        splits = datasets.read_files(train, dev, may_guess=False, **self.columns)
        datasets.tell_copies(splits, advice="leave them out of one file")
        return splits


def train_once(files: Files, settings: Mapping[str, Any], seed: int, folder: str | os.PathLike) -> dict[str, float]:
    """Returns the scores on dev of one training, which leaves a run with its model in `folder`.

    The same files, settings and seed give the same scores. The function prints nothing and shares nothing with another
    call, so that it can run in any process.

    Args:
        files: what to train and score on.
        settings: values by the names of `recipes.Recipe`; the others are as recommended.
        seed: decides the split, the first weights, dropout and the order of the batches.
        folder: of the run.

    Raises:
        ValueError: a setting or a file is not what it should be; before any training.
        FileExistsError: another run is kept in `folder`.
    """
    given = Given(settings, seed)
    with begun(folder) as place:
        splits = files.read(seed=seed)
        recipe = given.recipe_for(splits.train)
        (place / CONFIG).write_text(given.to_toml(recipe), encoding="utf-8")
        from textrnn import saving, training

        model, history = training.train_textrnn(splits.train, splits.dev, settings=recipe, seed=seed, progress=False)
        answers = answers_on(model, splits.dev)
        card = {
            "trained_on": cards.describe(files.train, splits),
            "seed": seed,
            "settings": recipe.to_config(),
            "metrics": {"dev": scores_of(answers)},
            "training_seconds": round(history.attrs["seconds"]),
            "licence": cards.LICENCE,
            "limits": cards.LIMITS,
        }
        saving.save_classifier(model, place / MODEL, card=card)
        return write_run(place, answers=answers, history=history, record={**card, "model": MODEL}).scores


def answers_on(model: "keras.Model", dev: "pd.DataFrame") -> "pd.DataFrame":
    """Returns what a network says of the rows of dev, as a saved model will: `text`, `label`, `predicted`, `score`."""
    from textrnn import saving

    found = saving.to_numpy_network(model).predict_table(dev["text"])
    columns = {"text": dev["text"], "label": dev["label"], "predicted": found["label"], "score": found["score"]}
    return dev[[]].assign(**columns).astype({"score": float})


def scores_of(answers: "pd.DataFrame") -> dict[str, float]:
    """Returns the scores of answers: `accuracy` with `low` and `high`, `rows`, `calibration_error`."""
    from textrnn import metrics

    scores = metrics.accuracy(answers["label"], answers["predicted"])
    error = metrics.calibration_error(answers["label"], answers["predicted"], answers["score"])
    return scores | {"calibration_error": error}


def train_trial(files: Files, settings: Mapping[str, Any], seed: int, folder: str | os.PathLike):
    """Does `train_once` on a worker of a sweep, unless the run is there; what is said goes to a log beside it.

    A worker with several threads trains one at a time all the same. Where another process still trains in `folder`,
    one that was given up for dead or that of a killed sweep, its run is waited for.
    """
    place = Path(folder)
    with _ONE_AT_A_TIME, place.with_suffix(".log").open("a", encoding="utf-8") as log:
        while is_going_on(place):
            time.sleep(PAUSE)
        if (place / RECORD).is_file():
            return
        import_tensorflow("textrnn sweep")
        with contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
            try:
                train_once(files, settings, seed, folder)
            except BaseException:
                traceback.print_exc()
                raise
