"""The vocabulary, and how a text becomes ids and windows by it; in plain Python and NumPy."""

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from textrnn.checks import check_choice, check_flag, check_integer, check_list
from textrnn.options import UNITS
from textrnn.preprocessing.ngrams import Ngrams, misfit
from textrnn.preprocessing.normalisation import normalise, split_words
from textrnn.preprocessing.settings import check_vocabulary_settings

PADDING_ID = 0
UNKNOWN_ID = 1
FIRST_ID = 2
MAX_WORD_LENGTH = 32  # "internationalisation" has 20
WINDOWS_AT_A_TIME = 256  # or as many as there are texts: what bounds the memory that one long text takes


def _most_frequent(counts: Counter, *, min_count: int, max_size: int | None) -> list:
    """Returns the keys seen at least `min_count` times, frequent first, ties in code point order."""
    ranked = sorted((-count, key) for key, count in counts.items() if count >= min_count)
    return [key for _, key in ranked[:max_size]]


def _check_once(name: str, vocabulary: Sequence[str]) -> None:
    """Raises `ValueError` unless each entry of `vocabulary` stands there once."""
    if len(set(vocabulary)) != len(vocabulary):
        doubled = next(entry for entry, count in Counter(vocabulary).items() if count > 1)
        raise ValueError(f"{name}: every entry stands once, got {doubled!r} twice")


def _look_up(table: tuple[np.ndarray, np.ndarray], keys: np.ndarray) -> np.ndarray:
    """Returns the id of each key by a table of sorted keys and their ids; of one that is not there, `UNKNOWN_ID`."""
    known, ids = table
    indices = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[indices] == keys, ids[indices], UNKNOWN_ID)


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
        check_flag("lower", self.lower)
        if self.ngrams and self.unit == "word":
            raise ValueError('ngrams: go with unit="char" alone, got unit="word"')
        object.__setattr__(self, "ngrams", tuple(Ngrams.of(ngrams, order) for order, ngrams in self.orders()))
        for token in self.tokens:
            if not isinstance(token, str):
                raise ValueError(f"tokens: expected strings, got {token!r} ({type(token).__name__})")
        _check_once("tokens", self.tokens)
        for token in self.tokens:
            if not token or any(normalise(char, lower=self.lower) != char for char in token if char != " "):
                raise ValueError(f"tokens: {token!r} can never occur in a normalised text; normalise it first")
            if len(token) > (1 if self.unit == "char" else MAX_WORD_LENGTH):
                raise ValueError(f"tokens: {token!r} is longer than one {self.unit}")
        _ = self._ngram_tables  # which checks the n-grams

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
            unit: `"char"` or `"word"`. For words, jieba cuts the training texts, by your own words too if you gave it
                some (`jieba.load_userdict`, `jieba.add_word`), and every character that occurs is a word as well; later
                texts are cut by longest match against that list, so no dictionary is needed to use it.
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
        sizes = {"max_tokens": max_tokens, "max_ngram": max_ngram, "max_ngrams": max_ngrams, "max_length": max_length}
        least = {"min_count": min_count, "min_ngram_count": min_ngram_count}
        check_vocabulary_settings(unit=unit, lower=lower, **sizes, **least)
        check_integer("max_length", max_length)
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

    @functools.cached_property
    def longest(self) -> int:
        """The most characters of a token, at least 1: so far ahead a text is compared with words."""
        return max(map(len, self.tokens), default=1)

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
        return {
            "tokens": list(self.tokens),
            "ngrams": [ngrams.joined for ngrams in self.ngrams],
            "unit": self.unit,
            "lower": self.lower,
            "max_length": self.max_length,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "TextEncoder":
        """Returns the encoder that `to_config` described."""
        ngrams = tuple(Ngrams(joined, order) for order, joined in enumerate(config["ngrams"], start=2))
        return cls(**{**config, "tokens": tuple(config["tokens"]), "ngrams": ngrams})

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
            ends = range(min(start + self.longest, len(normal)), start + 1, -1)
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
        ids = self._ids_of(chars)
        begins = np.cumsum(lengths[lengths > 0]) - lengths[lengths > 0]
        columns = [ids]
        for table in self._ngram_tables:
            # The n-gram that ends here is the (n-1)-gram that ended one step before, and this character.
            before = np.roll(columns[-1], 1)
            before[begins] = PADDING_ID
            found = _look_up(table, before * self.num_ids[0] + ids)
            columns.append(np.where(before == PADDING_ID, PADDING_ID, found))
        return np.stack(columns)

    def _ids_of(self, chars: str) -> np.ndarray:
        """Returns the id of each character: `int64 (characters,)`."""
        codes = np.frombuffer(chars.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        return self._ids_of_codes[np.minimum(codes, len(self._ids_of_codes) - 1)]

    @functools.cached_property
    def _ids_of_codes(self) -> np.ndarray:
        """The id of each code point up to one more than the largest that has one: `int64 (code points,)`."""
        ids_of = {ord(token): id_ for token, id_ in self.token_ids.items() if len(token) == 1}
        ids = np.full(max(ids_of, default=0) + 2, UNKNOWN_ID, dtype="int64")
        ids[list(ids_of)] = list(ids_of.values())
        return ids

    def ngram_keys(self, order: int) -> np.ndarray:
        """Returns a number for each n-gram, in the order of its ids: id of all but the last token, id of the last."""
        keys, ids = self._ngram_tables[order - 2]
        in_order = np.empty_like(keys)
        in_order[ids - FIRST_ID] = keys
        return in_order[:-1]

    @functools.cached_property
    def _ngram_tables(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each order from 2 on the keys (see `ngram_keys`) in rising order, and the ids that belong to them.

        Raises:
            ValueError: an n-gram stands twice, or has a part without an id.
        """
        tables = []
        for order, ngrams in self.orders():
            ids = self._ids_of(ngrams.joined).reshape(-1, order)
            prefixes = ids[:, 0]
            for column, table in enumerate(tables, start=1):
                prefixes = _look_up(table, prefixes * self.num_ids[0] + ids[:, column])
            keys = np.append(prefixes * self.num_ids[0] + ids[:, -1], -1)  # no text has -1: a table is never empty
            by_key = np.argsort(keys)
            tables.append((keys[by_key], by_key + FIRST_ID))
            known = (prefixes >= FIRST_ID) & (ids >= FIRST_ID).all(axis=1)
            if not known.all() or not np.diff(tables[-1][0]).all():
                _check_once(f"{order}-grams", ngrams)
                raise ValueError(misfit(ngrams[int(known.argmin())], order))
        return tables
