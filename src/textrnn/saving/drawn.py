"""Texts of the tokens of a vocabulary, to compare two forms of a network on."""

import numpy as np

from textrnn.preprocessing import TextEncoder

NUM_DRAWN = 100


def drawn_texts(encoder: TextEncoder) -> list[str]:
    """Returns texts of the tokens of a vocabulary, from one token to three times what a network reads at a time.

    Their n-grams are mostly unknown; those of the vocabulary stand in the second half.
    """
    rng = np.random.default_rng(0)
    pools = [encoder.tokens, *encoder.ngrams]
    texts = []
    for number in range(NUM_DRAWN):
        pool = pools[0] if number % 2 or not len(pools[-1]) else pools[-1]
        parts = rng.integers(len(pool), size=rng.integers(1, 3 * min(encoder.max_length, 100) + 1))
        texts.append("".join(pool[part] for part in parts))
    return [text for text in texts if text.strip()]
