"""`textrnn evaluate`: a saved model scored on labelled texts, class by class."""

import contextlib

import click

from textrnn import cards
from textrnn.cli.shared import (
    answer_options,
    answers_of,
    columns_of,
    examples,
    in_chunks,
    in_json,
    interval,
    label_column_option,
    load_classifier,
    table_options,
)


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
@table_options
@label_column_option
def evaluate(model, file, encoding, text_column, label_column, as_json, long_text, **options):
    """Scores a model on labelled texts, class by class.

    Printed are accuracy with its 95 % interval, calibration error, and precision, recall and F1 of each class. FILE is
    a TSV or CSV: `label<TAB>text`, or with a header that names both columns. The calibration error is how far the
    scores are from the share of right answers, 0 at best.
    """
    from textrnn import datasets, metrics

    cards.read_card(model)
    table = datasets.read_table(file, encoding=encoding, text_column=text_column, label_column=label_column)
    classifier = load_classifier(model, **options)

    metrics.label_ids(table["label"], classifier.label_names, name=file)  # refuses labels that the model lacks
    predicted, scores = [], []
    answers = answers_of(classifier, in_chunks(table["text"]), total=len(table), long_text=long_text)
    with contextlib.closing(answers):
        for _, labels, sure in answers:
            predicted += list(labels)
            scores += list(sure)
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
