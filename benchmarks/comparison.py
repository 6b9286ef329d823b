"""Trains the methods of notebook 07 on given files and prints a Markdown row for each method and seed.

    python benchmarks/comparison.py --train train.tsv --dev dev.tsv --seeds 0 1 2 --models "linear SVM" LSTM

Methods that no seed changes run once. Each row is printed as soon as it is measured. At the end stands McNemar's test
for each method against the next better one, and for the linear SVM against all that are better, first seed.
"""

import argparse
import itertools

from textrnn import comparison, datasets

HEADER = """\
| model | seed | accuracy on dev [95 %] | parameters | seconds to train | headlines/s |
| --- | --- | --- | --- | --- | --- |"""


def main():
    """Reads the arguments, trains, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="`label<TAB>text`, or a header with label and text")
    parser.add_argument("--dev", required=True, help="the same form; scored, and used to choose the best epoch")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--models", nargs="+", choices=tuple(comparison.METHODS), default=list(comparison.METHODS))
    args = parser.parse_args()

    paths = {"train": args.train, "dev": args.dev}
    tables = {split: datasets.read_table(path) for split, path in paths.items()}
    splits = datasets.check_splits(datasets.Splits(**tables, test=None), names=paths)
    if set(args.models) - set(comparison.DETERMINISTIC):
        comparison.get_ready()
    print(HEADER, flush=True)
    first = {}
    for model in args.models:
        for seed in comparison.seeds_of(model, args.seeds):
            measured = comparison.measure(model, splits.train, splits.dev, seed=seed)
            print(comparison.markdown_row(measured.row), flush=True)
            first.setdefault(model, measured)
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
