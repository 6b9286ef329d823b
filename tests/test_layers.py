"""Elman, Jordan and peephole layers: their arithmetic, and that they behave as Keras' own layers do."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn import networks, saving
from textrnn.evidence import columns_of, counts_of
from textrnn.layers import ClassEvidence
from textrnn.lessons import cells
from textrnn.lessons.recurrent import Elman, ElmanCell, Jordan, JordanCell, PeepholeLSTM, PeepholeLSTMCell
from textrnn.preprocessing import TextEncoder

pytestmark = pytest.mark.slow

LAYERS = [Elman, Jordan, PeepholeLSTM]
every_layer = pytest.mark.parametrize("layer_class", LAYERS, ids=lambda c: c.__name__)
small = st.integers(min_value=1, max_value=4)


def randomize(layer, *, seed=0):
    """Give every weight a random value: peepholes and biases start at zero and would hide mistakes."""
    rng = np.random.default_rng(seed)
    layer.set_weights([rng.normal(scale=0.5, size=weight.shape) for weight in layer.get_weights()])
    return layer


def built(layer_class, *args, features=3, **kwargs):
    layer = layer_class(*args, **kwargs)
    layer.build((None, None, features))
    return randomize(layer)


def sequences(*, batch=2, steps=6, features=3, seed=1):
    return np.random.default_rng(seed).normal(size=(batch, steps, features)).astype("float32")


@given(kind=st.sampled_from([Elman, Jordan]), shape=st.tuples(small, small, small, small), use_bias=st.booleans())
@settings(max_examples=15, deadline=None)
def test_elman_and_jordan_agree_with_numpy_on_any_shape(kind, shape, use_bias):
    steps, features, units, output_units = shape
    layer = built(
        kind,
        units,
        output_units,
        output_activation="sigmoid",
        use_bias=use_bias,
        features=features,
        return_sequences=True,
        dtype="float64",
    )
    inputs = np.random.default_rng(3).normal(size=(steps, features))
    expected = cells.run_rnn(inputs, **cells.from_keras(layer)).outputs
    np.testing.assert_allclose(np.asarray(layer(inputs[None]))[0], expected, atol=1e-6)


@given(shape=st.tuples(small, small, small), use_bias=st.booleans())
@settings(max_examples=15, deadline=None)
def test_the_peephole_lstm_agrees_with_numpy_on_any_shape(shape, use_bias):
    steps, features, units = shape
    layer = built(PeepholeLSTM, units, use_bias=use_bias, features=features, return_sequences=True, dtype="float64")
    inputs = np.random.default_rng(3).normal(size=(steps, features))
    arguments = cells.from_keras(layer)
    assert arguments["peephole"].shape == (3, units)
    np.testing.assert_allclose(
        np.asarray(layer(inputs[None]))[0], cells.run_lstm(inputs, **arguments).outputs, atol=1e-6
    )


def test_the_lecture_example_runs_in_both_layers():
    inputs = np.array([[[1, 1], [1, 1], [2, 2]]], "float32")
    settings_ = {"activation": "linear", "use_bias": False, "kernel_initializer": "ones"}
    for layer_class, expected in ((Elman, [4, 12, 32]), (Jordan, [4, 20, 88])):
        layer = layer_class(2, recurrent_initializer="ones", return_sequences=True, **settings_)
        assert np.asarray(layer(inputs))[0, :, 0].tolist() == expected


def test_a_fresh_peephole_lstm_answers_as_keras_lstm_does():
    layer, reference = PeepholeLSTM(4), keras.layers.LSTM(4)
    inputs = sequences()
    layer(inputs), reference(inputs)
    reference.set_weights([np.asarray(w) for w in (layer.cell.kernel, layer.cell.recurrent_kernel, layer.cell.bias)])
    np.testing.assert_allclose(layer(inputs), reference(inputs), atol=1e-6)
    assert np.asarray(layer.cell.bias).tolist() == [0] * 4 + [1] * 4 + [0] * 8


@pytest.mark.parametrize(
    ("layer", "count"),
    [(Elman(2), 16), (Jordan(2), 16), (Elman(2, 5), 25), (Jordan(2, 5), 31), (PeepholeLSTM(2), 46)],
    ids=["elman", "jordan", "elman5", "jordan5", "peephole"],
)
def test_parameters_are_counted(layer, count):
    layer.build((None, None, 2))
    assert layer.count_params() == count


@every_layer
def test_padding_does_not_change_the_answer(layer_class):
    layer, inputs = built(layer_class, 4), sequences(steps=3)
    padded = np.concatenate([inputs, np.full((2, 5, 3), 9, "float32")], axis=1)
    mask = np.array([[True] * 3 + [False] * 5] * 2)
    np.testing.assert_allclose(layer(padded, mask=mask), layer(inputs), atol=1e-6)
    assert not np.allclose(layer(padded), layer(inputs), atol=1e-3)  # without the mask it would


@every_layer
def test_padding_in_front_does_not_change_the_answer_read_backwards(layer_class):
    layer, inputs = built(layer_class, 4, go_backwards=True), sequences(steps=3)
    padded = np.concatenate([inputs, np.full((2, 5, 3), 9, "float32")], axis=1)
    mask = np.array([[True] * 3 + [False] * 5] * 2)
    np.testing.assert_allclose(layer(padded, mask=mask), layer(inputs), atol=1e-6)


@every_layer
def test_a_mask_layer_reaches_the_recurrent_layer(layer_class):
    layer, inputs = built(layer_class, 4), sequences(steps=3)
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Masking(mask_value=0.0), layer])
    padded = np.concatenate([inputs, np.zeros((2, 4, 3), "float32")], axis=1)
    np.testing.assert_allclose(model(padded), layer(inputs), atol=1e-6)


@every_layer
def test_going_backwards_is_going_forwards_over_the_reversed_sequence(layer_class):
    forwards, inputs = built(layer_class, 4, return_sequences=True), sequences()
    backwards = built(layer_class, 4, return_sequences=True, go_backwards=True)
    np.testing.assert_allclose(backwards(inputs), forwards(inputs[:, ::-1]), atol=1e-6)


@every_layer
def test_the_last_of_all_outputs_is_the_output(layer_class):
    inputs = sequences()
    every, last = built(layer_class, 4, return_sequences=True)(inputs), built(layer_class, 4)(inputs)
    assert every.shape == (2, 6, 4)
    np.testing.assert_allclose(every[:, -1], last, atol=1e-6)


@every_layer
def test_states_returned_continue_the_sequence(layer_class):
    layer, inputs = built(layer_class, 4, return_state=True), sequences()
    _, *states = layer(inputs[:, :4])
    assert len(states) == (2 if layer_class is PeepholeLSTM else 1)
    np.testing.assert_allclose(layer(inputs[:, 4:], initial_state=states)[0], layer(inputs)[0], atol=1e-6)


def test_the_memory_of_elman_is_hidden_and_that_of_jordan_is_the_output():
    elman, jordan = built(Elman, 4, 2, return_state=True), built(Jordan, 4, 2, return_state=True)
    assert [part.shape for part in elman(sequences())] == [(2, 2), (2, 4)]
    output, memory = jordan(sequences())
    assert np.array_equal(output, memory)


@every_layer
def test_both_directions_see_the_whole_sequence(layer_class):
    layer = keras.layers.Bidirectional(layer_class(4, return_sequences=True))
    inputs = sequences()
    before = np.asarray(layer(inputs))
    changed = inputs.copy()
    changed[:, -1] += 1
    moved = np.abs(np.asarray(layer(changed)) - before).max(axis=(0, 1))
    assert before.shape == (2, 6, 8)
    assert moved[:4].min() > 0  # at the last position, which the forward half sees
    assert np.abs(np.asarray(layer(changed)) - before)[:, 0].max() > 1e-6  # and at the first, by the other half
    assert np.array_equal(np.asarray(layer(changed))[:, 0, :4], before[:, 0, :4])


@every_layer
@pytest.mark.parametrize("wrapped", [False, True], ids=["alone", "bidirectional"])
def test_a_saved_model_loads_and_gives_the_same_answer(layer_class, wrapped, tmp_path):
    layer = layer_class(4, activation="relu", name="memory", return_sequences=True)
    layer = keras.layers.Bidirectional(layer) if wrapped else layer
    model = keras.Sequential([keras.Input((None, 3)), layer, keras.layers.Dense(2)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(sequences()), model(sequences()), atol=1e-6)


@every_layer
def test_settings_survive_the_config(layer_class):
    given_settings = {"units": 3, "activation": "relu", "use_bias": False, "return_sequences": True, "name": "memory"}
    given_settings |= {"recurrent_activation": "hard_sigmoid"} if layer_class is PeepholeLSTM else {"output_units": 2}
    config = layer_class.from_config(layer_class(**given_settings).get_config()).get_config()
    assert {key: config[key] for key in given_settings} == given_settings


@pytest.mark.parametrize("cell_class", [ElmanCell, JordanCell, PeepholeLSTMCell], ids=lambda c: c.__name__)
def test_a_cell_works_in_keras_own_rnn_layer(cell_class, tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.RNN(cell_class(4))])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(sequences()), model(sequences()), atol=1e-6)


@every_layer
def test_one_training_step_changes_every_weight(layer_class):
    model = keras.Sequential([keras.Input((None, 3)), layer_class(4), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    before = model.get_weights()
    model.fit(sequences(batch=8), np.arange(8.0), epochs=1, verbose=0)
    unchanged = [
        weight.path for weight, old in zip(model.weights, before, strict=True) if np.array_equal(weight.numpy(), old)
    ]
    assert unchanged == []


@every_layer
def test_four_sequences_are_learnt_by_heart(layer_class):
    keras.utils.set_random_seed(0)
    inputs, labels = sequences(batch=4, steps=5), np.array([0, 1, 1, 0])
    model = keras.Sequential([keras.Input((5, 3)), layer_class(8), keras.layers.Dense(2, activation="softmax")])
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    model.fit(np.tile(inputs, (60, 1, 1)), np.tile(labels, 60), batch_size=4, shuffle=False, verbose=0)  # 60 steps
    assert np.asarray(model(inputs)).argmax(axis=-1).tolist() == labels.tolist()


@every_layer
def test_bad_sizes_are_named(layer_class):
    for units in (0, -1, 2.5, True):
        with pytest.raises(ValueError, match=f"units: expected an integer of at least 1, got {units!r}"):
            layer_class(units)


def test_bad_output_sizes_are_named():
    with pytest.raises(ValueError, match="output_units: expected an integer of at least 1, got 0"):
        Elman(2, 0)


EVIDENCE_IDS = np.array([[2, 3, 0], [2, 4, 4], [2, 1, 0]], "int32")


def counted():
    """Three texts: id 2 stands in all, 3 in the first, 4 (twice) in the second; classes 0, 0, 1."""
    layer = ClassEvidence([5], 2, smoothing=0.5)
    layer.count(EVIDENCE_IDS, np.array([0, 0, 1]))
    return layer


def test_evidence_is_the_log_ratio_of_smoothed_counts_and_the_number_of_texts():
    layer = counted()
    assert layer.tables[0].numpy().tolist() == [[0, 0], [0, 0], [2, 1], [1, 0], [1, 0]]  # a text counts once
    evidence = layer(EVIDENCE_IDS).numpy()
    np.testing.assert_allclose(evidence[0, 0], [np.log(2 * 2.5 / 4), np.log(2 * 1.5 / 4), 0.3 * np.log(4)], rtol=1e-6)
    np.testing.assert_allclose(evidence[0, 1], [np.log(2 * 1.5 / 2), np.log(2 * 0.5 / 2), 0.3 * np.log(2)], rtol=1e-6)
    assert not evidence[0, 2].any()  # padding
    assert not evidence[2, 1].any()  # unknown


def test_what_is_left_out_is_the_texts_own_part():
    layer, label_ids = counted(), np.array([0, 0, 1])
    left_out = layer.leave_one_out(EVIDENCE_IDS, label_ids).numpy()
    for row in range(3):
        others = np.arange(3) != row
        alone = ClassEvidence([5], 2, smoothing=0.5)
        alone.count(EVIDENCE_IDS[others], label_ids[others])
        np.testing.assert_allclose(left_out[row], alone(EVIDENCE_IDS[row : row + 1])[0], atol=1e-6)
    assert not left_out[0, 1].any()  # no other text has id 3: as empty as it will be for a new text
    assert not left_out[1, 1].any()


def test_compressed_evidence_is_nearly_the_same_and_can_only_be_read():
    counts = np.array([[0, 1], [2, 3], [10, 100], [1000, 30_000], [100_000, 0], [0, 1]], "float32")
    layer = ClassEvidence([len(counts)], 2)
    layer.tables[0].assign(counts)
    small = layer.compressed()
    assert [(weight.dtype, tuple(weight.shape)) for weight in small.weights] == [("uint8", (5, 2)), ("uint16", (6,))]
    patterns, rows = small.get_weights()
    np.testing.assert_allclose(counts_of(patterns)[rows], counts, rtol=0.03)
    ids = np.arange(len(counts))[None]
    np.testing.assert_allclose(small(ids), layer(ids), atol=0.05)
    assert type(small).from_config(small.get_config()).num_patterns == [5]
    with pytest.raises(ValueError, match="compressed counts can only be read"):
        small.count(ids, np.array([0]))


def test_evidence_of_several_orders_stands_side_by_side_and_survives_being_saved(tmp_path):
    ids = np.stack([EVIDENCE_IDS, EVIDENCE_IDS], axis=-1)
    layer = ClassEvidence([5, 5], 2)
    layer.count(ids, np.array([0, 0, 1]))
    model = keras.Sequential([keras.Input((None, 2), dtype="int32"), layer])
    answer = model(ids).numpy()
    assert answer.shape == (3, 3, 6)
    np.testing.assert_array_equal(answer[..., :3], answer[..., 3:])
    model.save(tmp_path / "evidence.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "evidence.keras")(ids), answer)


def test_evidence_refuses_to_divide_by_nothing():
    with pytest.raises(ValueError, match="smoothing: expected more than 0, got 0"):
        ClassEvidence([5], 2, smoothing=0)


def test_many_classes_share_columns_by_which_each_can_still_be_told():
    codes = columns_of(1000)
    assert codes.shape == (1000, 64)
    assert len({row.tobytes() for row in codes}) == 1000
    assert set(codes.sum(axis=1)) == {3}
    layer = ClassEvidence([4], 1000)
    ids, label_ids = np.array([[2, 3], [2, 2], [3, 0]]), np.array([7, 999, 7])
    layer.count(ids, label_ids)
    np.testing.assert_array_equal(layer.tables[0].numpy()[2:], [codes[7] + codes[999], 2 * codes[7]])
    # Without the text itself, its n-grams are as they are in a table of the other texts.
    other = ClassEvidence([4], 1000)
    other.count(ids[[1, 2]], label_ids[[1, 2]])
    np.testing.assert_allclose(layer.leave_one_out(ids, label_ids)[0], other(ids)[0], atol=1e-6)
    assert layer(ids).shape == layer.compute_output_shape(ids.shape) == (3, 2, 65)


def test_a_saved_network_of_many_classes_answers_as_the_live_one():
    encoder = TextEncoder(tokens=tuple("甲乙丙丁"), max_length=4)
    model = networks.build_textrnn(encoder, [f"{n:02}" for n in range(70)], embed_dim=2, units=2, evidence=True)
    networks.evidence_layer(model).count(encoder.encode(["甲乙", "丙丁"] * 35), np.arange(70))
    probs = saving.to_numpy_network(model).predict_proba(["甲丙", "丁"])
    np.testing.assert_allclose(probs, model(np.array(["甲丙", "丁"])), atol=1e-6)
    assert abs(probs[0] - probs[1]).max() > 1e-4
