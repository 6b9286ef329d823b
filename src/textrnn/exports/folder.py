"""The folder of an export: model, vocabulary, labels and a reader, left only if its answers are those of the model."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from textrnn import datasets, saving
from textrnn.checks import check_choice
from textrnn.extras import require
from textrnn.options import EXPORTS

NUM_TEXTS = 10_000  # that a model is compared on
TOLERANCE = 1e-4  # between probabilities
READER = '''"""What the model of this folder says of texts, without TensorFlow: python read.py TEXT..."""

import json, sys
from pathlib import Path
{imports}
from textrnn.preprocessing import TextEncoder

HERE = Path(__file__).parent
ENCODER = TextEncoder.from_config(json.loads((HERE / "vocabulary.json").read_text("utf-8")))
LABELS = (HERE / "labels.txt").read_text("utf-8").split("\\n")[:-1]
{load}


def predict_proba(texts):
    windows = ENCODER.encode_windows(texts)
{answer}


for text, probs in zip(sys.argv[1:], predict_proba(sys.argv[1:]) if sys.argv[1:] else ()):
    print(LABELS[probs.argmax()], f"{{probs.max():.3f}}", text, sep="\\t")
'''
OF_ONNX = {
    "imports": """import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
from onnxruntime import InferenceSession""",
    "load": 'SESSION = InferenceSession(HERE / "model.onnx")',
    "answer": '    return windows.mean(SESSION.run(None, {"ids": windows.ids})[0])',
}
OF_LITERT = {
    "imports": "import numpy as np\nfrom ai_edge_litert.interpreter import Interpreter",
    "load": 'ANSWER = Interpreter(str(HERE / "model.tflite")).get_signature_runner()',
    "answer": """    rows = np.zeros((len(windows.ids), *ANSWER.get_input_details()["ids"]["shape"][1:]), dtype="int32")
    rows[:, : windows.ids.shape[1]] = windows.ids
    return windows.mean(np.concatenate([next(iter(ANSWER(ids=row[None]).values())) for row in rows]))""",
}


class Export(NamedTuple):
    """What an export came to.

    Attributes:
        num_texts: how many texts were compared.
        difference: between two probabilities of the same class, at most.
        num_bytes: of the model file.
    """

    num_texts: int
    difference: float
    num_bytes: int


def export_model(
    folder: str | os.PathLike, out: str | os.PathLike, *, to: str = "onnx", sha256: str | None = None
) -> Export:
    """Writes a saved model as a folder for ONNX Runtime or LiteRT, and returns how far its answers are off.

    The folder holds the model (ids in, probabilities out), `vocabulary.json` and `labels.txt` as data, the card, and
    `read.py`, which answers without TensorFlow. It is compared with the saved model on 10,000 texts: headlines of this
    project, pieces of them, and texts of the model's own vocabulary.

    Args:
        folder: the saved model: its path, or the name of a shipped one.
        out: the folder to make; it must not be there.
        to: `"onnx"`, or `"litert"`, which takes TensorFlow to make.
        sha256: as in `saving.load_classifier`.

    Raises:
        ValueError: `to` is neither, the format cannot carry the model, or its answers differ; nothing is left then.
        FileNotFoundError: there is no model of this kit.
        FileExistsError: `out` is there.
        ImportError: a library that the format needs is not installed.
    """
    check_choice("to", to, EXPORTS)
    libraries = {"onnx": saving.LIBRARIES["onnx"], "litert": ("ai_edge_litert", *saving.LIBRARIES["tensorflow"])}
    require(f"--to {to}", *libraries[to])
    classifier, out = saving.load_classifier(folder, sha256=sha256), Path(out)
    if out.exists():
        raise FileExistsError(f"{out}: expected a folder that is not there, found one: give another, or remove it")
    beside = out.with_name(f".{out.name}-{os.getpid()}")
    try:
        beside.mkdir(parents=True)
        found = _written(classifier, beside, to=to)
        beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return found


def _written(classifier: saving.Classifier, folder: Path, *, to: str) -> Export:
    """Writes all files and compares what they answer."""
    data = classifier.network.data
    files = {
        "vocabulary.json": json.dumps(data.encoder.to_config(), ensure_ascii=False),
        "labels.txt": "".join(f"{name}\n" for name in data.label_names),
        "card.json": json.dumps(classifier.card, ensure_ascii=False, indent=1) + "\n",
        "read.py": READER.format(**(OF_ONNX if to == "onnx" else OF_LITERT)),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    if to == "onnx":
        model, content = folder / "model.onnx", saving.onnx_model(data).SerializeToString()
    else:
        from textrnn.exports.litert import litert_model

        model, content = folder / "model.tflite", litert_model(data)
    model.write_bytes(content)
    texts = texts_to_compare(data)
    return Export(len(texts), compare(classifier.predict_proba, reader_of(folder), texts), len(content))


def reader_of(folder: Path) -> Callable[[list[str]], np.ndarray]:
    """Returns the function `predict_proba` of a folder's own reader, the one that its users run."""
    names: dict[str, Any] = {"__file__": str(folder / "read.py"), "__name__": "read"}
    code = (folder / "read.py").read_text(encoding="utf-8").partition("\n\nfor text, probs in")[0]
    exec(compile(code, "read.py", "exec"), names)
    return names["predict_proba"]


def texts_to_compare(data: saving.NetworkData) -> list[str]:
    """Returns `NUM_TEXTS` texts: of the model's own vocabulary, headlines of this project, and pieces of them."""
    rng = np.random.default_rng(0)
    splits = datasets.load("headlines")
    headlines = [text for split in (splits.train, splits.dev, splits.test) for text in split["text"]]
    texts = [*saving.drawn_texts(data.encoder), *headlines][:NUM_TEXTS]
    while len(texts) < NUM_TEXTS:
        text = headlines[rng.integers(len(headlines))]
        start, end = sorted(rng.integers(len(text) + 1, size=2))
        if text[start:end].strip():
            texts.append(text[start:end])
    return texts


def compare(
    ours: Callable[[list[str]], np.ndarray], theirs: Callable[[list[str]], np.ndarray], texts: list[str]
) -> float:
    """Returns how far two answers to `texts` are apart: the largest difference of a probability.

    Raises:
        ValueError: it is above `TOLERANCE`, or no number, or a text gets another label.
    """
    difference, others, texts = 0, 0, sorted(texts, key=len)
    for start in range(0, len(texts), 256):
        some = texts[start : start + 256]
        expected, found = ours(some), theirs(some)
        difference = np.maximum(difference, np.abs(expected - found).max())  # of a NaN, a NaN
        others += int((expected.argmax(axis=1) != found.argmax(axis=1)).sum())
    if not (difference <= TOLERANCE and others == 0):
        raise ValueError(
            f"the exported model gives other answers: probabilities up to {difference:.2g} apart, {others} other "
            f"labels on {len(texts):,} texts; nothing was written"
        )
    return float(difference)
