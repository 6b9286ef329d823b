"""`textrnn report`: what a model does on a table, as one page to show someone."""

import sys
import warnings
from pathlib import Path

import click

from textrnn import cards
from textrnn.cli.evaluate import tell_known_texts
from textrnn.cli.shared import examples, labelled_options, load_classifier, loading_options, replacing
from textrnn.extras import require
from textrnn.lines import flat


@click.command(
    epilog=examples("textrnn report headlines-textrnn datasets/headlines/test.tsv --out report.html"),
)
@click.argument("model")
@click.argument("file")
@click.option("--out", "-o", metavar="FILE", required=True, help="The report: one HTML file.")
@loading_options
@labelled_options
def report(model, file, out, sha256, **columns):
    """Writes a report on a model and a table of labelled texts that it was not trained on.

    One HTML file that opens anywhere, loads nothing and runs nothing: scores beside baselines (where the training data
    is found), the data, curves (of a model in the folder of a run), each class, the confusion, how sure the model is,
    its worst mistakes with the characters that decided, likely wrong labels, and copies. MODEL may be a run.
    """
    require("textrnn report", "matplotlib", "sklearn", "scipy")
    from textrnn import datasets, experiments

    folder = experiments.model_of(model)
    card = cards.read_card(folder)
    with replacing(Path(out)) as beside:
        table = datasets.read_table(file, **columns)
        classifier = load_classifier(str(folder), runtime="numpy", sha256=sha256)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            if isinstance(card["trained_on"], dict):
                tell_known_texts(card["trained_on"], table, file)
        said = " ".join(str(warning.message) for warning in caught)
        for warning in caught:
            click.echo(f"Warning: {flat(str(warning.message))}", err=True)
        train = experiments.find_training_data(classifier, file, table)
        bars = {"progress": sys.stderr.isatty()}
        found = experiments.find_out(classifier, table, train=train, warning=said, **bars)
        name = cards.in_utf8(Path(model).name or str(folder))
        page = experiments.build_report(found, name=name, file=cards.in_utf8(Path(file).name), **bars)
        beside.write_text(page, encoding="utf-8")
    click.echo(f"{flat(out)}: {Path(out).stat().st_size / 1e6:.1f} MB; open it in a browser")
