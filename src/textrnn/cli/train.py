"""`textrnn train`: the recommended network trained on labelled texts, scored beside simple baselines, and saved."""

import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textrnn import cards
from textrnn.cli.settings import setting_options, settings_given, show
from textrnn.cli.shared import examples, import_tensorflow, interval, labelled_options, tell
from textrnn.extras import require

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from textrnn.datasets import Splits
    from textrnn.recipes import Recipe


@click.command(
    epilog=examples(
        "textrnn train datasets/headlines/train.tsv --dev datasets/headlines/dev.tsv --out models/mine",
        "textrnn train datasets/headlines/train.tsv --out models/mine --set units=256 --set epochs=8",
        "textrnn train datasets/headlines/train.tsv --show-config --set units=256",
        "textrnn predict models/mine 国足客场一球小胜",
    )
)
@click.argument("file", required=False)
@click.option("--out", "-o", metavar="FOLDER", help="Where the model goes, whole; an older one there is replaced.")
@click.option("--dev", metavar="FILE", help="Choose the best epoch and score on this; else on 15 % of FILE.")
@click.option("--seed", type=click.IntRange(0), help="The same seed, the same model; 0 unless given.")
@setting_options
@click.option("--resume", metavar="FOLDER", help="Keep checkpoints here; the same command goes on from the newest.")
@click.option("--licence", default=cards.LICENCE, help="For the card of the model.")
@click.option("--limits", default=cards.LIMITS, help="For the card of the model.")
@click.option("--copies-together", is_flag=True, help="Keep rows of the same text on one side when FILE is split.")
@labelled_options
def train(file, out, dev, seed, resume, licence, limits, copies_together, sets, config, like, show_config, **columns):
    """Trains a network on labelled texts and saves it.

    It is the recommended one; simple baselines are printed beside it, that you may see whether it is worth its time.
    FILE is a table with texts and labels (TSV, CSV, JSON, JSON lines, fastText, Parquet, Excel; .gz), or a folder with
    a folder of texts for each class. Without a header a row is `label<TAB>text`. 4,550 headlines take a minute or two
    on a laptop. Ctrl-C leaves nothing behind but the checkpoints, if you asked for them.

    Settings are the recommended ones but for those of --like, of --config, and of --set, each before the one named
    ahead of it.
    """
    given = settings_given(sets=sets, config=config, like=like, seed=seed)
    seed = given.seed
    if show_config:
        splits = _read_splits(file, dev, seed=seed, copies_together=copies_together, columns=columns) if file else None
        show(given, num_rows=len(splits.train) if splits else None)
        return
    if not file or not out:
        raise click.UsageError("Missing argument 'FILE'." if not file else "Missing option '--out' / '-o'.")
    require("textrnn train", "tensorflow", "keras", "sklearn", "scipy")
    folder = Path(out)
    _check_places(folder, file=file, dev=dev, resume=resume)
    card = {"seed": seed, "licence": licence, "limits": limits}
    cards.check_card(dict.fromkeys(cards.CARD_FIELDS) | card)
    splits = _read_splits(file, dev, seed=seed, copies_together=copies_together, columns=columns)
    tell(
        f"{len(splits.train):,} rows to train on; accuracy on {len(splits.dev):,} others, with its 95 % interval:",
        to_stdout=True,
    )
    _score_baselines(splits)
    import_tensorflow()
    settings = given.recipe(len(splits.train))
    model, history = _train(splits, settings, seed=seed, resume=resume)
    if (read := history.attrs["share_read"]) < 1:
        tell(f"long texts: {read:.0%} of the characters were read in {settings.epochs} epochs; more epochs read more")
    scores = _score_network(model, splits.dev, seconds=history.attrs["seconds"])
    card = card | {
        "trained_on": cards.describe(file, splits),
        "settings": settings.to_config(),
        "metrics": {"dev": scores},
        "training_seconds": round(history.attrs["seconds"]),
    }
    card = {name: card[name] for name in cards.CARD_FIELDS}
    save_or_rescue(model, folder, card=card, texts=list(splits.dev["text"][:1000]))
    tell(f"saved: {folder}, after epoch {history.attrs['best_epoch']}, the best of {len(history)}", to_stdout=True)


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

    scores, counts = metrics.accuracy(dev["label"], predicted), dev["label"].value_counts()
    uneven = counts.max() >= 3 * counts.min()  # the frequent classes decide the accuracy
    macro = f", macro F1 {metrics.report(dev['label'], predicted)['f1']['macro']:.4f}" if uneven else ""
    tell(f"{name:12}{interval(scores)}{macro}  {seconds:.0f} s", to_stdout=True)
    return scores


def _check_places(folder: Path, *, file: str, dev: str | None, resume: str | None):
    """Raises what saving would raise at the end, before a training that takes minutes."""
    cards.is_replaceable_model(folder)
    whole = cards.resolved(folder)
    if (name := cards.in_utf8(str(whole))) != str(whole):
        raise ValueError(f"--out: expected a folder whose name is UTF-8, got {name}")
    for option, inside in {"FILE": file, "--dev": dev, "--resume": resume}.items():
        if inside and cards.resolved(Path(inside)).is_relative_to(whole):
            raise ValueError(f"{option}: {inside} lies in {folder}, which the model replaces whole; give another place")
    above = next(parent for parent in whole.parents if parent.exists())
    try:
        tempfile.TemporaryDirectory(prefix=".textrnn-", dir=above).cleanup()
    except OSError as error:
        why = f"{above} is no folder that you may write to: {error.strerror}"
        raise PermissionError(f"{folder}: cannot be written: {why}") from None


def save_or_rescue(model: "keras.Model", folder: Path, *, card: dict[str, Any], texts: list[str]):
    """Saves the model: where it should go, or else wherever it can be written, since it may have taken hours.

    Raises:
        OSError: it is not where it should be; the message says where it is.
        ValueError: the same.
    """
    from textrnn import saving

    try:
        saving.save_classifier(model, folder, card=card, texts=texts)
    except (OSError, ValueError) as error:
        for place in (folder.parent, Path.cwd(), Path(tempfile.gettempdir())):
            if where := _rescued(model, place, name=folder.name, card=card):
                raise type(error)(f"{error}; it was saved as {where} instead") from error
        raise


def _rescued(model: "keras.Model", place: Path, *, name: str, card: dict[str, Any]) -> str | None:
    """Returns where in a folder the model was saved, if it was: as a model of the kit, or as Keras saves one."""
    from textrnn import saving

    with contextlib.suppress(OSError, ValueError):
        other = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=place))
        with contextlib.suppress(OSError, ValueError):
            return str(saving.save_classifier(model, other, card=card))
        other.rmdir()
        model.save(other.with_suffix(".keras"))
        return f"{other}.keras (for keras.models.load_model, after `import textrnn.layers`)"
    return None
