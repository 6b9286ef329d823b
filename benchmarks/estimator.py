"""What `TextRNNClassifier` adds to `training.train_textrnn`: seconds of `fit` and of `predict_proba`, in turns.

    python benchmarks/estimator.py --train TRAIN.tsv --dev DEV.tsv --rounds 3

One epoch of a small network, so that what surrounds the training can be seen beside it.
"""

import argparse
import statistics
import time

from textrnn import TextRNNClassifier, datasets, saving, training

SETTINGS = {"epochs": 1, "batch_size": 512, "units": 8, "embed_dim": 8, "adversarial": 0.0, "topic_vectors": False}


def main():
    """Prints a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    train, dev = datasets.read_table(args.train), datasets.read_table(args.dev)
    settings = training.recipe(len(train)).changed(**SETTINGS)
    networks, seconds = {}, {}

    def own():
        networks["train_textrnn"] = training.train_textrnn(train, dev, settings=settings, progress=False)[0]

    def estimator():
        networks["TextRNNClassifier"] = TextRNNClassifier(random_state=0, **settings.to_config()).fit(
            train["text"], train["label"], validation_data=(dev["text"], dev["label"])
        )

    for turn in range(args.rounds):
        ways = {"train_textrnn": own, "TextRNNClassifier": estimator}
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            ways[name]()
            seconds.setdefault(("fit", name), []).append(time.perf_counter() - start)
        answering = {
            "train_textrnn": saving.to_numpy_network(networks["train_textrnn"]),
            "TextRNNClassifier": networks["TextRNNClassifier"],
        }
        for name, network in answering.items():
            start = time.perf_counter()
            network.predict_proba(dev["text"])
            seconds.setdefault(("predict_proba", name), []).append(time.perf_counter() - start)
    print(f"{len(train):,} rows to fit, {len(dev):,} to answer, {args.rounds} rounds, medians in seconds\n")
    print("| | train_textrnn | TextRNNClassifier | more |\n| --- | --- | --- | --- |")
    for what in ("fit", "predict_proba"):
        before, after = (statistics.median(seconds[what, name]) for name in ("train_textrnn", "TextRNNClassifier"))
        print(f"| {what} | {before:.2f} | {after:.2f} | {100 * (after / before - 1):+.1f} % |")


if __name__ == "__main__":
    main()
