"""A saved network at work in Keras, for those who ask for TensorFlow by name."""

import os

import keras
import numpy as np

from textrnn import networks
from textrnn.saving.classifier import NetworkPredictor
from textrnn.saving.conversion import keras_network
from textrnn.saving.data import NetworkData


class KerasPredictor(NetworkPredictor):
    """The answers of the Keras network that `data` describes."""

    def __init__(self, data: NetworkData):
        super().__init__(data)
        model = keras_network(data)
        self._of_ids = networks.ids_model(model)
        self._summary = keras.Model(networks.text_layer(model).output, model.layers[-1].input)
        self._process = os.getpid()

    def probs(self, ids: np.ndarray) -> np.ndarray:
        """Returns the probabilities of texts as ids: `float32 (rows, classes)`.

        Raises:
            RuntimeError: this process was forked from the one that built the network.
        """
        return self._predict(self._of_ids, ids)

    def summary(self, ids: np.ndarray) -> np.ndarray:
        """Returns what the output layer sees of texts as ids: `float32 (rows, features)`; raises as `probs`."""
        return self._predict(self._summary, ids)

    def _predict(self, part: keras.Model, ids: np.ndarray) -> np.ndarray:
        if os.getpid() != self._process:
            raise RuntimeError(
                "this process was forked after TensorFlow had started, and TensorFlow would wait for ever: load the "
                'model in each process, or take load_classifier(folder, runtime="numpy")'
            )
        return networks.answer(part, ids)
