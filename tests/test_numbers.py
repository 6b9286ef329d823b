"""Numbers stay right: the shipped models answer the same in any company, with any threads, for any text."""

import json
import os
import runpy
import subprocess
import sys

import numpy as np
import pytest

from textrnn import cards, datasets, metrics, networks, options, saving
from textrnn.preprocessing import TextEncoder, normalise

pytestmark = pytest.mark.slow

MODELS = ("headlines-textrnn", "thucnews-textrnn")
HEADLINES = datasets.load("headlines")
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # man, joiner, woman, joiner, girl: one emoji
HARD = [
    "a",
    "。",
    "0",
    "\x07股",  # a control character
    "\u202e股市\u202c",  # from right to left
    "e\u0301" * 20,  # letters with separate accents
    "ﷺ" * 40,  # one character that becomes eighteen
    "㍿①ﬁ½",
    "İıßẞſ",
    "עברית العربية",
    f"{FAMILY}👍🏽🇨🇳❤️",
    "\U00020000\U0010ffff\ufffe\uffff",
    "股 \t\r\n\u3000市",
    "长" * 27,
    "长" * 28,
    "长" * 29,
    "股市大涨" * 300,
    "The quick brown fox jumps over the lazy dog. " * 9,
    "".join(chr(code) for code in range(0x4E00, 0x4E00 + 3000)),
]


@pytest.fixture(
    scope="module", params=[(name, runtime) for name in MODELS for runtime in options.RUNTIMES], ids="-".join
)
def shipped(request, load_shipped):
    """A shipped model, by each runtime."""
    return load_shipped(*request.param)


@pytest.mark.long
def test_a_shipped_model_answers_the_same_in_any_batch_any_order_and_beside_any_text(shipped):
    texts = [*HEADLINES.dev["text"][:60], *HARD]
    for long_text in options.LONG_TEXT:
        expected = shipped.predict_proba(texts, long_text=long_text)
        assert np.ptp(expected, axis=0).max() > 0.5  # the texts do get different answers
        for batch_size in (1, 7):
            probs = shipped.predict_proba(texts, batch_size=batch_size, long_text=long_text)
            np.testing.assert_allclose(probs, expected, atol=1e-5, rtol=0)
        backwards = shipped.predict_proba(texts[::-1], long_text=long_text)[::-1]
        np.testing.assert_allclose(backwards, expected, atol=1e-5, rtol=0)
        short = texts[:60]  # behind the padding of one text as long as the network reads, and beside one of 60 windows
        for other in ("长" * shipped.card["max_length"], "长" * 60 * shipped.card["max_length"]):
            padded = shipped.predict_proba([*short, other], batch_size=1000, long_text=long_text)[:-1]
            np.testing.assert_allclose(padded, expected[:60], atol=1e-5, rtol=0)


def test_the_probabilities_of_any_text_are_finite_and_sum_to_one(shipped):
    for long_text in options.LONG_TEXT:
        probs = shipped.predict_proba(HARD, long_text=long_text)
        assert probs.dtype == "float32"
        assert np.isfinite(probs).all()
        assert (probs >= 0).all()
        np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5, rtol=0)


def scores_of(classifier, table):
    """The accuracy and calibration error that a card states, and the share of texts that are read in windows or cut."""
    answers = classifier.predict_table(table["text"], long_text=options.LONG_TEXT[0])
    long = table["text"].map(normalise).str.len() > classifier.card["max_length"]
    error = metrics.calibration_error(table["label"], answers["label"], answers["score"])
    return metrics.accuracy(table["label"], answers["label"]) | {"calibration_error": error}, long.mean()


def check_card(classifier, split, table):
    scores, share_long = scores_of(classifier, table)
    said = classifier.card["metrics"][split]
    assert said["rows"] == scores["rows"] == len(table)
    assert scores["accuracy"] == pytest.approx(said["accuracy"], abs=share_long + 1e-9)
    if "calibration_error" in said:
        assert scores["calibration_error"] == pytest.approx(said["calibration_error"], abs=share_long + 1e-4)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_the_model_of_the_notebooks_scores_what_its_card_says_on_the_embedded_splits(split, load_shipped):
    classifier = load_shipped("headlines-textrnn", "numpy")
    table = getattr(HEADLINES, split)
    assert classifier.card["trained_on"]["files"] == cards.describe("headlines", HEADLINES)["files"]
    assert (table["text"].str.len() > classifier.card["max_length"]).sum() <= 2
    check_card(classifier, split, table)


@pytest.mark.long
def test_the_model_of_real_news_scores_what_its_card_says(shared_data, load_shipped):
    classifier = load_shipped("thucnews-textrnn", "numpy")
    check_card(classifier, "dev", datasets.read_table(shared_data("thucnews_titles/dev.tsv")))


# TensorFlow is loaded once and has done nothing yet, so that each child decides about its threads.
CHILDREN = """
import json, os, resource, sys
from importlib.machinery import PathFinder

find = PathFinder.find_spec
own = ("keras", "tf_keras", "textrnn")
PathFinder.find_spec = staticmethod(lambda name, *rest: None if name.split(".")[0] in own else find(name, *rest))
import tensorflow as tf

folders, texts, memory = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]

def answer(threads):
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    probs = {}
    for folder in folders:
        model = tf.saved_model.load(folder)
        blocks = [tf.constant(texts[i : i + 64]) for i in range(0, len(texts), 64)]
        probs[folder] = [row for block in blocks for row in model.serve(block)["probabilities"].numpy().tolist()]
    return {"threads": tf.config.threading.get_intra_op_parallelism_threads(), "probs": probs}

def remember(length):
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    model = tf.saved_model.load(memory)
    short = [texts[place % len(texts)] for place in range(255)]
    probs = model.serve(tf.constant([*short, "短"]))["probabilities"].numpy()
    before = peak()
    long = model.serve(tf.constant([*short, "股市大涨" * (length // 4)]))["probabilities"].numpy()
    change = abs(long[:255] - probs[:255]).max()
    return {"grown": peak() - before, "change": float(change), "sum": float(long[255].sum())}

for work, argument in ((answer, 1), (answer, 2), (remember, 1_000_000)):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            told = work(argument)
            assert not [name for name in sys.modules if name.split(".")[0] in own]
            with os.fdopen(writing, "w") as file:
                json.dump(told, file)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(3)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        print(file.read(), flush=True)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def alone(root, tmp_path_factory):
    """What children without Keras and this package told: with one thread, with two, and about memory; and the texts."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    encoder = TextEncoder.from_texts(HEADLINES.train["text"][:300], max_ngram=3)
    model = networks.build_textrnn(encoder, ["x", "y"], embed_dim=64, units=4)
    card = dict.fromkeys(cards.CARD_FIELDS, "made up")
    memory = saving.save_classifier(model, tmp_path_factory.mktemp("memory") / "model", card=card)
    limit = cards.read_card(root / "models" / "headlines-textrnn")["max_length"]
    texts = [text for text in [*HEADLINES.dev["text"][:100], *HARD] if len(normalise(text)) <= limit]
    folders = [str(root / "models" / name) for name in MODELS]
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    run = subprocess.run(
        [sys.executable, "-I", "-c", CHILDREN, json.dumps(folders), json.dumps(texts), str(memory)],
        capture_output=True,
        encoding="utf-8",
        env=environment | {"TF_CPP_MIN_LOG_LEVEL": "2"},
    )
    told = [line for line in run.stdout.splitlines() if line]
    assert len(told) == 3, run.stderr
    return [json.loads(line) for line in told], texts


@pytest.mark.long
@pytest.mark.parametrize("name", MODELS)
def test_a_shipped_model_needs_tensorflow_alone_and_answers_the_same_with_one_thread_and_with_two(
    alone, name, root, load_shipped
):
    (one, two, _), texts = alone
    assert (one["threads"], two["threads"]) == (1, 2)
    folder = root / "models" / name
    one, two = (np.array(told["probs"][str(folder)]) for told in (one, two))
    assert one.shape == (len(texts), 10)
    np.testing.assert_allclose(two, one, atol=1e-5, rtol=0)
    for runtime in options.RUNTIMES:
        here = load_shipped(name, runtime).predict_proba(texts)
        np.testing.assert_allclose(here, one, atol=1e-5, rtol=0)


@pytest.mark.long
def test_one_text_of_a_million_characters_among_255_headlines_takes_little_memory_and_changes_no_answer(alone):
    memory = alone[0][2]
    print(f"{memory['grown']:.0f} MiB for a text of 1,000,000 characters among 255 headlines")
    assert memory["grown"] < 400
    assert memory["change"] < 1e-5
    assert memory["sum"] == pytest.approx(1, abs=1e-5)


@pytest.mark.long
def test_the_benchmark_of_long_texts_scores_heads_and_windows(root, load_shipped, tmp_path, monkeypatch, capsys):
    by_label = HEADLINES.dev.groupby("label")["text"]
    joined = by_label.apply(lambda texts: "。".join(texts[:6])).reset_index()
    short = HEADLINES.dev[HEADLINES.dev["text"].str.len() < 20][:5]
    path = tmp_path / "long.tsv"
    rows = [f"{row.label}\t{row.text}\n" for table in (joined, short) for row in table.itertuples()]
    path.write_text("".join(rows), encoding="utf-8")
    model = root / "models" / "headlines-textrnn"
    monkeypatch.setattr(sys, "argv", ["long_text.py", "--model", str(model), "--table", str(path)])
    runpy.run_path(str(root / "benchmarks" / "long_text.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("15 texts, median ")
    scores = {tuple(line.split(" | ")[:2]): float(line.split(" | ")[2].split()[0]) for line in lines if "[" in line}
    assert list(scores) == [(f"| {rows}", how) for how in ("head", "windows") for rows in ("all, 15", "long, 10")]
    classifier = load_shipped("headlines-textrnn", "numpy")
    right = classifier.predict(joined["text"]) == joined["label"]
    assert scores["| long, 10", "windows"] == pytest.approx(right.mean(), abs=1e-4)
    assert lines[-1].startswith("Right by windows alone ")
