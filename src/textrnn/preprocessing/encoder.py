"""The vocabulary, and how a text becomes ids and windows by it; in plain Python and NumPy."""

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from textrnn.checks import check_choice, check_integer, check_list
from textrnn.options import UNITS
from textrnn.preprocessing.normalisation import NUM_CODE_POINTS, normalise, split_words

PADDING_ID = 0
UNKNOWN_ID = 1
FIRST_ID = 2
MAX_NGRAM = 3
MAX_WORD_LENGTH = 8
WINDOWS_AT_A_TIME = 256  # or as many as there are texts: what bounds the memory that one long text takes


def _most_frequent(counts: Counter, *, min_count: int, max_size: int | None) -> list:
    """Returns the keys seen at least `min_count` times, frequent first, ties in code point order."""
    ranked = sorted((-count, key) for key, count in counts.items() if count >= min_count)
    return [key for _, key in ranked[:max_size]]


class Windows(NamedTuple):
    """Texts cut into windows of at most so many tokens, those of a text one after another; arrays, or tensors.

    A text of more tokens than a network reads is cut into the fewest windows, as even in length as can be, so that
    none is a stub; any other text is one window.
    """

    ids: Any  # int32 (windows, steps) or (windows, steps, orders)
    rows: Any  # int64 (windows,): which text each is a part of
    shares: Any  # float64 (windows,): its part of the tokens of its text; those of a text add up to 1

    def mean(self, probs: np.ndarray) -> np.ndarray:
        """Returns the mean over the windows of each text, weighted by their shares: `float32 (texts, classes)`.

        >>> Windows(None, np.array([0, 0, 1]), np.array([0.75, 0.25, 1])).mean(np.array([[1.0], [0.0], [0.5]])).tolist()
        [[0.75], [0.5]]
        """
        firsts = np.flatnonzero(np.diff(self.rows, prepend=-1))
        return np.add.reduceat(probs * self.shares[:, None], firsts).astype("float32")


@dataclass(frozen=True)
class TextEncoder:
    """How a text becomes ids: the vocabulary and the settings of every step, immutable and written as JSON.

    Id 0 is padding, id 1 whatever the vocabulary does not hold, ids from 2 on the tokens in the order given.

    Attributes:
        tokens: the characters, or the words, that have an id.
        ngrams: for each order from 2 on, the character n-grams that have an id; empty for plain tokens.
        unit: `"char"`: one token for each Unicode code point; `"word"`: the longest word of `tokens` that starts at a
            position, else the character.
        lower: whether letters become lower case.
        max_length: so many tokens are read at a time; `encode` leaves out those that follow.
    """

    tokens: tuple[str, ...]
    ngrams: tuple[tuple[str, ...], ...] = ()
    unit: str = "char"
    lower: bool = True
    max_length: int = 32

    def __post_init__(self):
        check_choice("unit", self.unit, UNITS)
        check_integer("max_length", self.max_length)
        if self.ngrams and self.unit == "word":
            raise ValueError('ngrams: go with unit="char" alone, got unit="word"')
        for name, vocabulary in [("tokens", self.tokens), *((f"{n}-grams", v) for n, v in self.orders())]:
            if len(set(vocabulary)) != len(vocabulary):
                doubled = next(token for token, count in Counter(vocabulary).items() if count > 1)
                raise ValueError(f"{name}: every entry stands once, got {doubled!r} twice")
        for token in self.tokens:
            if not token or any(normalise(char, lower=self.lower) != char for char in token if char != " "):
                raise ValueError(f"tokens: {token!r} can never occur in a normalised text; normalise it first")
            if len(token) > (1 if self.unit == "char" else MAX_WORD_LENGTH):
                raise ValueError(f"tokens: {token!r} is longer than one {self.unit}")
        for order, vocabulary in self.orders():
            shorter = set(self.tokens) if order == 2 else set(self.ngrams[order - 3])
            for ngram in vocabulary:
                if len(ngram) != order or ngram[:-1] not in shorter or ngram[-1] not in self.token_ids:
                    raise ValueError(f"{order}-grams: {ngram!r} needs {order} characters, all parts with an id")

    def orders(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yields each order from 2 on with its n-grams."""
        return enumerate(self.ngrams, start=2)

    @classmethod
    def from_texts(
        cls,
        texts: Iterable[str],
        *,
        unit: str = "char",
        lower: bool = True,
        max_length: int = 32,
        min_count: int = 1,
        max_tokens: int | None = None,
        max_ngram: int = 1,
        min_ngram_count: int = 2,
        max_ngrams: int | None = 60_000,
    ) -> "TextEncoder":
        """Returns the encoder whose vocabulary is what occurs in `texts` (give it the training texts alone).

        Args:
            texts: strings; read once.
            unit: `"char"` or `"word"`. For words, jieba cuts the training texts, and every character that occurs is a
                word too; later texts are cut by longest match against that list, so no dictionary is needed to use it.
            lower: whether letters become lower case.
            max_length: so many tokens of a text are read at a time.
            min_count: tokens seen less often than this are unknown.
            max_tokens: keep at most this many, the most frequent.
            max_ngram: 1, or up to 3: also give each character the id of the 2-gram (and 3-gram) that ends there.
            min_ngram_count: n-grams seen less often than this are unknown.
            max_ngrams: keep at most this many of each order, the most frequent.

        Raises:
            ValueError: a text is no string, none holds a visible character, or a setting is out of range.
        """
        check_choice("unit", unit, UNITS)
        if max_ngram not in range(1, MAX_NGRAM + 1):
            raise ValueError(f"max_ngram: expected 1 to {MAX_NGRAM}, got {max_ngram!r}")
        sizes = {"max_ngram": max_ngram, "max_length": max_length, "max_tokens": max_tokens, "max_ngrams": max_ngrams}
        for name, value in {**sizes, "min_count": min_count, "min_ngram_count": min_ngram_count}.items():
            if value is not None or name not in ("max_tokens", "max_ngrams"):
                check_integer(name, value)
        check_list("texts", texts)
        counts, ngram_counts = Counter(), [Counter() for _ in range(max_ngram - 1)]
        for number, text in enumerate(texts):
            if not isinstance(text, str):
                raise ValueError(f"texts: item {number}: expected a string, got {text!r} ({type(text).__name__})")
            normal = normalise(text, lower=lower)
            counts.update(normal)
            if unit == "word":
                words = split_words(normal)
                counts.update(word for word in words if 1 < len(word) <= MAX_WORD_LENGTH)
            for order, counter in enumerate(ngram_counts, start=2):
                counter.update(normal[i : i + order] for i in range(len(normal) - order + 1))
        if not counts:
            raise ValueError("texts: expected at least one text with a visible character, got none")
        tokens = tuple(_most_frequent(counts, min_count=min_count, max_size=max_tokens))
        if not tokens:
            raise ValueError(f"min_count: expected a number of times that some token is seen, got {min_count}")
        known, ngrams, shorter = set(tokens), [], set(tokens)
        for counter in ngram_counts:
            whole = Counter({g: c for g, c in counter.items() if g[:-1] in shorter and g[-1] in known})
            ngrams.append(tuple(_most_frequent(whole, min_count=min_ngram_count, max_size=max_ngrams)))
            shorter = set(ngrams[-1])
        return cls(tokens=tokens, ngrams=tuple(ngrams), unit=unit, lower=lower, max_length=max_length)

    @functools.cached_property
    def token_ids(self) -> dict[str, int]:
        """The id of each token."""
        return {token: id_ for id_, token in enumerate(self.tokens, start=FIRST_ID)}

    @functools.cached_property
    def ngram_ids(self) -> list[dict[str, int]]:
        """The id of each n-gram, for each order from 2 on."""
        return [{ngram: id_ for id_, ngram in enumerate(v, start=FIRST_ID)} for v in self.ngrams]

    @property
    def num_ids(self) -> tuple[int, ...]:
        """How many ids each order has, padding and unknown included: `(tokens, 2-grams, …)`."""
        return tuple(len(vocabulary) + FIRST_ID for vocabulary in (self.tokens, *self.ngrams))

    @property
    def sha256(self) -> str:
        """The SHA-256 of the settings and the vocabulary: equal for encoders that give equal ids."""
        text = json.dumps(self.to_config(), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def to_config(self) -> dict[str, Any]:
        """Returns the encoder as JSON values, the n-grams of an order end to end; `from_config` is the way back."""
        config = asdict(self)
        return {**config, "tokens": list(self.tokens), "ngrams": ["".join(vocabulary) for vocabulary in self.ngrams]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TextEncoder":
        """Returns the encoder that `to_config` described."""
        return cls(
            **{
                **config,
                "tokens": tuple(config["tokens"]),
                "ngrams": tuple(
                    tuple(joined[i : i + order] for i in range(0, len(joined), order))
                    for order, joined in enumerate(config["ngrams"], start=2)
                ),
            }
        )

    def split(self, text: str) -> list[str]:
        """Returns the tokens of `text` after normalising, all of them, known or not.

        >>> TextEncoder(tokens=("A", "股"), lower=False).split("Ａ股 首秀")
        ['A', '股', ' ', '首', '秀']
        """
        normal = normalise(text, lower=self.lower)
        if self.unit == "char":
            return list(normal)
        tokens, start = [], 0
        while start < len(normal):
            ends = range(min(start + MAX_WORD_LENGTH, len(normal)), start + 1, -1)
            end = next((end for end in ends if normal[start:end] in self.token_ids), start + 1)
            tokens.append(normal[start:end])
            start = end
        return tokens

    def encode_one(self, text: str) -> np.ndarray:
        """Returns the ids of one text, without padding: `int32 (steps,)`, or `(steps, orders)` with n-grams.

        >>> TextEncoder(tokens=("股", "同")).encode_one("同步A股")
        array([3, 1, 1, 2], dtype=int32)
        """
        tokens = self.split(text)[: self.max_length]
        columns = [[self.token_ids.get(token, UNKNOWN_ID) for token in tokens]]
        for order, ids in enumerate(self.ngram_ids, start=2):
            ends = range(1, len(tokens) + 1)
            columns.append(
                [ids.get("".join(tokens[e - order : e]), UNKNOWN_ID) if e >= order else PADDING_ID for e in ends]
            )
        ids = np.array(columns, dtype="int32").T
        return ids if self.ngrams else ids[:, 0]

    def encode(self, texts: Iterable[str]) -> np.ndarray:
        """Returns the ids of `texts`, padded with zeros on the right to the longest: `int32 (batch, steps[, orders])`.

        There is at least one step, so that a batch of empty texts is still a batch. The answer is that of
        `encode_one`, which is the definition to read; characters are looked up for all texts at once.
        """
        check_list("texts", texts)
        return self._encode([self._cut(text)[: self.max_length] for text in texts])

    def encode_windows(self, texts: Iterable[str]) -> Windows:
        """Returns the ids of all of `texts`, those of more than `max_length` tokens in several windows.

        >>> TextEncoder(tokens=("a", "b"), max_length=3).encode_windows(["abbb", "ab"])
        Windows(ids=array([[2, 3],
               [3, 3],
               [2, 3]], dtype=int32), rows=array([0, 0, 1]), shares=array([0.5, 0.5, 1. ]))
        """
        check_list("texts", texts)
        cut = [self._cut(text) for text in texts]
        lengths = np.array([len(tokens) for tokens in cut], dtype="int64")
        nums = np.maximum(-(-lengths // self.max_length), 1)
        parts = [
            tokens[len(tokens) * number // num : len(tokens) * (number + 1) // num]
            for tokens, num in zip(cut, nums.tolist(), strict=True)
            for number in range(num)
        ]
        rows = np.repeat(np.arange(len(cut)), nums)
        sizes = np.array([len(part) for part in parts], dtype="float64")
        shares = np.where(lengths[rows] > 0, sizes / np.maximum(lengths[rows], 1), 1.0)
        return Windows(self._encode(parts), rows, shares)

    def _cut(self, text: str) -> str | list[str]:
        """Returns the tokens of `text`; characters as one string."""
        return normalise(text, lower=self.lower) if self.unit == "char" else self.split(text)

    def _encode(self, rows: Sequence[str | list[str]]) -> np.ndarray:
        """Returns the ids of rows of tokens, padded: `int32 (rows, steps[, orders])`."""
        lengths = np.array([len(row) for row in rows], dtype="int64")
        if self.unit == "word":
            columns = np.array(
                [[self.token_ids.get(token, UNKNOWN_ID) for row in rows for token in row]], dtype="int32"
            )
        else:
            columns = self._columns("".join(rows), lengths)
        real = np.arange(max([1, *lengths])) < lengths[:, None]  # (batch, steps)
        ids = np.zeros((*real.shape, len(columns)), dtype="int32")
        ids[real] = columns.T
        return ids if self.ngrams else ids[..., 0]

    def _columns(self, chars: str, lengths: np.ndarray) -> np.ndarray:
        """Returns the ids of normalised texts that stand end to end in `chars`: `int64 (orders, characters)`."""
        ids = self._ids_of_codes[np.frombuffer(chars.encode("utf-32-le"), dtype="<u4")]
        begins = np.cumsum(lengths[lengths > 0]) - lengths[lengths > 0]
        columns = [ids]
        for keys, ngram_ids in self._sorted_ngrams:
            # The n-gram that ends here is the (n-1)-gram that ended one step before, and this character.
            before = np.roll(columns[-1], 1)
            before[begins] = PADDING_ID
            wanted = before * self.num_ids[0] + ids
            indices = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            found = np.where(keys[indices] == wanted, ngram_ids[indices], UNKNOWN_ID)
            columns.append(np.where(before == PADDING_ID, PADDING_ID, found))
        return np.stack(columns)

    @functools.cached_property
    def _ids_of_codes(self) -> np.ndarray:
        """The id of each code point: `int64 (code points,)`."""
        ids = np.full(NUM_CODE_POINTS, UNKNOWN_ID, dtype="int64")
        for token, id_ in self.token_ids.items():
            if len(token) == 1:
                ids[ord(token)] = id_
        return ids

    def ngram_keys(self, order: int) -> np.ndarray:
        """Returns a number for each n-gram, in the order of its ids: id of all but the last token, id of the last."""
        prefixes = self.token_ids if order == 2 else self.ngram_ids[order - 3]
        keys = [prefixes[ngram[:-1]] * self.num_ids[0] + self.token_ids[ngram[-1]] for ngram in self.ngrams[order - 2]]
        return np.array(keys, dtype="int64")

    @functools.cached_property
    def _sorted_ngrams(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each order from 2 on the keys in rising order, and the ids that belong to them."""
        tables = []
        for order, _ in self.orders():
            keys = np.append(self.ngram_keys(order), -1)  # no text has -1: a table is never empty
            by_key = np.argsort(keys)
            tables.append((keys[by_key], by_key + FIRST_ID))
        return tables
