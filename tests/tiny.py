"""A table of six rows, and the smallest models that read it; each is made once."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
from doors import ROWS

from textrnn import networks, preprocessing, saving
from textrnn.lessons import taggers

LABELS = ["finance", "sports"]
TABLE = pd.DataFrame(ROWS, columns=["label", "text"])
PROBS = np.full((len(ROWS), 2), 0.5)


@functools.cache
def encoder():
    return preprocessing.TextEncoder.from_texts(TABLE["text"], max_ngram=2, min_ngram_count=1)


@functools.cache
def model():
    model = networks.build_textrnn(encoder(), LABELS, embed_dim=2, units=2)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@functools.cache
def tagger():
    model = taggers.build_tagger("simple", num_words=5, num_tags=3, embed_dim=2, units=2)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@functools.cache
def classifier(runtime):
    return saving.load_classifier(Path(__file__).parents[1] / "models" / "headlines-textrnn", runtime=runtime)


def assert_probabilities(probs, num_rows):
    assert probs.shape == (num_rows, 10)
    assert np.isfinite(probs).all()
    assert (probs >= 0).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)
