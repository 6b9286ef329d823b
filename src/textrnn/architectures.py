"""The networks of the kit as plain facts: what their settings may be, and which arrays they consist of.

Needs no TensorFlow: `networks` builds by these settings, `saving` reads, checks and runs files that hold these arrays.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textrnn.checks import check_choice, check_flag, check_integer, check_rate
from textrnn.evidence import num_columns
from textrnn.options import CELLS, POOLINGS
from textrnn.preprocessing import FIRST_ID, TextEncoder

MAX_SIZE = 2**16  # of anything that is counted in a setting
ATTENTION_UNITS = 64
OPEN = 20.0  # the bias of a gate of a linear cell: sigmoid(20) is 1 - 2e-9
# Rows of the kernel of a recurrent layer for each unit: gates and candidates.
KERNEL_PARTS = {"lstm": 4, "gru": 3, "simple": 1, "feedforward": 1}


def check_settings(network: str, settings: Mapping[str, Any]):
    """Raises `ValueError` unless `settings` are those of `networks.build_NETWORK`, each in its range.

    Args:
        network: `"textrnn"` or `"textcnn"`.
        settings: every argument of the function but `encoder`, `label_names` and `seed`, by name.
    """
    check_choice("network", network, tuple(CHECKS))
    checks = CHECKS[network]
    if missing_or_unknown := sorted(set(settings) ^ set(checks)):
        raise ValueError(f"settings: expected those of a {network}: {', '.join(checks)}; see {missing_or_unknown}")
    for name, check in checks.items():
        check(name, settings[name])
    if settings.get("cell") == "feedforward" and settings["bidirectional"]:
        raise ValueError("bidirectional: expected False for cell='feedforward', which has no direction, got True")


def _check_size(name: str, value: Any):
    check_integer(name, value, most=MAX_SIZE)


def _check_cell(name: str, value: Any):
    check_choice(name, value, CELLS)


def _check_pooling(name: str, value: Any):
    kinds = poolings(value)
    known = all(isinstance(kind, str) and kind in POOLINGS for kind in kinds)
    if not kinds or not known or len(set(kinds)) != len(kinds):
        raise ValueError(f"{name}: expected one or several different ones of {POOLINGS}, got {value!r}")


def _check_embedded_ngrams(name: str, value: Any):
    if value is not None:
        check_integer(name, value, least=0)


def _check_widths(name: str, value: Any):
    widths = value if isinstance(value, list | tuple) else (value,)
    if not widths or len(widths) > MAX_SIZE or len(set(map(repr, widths))) != len(widths):
        raise ValueError(f"{name}: expected one or several different numbers of at least 1, got {value}")
    for width in widths:
        _check_size(name, width)


_READING = {"embed_dim": _check_size, "dropout": check_rate, "ngram_dropout": check_rate}
CHECKS = {
    "textrnn": {
        "cell": _check_cell,
        "units": _check_size,
        "num_layers": _check_size,
        "bidirectional": check_flag,
        "pooling": _check_pooling,
        "evidence": check_flag,
        "embedded_ngrams": _check_embedded_ngrams,
        **_READING,
    },
    "textcnn": {"filters": _check_size, "widths": _check_widths, **_READING},
}


def poolings(value: str | Sequence[str]) -> tuple[str, ...]:
    """Returns the setting `pooling` as a tuple: a name alone, or a list of names."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def embedding_sizes(settings: Mapping[str, Any], encoder: TextEncoder) -> list[int]:
    """Returns how many ids have a vector of their own, of each order from the tokens on."""
    tokens, *orders = encoder.num_ids
    most = settings.get("embedded_ngrams")
    return [tokens, *(size if most is None else min(size, most + FIRST_ID) for size in orders)]


def num_linear_cells(settings: Mapping[str, Any], bias: np.ndarray) -> int:
    """Returns how many cells of each direction hold a linear model (`training/linear_cells.py`), the last ones.

    Args:
        settings: of `networks.build_textrnn`.
        bias: of the first recurrent layer, forwards.
    """
    if settings["cell"] != "lstm":
        return 0
    stand_open = (bias.reshape(4, -1)[[0, 1, 3]] == OPEN).all(axis=0)  # no other gate stands at exactly this
    return int(stand_open.sum()) if stand_open[-1] else 0


def arrays(
    network: str, settings: Mapping[str, Any], encoder: TextEncoder, num_classes: int
) -> dict[str, tuple[int, ...]]:
    """Returns the shape of each array of a network by its name, all `float32`, in the order of a saved file.

    Args:
        network: as in `check_settings`.
        settings: as there, checked.
        encoder: the vocabulary.
        num_classes: how many labels there are.

    >>> settings = {"filters": 3, "widths": [2], "embed_dim": 4, "dropout": 0, "ngram_dropout": 0}
    >>> arrays("textcnn", settings, TextEncoder(tokens=("股",)), 5)["width_2.kernel"]
    (2, 4, 3)
    """
    embed_dim, num_ids = settings["embed_dim"], encoder.num_ids
    shapes = {f"embedding_{k}": (size, embed_dim) for k, size in enumerate(embedding_sizes(settings, encoder), start=1)}
    features = embed_dim * len(num_ids)
    if settings.get("evidence"):
        columns = num_columns(num_classes)
        shapes |= {f"evidence_{order}": (size, columns) for order, size in enumerate(num_ids, start=1)}
        features += len(num_ids) * (columns + 1)
    if network == "textrnn":
        layers, features = _recurrent_arrays(settings, features)
        shapes |= layers
    else:
        filters = settings["filters"]
        for width in settings["widths"]:
            shapes |= {f"width_{width}.kernel": (width, features, filters), f"width_{width}.bias": (filters,)}
        features = filters * len(settings["widths"])
    return shapes | {"output.kernel": (features, num_classes), "output.bias": (num_classes,)}


def _recurrent_arrays(settings: Mapping[str, Any], features: int) -> tuple[dict[str, tuple[int, ...]], int]:
    """Returns the shapes of the recurrent layers and of the attention, and the length of the summary."""
    units, parts, shapes = settings["units"], KERNEL_PARTS[settings["cell"]], {}
    directions = ("forward", "backward") if settings["bidirectional"] else ("forward",)
    for number in range(1, settings["num_layers"] + 1):
        for name in (f"recurrent_{number}.{direction}" for direction in directions):
            shapes[f"{name}.kernel"] = (features, parts * units)
            if settings["cell"] != "feedforward":
                shapes[f"{name}.recurrent_kernel"] = (units, parts * units)
            # Keras' GRU adds a bias of its own to the product with the state.
            shapes[f"{name}.bias"] = (2, parts * units) if settings["cell"] == "gru" else (parts * units,)
        features = units * len(directions)
    kinds = poolings(settings["pooling"])
    if "attention" in kinds:
        shapes |= {
            "attention.kernel": (features, ATTENTION_UNITS),
            "attention.bias": (ATTENTION_UNITS,),
            "attention.score": (ATTENTION_UNITS, 1),
        }
    return shapes, features * len(kinds)


def summary_names(network: str, settings: Mapping[str, Any]) -> list[str]:
    """Returns a name for each feature of the summary, in order: `max_forward_0`, or `width_2_0` of a TextCNN.

    >>> summary_names("textrnn", {"pooling": ["max", "last"], "bidirectional": False, "units": 1})
    ['max_forward_0', 'last_forward_0']
    """
    if network == "textcnn":
        groups, size = [f"width_{width}" for width in settings["widths"]], settings["filters"]
    else:
        directions = ("forward", "backward") if settings["bidirectional"] else ("forward",)
        groups = [f"{kind}_{direction}" for kind in poolings(settings["pooling"]) for direction in directions]
        size = settings["units"]
    return [f"{group}_{number}" for group in groups for number in range(size)]
