"""The REST form of TensorFlow Serving: what a request asks, and how an answer is written."""

import base64
import json
from typing import Any, NamedTuple

import numpy as np

from textrnn.checks import check_texts, excerpt

SIGNATURE, INPUT = "serving_default", "text"  # of the SavedModel, so that a client can ask either server
DIGITS = 7  # of a probability
JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class RequestError(Exception):
    """A request that gets no answer: the HTTP status, and words that say what to change."""

    def __init__(self, status: int, words: str):
        super().__init__(words)
        self.status = status


class Question(NamedTuple):
    """The texts of a request, and whether its answer is a list of rows or of columns."""

    texts: list[str]
    in_rows: bool


def read_question(body: bytes | bytearray, *, max_characters: int) -> Question:
    """Returns what the body of a request asks.

    `{"instances": ["…", "…"]}`, or `[{"text": "…"}]` there, is answered in rows; `{"inputs": ["…"]}`, or
    `{"text": ["…"]}` there, in columns. A text may be `{"b64": "…"}`, its UTF-8 in Base64.

    Args:
        body: JSON in UTF-8.
        max_characters: of a text.

    Raises:
        RequestError: 400 where the body is no such JSON, 422 where a text cannot be classified.

    >>> read_question('{"instances": [{"text": "国足"}]}'.encode(), max_characters=9)
    Question(texts=['国足'], in_rows=True)
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"body: expected JSON in UTF-8: {error}") from None
    if not isinstance(asked, dict) or len({"instances", "inputs"} & set(asked)) != 1:
        raise RequestError(400, 'body: expected an object with "instances" or "inputs", such as {"instances": ["…"]}')
    if asked.get("signature_name", SIGNATURE) not in (SIGNATURE, ""):
        raise RequestError(400, f"signature_name: expected {SIGNATURE!r}, got {asked['signature_name']!r}")
    in_rows = "instances" in asked
    texts = _rows(asked["instances"]) if in_rows else _column(asked["inputs"])
    try:
        texts = check_texts([_unpacked(text) for text in texts])
    except ValueError as error:
        raise RequestError(422, str(error)) from None
    for number, text in enumerate(texts):
        if len(text) > max_characters:
            words = f"texts: item {number}: expected at most {max_characters:,} characters, got {len(text):,}"
            raise RequestError(422, f"{words}: send a part of it")
    return Question(texts, in_rows)


def _unpacked(text: Any) -> Any:
    if not isinstance(text, dict) or set(text) != {"b64"}:
        return text
    try:
        return base64.b64decode(text["b64"], validate=True).decode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"texts: b64: expected UTF-8 in Base64, got {excerpt(text['b64'])}: {error}") from None


def _rows(instances: Any) -> list:
    if not isinstance(instances, list) or not instances:
        raise RequestError(400, "instances: expected a list of at least one text")
    return [one[INPUT] if isinstance(one, dict) and set(one) == {INPUT} else one for one in instances]


def _column(inputs: Any) -> list:
    column = inputs[INPUT] if isinstance(inputs, dict) and set(inputs) == {INPUT} else inputs
    if not isinstance(column, list) or not column:
        raise RequestError(400, f'inputs: expected a list of at least one text, or {{"{INPUT}": […]}}')
    return column


def answers_of(probs: np.ndarray, label_names: list[str]) -> list[tuple[str, float, list[float]]]:
    """Returns label, score and probabilities of each text, as the SavedModel gives them, but for rounding.

    Args:
        probs: `float32 (texts, classes)`.
        label_names: the classes.
    """
    labels = [label_names[best] for best in probs.argmax(axis=1)]
    rows = np.round(probs.astype("float64"), DIGITS)
    return list(zip(labels, rows.max(axis=1).tolist(), rows.tolist(), strict=True))


def write_answer(question: Question, answers: list[tuple[str, float, list[float]]]) -> bytes:
    """Returns the body of an answer to what was asked."""
    if question.in_rows:
        answer: Any = {"predictions": [{"label": a, "score": b, "probabilities": c} for a, b, c in answers]}
    else:
        answer = {"outputs": dict(zip(("label", "score", "probabilities"), zip(*answers, strict=True), strict=True))}
    return JSON.encode(answer).encode()
