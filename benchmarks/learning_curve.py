"""How accuracy grows with the rows to learn from: the linear SVM, a plain LSTM and the recommended network.

    python benchmarks/learning_curve.py --rows 100 300 1000 4550 --seeds 0 1 2 --csv benchmarks/learning_curve.csv
    python benchmarks/learning_curve.py --name TREC --train TRAIN --dev DEV --rows 300 1000 --csv CSV --set epochs=8
    python benchmarks/learning_curve.py --draw docs/learning_curve.png --csv benchmarks/learning_curve.csv

A sample of train (of the embedded headlines, or of `--train`) is drawn for each seed; what learns from it answers all
of dev. Nothing is chosen on dev during a training, the last epoch stays. What the CSV holds is not trained again.
"""

import argparse
import csv
import time
from pathlib import Path

import pandas as pd

from textrnn import baselines, datasets, metrics
from textrnn.experiments import Given

COLUMNS = ["set", "rows", "seed", "model", "accuracy", "low", "high", "cpu_seconds"]
PLAIN = {"bidirectional": False, "pooling": "last", "max_ngram": 1, "topic_vectors": False, "evidence": False}
PLAIN |= {"adversarial": 0.0, "linear_cells": False}
MODELS = {"linear SVM": None, "plain LSTM": PLAIN, "recommended": {}}


def answers(model: str, train: pd.DataFrame, texts: pd.Series, *, seed: int, given: Given) -> list[str]:
    """Returns the labels that a model trained on `train` gives to `texts`."""
    if MODELS[model] is None:
        return list(baselines.fit_linear(train).predict(texts))
    import keras

    from textrnn import networks, training  # TensorFlow is not needed for the baseline

    settings = given.recipe_for(train).changed(**MODELS[model])
    network, _ = training.train_textrnn(train, None, settings=settings, seed=seed, progress=False)
    found = metrics.predicted_labels(training.predict_proba(network, texts), networks.label_names(network))
    keras.backend.clear_session()
    return list(found)


def draw(table: pd.DataFrame, path: Path):
    """Draws a panel for each set: the mean of the seeds, from the worst to the best of them shaded."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    sets = list(dict.fromkeys(table["set"]))
    figure = Figure(figsize=(3.1 * len(sets), 3.4), layout="constrained")
    for axes, name in zip(figure.subplots(1, len(sets), squeeze=False)[0], sets, strict=True):
        of_set = table[table["set"] == name]
        for color, model in enumerate(MODELS):
            by_rows = of_set[of_set["model"] == model].groupby("rows")["accuracy"].agg(["mean", "min", "max"])
            axes.plot(by_rows.index, by_rows["mean"], "o-", color=f"C{color}", markersize=4, label=model)
            axes.fill_between(by_rows.index, by_rows["min"], by_rows["max"], color=f"C{color}", alpha=0.2)
        rows = sorted(set(of_set["rows"]))
        axes.set(xscale="log", title=name, xlabel="rows to learn from")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(rows, [f"{number:,}" for number in rows], rotation=45)
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("accuracy on dev")
    figure.axes[0].legend(frameon=False)
    figure.savefig(path, dpi=150)


def main():
    """Trains what the CSV does not hold and adds a row for each training, or draws what it holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, required=True, help="where the rows are and go")
    parser.add_argument("--draw", type=Path, metavar="PNG", help="draw the CSV, train nothing")
    parser.add_argument("--name", default="headlines", help="of the set")
    parser.add_argument("--train", help="a table to draw from; the embedded headlines if not given")
    parser.add_argument("--dev", help="a table to score on")
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 300, 1000, 4550])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other values for settings")
    args = parser.parse_args()
    done = pd.read_csv(args.csv) if args.csv.exists() else pd.DataFrame(columns=COLUMNS)
    if args.draw:
        draw(done, args.draw)
        return
    known = set(done[COLUMNS[:4]].itertuples(index=False, name=None))
    given = Given(dict(pair.split("=", 1) for pair in args.set))
    splits = datasets.read_files(args.train, args.dev) if args.train else datasets.load("headlines")
    with args.csv.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if done.empty:
            writer.writeheader()
        cases = [(rows, seed, model) for rows in args.rows for seed in args.seeds for model in args.models]
        for rows, seed, model in cases:
            if (args.name, rows, seed, model) in known:
                continue
            train = splits.train.sample(rows, random_state=seed).reset_index(drop=True)
            start = time.process_time()
            found = answers(model, train, splits.dev["text"], seed=seed, given=given)
            scores = {name: round(value, 4) for name, value in metrics.accuracy(splits.dev["label"], found).items()}
            row = scores | {"set": args.name, "rows": rows, "seed": seed, "model": model}
            row["cpu_seconds"] = round(time.process_time() - start)
            writer.writerow({name: row[name] for name in COLUMNS})
            file.flush()
            print(row, flush=True)


if __name__ == "__main__":
    main()
