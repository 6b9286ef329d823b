"""Slot filling: the drawn requests, ids and tags, the span F1 beside seqeval, and what each tagger can see."""

import importlib.util
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import seqeval.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.scheme import IOB2

from textrnn import datasets
from textrnn.lessons import slots, spans, taggers

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
ATIS = ROOT.parent / "shared" / "data" / "atis"
needs_atis = pytest.mark.skipif(not ATIS.is_dir(), reason="the ATIS files are not beside the checkout")
SIX_SLOTS = {"from_city", "to_city", "leave_date", "arrive_date", "leave_time", "arrive_time"}
TAG_LISTS = st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), min_size=1, max_size=8)


def is_well_made(tags):
    pairs = itertools.pairwise(["O", *tags])
    return all(not tag.startswith("I-") or before[2:] == tag[2:] for before, tag in pairs)


# --- the drawn requests ---


def test_a_seed_draws_the_same_requests_and_another_seed_draws_others():
    first, again, other = (slots.draw_travel_requests(20, seed=seed) for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


def test_drawn_requests_carry_one_well_made_tag_per_word_and_all_six_slots():
    requests = slots.draw_travel_requests(500, seed=0)
    assert all(len(words) == len(tags) for words, tags in zip(requests.words, requests.tags, strict=True))
    assert all(map(is_well_made, requests.tags))
    assert {tag[2:] for tags in requests.tags for tag in tags} - {""} == SIX_SLOTS
    assert not any("{" in word for words in requests.words for word in words)


def test_the_same_city_is_left_reached_and_only_mentioned():
    requests = slots.draw_travel_requests(2000, seed=0)
    pairs = {pair for row in requests.itertuples() for pair in zip(row.words, row.tags, strict=True)}
    assert {tag for word, tag in pairs if word == "taipei"} == {"O", "B-from_city", "B-to_city"}
    assert {tag for word, tag in pairs if word == "monday"} >= {"O", "B-leave_date", "B-arrive_date"}


def test_the_last_cue_before_a_city_or_time_decides_its_slot_where_cues_stand_before():
    city_cues = {"arrive": "to", "to": "to", "for": "to", "leave": "from", "from": "from", "in": "", "saw": ""}
    when_cues = {"leave": "leave", "leaving": "leave", "arrive": "arrive", "arriving": "arrive"}
    checked = 0
    for row in slots.draw_travel_requests(400, seed=1, after_share=0.0).itertuples():
        for number, tag in enumerate(row.tags):
            if tag.startswith("B-"):
                cues = city_cues if tag.endswith("city") else when_cues
                last = [cues[word] for word in row.words[:number] if word in cues][-1]
                assert tag.startswith(f"B-{last}_"), row
                checked += 1
    assert checked > 800


def test_the_share_of_requests_decided_by_later_words_is_as_asked():
    assert set(slots.draw_travel_requests(100, seed=0, after_share=1.0).cue) == {"after"}
    assert set(slots.draw_travel_requests(100, seed=0, after_share=0.0).cue) == {"before"}
    share = (slots.draw_travel_requests(2000, seed=0).cue == "after").mean()
    assert share == pytest.approx(0.3, abs=0.04)


def test_unseen_cities_share_no_word_with_what_is_drawn_from_the_seen_ones():
    seen = {word for words in slots.draw_travel_requests(3000, seed=0).words for word in words}
    assert {word for city in slots.SEEN_CITIES for word in city.split()} <= seen
    assert not seen & {word for city in slots.UNSEEN_CITIES for word in city.split()}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_requests": 0}, "num_requests: expected at least 1, got 0"),
        ({"cities": ("taipei", "taipei")}, "cities: expected at least 2 different, non-empty names"),
        ({"cities": ("taipei", " ")}, "cities: expected at least 2 different, non-empty names"),
        ({"after_share": 1.5}, "after_share: expected 0 to 1, got 1.5"),
    ],
)
def test_impossible_requests_are_refused(settings, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        slots.draw_travel_requests(**{"num_requests": 1, "seed": 0, **settings})


# --- words, tags, ids ---


def test_the_vocabulary_is_ordered_by_frequency_and_spelling_and_starts_with_padding_and_unknown():
    sentences = [["to", "tokyo", "to", "rome"], ["to", "rome", "7"]]
    assert slots.build_vocabulary(sentences) == ["", "[UNK]", "to", "rome", "7", "tokyo"]
    assert slots.build_vocabulary(sentences, min_count=2) == ["", "[UNK]", "to", "rome"]


def test_unknown_words_are_read_as_their_shape_where_enough_known_words_share_it():
    vocabulary = slots.build_vocabulary([["monday", "friday", "12", "34", "taipei"]], min_shape_words=2)
    assert vocabulary[-2:] == ["##", "-day"]
    ids = slots.encode_words([["sunday", "99", "123", "osaka", "monday"]], vocabulary)
    assert [vocabulary[i] for i in ids[0]] == ["-day", "##", "[UNK]", "[UNK]", "monday"]
    stand_ins = slots.list_stand_ins(vocabulary)
    assert [vocabulary[i] for i in stand_ins] == [
        *("", "[UNK]", "##", "##", "-day", "-day", "[UNK]"),
        *("##", "-day"),
    ]


def test_ids_are_padded_at_the_end_and_a_sentence_that_does_not_fit_is_refused():
    vocabulary = slots.build_vocabulary([["a", "b"]])
    assert slots.encode_words([["a", "b"], ["b"]], vocabulary, num_steps=3).tolist() == [[2, 3, 0], [3, 0, 0]]
    with pytest.raises(ValueError, match="sentence 1: expected 1 to 2 words, got 3"):
        slots.encode_words([["a"], ["a", "b", "a"]], vocabulary, num_steps=2)
    with pytest.raises(ValueError, match="sentence 0: expected 1 to 1 words, got 0"):
        slots.encode_words([[], ["a"]], vocabulary)


def test_tags_become_ids_and_a_tag_unknown_to_train_becomes_outside():
    names = slots.list_tags([["B-b", "O"], ["B-a"]])
    assert names == ["O", "B-a", "B-b"]
    assert slots.encode_tags([["B-b", "I-b", "B-a"]], names).tolist() == [[2, 0, 1]]


def test_a_vocabulary_without_words_is_refused():
    with pytest.raises(ValueError, match="sentences: expected at least one word, got none"):
        slots.build_vocabulary([[]])
    with pytest.raises(ValueError, match="min_count: expected at least 1, got 0"):
        slots.build_vocabulary([["a"]], min_count=0)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(0, 10_000))
def test_decoding_finds_the_best_of_all_well_made_tag_lists(num_steps, seed):
    names = ["O", "B-a", "I-a", "B-b", "I-b"]
    probs = np.random.default_rng(seed).dirichlet(np.ones(5), (1, num_steps))
    best = max(
        (path for path in itertools.product(range(5), repeat=num_steps) if is_well_made([names[i] for i in path])),
        key=lambda path: sum(np.log(probs[0, step, i]) for step, i in enumerate(path)),
    )
    assert taggers.decode_tags(probs, names, [num_steps]) == [[names[i] for i in best]]


def test_decoding_ignores_padding_and_refuses_shapes_that_do_not_fit():
    probs = np.array([[[0.1, 0.9], [0.9, 0.1], [0.0, 1.0]]])
    assert taggers.decode_tags(probs, ["O", "B-a"], [2]) == [["B-a", "O"]]
    with pytest.raises(ValueError, match=re.escape("probs: expected shape (1, steps, 3), got (1, 3, 2)")):
        taggers.decode_tags(probs, ["O", "B-a", "I-a"], [2])
    with pytest.raises(ValueError, match="lengths: expected at most 3 steps, got 4"):
        taggers.decode_tags(probs, ["O", "B-a"], [4])


# --- spans and their F1 ---


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TAG_LISTS, TAG_LISTS), min_size=1, max_size=4))
@pytest.mark.filterwarnings("ignore")
def test_f1_is_that_of_seqeval_in_both_readings(pairs):
    true = [first[: len(second)] for first, second in pairs]
    predicted = [second[: len(first)] for first, second in pairs]
    lenient = seqeval.metrics.f1_score(true, predicted, zero_division=0)
    strict = seqeval.metrics.f1_score(true, predicted, mode="strict", scheme=IOB2, zero_division=0)
    assert spans.slot_f1(true, predicted) == pytest.approx(lenient)
    assert spans.slot_f1(true, predicted, strict=True) == pytest.approx(strict)


def test_the_report_counts_whole_spans_per_slot():
    true = [["B-to", "I-to", "O", "B-day"], ["B-from", "O"]]
    predicted = [["B-to", "O", "O", "B-day"], ["B-to", "O"]]
    report = spans.span_report(true, predicted)
    assert report.index.tolist() == ["day", "from", "to", "all"]
    assert report[["num_true", "num_predicted", "num_right"]].values.tolist() == [
        [1, 1, 1],
        [1, 0, 0],
        [1, 2, 0],
        [3, 3, 1],
    ]
    assert report.loc["all", ["precision", "recall", "f1"]].tolist() == pytest.approx([1 / 3] * 3)
    assert report.loc["from", ["precision", "recall", "f1"]].tolist() == [0, 0, 0]


def test_mistakes_are_named_wrong_slot_missed_or_invented():
    true = [["B-to", "I-to", "O", "B-day"], ["B-from", "O"]]
    predicted = [["B-to", "O", "O", "B-day"], ["B-to", "O"]]
    assert spans.list_mistakes(true, predicted).values.tolist() == [
        [0, 0, 1, "", "to", "invented"],
        [0, 0, 2, "to", "", "missed"],
        [1, 0, 1, "from", "to", "wrong slot"],
    ]
    assert spans.list_mistakes(true, true).empty


def test_tags_that_do_not_stand_side_by_side_are_refused():
    with pytest.raises(ValueError, match="predicted_tags: expected 2 sentences, got 1"):
        spans.slot_f1([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match="predicted_tags: sentence 1: expected 2 tags, got 1"):
        spans.span_report([["O"], ["O", "O"]], [["O"], ["O"]])


# --- taggers ---


def tagger(kind, **changes):
    return taggers.build_tagger(
        kind, **{"num_words": 9, "num_tags": 4, "embed_dim": 5, "units": 6, "seed": 1, **changes}
    )


@pytest.mark.parametrize("kind", taggers.TAGGERS)
def test_every_tagger_gives_probabilities_that_padding_does_not_change(kind):
    model = tagger(kind, window=3)
    ids = np.array([[2, 3, 4], [5, 6, 0]])
    probs = model(ids).numpy()
    assert probs.shape == (2, 3, 4)
    np.testing.assert_allclose(probs.sum(axis=-1), 1, atol=1e-5)
    longer = model(np.pad(ids, ((0, 0), (0, 4)))).numpy()
    np.testing.assert_allclose(longer[0, :3], probs[0], atol=1e-6)
    np.testing.assert_allclose(model(ids[1:, :2]).numpy()[0], probs[1, :2], atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "window", "seen"),
    [
        ("feedforward", 1, [2]),
        ("feedforward", 3, [1, 2, 3]),
        ("simple", 1, [0, 1, 2]),
        ("elman", 1, [0, 1, 2]),
        ("jordan", 1, [0, 1, 2]),
        ("lstm", 1, [0, 1, 2]),
        ("lstm", 3, [0, 1, 2, 3]),
        ("bielman", 1, [0, 1, 2, 3, 4]),
        ("bilstm", 1, [0, 1, 2, 3, 4]),
    ],
)
def test_the_tag_of_the_middle_word_depends_on_the_words_that_the_tagger_sees(kind, window, seen):
    model = tagger(kind, window=window)
    ids = np.array([2, 3, 4, 5, 6])
    changed = np.stack([ids, *(np.where(np.arange(5) == place, 8, ids) for place in range(5))])
    middle = model(changed).numpy()[:, 2]
    assert [place for place in range(5) if np.abs(middle[place + 1] - middle[0]).max() > 1e-7] == seen


def test_padding_does_not_change_the_loss():
    model = tagger("lstm")
    model.compile(loss="sparse_categorical_crossentropy")
    ids, tags = np.array([[2, 3, 4]]), np.array([[1, 0, 2]])
    padded = [np.pad(array, ((0, 0), (0, 5))) for array in (ids, tags)]
    assert model.evaluate(*padded, verbose=0) == pytest.approx(model.evaluate(ids, tags, verbose=0), abs=1e-6)


def test_a_seed_builds_the_same_tagger():
    first, again, other = tagger("bilstm"), tagger("bilstm"), tagger("bilstm", seed=2)
    ids = np.array([[2, 3]])
    np.testing.assert_array_equal(first(ids), again(ids))
    assert np.abs(first(ids) - other(ids)).max() > 1e-4


def test_a_saved_tagger_answers_as_the_live_one(tmp_path):
    kinds = np.eye(9, 3, dtype="float32")
    model = tagger("jordan", window=3, word_dropout=0.5, stand_ins=range(9), word_kinds=kinds, dropout=0.1)
    model.save(tmp_path / "tagger.keras")
    ids = np.array([[2, 3, 4]])
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "tagger.keras")(ids), model(ids), atol=1e-7)


def test_an_lstm_learns_requests_by_heart_and_a_net_without_memory_cannot_tell_leave_from_arrive():
    words = [["leave", "taipei"], ["arrive", "taipei"], ["leave", "osaka"], ["arrive", "osaka"]]
    tags = [["O", "B-from_city"], ["O", "B-to_city"]] * 2
    vocabulary, names = slots.build_vocabulary(words), slots.list_tags(tags)
    scores = {}
    for kind in ("lstm", "feedforward"):
        model = taggers.build_tagger(kind, num_words=len(vocabulary), num_tags=len(names), seed=0)
        optimizer = keras.optimizers.Adam(0.03)
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
        ids, tag_ids = slots.encode_words(words, vocabulary), slots.encode_tags(tags, names)
        losses = taggers.fit_tagger(model, ids, tag_ids, epochs=40)
        assert losses.index.tolist() == list(range(1, 41))
        predicted = taggers.predict_tags(model, words, vocabulary=vocabulary, tag_names=names)
        scores[kind] = spans.slot_f1(tags, predicted)
    assert scores == {"lstm": 1.0, "feedforward": 0.5}


def test_as_what_a_word_stood_in_train_counts_and_is_not_learnt():
    kinds = np.zeros((9, 2), dtype="float32")
    kinds[3, 0] = kinds[4, 1] = 1
    model = tagger("bilstm", word_kinds=kinds)
    tables = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    (vectors,) = [table for table in tables if table.trainable_weights]  # the other one stays as it is
    vectors.embeddings.assign(np.ones(vectors.embeddings.shape))  # so that words differ by their kinds alone
    probs = model(np.array([[2, 3], [2, 4], [2, 5], [2, 6], [2, 0]])).numpy()
    assert np.abs(probs[0] - probs[1]).max() > 1e-3
    np.testing.assert_array_equal(probs[2], probs[3])
    np.testing.assert_allclose(probs[4, 0], model(np.array([[2]])).numpy()[0, 0], atol=1e-6)
    assert len(tables) == 2


def test_an_unknown_kind_of_tagger_is_refused():
    with pytest.raises(ValueError, match=r"kind: expected one of feedforward, simple, .*, got 'gru'"):
        tagger("gru")
    with pytest.raises(ValueError, match=re.escape("word_kinds: expected (9, kinds) numbers, got shape (8, 2)")):
        tagger("lstm", word_kinds=np.zeros((8, 2)))


def test_word_dropout_puts_stand_ins_for_words_in_training_alone():
    ids = np.tile(np.array([[2, 3, 0]]), (4000, 1))
    layer = taggers.WordDropout(0.25, stand_ins=[0, 1, 1, 4, 4], seed=0)
    np.testing.assert_array_equal(layer(ids), ids)
    dropped = np.asarray(layer(ids, training=True))
    assert set(dropped[:, 0]) == {1, 2}
    assert set(dropped[:, 1]) == {3, 4}
    assert set(dropped[:, 2]) == {0}
    assert (dropped[:, 0] == 1).mean() == pytest.approx(0.25, abs=0.03)
    assert set(np.asarray(taggers.WordDropout(1.0)(ids, training=True)).ravel()) == {0, 1}
    with pytest.raises(ValueError, match="rate: expected 0 to 1, got 2"):
        taggers.WordDropout(2)


def test_a_context_window_has_to_be_odd():
    with pytest.raises(ValueError, match="width: expected an odd number of at least 1, got 2"):
        taggers.ContextWindow(2)


def test_training_a_tagger_refuses_tags_of_another_shape_and_models_without_an_optimizer():
    model = tagger("lstm")
    with pytest.raises(ValueError, match=re.escape("tag_ids: expected shape (2, 3), as ids, got (2, 4)")):
        taggers.fit_tagger(model, np.ones((2, 3), int), np.ones((2, 4), int), epochs=1)
    with pytest.raises(ValueError, match="expected a compiled model"):
        taggers.fit_tagger(model, np.ones((2, 3), int), np.ones((2, 3), int), epochs=1)


# --- ATIS ---


@needs_atis
def test_atis_is_read_whole_and_its_own_tags_score_one():
    splits = datasets.load("atis", data_dir=ATIS)
    assert (len(splits.train), len(splits.dev)) == (4478, 500)
    assert len(slots.list_tags(splits.train.tags)) == 120
    assert spans.slot_f1(splits.dev.tags, splits.dev.tags, strict=True) == 1.0
    vocabulary = slots.build_vocabulary(splits.train.words, min_shape_words=3)
    ids = slots.encode_words(splits.dev.words, vocabulary)
    assert (ids > 0).sum() == sum(map(len, splits.dev.words))
    assert (ids == 1).sum() < 31  # words that train lacks; some are read as their shape


def test_the_benchmark_holds_out_sentences_whose_pattern_is_not_learnt_from():
    spec = importlib.util.spec_from_file_location("atis", ROOT / "benchmarks" / "atis.py")
    atis = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(atis)
    requests = slots.draw_travel_requests(900, seed=0)
    parts = atis.hold_out(requests)
    assert sorted(row for part in parts.values() for row in part.index) == list(range(900))
    assert len(parts["drawn"]) == 500
    patterns = {
        name: {
            tuple(tag if tag[0] == "B" else word for word, tag in zip(*row, strict=True) if tag[0] != "I")
            for row in zip(part.words, part.tags, strict=True)
        }
        for name, part in parts.items()
    }
    assert patterns["new_patterns"]
    assert not patterns["new_patterns"] & patterns["train"]
    assert patterns["drawn"] & patterns["train"]


@pytest.mark.long
def test_the_benchmark_trains_and_prints_the_f1_of_every_split_given(tmp_path):
    for name, seed in (("train", 0), ("dev", 1)):
        table = slots.draw_travel_requests(40, seed=seed)
        (tmp_path / name).mkdir()
        for file, column in (("seq.in", table.words), ("seq.out", table.tags), ("label", table.cue.map(list))):
            separator = "" if file == "label" else " "
            (tmp_path / name / file).write_text("".join(separator.join(row) + "\n" for row in column))
    command = [
        sys.executable,
        ROOT / "benchmarks" / "atis.py",
        "--train",
        tmp_path / "train",
        "--dev",
        tmp_path / "dev",
    ]
    run = subprocess.run(
        [*command, "--model", "feedforward", "--json"],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        check=True,
    )
    result = json.loads(run.stdout)
    assert (result["model"], result["train_rows"], result["dev_rows"]) == ("feedforward", 40, 40)
    assert 0 < result["dev_slot_f1"] < 0.9
