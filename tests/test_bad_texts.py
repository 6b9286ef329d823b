"""Every text that `predict` or a vocabulary may meet: it is answered, or refused by name.

Both tables are complete: such a text stands here with its outcome, and nowhere else in the tests.
"""

import pandas as pd
import pyarrow as pa
import pytest
from doors import ASTRAL, FAMILY, HEBREW
from tiny import TABLE, assert_probabilities, classifier

from textrnn import options, preprocessing

pytestmark = pytest.mark.slow

EMPTY = "texts: item 0: expected a text, got an empty one"
HALF = "texts: item 0: character 1 is half of a surrogate pair ({!r}): the text was decoded wrongly"
TEXT_INPUTS = {
    "a headline": ("国足客场一球小胜", None),
    "one character": ("球", None),
    "an emoji with joiners": (FAMILY, None),
    "emoji with joiners in a headline": (f"国足{FAMILY}夺冠👍🏽🇨🇳❤️", None),
    "right-to-left marks": (HEBREW, None),
    "right-to-left marks alone": ("\u200f\u202e\u2067", None),
    "characters outside the basic plane": (ASTRAL, None),
    "the last code points": ("\ufffe\uffff\U0010ffff", None),
    "control characters and NUL inside": ("国\0足\x07客\x1b场", None),
    "line breaks and tabs inside": ("国足\r\n客场\t一球\u2028小胜", None),
    "full width": ("Ａ股大涨３％　收盘", None),
    "a thousand accents on one letter": ("e" + "\u0301" * 1000, None),
    "what becomes eighteen characters": ("ﷺ", None),
    "unknown characters alone": ("\ue000\ue001", None),
    "digits": ("1234567890", None),
    "a bad decoding": ("å›½è¶³å®¢åœº\ufffd", None),
    "20,000 characters": ("国足客场一球小胜" * 2_500, None),
    "1,000,000 characters that come to one": ("\u200b" * 999_999 + "球", None),
    "no character": ("", EMPTY),
    "white space": (" \t\r\n\u3000\u2028", EMPTY),
    "what cannot be seen": ("\u200b\ufeff", EMPTY),
    "control characters alone": ("\x07\x1b\x9f", EMPTY),
    "half of a surrogate pair": ("国\ud83d足", HALF.format("\ud83d")),
    "the other half": ("国\udc4d足", HALF.format("\udc4d")),
    "a byte that was smuggled in": (b"a\xb9\xfa".decode("utf-8", "surrogateescape"), HALF.format("\udcb9")),
    "bytes": (["国足".encode("gbk")], r"texts: item 0: expected a string, got b'\xb9\xfa\xd7\xe3' (bytes)"),
    "nothing": ([None], "texts: item 0: expected a string, got None (NoneType)"),
    "a missing value": ([float("nan")], "texts: item 0: expected a string, got nan (float)"),
    "a number": ([3], "texts: item 0: expected a string, got 3 (int)"),
    "a list in a list": ([["国足"]], "texts: item 0: expected a string, got ['国足'] (list)"),
    "a table of pyarrow": (
        pa.table({"text": ["a"]}),
        "texts: expected a list, a column or an array of strings, got a table; pass its column",
    ),
    "a table": (TABLE, "texts: expected a list, a column or an array of strings, got a table; pass its column"),
    "a dictionary": ({"text": "国足"}, "texts: expected a list, a column or an array of strings, got dict"),
    "bytes for a list": (b"abc", "texts: expected a list, a column or an array of strings, got bytes"),
    "None": (None, "texts: expected a list, a column or an array of strings, got NoneType"),
}


@pytest.mark.slow
@pytest.mark.parametrize("runtime", options.RUNTIMES)
@pytest.mark.parametrize("kind", TEXT_INPUTS)
def test_predict_answers_with_probabilities_or_names_the_text(kind, runtime):
    text, message = TEXT_INPUTS[kind]
    if message:
        of = classifier(runtime)
        for predict in (of.predict, of.predict_table, of.predict_proba):
            with pytest.raises(ValueError) as caught:  # noqa: PT011
                predict(text)
            assert type(caught.value) is ValueError
            assert str(caught.value) == message
        return
    probs = classifier(runtime).predict_proba(text)
    assert_probabilities(probs, 1)
    answer = classifier(runtime).predict_table([text, "金价连跌三日"])
    assert answer["text"][0] == text
    assert answer["label"][0] == classifier(runtime).label_names[probs[0].argmax()]
    assert answer["score"][0] == pytest.approx(probs[0].max(), abs=1e-5)


def test_predict_reads_a_generator_once_and_keeps_its_order():
    texts = ["国足客场一球小胜", "金价连跌三日"]
    for runtime in options.RUNTIMES:
        answer = classifier(runtime).predict_table(text for text in texts)
        pd.testing.assert_frame_equal(answer, classifier(runtime).predict_table(texts))


VOCABULARY_INPUTS = {
    "emoji, marks and astral characters": ([FAMILY, HEBREW, ASTRAL], None),
    "control characters and NUL": (["股\0市\x07"], None),
    "half of a surrogate pair": (["股\ud83d"], None),  # becomes U+FFFD
    "one text of one character": (["股"], None),
    "100,000 characters": (["股市" * 50_000], None),
    "no text": ([], "texts: expected at least one text with a visible character, got none"),
    "nothing to be seen": (["", "\u200b \x07"], "texts: expected at least one text with a visible character, got none"),
    "a missing value": (["股", float("nan")], "texts: item 1: expected a string, got nan (float)"),
    "a number": ([3], "texts: item 0: expected a string, got 3 (int)"),
    "bytes": ([b"\xb9\xc9"], r"texts: item 0: expected a string, got b'\xb9\xc9' (bytes)"),
}


@pytest.mark.parametrize("unit", ["char", "word"])
@pytest.mark.parametrize("kind", VOCABULARY_INPUTS)
def test_a_vocabulary_is_made_or_refused_by_name(kind, unit):
    texts, message = VOCABULARY_INPUTS[kind]
    if message:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            preprocessing.TextEncoder.from_texts(texts, unit=unit)
        assert str(caught.value) == message
        return
    made = preprocessing.TextEncoder.from_texts(texts, unit=unit, max_length=8)
    assert made.sha256 == preprocessing.TextEncoder.from_config(made.to_config()).sha256
    assert (made.encode(texts) != preprocessing.UNKNOWN_ID).all()
