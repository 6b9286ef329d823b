"""`textrnn train`: the recommended network trained on labelled texts, scored beside simple baselines, and saved."""

import contextlib
import functools
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textrnn import cards
from textrnn.cli.settings import setting_options, settings_given
from textrnn.cli.shared import examples, import_tensorflow, interval, labelled_options, tell
from textrnn.extras import require

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from textrnn.datasets import Splits
    from textrnn.experiments import Files, Given
    from textrnn.recipes import Recipe
    from textrnn.saving import Classifier
    from textrnn.training import Workers


@click.command(
    epilog=examples(
        "textrnn train datasets/headlines/train.tsv --dev datasets/headlines/dev.tsv --out models/mine",
        "textrnn train datasets/headlines/train.tsv --out models/mine --set units=256 --set epochs=8",
        "textrnn train datasets/headlines/train.tsv --run runs/small --set units=32",
        "textrnn train datasets/headlines/train.tsv --continue-from headlines-textrnn --out models/mine",
        "textrnn train datasets/headlines/train.tsv --show-config --set units=256",
        "textrnn train TABLE.csv --out models/mine --workers 127.0.0.1:5000,127.0.0.1:5001 --worker 0",
        "textrnn predict models/mine 国足客场一球小胜",
    )
)
@click.argument("file", required=False)
@click.option("--out", "-o", metavar="FOLDER", help="Where the model goes, whole; an older one there is replaced.")
@click.option(
    "--run", metavar="FOLDER", help="Keep settings, scores and answers here, and without --out the model: textrnn runs."
)
@click.option("--continue-from", metavar="MODEL", help="Train this saved model on, with new words and classes too.")
@click.option("--dev", metavar="FILE", help="Choose the best epoch and score on this; else on 15 % of FILE.")
@click.option("--seed", type=click.IntRange(0), help="The same seed, the same model; 0 unless given.")
@setting_options
@click.option("--show-config", is_flag=True, help="Print all settings as TOML for --config, and train nothing.")
@click.option("--resume", metavar="FOLDER", help="Keep checkpoints here; the same command goes on from the newest.")
@click.option("--tensorboard", metavar="FOLDER", help="Where logs for TensorBoard go, if anywhere.")
@click.option("--workers", metavar="HOST:PORT,…", help="Train in several processes together: the addresses of all.")
@click.option(
    "--worker", type=int, metavar="NUMBER", help="Which of --workers this one is, from 0; 0 writes the model."
)
@click.option("--wait", type=click.FloatRange(0, min_open=True), default=300, help="Seconds for all --workers to come.")
@click.option("--licence", default=cards.LICENCE, help="For the card of the model.")
@click.option("--limits", default=cards.LIMITS, help="For the card of the model.")
@click.option("--copies-together", is_flag=True, help="Keep rows of the same text on one side when FILE is split.")
@labelled_options
def train(
    file, out, run, dev, seed, sets, config, like, show_config, copies_together, worker, licence, limits, **options
):
    """Trains a network on labelled texts and saves it.

    It is the recommended one; simple baselines are printed beside it, that you may see whether it is worth its time.
    FILE is a table with texts and labels (TSV, CSV, JSON, JSON lines, fastText, Parquet, Excel; .gz), or a folder with
    a folder of texts for each class, or with files of train and dev. Without a header a row is `label<TAB>text`. 4,550
    headlines take a minute or two on a laptop. Ctrl-C leaves nothing behind but the checkpoints, if you asked for them.

    --set overrides --config, --config overrides --like, and --like overrides the recommended settings.
    """
    from textrnn import experiments

    given = settings_given(sets=sets, config=config, like=like, seed=seed)
    rest = {"resume": options.pop("resume"), "log_dir": options.pop("tensorboard")}
    addresses, wait = _addresses(worker, options.pop("workers")), options.pop("wait")
    given, rest["before"] = _before(options.pop("continue_from"), given)
    files = experiments.Files(file, dev, copies_together, options)
    if show_config:
        whole = given.recipe_for(files.read(seed=given.seed).train) if file else None
        click.echo(given.to_toml(whole), nl=False)
        return
    if not file or not (out or run):
        raise click.UsageError("Missing argument 'FILE'." if not file else "Missing option '--out' / '-o', or '--run'.")
    require("textrnn train", "tensorflow", "keras", "sklearn", "scipy")
    if worker:
        _train_beside(files, given, workers=_joined(worker, addresses, wait), **rest)
        return
    folder = Path(out) if out else Path(run) / experiments.MODEL
    _check_places(folder, **{"FILE": file, "--dev": dev, "--resume": rest["resume"], "--run": run if out else None})
    card = {"seed": given.seed, "licence": licence, "limits": limits}
    cards.check_card(dict.fromkeys(cards.CARD_FIELDS) | card)
    with experiments.begun(run) if run else contextlib.nullcontext() as place:
        if addresses:
            rest["workers"] = _joined(worker, addresses, wait)
        _train_and_keep(files, given, card, folder=folder, place=place, **rest)


def _before(model: str | None, given: "Given") -> "tuple[Given, Classifier | None]":
    """Returns the model that is trained on, if there is one, and the settings, with those that it has and keeps."""
    if not model:
        return given, None
    from textrnn import experiments, saving

    before = saving.load_classifier(model)
    return experiments.settings_to_continue(before.network.data, given), before


def _addresses(worker: int | None, workers: str | None) -> list[str]:
    """Returns the addresses of the processes that train together, checked; none if this one is alone."""
    if (worker is None) != (workers is None):
        raise ValueError(
            "--worker and --workers: expected both or neither: the number of this one, the addresses of all"
        )
    addresses = [] if workers is None else [address.strip() for address in workers.split(",")]
    if addresses:
        from textrnn.checks import check_workers

        check_workers(worker, addresses)
    return addresses


def _joined(worker: int, addresses: list[str], wait: float) -> "Workers":
    """Returns the processes that train together, once all are there."""
    import_tensorflow()
    from textrnn import training

    tell(f"worker {worker} of {len(addresses)}, at {addresses[worker]}; the others have {wait:g} s to come")
    return training.Workers(worker, addresses, wait=wait)


def _train_beside(files: "Files", given: "Given", **options: Any):
    """Trains as one of several processes, not the one that writes the model."""
    splits = files.read(seed=given.seed)
    _, history = _train(splits, given.recipe_for(splits.train), seed=given.seed, **options)
    tell(f"worker {options['workers'].index}: done after {len(history)} epochs; worker 0 writes the model")


def _train_and_keep(
    files: "Files",
    given: "Given",
    card: dict[str, Any],
    *,
    folder: Path,
    place: Path | None,
    before: "Classifier | None",
    **options: Any,
):
    """Trains, prints scores beside those of baselines, saves the model, and writes the run if it has a place."""
    from textrnn import experiments

    splits = files.read(seed=given.seed)
    if before:
        experiments.check_classes(before.network.data, splits.train)
    tell(
        f"{len(splits.train):,} rows to train on; accuracy on {len(splits.dev):,} others, with its 95 % interval:",
        to_stdout=True,
    )
    baselines = _score_baselines(splits)
    import_tensorflow()
    settings = given.recipe_for(splits.train)
    if place:
        (place / experiments.CONFIG).write_text(given.to_toml(settings), encoding="utf-8")
    model, history = _train(splits, settings, seed=given.seed, before=before, **options)
    settings = settings.changed(linear_cells=history.attrs.get("linear_cells", False))  # wished for, not always there
    if (read := history.attrs["share_read"]) < 1:
        tell(f"long texts: {read:.0%} of the characters were read in {settings.epochs} epochs; more epochs read more")
    answers = experiments.answers_on(model, splits.dev)
    about = cards.describe(files.train, splits)
    if before:
        about["continued_from"] = {"name": before.folder.name, "sha256": cards.fingerprint(before.folder)}
        _print_before(before, answers)
    _print_score("TextRNN", splits.dev, answers["predicted"], history.attrs["seconds"])
    card = card | {
        "trained_on": about,
        "settings": settings.to_config(),
        "metrics": {"dev": experiments.scores_of(answers)},
        "training_seconds": round(history.attrs["seconds"]),
    }
    card = {name: card[name] for name in cards.CARD_FIELDS}
    save_or_rescue(model, folder, card=card, texts=list(splits.dev["text"][:1000]))
    tell(f"saved: {folder}, after epoch {history.attrs['best_epoch']}, the best of {len(history)}", to_stdout=True)
    if place:
        record = card | {"baselines": baselines, "model": os.path.relpath(folder, place)}
        experiments.write_run(place, answers=answers, history=history, record=record)
        tell(f"kept: {place}; textrnn runs {place.parent} lists it", to_stdout=True)


def _score_baselines(splits: "Splits") -> dict[str, dict[str, float]]:
    from textrnn import baselines

    found = {}
    fit_linear = functools.partial(baselines.fit_linear, progress=sys.stderr.isatty())
    for name, fit in (("majority", baselines.fit_majority), ("linear SVM", fit_linear)):
        start = time.perf_counter()
        predicted = fit(splits.train).predict(splits.dev["text"])
        found[name] = _print_score(name, splits.dev, predicted, time.perf_counter() - start)
    return found


def _print_before(before: "Classifier", answers: "pd.DataFrame"):
    """Prints how the model that is trained on did on dev, and how the two compare on the classes that it had."""
    from textrnn import experiments

    if experiments.share_counted(before.network.data, answers) > experiments.KNOWN:
        tell("Warning: most rows of dev look as if the model had learnt them: give others as --dev")
    start = time.perf_counter()
    said = before.predict(answers["text"])
    _print_score("before", answers, said, time.perf_counter() - start)
    own = answers["label"].isin(before.label_names).to_numpy()
    rows = answers[own]
    test = experiments.compare_answers(rows["label"], said[own], rows["predicted"], texts=rows["text"]).test
    what = "right before alone {only_first}, now alone {only_second}; p = {p:.2g}".format(**test)
    tell(f"on the {len(rows):,} rows of its {len(before.label_names)} classes: {what}", to_stdout=True)


def _train(
    splits: "Splits", settings: "Recipe", *, before: "Classifier | None", resume: str | None, **options: Any
) -> tuple["keras.Model", "pd.DataFrame"]:
    from textrnn import experiments, training

    options |= {"resume": resume, "progress": sys.stderr.isatty()}
    try:
        if before:
            given = experiments.Given(settings.to_config())
            return experiments.continue_training(before.folder, splits.train, splits.dev, given=given, **options)
        return training.train_textrnn(splits.train, splits.dev, settings=settings, **options)
    except KeyboardInterrupt:
        if resume:
            click.echo("The same command goes on from here.", err=True)
        raise


def _print_score(name: str, dev: "pd.DataFrame", predicted: Sequence[str], seconds: float) -> dict[str, float]:
    from textrnn import metrics

    scores, counts = metrics.accuracy(dev["label"], predicted), dev["label"].value_counts()
    uneven = counts.max() >= 3 * counts.min()  # the frequent classes decide the accuracy
    macro = f", macro F1 {metrics.report(dev['label'], predicted)['f1']['macro']:.4f}" if uneven else ""
    tell(f"{name:12}{interval(scores)}{macro}  {seconds:.0f} s", to_stdout=True)
    return scores


def _check_places(folder: Path, **places: str | None):
    """Raises what saving would raise at the end, before a training that takes minutes."""
    cards.is_replaceable_model(folder)
    whole = cards.resolved(folder)
    if (name := cards.in_utf8(str(whole))) != str(whole):
        raise ValueError(f"--out: expected a folder whose name is UTF-8, got {name}")
    for option, inside in places.items():
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
