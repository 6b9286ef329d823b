"""A Keras model that takes the strings of Python, NumPy, pandas and pyarrow where Keras takes tensors alone."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn.checks import check_texts


@keras.saving.register_keras_serializable(package="textrnn")
class TextModel(keras.Model):
    """A `keras.Model` whose `fit`, `evaluate`, `predict` and call also take texts as `saving.load_classifier` does.

    Keras itself refuses lists, arrays and columns of strings; here they become `tf.string` tensors, after each text was
    looked at (`checks.check_texts`). Tensors, data sets of `tf.data` and whatever else Keras takes are left as they
    are. A list of numbers is taken for `y` and `sample_weight`, too.
    """

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the probabilities of texts."""
        return super().__call__(texts_as_tensor(inputs), *args, **kwargs)

    def fit(self, x: Any = None, y: Any = None, *args: Any, validation_data: Any = None, **kwargs: Any) -> Any:
        """Returns the history of `keras.Model.fit`, whose arguments it takes."""
        if isinstance(validation_data, tuple | list):
            texts, *rest = validation_data
            validation_data = (texts_as_tensor(texts), *map(_numbers, rest))
        kwargs = _weighted(kwargs) | {"validation_data": validation_data}
        return super().fit(texts_as_tensor(x), _numbers(y), *args, **kwargs)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Returns the loss and the metrics of `keras.Model.evaluate`, whose arguments it takes."""
        return super().evaluate(texts_as_tensor(x), _numbers(y), *args, **_weighted(kwargs))

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Returns the probabilities of texts as `keras.Model.predict` does, of each text no more than its head."""
        return super().predict(texts_as_tensor(x), *args, **kwargs)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Returns what `keras.Model.train_on_batch` does."""
        return super().train_on_batch(texts_as_tensor(x), _numbers(y), *args, **_weighted(kwargs))

    def test_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Returns what `keras.Model.test_on_batch` does."""
        return super().test_on_batch(texts_as_tensor(x), _numbers(y), *args, **_weighted(kwargs))

    def predict_on_batch(self, x: Any) -> Any:
        """Returns what `keras.Model.predict_on_batch` does."""
        return super().predict_on_batch(texts_as_tensor(x))


def texts_as_tensor(texts: Any) -> Any:
    """Returns strings as `string (rows,)`; whatever else Keras can take, numbers and tensors among it, as it is.

    Args:
        texts: what `checks.check_texts` takes, or anything else.

    Raises:
        ValueError: a text is empty or no string.

    >>> texts_as_tensor(np.array(["客队补时绝杀"])).shape
    TensorShape([1])
    """
    is_strings = isinstance(texts, np.ndarray) and texts.dtype.kind in "UOT"
    is_column = hasattr(texts, "iloc") or hasattr(texts, "to_pylist")  # of pandas, of pyarrow
    is_list = isinstance(texts, list | tuple) and len(texts) > 0 and isinstance(texts[0], str)
    if is_strings or is_column or is_list or isinstance(texts, str):
        return tf.constant(check_texts(texts), tf.string)
    return texts


def _numbers(values: Sequence[float] | Any) -> Any:
    """Returns a list or a column of numbers as an array; Keras gives a column another rank than an array."""
    is_list = isinstance(values, list) and values and isinstance(values[0], int | float)
    return np.asarray(values) if is_list or hasattr(values, "iloc") else values


def _weighted(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: _numbers(value) if name == "sample_weight" else value for name, value in kwargs.items()}
