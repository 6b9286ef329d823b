"""From text to ids: normalise, split into characters or words, number them; in Python and inside the graph.

`TextEncoder` is the readable definition, in plain Python. `TextToIds` is the same definition as a Keras layer made of
TensorFlow operations, so that it is saved inside the model. Both give the same ids for every text; tests hold them
to it.
"""

import functools
import hashlib
import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import jieba
import keras
import numpy as np
import tensorflow as tf

from textrnn.checks import check_choice, check_integer, check_list
from textrnn.options import UNITS

PADDING_ID = 0
UNKNOWN_ID = 1
FIRST_ID = 2
MAX_NGRAM = 3
MAX_WORD_LENGTH = 8
WINDOWS_AT_A_TIME = 256  # or as many as there are texts: what bounds the memory that one long text takes
NUM_CODE_POINTS = sys.maxunicode + 1
INVISIBLE = {"\u200b", "\ufeff"}  # zero-width space, byte order mark


def _normal_form(char: str, *, lower: bool) -> str:
    """Returns what one code point becomes: nothing, a space, or its NFKC form."""
    if 0xD800 <= ord(char) <= 0xDFFF:
        return "\ufffd"  # half of a surrogate pair: cannot be written in UTF-8
    if char.isspace():
        return " "
    if char in INVISIBLE or unicodedata.category(char) == "Cc":
        return ""
    form = unicodedata.normalize("NFKC", char)
    if lower:
        form = unicodedata.normalize("NFKC", form.lower())
    return "".join(" " if part.isspace() else part for part in form)


@functools.cache
def _changed_code_points(lower: bool) -> dict[int, str]:
    """Returns the code points that `normalise` changes, and what each becomes."""
    forms = ((code, _normal_form(chr(code), lower=lower)) for code in range(NUM_CODE_POINTS))
    return {code: form for code, form in forms if form != chr(code)}


def normalise(text: str, *, lower: bool = True) -> str:
    """Returns `text` with one form for each character and single spaces.

    Every code point is replaced by its NFKC form (full-width to half-width, ligatures to letters) and, on demand, its
    lower case; control characters go; each run of white space becomes one space, none at the ends. NFKC is applied
    code point by code point, since that is what a TensorFlow graph can do too: a letter followed by a separate accent
    stays two characters.

    Raises:
        ValueError: `text` is no string.

    >>> normalise("ＡＢＣ　１２３！  ㎡")
    'abc 123! m2'
    """
    if not isinstance(text, str):
        raise ValueError(f"text: expected a string, got {text!r} ({type(text).__name__})")
    return " ".join(text.translate(_changed_code_points(lower)).split())


@functools.cache
def _jieba() -> jieba.Tokenizer:
    """Returns a jieba tokenizer that has read its dictionary and written no cache file."""
    tokenizer = jieba.Tokenizer()
    path = tokenizer.get_dict_file()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(path)
    tokenizer.initialized = True
    return tokenizer


def split_words(text: str) -> list[str]:
    """Returns the words of `text` as jieba cuts them (exact mode); white space is left out.

    >>> split_words("女单夺冠 教练落泪")
    ['女单', '夺冠', '教练', '落泪']
    """
    return [word for word in _jieba().cut(text) if not word.isspace()]


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
        for name, vocabulary in [("tokens", self.tokens), *((f"{n}-grams", v) for n, v in self._orders())]:
            if len(set(vocabulary)) != len(vocabulary):
                doubled = next(token for token, count in Counter(vocabulary).items() if count > 1)
                raise ValueError(f"{name}: every entry stands once, got {doubled!r} twice")
        for token in self.tokens:
            if not token or any(normalise(char, lower=self.lower) != char for char in token if char != " "):
                raise ValueError(f"tokens: {token!r} can never occur in a normalised text; normalise it first")
            if len(token) > (1 if self.unit == "char" else MAX_WORD_LENGTH):
                raise ValueError(f"tokens: {token!r} is longer than one {self.unit}")
        for order, vocabulary in self._orders():
            shorter = set(self.tokens) if order == 2 else set(self.ngrams[order - 3])
            for ngram in vocabulary:
                if len(ngram) != order or ngram[:-1] not in shorter or ngram[-1] not in self._token_ids:
                    raise ValueError(f"{order}-grams: {ngram!r} needs {order} characters, all parts with an id")

    def _orders(self) -> Iterator[tuple[int, tuple[str, ...]]]:
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
        for place, text in enumerate(texts):
            if not isinstance(text, str):
                raise ValueError(f"texts: item {place}: expected a string, got {text!r} ({type(text).__name__})")
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
    def _token_ids(self) -> dict[str, int]:
        return {token: id_ for id_, token in enumerate(self.tokens, start=FIRST_ID)}

    @functools.cached_property
    def _ngram_ids(self) -> list[dict[str, int]]:
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
            end = next((end for end in ends if normal[start:end] in self._token_ids), start + 1)
            tokens.append(normal[start:end])
            start = end
        return tokens

    def encode_one(self, text: str) -> np.ndarray:
        """Returns the ids of one text, without padding: `int32 (steps,)`, or `(steps, orders)` with n-grams.

        >>> TextEncoder(tokens=("股", "同")).encode_one("同步A股")
        array([3, 1, 1, 2], dtype=int32)
        """
        tokens = self.split(text)[: self.max_length]
        columns = [[self._token_ids.get(token, UNKNOWN_ID) for token in tokens]]
        for order, ids in enumerate(self._ngram_ids, start=2):
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
            tokens[len(tokens) * place // num : len(tokens) * (place + 1) // num]
            for tokens, num in zip(cut, nums.tolist(), strict=True)
            for place in range(num)
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
                [[self._token_ids.get(token, UNKNOWN_ID) for row in rows for token in row]], dtype="int32"
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
            places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            found = np.where(keys[places] == wanted, ngram_ids[places], UNKNOWN_ID)
            columns.append(np.where(before == PADDING_ID, PADDING_ID, found))
        return np.stack(columns)

    @functools.cached_property
    def _ids_of_codes(self) -> np.ndarray:
        """The id of each code point: `int64 (code points,)`."""
        ids = np.full(NUM_CODE_POINTS, UNKNOWN_ID, dtype="int64")
        for token, id_ in self._token_ids.items():
            if len(token) == 1:
                ids[ord(token)] = id_
        return ids

    def _ngram_keys(self, order: int) -> np.ndarray:
        """Returns a number for each n-gram, in the order of its ids: id of all but the last token, id of the last."""
        prefixes = self._token_ids if order == 2 else self._ngram_ids[order - 3]
        keys = [prefixes[ngram[:-1]] * self.num_ids[0] + self._token_ids[ngram[-1]] for ngram in self.ngrams[order - 2]]
        return np.array(keys, dtype="int64")

    @functools.cached_property
    def _sorted_ngrams(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each order from 2 on the keys in rising order, and the ids that belong to them."""
        tables = []
        for order, _ in self._orders():
            keys = np.append(self._ngram_keys(order), -1)  # no text has -1: a table is never empty
            by_key = np.argsort(keys)
            tables.append((keys[by_key], by_key + FIRST_ID))
        return tables


def _lookup_table(
    keys: Iterable[int], values: Iterable[int], *, default: int, largest: int = NUM_CODE_POINTS
) -> tf.lookup.StaticHashTable:
    """Returns a table of integers, of 32 bits if no key asked for is above `largest` and that is small enough.

    An empty table holds a key that nothing asks for.
    """
    dtype = tf.int32 if largest < tf.int32.max else tf.int64
    keys, values = [-1, *keys], [default, *values]
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(keys, dtype), tf.constant(values, dtype))
    return tf.lookup.StaticHashTable(initializer, default_value=default)


def _look_up(table: tf.lookup.StaticHashTable, keys: tf.Tensor) -> tf.Tensor:
    """Returns the `int64` values of `int64` keys."""
    return tf.cast(table.lookup(tf.cast(keys, table.key_dtype)), tf.int64)


def _shift(values: tf.Tensor, by: int, fill: int) -> tf.Tensor:
    """Returns `values (batch, steps)` moved right by `by` steps (left if negative), the gap filled."""
    gap = tf.fill([tf.shape(values)[0], tf.minimum(abs(by), tf.shape(values)[1])], tf.cast(fill, values.dtype))
    return tf.concat([gap, values[:, :-by]], 1) if by > 0 else tf.concat([values[:, -by:], gap], 1)


def _row_ids(row_splits: tf.Tensor) -> tf.Tensor:
    """Returns the row of each value of a ragged tensor: `int64 (values,)`.

    `RaggedTensor.value_rowids` fills a table of all rows by the longest row: 2 GB for one text of 1,000,000 characters
    among 255 headlines.
    """
    values = tf.range(row_splits[-1])
    return tf.raw_ops.UpperBound(sorted_inputs=row_splits[None, 1:], values=values[None], out_type=tf.int64)[0]


@keras.saving.register_keras_serializable(package="textrnn")
class TextToIds(keras.layers.Layer):
    """Text to ids inside the graph: `string (batch,)` to `int32 (batch, steps)`, or `(batch, steps, orders)`.

    `steps` is the length of the longest text of the batch, at most `encoder.max_length` and at least 1. Bytes that are
    not UTF-8 count as U+FFFD, an unknown character unless the vocabulary holds it; check bytes before the graph.
    """

    def __init__(self, encoder: TextEncoder | dict[str, Any], **kwargs):
        super().__init__(**kwargs)
        self.encoder = TextEncoder.from_config(encoder) if isinstance(encoder, dict) else encoder
        self.trainable = False
        with tf.init_scope():
            self._build_normaliser()
            if self.encoder.unit == "char":
                self._build_char_tables()
            else:
                self._build_word_tables()

    def _build_normaliser(self):
        changed = _changed_code_points(self.encoder.lower)
        self._changed = _lookup_table(changed, range(1, len(changed) + 1), default=0)
        # Row 0 stands for "as it was"; the rows after it are the code points that a changed one becomes.
        rows = [[-1], *([ord(char) for char in form] for form in changed.values())]
        # As tensors, a saved graph holds them once, whatever the number of its functions.
        self._form_codes = tf.constant([code for row in rows for code in row], dtype="int32")
        self._form_splits = tf.constant(np.cumsum([0, *map(len, rows)]), dtype="int32")

    def _build_char_tables(self):
        encoder = self.encoder
        codes = [ord(token) for token in encoder.tokens]
        self._tokens = _lookup_table(codes, range(FIRST_ID, encoder.num_ids[0]), default=UNKNOWN_ID)
        self._ngrams = []
        for order, _ in encoder._orders():
            keys = encoder._ngram_keys(order)
            largest = encoder.num_ids[order - 2] * encoder.num_ids[0]
            ids = range(FIRST_ID, len(keys) + FIRST_ID)
            self._ngrams.append(_lookup_table(keys, ids, default=UNKNOWN_ID, largest=largest))

    def _build_word_tables(self):
        # A trie: node * NUM_CODE_POINTS + code point -> next node; a node knows the id of the word that ends there.
        edges, word_ids = {}, [0]
        for word, id_ in self.encoder._token_ids.items():
            node = 0
            for char in word:
                key = node * NUM_CODE_POINTS + ord(char)
                if key not in edges:
                    edges[key] = len(word_ids)
                    word_ids.append(0)
                node = edges[key]
            word_ids[node] = id_
        self._edges = _lookup_table(edges.keys(), edges.values(), default=-1, largest=2**62)
        self._word_ids = np.array(word_ids, dtype="int64")

    def _normal_codes(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Returns the code points of the normalised texts: ragged `int64 (batch, steps)`."""
        decoded = tf.strings.unicode_decode(texts, "UTF-8")
        codes, rows = tf.cast(decoded.flat_values, tf.int64), _row_ids(decoded.row_splits)
        forms = tf.RaggedTensor.from_row_splits(self._form_codes, self._form_splits, validate=False)
        forms = tf.gather(forms, _look_up(self._changed, codes))  # (characters, code points of each)
        origin = _row_ids(tf.cast(forms.row_splits, tf.int64))
        codes = tf.where(forms.values < 0, tf.gather(codes, origin), tf.cast(forms.values, tf.int64))
        rows = tf.gather(rows, origin)
        return tf.RaggedTensor.from_value_rowids(
            *self._single_spaces(codes, rows), nrows=decoded.nrows(), validate=False
        )

    @staticmethod
    def _single_spaces(codes: tf.Tensor, rows: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns `codes` and `rows` without spaces at the ends of a row and without spaces after spaces."""
        visible = tf.not_equal(codes, ord(" "))
        # A space stays if the next code of its row is visible and if some code before it in its row is.
        next_visible = tf.concat([visible[1:] & tf.equal(rows[1:], rows[:-1]), [False]], 0)[: tf.size(codes)]
        seen = tf.cumsum(tf.cast(visible, tf.int64))
        per_row = tf.math.segment_sum(tf.cast(visible, tf.int64), rows)
        seen_before_row = tf.gather(tf.cumsum(per_row, exclusive=True), rows)
        keep = visible | (next_visible & (seen > seen_before_row))
        return tf.boolean_mask(codes, keep), tf.boolean_mask(rows, keep)

    @staticmethod
    def _padded(ragged: tf.RaggedTensor) -> tf.Tensor:
        """Returns `int64 (batch, steps)` with zeros on the right, at least one step."""
        dense = ragged.to_tensor(PADDING_ID)
        return tf.pad(dense, [[0, 0], [0, tf.maximum(1 - tf.shape(dense)[1], 0)]])

    def _char_ids(self, codes: tf.RaggedTensor) -> tf.Tensor:
        codes = self._padded(codes)
        padding = tf.equal(codes, 0)
        ids = tf.where(padding, tf.constant(PADDING_ID, tf.int64), _look_up(self._tokens, codes))
        orders, prefix = [ids], ids
        for table in self._ngrams:
            # The n-gram that ends here is the (n-1)-gram that ended one step before, and this character.
            before = _shift(prefix, 1, PADDING_ID)
            prefix = _look_up(table, before * self.encoder.num_ids[0] + ids)
            prefix = tf.where(padding | tf.equal(before, PADDING_ID), tf.constant(PADDING_ID, tf.int64), prefix)
            orders.append(prefix)
        return tf.stack(orders, axis=-1) if self._ngrams else ids

    def _words(self, codes: tf.RaggedTensor) -> tf.RaggedTensor:
        """Returns the ids of the words of each row: ragged `int64 (batch, words)`."""
        starts, word_ids = self._word_starts(codes)
        words = tf.boolean_mask(word_ids, starts), tf.boolean_mask(_row_ids(codes.row_splits), starts)
        return tf.RaggedTensor.from_value_rowids(*words, nrows=codes.nrows(), validate=False)

    def _word_starts(self, codes: tf.RaggedTensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns for each character whether a word starts there, and the id of the longest one that could."""
        chars, rows = codes.flat_values, _row_ids(codes.row_splits)
        place, ends = tf.range(tf.size(chars, tf.int64)), tf.gather(codes.row_limits(), rows)
        node, best_length = tf.zeros_like(chars), tf.ones_like(chars)
        best_id = tf.fill(tf.shape(chars), tf.constant(UNKNOWN_ID, tf.int64))
        for length in range(1, MAX_WORD_LENGTH + 1):
            at = place + (length - 1)
            ahead = tf.where(at < ends, tf.gather(chars, tf.minimum(at, ends - 1)), 0)
            node = tf.where(node < 0, node, _look_up(self._edges, node * NUM_CODE_POINTS + ahead))
            word = tf.where(node < 0, tf.zeros_like(node), tf.gather(self._word_ids, tf.maximum(node, 0)))
            best_id = tf.where(word > 0, word, best_id)
            best_length = tf.where(word > 0, tf.constant(length, tf.int64), best_length)
        return self._starts(codes.row_splits, place + best_length), best_id

    @staticmethod
    def _starts(row_splits: tf.Tensor, nexts: tf.Tensor) -> tf.Tensor:
        """Returns at which characters a word starts: `bool (characters,)`.

        A row starts with a word, and a word where the one before it has ended; `nexts` is where a word that started at
        each character would end. The known starts are followed by one word, then by two, four and so on, so that a
        text of 1,000,000 characters takes 20 turns.
        """
        size = tf.size(nexts, tf.int64) + 1  # the last one stands for the end of all
        nexts = tf.concat([nexts, [size - 1]], 0)

        def mark(places):
            return tf.scatter_nd(places[:, None], tf.ones_like(places), [size]) > 0

        longest = tf.reduce_max(tf.concat([row_splits[1:] - row_splits[:-1], [0]], 0))
        _, starts, _ = tf.while_loop(
            lambda reach, *_: reach < longest,
            lambda reach, starts, nexts: (
                2 * reach,
                starts | mark(tf.boolean_mask(nexts, starts)),
                tf.gather(nexts, nexts),
            ),
            (tf.constant(1, tf.int64), mark(row_splits[:-1]), nexts),
        )
        return starts[:-1]

    @property
    def tables(self) -> list[tf.lookup.StaticHashTable]:
        """The lookup tables; whoever saves the graph must keep hold of them."""
        of_unit = [self._tokens, *self._ngrams] if self.encoder.unit == "char" else [self._edges]
        return [self._changed, *of_unit]

    def call(self, texts):
        """Returns the ids of `texts`."""
        tokens = self._normal_codes(tf.convert_to_tensor(texts))
        if self.encoder.unit == "word":
            tokens = self._words(tokens[:, : self.encoder.max_length * MAX_WORD_LENGTH])
        return self._ids(tokens[:, : self.encoder.max_length])

    def _ids(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Returns the ids of rows of tokens, code points or ids of words, padded: `int32 (rows, steps[, orders])`."""
        return tf.cast(self._char_ids(tokens) if self.encoder.unit == "char" else self._padded(tokens), tf.int32)

    def split(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns what stands at each step: `string (batch, steps)`, UTF-8, empty at padding.

        The same as the first `max_length` of `TextEncoder.split`.
        """
        codes = self._normal_codes(tf.convert_to_tensor(texts))
        starts, rows = tf.ones_like(codes.flat_values, tf.bool), _row_ids(codes.row_splits)
        if self.encoder.unit == "word":
            starts, _ = self._word_starts(codes)
        begins = tf.reshape(tf.where(starts), [-1])
        splits = tf.concat([begins, codes.row_splits[-1:]], 0)
        parts = tf.RaggedTensor.from_row_splits(tf.cast(codes.flat_values, tf.int32), splits, validate=False)
        tokens = tf.strings.unicode_encode(parts, "UTF-8")
        tokens = tf.RaggedTensor.from_value_rowids(tokens, tf.gather(rows, begins), nrows=codes.nrows(), validate=False)
        dense = tokens[:, : self.encoder.max_length].to_tensor("")
        return tf.pad(dense, [[0, 0], [0, tf.maximum(1 - tf.shape(dense)[1], 0)]], constant_values="")

    def windows(self, texts: tf.Tensor) -> Windows:
        """Returns the ids of all of `texts`, those of more than `max_length` tokens in several windows.

        The same as `TextEncoder.encode_windows`; no text is padded to more than `max_length`.
        """
        tokens = self._normal_codes(tf.convert_to_tensor(texts))
        tokens = tokens if self.encoder.unit == "char" else self._words(tokens)
        lengths, max_length = tokens.row_lengths(), self.encoder.max_length
        nums = tf.maximum((lengths + (max_length - 1)) // max_length, 1)
        ends = tf.cumsum(nums)
        rows = _row_ids(tf.concat([[0], ends], 0))
        place = tf.range(tf.size(rows, tf.int64)) - tf.gather(ends - nums, rows)
        length = tf.gather(lengths, rows)
        starts = tf.gather(tokens.row_starts(), rows) + length * place // tf.gather(nums, rows)
        splits = tf.concat([starts, tokens.row_splits[-1:]], 0)
        sizes = tf.cast(splits[1:] - starts, tf.float64)
        shares = tf.where(length > 0, sizes / tf.cast(tf.maximum(length, 1), tf.float64), 1)
        windows = tf.RaggedTensor.from_row_splits(tokens.flat_values, splits, validate=False)
        return Windows(self._ids(windows), rows, shares)

    def compute_output_spec(self, texts):
        """Returns the symbolic output: `int32 (batch, steps[, orders])`."""
        orders = (1 + len(self.encoder.ngrams),) if self.encoder.ngrams else ()
        return keras.KerasTensor((texts.shape[0], None, *orders), dtype="int32")

    def get_config(self):
        """Returns the settings, vocabulary included."""
        return {**super().get_config(), "encoder": self.encoder.to_config()}
