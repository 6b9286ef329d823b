"""The texts of the data that move each unit of a network most, for the page of a model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textrnn import cards, datasets, shipped
from textrnn.checks import check_texts
from textrnn.saving import NumpyNetwork

MOST_TEXTS = 20_000  # that are read: of more, as many at even distances
MOST_CHARACTERS = 80  # that are read of each
MOST_PER_UNIT = 3  # texts for each unit and side; fewer of a network of many units
MOST_IN_ALL = 1536
AT_A_TIME = 256
DIGITS = 6


def packaged_texts(card: Mapping[str, Any]) -> list[str]:
    """Returns the packaged headlines if a model was trained on them, as its card says; else none."""
    path, trained_on = shipped.headlines_folder() / "train.tsv", card.get("trained_on")
    files = trained_on.get("files") if isinstance(trained_on, dict) else None
    if not isinstance(files, dict) or not path.is_file() or cards.sha256_of_file(path) not in files.values():
        return []
    return [*datasets.read_texts(path)]


def movers_of(network: NumpyNetwork, texts: Sequence[str], *, source: str) -> dict[str, Any]:
    """Returns the texts in which the memory of each unit rises highest and falls lowest, as plain data.

    Args:
        network: of LSTMs.
        texts: of which the first `MOST_CHARACTERS` of each are read; of more than `MOST_TEXTS` some are left out.
        source: what the page calls them.

    Returns:
        `source`; `total`, how many texts there are, and `read`, how many of them were read, copies once; `texts`,
        those that any unit names; `units`: for each LSTM, in the order of `NumpyNetwork.cells`, and each of its units
        a list of `[text, step, memory]`: the highest first, then the lowest, none that stays on the other side of 0.

    Raises:
        ValueError: a text is no string or empty, or there is nothing to read in any.
    """
    texts = check_texts(texts)
    total = len(texts)
    kept = [*dict.fromkeys(text[:MOST_CHARACTERS].strip() for text in texts[:: -(-total // MOST_TEXTS)])]
    kept = [text for text in kept if network.encoder.split(text)]
    if not kept:
        raise ValueError(f"texts: expected one with something to read in its first {MOST_CHARACTERS} characters")
    places: dict[int, int] = {}
    units = [[[] for _ in range(network.data.settings["units"])] for _ in range(network.num_lstms)]
    for sign, best in zip((1, -1), _extremes(network, kept), strict=True):
        for at in np.ndindex(best[0].shape):
            row, step, value = (one[at] for one in best)
            if sign * value > 0:
                _, lstm, unit = at
                place = places.setdefault(int(row), len(places))
                units[lstm][unit].append([place, int(step), round(float(value), DIGITS)])
    return {
        "source": source,
        "total": total,
        "read": len(kept),
        "texts": [kept[row] for row in places],
        "units": units,
    }


def _extremes(network: NumpyNetwork, texts: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Returns for the highest and for the lowest memory: text, step and value, `(number, lstms, units)` each."""
    best = [None, None]
    for start in range(0, len(texts), AT_A_TIME):
        ids = network.encoder.encode(texts[start : start + AT_A_TIME])
        cells = network.cells(ids)
        padding = (ids if ids.ndim == 2 else ids[..., 0])[:, :, None, None] == 0
        number = min(MOST_PER_UNIT, max(1, MOST_IN_ALL // (2 * cells.shape[2] * cells.shape[3])))
        for side, sign in enumerate((1, -1)):
            signed = np.where(padding, -np.inf, sign * cells)
            steps = signed.argmax(axis=1)  # (rows, lstms, units)
            values = np.take_along_axis(signed, steps[:, None], axis=1)[:, 0]
            rows = np.broadcast_to(np.arange(start, start + len(ids))[:, None, None], steps.shape)
            new = rows, steps, values
            if best[side] is not None:
                new = tuple(np.concatenate(pair) for pair in zip(best[side], new, strict=True))
            order = np.argsort(-new[2], axis=0, kind="stable")[:number]
            best[side] = tuple(np.take_along_axis(one, order, axis=0) for one in new)
    return [(rows, steps, sign * values) for sign, (rows, steps, values) in zip((1, -1), best, strict=True)]
