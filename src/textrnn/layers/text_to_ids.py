"""The layer that turns texts into ids inside the graph: the twin of `preprocessing.TextEncoder` in TensorFlow."""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn.preprocessing import (
    FIRST_ID,
    NUM_CODE_POINTS,
    PADDING_ID,
    UNKNOWN_ID,
    TextEncoder,
    Windows,
    changed_code_points,
)


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


def _check_shape(shape: Sequence[int | None]):
    """Raises `ValueError` unless a tensor of this shape holds one text, a row of texts, or a column of them."""
    if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        raise ValueError(
            f"texts: expected the shape (batch,), or (batch, 1), got {tuple(shape)}; take keras.Input((), "
            'dtype="string")'
        )


@keras.saving.register_keras_serializable(package="textrnn")
class TextToIds(keras.layers.Layer):
    """Text to ids inside the graph: `string (batch,)` to `int32 (batch, steps)`, or `(batch, steps, orders)`.

    `steps` is the length of the longest text of the batch, at most `encoder.max_length` and at least 1. Bytes that are
    not UTF-8 count as U+FFFD, an unknown character unless the vocabulary holds it; check bytes before the graph.

    Texts of shape `(batch, 1)`, as `keras.Input((1,), dtype="string")` gives them, are taken too, with the same output;
    and a single string, as `tf.data.Dataset.map` hands them over, which gives `(steps,)` or `(steps, orders)`.
    """

    def __init__(self, encoder: TextEncoder | dict[str, Any], **kwargs):
        super().__init__(**kwargs)
        self.encoder = TextEncoder.from_config(encoder) if isinstance(encoder, dict) else encoder
        self.trainable = False
        self.supports_jit = False  # XLA has no strings; Keras would try it wherever there is a GPU
        with tf.init_scope():
            self._build_normaliser()
            if self.encoder.unit == "char":
                self._build_char_tables()
            else:
                self._build_word_tables()

    def _build_normaliser(self):
        changed = changed_code_points(self.encoder.lower)
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
        for order, _ in encoder.orders():
            keys = encoder.ngram_keys(order)
            largest = encoder.num_ids[order - 2] * encoder.num_ids[0]
            ids = range(FIRST_ID, len(keys) + FIRST_ID)
            self._ngrams.append(_lookup_table(keys, ids, default=UNKNOWN_ID, largest=largest))

    def _build_word_tables(self):
        # A trie: node * NUM_CODE_POINTS + code point -> next node; a node knows the id of the word that ends there.
        edges, word_ids = {}, [0]
        for word, id_ in self.encoder.token_ids.items():
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
        start, ends = tf.range(tf.size(chars, tf.int64)), tf.gather(codes.row_limits(), rows)
        node, best_length = tf.zeros_like(chars), tf.ones_like(chars)
        best_id = tf.fill(tf.shape(chars), tf.constant(UNKNOWN_ID, tf.int64))
        for length in range(1, self.encoder.longest + 1):
            at = start + (length - 1)
            ahead = tf.where(at < ends, tf.gather(chars, tf.minimum(at, ends - 1)), 0)
            node = tf.where(node < 0, node, _look_up(self._edges, node * NUM_CODE_POINTS + ahead))
            word = tf.where(node < 0, tf.zeros_like(node), tf.gather(self._word_ids, tf.maximum(node, 0)))
            best_id = tf.where(word > 0, word, best_id)
            best_length = tf.where(word > 0, tf.constant(length, tf.int64), best_length)
        return self._starts(codes.row_splits, start + best_length), best_id

    @staticmethod
    def _starts(row_splits: tf.Tensor, nexts: tf.Tensor) -> tf.Tensor:
        """Returns at which characters a word starts: `bool (characters,)`.

        A row starts with a word, and a word where the one before it has ended; `nexts` is where a word that started at
        each character would end. The known starts are followed by one word, then by two, four and so on, so that a
        text of 1,000,000 characters takes 20 turns.
        """
        size = tf.size(nexts, tf.int64) + 1  # the last one stands for the end of all
        nexts = tf.concat([nexts, [size - 1]], 0)

        def mark(indices):
            return tf.scatter_nd(indices[:, None], tf.ones_like(indices), [size]) > 0

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
        texts = tf.convert_to_tensor(texts)
        if texts.shape.rank is not None:
            _check_shape(texts.shape)
        ids = self._ids_of(tf.reshape(texts, [-1]))
        return ids[0] if texts.shape.rank == 0 else ids

    def _ids_of(self, texts: tf.Tensor) -> tf.Tensor:
        tokens = self._normal_codes(texts)
        if self.encoder.unit == "word":
            tokens = self._words(tokens[:, : self.encoder.max_length * self.encoder.longest])
        return self._ids(tokens[:, : self.encoder.max_length])

    def _ids(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Returns the ids of rows of tokens, code points or ids of words, padded: `int32 (rows, steps[, orders])`."""
        return tf.cast(self._char_ids(tokens) if self.encoder.unit == "char" else self._padded(tokens), tf.int32)

    def split(self, texts: tf.Tensor) -> tf.Tensor:
        """Returns the token of each step: `string (batch, steps)`, UTF-8, empty at padding.

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
        number = tf.range(tf.size(rows, tf.int64)) - tf.gather(ends - nums, rows)  # of each window in its text
        length = tf.gather(lengths, rows)
        starts = tf.gather(tokens.row_starts(), rows) + length * number // tf.gather(nums, rows)
        splits = tf.concat([starts, tokens.row_splits[-1:]], 0)
        sizes = tf.cast(splits[1:] - starts, tf.float64)
        shares = tf.where(length > 0, sizes / tf.cast(tf.maximum(length, 1), tf.float64), 1)
        windows = tf.RaggedTensor.from_row_splits(tokens.flat_values, splits, validate=False)
        return Windows(self._ids(windows), rows, shares)

    def compute_output_spec(self, texts):
        """Returns the symbolic output: `int32 (batch, steps[, orders])`."""
        _check_shape(texts.shape)
        orders = (1 + len(self.encoder.ngrams),) if self.encoder.ngrams else ()
        return keras.KerasTensor((*texts.shape[:1], None, *orders), dtype="int32")

    def get_config(self):
        """Returns the settings, vocabulary included."""
        return {**super().get_config(), "encoder": self.encoder.to_config()}
