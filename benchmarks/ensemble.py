"""Scores saved models one by one and together, as the mean of their probabilities.

    python benchmarks/ensemble.py --models models/one models/two models/three --table dev.tsv

Prints a Markdown table, and how often the best model alone and all together are right where the other is not. Networks
that differ by the seed alone are made by `benchmarks/headlines.py --seed N --save FOLDER`.
"""

import argparse
import time

import numpy as np

from textrnn import datasets, metrics, saving
from textrnn.options import RUNTIMES


def main():
    """Reads the arguments, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", required=True, help="folders of two or more saved models, same labels")
    parser.add_argument("--table", required=True, help="`label<TAB>text`, no training text of any of the models")
    parser.add_argument("--runtime", choices=RUNTIMES, default="numpy")
    args = parser.parse_args()

    if len(set(args.models)) < 2 or len(set(args.models)) < len(args.models):
        parser.error(f"--models: expected two or more different folders, got {args.models}")
    table = datasets.read_table(args.table)
    classifiers = {folder: saving.load_classifier(folder, runtime=args.runtime) for folder in args.models}
    label_names = classifiers[args.models[0]].label_names
    for folder, classifier in classifiers.items():
        if sorted(classifier.label_names) != sorted(label_names):
            parser.error(
                f"{folder}: expected the labels {label_names}, as {args.models[0]}, got {classifier.label_names}"
            )
    if foreign := sorted(set(table["label"]) - set(label_names)):
        parser.error(f"{args.table}: the labels {foreign} are none of the models' {label_names}")

    print("| model | accuracy [95 %] | macro F1 | texts/s |\n| --- | --- | --- | --- |")
    all_probs, predicted, scores, total = [], {}, {}, 0.0

    def print_row(name, probs, seconds):
        predicted[name] = metrics.predicted_labels(probs, label_names)
        scores[name] = metrics.accuracy(table["label"], predicted[name])
        macro_f1 = metrics.report(table["label"], predicted[name]).loc["macro", "f1"]
        print(
            "| {} | {accuracy:.4f} [{low:.4f}, {high:.4f}] | {:.4f} | {:,.0f} |".format(
                name, macro_f1, len(table) / seconds, **scores[name]
            )
        )

    for folder, classifier in classifiers.items():
        start = time.perf_counter()
        probs = classifier.predict_proba(table["text"])
        seconds = time.perf_counter() - start
        order = [classifier.label_names.index(name) for name in label_names]
        all_probs.append(probs[:, order])
        total += seconds
        print_row(folder, all_probs[-1], seconds)
    best = max(scores, key=lambda name: scores[name]["accuracy"])
    print_row("mean of their probabilities", np.mean(all_probs, axis=0), total)
    pair = metrics.mcnemar(table["label"], predicted["mean of their probabilities"], predicted[best])
    print(f"\nRight together alone {pair['only_first']}, by {best} alone {pair['only_second']}, p = {pair['p']:.2g}")


if __name__ == "__main__":
    main()
