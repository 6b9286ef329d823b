"""Texts as ids in scikit-learn's way: the ids of `TextEncoder`, in rows of one width."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from textrnn import IdVectorizer
from textrnn.preprocessing import TextEncoder

TEXTS = ["股市大涨", "股市", "ABC　股"]


def test_the_ids_are_those_of_the_encoder_padded_to_one_width():
    vectorizer = IdVectorizer(max_length=6)
    ids = vectorizer.fit_transform(TEXTS)
    encoder = TextEncoder.from_texts(TEXTS, max_length=6)
    assert ids.dtype == "int32"
    assert ids.shape == (3, 6)
    assert np.array_equal(ids[:, :5], encoder.encode(TEXTS))
    assert not ids[:, 5].any()
    assert vectorizer.encoder_ == encoder
    assert vectorizer.transform(["股" * 9, "无"]).tolist() == [[2] * 6, [1, 0, 0, 0, 0, 0]]


def test_ngrams_add_an_axis_whose_columns_have_no_names():
    vectorizer = IdVectorizer(max_length=4, max_ngram=2, min_ngram_count=1).fit(TEXTS)
    assert vectorizer.transform(["股市"]).shape == (1, 4, 2)
    with pytest.raises(ValueError, match="max_ngram: expected 1"):
        vectorizer.get_feature_names_out()


@pytest.mark.parametrize("column", [np.array, pd.Series, pd.DataFrame, lambda texts: pd.DataFrame({"title": texts})])
def test_columns_of_every_kind_give_the_same_ids(column):
    assert np.array_equal(IdVectorizer().fit_transform(column(TEXTS)), IdVectorizer().fit_transform(TEXTS))


def test_it_is_cloned_pickled_and_stands_in_a_pipeline():
    vectorizer = IdVectorizer(max_length=4)
    assert clone(vectorizer).get_params() == vectorizer.get_params()
    vectorizer.fit(TEXTS)
    assert np.array_equal(pickle.loads(pickle.dumps(vectorizer)).transform(TEXTS), vectorizer.transform(TEXTS))
    known = make_pipeline(vectorizer, FunctionTransformer(lambda ids: (ids > 1).sum(axis=1)))
    assert known.fit_transform(TEXTS).tolist() == [4, 2, 4]
    assert vectorizer.get_feature_names_out().tolist() == ["step_0", "step_1", "step_2", "step_3"]


def test_wrong_use_is_named():
    with pytest.raises(NotFittedError):
        IdVectorizer().transform(TEXTS)
    with pytest.raises(ValueError, match="texts: item 1: expected a string, got 3"):
        IdVectorizer().fit(["a", 3])
    with pytest.raises(ValueError, match="unit: expected"):
        IdVectorizer(unit="syllable").fit(TEXTS)


@pytest.mark.long
@pytest.mark.slow
def test_a_keras_model_of_stock_layers_learns_from_the_ids():
    import keras

    keras.utils.set_random_seed(0)
    vectorizer = IdVectorizer(max_length=5)
    ids, labels = vectorizer.fit_transform(["好好好", "坏坏", "好", "坏坏坏坏"]), np.array([1, 0, 1, 0])
    num_ids = vectorizer.encoder_.num_ids[0]
    model = keras.Sequential(
        [keras.layers.Embedding(num_ids, 4, mask_zero=True), keras.layers.LSTM(4), keras.layers.Dense(2, "softmax")]
    )
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy")
    model.fit(ids, labels, epochs=30, verbose=0)
    assert model.predict(vectorizer.transform(["坏", "好好"]), verbose=0).argmax(axis=1).tolist() == [0, 1]
