"""Trains the network and the linear SVM on samples of a table and scores both on the same rows: a learning curve.

    python benchmarks/learning_curve.py --rows 100 300 1000 --seeds 0 1 2 --set adversarial=0.15

One JSON object for each training: rows, seed, model, accuracy with its interval, processor seconds. The samples are
drawn from train of the embedded headlines (or from `--train`) and scored on its dev (`--dev`); nothing is chosen on dev
during a training, the last epoch stays.
"""

import argparse
import json
import time

import pandas as pd

from textrnn import baselines, datasets, metrics
from textrnn.experiments import Given


def answers(model: str, train: pd.DataFrame, texts: pd.Series, *, seed: int, given: Given) -> list[str]:
    """Returns the labels that a model trained on `train` gives to `texts`."""
    if model == "linear":
        return list(baselines.fit_linear(train).predict(texts))
    import keras

    from textrnn import networks, training  # TensorFlow is not needed for the baseline

    settings = given.recipe_for(train)
    network, _ = training.train_textrnn(train, None, settings=settings, seed=seed, progress=False)
    found = metrics.predicted_labels(training.predict_proba(network, texts), networks.label_names(network))
    keras.backend.clear_session()
    return list(found)


def main():
    """Reads the arguments and prints a line for each training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", help="a table to draw from; the embedded headlines if not given")
    parser.add_argument("--dev", help="a table to score on")
    parser.add_argument("--rows", type=int, nargs="+", default=[100, 300, 1000, 4550])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--models", nargs="+", choices=["linear", "textrnn"], default=["linear", "textrnn"])
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other values for settings")
    args = parser.parse_args()
    given = Given(dict(pair.split("=", 1) for pair in args.set))
    splits = datasets.read_files(args.train, args.dev) if args.train else datasets.load("headlines")
    for rows in args.rows:
        for seed in args.seeds:
            train = splits.train.sample(rows, random_state=seed).reset_index(drop=True)
            for model in args.models:
                start = time.process_time()
                found = answers(model, train, splits.dev["text"], seed=seed, given=given)
                scores = {name: round(value, 4) for name, value in metrics.accuracy(splits.dev["label"], found).items()}
                run = {"rows": rows, "seed": seed, "model": model, "accuracy": scores["accuracy"]}
                run |= {"low": scores["low"], "high": scores["high"], "cpu_seconds": round(time.process_time() - start)}
                print(json.dumps(run), flush=True)


if __name__ == "__main__":
    main()
