"""Train one tagger on ATIS and print its slot F1.

    python benchmarks/atis.py --train atis/train --dev atis/dev --model bilstm

Each folder holds seq.in, seq.out and label. The public files are at github.com/monologg/JointBERT, data/atis.
"""

import argparse
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import pandas as pd

from textrnn import datasets
from textrnn.lessons import slots, spans, taggers

SETTINGS = {  # the same for all kinds, chosen on dev
    "embed_dim": 100,
    "embed_spread": 0.05,
    "units": 128,
    "window": 5,  # each step is shown a word and its neighbours (Mesnil et al. 2013)
    "dropout": 0.4,
    "word_dropout": 0.2,
}
NUM_EPOCHS = 30
BATCH_SIZE = 32
LEARNING_RATE = 0.003


def train_tagger(train: pd.DataFrame, *, kind: str, seed: int) -> tuple[keras.Model, list[str], list[str]]:
    """Returns a tagger after its last epoch, its vocabulary and its tag names, all from `train` alone."""
    vocabulary = slots.build_vocabulary(train.words, min_shape_words=3)
    tag_names = slots.list_tags(train.tags)
    ids = slots.encode_words(train.words, vocabulary)
    tag_ids = slots.encode_tags(train.tags, tag_names)
    model = taggers.build_tagger(
        kind,
        num_words=len(vocabulary),
        num_tags=len(tag_names),
        stand_ins=slots.list_stand_ins(vocabulary),
        seed=seed,
        **SETTINGS,
    )
    num_batches = -(-len(train) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, num_batches * NUM_EPOCHS)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=5.0)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    taggers.fit_tagger(model, ids, tag_ids, epochs=NUM_EPOCHS, batch_size=BATCH_SIZE, seed=seed)
    return model, vocabulary, tag_names


def measure(tables: dict[str, pd.DataFrame], *, kind: str, seed: int) -> dict:
    """Returns the slot F1 of one training on every split but train, with what is needed to read it."""
    start = time.perf_counter()
    model, vocabulary, tag_names = train_tagger(tables["train"], kind=kind, seed=seed)
    result = {
        "model": kind,
        "seed": seed,
        "train_rows": len(tables["train"]),
        "classes": len(tag_names),
        "weights": model.count_params(),
        "train_seconds": round(time.perf_counter() - start, 1),
    }
    for name in [name for name in tables if name != "train"]:
        table = tables[name]
        predicted = taggers.predict_tags(model, table.words, vocabulary=vocabulary, tag_names=tag_names)
        result[f"{name}_rows"] = len(table)
        result[f"{name}_slot_f1"] = round(spans.slot_f1(table.tags, predicted), 4)
        result[f"{name}_slot_f1_strict"] = round(spans.slot_f1(table.tags, predicted, strict=True), 4)
    return result


def main() -> int:
    """Trains and prints; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True, help="folder to learn from")
    parser.add_argument("--dev", required=True, help="folder to score")
    parser.add_argument("--test", help="folder to score as well, once")
    parser.add_argument("--model", required=True, choices=taggers.TAGGERS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    options = parser.parse_args()
    try:
        folders = {"train": options.train, "dev": options.dev, "test": options.test}
        tables = {name: datasets.read_tagged(folder) for name, folder in folders.items() if folder}
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    result = measure(tables, kind=options.model, seed=options.seed)
    if options.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:>22}  {value}" for name, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
