"""A saved network at work in Keras, for those who ask for TensorFlow by name."""

import os
from collections.abc import Sequence

import numpy as np

from textrnn import networks
from textrnn.batching import answer_in_batches
from textrnn.checks import check_choice, check_texts
from textrnn.options import LONG_TEXT
from textrnn.preprocessing import WINDOWS_AT_A_TIME
from textrnn.saving.classifier import Predictor
from textrnn.saving.conversion import keras_network
from textrnn.saving.data import NetworkData


class KerasPredictor(Predictor):
    """The answers of the Keras network that `data` describes.

    Attributes:
        data: as given.
        label_names: the classes, in the order of the probabilities.
    """

    def __init__(self, data: NetworkData):
        self.data, self.label_names = data, data.label_names
        self._model = keras_network(data)
        self._process = os.getpid()

    def __reduce__(self):
        return type(self), (self.data,)  # another process builds the network again

    def predict_proba(self, texts: Sequence[str], *, batch_size: int = 256, long_text: str = "windows") -> np.ndarray:
        """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

        Takes and raises what `Predictor.predict_proba` does, and

        Raises:
            RuntimeError: this process was forked from the one that built the network: TensorFlow would wait for ever.
        """
        check_choice("long_text", long_text, LONG_TEXT)
        if os.getpid() != self._process:
            raise RuntimeError(
                "this process was forked after TensorFlow had started, and TensorFlow would wait for ever: load the "
                'model in each process, or take load_classifier(folder, runtime="numpy")'
            )
        texts = check_texts(texts)
        return answer_in_batches(
            lambda rows: self._answer([texts[row] for row in rows], long_text=long_text),
            [len(text) for text in texts],
            batch_size=batch_size,
            num_columns=len(self.label_names),
        )

    def _answer(self, texts: Sequence[str], *, long_text: str) -> np.ndarray:
        encoder, network = self.data.encoder, networks.ids_model(self._model)
        if long_text == "head":
            return network.predict_on_batch(encoder.encode(texts))
        windows = encoder.encode_windows(texts)
        size = max(len(texts), WINDOWS_AT_A_TIME)
        blocks = [
            network.predict_on_batch(windows.ids[start : start + size]) for start in range(0, len(windows.rows), size)
        ]
        return windows.mean(np.concatenate(blocks))
