"""A linear SVM, the network, and both stacked by logistic regression, on the same rows with several seeds.

    python benchmarks/stacking.py --train TRAIN.tsv --dev DEV.tsv --rows 8000 --seeds 3

The stack learns from out-of-fold answers on train (two folds) and never sees dev; a seed draws the rows, too.
"""

import argparse
import time

import numpy as np
from sklearn.ensemble import StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from textrnn import TextRNNClassifier, datasets


def main():
    """Prints a row for each seed, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    whole, dev = datasets.read_table(args.train), datasets.read_table(args.dev)
    scores = []
    print("| seed | linear SVM | network | both stacked | seconds |\n| --- | --- | --- | --- | --- |", flush=True)
    for seed in range(args.seeds):
        rows = whole.sample(args.rows, random_state=seed)
        svm = make_pipeline(TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), LinearSVC())
        network = TextRNNClassifier(validation_fraction=0, random_state=seed)
        stack = StackingClassifier([("svm", svm), ("network", network)], cv=2)
        start = time.perf_counter()
        stack.fit(rows["text"], rows["label"])
        members = [stack.named_estimators_[name] for name in ("svm", "network")]
        numbers = np.searchsorted(stack.classes_, dev["label"])  # the stack gives its members the classes as numbers
        found = [member.score(dev["text"], numbers) for member in members]
        found.append(stack.score(dev["text"], dev["label"]))
        scores.append(found)
        print(
            f"| {seed} | {' | '.join(f'{score:.4f}' for score in found)} | {time.perf_counter() - start:.0f} |",
            flush=True,
        )
    print(f"| mean | {' | '.join(f'{score:.4f}' for score in np.mean(scores, axis=0))} | |")


if __name__ == "__main__":
    main()
