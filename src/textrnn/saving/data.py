"""A saved network as data: settings, vocabulary, labels and weights, written to files and checked as they are read."""

import gzip
import json
import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from textrnn import architectures
from textrnn.cards import EXTRA, parse_json
from textrnn.checks import check_choice, check_flag, check_label_names, check_temperature
from textrnn.options import TABLES
from textrnn.preprocessing import TextEncoder

LABELS, NETWORK, VOCABULARY, WEIGHTS = (
    f"{EXTRA}/{name}" for name in ("labels.txt", "network.json", "vocabulary.json.gz", "weights.safetensors")
)
FILES = (NETWORK, LABELS, VOCABULARY, WEIGHTS)
MOST_BYTES = 2**25  # of each but the weights
MOST_WEIGHT_BYTES = 2**32
MOST_VOCABULARY_BYTES = 2**26  # unpacked
NUM_DRAWN = 100


@dataclass(frozen=True, eq=False)
class NetworkData:
    """All that makes a network of the kit, as plain values: what is written, read, and run by NumPy.

    Attributes:
        network: `"textrnn"` or `"textcnn"`, the function of `networks` that builds it.
        settings: the arguments of that function, as in `architectures.check_settings`.
        encoder: the vocabulary.
        label_names: the classes, in the order of the probabilities.
        arrays: the weights by the names and with the shapes of `architectures.arrays`, `float32`. With `tables="int8"`
            an embedding is `int8`, and its row `i` stands for `embedding_1[i] / embedding_1.scales[i]`; the evidence is
            `evidence_1.patterns` (`uint8`, different rows of counts as `ClassEvidence` compresses them) and
            `evidence_1.rows` (of each id the number of its row).
        tables: `"float32"` or `"int8"`.
        temperature: what the scores are divided by before the softmax.
    """

    network: str
    settings: dict[str, Any]
    encoder: TextEncoder
    label_names: list[str]
    arrays: dict[str, np.ndarray]
    tables: str = "float32"
    temperature: float = 1.0

    def layer(self, name: str) -> dict[str, np.ndarray]:
        """Returns the arrays of one layer by their names in it."""
        start = f"{name}."
        return {key.removeprefix(start): array for key, array in self.arrays.items() if key.startswith(start)}


def write_files(data: NetworkData) -> dict[str, bytes]:
    """Returns the content of each file of `data`, by its path in the folder of a model; the same data, the same bytes.

    The weights are written by safetensors, whose files hold numbers alone.
    """
    from safetensors.numpy import save

    network = {key: getattr(data, key) for key in ("network", "settings", "tables", "temperature")}
    vocabulary = json.dumps(data.encoder.to_config(), ensure_ascii=False).encode("utf-8")
    return {
        LABELS: "".join(f"{name}\n" for name in data.label_names).encode("utf-8"),
        NETWORK: (json.dumps(network, indent=1) + "\n").encode("utf-8"),
        VOCABULARY: gzip.compress(vocabulary, mtime=0),
        WEIGHTS: save({name: np.ascontiguousarray(array) for name, array in data.arrays.items()}),
    }


def read_files(read: Callable[[str, int], bytes]) -> NetworkData:
    """Returns the network that files describe, after checking every value; nothing in them is run.

    Args:
        read: returns the content of a file by its path in the folder of a model, and raises `ValueError` if it is
            longer than a number of bytes. The weights are asked for last, and no longer than the settings say.

    Raises:
        ValueError: a file is not what it should be; the message begins with its name.
    """
    settings = parse_json(read(NETWORK, MOST_BYTES), NETWORK, max_bytes=MOST_BYTES)
    _within(NETWORK, lambda: _check_network(settings))
    labels, vocabulary = read(LABELS, MOST_BYTES), read(VOCABULARY, MOST_BYTES)
    label_names = _within(LABELS, lambda: _read_labels(labels))
    encoder = _within(VOCABULARY, lambda: _read_vocabulary(vocabulary))
    shapes = architectures.arrays(settings["network"], settings["settings"], encoder, len(label_names))
    num_bytes = 4 * sum(math.prod(shape) for shape in shapes.values())
    weights = read(WEIGHTS, min(num_bytes + MOST_BYTES, MOST_WEIGHT_BYTES))
    arrays = _within(WEIGHTS, lambda: _read_weights(weights, shapes, tables=settings["tables"]))
    return NetworkData(**settings, encoder=encoder, label_names=label_names, arrays=arrays)


def _within(name: str, read: Any) -> Any:
    """Returns what `read` does; what it finds wrong is said of the file `name`."""
    try:
        return read()
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise ValueError(f"{name}: {error}") from None


def _read_labels(content: bytes) -> list[str]:
    names = content.decode("utf-8").split("\n")
    if names.pop():
        raise ValueError("expected one label on each line, the last line ends in the middle")
    check_label_names(names)
    return names


def _read_vocabulary(content: bytes) -> TextEncoder:
    unpacking = zlib.decompressobj(wbits=31)  # a gzip file
    try:
        text = unpacking.decompress(content, MOST_VOCABULARY_BYTES)
    except zlib.error as error:
        raise ValueError(f"expected a gzip file: {error}") from None
    if not unpacking.eof:
        raise ValueError(f"expected a whole gzip file of at most {MOST_VOCABULARY_BYTES} bytes unpacked")
    config = parse_json(text, "unpacked", max_bytes=MOST_VOCABULARY_BYTES)
    expected = {"tokens", "ngrams", "unit", "lower", "max_length"}
    if set(config) != expected:
        raise ValueError(f"expected the settings {sorted(expected)}, got {sorted(config)}")
    for name in ("tokens", "ngrams"):
        if not isinstance(config[name], list) or not all(isinstance(one, str) for one in config[name]):
            raise ValueError(f"{name}: expected a list of strings")
    check_flag("lower", config["lower"])
    return TextEncoder.from_config(config)


def _check_network(settings: dict[str, Any]):
    expected = {"network", "settings", "tables", "temperature"}
    if set(settings) != expected:
        raise ValueError(f"expected {sorted(expected)}, got {sorted(settings)}")
    check_choice("tables", settings["tables"], TABLES)
    check_temperature(settings["temperature"])
    if not isinstance(settings["settings"], dict):
        raise ValueError(f"settings: expected an object, got {type(settings['settings']).__name__}")
    architectures.check_settings(settings["network"], settings["settings"])


def _read_weights(content: bytes, shapes: Mapping[str, tuple[int, ...]], *, tables: str) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = load(content)
    except (SafetensorError, AttributeError, KeyError) as error:  # the last two: types that NumPy does not have
        raise ValueError(f"expected a file of safetensors: {error!r}") from None
    expected = stored_arrays(shapes, tables=tables)
    if foreign := sorted(set(arrays) ^ set(expected)):
        names = ", ".join(map(repr, foreign[:5]))
        raise ValueError(f"expected the arrays that go with the settings; missing or unknown: {names}")
    for name, (dtypes, shape) in expected.items():
        array = arrays[name]
        fits = len(shape) == array.ndim and all(
            want in (None, size) for want, size in zip(shape, array.shape, strict=True)
        )
        if not fits or array.dtype.name not in dtypes:
            sizes = ["any" if size is None else size for size in shape]
            raise ValueError(f"{name}: expected {dtypes[0]} {sizes}, got {array.dtype.name} {list(array.shape)}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name}: expected finite numbers alone")
    for name in arrays:
        _check_table(name, arrays)
    return {name: arrays[name] for name in expected}


def _check_table(name: str, arrays: Mapping[str, np.ndarray]):
    """Raises `ValueError` where a number of one array of a table does not go with the others."""
    array = arrays[name]
    if name.endswith(".scales") and not (array > 0).all():
        raise ValueError(f"{name}: expected numbers above 0")
    if name.endswith(".rows") and array.max() >= len(arrays[name.replace(".rows", ".patterns")]):
        raise ValueError(f"{name}: expected indices of rows of the patterns, got {array.max()}")
    if name.startswith("evidence_") and array.dtype.kind == "f" and not (array >= 0).all():
        raise ValueError(f"{name}: expected counts, none below 0")


def stored_arrays(
    shapes: Mapping[str, tuple[int, ...]], *, tables: str
) -> dict[str, tuple[tuple[str, ...], tuple[int | None, ...]]]:
    """Returns the dtypes that each array of a file may have and its shape, `None` where any size will do.

    Args:
        shapes: `architectures.arrays`.
        tables: of `NetworkData`.
    """
    stored = {}
    for name, shape in shapes.items():
        if tables == "int8" and name.startswith("embedding_"):
            stored |= {name: (("int8",), shape), f"{name}.scales": (("float32",), shape[:1])}
        elif tables == "int8" and name.startswith("evidence_"):
            stored[f"{name}.patterns"] = ("uint8",), (None, shape[1])
            stored[f"{name}.rows"] = ("uint16", "uint32"), shape[:1]
        else:
            stored[name] = ("float32",), shape
    return stored


def drawn_texts(encoder: TextEncoder) -> list[str]:
    """Returns texts of the tokens of a vocabulary, from one token to three times what a network reads at a time.

    Their n-grams are mostly unknown; those of the vocabulary stand in the second half.
    """
    rng = np.random.default_rng(0)
    pools = [encoder.tokens, *encoder.ngrams]
    texts = []
    for number in range(NUM_DRAWN):
        pool = pools[0] if number % 2 or not len(pools[-1]) else pools[-1]
        parts = rng.integers(len(pool), size=rng.integers(1, 3 * min(encoder.max_length, 100) + 1))
        texts.append("".join(pool[part] for part in parts))
    return [text for text in texts if text.strip()]
