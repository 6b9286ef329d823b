"""The saved-model contract: what is written, who can read it, what is refused, and what a killed save leaves."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import textrnn
from textrnn import datasets, networks, saving, training
from textrnn.preprocessing import TextEncoder, TextToIds

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


def trained(*, seed=0, **settings):
    encoder = TextEncoder.from_texts(TABLE["text"], max_ngram=2, min_ngram_count=1)
    model = networks.build_textrnn(encoder, ["sports", "股票"], embed_dim=8, units=8, seed=seed, **settings)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy")
    training.fit(model, TABLE, TABLE, epochs=3, batch_size=4, progress=False)
    return model


@pytest.fixture(scope="module")
def model():
    return trained()


@pytest.fixture(scope="module")
def written(model, tmp_path_factory):
    """A saved model that no test changes."""
    return saving.save_classifier(model, tmp_path_factory.mktemp("models") / "headlines", card=CARD)


@pytest.fixture
def folder(written, tmp_path):
    """A saved model of a test's own."""
    return Path(shutil.copytree(written, tmp_path / "headlines"))


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit_card(folder, **changes):
    """Changes the card, and has it vouch for the files as they now are."""
    path = folder / "assets.extra" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card |= {"files": saving._hashes(folder)} | changes
    path.write_text(json.dumps(card), encoding="utf-8")


def test_saved_equals_live(model, written):
    live = training.predict(model, [*TABLE["text"], *NEW])
    assert np.ptp(live[:, 0]) > 0.1
    np.testing.assert_allclose(
        saving.load_classifier(written).predict_probs([*TABLE["text"], *NEW]), live, atol=1e-6, rtol=0
    )


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
    live = training.predict(model, NEW)
    answers = json.loads(run.stdout.splitlines()[-1])
    assert len(answers) == 2
    for answer in answers:
        assert answer["types"] == {"label": ["string", 1], "score": ["float32", 1], "probabilities": ["float32", 2]}
        np.testing.assert_allclose(answer["probabilities"], live, atol=1e-6)
        np.testing.assert_allclose(answer["score"], live.max(axis=1), atol=1e-6)
        assert answer["label"] == [["sports", "股票"][place] for place in live.argmax(axis=1)]


def test_the_answer_for_one_text_does_not_depend_on_the_batch(written):
    classifier = saving.load_classifier(written)
    together = classifier.predict_probs([*NEW, "教练落泪" * 10])
    for row, text in enumerate(NEW):
        np.testing.assert_allclose(classifier.predict_probs(text)[0], together[row], atol=1e-6, rtol=0)
    np.testing.assert_allclose(classifier.predict_probs(NEW, batch_size=2), together[:5], atol=1e-6, rtol=0)


def test_the_graph_answers_for_empty_texts_and_for_none(written):
    loaded = tf.saved_model.load(str(written))
    probs = loaded.serve(tf.constant(["", " ", "\0"]))["probabilities"].numpy()
    assert np.isfinite(probs).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    assert loaded.serve(tf.constant([], tf.string))["probabilities"].shape == (0, 2)


def test_labels_stand_one_on_each_line_in_the_order_of_the_probabilities(written):
    assert (written / "assets.extra" / "labels.txt").read_bytes().decode("utf-8") == "sports\n股票\n"
    assert saving.load_classifier(written).label_names == ["sports", "股票"]


def test_the_card_says_what_the_contract_asks_for(model, written):
    card = saving.read_card(written)
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


@pytest.mark.parametrize("texts", ["股市", ["股市"], pd.Series(["股市"], index=[8]), np.array(["股市"])], ids=type)
def test_predict_takes_a_string_a_list_a_column_or_an_array(model, written, texts):
    table = saving.load_classifier(written).predict(texts)  # nothing but the bound method keeps the model alive
    probs = training.predict(model, ["股市"])[0]
    assert list(table.columns) == ["text", "label", "score"]
    assert table["text"].tolist() == ["股市"]
    assert table["label"].tolist() == [["sports", "股票"][probs.argmax()]]
    assert table["score"][0] == pytest.approx(probs.max(), abs=1e-6)


def test_predict_keeps_the_order_of_the_texts_and_takes_none(written):
    classifier = saving.load_classifier(written)
    table = classifier.predict(NEW, batch_size=2)
    assert table["text"].tolist() == NEW
    assert table["label"].tolist() == [classifier.predict(text)["label"][0] for text in NEW]
    empty = classifier.predict([])
    assert (list(empty.columns), len(empty)) == (["text", "label", "score"], 0)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["a", " \u2028"], "texts: item 1: expected a text, got an empty one"),
        (["a", None], "texts: item 1: expected a string, got None (NoneType)"),
        (["股市".encode("gb18030")], r"texts: item 0: expected a string, got b'\xb9\xc9\xca\xd0' (bytes)"),
        (
            b"\xb9\xc9".decode("utf-8", "surrogateescape"),
            r"texts: item 0: character 0 is half of a surrogate pair ('\udcb9'): the text was decoded wrongly",
        ),
    ],
)
def test_what_is_no_text_is_refused_before_the_graph(written, texts, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        saving.load_classifier(written).predict(texts)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["股票", "sports"]}, "labels: the card says ['股票', 'sports'], the graph ['sports', '股票']"),
        ({"vocabulary": {"size": [9], "sha256": "beef"}}, "vocabulary hash: the card says beef, the graph "),
        ({"vocabulary": ["x"]}, "vocabulary hash: the card says ['x'], the graph "),
        ({"max_length": 31}, "maximum length: the card says 31, the graph 32"),
        ({"files": None}, "these files are not the ones that the card describes: assets.extra/labels.txt, "),
    ],
)
def test_a_card_that_does_not_fit_the_graph_is_refused_by_name(folder, changes, message):
    edit_card(folder, **changes)
    for load in (saving.load_classifier, saving.load_network):
        with pytest.raises(ValueError, match="^" + re.escape(f"{folder}: {message}")):
            load(folder)


@pytest.mark.parametrize(
    "name", ["assets.extra/labels.txt", "assets.extra/network.json", "saved_model.pb", "variables/variables.index"]
)
def test_a_changed_file_is_refused_by_name(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        saving.load_classifier(folder)
    assert str(caught.value) == f"{folder}: these files are not the ones that the card describes: {name}"


def test_a_changed_weight_a_missing_and_a_foreign_file_are_refused_by_name(folder):
    weights = folder / "variables" / "variables.data-00000-of-00001"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    (folder / "assets.extra" / "network.json").unlink()
    (folder / "foreign.txt").write_text("x")
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        saving.load_classifier(folder)
    names = "assets.extra/network.json, foreign.txt, variables/variables.data-00000-of-00001"
    assert str(caught.value) == f"{folder}: these files are not the ones that the card describes: {names}"


def test_a_label_list_that_the_card_vouches_for_is_still_held_against_the_graph(folder):
    (folder / "assets.extra" / "labels.txt").write_text("股票\nsports\n", encoding="utf-8")
    edit_card(folder)
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        saving.load_classifier(folder)
    message = "labels.txt: the card says ['股票', 'sports'], the graph ['sports', '股票']"
    assert str(caught.value) == f"{folder}: {message}"


@pytest.mark.parametrize("what", ["labels", "vocabulary hash", "shapes of weights"])
def test_a_foreign_network_that_the_card_vouches_for_is_still_held_against_the_graph(folder, model, what):
    names, texts, units = ["sports", "股票"], list(TABLE["text"]), 8
    if what == "labels":
        names = names[::-1]
    elif what == "vocabulary hash":
        texts[0] = "市市市市市" + texts[0]  # another order of the tokens
    else:
        units = 7
    encoder = TextEncoder.from_texts(texts, max_ngram=2, min_ngram_count=1)
    foreign = networks.build_textrnn(encoder, names, embed_dim=8, units=units)
    (folder / "assets.extra" / "network.json").write_text(foreign.to_json(), encoding="utf-8")
    edit_card(folder)
    with pytest.raises(ValueError, match="^" + re.escape(f"{folder}: {what}: network.json says ")):
        saving.load_network(folder)


def test_a_folder_without_card_or_graph_is_no_model(folder, tmp_path):
    missing = "expected a model folder with assets.extra/card.json, found none"
    with pytest.raises(FileNotFoundError, match=re.escape(f"{tmp_path / 'nowhere'}: {missing}")):
        saving.load_classifier(tmp_path / "nowhere")
    (folder / "saved_model.pb").unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(f"{folder}: expected saved_model.pb in it, found none")):
        saving.load_classifier(folder)
    (folder / "assets.extra" / "card.json").unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(f"{folder}: {missing}")):
        saving.read_card(folder)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "expected a JSON object: "),
        (b"\xff{}", "expected a JSON object: "),
        (b"[" * 200_000, "expected a JSON object: "),
        (b"[]", "expected a JSON object, got list"),
        (b" " * (2**20 + 1), "expected at most 1048576 bytes, got 1048577"),
    ],
    ids=["cut", "not UTF-8", "deep", "list", "large"],
)
def test_a_card_that_is_no_object_is_refused(folder, data, message):
    path = folder / "assets.extra" / "card.json"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}: {message}")):
        saving.load_classifier(folder)


def test_a_loaded_network_gives_the_same_answers_and_can_be_trained_on(model, written):
    network = saving.load_network(written)
    assert networks.label_names(network) == ["sports", "股票"]
    assert networks.text_encoder(network) == networks.text_encoder(model)
    before = training.predict(network, NEW)
    np.testing.assert_allclose(before, training.predict(model, NEW), atol=1e-6)
    assert getattr(network, "optimizer", None) is None
    network.compile(optimizer=keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy")
    contrary = TABLE.assign(label=TABLE["label"].to_numpy()[[1, 0, 1, 0]])
    history = training.fit(network, contrary, contrary, epochs=10, batch_size=4, progress=False)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert abs(training.predict(network, NEW) - before).max() > 0.01


@pytest.mark.parametrize("settings", [{"unit": "word"}, {"max_ngram": 3, "min_ngram_count": 1}], ids=str)
def test_a_vocabulary_made_of_texts_with_line_breaks_can_be_saved_and_read_back(tmp_path, settings):
    encoder = TextEncoder.from_texts([*TABLE["text"], "甲\n乙\r丙\x1c丁\v戊\f"], **settings)
    model = networks.build_textrnn(encoder, ["x", "y"], cell="simple", bidirectional=False, embed_dim=4, units=4)
    texts = [*TABLE["text"], "甲\u2028乙\u0085丙"]
    live = training.predict(model, texts)
    saving.save_classifier(model, tmp_path / "model", card=CARD)
    np.testing.assert_allclose(saving.load_classifier(tmp_path / "model").predict_probs(texts), live, atol=1e-6)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(training.predict(again, texts), live, atol=1e-6)


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


@pytest.mark.parametrize("moment", ["graph", "card", "rename"])
def test_a_save_that_fails_leaves_the_earlier_model_and_nothing_else(model, folder, monkeypatch, moment):
    before = contents(folder.parent)

    def fail(*args, **kwargs):
        raise OSError("no space left")

    if moment == "graph":
        write = tf.saved_model.save
        monkeypatch.setattr(tf.saved_model, "save", lambda *args, **kw: [write(*args, **kw), fail()])
    elif moment == "card":
        monkeypatch.setattr(saving, "_hashes", fail)
    else:
        rename = Path.rename
        monkeypatch.setattr(Path, "rename", lambda self, to: fail() if ".saving-" in self.name else rename(self, to))
    with pytest.raises(OSError, match=r"^no space left$"):
        saving.save_classifier(model, folder, card=CARD)
    monkeypatch.undo()
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
    other = trained(seed=3, cell="simple")
    assert saving.save_classifier(other, folder, card=CARD | {"seed": 3}) == folder
    assert saving.read_card(folder)["seed"] == 3
    assert not (folder / "stale.txt").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["headlines"]
    np.testing.assert_allclose(
        saving.load_classifier(folder).predict_probs(NEW), training.predict(other, NEW), atol=1e-6
    )


KILLED = """
import json, os, signal, sys, threading, time
from pathlib import Path
import tensorflow as tf
from textrnn import networks, saving
from textrnn.preprocessing import TextEncoder

card, rename, write_text, save = json.loads(sys.argv[2]), Path.rename, Path.write_text, tf.saved_model.save

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def watch(folder):
    while not any(folder.parent.glob(".*.saving-*/variables/*")):
        time.sleep(0.0005)
    die()

def cut_graph(servable, path, **kw):
    save(servable, path, **kw)
    graph = Path(path) / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[:1000])
    die()

def cut_card(self, text, **kw):
    if self.name == "card.json":
        write_text(self, text[: len(text) // 2], **kw)
        die()
    return write_text(self, text, **kw)

def stop_before(self, to):
    if ".saving-" in self.name:
        die()
    return rename(self, to)

def stop_after(self, to):
    moved = rename(self, to)
    if ".saving-" in self.name:
        die()
    return moved

def run(moment, folder):
    if moment == "weights":
        threading.Thread(target=watch, args=[folder], daemon=True).start()
    elif moment == "graph":
        tf.saved_model.save = cut_graph
    elif moment == "card":
        Path.write_text = cut_card
    else:
        Path.rename = stop_before if moment == "set aside" else stop_after
    encoder = TextEncoder.from_texts(["ab"])
    model = networks.build_textrnn(encoder, ["x", "y"], cell="simple", bidirectional=False, embed_dim=4, units=4)
    saving.save_classifier(model, folder, card=card)

# TensorFlow is loaded once and has done nothing yet, so that each child starts from here.
for moment in json.loads(sys.argv[3]):
    child = os.fork()
    if not child:
        try:
            run(moment, Path(sys.argv[1]) / moment / "headlines")
        finally:
            os._exit(3)
    print(moment, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
MOMENTS = ["weights", "graph", "card", "set aside", "in place"]


@pytest.fixture(scope="module")
def killed(written, tmp_path_factory):
    """A folder for each moment, holding what a save that was killed then left there."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork and no SIGKILL")
    root = tmp_path_factory.mktemp("killed")
    for moment in MOMENTS:
        shutil.copytree(written, root / moment / "headlines")
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(root), json.dumps(CARD), json.dumps(MOMENTS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.splitlines() == [f"{moment} {-signal.SIGKILL}" for moment in MOMENTS], run.stderr
    return root


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_save_that_is_killed_leaves_a_whole_model_and_nothing_that_passes_for_one(killed, written, moment, model):
    folder = killed / moment / "headlines"
    left = [path for path in folder.parent.iterdir() if path != folder]
    assert left  # the save was killed at its work
    assert all(path.name.startswith(".headlines.") for path in left)
    if moment in ("weights", "graph", "card"):
        for path in left:
            with pytest.raises((ValueError, FileNotFoundError)):
                saving.load_classifier(path)
    classifier = saving.load_classifier(folder)
    if moment == "in place":
        assert classifier.label_names == ["x", "y"]
    else:
        assert contents(folder) == contents(written)
        np.testing.assert_allclose(classifier.predict_probs(NEW), training.predict(model, NEW), atol=1e-6)


def test_a_save_after_a_killed_one_works(killed, model):
    for moment in ("set aside", "card"):
        folder = killed / moment / "headlines"
        saving.save_classifier(model, folder, card=CARD | {"seed": 8})
        assert saving.load_classifier(folder).card["seed"] == 8
        assert not saving._set_aside(folder).exists()


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


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_8_bit_tables_take_less_space_and_give_nearly_the_same_answers(large, tmp_path):
    model, texts = large
    whole = saving.save_classifier(model, tmp_path / "whole", card=CARD)
    small = saving.save_classifier(model, tmp_path / "small", card=CARD, tables="int8")
    weights = sum(layer.embeddings.shape[0] * 32 * 4 for layer in networks.embeddings(model))
    assert size_of(small) < size_of(whole) - 0.6 * weights
    assert saving.read_card(small)["tables"] == "int8"
    live = training.predict(model, texts)
    probs = saving.load_classifier(small).predict_probs(texts)
    assert np.ptp(live, axis=0).max() > 0.1
    np.testing.assert_allclose(probs, live, atol=0.02)
    assert (probs.argmax(axis=1) == live.argmax(axis=1)).mean() > 0.98


@pytest.mark.parametrize("tables", saving.TABLES)
def test_a_loaded_network_answers_as_its_file_does_whatever_the_tables_and_the_runtime(tables, large, tmp_path):
    model, texts = large
    folder = saving.save_classifier(model, tmp_path / "model", card=CARD, tables=tables)
    expected = saving.load_classifier(folder).predict_probs(texts)
    np.testing.assert_allclose(training.predict(saving.load_network(folder), texts), expected, atol=1e-5)
    by_numpy = saving.load_classifier(folder, runtime="numpy")
    np.testing.assert_allclose(by_numpy.predict_probs(texts), expected, atol=1e-5)
    assert by_numpy.predict(texts)["label"].tolist() == saving.load_classifier(folder).predict(texts)["label"].tolist()


def test_unknown_runtimes_and_tables_are_refused_before_any_work(model, written, tmp_path):
    with pytest.raises(ValueError, match=r"runtime: expected one of \('tensorflow', 'numpy'\), got 'onnx'"):
        saving.load_classifier(written, runtime="onnx")
    with pytest.raises(ValueError, match=r"tables: expected one of \('float32', 'int8'\), got 'int4'"):
        saving.save_classifier(model, tmp_path / "m", card=CARD, tables="int4")
    assert not list(tmp_path.iterdir())


def test_a_stream_is_answered_in_order_without_being_held(written):
    classifier, asked = saving.load_classifier(written), []

    def texts():
        for number in range(10):
            asked.append(number)
            yield NEW[number % len(NEW)]

    tables = classifier.predict_stream(texts(), chunk_size=4)
    first = next(tables)
    assert asked == [0, 1, 2, 3]  # no more is read than a table needs
    whole = pd.concat([first, *tables], ignore_index=True)
    expected = classifier.predict([NEW[number % len(NEW)] for number in range(10)])
    assert whole["label"].tolist() == expected["label"].tolist()
    np.testing.assert_allclose(whole["score"], expected["score"], atol=1e-6)
    with pytest.raises(ValueError, match="item 5: expected a text, got an empty one"):
        list(classifier.predict_stream([*NEW, ""], chunk_size=2))
