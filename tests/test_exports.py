"""Saved models for ONNX Runtime and LiteRT: the same answers, or nothing is left."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from textrnn import architectures, cli, exports, saving
from textrnn.exports import folder
from textrnn.options import CELLS, POOLINGS
from textrnn.preprocessing import TextEncoder

onnx_graph = pytest.importorskip("textrnn.saving.onnx_graph", reason="the extra `onnx` is not installed")
onnx_predictor = pytest.importorskip("textrnn.saving.onnx_predictor", reason="the extra `onnx` is not installed")
runtime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")

ROOT = Path(__file__).parents[1]
NAME = "headlines-textrnn"
TEXTS = ["客队补时绝杀", "警察救了小狗，小狗救了警察", "客", "没见过的字", "杀客队", "客队"]


def drawn_network(*, network="textrnn", max_ngram=1, tables="float32", **settings):
    """A network with weights drawn at random."""
    encoder = TextEncoder.from_texts(TEXTS[:3], max_ngram=max_ngram, min_ngram_count=1, max_length=9)
    settings = {"dropout": 0.0, "ngram_dropout": 0.0, "embed_dim": 4} | settings
    if network == "textrnn":
        recurrent = {"cell": "lstm", "units": 3, "num_layers": 1, "bidirectional": True, "pooling": "max"}
        settings = recurrent | {"evidence": False, "embedded_ngrams": None} | settings
    shapes, rng = architectures.arrays(network, settings, encoder, 3), np.random.default_rng(1)
    arrays = {name: rng.normal(scale=0.6, size=shape).astype("float32") for name, shape in shapes.items()}
    for name in [name for name in arrays if name.startswith("evidence_")]:
        arrays[name] = np.round(9 * np.abs(arrays[name]))
    if tables == "int8":
        for name in [name for name in arrays if name.startswith(("embedding_", "evidence_"))]:
            table = arrays.pop(name)
            if name.startswith("embedding_"):
                scales = 127 / np.abs(table).max(axis=1)
                arrays |= {name: np.round(table * scales[:, None]).astype("int8"), f"{name}.scales": scales}
            else:
                rows = rng.integers(5, size=len(table)).astype("uint16")
                arrays |= {f"{name}.patterns": rng.integers(90, size=(5, 3)).astype("uint8"), f"{name}.rows": rows}
    return saving.NumpyNetwork(saving.NetworkData(network, settings, encoder, ["a", "b", "c"], arrays, tables, 1.3))


@pytest.mark.parametrize(
    "settings",
    [
        *({"cell": cell, "bidirectional": False, "pooling": POOLINGS} for cell in CELLS),
        *({"cell": cell, "num_layers": 2, "pooling": POOLINGS[::-1]} for cell in CELLS[:3]),
        *({"pooling": pooling} for pooling in POOLINGS),
        {"max_ngram": 3, "evidence": True, "embedded_ngrams": 5},
        {"max_ngram": 3, "evidence": True, "embedded_ngrams": 5, "tables": "int8"},
        {"network": "textcnn", "filters": 3, "widths": [1, 2, 3, 12], "max_ngram": 2},
    ],
    ids=str,
)
def test_every_network_answers_the_same_as_an_onnx_graph(settings):
    network = drawn_network(**settings)
    session = runtime.InferenceSession(onnx_graph.onnx_model(network.data).SerializeToString())
    ids = network.encoder.encode([*TEXTS, "\x07"])  # of the last one nothing is left
    expected = network.probs(ids)
    assert np.ptp(expected, axis=0).max() > 0.05
    wider = np.concatenate([ids, np.zeros_like(ids)], axis=1)
    for some in (ids, wider, ids[-1:], ids[:1]):
        found = session.run(None, {"ids": some})[0]
        np.testing.assert_allclose(found, network.probs(some), atol=1e-6)
    at_work = onnx_predictor.OnnxPredictor(network.data)
    np.testing.assert_allclose(at_work.summary(wider), network.summary(ids), atol=1e-6)
    np.testing.assert_allclose(at_work.transform(TEXTS), network.transform(TEXTS), atol=1e-6)
    np.testing.assert_allclose(at_work.predict_proba(TEXTS), network.predict_proba(TEXTS), atol=1e-6)


def test_onnx_runtime_sends_nothing_and_leaves_no_file(tmp_path):
    code = f"from textrnn import load_classifier; print(load_classifier({NAME!r}, runtime='onnx').predict(['客队'])[0])"
    places = dict.fromkeys(("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), str(tmp_path))
    variables = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables | places, cwd=tmp_path, capture_output=True, encoding="utf-8"
    )
    assert (done.stdout, done.stderr) == ("sports\n", "")
    assert list(tmp_path.rglob("*")) == []


def run(*args):
    return CliRunner().invoke(cli.main, [str(arg) for arg in args])


def said_without_tensorflow(path, *texts):
    """What the reader of a folder says where TensorFlow cannot be imported."""
    code = f"import runpy, sys; sys.modules['tensorflow'] = None; sys.argv = {['read.py', *texts]}"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; runpy.run_path({str(path / 'read.py')!r})"],
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_example_of_the_page_writes_a_folder_whose_reader_answers_without_tensorflow(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    shown = re.search(r"\$ textrnn (export .+)\n(.+)\n\$ python (\S+)/read.py (.+)\n(.+)\n", page)
    command, said, out, text, answer = shown.groups()
    monkeypatch.setattr(folder, "NUM_TEXTS", 400)
    monkeypatch.chdir(tmp_path)
    done = run(*shlex.split(command))
    assert done.exit_code == 0, done.stderr
    assert re.sub(r"\d[\d.,e-]*", "N", done.stdout.strip()) == re.sub(r"\d[\d.,e-]*", "N", said)
    names = ["card.json", "labels.txt", "model.onnx", "read.py", "vocabulary.json"]
    assert sorted(path.name for path in (tmp_path / out).iterdir()) == names
    said_now = said_without_tensorflow(tmp_path / out, text)
    assert (said_now.split("\t")[0], said_now.split("\t")[2].strip()) == tuple(answer.split()[::2])
    again = run(*shlex.split(command))
    assert (again.exit_code, again.stderr.count("expected a folder that is not there, found one")) == (1, 1)


@pytest.mark.slow
def test_a_model_whose_answers_differ_is_not_left(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "NUM_TEXTS", 300)

    def other_model(data):
        bias = data.arrays["output.bias"] + np.float32(np.arange(len(data.label_names)) * 1e-3)
        return made(replace(data, arrays=data.arrays | {"output.bias": bias}))

    made = onnx_graph.onnx_model
    monkeypatch.setattr(onnx_graph, "onnx_model", other_model)
    with pytest.raises(ValueError, match=r"probabilities up to 0\.00\d+ apart, \d+ other labels on 300 texts; nothing"):
        exports.export_model(NAME, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="up to nan apart"):
        folder.compare(lambda texts: np.full((1, 2), 0.5), lambda texts: np.full((1, 2), np.nan), ["a"])
    with pytest.raises(ValueError, match=r"^to: expected one of \('onnx', 'litert'\), got 'tflite'"):
        exports.export_model(NAME, tmp_path / "out", to="tflite")


@pytest.mark.long
def test_a_shipped_model_is_the_same_in_onnx_on_ten_thousand_texts(tmp_path):
    for model in (NAME, ROOT / "models" / "thucnews-textrnn"):
        found = exports.export_model(model, tmp_path / Path(model).name)
        assert found.num_texts == 10_000
        assert found.difference < 1e-5


@pytest.mark.long
def test_a_model_is_the_same_in_litert_whose_reader_needs_no_tensorflow(tmp_path, monkeypatch):
    pytest.importorskip("ai_edge_litert", reason="the extra `litert` is not installed")
    monkeypatch.setattr(folder, "NUM_TEXTS", 400)
    found = exports.export_model(NAME, tmp_path / "out", to="litert")
    assert found.difference < 1e-5
    assert said_without_tensorflow(tmp_path / "out", "国足客场一球小胜").startswith("sports\t")
