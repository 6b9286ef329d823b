"""Spans: slots read out of BIO tags, their precision, recall and F1, and the wrong ones."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pandas as pd
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities


def read_spans(tags: Sequence[str], *, strict: bool = False) -> list[tuple[str, int, int]]:
    """Returns the slots of one sentence as `(slot, start, stop)`; the words are `words[start:stop]`.

    Read by seqeval (Nakayama 2018).

    Args:
        tags: BIO tags.
        strict: `False` reads as the CoNLL script does, behind the published results: an `I-` tag without its `B-`
            starts a span. `True` reads IOB2 to the letter: such a span does not count.

    Returns:
        Spans in the order of the words.

    Example:
        >>> read_spans(["O", "B-to_city", "I-to_city", "I-leave_date"])
        [('to_city', 1, 3), ('leave_date', 3, 4)]
        >>> read_spans(["O", "B-to_city", "I-to_city", "I-leave_date"], strict=True)
        [('to_city', 1, 3)]
    """
    if strict:
        return [(e.tag, e.start, e.end) for e in Entities([list(tags)], scheme=IOB2).entities[0]]
    return [(slot, start, last + 1) for slot, start, last in get_entities(list(tags))]


def _read_both(
    true_tags: Sequence[Sequence[str]], predicted_tags: Sequence[Sequence[str]], strict: bool
) -> list[tuple[set, set]]:
    """Returns per sentence the set of true spans and the set of predicted spans."""
    if len(true_tags) != len(predicted_tags):
        raise ValueError(f"predicted_tags: expected {len(true_tags)} sentences, got {len(predicted_tags)}")
    pairs = []
    for number, (true, predicted) in enumerate(zip(true_tags, predicted_tags, strict=True)):
        if len(true) != len(predicted):
            raise ValueError(f"predicted_tags: sentence {number}: expected {len(true)} tags, got {len(predicted)}")
        pairs.append((set(read_spans(true, strict=strict)), set(read_spans(predicted, strict=strict))))
    return pairs


def span_report(
    true_tags: Sequence[Sequence[str]], predicted_tags: Sequence[Sequence[str]], *, strict: bool = False
) -> pd.DataFrame:
    """Returns precision, recall and F1 of whole spans, for each slot and for all together.

    A span counts as right if its slot, its first and its last word are all right.

    Args:
        true_tags: one list of BIO tags per sentence.
        predicted_tags: as many, of the same lengths.
        strict: how to read spans, see `read_spans`.

    Returns:
        A table indexed by slot (sorted, then `all`) with `precision`, `recall`, `f1` (0 to 1; 0 where there is
        nothing to divide by), `num_true`, `num_predicted` and `num_right`.

    Raises:
        ValueError: the numbers of sentences or of tags in a sentence differ.

    Example:
        >>> report = span_report([["B-to_city", "B-leave_date"]], [["B-to_city", "O"]])
        >>> report.loc["all", ["precision", "recall", "num_right"]].tolist()
        [1.0, 0.5, 1.0]
    """
    counts = defaultdict(lambda: np.zeros(3, dtype=int))  # true, predicted, right
    for true, predicted in _read_both(true_tags, predicted_tags, strict):
        for column, spans in enumerate((true, predicted, true & predicted)):
            for slot, _, _ in spans:
                counts[slot][column] += 1
    slots = sorted(counts)
    counts["all"] = np.sum([counts[slot] for slot in slots], axis=0) if slots else np.zeros(3, dtype=int)
    table = pd.DataFrame(
        [counts[slot] for slot in [*slots, "all"]],
        index=pd.Index([*slots, "all"], name="slot"),
        columns=["num_true", "num_predicted", "num_right"],
    )
    precision = table.num_right / table.num_predicted.clip(lower=1)
    recall = table.num_right / table.num_true.clip(lower=1)
    f1 = 2 * table.num_right / (table.num_true + table.num_predicted).clip(lower=1)
    return pd.concat({"precision": precision, "recall": recall, "f1": f1}, axis=1).join(table)


def slot_f1(
    true_tags: Sequence[Sequence[str]], predicted_tags: Sequence[Sequence[str]], *, strict: bool = False
) -> float:
    """Returns the F1 of whole spans over all slots, 0 to 1 (see `span_report`).

    Example:
        >>> slot_f1([["B-to_city", "O"]], [["B-to_city", "O"]])
        1.0
    """
    return float(span_report(true_tags, predicted_tags, strict=strict).loc["all", "f1"])


def list_mistakes(true_tags: Sequence[Sequence[str]], predicted_tags: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Returns every wrong span: what it should be and what came.

    Args:
        true_tags: one list of BIO tags per sentence.
        predicted_tags: as many, of the same lengths.

    Returns:
        A table with one row per wrong span: `sentence` (row number), `start` and `stop` (words), `true` and
        `predicted` (slots), and `kind`: `wrong slot` (the right words), `missed` (a true span whose words are no
        predicted span; `predicted` is `""`) or `invented` (a predicted span whose words are no true span; `true`
        is `""`).

    Raises:
        ValueError: the numbers of sentences or of tags in a sentence differ.

    Example:
        >>> list_mistakes([["B-to_city", "O"]], [["B-from_city", "O"]])[["true", "predicted", "kind"]].values.tolist()
        [['to_city', 'from_city', 'wrong slot']]
    """
    rows = []
    for number, (true, predicted) in enumerate(_read_both(true_tags, predicted_tags, False)):
        true_slots = {(start, stop): slot for slot, start, stop in true}
        predicted_slots = {(start, stop): slot for slot, start, stop in predicted}
        for words in sorted(true_slots.keys() | predicted_slots.keys()):
            want, got = true_slots.get(words, ""), predicted_slots.get(words, "")
            if want != got:
                kind = "wrong slot" if want and got else "missed" if want else "invented"
                rows.append((number, *words, want, got, kind))
    return pd.DataFrame(rows, columns=["sentence", "start", "stop", "true", "predicted", "kind"])
