"""The graph of a saved model, loaded by TensorFlow: its answers, and what else it holds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from textrnn.batching import answer_in_batches
from textrnn.checks import check_choice, check_texts
from textrnn.options import LONG_TEXT
from textrnn.preprocessing import FIRST_ID
from textrnn.saving.classifier import Predictor


class SavedGraph(Predictor):
    """The functions of a saved model at work in TensorFlow.

    Args:
        folder: the saved model, which was checked: TensorFlow runs parts of it while it loads it.

    Attributes:
        label_names: the classes, in the order of the probabilities.
        vocabulary_sha256: the hash of the encoder whose tables the graph has.
        max_length: so many tokens the network reads at a time.
        num_classes: how many probabilities an answer has.
    """

    def __init__(self, folder: Path):
        self._loaded = tf.saved_model.load(str(folder))  # kept alive: its functions use its tables
        self._of_windows, self._of_heads = self._loaded.serve, self._loaded.head
        about = {name: value.numpy() for name, value in self._loaded.describe().items()}
        self.label_names = [name.decode("utf-8") for name in about["label_names"]]
        self.vocabulary_sha256, self.max_length = about["vocabulary_sha256"].decode(), int(about["max_length"])
        self.num_classes = self._of_windows(tf.constant(["?"]))["probabilities"].shape[1]

    def predict_proba(self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Takes and raises what `Predictor.predict_proba` does.
        """
        check_choice("long_text", long_text, LONG_TEXT)
        texts = check_texts(texts)
        answer = self._of_windows if long_text == "windows" else self._of_heads
        return answer_in_batches(
            lambda rows: answer(tf.constant([texts[row] for row in rows]))["probabilities"],
            [len(text) for text in texts],
            batch_size=batch_size,
            num_columns=len(self.label_names),
        )

    def weights(self) -> list[np.ndarray]:
        """Returns the weights of the network, in the order of the Keras model that was saved."""
        return [weight.numpy() for weight in self._loaded.network_weights]

    def ngrams(self, tokens: Sequence[str]) -> list[list[str]]:
        """Returns the n-grams of each order, by their ids, from the keys and ids of the lookup tables.

        Args:
            tokens: the tokens of the vocabulary, by their ids.

        Raises:
            IndexError, ValueError: the keys are those of other tokens.
        """
        orders, shorter = [], tokens
        for table in self._loaded.list_ngrams():
            keys, ids = (values.numpy() for values in table)
            keys = keys[np.argsort(ids)]
            prefixes, lasts = np.divmod(keys[keys >= 0], len(tokens) + FIRST_ID)
            shorter = [
                shorter[prefix - FIRST_ID] + tokens[last - FIRST_ID]
                for prefix, last in zip(prefixes, lasts, strict=True)
            ]
            orders.append(shorter)
        return orders
