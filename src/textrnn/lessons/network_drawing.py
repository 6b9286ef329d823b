"""A drawing of a Keras network: a box for each layer that computes something, an arrow for each vector handed on."""

from collections import Counter

import keras
from matplotlib.axes import Axes

BOX = {"boxstyle": "round", "facecolor": "0.94", "edgecolor": "0.4"}
WIDTH = 1.6  # of a column
HALF = 0.3  # of the height of a box, or a little more


def layer_graph(model: keras.Model) -> dict[str, list[str]]:
    """Returns the names of the layers, from the input on, each with the names of those it gets its values from.

    Masks, dropout and what picks a column are passed over.

    Args:
        model: a functional or sequential model.

    Raises:
        ValueError: the model was not built yet.
    """
    functional = getattr(model, "_functional", model)
    if not getattr(functional, "inputs", None):
        raise ValueError("model: expected one that knows its inputs, got one that was not built yet; call it once")
    drawn = [layer for layer in functional.layers if not isinstance(layer, keras.layers.Dropout)]

    def sources(operation: keras.Operation) -> list[str]:
        args = operation._inbound_nodes[0].arguments.args
        befores = [tensor._keras_history.operation for tensor in (keras.tree.flatten(args[0]) if args else [])]
        return [name for one in befores for name in ([one.name] if one in drawn else sources(one))]

    return {layer.name: list(dict.fromkeys(sources(layer))) for layer in drawn}


def draw_network(model: keras.Model, ax: Axes) -> Axes:
    """Draws a network from its input at the bottom to its output at the top, with the shape of what leaves each layer.

    Args:
        model: a functional or sequential model.
        ax: where to draw; its axes are switched off.

    Raises:
        ValueError: the model was not built yet.
    """
    graph, levels = layer_graph(model), {}
    for name, sources in graph.items():
        levels[name] = max((levels[source] + 1 for source in sources), default=0)
    sizes, places, seen = Counter(levels.values()), {}, Counter()
    for name, level in sorted(levels.items()):
        places[name] = WIDTH * (seen[level] - (sizes[level] - 1) / 2), level
        seen[level] += 1
    for name, (x, y) in places.items():
        free = iter(("batch", "steps"))
        shape = ", ".join(str(size or next(free)) for size in model.get_layer(name).output.shape)
        ax.text(x, y, f"{name}\n({shape})", ha="center", va="center", bbox=BOX, fontsize=9)
        for source in graph[name]:
            below = places[source]
            arrow = {"arrowstyle": "-|>", "color": "0.3", "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x, y - HALF), (below[0], below[1] + HALF), arrowprops=arrow)
    half = WIDTH * max(sizes.values()) / 2
    ax.set(xlim=(-half, half), ylim=(-0.5, max(levels.values()) + 0.5))
    ax.axis("off")
    return ax
