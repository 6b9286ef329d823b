"""LazyAdamW is AdamW where every row is used, and leaves alone what a batch did not use."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from textrnn.training import LazyAdamW

RNG = np.random.default_rng(0)


def after(optimizer, start, gradients):
    variable = keras.Variable(start)
    optimizer.build([variable])
    for gradient in gradients:
        optimizer.apply([gradient], [variable])
    return variable.numpy()


def rows_of(table, rows):
    """The gradient of an embedding that looked up `rows`, one of them twice in halves."""
    values = np.concatenate([table[rows[:1]] / 2, table[rows[:1]] / 2, table[rows[1:]]])
    return tf.IndexedSlices(tf.constant(values), tf.constant([rows[0], *rows]), tf.constant(table.shape))


def test_a_dense_weight_moves_as_under_adamw():
    start, gradients = RNG.normal(size=(4, 3)).astype("float32"), RNG.normal(size=(6, 4, 3)).astype("float32")
    theirs = keras.optimizers.AdamW(0.1, weight_decay=0.01, global_clipnorm=1.0)
    gradients = [tf.constant(gradient) for gradient in gradients]
    np.testing.assert_allclose(after(LazyAdamW(0.1), start, gradients), after(theirs, start, gradients), atol=1e-6)


def test_a_table_of_which_every_row_is_used_moves_as_under_adam():
    start, gradients = RNG.normal(size=(4, 3)).astype("float32"), RNG.normal(size=(6, 4, 3)).astype("float32")
    ours = after(LazyAdamW(0.1, table_rate=1.0), start, [rows_of(gradient, [2, 0, 1, 3]) for gradient in gradients])
    theirs = keras.optimizers.Adam(0.1, global_clipnorm=1.0)
    np.testing.assert_allclose(ours, after(theirs, start, list(map(tf.constant, gradients))), atol=1e-6)


def test_rows_that_no_batch_used_stay_as_they_are_and_the_rate_of_tables_counts():
    start, gradient = RNG.normal(size=(5, 3)).astype("float32"), RNG.normal(size=(5, 3)).astype("float32")
    once = after(LazyAdamW(0.1, table_rate=1.0), start, [rows_of(gradient, [1, 3])])
    tenfold = after(LazyAdamW(0.1, table_rate=10.0), start, [rows_of(gradient, [1, 3])])
    assert (once[[0, 2, 4]] == start[[0, 2, 4]]).all()
    np.testing.assert_allclose((tenfold - start)[[1, 3]], 10 * (once - start)[[1, 3]], rtol=1e-4)
    assert np.abs(once - start)[[1, 3]].min() == pytest.approx(0.1, abs=1e-3)  # Adam's first step is the rate


def test_the_norm_that_is_clipped_counts_a_row_once():
    gradient = np.zeros((3, 2), "float32")
    gradient[1] = [3.0, 4.0]
    optimizer = LazyAdamW(0.1, global_clipnorm=2.5)
    (clipped,) = optimizer._clip_gradients([rows_of(gradient, [1, 0])])
    np.testing.assert_allclose(tf.convert_to_tensor(clipped)[1], [1.5, 2.0], rtol=1e-6)


def test_its_settings_survive_being_written_and_read():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    optimizer = LazyAdamW(schedule, table_rate=3.0, weight_decay=0.2, global_clipnorm=None)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert (again.table_rate, again.weight_decay) == (3.0, 0.2)
