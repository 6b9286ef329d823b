"""One definition of text to ids in Python and one in the graph: both give the same for any text."""

import itertools
import json
import sys
import unicodedata

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textrnn import preprocessing
from textrnn.layers import TextToIds
from textrnn.preprocessing import PADDING_ID, UNKNOWN_ID, TextEncoder, normalisation, normalise, simplified, split_words

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # man, joiner, woman, joiner, girl: one emoji
WHITE_SPACE = [chr(code) for code in range(0x110000) if chr(code).isspace()]
NASTY = [
    *WHITE_SPACE,
    *"\0\x07\x1b\x7f\x80\x9f\u200b\u200c\u200d\u200e\u200f\u202e\u2060\ufeff\ufffd\ufffe\uffff\U0010ffff",
    *"\u0301\u0308\u3099\u309a\u20e3\ufe0f\U000e0001",  # combining marks, variation selector, tag
    *"ＡａＢ１２！（）～　ｶﾞ㎡①Ⅳ㍿ﬁ½¨ﷺ",  # full-width, half-width, forms of several characters
    *"İıßẞΣσςǅKÅſ",  # letters whose lower case is odd
    *"\U00020000\U0002a6d6\U00030000𠮷𝔘𝟘\U0001d400",  # outside the basic plane
    *"עברית العربية",
    FAMILY,
    "👍🏽",
    "🇨🇳",
    "❤️",
]
KNOWN = ["股市", "A股", "女单夺冠", "教练", "基金", "夺冠", " ", "a", "b", "12", "\u0301"]
CORPUS = [
    "女单夺冠 教练落泪",
    "Ａ股 股市 基金大涨12%",
    "股市基金 e\u0301 A股A股",
    f"𠮷野家{FAMILY}𝔘 İß ㎡",
    "\u3099か ½¨",
]
texts = st.lists(st.sampled_from(NASTY) | st.sampled_from(KNOWN) | st.characters(codec="utf-8"), max_size=30).map(
    "".join
)
KINDS = {"char": {}, "2-grams": {"max_ngram": 2}, "3-grams": {"max_ngram": 3}, "word": {"unit": "word"}}


@pytest.fixture(scope="module", params=[(kind, lower) for kind in KINDS for lower in (True, False)], ids=str)
def both(request):
    """An encoder, and the same as functions of the graph: for the first tokens, and for windows."""
    kind, lower = request.param
    encoder = TextEncoder.from_texts(CORPUS * 2, lower=lower, max_length=12, **KINDS[kind])
    layer, signature = TextToIds(encoder), [tf.TensorSpec([None], tf.string)]
    return encoder, tf.function(layer, input_signature=signature), tf.function(layer.windows, input_signature=signature)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(st.text() | texts, min_size=1, max_size=5))
@example(["", " ", "\0", "\u2028\u0085", FAMILY, "\ufeffA股"])
@example(["女单夺冠教练落泪" * 9, "a" * 200])
def test_python_and_graph_give_the_same_ids(both, batch):
    encoder, in_graph, _ = both
    ids = encoder.encode(batch)
    np.testing.assert_array_equal(in_graph(tf.constant(batch)), ids)
    for text, row in zip(batch, ids, strict=True):
        one = encoder.encode_one(text)
        np.testing.assert_array_equal(row[: len(one)], one)
        assert not row[len(one) :].any()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.text() | texts | st.lists(texts, max_size=8).map("".join), min_size=1, max_size=5))
@example(["", " ", "\0", "\u2028\u0085", FAMILY * 30, "\ufeffA股"])
@example(["女单夺冠教练落泪" * 9, "a" * 200, "a" * 12, "a" * 13, "b"])
@example([])
def test_python_and_graph_cut_the_same_windows_and_no_token_is_lost(both, batch):
    encoder, _, in_graph = both
    ids, rows, shares = encoder.encode_windows(batch)
    for here, there in zip(in_graph(tf.constant(batch, tf.string)), (ids, rows, shares), strict=True):
        assert here.dtype == there.dtype
        np.testing.assert_array_equal(here, there)
    sizes = ((ids[..., 0] if ids.ndim == 3 else ids) > 0).sum(axis=1)
    for row, text in enumerate(batch):
        own, tokens = sizes[rows == row], len(encoder.split(text))
        assert len(own) == max(1, -(-tokens // encoder.max_length))
        assert own.sum() == tokens
        assert own.max() - own.min() <= 1
        np.testing.assert_allclose(shares[rows == row], own / tokens if tokens else 1, rtol=1e-12)
    if all(len(encoder.split(text)) <= encoder.max_length for text in batch):
        np.testing.assert_array_equal(ids, encoder.encode(batch))


@settings(max_examples=10, deadline=None)
@given(
    seen=st.lists(texts, min_size=1, max_size=5),
    batch=st.lists(texts, min_size=1, max_size=4),
    kind=st.sampled_from(sorted(KINDS)),
    lower=st.booleans(),
    max_length=st.integers(1, 40),
)
def test_python_and_graph_agree_whatever_the_vocabulary_was_made_of(seen, batch, kind, lower, max_length):
    encoder = TextEncoder.from_texts(
        ["股", *seen, *seen], lower=lower, max_length=max_length, min_ngram_count=1, **KINDS[kind]
    )
    np.testing.assert_array_equal(TextToIds(encoder)(tf.constant(batch + seen)), encoder.encode(batch + seen))


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("lower", [True, False])
def test_the_graph_normalises_every_code_point_as_the_definition_does(lower):
    chars = [chr(code) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    rows = ["x" + "x".join(chars[i : i + 2048]) + "x" for i in range(0, len(chars), 2048)]
    expected = [" ".join("".join(preprocessing.normal_form(char, lower=lower) for char in row).split()) for row in rows]
    assert [normalise(row, lower=lower) for row in rows] == expected
    codes = TextToIds(TextEncoder(tokens=("x",), lower=lower))._normal_codes(tf.constant(rows))
    assert codes.row_lengths().numpy().tolist() == [len(row) for row in expected]
    found = codes.flat_values.numpy().astype("<u4").tobytes().decode("utf-32-le")
    assert found == "".join(expected)


@pytest.mark.parametrize("lower", [True, False])
def test_normalising_every_code_point_twice_changes_nothing_more(lower):
    table = preprocessing.changed_code_points(lower)
    assert all(normalise(form, lower=lower) == " ".join(form.split()) for form in table.values())


@settings(max_examples=100, deadline=None)
@given(st.text() | texts, st.booleans())
def test_normalising_twice_changes_nothing_more(text, lower):
    once = normalise(text, lower=lower)
    assert normalise(once, lower=lower) == once


@settings(max_examples=100, deadline=None)
@given(st.text() | texts, st.booleans())
def test_a_normalised_text_holds_no_control_and_no_white_space_but_single_spaces_inside(text, lower):
    normal = normalise(text, lower=lower)
    assert "  " not in normal
    assert normal == normal.strip()
    assert not [char for char in normal if (char.isspace() and char != " ") or unicodedata.category(char) == "Cc"]


@pytest.mark.parametrize(
    ("text", "lower", "expected"),
    [
        ("ＡＢＣ　１２３！", True, "abc 123!"),
        ("ＡＢＣ　１２３！", False, "ABC 123!"),
        ("  a\t\r\n b\u2028c\u0085d\u3000", True, "a b c d"),
        ("a\0b\x07c\u200bd\ufeffe", True, "abcde"),
        ("ﬁ ㎡ ① Ⅳ ½", True, "fi m2 1 iv 1\u20442"),
        ("İ", True, "i\u0307"),
        ("İ", False, "İ"),
        ("Σας", True, "σας"),
        ("e\u0301", True, "e\u0301"),  # an accent of its own stays one
        ("\u00e9", True, "\u00e9"),
        (FAMILY, True, FAMILY),
        ("\u200f", True, "\u200f"),
        ("\ud83d", True, "\ufffd"),
        ("", True, ""),
        (" \u2029 ", True, ""),
    ],
)
def test_normalise_gives_the_form_written_here(text, lower, expected):
    assert normalise(text, lower=lower) == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(texts, max_size=6), st.sampled_from(sorted(KINDS)))
def test_no_line_break_or_nul_reaches_a_vocabulary(seen, kind):
    broken = [f"甲\u2028乙\u0085丙\0丁\n戊\r己\u2029庚\x1c辛{text}" for text in seen]
    encoder = TextEncoder.from_texts(["甲\u2028乙\u0085丙\0丁", *broken], min_ngram_count=1, **KINDS[kind])
    entries = [*encoder.tokens, *(ngram for order in encoder.ngrams for ngram in order)]
    assert "甲" in entries
    assert not [entry for entry in entries if len(entry.splitlines()) > 1 or entry.splitlines() != [entry]]
    assert not [entry for entry in entries if any(unicodedata.category(char) in ("Cc", "Cs") for char in entry)]


def test_half_of_a_surrogate_pair_counts_as_the_replacement_character():
    encoder = TextEncoder.from_texts(["a\ud83d", "b\udc4d"])
    assert encoder.tokens == ("\ufffd", "a", "b")
    assert encoder.encode_one("b\ud83db").tolist() == [4, 2, 4]


def test_bytes_that_are_not_utf8_are_unknown_characters_and_hide_no_neighbour():
    layer = TextToIds(TextEncoder(tokens=("a", "b")))
    for row in layer(tf.constant([b"a\xff\xfe\xfdb", b"a\xd6\xd0b", b"a\xf0\x9f\x98b"])).numpy().tolist():
        real = [id_ for id_ in row if id_ != PADDING_ID]
        assert (real[0], real[-1]) == (2, 3)
        assert set(real[1:-1]) == {UNKNOWN_ID}


def test_a_character_is_one_code_point_and_a_joined_emoji_is_several():
    encoder = TextEncoder(tokens=("\U0001f468", "\u200d", "\U0001f469"))
    assert encoder.encode_one(FAMILY).tolist() == [2, 3, 4, 3, UNKNOWN_ID]


def test_ngrams_end_where_they_stand_and_the_first_positions_have_none():
    encoder = TextEncoder(tokens=("a", "b", "c"), ngrams=(("ab", "bc"), ("abc",)))
    assert encoder.num_ids == (5, 4, 3)
    expected = [[2, PADDING_ID, PADDING_ID], [3, 2, PADDING_ID], [4, 3, 2], [2, UNKNOWN_ID, UNKNOWN_ID]]
    assert encoder.encode_one("abca").tolist() == expected
    assert TextToIds(encoder)(tf.constant(["abca"])).numpy().tolist() == [expected]


def test_two_unknown_characters_in_a_row_are_an_unknown_ngram_and_not_a_known_one():
    encoder = TextEncoder(tokens=("a", "b"), ngrams=(("aa", "ab", "ba"), ("aaa", "aba", "baa")))
    batch = ["xya", "xab", "axa", "aax"]
    assert encoder.encode(batch)[..., 1].tolist() == [[0, 1, 1], [0, 1, 3], [0, 1, 1], [0, 2, 1]]
    np.testing.assert_array_equal(TextToIds(encoder)(tf.constant(batch)), encoder.encode(batch))


def test_words_are_the_longest_known_ones_from_the_left():
    encoder = TextEncoder(tokens=("ab", "abcd", "c", "cd", "d"), unit="word")
    assert encoder.split("abcdabc cdx") == ["abcd", "ab", "c", " ", "cd", "x"]
    assert encoder.encode_one("abcdabc cdx").tolist() == [3, 2, 4, 1, 5, 1]
    assert TextToIds(encoder)(tf.constant(["abcdabc cdx"])).numpy().tolist() == [[3, 2, 4, 1, 5, 1]]


def test_a_word_that_continues_past_the_cut_is_still_read_whole():
    encoder = TextEncoder(tokens=("abcdefgh", "a"), unit="word", max_length=3)
    assert encoder.encode_one("abcdefgh" * 3 + "a").tolist() == [2, 2, 2]
    assert TextToIds(encoder)(tf.constant(["abcdefgh" * 3 + "a"])).numpy().tolist() == [[2, 2, 2]]


@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_window_is_read_as_a_text_of_its_own(unit):
    max_ngram = 3 if unit == "char" else 1
    encoder = TextEncoder.from_texts(["股市大涨基金教练落泪"] * 2, unit=unit, max_length=5, max_ngram=max_ngram)
    long = "股市大涨基金教练落泪股市"  # 12 characters: 3 windows of 4; 6 words or more: 2 windows
    tokens = encoder.split(long)
    num = -(-len(tokens) // 5)
    ends = [len(tokens) * place // num for place in range(num + 1)]
    parts = ["".join(tokens[start:end]) for start, end in itertools.pairwise(ends)]
    windows = encoder.encode_windows(["金", long])
    assert windows.rows.tolist() == [0] + [1] * num
    np.testing.assert_array_equal(windows.ids, encoder.encode(["金", *parts]))


@pytest.mark.parametrize("length", [1, 5, 1000, 4099])
def test_words_of_a_text_of_any_length_are_found_in_the_graph(length):
    """In a chain of words each hides where the next could start: the last depends on all before it."""
    encoder = TextEncoder(tokens=("aab", "aba", "ab", "a", "b"), unit="word", max_length=7)
    rng = np.random.default_rng(length)
    batch = ["".join(rng.choice(["a", "b"], size=size)) for size in (length, 3, length // 2 + 1)]
    for here, there in zip(TextToIds(encoder).windows(tf.constant(batch)), encoder.encode_windows(batch), strict=True):
        np.testing.assert_array_equal(here, there)


def test_splitting_words_leaves_white_space_out_and_loses_no_character():
    assert split_words("女单夺冠 教练落泪") == ["女单", "夺冠", "教练", "落泪"]
    assert "".join(split_words("A股 大涨 12%！")) == "A股大涨12%！"
    assert split_words("") == []


def test_words_of_every_alphabet_stay_words():
    texts = ["the president's internationalisation", "новости Über café", "대통령 12"]
    encoder = TextEncoder.from_texts(texts, unit="word", max_length=40)
    words = ["president", "internationalisation", "новости", "über", "café", "대통령", "12"]
    assert set(words) <= {*encoder.tokens}
    assert encoder.split("internationalisations") == ["internationalisation", "s"]
    np.testing.assert_array_equal(TextToIds(encoder)(tf.constant(texts)), encoder.encode(texts))


def test_traditional_characters_become_simplified_ones_and_all_else_stays():
    pytest.importorskip("opencc", reason="OpenCC is not installed: pip install opencc")
    assert simplified(["銀行宣佈下調存款利率", "A股首秀 Abc"]) == ["银行宣布下调存款利率", "A股首秀 Abc"]


def test_a_missing_opencc_is_one_line_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "opencc", None)
    normalisation._converter.cache_clear()
    with pytest.raises(ImportError, match=r"simplified needs OpenCC, which is not installed: .*\[opencc\]"):
        simplified(["銀行"])


def test_words_that_jieba_was_given_are_words_of_the_vocabulary():
    import jieba

    text, word = "云岚数智平台发布", "云岚数智平台"
    assert word not in split_words(text)
    jieba.add_word(word, freq=10_000)
    try:
        assert TextEncoder.from_texts([text], unit="word").split(text)[0] == word
    finally:
        jieba.del_word(word)
        jieba.dt.user_word_tag_tab.clear()
    assert word not in split_words(text)


def test_a_text_longer_than_the_maximum_is_cut_and_a_shorter_one_padded_on_the_right():
    encoder = TextEncoder(tokens=("a", "b"), max_length=3)
    expected = [[2, 3, 2], [3, PADDING_ID, PADDING_ID]]
    assert encoder.encode(["abab", "b"]).tolist() == expected
    assert TextToIds(encoder)(tf.constant(["abab", "b"])).numpy().tolist() == expected


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_batch_of_empty_texts_has_one_step_of_padding(kind):
    encoder = TextEncoder.from_texts(CORPUS, **KINDS[kind])
    ids = TextToIds(encoder)(tf.constant(["", " \u3000", "\0"])).numpy()
    assert ids.shape[:2] == (3, 1)
    assert ids.dtype == encoder.encode([""]).dtype == "int32"
    assert not ids.any()
    np.testing.assert_array_equal(ids, encoder.encode(["", " \u3000", "\0"]))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_batch_without_texts_gives_no_rows(kind):
    encoder = TextEncoder.from_texts(CORPUS, **KINDS[kind])
    assert TextToIds(encoder)(tf.constant([], tf.string)).shape[0] == 0
    assert len(encoder.encode([])) == 0


def test_the_symbolic_output_has_the_shape_of_the_real_one():
    for max_ngram, shape in ((1, (None, None)), (3, (None, None, 3))):
        layer = TextToIds(TextEncoder.from_texts(CORPUS, max_ngram=max_ngram))
        output = layer(keras.Input((), dtype="string"))
        assert output.shape == shape
        assert output.dtype == "int32"


def test_the_most_frequent_come_first_and_ties_in_code_point_order():
    encoder = TextEncoder.from_texts(["bbb", "cca", "dd"])
    assert encoder.tokens == ("b", "c", "d", "a")
    assert TextEncoder.from_texts(["bbb", "cca", "dd"], min_count=2).tokens == ("b", "c", "d")
    assert TextEncoder.from_texts(["bbb", "cca", "dd"], max_tokens=2).tokens == ("b", "c")


def test_the_order_of_the_texts_does_not_change_the_vocabulary():
    assert TextEncoder.from_texts(CORPUS, max_ngram=3) == TextEncoder.from_texts(CORPUS[::-1], max_ngram=3)


def test_ngrams_are_counted_and_limited_and_made_of_known_parts():
    seen = ["abab", "abz", "cb"]
    assert TextEncoder.from_texts(seen, max_ngram=2).ngrams == (("ab",),)
    assert TextEncoder.from_texts(seen, max_ngram=2, min_ngram_count=1).ngrams == (("ab", "ba", "bz", "cb"),)
    assert TextEncoder.from_texts(seen, max_ngram=2, min_ngram_count=1, min_count=2).ngrams == (("ab", "ba"),)
    assert TextEncoder.from_texts(seen, max_ngram=3, min_ngram_count=1, max_ngrams=2).ngrams == (
        ("ab", "ba"),
        ("aba", "abz"),
    )


def test_texts_are_read_once():
    assert TextEncoder.from_texts(iter(["ab", "b"]), max_ngram=2, min_ngram_count=1).ngrams == (("ab",),)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_configuration_survives_json(kind):
    encoder = TextEncoder.from_texts(CORPUS * 2, max_length=7, lower=False, **KINDS[kind])
    again = TextEncoder.from_config(json.loads(json.dumps(encoder.to_config())))
    assert again == encoder
    assert again.sha256 == encoder.sha256
    layer = TextToIds.from_config(json.loads(json.dumps(TextToIds(encoder).get_config())))
    assert layer.encoder == encoder


def test_ngrams_kept_as_one_string_read_like_a_tuple_of_strings():
    (pairs,) = TextEncoder(tokens=("a", "b", "𠮷"), ngrams=(("ab", "b𠮷", "𠮷a"),)).ngrams
    assert pairs == ("ab", "b𠮷", "𠮷a") == pairs
    assert pairs != ("ab", "b𠮷")
    assert pairs != ["ab", "b𠮷", "𠮷a"]  # a tuple is no list
    assert hash(pairs) == hash(tuple(pairs))
    assert (len(pairs), pairs[0], pairs[-1], pairs[:2], pairs.index("b𠮷")) == (3, "ab", "𠮷a", ("ab", "b𠮷"), 1)
    assert repr(pairs) == "('ab', 'b𠮷', '𠮷a')"
    with pytest.raises(IndexError):
        pairs[3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ngrams": ["abb"]}, "2-grams: 'b' needs 2 characters, all parts with an id"),
        ({"ngrams": [["ab"]]}, "2-grams: expected one string of them, got list"),
        ({"ngrams": ["aba\ud800"]}, "2-grams: 'a\\ud800' needs 2 characters, all parts with an id"),
        ({"ngrams": ["abba", "abc"]}, "3-grams: 'abc' needs 3 characters, all parts with an id"),
        ({"ngrams": ["abba", "aab"]}, "3-grams: 'aab' needs 3 characters, all parts with an id"),
        ({"tokens": ["a", 1]}, "tokens: expected strings, got 1 (int)"),
        ({"lower": "no"}, "lower: expected True or False, got 'no'"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(change, message):
    config = TextEncoder(tokens=("a", "b"), ngrams=(("ab", "ba"),)).to_config()
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        TextEncoder.from_config(config | change)
    assert str(caught.value) == message


def test_a_missing_jieba_is_one_line_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(ImportError, match=r"^cutting texts into words needs jieba, which is not installed: make setup"):
        normalisation._jieba.__wrapped__()


def test_every_setting_changes_the_hash():
    encoders = [
        TextEncoder(tokens=("a", "b")),
        TextEncoder(tokens=("b", "a")),
        TextEncoder(tokens=("a", "b"), lower=False),
        TextEncoder(tokens=("a", "b"), max_length=31),
        TextEncoder(tokens=("a", "b"), unit="word"),
        TextEncoder(tokens=("a", "b"), ngrams=(("ab",),)),
    ]
    assert len({encoder.sha256 for encoder in encoders}) == len(encoders)
    assert TextEncoder(tokens=("a", "b")).sha256 == encoders[0].sha256
    assert len(encoders[0].sha256) == 64


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        (
            {"tokens": ("a",), "ngrams": (("aa",),), "unit": "word"},
            'ngrams: go with unit="char" alone, got unit="word"',
        ),
        ({"tokens": ("a", "b", "a")}, "tokens: every entry stands once, got 'a' twice"),
        ({"tokens": ("a",), "ngrams": (("aa", "aa"),)}, "2-grams: every entry stands once, got 'aa' twice"),
        ({"tokens": ("A",)}, "tokens: 'A' can never occur in a normalised text; normalise it first"),
        ({"tokens": ("\u2028",)}, "tokens: '\\u2028' can never occur in a normalised text; normalise it first"),
        ({"tokens": ("\0",)}, "tokens: '\\x00' can never occur in a normalised text; normalise it first"),
        ({"tokens": ("",)}, "tokens: '' can never occur in a normalised text; normalise it first"),
        ({"tokens": ("ab",)}, "tokens: 'ab' is longer than one char"),
        ({"tokens": ("a" * 33,), "unit": "word"}, f"tokens: {'a' * 33!r} is longer than one word"),
        ({"tokens": ("a",), "ngrams": (("ab",),)}, "2-grams: 'ab' needs 2 characters, all parts with an id"),
        ({"tokens": ("a",), "ngrams": ((), ("aaa",))}, "3-grams: 'aaa' needs 3 characters, all parts with an id"),
    ],
)
def test_an_encoder_that_makes_no_sense_is_refused(settings_, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        TextEncoder(**settings_)
    assert str(caught.value) == message
