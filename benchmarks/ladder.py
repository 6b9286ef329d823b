"""From stock Keras to the recommended network, one idea at a time: what each step of the ladder is worth on dev.

python benchmarks/ladder.py --train TRAIN.tsv --dev DEV.tsv --rows ROWS --seeds 3 --csv OUT.csv
"""

import argparse
import functools
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from learning_curve import PLAIN

from textrnn import baselines, datasets, metrics, training

BAR, STOCK = "linear SVM", "stock Keras"  # what is to be beaten, and the network on the first page of notebook 06
STOCK_EPOCHS = 6

STEPS = {  # each with those above it
    "the recipe's training": {},
    "pooling over all steps": {"pooling": ("max", "mean")},
    "both directions": {"bidirectional": True},
    "2- and 3-grams": {"max_ngram": 3},
    "first vectors from the texts": {"topic_vectors": True},
    "evidence": {"evidence": True},
    "adversarial steps": {"adversarial": 0.05},
}


def rung(step: str, num_rows: int) -> training.Recipe:
    """Returns the recipe with all ideas up to `step`, for so many training rows."""
    settings, names = dict(PLAIN), list(STEPS)
    for name in names[: names.index(step) + 1]:
        settings |= STEPS[name]
    return training.recipe(num_rows).changed(**settings)


def fit_bar(train: pd.DataFrame, dev: pd.DataFrame, *, seed: int) -> tuple[np.ndarray, int]:
    """Returns the labels that the SVM gives to dev; it has no epochs, and no seed changes it."""
    return baselines.fit_linear(train).predict(dev["text"]), 0


def fit_stock(train: pd.DataFrame, dev: pd.DataFrame, *, seed: int) -> tuple[np.ndarray, int]:
    """Returns the labels that a network of stock layers gives to dev, and its last epoch."""
    keras.utils.set_random_seed(seed)
    names, class_ids = np.unique(train["label"], return_inverse=True)
    vectorize = keras.layers.TextVectorization(split="character")
    vectorize.adapt(tf.constant(train["text"]))
    model = keras.Sequential(
        [
            keras.Input((), dtype="string"),
            vectorize,
            keras.layers.Embedding(vectorize.vocabulary_size(), 64, mask_zero=True),
            keras.layers.LSTM(64),
            keras.layers.Dense(len(names), activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(tf.constant(train["text"]), class_ids, epochs=STOCK_EPOCHS, verbose=0)
    return names[model.predict(tf.constant(dev["text"]), verbose=0).argmax(axis=1)], STOCK_EPOCHS


def fit_step(step: str, train: pd.DataFrame, dev: pd.DataFrame, *, seed: int) -> tuple[np.ndarray, int]:
    """Returns the labels that the network of a step gives to dev, and its best epoch."""
    model, history = training.train_textrnn(train, dev, settings=rung(step, len(train)), seed=seed, progress=False)
    probs = training.predict_proba(model, dev["text"])
    return metrics.predicted_labels(probs, sorted(set(train["label"]))), history.attrs["best_epoch"]


def measure(case: tuple[str, int], train: pd.DataFrame, dev: pd.DataFrame) -> dict:
    """Returns a row of the result: one step of the ladder with one seed."""
    step, seed = case
    fit = {BAR: fit_bar, STOCK: fit_stock}.get(step, functools.partial(fit_step, step))
    start = time.perf_counter()
    predicted, epoch = fit(train, dev, seed=seed)
    scores = metrics.accuracy(dev["label"], predicted)
    row = {"rows": len(train), "step": step, "seed": seed, **{key: scores[key] for key in ("accuracy", "low", "high")}}
    row |= {"best_epoch": epoch, "seconds": round(time.perf_counter() - start, 1)}
    print(row, flush=True)
    return row


def main():
    """Trains every step with every seed, two processes at a time, and writes a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--dev", required=True)
    parser.add_argument("--rows", type=int, help="the first so many training rows; all unless given")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--csv", required=True, help="where the rows go")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    train, dev = datasets.read_table(args.train)[: args.rows], datasets.read_table(args.dev)
    cases = [(step, seed) for seed in range(args.seeds) for step in [STOCK, *STEPS]]
    cases.insert(0, (BAR, 0))
    with ProcessPoolExecutor(args.processes, mp_context=get_context("spawn")) as pool:
        rows = list(pool.map(functools.partial(measure, train=train, dev=dev), cases))
    pd.DataFrame(rows).to_csv(args.csv, index=False)


if __name__ == "__main__":
    main()
