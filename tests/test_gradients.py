"""What textrnn.lessons.gradients measures, against numbers that can be worked out by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from textrnn.lessons import gradients


def simple_rnn(*, units=3, features=2, **arguments):
    layer = keras.layers.SimpleRNN(units, **arguments)
    layer.build((None, None, features))
    return layer


def test_one_step_of_the_error_surface_is_worked_out_by_hand():
    surface = gradients.error_surface(2.0, -1.0, num_steps=1)  # sigmoid(2 * 0.5 - 1) = 0.5
    assert surface.loss == pytest.approx(0.04)
    assert surface.weight_slope == pytest.approx(2 * -0.2 * 0.25 * 0.5)
    assert surface.bias_slope == pytest.approx(2 * -0.2 * 0.25)
    assert surface.norm == pytest.approx(np.hypot(0.05, 0.1))


def test_slopes_of_the_error_surface_equal_finite_differences():
    weights, biases, step = np.array([3.0, 4.5, 5.0]), np.array([-1.5, -2.6, -2.1]), 1e-6
    surface = gradients.error_surface(weights, biases)
    by_weight = gradients.error_surface(weights + step, biases).loss
    by_weight = (by_weight - gradients.error_surface(weights - step, biases).loss) / (2 * step)
    by_bias = gradients.error_surface(weights, biases + step).loss
    by_bias = (by_bias - gradients.error_surface(weights, biases - step).loss) / (2 * step)
    np.testing.assert_allclose(surface.weight_slope, by_weight, rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(surface.bias_slope, by_bias, rtol=1e-4, atol=1e-8)


def test_the_error_surface_is_the_loss_of_a_keras_network():
    layer = simple_rnn(units=1, features=1, activation="sigmoid", dtype="float64")
    layer.set_weights([np.zeros((1, 1)), np.array([[4.5]]), np.array([-1.8])])
    last = layer(np.zeros((1, 50, 1)), initial_state=tf.constant([[0.5]], tf.float64))
    assert gradients.error_surface(4.5, -1.8).loss == pytest.approx((float(last[0, 0]) - 0.7) ** 2, rel=1e-9)


def test_the_error_surface_broadcasts_a_grid():
    surface = gradients.error_surface(np.linspace(4, 6, 5), np.linspace(-3, -2, 4)[:, None])
    assert surface.loss.shape == surface.weight_slope.shape == surface.norm.shape == (4, 5)
    assert surface.loss[2, 3] == gradients.error_surface(5.5, -3 + 2 / 3).loss


def test_the_error_surface_refuses_a_run_without_steps():
    with pytest.raises(ValueError, match="num_steps: expected at least 1, got 0"):
        gradients.error_surface(1.0, 0.0, num_steps=0)


def test_recall_answers_are_the_first_symbol_and_distractors_are_never_answers():
    inputs, answers = gradients.draw_recall(200, gap=7, num_symbols=3, seed=5)
    ids = inputs.argmax(axis=-1)
    assert inputs.shape == (200, 8, 6)
    assert inputs.dtype == np.float32
    np.testing.assert_array_equal(inputs.sum(axis=-1), 1)
    np.testing.assert_array_equal(ids[:, 0], answers)
    assert set(answers) == {0, 1, 2}
    assert set(ids[:, 1:].ravel()) == {3, 4, 5}


def test_recall_depends_on_the_seed_alone():
    first, again, other = (gradients.draw_recall(20, gap=4, seed=seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_setting_the_forget_bias_changes_that_quarter_alone():
    layer = keras.layers.LSTM(3, bias_initializer="random_normal", unit_forget_bias=False)
    layer.build((None, None, 2))
    before = keras.ops.convert_to_numpy(layer.cell.bias).copy()
    kernels = [np.array(weight) for weight in layer.get_weights()[:2]]
    assert gradients.set_forget_bias(layer, -2.5) is layer
    after = keras.ops.convert_to_numpy(layer.cell.bias).copy()
    np.testing.assert_array_equal(after[3:6], -2.5)
    np.testing.assert_array_equal(np.delete(after, [3, 4, 5]), np.delete(before, [3, 4, 5]))
    for kept, now in zip(kernels, layer.get_weights()[:2], strict=True):
        np.testing.assert_array_equal(kept, now)


def test_setting_the_forget_bias_opens_the_forget_gate_and_no_other():
    layer = keras.layers.LSTM(1)
    layer.build((None, None, 1))
    layer.set_weights([np.array([[0.0, 0.0, 1.0, 0.0]]), np.zeros((1, 4)), np.zeros(4)])
    gradients.set_forget_bias(layer, 100.0)  # forgets nothing: each step adds tanh(1) / 2
    last = layer(np.ones((1, 4, 1), "float32"))
    assert float(last[0, 0]) == pytest.approx(np.tanh(4 * np.tanh(1) / 2) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.GRU(2), "expected a keras.layers.LSTM, got GRU"),
        (keras.layers.LSTM(2, name="raw"), "layer raw: expected a built layer"),
        (keras.layers.LSTM(2, use_bias=False), "with a bias, got layer.use_bias=False"),
    ],
)
def test_setting_the_forget_bias_names_an_unfit_layer(layer, message):
    with pytest.raises(ValueError, match=message):
        gradients.set_forget_bias(layer, 1.0)


def test_the_gradient_of_a_linear_unit_falls_by_its_weight_at_every_step():
    layer = simple_rnn(units=1, features=1, activation=None)
    layer.set_weights([np.array([[3.0]]), np.array([[-0.5]]), np.zeros(1)])
    norms = gradients.gradient_norms_by_lag(layer, np.random.default_rng(0).normal(size=(2, 6, 1)))
    np.testing.assert_allclose(norms, np.tile(3 * 0.5 ** np.arange(6), (2, 1)), rtol=1e-6)
    layer.cell.recurrent_kernel.assign([[0.8]])  # the same layer, already traced, with another weight
    norms = gradients.gradient_norms_by_lag(layer, np.ones((1, 4, 1)))
    np.testing.assert_allclose(norms, [3 * 0.8 ** np.arange(4)], rtol=1e-6)


def test_an_identity_relu_network_carries_the_gradient_unchanged():
    layer = simple_rnn(
        units=4, features=4, activation="relu", kernel_initializer="identity", recurrent_initializer="identity"
    )
    norms = gradients.gradient_norms_by_lag(layer, np.ones((3, 40, 4)))
    np.testing.assert_allclose(norms, 1.0, rtol=1e-5)


def test_an_open_forget_gate_carries_the_gradient_by_its_own_value():
    layer = keras.layers.LSTM(1, activation=None)
    layer.build((None, None, 1))
    layer.set_weights([np.array([[0.0, 0.0, 1.0, 0.0]]), np.zeros((1, 4)), np.zeros(4)])
    gradients.set_forget_bias(layer, 1.5)
    norms = gradients.gradient_norms_by_lag(layer, np.ones((1, 30, 1)))[0]
    np.testing.assert_allclose(norms, 0.25 / (1 + np.exp(-1.5)) ** np.arange(30), rtol=1e-4)


def test_gradients_by_lag_of_one_sequence_do_not_depend_on_its_neighbours_inputs():
    layer, inputs = simple_rnn(), np.random.default_rng(3).normal(size=(2, 5, 2))
    other = inputs.copy()
    other[1] *= 2
    both, changed = (gradients.gradient_norms_by_lag(layer, x, seed=1) for x in (inputs, other))
    np.testing.assert_allclose(both[0], changed[0], rtol=1e-6)
    assert not np.allclose(both[1, 1:], changed[1, 1:])


def test_gradients_by_lag_name_a_wrong_shape():
    with pytest.raises(ValueError, match=r"inputs: expected the shape \(batch, steps, features\), got \(4, 2\)"):
        gradients.gradient_norms_by_lag(simple_rnn(), np.ones((4, 2)))
    with pytest.raises(ValueError, match=r"layer: expected an output of shape \(batch, units\), got \(1, 4, 3\)"):
        gradients.gradient_norms_by_lag(simple_rnn(return_sequences=True), np.ones((1, 4, 2)))


def small_classifier():
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])


def test_a_perturbation_is_added_to_every_weight_and_taken_back():
    model, inputs, labels = small_classifier(), np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([0, 2])
    before = model.get_weights()
    losses = gradients.loss_under_perturbation(model, inputs, labels, sizes=[0.0, 0.5], num_directions=1, seed=4)
    rng = np.random.default_rng(4)
    kernel, bias = (weight + 0.5 * rng.normal(size=weight.shape) for weight in before)
    scores = inputs @ kernel + bias
    expected = np.log(np.exp(scores).sum(axis=1)) - scores[[0, 1], labels]
    assert losses[1, 0] == pytest.approx(expected.mean(), rel=1e-5)
    for kept, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_a_perturbation_of_size_zero_leaves_the_loss():
    model, inputs, labels = small_classifier(), np.ones((5, 2)), np.zeros(5)
    losses = gradients.loss_under_perturbation(model, inputs, labels, sizes=[0, 0.1], num_directions=3, seed=0)
    plain = keras.losses.sparse_categorical_crossentropy(labels, model(inputs)).numpy().mean()
    np.testing.assert_allclose(losses[0], plain, rtol=1e-6)
    assert (losses[1] != losses[0]).all()


def test_weights_come_back_even_when_the_loss_fails():
    model = small_classifier()
    before = model.get_weights()
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
        gradients.loss_under_perturbation(model, np.ones((5, 3)), np.zeros(5), sizes=[0.1], seed=0)
    for kept, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_a_negative_perturbation_is_named():
    with pytest.raises(ValueError, match="sizes: expected standard deviations of at least 0, got -1"):
        gradients.loss_under_perturbation(small_classifier(), np.ones((1, 2)), np.zeros(1), sizes=[-1], seed=0)


@pytest.mark.long
def test_a_restarted_model_learns_as_if_it_were_new():
    inputs, answers = gradients.draw_recall(64, gap=2, seed=0)
    model = keras.Sequential(
        [keras.Input((None, 8)), keras.layers.LSTM(4), keras.layers.Dense(4, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    runs = []
    for seed in (7, 8, 7):
        gradients.restart(model, seed=seed)
        history = model.fit(inputs, answers, batch_size=16, epochs=2, shuffle=False, verbose=0)
        runs.append(history.history["loss"])
    np.testing.assert_allclose(runs[0], runs[2], rtol=1e-5)
    assert not np.allclose(runs[0], runs[1], rtol=1e-3)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.02)
