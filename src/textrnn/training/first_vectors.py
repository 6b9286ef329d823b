"""First vectors for characters and n-grams, learnt from the training texts alone and without their labels."""

import math
from collections.abc import Iterable, Sequence

import keras
import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from textrnn import networks
from textrnn.checks import check_integer, check_number, check_seed
from textrnn.preprocessing import FIRST_ID, TextEncoder


def topic_vectors(
    encoder: TextEncoder,
    texts: Iterable[str],
    *,
    embed_dim: int,
    num_ids: Sequence[int] | None = None,
    seed: int = 0,
) -> list[np.ndarray]:
    """Returns a vector of length 1 for each id of each order: `float32 (ids, embed_dim)`.

    Latent semantic analysis (Deerwester et al. 1990): the texts are a table of n-grams by text, weighted by how rare an
    n-gram is. Its largest singular vectors give each text a vector, and an n-gram gets the mean of its texts. So even
    an n-gram that occurs twice starts near those that occur beside the same things. Padding and unknown stay at zero.

    Args:
        encoder: the vocabulary.
        texts: the training texts.
        num_ids: how many ids of each order get a vector, the first ones; all if `None`.
        embed_dim: numbers of a vector; with fewer texts or n-grams the rest are zeros.
        seed: for the random projection of the decomposition (Halko, Martinsson & Tropp 2011).

    Raises:
        ValueError: there is no text, or a setting is out of range.
    """
    check_integer("embed_dim", embed_dim)
    check_seed(seed)
    ids = encoder.encode(texts)
    if not len(ids):
        raise ValueError("texts: expected at least one, got none")
    if num_ids is not None and not (
        len(num_ids) == len(encoder.num_ids)
        and all(FIRST_ID <= num <= known for num, known in zip(num_ids, encoder.num_ids, strict=True))
    ):
        raise ValueError(f"num_ids: expected {FIRST_ID} to {list(encoder.num_ids)}, got {list(num_ids)}")
    ids = ids if ids.ndim == 3 else ids[..., None]  # (rows, steps, orders)
    num_ids = encoder.num_ids if num_ids is None else num_ids
    offsets = np.cumsum([0, *num_ids])
    rows, steps, orders = np.nonzero((ids >= FIRST_ID) & (ids < np.array(num_ids)))
    columns = offsets[orders] + ids[rows, steps, orders]
    counts = sparse.csr_matrix((np.ones(len(rows), "float32"), (rows, columns)), shape=(len(ids), offsets[-1]))
    counts.data[:] = 1  # an n-gram occurs in a text or does not
    num_texts = np.maximum(np.asarray(counts.sum(axis=0)).ravel(), 1)
    weighted = counts.multiply(np.log(len(ids) / num_texts)).tocsr().astype("float32")
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    weighted = sparse.diags((1 / np.maximum(norms, 1e-6)).astype("float32")) @ weighted
    size = min(embed_dim, *weighted.shape)
    of_texts, strengths, _ = randomized_svd(weighted, size, n_iter=4, random_state=seed)
    vectors = np.zeros((offsets[-1], embed_dim), dtype="float32")
    vectors[:, :size] = weighted.T @ (of_texts * strengths)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    return np.split(vectors, offsets[1:-1])


def set_embeddings(model: keras.Model, vectors: list[np.ndarray], *, scale: float = 2.0):
    """Puts `scale` times `vectors` into the embeddings of `model`, in place of random ones.

    Args:
        model: from `networks.build_textrnn`.
        vectors: one array for each order, from `topic_vectors`.
        scale: the length of a vector.

    Raises:
        ValueError: the shapes do not fit, or `scale` is no number above 0.
    """
    check_number("scale", scale, "a number above 0", lambda number: 0 < number < math.inf)
    layers = networks.embeddings(model)
    expected = [tuple(layer.embeddings.shape) for layer in layers]
    if (got := [array.shape for array in vectors]) != expected:
        raise ValueError(f"vectors: expected the shapes {expected}, got {got}")
    for layer, array in zip(layers, vectors, strict=True):
        layer.embeddings.assign(scale * array)
