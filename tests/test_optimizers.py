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
    # Keras has 1 - beta_2 in 64 bits but the correction of the bias in 32, which is seen in the sixth digit of a step.
    np.testing.assert_allclose(after(LazyAdamW(0.1), start, gradients), after(theirs, start, gradients), atol=1e-5)


def by_the_formula(start, gradients, *, rate, decay, clipnorm):
    """AdamW after Loshchilov & Hutter (2019) in 64 bits, all gradients of a step clipped together."""
    weights = [array.astype("float64") for array in start]
    means, squares = ([np.zeros_like(array) for array in weights] for _ in range(2))
    for step, of_step in enumerate(gradients, start=1):
        norm = np.sqrt(sum((gradient.astype("float64") ** 2).sum() for gradient in of_step))
        share = 1.0 if clipnorm is None else min(1.0, clipnorm / norm)
        for index, gradient in enumerate(of_step):
            gradient = share * gradient.astype("float64")
            means[index] = 0.9 * means[index] + 0.1 * gradient
            squares[index] = 0.999 * squares[index] + 0.001 * gradient**2
            mean, square = means[index] / (1 - 0.9**step), squares[index] / (1 - 0.999**step)
            epsilon = 1e-7 / np.sqrt(1 - 0.999**step)
            weights[index] -= rate * (mean / (np.sqrt(square) + epsilon) + decay * weights[index])
    return weights


@pytest.mark.parametrize("decay", [None, 0.0, 0.3])
@pytest.mark.parametrize("clipnorm", [None, 2.0])
def test_weights_are_those_of_the_formula_to_the_last_digits(decay, clipnorm):
    start = [RNG.normal(size=shape).astype("float32") for shape in ((7, 5), (5,))]
    gradients = [[RNG.normal(size=array.shape).astype("float32") for array in start] for _ in range(30)]
    optimizer = LazyAdamW(0.01, weight_decay=decay, global_clipnorm=clipnorm)
    variables = [keras.Variable(array) for array in start]
    optimizer.build(variables)
    for of_step in gradients:
        optimizer.apply([tf.constant(gradient) for gradient in of_step], variables)
    expected = by_the_formula(start, gradients, rate=0.01, decay=decay or 0.0, clipnorm=clipnorm)
    for variable, array in zip(variables, expected, strict=True):
        assert np.abs(array - variable.numpy()).max() < 1e-6  # of up to 0.3 that each has moved
    assert np.abs(expected[0] - start[0]).max() > 0.02


def test_the_first_step_worked_by_hand():
    """Of any gradient the first step is the rate, and the decay is the rate times 0.5 of the weight."""
    moved = after(
        LazyAdamW(0.1, weight_decay=0.5, global_clipnorm=None), np.float32([2.0, -1.0]), [tf.constant([3.0, -0.2])]
    )
    np.testing.assert_allclose(moved, [2 - 0.1 - 0.1 * 0.5 * 2, -1 + 0.1 + 0.1 * 0.5], rtol=1e-5)


def test_moments_are_kept_under_the_names_of_before_and_go_on_from_a_checkpoint():
    start, gradients = RNG.normal(size=(4, 3)).astype("float32"), RNG.normal(size=(6, 4, 3)).astype("float32")
    gradients = [tf.constant(gradient) for gradient in gradients]
    first, second, third = (keras.Variable(start, name="kernel") for _ in range(3))
    whole, half, rest = (LazyAdamW(0.1) for _ in range(3))
    for optimizer, variable in ((whole, first), (half, second), (rest, third)):
        optimizer.build([variable])
    for gradient in gradients:
        whole.apply([gradient], [first])
    for gradient in gradients[:3]:
        half.apply([gradient], [second])
    names = [variable.path.split("/")[-1] for variable in half.variables]
    assert names == ["iteration", "learning_rate", "kernel_mean", "kernel_square"]
    third.assign(second)
    for variable, value in zip(rest.variables, half.variables, strict=True):
        variable.assign(value)
    for gradient in gradients[3:]:
        rest.apply([gradient], [third])
    assert (third.numpy() == first.numpy()).all()


def test_under_mixed_precision_and_under_a_strategy_a_step_is_the_same():
    start, gradient = RNG.normal(size=(4, 3)).astype("float32"), RNG.normal(size=(4, 3)).astype("float32")
    expected = after(LazyAdamW(0.1), start, [tf.constant(gradient)] * 2)
    scaled = keras.optimizers.LossScaleOptimizer(LazyAdamW(0.1), initial_scale=8.0)
    np.testing.assert_allclose(after(scaled, start, [tf.constant(8 * gradient)] * 2), expected, atol=1e-6)
    strategy = tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        optimizer, variable = LazyAdamW(0.1), keras.Variable(start)
        optimizer.build([variable])
    step = tf.function(lambda: strategy.run(lambda: optimizer.apply([tf.constant(gradient)], [variable])))
    for _ in range(2):
        step()
    np.testing.assert_allclose(variable.numpy(), expected, atol=1e-6)


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
