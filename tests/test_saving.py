"""The saved-model contract: what is written, who can read it, and what is refused."""

import dataclasses
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from conftest import contents, step_by_step

import textrnn
from textrnn import cards, datasets, metrics, networks, options, saving, training
from textrnn.layers import LabelProbabilities, TextToIds
from textrnn.preprocessing import WINDOWS_AT_A_TIME, TextEncoder
from textrnn.saving import conversion, data, folders

pytestmark = pytest.mark.slow

TABLE = pd.DataFrame(
    {
        "text": ["股市\u2028大涨", "女单夺冠，\u0085教练落泪", "股市大跌\0 A股", "球队\u2029夺冠👨\u200d👩\u200d👧"],
        "label": ["股票", "sports", "股票", "sports"],
    }
)
NEW = ["股市", "教练" * 12, "没见过的字\U00020000", "Ａ股 大涨", "球"]
CARD = {
    "trained_on": [{"name": "made up", "rows": 4, "sha256": "0" * 64}],
    "seed": 0,
    "settings": {"units": 8},
    "metrics": {"dev": {"accuracy": 0.5, "low": 0.1, "high": 0.9}},
    "training_seconds": 1.5,
    "licence": "CC0",
    "limits": "four headlines",
}


def built(*, seed=0, **settings):
    encoder = TextEncoder.from_texts(TABLE["text"], max_ngram=2, min_ngram_count=1)
    return networks.build_textrnn(encoder, ["sports", "股票"], embed_dim=8, units=8, seed=seed, **settings)


def answers_of(model, texts):
    """What `model` answers here and now."""
    with step_by_step():
        return training.predict_proba(model, texts)


@pytest.fixture(scope="module")
def model():
    """A network after three steps of training."""
    model = built()
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy")
    with step_by_step():
        training.fit(model, TABLE, TABLE, epochs=3, batch_size=4, progress=False)
    return model


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    """A saved model that no test changes."""
    return saving.save_classifier(model, tmp_path_factory.mktemp("models") / "headlines", card=CARD)


@pytest.fixture(scope="module")
def classifier(written):
    """The saved model as NumPy answers for it."""
    return saving.load_classifier(written)


@pytest.fixture(scope="module")
def by_runtime(written, classifier):
    """The saved model as each runtime loads it."""
    others = {name: saving.load_classifier(written, runtime=name) for name in options.RUNTIMES[1:]}
    return {"numpy": classifier} | others


@pytest.fixture
def folder(written, tmp_path):
    """A saved model of a test's own."""
    return Path(shutil.copytree(written, tmp_path / "headlines"))


def edit_card(folder, **changes):
    """Changes the card, and has it vouch for the files as they now are."""
    path = folder / "assets.extra" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card |= {"files": folders.hashes(folder)} | changes
    path.write_text(json.dumps(card), encoding="utf-8")


def test_saved_equals_live(model, classifier):
    live = training.predict_proba(model, [*TABLE["text"], *NEW])
    assert np.ptp(live[:, 0]) > 0.1
    np.testing.assert_allclose(classifier.predict_proba([*TABLE["text"], *NEW]), live, atol=1e-6, rtol=0)


ALONE = """
import json, sys

from importlib.machinery import PathFinder

# TensorFlow imports Keras by itself where it finds it; here it finds none, as where TensorFlow stands alone.
find = PathFinder.find_spec

def find_spec(name, path=None, target=None):
    return None if name.split(".")[0] in ("keras", "tf_keras", "textrnn") else find(name, path, target)

PathFinder.find_spec = staticmethod(find_spec)
import tensorflow as tf
texts = json.loads(sys.argv[2])
serve = tf.saved_model.load(sys.argv[1])
answers = [serve.serve(tf.constant(texts)), serve.signatures["serving_default"](text=tf.constant(texts))]
assert "keras" not in sys.modules and "textrnn" not in sys.modules
assert not [name for name in sys.modules if name.split(".")[0] in ("keras", "tf_keras", "textrnn")]
shown = [{name: value.numpy().tolist() for name, value in answer.items() if name != "label"} for answer in answers]
for one, answer in zip(shown, answers):
    one["label"] = [label.decode("utf-8") for label in answer["label"].numpy()]
    one["types"] = {name: [value.dtype.name, value.shape.rank] for name, value in answer.items()}
print(json.dumps(shown))
"""


@pytest.mark.long
def test_a_fresh_process_with_tensorflow_alone_gets_the_same_answers_by_serve_and_by_signature(
    model, written, tmp_path
):
    run = subprocess.run(
        [sys.executable, "-I", "-c", ALONE, str(written), json.dumps(NEW)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    live = answers_of(model, NEW)
    answers = json.loads(run.stdout.splitlines()[-1])
    assert len(answers) == 2
    for answer in answers:
        assert answer["types"] == {"label": ["string", 1], "score": ["float32", 1], "probabilities": ["float32", 2]}
        np.testing.assert_allclose(answer["probabilities"], live, atol=1e-6)
        np.testing.assert_allclose(answer["score"], live.max(axis=1), atol=1e-6)
        assert answer["label"] == [["sports", "股票"][place] for place in live.argmax(axis=1)]


def test_the_graph_answers_for_empty_texts_and_for_none(written):
    loaded = tf.saved_model.load(str(written))
    probs = loaded.serve(tf.constant(["", " ", "\0"]))["probabilities"].numpy()
    assert np.isfinite(probs).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    assert loaded.serve(tf.constant([], tf.string))["probabilities"].shape == (0, 2)


def test_labels_stand_one_on_each_line_in_the_order_of_the_probabilities(written, classifier):
    assert (written / "assets.extra" / "labels.txt").read_bytes().decode("utf-8") == "sports\n股票\n"
    assert classifier.label_names == ["sports", "股票"]


def test_the_card_says_what_the_contract_asks_for(model, written):
    card = cards.read_card(written)
    encoder = networks.text_encoder(model)
    assert {name: card[name] for name in CARD} == CARD
    assert card["name"] == "headlines"
    assert datetime.fromisoformat(card["created"]).utcoffset().total_seconds() == 0
    assert (card["textrnn"], card["tensorflow"], card["keras"]) == (
        textrnn.__version__,
        tf.__version__,
        keras.__version__,
    )
    assert card["labels"] == ["sports", "股票"]
    assert card["vocabulary"] == {"size": list(encoder.num_ids), "sha256": encoder.sha256}
    assert card["max_length"] == encoder.max_length
    assert set(card["files"]) == set(contents(written)) - {os.path.join("assets.extra", "card.json")}  # noqa: PTH118
    text = (written / "assets.extra" / "card.json").read_text(encoding="utf-8")
    assert "股票" in text  # legible as it stands


@pytest.fixture(scope="module")
def predict(written):
    """A method of a loaded model; nothing else keeps that model alive."""
    return saving.load_classifier(written).predict_table


@pytest.mark.parametrize("texts", ["股市", ["股市"], pd.Series(["股市"], index=[8]), np.array(["股市"])], ids=type)
def test_predict_takes_a_string_a_list_a_column_or_an_array(model, predict, texts):
    table = predict(texts)
    probs = answers_of(model, ["股市"])[0]
    assert list(table.columns) == ["text", "label", "score"]
    assert table["text"].tolist() == ["股市"]
    assert table["label"].tolist() == [["sports", "股票"][probs.argmax()]]
    assert table["score"].iloc[0] == pytest.approx(probs.max(), abs=1e-6)


def test_predict_keeps_the_order_of_the_texts_and_takes_none(classifier):
    table = classifier.predict_table(NEW, batch_size=2)
    assert table["text"].tolist() == NEW
    assert table["label"].tolist() == [classifier.predict(text)[0] for text in NEW]
    empty = classifier.predict_table([])
    assert (list(empty.columns), len(empty)) == (["text", "label", "score"], 0)


def test_answers_come_in_scikit_learns_forms_from_a_loaded_and_from_a_just_trained_network(model, by_runtime):
    for predictor in (*by_runtime.values(), saving.to_numpy_network(model)):
        probs, labels, table = (getattr(predictor, name)(NEW) for name in ("predict_proba", "predict", "predict_table"))
        assert (probs.dtype, probs.shape) == (np.float32, (len(NEW), 2))
        assert (type(labels), labels.dtype.kind, labels.shape) == (np.ndarray, "U", (len(NEW),))
        assert labels.tolist() == [["sports", "股票"][index] for index in probs.argmax(axis=1)]
        assert table["label"].tolist() == labels.tolist()
        assert table["score"].tolist() == probs.max(axis=1).tolist()
        assert predictor.predict([]).shape == (0,)


def test_the_columns_of_an_answer_fit_the_table_that_the_texts_came_from(classifier):
    table = pd.DataFrame({"text": NEW}, index=[7, 3, 3, "x", 0])[::-1]
    answers = classifier.predict_table(table["text"])
    assert answers.index.tolist() == table.index.tolist()
    assert answers["text"].tolist() == table["text"].tolist()
    assert table.assign(label=answers["label"].to_numpy())["label"].tolist() == classifier.predict(NEW[::-1]).tolist()
    unique = table[~table.index.duplicated()]
    unique = unique.assign(label=classifier.predict_table(unique["text"])["label"])
    assert unique["label"].tolist() == classifier.predict(unique["text"]).tolist()
    for texts in (NEW, np.array(NEW), iter(NEW)):
        assert classifier.predict_table(texts).index.equals(pd.RangeIndex(len(NEW)))


def test_changed_and_missing_files_of_the_graph_are_refused_by_name(folder):
    weights = folder / "variables" / "variables.data-00000-of-00001"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    (folder / "saved_model.pb").unlink()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        saving.load_classifier(folder)
    names = "saved_model.pb, variables/variables.data-00000-of-00001"
    assert str(caught.value) == f"{folder}: these files are not the ones that the card describes: {names}"


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "variables/._x", "assets.extra/notes.md"])
def test_what_a_file_browser_leaves_in_the_folder_is_not_opened(folder, classifier, name):
    (folder / name).write_bytes(b"\0\0\0\1Bud1")
    for load in (saving.load_classifier, saving.load_network):
        load(folder)
    assert saving.load_classifier(folder).predict(NEW).tolist() == classifier.predict(NEW).tolist()


@pytest.mark.parametrize("what", ["labels", "vocabulary hash", "assets.extra/weights.safetensors"])
def test_a_foreign_network_that_the_card_vouches_for_is_still_held_against_the_rest(folder, model, what):
    names, encoder, units, file = ["sports", "股票"], networks.text_encoder(model), 8, data.LABELS
    if what == "labels":
        names = names[::-1]
    elif what == "vocabulary hash":
        encoder, file = dataclasses.replace(encoder, tokens=encoder.tokens[::-1]), data.VOCABULARY
    else:
        units, file = 7, data.NETWORK
    foreign = networks.build_textrnn(encoder, names, embed_dim=8, units=units)
    (folder / file).write_bytes(data.write_files(saving.network_data(foreign))[file])
    edit_card(folder)
    with pytest.raises(ValueError, match="^" + re.escape(f"{folder}: {what}: ")):
        saving.load_network(folder)


def test_a_loaded_network_gives_the_same_answers_and_can_be_trained_on(model, written):
    network = saving.load_network(written)
    assert networks.label_names(network) == ["sports", "股票"]
    assert networks.text_encoder(network) == networks.text_encoder(model)
    before = answers_of(network, NEW)
    np.testing.assert_allclose(before, answers_of(model, NEW), atol=1e-6)
    assert getattr(network, "optimizer", None) is None
    network.compile(optimizer=keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy")
    contrary = TABLE.assign(label=TABLE["label"].to_numpy()[[1, 0, 1, 0]])
    history = training.fit(network, contrary, contrary, epochs=10, batch_size=4, progress=False)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert abs(answers_of(network, NEW) - before).max() > 0.01


@pytest.mark.parametrize("settings", [{"unit": "word"}, {"max_ngram": 3, "min_ngram_count": 1}], ids=str)
def test_a_vocabulary_made_of_texts_with_line_breaks_can_be_saved_and_read_back(tmp_path, settings):
    encoder = TextEncoder.from_texts([*TABLE["text"], "甲\n乙\r丙\x1c丁\v戊\f"], **settings)
    model = networks.build_textrnn(encoder, ["x", "y"], cell="simple", bidirectional=False, embed_dim=4, units=4)
    texts = [*TABLE["text"], "甲\u2028乙\u0085丙"]
    live = answers_of(model, texts)
    saving.save_classifier(model, tmp_path / "model", card=CARD)
    np.testing.assert_allclose(saving.load_classifier(tmp_path / "model").predict_proba(texts), live, atol=1e-6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(answers_of(again, texts), live, atol=1e-6)


def test_a_network_without_memory_is_saved_and_read_like_the_others_and_has_no_lstm_to_trace(tmp_path):
    encoder = TextEncoder.from_texts(TABLE["text"], max_ngram=3, min_ngram_count=1)
    settings = {"cell": "feedforward", "bidirectional": False, "evidence": True, "embed_dim": 4, "units": 4}
    model = networks.build_textrnn(encoder, ["x", "y"], num_layers=2, **settings)
    saving.save_classifier(model, tmp_path / "model", card=CARD)
    classifier = saving.load_classifier(tmp_path / "model")
    np.testing.assert_allclose(classifier.predict_proba(NEW), answers_of(model, NEW), atol=1e-6)
    np.testing.assert_array_equal(answers_of(saving.load_network(tmp_path / "model"), NEW), answers_of(model, NEW))
    assert not hasattr(tf.saved_model.load(str(tmp_path / "model")), "trace")


def test_without_a_card_the_model_says_what_is_known(model, tmp_path):
    card = saving.load_classifier(saving.save_classifier(model, tmp_path / "m")).card
    assert (card["licence"], card["seed"], card["metrics"]) == ("not said", "not said", {})
    assert card["settings"]["units"] == 8


def test_a_model_of_ones_own_of_the_same_layers_is_saved_and_one_of_others_refused(tmp_path):
    def own(*layers):
        text = keras.Input((), dtype="string")
        ids = TextToIds(TextEncoder.from_texts(TABLE["text"]))(text)
        x = keras.layers.Embedding(50, 8, mask_zero=True)(ids)
        for layer in layers:
            x = layer(x)
        return keras.Model(text, LabelProbabilities(["a", "b"])(x))

    mine = own(keras.layers.Bidirectional(keras.layers.GRU(4)))
    classifier = saving.load_classifier(saving.save_classifier(mine, tmp_path / "m"))
    np.testing.assert_allclose(classifier.predict_proba(NEW[:1]), mine(tf.constant(NEW[:1])), atol=1e-6)
    for layers, name in {
        (keras.layers.LSTM(4, activation="relu"),): "LSTM",
        (keras.layers.LSTM(4), keras.layers.LayerNormalization()): "LayerNormalization",
        (keras.layers.GlobalMaxPooling1D(),): "GlobalMaxPooling1D",
    }.items():
        with pytest.raises(
            ValueError, match=rf"^model: the layer \w+ \({name}\) is not one of the kit's; the kit keeps"
        ):
            saving.save_classifier(own(*layers), tmp_path / "other")
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_network_that_padding_reaches_is_refused_by_its_answers(tmp_path):
    text = keras.Input((), dtype="string")
    ids = TextToIds(TextEncoder.from_texts(TABLE["text"]))(text)
    states = keras.layers.LSTM(4)(keras.layers.Embedding(50, 8)(ids))  # no mask: zeros at the end change the state
    model = keras.Model(text, LabelProbabilities(["a", "b"])(states))
    with pytest.raises(ValueError, match=r"^model: written as data, it gives other answers .*mask_zero=True"):
        saving.save_classifier(model, tmp_path / "m")
    assert not list(tmp_path.iterdir())


def without_label_layer():
    text = keras.Input((), dtype="string")
    encoder = TextEncoder.from_texts(TABLE["text"])
    vectors = keras.layers.Embedding(encoder.num_ids[0], 4)(TextToIds(encoder)(text))
    return keras.Model(text, keras.layers.Dense(2)(keras.layers.GlobalMaxPooling1D()(vectors)))


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ({k: v for k, v in CARD.items() if k != "licence"}, "missing ['licence'], unknown []"),
        (CARD | {"licens": "x"}, "missing [], unknown ['licens']"),
        (
            CARD | {"metrics": {"accuracy": float("nan")}},
            "card: expected plain numbers, strings, lists and dictionarie",
        ),
        (CARD | {"metrics": {"accuracy": np.float32(1)}}, "card: expected plain numbers, strings, lists and dictionar"),
    ],
)
def test_a_card_that_lacks_something_is_refused_and_nothing_is_written(model, folder, card, message):
    before = contents(folder.parent)
    with pytest.raises(ValueError, match=re.escape(message)):
        saving.save_classifier(model, folder, card=card)
    with pytest.raises(ValueError, match=re.escape(message)):
        saving.save_classifier(model, folder.parent / "deep" / "new", card=card)
    assert contents(folder.parent) == before
    assert [path.name for path in folder.parent.iterdir()] == ["headlines"]


def test_a_model_without_labels_is_refused_and_nothing_is_written(folder):
    before = contents(folder.parent)
    with pytest.raises(ValueError, match=r"^model: expected LabelProbabilities\(label_names\) as its last layer, got "):
        saving.save_classifier(without_label_layer(), folder, card=CARD)
    assert contents(folder.parent) == before
    assert [path.name for path in folder.parent.iterdir()] == ["headlines"]


def test_a_folder_with_other_files_is_not_replaced(model, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    message = f"{tmp_path}: expected no folder or a saved model to replace, found other files in it"
    with pytest.raises(FileExistsError, match=re.escape(message)):
        saving.save_classifier(model, tmp_path, card=CARD)
    assert contents(tmp_path) == {"notes.txt": b"mine"}


def test_a_new_save_replaces_the_whole_of_the_old_one(folder):
    (folder / "stale.txt").write_text("x")
    other = built(seed=3, cell="simple")
    assert saving.save_classifier(other, folder, card=CARD | {"seed": 3}) == folder
    assert cards.read_card(folder)["seed"] == 3
    assert not (folder / "stale.txt").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["headlines"]
    np.testing.assert_allclose(saving.load_classifier(folder).predict_proba(NEW), answers_of(other, NEW), atol=1e-6)


@pytest.fixture(scope="module")
def large():
    """A network with n-grams and class evidence, trained a little."""
    splits = datasets.load("headlines")
    table = splits.train.groupby("label").head(30)
    encoder = TextEncoder.from_texts(table["text"], max_ngram=3)
    model = networks.build_textrnn(
        encoder, sorted(set(table["label"])), embed_dim=32, units=8, evidence=True, embedded_ngrams=500
    )
    model.compile(optimizer=training.adamw(0.01, 30), loss="sparse_categorical_crossentropy")
    training.fit(model, table, table, epochs=3, batch_size=32, progress=False)
    return model, splits.dev["text"]


@pytest.fixture(scope="module")
def large_folders(large, tmp_path_factory):
    """The large network saved with each kind of tables."""
    folder = tmp_path_factory.mktemp("large")
    return {
        tables: saving.save_classifier(large[0], folder / tables, card=CARD, tables=tables) for tables in options.TABLES
    }


@pytest.fixture(scope="module")
def large_classifiers(large_folders):
    return {tables: saving.load_classifier(folder) for tables, folder in large_folders.items()}


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@pytest.mark.long
def test_8_bit_tables_take_less_space_and_give_nearly_the_same_answers(large, large_folders, large_classifiers):
    model, texts = large
    whole, small = large_folders["float32"], large_folders["int8"]
    weights = sum(layer.embeddings.shape[0] * 32 * 4 for layer in networks.embeddings(model))
    assert size_of(small) < size_of(whole) - 0.6 * weights
    assert cards.read_card(small)["tables"] == "int8"
    live = answers_of(model, texts)
    probs = large_classifiers["int8"].predict_proba(texts)
    assert np.ptp(live, axis=0).max() > 0.1
    np.testing.assert_allclose(probs, live, atol=0.02)
    assert (probs.argmax(axis=1) == live.argmax(axis=1)).mean() > 0.98


@pytest.mark.long
@pytest.mark.parametrize("tables", options.TABLES)
def test_a_loaded_network_answers_as_its_file_does_whatever_the_tables_and_the_runtime(
    tables, large, large_folders, large_classifiers
):
    texts, folder, classifier = large[1], large_folders[tables], large_classifiers[tables]
    expected = classifier.predict_proba(texts)
    np.testing.assert_allclose(answers_of(saving.load_network(folder), texts), expected, atol=1e-5)
    by_keras = saving.load_classifier(folder, runtime="tensorflow")
    np.testing.assert_allclose(by_keras.predict_proba(texts), expected, atol=1e-5)
    assert by_keras.predict(texts).tolist() == classifier.predict(texts).tolist()


def test_a_stream_is_answered_in_order_without_being_held(classifier):
    asked = []

    def texts():
        for number in range(10):
            asked.append(number)
            yield NEW[number % len(NEW)]

    tables = classifier.predict_stream(texts(), chunk_size=4)
    first = next(tables)
    assert asked == [0, 1, 2, 3]  # no more is read than a table needs
    whole = pd.concat([first, *tables], ignore_index=True)
    expected = classifier.predict_table([NEW[number % len(NEW)] for number in range(10)])
    assert whole["label"].tolist() == expected["label"].tolist()
    np.testing.assert_allclose(whole["score"], expected["score"], atol=1e-6)
    with pytest.raises(ValueError, match="item 5: expected a text, got an empty one"):
        list(classifier.predict_stream([*NEW, ""], chunk_size=2))


LONG = ("女单夺冠，教练落泪" * 40)[:101] + "股市大涨" * 20  # 181 characters: 6 windows of 30 or 31


def windows_of(text, *, max_length=32):
    num = -(-len(text) // max_length)
    ends = [len(text) * place // num for place in range(num + 1)]
    return [text[start:end] for start, end in itertools.pairwise(ends)]


def test_a_long_text_is_read_in_windows_and_nothing_of_it_is_cut_by_any_runtime_and_by_the_graph(
    model, written, by_runtime
):
    windows = windows_of(LONG)
    of_windows, head = answers_of(model, windows), answers_of(model, LONG[:32])
    expected = np.average(of_windows, axis=0, weights=[len(window) for window in windows])
    assert abs(expected - head).max() > 0.1
    texts = [*NEW, LONG, LONG[:33]]
    for runtime in options.RUNTIMES:
        classifier = by_runtime[runtime]
        probs = classifier.predict_proba(texts)
        np.testing.assert_allclose(probs[-2], expected, atol=1e-6, rtol=0)
        for batch_size in (1, 3):
            np.testing.assert_allclose(classifier.predict_proba(texts, batch_size=batch_size), probs, atol=1e-6, rtol=0)
        np.testing.assert_allclose(classifier.predict_proba(texts, long_text="head")[-2:], [head[0]] * 2, atol=1e-6)
        np.testing.assert_allclose(classifier.predict_proba(NEW, long_text="head"), probs[: len(NEW)], atol=1e-6)
        tables = [*classifier.predict_stream(iter(texts), chunk_size=4, long_text="head")]
        whole = classifier.predict_table(texts, long_text="head")
        pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True)[["text", "label"]], whole[["text", "label"]])
    loaded = tf.saved_model.load(str(written))
    np.testing.assert_allclose(loaded.serve(tf.constant(texts))["probabilities"][-2], expected, atol=1e-6)
    answer = loaded.head(tf.constant(texts))
    np.testing.assert_allclose(answer["probabilities"][-2], head[0], atol=1e-6)
    assert set(answer) == {"label", "score", "probabilities"}


def test_more_windows_than_are_read_at_a_time_give_the_same_answer(classifier):
    text = LONG * 60  # 340 windows, in two blocks
    windows = windows_of(text)
    assert len(windows) > WINDOWS_AT_A_TIME
    expected = np.average(classifier.predict_proba(windows), axis=0, weights=[len(window) for window in windows])
    np.testing.assert_allclose(classifier.predict_proba([text, *NEW])[0], expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "settings",
    [pytest.param({"unit": "word"}, marks=pytest.mark.long), {"max_ngram": 3, "min_ngram_count": 1}],
    ids=str,
)
def test_whatever_the_tokens_are_long_texts_get_the_same_answer_by_every_runtime(tmp_path, settings):
    encoder = TextEncoder.from_texts(TABLE["text"], max_length=7, **settings)
    model = networks.build_textrnn(encoder, ["x", "y"], embed_dim=8, units=8)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(scale=0.7, size=weight.shape) for weight in model.get_weights()])
    saving.save_classifier(model, tmp_path / "model", card=CARD)
    texts = [*NEW, *("".join(rng.choice([*TABLE["text"], *NEW, " "], size=size)) for size in range(1, 40))]
    probs = [saving.load_classifier(tmp_path / "model", runtime=r).predict_proba(texts) for r in options.RUNTIMES]
    assert np.ptp(probs[0][:, 0]) > 0.1
    for other in probs[1:]:
        np.testing.assert_allclose(other, probs[0], atol=1e-5, rtol=0)


def test_below_the_least_score_the_label_is_unknown_and_the_score_stays(classifier):
    plain = classifier.predict_table(NEW)
    least = float(plain["score"].sort_values().iloc[2])  # two of the five are below
    table = classifier.predict_table(NEW, min_score=least)
    assert classifier.predict(NEW, min_score=least).tolist() == table["label"].tolist()
    assert table["label"].eq("unknown").sum() == 2
    assert table["label"].where(table["score"] >= np.float32(least), plain["label"]).tolist() == plain["label"].tolist()
    assert (table["label"].eq("unknown") == (plain["score"] < np.float32(least))).all()
    assert table["score"].tolist() == plain["score"].tolist()
    (streamed,) = classifier.predict_stream(NEW, min_score=least)
    assert streamed["label"].tolist() == table["label"].tolist()
    assert classifier.predict(NEW, min_score=1).tolist() == ["unknown"] * len(NEW)
    curve = metrics.coverage_curve(plain["label"], plain["label"], plain["score"], thresholds=[least])
    assert curve["rows"][0] == 3  # the curve counts what `min_score` keeps


def test_a_class_called_unknown_goes_with_no_least_score(tmp_path):
    settings = {"cell": "simple", "bidirectional": False, "embed_dim": 4, "units": 4}
    model = networks.build_textrnn(TextEncoder.from_texts(TABLE["text"]), ["unknown", "x"], **settings)
    classifier = saving.load_classifier(saving.save_classifier(model, tmp_path / "model", card=CARD))
    assert set(classifier.predict(NEW)) <= {"unknown", "x"}
    with pytest.raises(ValueError, match=r"^min_score: a class of this model is called 'unknown', so the answer"):
        classifier.predict(NEW, min_score=0.5)


@pytest.mark.long
def test_a_temperature_is_honoured_by_keras_the_graph_both_runtimes_and_a_loaded_network(model, tmp_path):
    weights, model = model.get_weights(), built()
    model.set_weights(weights)
    before = answers_of(model, NEW)
    networks.set_temperature(model, 2.5)
    expected = before ** (1 / 2.5) / (before ** (1 / 2.5)).sum(axis=1, keepdims=True)
    assert abs(expected - before).max() > 0.05
    folder = saving.save_classifier(model, tmp_path / "model", card=CARD)
    network, graph = saving.load_network(folder), tf.saved_model.load(str(folder))
    assert network.layers[-1].temperature == 2.5
    model.save(tmp_path / "model.keras")
    for who, probs in {
        "keras": answers_of(model, NEW),
        "keras on text": model(tf.constant(NEW)).numpy(),
        "loaded": answers_of(network, NEW),
        "keras file": answers_of(keras.models.load_model(tmp_path / "model.keras"), NEW),
        "graph": graph.serve(tf.constant(NEW))["probabilities"].numpy(),
        "numpy": saving.load_classifier(folder).predict_proba(NEW),
        "8 bits": answers_of(conversion.with_small_tables(model), NEW),
    }.items():
        np.testing.assert_allclose(probs, expected, atol=0.01 if who == "8 bits" else 1e-6, err_msg=who)
    networks.set_temperature(model, 1)
    np.testing.assert_allclose(answers_of(model, NEW), before, atol=1e-7)
    network.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    with step_by_step():
        training.fit(network, TABLE, TABLE, epochs=1, progress=False)  # trains with its temperature
    assert network.layers[-1].temperature == 2.5


@pytest.mark.parametrize("value", [0, -1, 0.001, 101, float("nan"), float("inf"), "1", None, True])
def test_a_temperature_that_is_none_is_refused(model, value):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        networks.set_temperature(model, value)
    assert str(caught.value) == f"temperature: expected a number from 0.01 to 100, got {value!r}"
    with pytest.raises(ValueError, match=r"^model: expected LabelProbabilities"):
        networks.set_temperature(without_label_layer(), 1.0)
