"""`textrnn evaluate`: a saved model scored on labelled texts, class by class."""

import functools
import sys
import warnings
from typing import TYPE_CHECKING, Any

import click

from textrnn import cards
from textrnn.cli.shared import answer_options, columns_of, examples, interval, labelled_options, load_classifier
from textrnn.lines import in_json

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
    from textrnn import datasets, experiments, metrics

    card = cards.read_card(model)
    columns = {"encoding": encoding, "text_column": text_column, "label_column": label_column}
    table = datasets.read_table(file, on_empty=on_empty, **columns)
    classifier = load_classifier(model, **options)

    experiments.check_labels(classifier, table)
    tell_known_texts(card["trained_on"], table, file)
    answer = functools.partial(classifier.predict_proba, long_text=long_text)
    probs = experiments.answers_in_chunks(answer, table["text"], progress=sys.stderr.isatty())
    predicted, scores = classifier.labels_of(probs), probs.max(axis=1)
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
    from textrnn import datasets, experiments

    rows, sha256 = trained_on["rows"], table.attrs.get("sha256")
    if sha256 in trained_on["files"].values() and len(table) not in {rows.get("dev"), rows.get("test")}:
        warnings.warn(f"{file}: the model was trained on this file: its scores promise too much", stacklevel=2)
        return
    for path, known in experiments.training_tables(trained_on, file):
        if cards.sha256_of_file(path) != sha256:
            names = {"train": path.name, "test": file}
            advice = f"the model was trained on {path.name}"
            datasets.tell_copies(datasets.Splits(known, None, table), advice=advice, names=names)
            return
