"""`textrnn runs` and `compare`: the runs that were kept, and which of two is better; without TensorFlow."""

import sys
from typing import TYPE_CHECKING, Any

import click

from textrnn import cards
from textrnn.cli.evaluate import tell_known_texts
from textrnn.cli.shared import columns_of, examples, interval, labelled_options
from textrnn.extras import require
from textrnn.lines import flat, in_json

if TYPE_CHECKING:
    import pandas as pd

    from textrnn.experiments import Comparison, Run


@click.command(epilog=examples("textrnn train datasets/headlines/train.tsv --run runs/first", "textrnn runs runs"))
@click.argument("folder", default="runs")
@click.option("--json", "as_json", is_flag=True, help="The records as they are, one JSON object on each line.")
def runs(folder, as_json):
    """Lists the runs in FOLDER, oldest first: what textrnn train --run has kept.

    Of the settings those are shown in which some of the runs differ. A run's folder holds config.toml (for train
    --config), history.csv, dev.jsonl (what it said of each row of dev), classes.csv, confusion.csv and run.json.
    """
    from textrnn import experiments

    found = experiments.find_runs(folder)
    if as_json:
        for run in found:
            click.echo(in_json({"run": run.folder.name, **run.record}))
        return
    if not found:
        click.echo(f"No run in {flat(folder)}: textrnn train FILE --run FOLDER keeps one.", err=True)
        return
    differing = experiments.differing_settings(found)
    header = ["run", "accuracy on dev", "macro F1", "rows", "best epoch", "seconds", "settings in which they differ"]
    rows = [_row_of(run, settings) for run, settings in zip(found, differing, strict=True)]
    click.echo(columns_of(header, rows, numbers=False))


def _row_of(run: "Run", settings: dict[str, Any]) -> list[str]:
    if not run.record:
        return [run.folder.name, "not finished", *[""] * 5]
    rows, scores = run.record["trained_on"]["rows"], run.scores
    shown = " ".join(f"{name}={'none' if value is None else _flat_list(value)}" for name, value in settings.items())
    return [
        run.folder.name,
        interval(scores),
        f"{scores['macro_f1']:.4f}",
        f"{rows['train']:,} + {scores['rows']:,}",
        str(run.record["best_epoch"]),
        str(run.record["training_seconds"]),
        shown,
    ]


def _flat_list(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@click.command(
    epilog=examples(
        "textrnn compare runs/first runs/small",
        "textrnn compare headlines-textrnn models/mine --on datasets/headlines/test.tsv",
    )
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--on", metavar="FILE", help="A table with texts and labels that both answer; needed for models.")
@click.option("--rows", type=click.IntRange(0), default=10, show_default=True, help="How many differing texts to show.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all texts on which they differ.")
@labelled_options
def compare(first, second, on, rows, as_json, **columns):
    """Says which of two runs or models is better, by how much, and on which texts they differ.

    A and B are folders of runs or of saved models. Two runs that were scored on the same dev need no FILE: what they
    said is in their folders. The interval is of the difference between paired answers (Bonett & Price 2012), the test
    that of McNemar (1947).
    """
    require("textrnn compare", "scipy")
    from textrnn import experiments

    table = _read(on, first, second, columns) if on else None
    found = experiments.compare(first, second, on=table, progress=sys.stderr.isatty())
    if as_json:
        parts = {name: getattr(found, name) for name in ("first", "second", "difference", "test", "better")}
        click.echo(in_json({**parts, "differing": found.differing.to_dict("records")}))
        return
    click.echo(_said(found, first, second))
    if rows and len(found.differing):
        both_wrong = int((found.differing[["first", "second"]].ne(found.differing["label"], axis=0)).all(axis=1).sum())
        shown = min(rows, len(found.differing))
        click.echo(f"\n{len(found.differing)} differing answers, {both_wrong} of them wrong in both; {shown} of them:")
        lines = found.differing.head(rows)[["label", "first", "second", "text"]].itertuples(index=False)
        click.echo(columns_of(["label", "A says", "B says", "text"], lines, numbers=False))


def _read(on: str, first: str, second: str, columns: dict[str, Any]) -> "pd.DataFrame":
    from textrnn import datasets, experiments

    models = [experiments.model_of(side) for side in (first, second)]
    trained_on = [cards.read_card(model)["trained_on"] for model in models]  # before the table, which may be long
    table = datasets.read_table(on, **columns)
    for model, known in zip(dict.fromkeys(models), trained_on, strict=False):
        if isinstance(known, dict):
            tell_known_texts(known, table, on)
        lacking = sorted(set(table["label"]) - set(cards.read_card(model)["labels"]))
        if lacking:
            click.echo(f"Warning: {flat(str(model))} lacks the classes {', '.join(map(flat, lacking))}", err=True)
    return table


def _said(found: "Comparison", first: str, second: str) -> str:
    """Returns the scores of both, the difference, the test, and what follows from them, in lines."""
    test, difference = found.test, found.difference
    sign = "{difference:+.4f} [{low:+.4f}, {high:+.4f}]".format(**difference)
    lines = [
        f"A {flat(first)}: accuracy {interval(found.first)} of {found.first['rows']:,} rows",
        f"B {flat(second)}: accuracy {interval(found.second)}",
        f"B - A: {sign}",
        f"right in A alone {test['only_first']}, in B alone {test['only_second']}; "
        f"two equally good ones differ so or more with a probability of {test['p']:.2g} (McNemar)",
    ]
    if found.better is None:
        return "\n".join([*lines, "neither is shown to be better: luck would do"])
    better, worse = ("B", "A") if found.better == "second" else ("A", "B")
    return "\n".join([*lines, f"{better} is better than {worse}"])
