"""Vectors from the texts alone: things that occur together stand together, and a network can start from them."""

import numpy as np
import pytest

from textrnn import networks
from textrnn.preprocessing import TextEncoder
from textrnn.training import set_embeddings, topic_vectors

TEXTS = ["股市大涨", "股市大跌", "基金大涨", "球队夺冠", "球员夺冠", "球队落败", "A股 跌"] * 3
ENCODER = TextEncoder.from_texts(TEXTS, max_ngram=3)


def test_what_occurs_in_the_same_texts_is_alike_and_what_does_not_is_not():
    chars, pairs, triples = topic_vectors(ENCODER, TEXTS, embed_dim=8)
    assert [array.shape for array in (chars, pairs, triples)] == [(num, 8) for num in ENCODER.num_ids]
    assert chars.dtype == np.float32
    ids = ENCODER.token_ids
    assert chars[ids["冠"]] @ chars[ids["球"]] > 0.7
    assert abs(chars[ids["冠"]] @ chars[ids["涨"]]) < 0.1
    pair = ENCODER.ngram_ids[0]["夺冠"]
    assert pairs[pair] @ chars[ids["冠"]] == pytest.approx(1, abs=1e-4)  # the same texts, at other orders


def test_known_ids_have_length_one_and_padding_and_unknown_are_zero():
    for array in topic_vectors(ENCODER, TEXTS, embed_dim=8):
        np.testing.assert_allclose(np.linalg.norm(array[2:], axis=1), 1, atol=1e-5)
        assert not array[:2].any()


def test_the_same_seed_gives_the_same_vectors_and_few_texts_leave_zeros():
    one, other = (topic_vectors(ENCODER, TEXTS[:3], embed_dim=8, seed=1) for _ in range(2))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first, second)
        assert not first[:, 3:].any()  # three texts span three dimensions


def test_a_network_starts_from_them_and_wrong_shapes_are_refused():
    model = networks.build_textrnn(ENCODER, ["x", "y"], embed_dim=8, units=4)
    vectors = topic_vectors(ENCODER, TEXTS, embed_dim=8)
    set_embeddings(model, vectors, scale=3.0)
    for layer, array in zip(networks.embeddings(model), vectors, strict=True):
        np.testing.assert_allclose(layer.get_weights()[0], 3 * array, rtol=1e-6)
    with pytest.raises(ValueError, match=r"expected the shapes \[\(\d+, 8\).*got \[\(\d+, 4\)"):
        set_embeddings(model, topic_vectors(ENCODER, TEXTS, embed_dim=4))
