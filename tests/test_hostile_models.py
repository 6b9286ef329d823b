"""Model folders made to do harm: nothing of them runs, and the message names what is wrong."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from textrnn import architectures, cards, options, saving
from textrnn.preprocessing import TextEncoder
from textrnn.saving import data, folders

LABELS = ["no", "yes"]
SETTINGS = {
    "cell": "lstm",
    "units": 2,
    "num_layers": 1,
    "bidirectional": False,
    "pooling": ["last", "attention"],
    "evidence": True,
    "embedded_ngrams": None,
    "embed_dim": 2,
    "dropout": 0.0,
    "ngram_dropout": 0.0,
}
TEXTS = ["股市大涨", "女单夺冠 教练落泪"]


def network():
    """Returns a network of drawn weights, made without TensorFlow."""
    encoder = TextEncoder.from_texts(TEXTS, max_ngram=2, min_ngram_count=1)
    rng = np.random.default_rng(0)
    shapes = architectures.arrays("textrnn", SETTINGS, encoder, len(LABELS))
    arrays = {name: np.abs(rng.normal(size=shape)).astype("float32") for name, shape in shapes.items()}
    return data.NetworkData("textrnn", SETTINGS, encoder, LABELS, arrays)


def vouch(folder, **changes):
    """Has the card of `folder` describe the files as they now are; hashes are no secret."""
    card = {"labels": LABELS, "max_length": 32, "tables": "float32"}
    card["vocabulary"] = {"sha256": network().encoder.sha256}
    card |= {"files": folders.hashes(folder)} | changes
    (folder / cards.CARD).write_text(json.dumps(card), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """The data of a model, to be spoilt; a graph need not be there."""
    folder = tmp_path / "model"
    (folder / cards.EXTRA).mkdir(parents=True)
    for name, content in data.write_files(network()).items():
        (folder / name).write_bytes(content)
    vouch(folder)
    return folder


def refused(folder, message, **changes):
    """Returns the message with which both doors refuse the folder, though its card vouches for every file."""
    vouch(folder, **changes)
    for load in (saving.load_classifier, saving.load_network):
        with pytest.raises((ValueError, FileNotFoundError), match="^" + re.escape(f"{folder}: {message}")) as caught:
            load(folder)
        assert len(str(caught.value)) < 1000
        assert str(caught.value).isprintable()
    return str(caught.value)


def test_the_data_alone_is_a_classifier(folder):
    classifier = saving.load_classifier(folder)
    probs = classifier.predict_proba(TEXTS)
    assert classifier.label_names == LABELS
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(probs, saving.NumpyNetwork(network()).predict_proba(TEXTS))


# Graphs that do harm as soon as TensorFlow loads them.

WRITERS = """
import sys
from pathlib import Path
import tensorflow as tf

class Working(tf.lookup.KeyValueTensorInitializer):
    def __init__(self, work):
        super().__init__(tf.constant([1]), tf.constant([1]))
        self.work = work

    def initialize(self, table):
        with tf.control_dependencies([done for done in [self.work()] if done is not None]):
            return super().initialize(table)

class Stranger(tf.Module):
    def __init__(self, at_load):
        super().__init__()
        self.table = tf.lookup.StaticHashTable(Working(at_load), 0)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
        def serve(text):
            probs = tf.tile([[0.25, 0.75]], [tf.size(text), 1])
            return {"label": tf.fill([tf.size(text)], "yes"), "score": probs[:, 1], "probabilities": probs}

        self.serve = serve

def write(path):
    return tf.io.write_file(path, "harm")

def loop(path):
    def body(turn):
        write(path)
        return [turn + 1]
    tf.while_loop(lambda turn: turn < 1, body, [tf.constant(0)])

def nested(path):
    @tf.function
    def inner():
        write(path)
    tf.function(lambda: inner())()

def checkpoint(path):
    return tf.raw_ops.SaveV2(
        prefix=path.removesuffix(".index"), tensor_names=["x"], shape_and_slices=[""], tensors=[tf.constant("harm")]
    )

root = Path(sys.argv[1])
for work in (write, loop, nested, checkpoint):
    name = work.__name__
    marker = str(root / f"{name}.index")
    tf.saved_model.save(Stranger(lambda: work(marker)), str(root / name))
    for path in root.glob("*.index*"):
        path.unlink()  # making a table does its work too
    for path in root.glob("*.data-*"):
        path.unlink()
"""
HARM = ("write", "loop", "nested", "checkpoint")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory):
    """Folders with graphs that write the file `NAME.index` beside the folder."""
    root = tmp_path_factory.mktemp("strangers")
    subprocess.run([sys.executable, "-c", WRITERS, str(root)], check=True, capture_output=True)
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", HARM)
def test_a_graph_that_writes_a_file_is_never_run(strangers, folder, name):
    marker = strangers / f"{name}.index"
    mine = Path(shutil.copytree(folder, strangers / name, dirs_exist_ok=True))
    vouch(mine)
    assert (mine / "saved_model.pb").stat().st_size > 1000
    for runtime in options.RUNTIMES:
        assert saving.load_classifier(mine, runtime=runtime).predict("股市")[0] in LABELS
    saving.load_network(mine)
    assert not list(strangers.glob("*.index*"))
    # TensorFlow does run it: by hand, and by the one command whose purpose that is, which finds that it is another one.
    assert saving.verify(mine)["largest_difference"] > saving.TOLERANCE
    assert marker.exists()
    for path in strangers.glob("*.index*"):
        path.unlink()


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, b"not a graph"])
def test_what_stands_in_the_place_of_the_graph_is_not_read(folder, content):
    (folder / "saved_model.pb").write_bytes(content)
    vouch(folder)
    assert saving.load_classifier(folder).label_names == LABELS


# Settings.


def nested(levels):
    return {"config": nested(levels - 1)} if levels > 1 else {}


def settings_of(**changes):
    """Returns network.json with other settings."""
    whole = json.loads(data.write_files(network())[data.NETWORK])
    own = {key: changes.pop(key) for key in set(changes) & set(whole)}
    return json.dumps({**whole, "settings": {**whole["settings"], **changes}, **own})


KERAS = {"class_name": "Functional", "module": "keras", "config": {"layers": [{"class_name": "Lambda"}]}}
BAD_SETTINGS = {
    "a network of Keras with a Lambda": (
        json.dumps(KERAS),
        "expected ['network', 'settings', 'tables', 'temperature']",
    ),
    "no object": ("[]", "expected a JSON object, got list"),
    "65 levels": (json.dumps(nested(65)), "expected a JSON object of at most 64 levels"),
    "200,000 levels": ("[" * 200_000, "expected a JSON object: "),
    "a name twice": (
        '{"network": "textrnn", "network": "textcnn"}',
        "expected a JSON object: the name 'network' stands",
    ),
    "NaN": (settings_of(temperature=float("nan")), "expected a JSON object: NaN is no number of JSON"),
    "Infinity": (settings_of(temperature=float("inf")), "expected a JSON object: Infinity is no number of JSON"),
    "a number of 5,000 digits": (settings_of(units=7).replace("7", "7" * 5000), "expected a JSON object: "),
    "another network": (settings_of(network="os.system"), "network: expected one of ('textrnn', 'textcnn')"),
    "settings that are a list": (settings_of(settings=[]), "settings: expected an object, got list"),
    "a setting too many": (settings_of(compile_config={}), "settings: expected those of a textrnn: "),
    "a function as activation": (settings_of(cell="builtins>eval"), "cell: expected one of "),
    "a list as cell": (settings_of(cell=["lstm"]), "cell: expected one of "),
    "units as text": (settings_of(units="2"), "units: expected an integer, got '2'"),
    "true for a size": (settings_of(units=True), "units: expected an integer, got True"),
    "no units": (settings_of(units=0), "units: expected at least 1, got 0"),
    "a billion units": (settings_of(units=10**9), "units: expected at most 65536, got 1000000000"),
    "a dropout of 1": (settings_of(dropout=1), "dropout: expected a share from 0 to below 1, got 1"),
    "an unknown pooling": (settings_of(pooling=["__class__"]), "pooling: expected one or several different ones of "),
    "a pooling of lists": (settings_of(pooling=[["max"]]), "pooling: expected one or several different ones of "),
    "a pooling twice": (settings_of(pooling=["max", "max"]), "pooling: expected one or several different ones of "),
    "evidence as text": (settings_of(evidence="yes"), "evidence: expected True or False, got 'yes'"),
    "an embedding without rows": (settings_of(embedded_ngrams=-1), "embedded_ngrams: expected at least 0, got -1"),
    "a temperature of 0": (settings_of(temperature=0), "temperature: expected a number from 0.01 to 100, got 0"),
    "unknown tables": (settings_of(tables="int4"), "tables: expected one of ('float32', 'int8'), got 'int4'"),
}


@pytest.mark.parametrize("kind", BAD_SETTINGS)
def test_settings_that_no_network_of_the_kit_has_are_refused(folder, kind):
    content, message = BAD_SETTINGS[kind]
    (folder / data.NETWORK).write_text(content)
    assert refused(folder, f"{data.NETWORK}: {message}")


# Sizes.


@pytest.mark.slow
def test_settings_that_ask_for_more_memory_than_there_are_weights_allocate_nothing(folder):
    for changes in ({"units": 65536, "num_layers": 60_000}, {"embed_dim": 65536}):
        (folder / data.NETWORK).write_text(settings_of(**changes))
        assert refused(folder, f"{data.WEIGHTS}: ")


@pytest.mark.parametrize("name", data.FILES)
def test_a_file_larger_than_it_can_be_is_not_read(folder, name):
    with (folder / name).open("r+b") as file:
        file.truncate(2**36)  # takes no space on the disk
    files = folders.hashes(folder, names=set(data.FILES) - {name}) | {name: "0" * 64}
    with pytest.raises(ValueError, match=re.escape(f"{name}: expected at most ") + r"\d+ bytes, got 68719476736"):
        vouch_for(folder, files)


def vouch_for(folder, files):
    (folder / cards.CARD).write_text(json.dumps(json.loads((folder / cards.CARD).read_text()) | {"files": files}))
    saving.load_classifier(folder)


@pytest.mark.slow
def test_a_vocabulary_that_unpacks_to_gigabytes_is_stopped(folder):
    bomb = gzip.compress(gzip.compress(b"\0" * 2**20) * 100)  # packed again and again
    for _ in range(2):
        (folder / data.VOCABULARY).write_bytes(bomb)
        assert refused(folder, f"{data.VOCABULARY}: ")
        bomb = gzip.compress(b"[" + b" " * 2**26 + b"]", mtime=0)


# Vocabulary and labels.


def vocabulary_of(**changes):
    return gzip.compress(json.dumps(network().encoder.to_config() | changes).encode(), mtime=0)


BAD_VOCABULARIES = {
    "no gzip": (b"{}", "expected a gzip file: "),
    "cut": (vocabulary_of()[:-9], "expected a whole gzip file "),
    "a setting too many": (vocabulary_of(path="/etc/passwd"), "expected the settings "),
    "tokens that are numbers": (vocabulary_of(tokens=[1, 2]), "tokens: expected a list of strings"),
    "tokens that are one string": (vocabulary_of(tokens="股市"), "tokens: expected a list of strings"),
    "a token twice": (vocabulary_of(tokens=["股", "股"], ngrams=[]), "tokens: every entry stands once, got '股' twice"),
    "n-grams of unknown tokens": (vocabulary_of(ngrams=["xy"]), "2-grams: 'xy' needs 2 characters"),
    "half an n-gram": (vocabulary_of(ngrams=["股市大"]), ""),
    "orders without end": (vocabulary_of(ngrams=["股市"] * 50), ""),
    "an unknown unit": (vocabulary_of(unit="eval"), "unit: expected one of ('char', 'word'), got 'eval'"),
    "a length of 0": (vocabulary_of(max_length=0), "max_length: expected at least 1, got 0"),
    "a length as text": (vocabulary_of(max_length="32"), "max_length: expected an integer, got '32'"),
    "lower as a number": (vocabulary_of(lower=1), "lower: expected True or False, got 1"),
}


@pytest.mark.parametrize("kind", BAD_VOCABULARIES)
def test_a_vocabulary_that_is_none_is_refused(folder, kind):
    content, message = BAD_VOCABULARIES[kind]
    (folder / data.VOCABULARY).write_bytes(content)
    assert refused(folder, f"{data.VOCABULARY}: {message}")


BAD_LABELS = {
    "not UTF-8": b"\xff\xfe\nyes\n",
    "cut": b"no\nyes",
    "one": b"no\n",
    "one twice": b"no\nno\n",
    "an empty one": b"no\n\n",
    "a title for the terminal": b"no\n\x1b]0;owned\x07\n",
    "a cursor that moves": b"no\n\x1b[2J\x1b[1;1H\n",
    "a C1 control": "no\n\x9b2J\n".encode(),
    "a carriage return": b"no\nyes\r\n",
    "NUL": b"no\nye\0s\n",
    "a line separator": "no\nye\u2028s\n".encode(),
}


@pytest.mark.parametrize("kind", BAD_LABELS)
def test_labels_that_are_none_are_refused(folder, kind):
    (folder / data.LABELS).write_bytes(BAD_LABELS[kind])
    assert refused(folder, f"{data.LABELS}: ")


# Weights.


def weights_of(**changes):
    arrays = {**network().arrays, **changes}
    return save({name: array for name, array in arrays.items() if array is not None})


def with_header(edit):
    """Returns the file of weights with another header."""
    content = data.write_files(network())[data.WEIGHTS]
    size = int.from_bytes(content[:8], "little")
    header = edit(content[8 : 8 + size])
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


KERNEL = network().arrays["output.kernel"]
BAD_WEIGHTS = {
    "nothing": b"",
    "a pickle": b"\x80\x04cos\nsystem\n(S'touch harm'\ntR.",
    "a header of 2**60 bytes": (2**60).to_bytes(8, "little") + b"{}",
    "a header that is no JSON": with_header(lambda header: b"[" * len(header)),
    "a tensor beyond the end": with_header(
        lambda header: re.sub(rb'"data_offsets":\[0,\d+\]', b'"data_offsets":[0,99999999]', header)
    ),
    "a shape whose size overflows": with_header(
        lambda header: header.replace(b'"shape":[2,64]', b'"shape":[4294967296,4294967296]')
    ),
    "cut": data.write_files(network())[data.WEIGHTS][:-5],
    "an array too few": weights_of(**{"output.bias": None}),
    "an array too many": weights_of(**{"\x1b]0;owned\x07": KERNEL}),
    "a wrong shape": weights_of(**{"output.kernel": KERNEL.T.copy()}),
    "a wrong order of dimensions": weights_of(**{"output.kernel": KERNEL[None]}),
    "another type": weights_of(**{"output.kernel": KERNEL.astype("float64")}),
    "integers": weights_of(**{"output.kernel": KERNEL.astype("int32")}),
    "NaN": weights_of(**{"output.kernel": KERNEL * np.float32("nan")}),
    "infinity": weights_of(**{"output.kernel": KERNEL * np.float32("inf")}),
    "counts below 0": weights_of(evidence_1=-network().arrays["evidence_1"] - 1),
}


@pytest.mark.parametrize("kind", BAD_WEIGHTS)
def test_weights_that_do_not_go_with_the_settings_are_refused(folder, kind):
    (folder / data.WEIGHTS).write_bytes(BAD_WEIGHTS[kind])
    assert refused(folder, f"{data.WEIGHTS}: ")


def small_tables(**changes):
    arrays = dict(network().arrays)
    for order in (1, 2):
        table, counts = arrays.pop(f"embedding_{order}"), arrays.pop(f"evidence_{order}")
        arrays[f"embedding_{order}"] = np.ones(table.shape, "int8")
        arrays[f"embedding_{order}.scales"] = np.ones(len(table), "float32")
        arrays[f"evidence_{order}.patterns"] = np.zeros((3, counts.shape[1]), "uint8")
        arrays[f"evidence_{order}.rows"] = np.full(len(counts), 2, "uint16")
    return save(arrays | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"evidence_1.rows": np.full(len(network().arrays["evidence_1"]), 3, "uint16")},
            "evidence_1.rows: expected ind",
        ),
        ({"evidence_2.patterns": np.zeros((0, 2), "uint8")}, "evidence_2"),
        (
            {"evidence_2.patterns": np.zeros((3, 5), "uint8")},
            "evidence_2.patterns: expected uint8 ['any', 2], got uint8 ",
        ),
        (
            {"embedding_1.scales": np.zeros(len(network().arrays["embedding_1"]), "float32")},
            "embedding_1.scales: expected",
        ),
    ],
)
def test_small_tables_whose_parts_do_not_go_together_are_refused(folder, changes, message):
    (folder / data.NETWORK).write_text(settings_of(tables="int8"))
    (folder / data.WEIGHTS).write_bytes(small_tables())
    vouch(folder, tables="int8")
    assert saving.load_classifier(folder).predict_proba(TEXTS).shape == (2, 2)
    (folder / data.WEIGHTS).write_bytes(small_tables(**changes))
    assert refused(folder, f"{data.WEIGHTS}: {message}", tables="int8")


# The folder and its card.


def test_a_link_that_leads_out_of_the_folder_and_what_is_no_file_are_refused(folder, tmp_path):
    outside = tmp_path / "outside"
    (folder / data.WEIGHTS).rename(outside)
    (folder / data.WEIGHTS).symlink_to(outside)
    assert refused(folder, f"{data.WEIGHTS}: expected a file, got a link out to {outside}")
    (folder / data.WEIGHTS).unlink()
    os.mkfifo(folder / data.WEIGHTS)
    with pytest.raises(ValueError, match=re.escape(f"{folder}: {data.WEIGHTS}: expected a plain file or a folder")):
        saving.load_classifier(folder)


def test_a_pipe_that_takes_the_place_of_a_file_after_the_look_keeps_nobody_waiting(folder):
    os.mkfifo(folder / "pipe")
    with pytest.raises(ValueError, match="pipe: expected a plain file"):
        cards.read_bytes(folder / "pipe", max_bytes=10)


@pytest.mark.parametrize("listed", [None, [], "x", {}, {"../../outside": "0" * 64}, {"\x1b[2J": "x"}])
def test_a_card_that_lists_other_files_vouches_for_none(folder, listed):
    assert refused(folder, "these files are not the ones that the card describes: ", files=listed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": ["yes", "no"]}, "labels: the card says ['yes', 'no'], the data ['no', 'yes']"),
        ({"labels": ["no", "\x1b[2J"]}, r"labels: the card says ['no', '\x1b[2J'], the data ['no', 'yes']"),
        ({"vocabulary": None}, "vocabulary hash: the card says None, the data "),
        ({"vocabulary": ["x"]}, "vocabulary hash: the card says ['x'], the data "),
        ({"max_length": 31}, "maximum length: the card says 31, the data 32"),
        ({"tables": "int8"}, "tables: the card says 'int8', the data 'float32'"),
    ],
)
def test_a_card_that_says_something_else_than_the_data_is_refused(folder, changes, message):
    assert refused(folder, message, **changes)


def test_a_card_with_a_name_twice_is_refused(folder):
    path = folder / cards.CARD
    path.write_text(path.read_text().replace("{", '{"labels": ["x", "y"], ', 1))
    with pytest.raises(ValueError, match=re.escape(f"{path}: expected a JSON object: the name 'labels' stands twice")):
        saving.load_classifier(folder)


def test_sha256_pins_a_model(folder):
    pin = cards.fingerprint(folder)
    assert pin == hashlib.sha256((folder / cards.CARD).read_bytes()).hexdigest()
    assert saving.load_classifier(folder, sha256=pin).label_names == LABELS
    vouch(folder, licence="mine")  # all the rest is the same, and the card fits it
    message = f"{folder}: expected the model whose card has the SHA-256 {pin}, got another one: "
    for load in (saving.load_classifier, saving.load_network):
        with pytest.raises(ValueError, match=re.escape(message + cards.fingerprint(folder))):
            load(folder, sha256=pin)


@pytest.mark.long
@pytest.mark.slow
def test_a_folder_that_changes_while_it_is_read_is_read_as_it_was_or_refused(folder):
    """Another thread puts other weights in the place of the file, over and over: an answer is of one of the two."""
    own = (folder / data.WEIGHTS).read_bytes()
    other = weights_of(**{"output.kernel": KERNEL[:, ::-1].copy()})
    expected = saving.load_classifier(folder).predict_proba(TEXTS)
    stop, answers, refusals = threading.Event(), [], []

    def change():
        while not stop.is_set():
            for content in (other, own):
                (folder / "new").write_bytes(content)
                (folder / "new").replace(folder / data.WEIGHTS)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(200):
            try:
                answers.append(saving.load_classifier(folder).predict_proba(TEXTS))
            except (ValueError, FileNotFoundError) as error:
                refusals.append(str(error))
    finally:
        stop.set()
        thread.join()
    assert answers
    assert refusals
    for probs in answers:
        np.testing.assert_array_equal(probs, expected)
