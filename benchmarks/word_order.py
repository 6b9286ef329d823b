"""Does the LSTM need the order of the words? The kit's best with and without it, trained and scored on shuffled words.

    python benchmarks/word_order.py --train TRAIN.tsv --dev DEV.tsv --csv OUT.csv

A lead that comes from word order must go when the words of train and dev stand in random order.
"""

import argparse

import pandas as pd

from textrnn import datasets
from textrnn.lessons import comparison

METHODS = ("linear SVM", "kit's best, no LSTM", "kit's best")


def main():
    """Measures each method and seed in order and with the words shuffled, and writes a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--rows", type=int, help="the first so many training rows; all unless given")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--csv", required=True, help="where the rows go")
    args = parser.parse_args()
    ordered = datasets.read_table(args.train)[: args.rows], datasets.read_table(args.dev)
    shuffled = [table.assign(text=comparison.shuffle_words(table["text"])) for table in ordered]
    rows = []
    for words, (train, dev) in {"in order": ordered, "shuffled": shuffled}.items():
        found = comparison.measure_all(train, dev, methods=METHODS, seeds=range(args.seeds))
        rows += [{"rows": len(train), "words": words, **comparison.rounded_row(one.row)} for one in found]
    table = pd.DataFrame(rows)
    table.to_csv(args.csv, index=False)
    print(table.groupby(["words", "model"], sort=False)["accuracy"].mean().unstack().round(4).to_string())


if __name__ == "__main__":
    main()
