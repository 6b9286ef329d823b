"""`textrnn evaluate`: a saved model scored on labelled texts, class by class."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textrnn import cards
from textrnn.cli.shared import (
    answer_options,
    answers_of,
    columns_of,
    examples,
    in_json,
    interval,
    labelled_options,
    load_classifier,
)

if TYPE_CHECKING:
    import pandas as pd


@click.command(
    epilog=examples(
        "textrnn evaluate headlines-textrnn datasets/headlines/test.tsv",
        "textrnn evaluate headlines-textrnn datasets/headlines/test.tsv --json",
    )
)
@click.argument("model")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@answer_options
@labelled_options
def evaluate(model, file, as_json, long_text, encoding, text_column, label_column, on_empty, **options):
    """Scores a model on labelled texts, class by class.

    Printed are accuracy with its 95 % interval, calibration error, and precision, recall and F1 of each class. FILE is
    a table of any form that train takes. The calibration error is how far the scores are from the share of right
    answers, 0 at best. Texts that the model was trained on are counted, where its training data can be found.
    """
    from textrnn import datasets, metrics

    card = cards.read_card(model)
    columns = {"encoding": encoding, "text_column": text_column, "label_column": label_column}
    table = datasets.read_table(file, on_empty=on_empty, **columns)
    classifier = load_classifier(model, **options)

    metrics.label_ids(table["label"], classifier.label_names, name=file)  # refuses labels that the model lacks
    tell_known_texts(card["trained_on"], table, file)
    predicted, scores = answers_of(classifier, list(table["text"]), long_text=long_text)
    overall = metrics.accuracy(table["label"], predicted)
    overall["calibration_error"] = metrics.calibration_error(table["label"], predicted, scores)
    report = metrics.report(table["label"], predicted)
    if as_json:
        click.echo(in_json(overall | {"classes": report.to_dict(orient="index")}))
        return
    click.echo(f"accuracy {interval(overall)} of {len(table):,} rows, calibration error ", nl=False)
    click.echo(f"{overall['calibration_error']:.4f}\n")
    rows = ([name, *(f"{score:.3f}" for score in row[:3]), f"{row[3]:,}"] for name, *row in report.itertuples())
    click.echo(columns_of(["class", "precision", "recall", "F1", "rows"], rows))


def tell_known_texts(trained_on: dict[str, Any], table: "pd.DataFrame", file: str) -> None:
    """Warns of texts that the model was trained on: if this is its file, or if that lies beside, or is a named set."""
    from textrnn import datasets

    files, rows = trained_on["files"], trained_on["rows"]
    sha256 = table.attrs.get("sha256")
    if sha256 in files.values() and len(table) not in {rows.get("dev"), rows.get("test")}:
        warnings.warn(f"{file}: the model was trained on this file: its scores promise too much", stacklevel=2)
        return
    named = datasets.SETS.get(trained_on["name"])
    folders = [Path(file).parent, *([found] if named and (found := named.find()) else [])]
    for path in (folder / name for folder in folders for name in files):
        if path.is_file() and cards.sha256_of_file(path) != sha256 and cards.sha256_of_file(path) in files.values():
            with warnings.catch_warnings(action="ignore"):
                known = datasets.read_table(path)
            if len(known) in (rows["train"], sum(rows.values())):  # or train and dev were drawn from it
                splits = datasets.Splits(known, None, table)
                names = {"train": path.name, "test": file}
                datasets.tell_copies(splits, advice=f"the model was trained on {path.name}", names=names)
                return
