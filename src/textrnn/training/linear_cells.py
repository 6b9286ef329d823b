"""A linear model of n-grams, written into cells of the LSTM that do nothing but add up."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
from scipy import optimize, sparse, special
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold

from textrnn import architectures, networks
from textrnn.evidence import columns_of
from textrnn.metrics import label_ids
from textrnn.preprocessing import FIRST_ID, TextEncoder

PENALTIES = (0.03, 0.1, 0.3, 1.0)  # of the squared weights, for texts of length 1
NUM_FOLDS = 10
TOLERANCE = 1e-3  # of the regression's equations
MOST_STRENGTH = 100.0
TINY = 1e-12
SMALL = 0.2  # the largest sum in a cell; tanh makes it smaller by 1.3 %, and a tenth of it by a hundredth of that


class LinearModel(NamedTuple):
    """What a linear model says of n-grams.

    Attributes:
        weights: of each id of each order, `float64 (ids, columns)`; of padding and unknown, zeros.
        columns: what a column says of each class, `float64 (classes, columns)`.
        bias: of each class, `float64 (classes,)`.
        largest: sum of weights, without their signs, in a column of a training text.
    """

    weights: list[np.ndarray]
    columns: np.ndarray
    bias: np.ndarray
    largest: float


def can_hold(settings: Mapping[str, Any]) -> bool:
    """Returns whether a network of these settings of `build_textrnn` can hold a linear model in cells of its own."""
    kinds = architectures.poolings(settings["pooling"])
    one_layer = settings["cell"] == "lstm" and settings["num_layers"] == 1
    return one_layer and settings["bidirectional"] and "mean" in kinds and "attention" not in kinds


def fit_linear_model(
    encoder: TextEncoder,
    train: pd.DataFrame,
    label_names: Sequence[str],
    *,
    num_ids: Sequence[int],
    sample_weight: Sequence[float] | None = None,
) -> LinearModel:
    """Returns a linear model of the n-grams of training texts, as scores whose softmax are probabilities.

    It is ridge regression of the classes on tf-idf. What each row is answered by regressions on the others (ten folds)
    chooses the penalty, and the factor by which scores become probabilities.

    Args:
        encoder: the vocabulary.
        train: columns `text` and `label`.
        label_names: the classes, in order.
        num_ids: how many ids of each order have a weight, the first ones.
        sample_weight: how much each row counts; all alike if `None`.
    """
    labels = label_ids(train["label"], label_names, name="train")
    columns = columns_of(len(label_names)).astype("float64")
    if len(label_names) > columns.shape[1]:  # classes that share columns
        columns -= columns.mean(axis=0)
        columns /= np.linalg.norm(columns, axis=1, keepdims=True)
    counts = _counts(encoder, train["text"], num_ids)
    tfidf = TfidfTransformer()
    strength, ridge = _ridge(tfidf.fit_transform(counts), columns, labels, sample_weight)
    # The regression saw vectors of tf-idf scaled to length 1, better with few rows; the cells add up unscaled ones, so
    # the weights are divided by the mean length.
    table = counts @ sparse.diags(tfidf.idf_)
    length = max(np.sqrt(np.asarray(table.multiply(table).sum(axis=1))).mean(), TINY)
    weights = ridge.coef_.T * (tfidf.idf_ / length)[:, None] * strength  # (all ids, columns)
    parts, largest = np.split(weights, np.cumsum(num_ids)[:-1]), (counts @ np.abs(weights)).max()
    return LinearModel(parts, columns, columns @ ridge.intercept_ * strength, float(largest))


def _ridge(
    table: sparse.csr_matrix, columns: np.ndarray, labels: np.ndarray, sample_weight: Sequence[float] | None
) -> tuple[float, Ridge]:
    """Returns the factor by which scores become probabilities, and the regression that says most of other rows."""
    targets = columns[labels]
    weights = None if sample_weight is None else np.asarray(sample_weight, dtype="float64")
    folds = list(KFold(min(NUM_FOLDS, len(labels)), shuffle=True, random_state=0).split(labels))
    tried = []
    for penalty in PENALTIES:
        ridge, left_out = Ridge(penalty, solver="sparse_cg", tol=TOLERANCE), np.zeros_like(targets)
        for others, rows in folds:  # by hand: scikit-learn's own loop hands weights on in two ways, by its settings
            of_others = None if weights is None else weights[others]
            left_out[rows] = ridge.fit(table[others], targets[others], of_others).predict(table[rows])
        tried.append((*_strength(left_out @ columns.T, labels, weights), ridge))
    _, strength, ridge = min(tried, key=lambda one: one[0])
    return strength, ridge.fit(table, targets, weights)


def _counts(encoder: TextEncoder, texts: Sequence[str], num_ids: Sequence[int]) -> sparse.csr_matrix:
    """Returns how often each text has each id, times what the cells and the pooling make of a step."""
    ids = encoder.encode(texts)
    ids = ids if ids.ndim == 3 else ids[..., None]  # (rows, steps, orders)
    rows, steps, orders = np.nonzero((ids >= FIRST_ID) & (ids < np.array(num_ids)))
    columns = np.cumsum([0, *num_ids])[orders] + ids[rows, steps, orders]
    lengths = (ids[..., 0] > 0).sum(axis=1)
    # Of n steps, what comes at step t is in the sums of n - t + 1 steps forwards, and of t steps backwards.
    shares = 1 + 1 / lengths[rows]
    return sparse.csr_matrix((shares, (rows, columns)), shape=(len(ids), sum(num_ids)))


def _strength(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None) -> tuple[float, float]:
    """Returns the least loss of `scores (rows, classes)` after a softmax, and the factor with which they have it.

    As if there were one more row, of all classes alike: what was right in so many rows need not be so in the next.
    """
    doubt = 1 / (len(labels) + 1)

    def loss(factor: float) -> float:
        found = special.log_softmax(factor * scores, axis=1)
        own = found[np.arange(len(labels)), labels]
        return -np.average((1 - doubt) * own + doubt * found.mean(axis=1), weights=weights)

    found = optimize.minimize_scalar(loss, bounds=(0, MOST_STRENGTH), method="bounded")
    return float(found.fun), float(found.x)


def with_linear_cells(model: keras.Model, linear: LinearModel, settings: Mapping[str, Any]) -> keras.Model:
    """Returns `model` with cells that hold a linear model; its answer is the geometric mean of what the two say.

    An LSTM whose gates stand open adds up what its candidate gives, and tanh leaves small sums as they are. So a cell
    for each column, in each direction, reads the weights of the n-grams from numbers that stand beside their vectors
    and adds them up; the mean over the steps, of both directions together, is the sum over the text. No other cell sees
    them.

    Args:
        model: of `networks.build_textrnn`, trained.
        linear: see `fit_linear_model`.
        settings: those with which `model` was built, of which `can_hold` is true.

    Returns:
        An uncompiled model of the same kind, its vectors and its layer wider by the columns.
    """
    width, kinds = linear.columns.shape[1], architectures.poolings(settings["pooling"])
    wide = {**settings, **{name: settings[name] + width for name in ("embed_dim", "units")}}
    whole = networks.build_textrnn(networks.text_encoder(model), networks.label_names(model), **wide)
    tables = networks.embeddings(model)
    # The weights are as large as the numbers of the vectors, so that both can share a scale in 8 bits.
    scale = max(np.abs(table.embeddings.numpy()).max() for table in tables)
    scale /= max(TINY, *(np.abs(weights).max() for weights in linear.weights))
    factor = SMALL / max(TINY, scale * linear.largest)
    for table, new, weights in zip(tables, networks.embeddings(whole), linear.weights, strict=True):
        new.embeddings.assign(np.concatenate([table.embeddings.numpy(), scale * weights], axis=1))
    if evidence := networks.evidence_layer(model):
        networks.evidence_layer(whole).set_weights(evidence.get_weights())
    for old, new in zip(_directions(model), _directions(whole), strict=True):
        arrays = zip(("kernel", "recurrent_kernel", "bias"), old.get_weights(), strict=True)
        new.set_weights(_with_sums(dict(arrays), settings, width, len(tables), factor=factor))
    kernel, bias = model.layers[-1].get_weights()
    of_net, of_sums = _places(settings["units"], width, 2 * len(kinds))  # of each kind, forwards and backwards
    wide_kernel = np.zeros((len(of_net) + of_sums.size, len(bias)))
    wide_kernel[of_net] = kernel / 2
    for direction in range(2):
        wide_kernel[of_sums[2 * kinds.index("mean") + direction]] = linear.columns.T / (2 * scale * factor)
    whole.layers[-1].set_weights([wide_kernel, (bias + linear.bias) / 2])
    return whole


def without_linear_cells(model: keras.Model, settings: Mapping[str, Any]) -> tuple[keras.Model, dict[str, Any]]:
    """Returns the network that `with_linear_cells` was given, but for its output's bias, and its settings.

    Training must not move the cells, whose small sums have large weights; so a network is trained on without them.

    Args:
        model: of `networks.build_textrnn`; returned as it is if it has no such cells.
        settings: those with which `model` was built.
    """
    if not can_hold(settings):
        return model, dict(settings)
    width = architectures.num_linear_cells(settings, _directions(model)[0].get_weights()[2])
    if not width:
        return model, dict(settings)
    plain = {**settings, **{name: settings[name] - width for name in ("embed_dim", "units")}}
    found = networks.build_textrnn(networks.text_encoder(model), networks.label_names(model), **plain)
    tables, kinds = networks.embeddings(model), architectures.poolings(settings["pooling"])
    for table, new in zip(tables, networks.embeddings(found), strict=True):
        new.embeddings.assign(table.embeddings.numpy()[:, :-width])
    if evidence := networks.evidence_layer(model):
        networks.evidence_layer(found).set_weights(evidence.get_weights())
    columns, _ = _places(plain["units"], width, 4)
    for old, new in zip(_directions(model), _directions(found), strict=True):
        kernel, recurrent_kernel, bias = old.get_weights()
        rest = len(kernel) - width * len(tables)
        features, _ = _places(plain["embed_dim"], width, len(tables), rest=rest)
        rows = np.arange(plain["units"])
        new.set_weights([kernel[np.ix_(features, columns)], recurrent_kernel[np.ix_(rows, columns)], bias[columns]])
    of_net, _ = _places(plain["units"], width, 2 * len(kinds))
    kernel, bias = model.layers[-1].get_weights()
    found.layers[-1].set_weights([2 * kernel[of_net], 2 * bias])
    return found, plain


def _directions(model: keras.Model) -> list[keras.layers.Layer]:
    both = next(layer for layer in model.layers if isinstance(layer, keras.layers.Bidirectional))
    return [both.forward_layer, both.backward_layer]


def _with_sums(
    arrays: dict[str, np.ndarray], settings: Mapping[str, Any], width: int, num_orders: int, *, factor: float
) -> list[np.ndarray]:
    """Returns the arrays of an LSTM with `width` more cells, which add up `factor` times their own numbers."""
    features, own_features = _places(settings["embed_dim"], width, num_orders, rest=len(arrays["kernel"]))
    columns, own_columns = _places(settings["units"], width, 4)  # gates input and forget, candidate, gate output
    num_columns = len(columns) + own_columns.size
    kernel = np.zeros((len(features) + own_features.size, num_columns))
    kernel[np.ix_(features, columns)] = arrays["kernel"]
    for rows in own_features:
        kernel[rows, own_columns[2]] = factor
    recurrent_kernel = np.zeros((num_columns // 4, num_columns))
    recurrent_kernel[np.ix_(np.arange(settings["units"]), columns)] = arrays["recurrent_kernel"]
    bias = np.zeros(num_columns)
    bias[columns] = arrays["bias"]
    bias[own_columns[[0, 1, 3]]] = architectures.OPEN
    return [kernel, recurrent_kernel, bias]


def _places(size: int, width: int, num_blocks: int, *, rest: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Returns where the numbers of blocks of `size` are when `width` more follow each, and where those more are.

    Args:
        size: of a block.
        width: how many numbers follow it.
        num_blocks: how many blocks there are.
        rest: how many numbers there were in all; those behind the blocks stay behind them. None if `None`.

    Returns:
        The places of the old numbers, `(numbers,)`, and of the new ones, `(blocks, width)`.

    >>> [found.tolist() for found in _places(2, 1, 2, rest=5)]
    [[0, 1, 3, 4, 6], [[2], [5]]]
    """
    places = np.arange(num_blocks * (size + width)).reshape(num_blocks, size + width)
    behind = np.arange((rest or num_blocks * size) - num_blocks * size) + places.size
    return np.concatenate([places[:, :size].ravel(), behind]), places[:, size:]
