"""A network as a LiteRT model: converted by TensorFlow, of one text and one length."""

import contextlib
import io

import keras
import tensorflow as tf

from textrnn import networks
from textrnn.saving import NetworkData, keras_network


def litert_model(data: NetworkData) -> bytes:
    """Returns a model with the input `int32 (1, max_length[, orders])` and the output `float32 (1, classes)`.

    LiteRT's own operations know no free shapes in a loop over steps, so a shorter text is padded with 0, which changes
    nothing. Small tables become `float32`.

    Args:
        data: any network of the kit.

    Raises:
        ValueError: LiteRT has no operations for this network.
    """
    orders, steps = len(data.encoder.num_ids), data.encoder.max_length
    ids = keras.Input(batch_shape=(1, steps, orders) if orders > 1 else (1, steps), dtype="int32", name="ids")
    model = keras.Model(ids, networks.ids_model(keras_network(data))(ids))
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it says much
            return tf.lite.TFLiteConverter.from_keras_model(model).convert()
    except Exception as error:  # TensorFlow has no one kind of error for what it cannot convert
        lines = str(error).strip().splitlines() or [repr(error)]
        raise ValueError(f"--to litert: LiteRT cannot carry this network: {lines[-1][:300]}") from error
