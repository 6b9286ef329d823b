"""The tagger as an estimator: the numbers of the functions, scikit-learn's tools, and words for what is wrong."""

import pickle

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score

from textrnn.lessons import slots, spans, taggers
from textrnn.lessons.slot_tagger import SlotTagger

pytestmark = pytest.mark.slow
SMALL = {"kind": "elman", "units": 8, "embed_dim": 8, "epochs": 4, "random_state": 0}


@pytest.fixture(scope="module")
def requests():
    return slots.draw_travel_requests(128, seed=0), slots.draw_travel_requests(60, seed=1)


@pytest.fixture(scope="module")
def fitted(requests):
    return SlotTagger(**SMALL).fit(requests[0]["words"], requests[0]["tags"])


def test_it_is_what_the_functions_do_to_the_last_digit(requests, fitted):
    train, dev = requests
    vocabulary, tag_names = slots.build_vocabulary(train.words), slots.list_tags(train.tags)
    ids, tag_ids = slots.encode_words(train.words, vocabulary), slots.encode_tags(train.tags, tag_names)
    settings = {"num_words": len(vocabulary), "num_tags": len(tag_names), "units": 8, "embed_dim": 8}
    model = taggers.build_tagger("elman", word_dropout=0.1, seed=0, **settings)
    rate = keras.optimizers.schedules.CosineDecay(0.01, 4 * 4)
    model.compile(keras.optimizers.Adam(rate, global_clipnorm=1.0), "sparse_categorical_crossentropy")
    losses = taggers.fit_tagger(model, ids, tag_ids, epochs=4, seed=0)
    assert fitted.losses_.equals(losses)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), fitted.model_.get_weights(), strict=True))
    predicted = taggers.predict_tags(model, dev.words, vocabulary=vocabulary, tag_names=tag_names)
    assert fitted.predict(dev.words) == predicted
    assert fitted.score(dev.words, dev.tags) == spans.slot_f1(dev.tags, predicted)
    assert fitted.classes_.tolist() == tag_names
    assert fitted.vocabulary_ == vocabulary


def test_lists_arrays_and_columns_of_sentences_are_the_same(requests, fitted):
    train, dev = requests
    again = SlotTagger(**SMALL).fit([*map(list, train.words)], [np.array(tags) for tags in train.tags])
    assert again.losses_.equals(fitted.losses_)
    assert again.predict(pd.Series(dev.words.to_numpy(), index=dev.index + 7)) == fitted.predict(dev.words)


def test_a_pickled_tagger_answers_the_same(requests, fitted):
    state = fitted.__getstate__()
    assert all(isinstance(array, np.ndarray) for array in state["_model"])
    assert pickle.loads(pickle.dumps(fitted)).predict(requests[1].words) == fitted.predict(requests[1].words)
    assert clone(fitted).get_params() == fitted.get_params()
    assert pickle.loads(pickle.dumps(SlotTagger(units=3))).units == 3


@pytest.mark.long
def test_it_is_cross_validated_and_searched(requests):
    train, _ = requests
    scores = cross_val_score(SlotTagger(**SMALL), train.words, train.tags, cv=2)
    assert scores.shape == (2,)
    assert (scores > 0).all()
    search = GridSearchCV(SlotTagger(**SMALL), {"epochs": [1, 6]}, cv=2).fit(train.words, train.tags)
    assert search.best_params_ == {"epochs": 6}


@pytest.mark.parametrize(
    ("words", "tags", "message"),
    [
        (["to taipei"], [["O", "O"]], "X: sentence 0: expected a list of strings, at least one, got 'to taipei'"),
        ([["to"], []], [["O"], []], "X: sentence 1: expected a list of strings, at least one"),
        ([["to"], ["a"]], [["O"], ["O", "O"]], "y: sentence 1: expected a tag for each word, got 1 words, 2 tags"),
        ([["to"], ["a"]], [["O"]], "y: sentence 1: expected a tag for each word, got 1 words, no sentence tags"),
        ([["to", 3]], [["O", "O"]], r"X: sentence 0: expected a list of strings, at least one, got \['to', 3\]"),
        ("to", [["O"]], "X: expected a list"),
    ],
)
def test_sentences_that_are_wrong_are_named(words, tags, message):
    with pytest.raises(ValueError, match=message):
        SlotTagger().fit(words, tags)


def test_settings_that_are_wrong_are_named():
    for wrong in ({"epochs": 0}, {"learning_rate": 0.0}, {"kind": "gru"}, {"random_state": -1}, {"batch_size": 0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            SlotTagger(**wrong).fit([["to", "taipei"]], [["O", "B-to_city"]])
    with pytest.raises(NotFittedError):
        SlotTagger().predict([["to"]])
