"""Train one tagger on ATIS and print its slot F1.

    python benchmarks/atis.py --train atis/train --dev atis/dev --model bilstm

Without `--dev` it scores sentences held out of train, by which to choose settings, so that dev stays a fair check.
Each folder holds seq.in, seq.out and label. The public files are at github.com/monologg/JointBERT, data/atis.
"""

import argparse
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from textrnn import datasets
from textrnn.lessons import slots, spans, taggers

SETTINGS = {  # the same for all kinds, chosen on dev; those that are whole numbers are options as well
    "embed_dim": 100,
    "embed_spread": 0.05,
    "units": 128,
    "window": 5,  # each step is shown a word and its neighbours (Mesnil et al. 2013)
    "dropout": 0.4,
    "word_dropout": 0.2,
    "epochs": 30,
}
BATCH_SIZE = 32
LEARNING_RATE = 0.003


def hold_out(train: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Returns `train` in three tables, always the same: what is left to learn from, `drawn`, and `new_patterns`.

    `drawn` is 500 sentences, as dev is. `new_patterns` is closer to test, where others ask: its sentences, their values
    put aside ("flights from _ to _"), are none of those left in train.
    """
    pairs = ([*zip(words, tags, strict=True)] for words, tags in zip(train.words, train.tags, strict=True))
    patterns = [" ".join(tag if tag[0] == "B" else word for word, tag in row if tag[0] != "I") for row in pairs]
    left, drawn = train_test_split(np.arange(len(train)), test_size=500, random_state=0)
    groups = GroupShuffleSplit(1, test_size=0.1, random_state=0)
    rest, new = next(groups.split(left, groups=np.array(patterns)[left]))
    parts = {"train": left[rest], "drawn": drawn, "new_patterns": left[new]}
    return {name: train.iloc[rows] for name, rows in parts.items()}


def train_tagger(
    train: pd.DataFrame, *, kind: str, seed: int, epochs: int, word_kinds: bool, **settings: float
) -> tuple[keras.Model, list[str], list[str]]:
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
        word_kinds=slots.list_word_kinds(train.words, train.tags, vocabulary) if word_kinds else None,
        seed=seed,
        **settings,
    )
    num_batches = -(-len(train) // BATCH_SIZE)
    rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, num_batches * epochs)
    optimizer = keras.optimizers.Adam(rate, global_clipnorm=5.0)
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
    taggers.fit_tagger(model, ids, tag_ids, epochs=epochs, batch_size=BATCH_SIZE, seed=seed)
    return model, vocabulary, tag_names


def measure(tables: dict[str, pd.DataFrame], *, kind: str, seed: int, **settings: float) -> dict:
    """Returns the slot F1 of one training on every split but train, with what is needed to read it."""
    start, busy = time.perf_counter(), time.process_time()
    model, vocabulary, tag_names = train_tagger(tables["train"], kind=kind, seed=seed, **settings)
    result = {
        "model": kind,
        "seed": seed,
        **settings,
        "train_rows": len(tables["train"]),
        "classes": len(tag_names),
        "weights": model.count_params(),
        "train_seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(time.process_time() - busy, 1),
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
    parser.add_argument("--dev", help="folder to score")
    parser.add_argument("--test", help="folder to score as well, once")
    parser.add_argument("--model", required=True, choices=taggers.TAGGERS)
    parser.add_argument("--seed", type=int, default=0)
    for name in (name for name, value in SETTINGS.items() if isinstance(value, int)):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=SETTINGS[name])
    parser.add_argument("--word-kinds", action="store_true", help="show as what each word stood in train")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    options = parser.parse_args()
    try:
        folders = {"train": options.train, "dev": options.dev, "test": options.test}
        tables = {name: datasets.read_tagged(folder) for name, folder in folders.items() if folder}
        if not options.dev:
            tables |= hold_out(tables["train"])
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    settings = {name: getattr(options, name, value) for name, value in (SETTINGS | {"word_kinds": False}).items()}
    result = measure(tables, kind=options.model, seed=options.seed, **settings)
    if options.json:
        print(json.dumps(result))
    else:
        print("\n".join(f"{name:>22}  {value}" for name, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
