"""What the page shows of one headline: the answer, what decided it, and the memory while it was read."""

import os
from typing import Any

import numpy as np

from textrnn import saving
from textrnn.options import KINDS

NUM_UNITS = 8  # shown of each LSTM
LEAST = np.finfo("float32").tiny  # of a probability whose logarithm is taken
DIGITS = 5  # after the point; a picture needs no more


class Reader:
    """A saved model that shows its work.

    Attributes:
        card: what the model says of itself.
        label_names: the classes, in the order of all probabilities.
        max_length: how many characters the network reads at a time.
    """

    def __init__(self, folder: str | os.PathLike):
        self._classifier = saving.load_classifier(folder)
        self._network = self._classifier.network
        self.card, self.label_names = self._classifier.card, self._classifier.label_names
        self.max_length = self._network.encoder.max_length

    def read(self, text: str, *, beside: str | None = None) -> dict[str, Any]:
        """Returns what the page shows of `text`, as JSON values.

        Args:
            text: a headline.
            beside: one to compare it with; the units are then those that move most over both.

        Returns:
            `label`, `score` and `probabilities` of the whole text, in windows if it is long; of its first `max_length`
            characters (as many words, for a network of words), which is all that can be looked into:

            - `characters`: as the network reads them, and `num_characters`, how many the text has in all;
            - `left_out`: what the logarithm of the answer's probability loses when each character is taken out and the
              network reads what remains; `decided` is the class that this is about;
            - `prefixes`: the probabilities after the first character, the first two and so on;
            - `lstms`: of each LSTM its `name`, whether it reads `backwards`, the `units` whose memory moves most, that
              one first, and by the names of `options.KINDS` a row for each of them with a number for each character.

        Raises:
            ValueError: the text is empty or cannot be written in UTF-8.
        """
        encoder = self._network.encoder
        tokens = encoder.split(text)
        characters = tokens[: self.max_length]
        prefixes = ["".join(characters[:end]) for end in range(1, len(characters) + 1)]
        probs, *prefix_probs = self._classifier.predict_proba([text, *prefixes])
        left = ["".join(characters[:step] + characters[step + 1 :]) for step in range(len(characters))]
        whole, *others = self._network.probs(encoder.encode(["".join(characters), *left]))  # one may be empty
        decided = whole.argmax()
        return {
            "label": self.label_names[probs.argmax()],
            "score": _numbers(probs.max()),
            "probabilities": _numbers(probs),
            "characters": characters,
            "num_characters": len(tokens),
            "decided": self.label_names[decided],
            "left_out": _numbers(np.log(np.maximum(whole, LEAST) / np.maximum(others, LEAST))[:, decided]),
            "prefixes": _numbers(prefix_probs),
            "lstms": self._lstms([text] if beside is None else [text, beside]),
        }

    def _lstms(self, texts: list[str]) -> list[dict[str, Any]]:
        first, *others = map(self._network.trace, texts)
        return [_moving_units(name, [trace, *(other[name] for other in others)]) for name, trace in first.items()]


def _moving_units(name: str, traces: list[np.ndarray]) -> dict[str, Any]:
    """Returns one LSTM of `Reader.read` over the first of `traces`, each `float32 (steps, kinds, units)`."""
    backwards = name.endswith("/backward")
    way = np.zeros(traces[0].shape[2])
    for trace in traces:
        cell = trace[:, KINDS.index("cell")]  # (steps, units)
        way += np.abs(np.diff(cell[::-1] if backwards else cell, axis=0, prepend=0)).sum(axis=0)
    units = np.argsort(-way, kind="stable")[:NUM_UNITS]
    kinds = {kind: _numbers(traces[0][:, index, units].T) for index, kind in enumerate(KINDS)}
    return {"name": name, "backwards": backwards, "units": units.tolist(), **kinds}


def _numbers(values: Any) -> Any:
    """Returns an array, or a single value, as JSON numbers."""
    return np.asarray(values, dtype="float64").round(DIGITS).tolist()
