"""Scores one saved model on one file of long texts, read whole in windows and by their heads alone.

    python benchmarks/long_text.py --model models/mine --table articles.tsv

Prints a Markdown table: accuracy with its 95 % interval, macro F1 and seconds, for all texts and for those that are
longer than the network reads at a time.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras

from textrnn import cards, datasets, metrics, saving
from textrnn.options import LONG_TEXT, RUNTIMES
from textrnn.preprocessing import normalise


def shortened(folder, card, max_length, *, runtime):
    """Returns the classifier of `folder` with the same weights, reading `max_length` tokens at a time."""
    network = saving.load_network(folder)
    config = network.get_config()
    layer = next(layer for layer in config["layers"] if layer["class_name"] == "TextToIds")
    layer["config"]["encoder"]["max_length"] = max_length
    short = keras.Model.from_config(config)
    short.set_weights(network.get_weights())
    with tempfile.TemporaryDirectory() as place:
        card = {field: card[field] for field in cards.CARD_FIELDS}
        return saving.load_classifier(saving.save_classifier(short, Path(place) / "short", card=card), runtime=runtime)


def main():
    """Reads the arguments, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="folder of a saved model")
    parser.add_argument(
        "--table", required=True, help="`label<TAB>text`, labels as the model has them; no training text"
    )
    parser.add_argument("--runtime", choices=RUNTIMES, default="numpy")
    parser.add_argument("--max-length", type=int, help="score as if the network read so many tokens at a time")
    args = parser.parse_args()

    classifier, table = saving.load_classifier(args.model, runtime=args.runtime), datasets.read_table(args.table)
    if args.max_length:
        classifier = shortened(args.model, classifier.card, args.max_length, runtime=args.runtime)
    if foreign := sorted(set(table["label"]) - set(classifier.label_names)):
        parser.error(f"{args.table}: the labels {foreign} are none of the model's {classifier.label_names}")
    lengths, max_length = table["text"].map(normalise).str.len(), classifier.card["max_length"]
    print(f"{len(table):,} texts, median {lengths.median():.0f} characters; the model reads {max_length} at a time\n")
    print("| texts | read | accuracy | macro F1 | seconds |\n| --- | --- | --- | --- | --- |")
    predicted = {}
    for long_text in LONG_TEXT[::-1]:
        start = time.perf_counter()
        predicted[long_text] = classifier.predict(table["text"], long_text=long_text)
        seconds = time.perf_counter() - start
        for name, rows in (("all", lengths > 0), ("long", lengths > max_length)):
            if rows.any():
                true, own = table["label"][rows], predicted[long_text][rows]
                score, macro_f1 = metrics.accuracy(true, own), metrics.report(true, own).loc["macro", "f1"]
                print(
                    "| {}, {rows:,} | {} | {accuracy:.4f} [{low:.4f}, {high:.4f}] | {:.4f} | {} |".format(
                        name, long_text, macro_f1, f"{seconds:.1f}" if name == "all" else "", **score
                    )
                )
    pair = metrics.mcnemar(table["label"], predicted["windows"], predicted["head"])
    print(f"\nRight by windows alone {pair['only_first']}, by heads alone {pair['only_second']}, p = {pair['p']:.2g}")


if __name__ == "__main__":
    main()
