"""Answers for many rows: batches of similar length, the longest first, and the answers in the order of the rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textrnn.batching import answer_in_batches


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 9))
def test_answers_stand_in_the_order_of_the_rows_and_batches_hold_similar_lengths(lengths, batch_size):
    asked = []

    def answer(rows):
        asked.append(rows.tolist())
        return np.stack([rows, 2 * rows], axis=1)

    answers = answer_in_batches(answer, lengths, batch_size=batch_size, num_columns=2)
    assert answers.dtype == "float32"
    assert answers.tolist() == [[row, 2 * row] for row in range(len(lengths))]
    assert all(len(rows) == batch_size for rows in asked[:-1])
    in_order = [lengths[row] for rows in asked for row in rows]
    assert in_order == sorted(lengths, reverse=True)


def test_batches_may_be_answered_in_any_order_and_no_rows_are_a_table_too():
    answers = answer_in_batches(
        lambda rows: rows[:, None],
        range(7),
        batch_size=2,
        num_columns=1,
        run=lambda write, batches: [write(rows) for rows in batches[::-1]],
    )
    assert answers.ravel().tolist() == list(range(7))
    assert answer_in_batches(None, [], batch_size=2, num_columns=3).shape == (0, 3)


def test_a_batch_of_no_rows_is_refused():
    with pytest.raises(ValueError, match=r"^batch_size: expected at least 1, got 0$"):
        answer_in_batches(None, [1], batch_size=0, num_columns=1)
