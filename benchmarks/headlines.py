"""Trains one classifier on given files and prints how it scores: accuracy, macro F1, seconds and rows.

    python benchmarks/headlines.py --train train.tsv --dev dev.tsv --model textrnn --seed 0

`--test` is scored once, after training, with the weights chosen on dev.
"""

import argparse
import json
import sys
import time

from textrnn import datasets, metrics


def predictor(model: str, train, dev, *, seed: int, epochs: int | None):
    """Returns a function from texts to labels, trained on `train` (the network also looks at `dev` to stop)."""
    if model != "textrnn":
        baseline = metrics.fit_linear(train) if model == "linear" else metrics.fit_majority(train)
        return lambda texts: baseline.predict(texts)
    from textrnn import networks, training  # TensorFlow is not needed for the baselines

    settings = training.recipe(len(train))
    settings = settings._replace(epochs=epochs or settings.epochs)
    network, history = training.train_textrnn(train, dev, settings=settings, seed=seed)
    print(history.round(4).to_string(index=False), file=sys.stderr)
    names = networks.label_names(network)
    return lambda texts: metrics.predicted_labels(training.predict(network, texts), names)


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
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    args = parser.parse_args()

    paths = {"train": args.train, "dev": args.dev, "test": args.test}
    tables = {split: datasets.read_table(path) if path else None for split, path in paths.items()}
    splits = datasets.check_splits(datasets.Splits(**tables), names=paths)
    start = time.perf_counter()
    predict = predictor(args.model, splits.train, splits.dev, seed=args.seed, epochs=args.epochs)
    result = {
        "model": args.model,
        "seed": args.seed,
        "train_rows": len(splits.train),
        "train_seconds": time.perf_counter() - start,
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
