"""Trains one classifier on given files and prints how it scores: accuracy, macro F1, seconds and rows.

    python benchmarks/headlines.py --train train.tsv --dev dev.tsv --model textrnn --seed 0

`--test` is scored once, after training, with the weights chosen on dev. `--save` writes the network as a saved model
with 8-bit tables, and the scores are then those of that file.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from textrnn import baselines, cards, datasets, metrics


def predictor(splits, args):
    """Returns a function from texts to labels, and the seconds of its training (the network also looks at `dev`)."""
    train, dev = splits.train, splits.dev
    if args.model != "textrnn":
        start = time.perf_counter()
        baseline = baselines.fit_linear(train) if args.model == "linear" else baselines.fit_majority(train)
        return baseline.predict, time.perf_counter() - start
    from textrnn import networks, saving, training  # TensorFlow is not needed for the baselines
    from textrnn.lessons import comparison

    settings = training.recipe(len(train))
    settings = settings if args.epochs is None else settings.changed(epochs=args.epochs)
    comparison.start_tensorflow()
    start = time.perf_counter()
    network, history = training.train_textrnn(train, dev, settings=settings, seed=args.seed, progress=False)
    seconds = time.perf_counter() - start
    print(history.round(4).to_string(index=False), file=sys.stderr)
    fitted = comparison.fitted_network(network)
    row, _ = comparison.measure_fitted(fitted, dev, name="kit's best", seed=args.seed, seconds=seconds)
    as_csv = pd.DataFrame([comparison.rounded_row(row)]).to_csv(index=False, header=False)
    print(f"As a row of benchmarks/comparison.csv:\n{as_csv}", end="", file=sys.stderr)
    names = networks.label_names(network)
    if not args.save:
        return fitted.predict, seconds
    card = {
        "trained_on": cards.describe(args.name, splits),
        "seed": args.seed,
        "settings": settings.to_config(),
        "metrics": {},
        "training_seconds": round(history.attrs["seconds"]),
        "licence": args.licence,
        "limits": args.limits,
    }
    with tempfile.TemporaryDirectory() as folder:  # saved once to be scored, and once more with its scores
        first = saving.save_classifier(network, Path(folder) / "model", card=card, tables="int8")
        small = saving.load_classifier(first)
        whole, read = training.predict_proba(network, dev["text"]), small.predict_proba(dev["text"])
    labels = metrics.predicted_labels(read, names)
    of_dev = metrics.accuracy(dev["label"], labels)
    of_dev["calibration_error"] = metrics.calibration_error(dev["label"], labels, read.max(axis=1))
    accuracies = [metrics.accuracy(dev["label"], metrics.predicted_labels(probs, names)) for probs in (whole, read)]
    print(
        f"dev with float tables {accuracies[0]['accuracy']:.4f}, with 8-bit tables {accuracies[1]['accuracy']:.4f}; "
        f"largest change of a probability {abs(whole - read).max():.4f}",
        file=sys.stderr,
    )
    saving.save_classifier(network, args.save, card=card | {"metrics": {"dev": of_dev}}, tables="int8")
    classifier = saving.load_classifier(args.save)
    return classifier.predict, seconds


def scores(predict, table) -> dict[str, float]:
    """Returns accuracy with its interval, macro F1, rows and seconds of `predict` on `table`."""
    start = time.perf_counter()
    predicted = predict(table["text"])
    seconds = time.perf_counter() - start
    macro_f1 = metrics.report(table["label"], predicted).loc["macro", "f1"]
    return {**metrics.accuracy(table["label"], predicted), "macro_f1": float(macro_f1), "seconds": seconds}


def main():
    """Reads the arguments, trains, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="`label<TAB>text`, or a header with label and text")
    parser.add_argument("--dev", required=True, help="the same form; used to choose the best epoch")
    parser.add_argument("--test", help="the same form; scored once, at the end")
    parser.add_argument("--model", choices=("textrnn", "linear", "majority"), default="textrnn")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="passes over train; the recommended number unless given")
    parser.add_argument("--save", help="folder for the trained network (textrnn)")
    parser.add_argument("--name", default="headlines", help="of the data, for the card of a saved model")
    parser.add_argument("--licence", default="see the licence of the training data", help="for the card")
    parser.add_argument("--limits", default="short texts like those it was trained on", help="for the card")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    args = parser.parse_args()
    if args.model != "textrnn" and (args.save or args.epochs is not None):
        parser.error(f"--save and --epochs are for --model textrnn, got --model {args.model}")
    if args.epochs is not None and args.epochs < 1:
        parser.error(f"--epochs: expected at least 1, got {args.epochs}")

    paths = {"train": args.train, "dev": args.dev, "test": args.test}
    tables = {split: datasets.read_table(path) if path else None for split, path in paths.items()}
    splits = datasets.check_splits(datasets.Splits(**tables), names=paths)
    predict, seconds = predictor(splits, args)
    result = {
        "model": args.model,
        "seed": args.seed,
        "train_rows": len(splits.train),
        "train_seconds": seconds,
        "dev": scores(predict, splits.dev),
        **({} if splits.test is None else {"test": scores(predict, splits.test)}),
    }
    if args.json:
        print(json.dumps(result))
        return
    print(f"{args.model}, seed {args.seed}: {result['train_rows']} training rows, {result['train_seconds']:.1f} s")
    for split in ("dev", "test"):
        if split in result:
            print(
                "{split}: accuracy {accuracy:.4f} [{low:.4f}, {high:.4f}], macro F1 {macro_f1:.4f}, "
                "{rows} rows in {seconds:.1f} s".format(split=split, **result[split])
            )


if __name__ == "__main__":
    main()
