"""Trains the methods of notebook 07 on given files and prints a Markdown table, with a row for each method and seed.

    python benchmarks/comparison.py --train train.tsv --dev dev.tsv --seeds 0 1 2 --models "linear SVM" LSTM

Methods that no seed changes run once. With `--csv` each row is kept in a file as soon as it is measured, instead of an
older one of the same method and seed, and the table holds all rows of that file. Below it stands McNemar's test for
each method of this run against the next better one, and for the linear SVM against all that are better, first seed.
"""

import argparse
import itertools
import sys
from pathlib import Path

import pandas as pd

from textrnn import datasets
from textrnn.lessons import comparison


def read_rows(path: Path) -> pd.DataFrame:
    """Returns the rows that are kept in `path`; none where there is no such file."""
    if not path.exists():
        return pd.DataFrame(columns=comparison.COLUMNS)
    rows = pd.read_csv(path)
    if tuple(rows.columns) != comparison.COLUMNS:
        raise ValueError(f"{path}: expected the columns {list(comparison.COLUMNS)}, got {list(rows.columns)}")
    return rows


def keep_row(row: dict, rows: pd.DataFrame) -> pd.DataFrame:
    """Returns `rows` with `row`, rounded, instead of one of the same model and seed, or else at the end."""
    by_run = {(old["model"], old["seed"]): old for old in rows.to_dict("records")}
    by_run[row["model"], row["seed"]] = comparison.rounded_row(row)
    return pd.DataFrame(by_run.values(), columns=comparison.COLUMNS)


def markdown_table(rows: pd.DataFrame) -> str:
    """Returns rows of the comparison as a table of Markdown."""
    lines = [
        "| model | seed | accuracy on dev [95 %] | parameters | seconds to train | headlines/s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for model, seed, accuracy, low, high, parameters, seconds, speed in rows.itertuples(index=False):
        scores = f"{accuracy:.4f} [{low:.4f}, {high:.4f}]"
        lines.append(f"| {model} | {seed} | {scores} | {parameters:,} | {seconds:g} | {speed:,.0f} |")
    return "\n".join(lines)


def measure(args: argparse.Namespace, splits: datasets.Splits) -> tuple[pd.DataFrame, dict[str, comparison.Measured]]:
    """Returns all rows, and what each method measured with its first seed; keeps the rows on the way."""
    if set(args.models) - set(comparison.DETERMINISTIC):
        comparison.start_tensorflow()
    rows, first = read_rows(args.csv) if args.csv else pd.DataFrame(columns=comparison.COLUMNS), {}
    for model in args.models:
        for seed in comparison.seeds_of(model, args.seeds):
            measured = comparison.measure(model, splits.train, splits.dev, seed=seed)
            print(f"{model}, seed {seed}: {measured.row['accuracy']:.4f}", file=sys.stderr, flush=True)
            rows = keep_row(measured.row, rows)
            if args.csv:
                rows.to_csv(args.csv, index=False, lineterminator="\n")
            first.setdefault(model, measured)
    return rows, first


def main():
    """Reads the arguments, trains, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="`label<TAB>text`, or a header with label and text")
    parser.add_argument("--dev", required=True, help="the same form; scored, and used to choose the best epoch")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", choices=tuple(comparison.METHODS), default=list(comparison.METHODS))
    parser.add_argument("--csv", type=Path, help="file to keep the rows in, with those of other runs")
    args = parser.parse_args()

    paths = {"train": args.train, "dev": args.dev}
    tables = {split: datasets.read_table(path) for split, path in paths.items()}
    splits = datasets.check_splits(datasets.Splits(**tables, test=None), names=paths)
    rows, first = measure(args, splits)
    print(markdown_table(rows))
    order = sorted(first, key=lambda model: first[model].row["accuracy"])
    pairs = list(itertools.pairwise(order))
    if "linear SVM" in order:
        pairs += [("linear SVM", better) for better in order[order.index("linear SVM") + 2 :]]
    if not pairs:
        return
    predicted = {model: one.predicted for model, one in first.items()}
    print("\n| pair | only the first is right | only the second is right | p |\n| --- | --- | --- | --- |")
    for pair, row in comparison.mcnemar_table(splits.dev["label"], predicted, pairs).iterrows():
        print(f"| {pair} | {row['only_first']:.0f} | {row['only_second']:.0f} | {row['p']:.2g} |")


if __name__ == "__main__":
    main()
