"""`textrnn train`: the recommended network trained on labelled texts, scored beside simple baselines, and saved."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textrnn import cards
from textrnn.cli.shared import examples, import_tensorflow, interval, labelled_options
from textrnn.extras import require

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from textrnn.datasets import Splits
    from textrnn.training import Recipe


@click.command(
    epilog=examples(
        "textrnn train datasets/headlines/train.tsv --dev datasets/headlines/dev.tsv --out models/mine",
        "textrnn predict models/mine 国足客场一球小胜",
    )
)
@click.argument("file")
@click.option(
    "--out", "-o", metavar="FOLDER", required=True, help="Where the model goes, whole; an older one there is replaced."
)
@click.option("--dev", metavar="FILE", help="Choose the best epoch and score on this; else on 15 % of FILE.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same model.")
@click.option("--resume", metavar="FOLDER", help="Keep checkpoints here; the same command goes on from the newest.")
@click.option("--licence", default=cards.LICENCE, help="For the card of the model.")
@click.option("--limits", default=cards.LIMITS, help="For the card of the model.")
@click.option("--copies-together", is_flag=True, help="Keep rows of the same text on one side when FILE is split.")
@labelled_options
def train(file, out, dev, seed, resume, licence, limits, copies_together, **columns):
    """Trains a network on labelled texts and saves it.

    It is the recommended one; simple baselines are printed beside it, that you may see whether it is worth its time.
    FILE is a table with texts and labels (TSV, CSV, JSON, JSON lines, fastText, Parquet, Excel; .gz), or a folder with
    a folder of texts for each class. Without a header a row is `label<TAB>text`. 4,550 headlines take a minute or two
    on a laptop. Ctrl-C leaves nothing behind but the checkpoints, if you asked for them.
    """
    require("textrnn train", "tensorflow", "keras", "sklearn", "scipy")
    folder = Path(out)
    _check_model_folder(folder)
    splits = _read_splits(file, dev, seed=seed, copies_together=copies_together, columns=columns)
    click.echo(
        f"{len(splits.train):,} rows to train on; accuracy on {len(splits.dev):,} others, with its 95 % interval:"
    )
    _score_baselines(splits)
    import_tensorflow()
    from textrnn import saving, training

    settings = training.recipe(len(splits.train))
    model, history = _train(splits, settings, seed=seed, resume=resume)
    scores = _score_network(model, splits.dev, seconds=history.attrs["seconds"])
    card = {
        "trained_on": cards.describe(file, splits),
        "seed": seed,
        "settings": settings.to_config(),
        "metrics": {"dev": scores},
        "training_seconds": round(history.attrs["seconds"]),
        "licence": licence,
        "limits": limits,
    }
    saving.save_classifier(model, folder, card=card, texts=list(splits.dev["text"][:1000]))
    click.echo(f"saved: {folder}, after epoch {history.attrs['best_epoch']}, the best of {len(history)}")


def _read_splits(file: str, dev: str | None, *, seed: int, copies_together: bool, columns: dict[str, Any]) -> "Splits":
    from textrnn import datasets

    if not dev:
        table = datasets.read_table(file, may_guess=False, **columns)
        return datasets.split_table(table, test=0, seed=seed, copies_together=copies_together)
    splits = datasets.read_files(file, dev, may_guess=False, **columns)
    datasets.tell_copies(splits, advice="leave them out of one file")
    return splits


def _score_baselines(splits: "Splits") -> None:
    from textrnn import baselines

    for name, fit in (("majority", baselines.fit_majority), ("linear SVM", baselines.fit_linear)):
        start = time.perf_counter()
        predicted = fit(splits.train).predict(splits.dev["text"])
        _print_score(name, splits.dev, predicted, time.perf_counter() - start)


def _train(
    splits: "Splits", settings: "Recipe", *, seed: int, resume: str | None
) -> tuple["keras.Model", "pd.DataFrame"]:
    from textrnn import training

    progress = sys.stderr.isatty()
    try:
        return training.train_textrnn(
            splits.train, splits.dev, settings=settings, seed=seed, resume=resume, progress=progress
        )
    except KeyboardInterrupt:
        if resume:
            click.echo("The same command goes on from here.", err=True)
        raise


def _score_network(model: "keras.Model", dev: "pd.DataFrame", *, seconds: float) -> dict[str, float]:
    """Scores the network as a user of the saved model will: long texts are read in windows."""
    from textrnn import metrics, saving

    answers = saving.to_numpy_network(model).predict_table(dev["text"])
    scores = _print_score("TextRNN", dev, answers["label"], seconds)
    scores["calibration_error"] = metrics.calibration_error(dev["label"], answers["label"], answers["score"])
    return scores


def _print_score(name: str, dev: "pd.DataFrame", predicted: Sequence[str], seconds: float) -> dict[str, float]:
    from textrnn import metrics

    scores = metrics.accuracy(dev["label"], predicted)
    click.echo(f"{name:12}{interval(scores)}  {seconds:.0f} s")
    return scores


def _check_model_folder(folder: Path):
    """Raises what saving would raise at the end, before a training that takes minutes."""
    cards.is_replaceable_model(folder)
    above = next(parent for parent in folder.resolve().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise PermissionError(f"{folder}: cannot be written: {above} is no folder that you may write to")
