"""The drawing of a network shows its layers, and an arrow wherever values go from one to another."""

import keras
import pytest
from matplotlib.figure import Figure

from textrnn.lessons.network_drawing import draw_network, layer_graph
from textrnn.networks import build_textrnn
from textrnn.preprocessing import TextEncoder

pytestmark = pytest.mark.slow
GRAPH = {
    "text": [],
    "text_to_ids": ["text"],
    "embedding_1": ["text_to_ids"],
    "embedding_2": ["text_to_ids"],
    "evidence": ["text_to_ids"],
    "vectors": ["embedding_1", "embedding_2", "evidence"],
    "bidirectional_1": ["vectors"],
    "max_pooling": ["bidirectional_1"],
    "mean_pooling": ["bidirectional_1"],
    "summary": ["max_pooling", "mean_pooling"],
    "probabilities": ["summary"],
}


@pytest.fixture
def model():
    encoder = TextEncoder.from_texts(["股市大涨"] * 2, max_ngram=2)
    return build_textrnn(encoder, ["a", "b"], embed_dim=4, units=4, evidence=True, pooling=("max", "mean"))


def test_the_graph_is_the_way_of_the_values_without_masks_and_dropout(model):
    assert layer_graph(model) == GRAPH


def test_every_layer_has_a_box_above_those_it_reads_and_every_link_an_arrow(model):
    ax = draw_network(model, Figure().add_subplot())
    height = {text.get_text().split("\n")[0]: text.get_position()[1] for text in ax.texts if text.get_text()}
    assert height.keys() == GRAPH.keys()
    assert all(height[name] > height[source] for name, sources in GRAPH.items() for source in sources)
    assert sum(not text.get_text() for text in ax.texts) == sum(map(len, GRAPH.values()))
    assert "vectors\n(batch, steps, 14)" in [text.get_text() for text in ax.texts]  # 4 + 4 numbers, 2 x 3 of evidence


def test_a_sequential_model_is_a_tower_and_one_that_was_not_built_is_refused():
    tower = keras.Sequential(
        [keras.Input((3, 2)), keras.layers.LSTM(2, name="lstm"), keras.layers.Dense(1, name="out")]
    )
    assert list(layer_graph(tower).values())[-2:] == [[next(iter(layer_graph(tower)))], ["lstm"]]
    with pytest.raises(ValueError, match="model: expected one that knows its inputs"):
        layer_graph(keras.Sequential([keras.layers.Dense(1)]))
