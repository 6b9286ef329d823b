"""One form for each character, and words: what a text is before it becomes ids."""

import functools
import re
import sys
import unicodedata
import warnings
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from textrnn.checks import check_texts
from textrnn.extras import require

NUM_CODE_POINTS = sys.maxunicode + 1
LETTERS = re.compile(r"[^\W_\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")  # and digits, of other scripts than Han
INVISIBLE = {"\u200b", "\ufeff"}  # zero-width space, byte order mark


def normal_form(char: str, *, lower: bool) -> str:
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
def changed_code_points(lower: bool) -> dict[int, str]:
    """Returns all code points that `normalise` changes, and what each becomes; takes half a second, once.

    For a graph, which cannot ask `normal_form`.
    """
    # What has no other form, no lower case and is no space or control stays as it is: nearly all of them.
    may_change = (
        char
        for char in map(chr, range(NUM_CODE_POINTS))
        if unicodedata.decomposition(char)
        or char.lower() != char
        or char.isspace()
        or char in INVISIBLE
        or unicodedata.category(char) in ("Cc", "Cs")
    )
    return {ord(char): form for char in may_change if (form := normal_form(char, lower=lower)) != char}


class _Forms(dict):
    """From a code point to its `normal_form`, worked out when it is first asked for."""

    def __init__(self, lower: bool):
        super().__init__()
        self.lower = lower

    def __missing__(self, code: int) -> str:
        form = self[code] = normal_form(chr(code), lower=self.lower)
        return form


_FORMS = {lower: _Forms(lower) for lower in (False, True)}


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
    return " ".join(text.translate(_FORMS[bool(lower)]).split())


@functools.cache
def _jieba() -> ModuleType:
    require("cutting texts into words", "jieba")
    with warnings.catch_warnings():  # Python 3.12 and newer find fault with strings in jieba 0.42, and tell its users
        warnings.simplefilter("ignore", SyntaxWarning)
        import jieba
    return jieba


def _cut(text: str) -> list[str]:
    """Returns the words of `text` by jieba's own tokenizer, which has the words that its user gave it."""
    tokenizer = _jieba().dt
    with tokenizer.lock:
        if not tokenizer.initialized:  # by itself it would write a cache file, and say so
            tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
            tokenizer.initialized = True
    return tokenizer.lcut(text)


def split_words(text: str) -> list[str]:
    """Returns the words of `text` as jieba cuts them (exact mode); white space is left out.

    Words and dictionaries that you gave to jieba count (`jieba.add_word`, `load_userdict`, `set_dictionary`). Runs of
    other letters than Chinese and English, which jieba would take apart, are words too.

    Raises:
        ImportError: jieba is not installed; the message says how to get it.

    >>> split_words("女单夺冠 教练落泪, Привет")
    ['女单', '夺冠', '教练', '落泪', ',', 'Привет']
    """
    words, start = [], 0
    for run in LETTERS.finditer(text):
        if not run[0].isascii():
            words += [*_cut(text[start : run.start()]), run[0]]
            start = run.end()
    return [word for word in (*words, *_cut(text[start:])) if not word.isspace()]


@functools.cache
def _converter() -> Any:
    require("preprocessing.simplified", "opencc")
    from opencc import OpenCC

    return OpenCC("t2s")


def simplified(texts: Iterable[str]) -> list[str]:
    """Returns `texts` with simplified characters for traditional ones, by OpenCC, for a model that learnt simplified.

    Raises:
        ImportError: OpenCC is not installed; the message says how to get it.
        ValueError: a text is no string, or there is no text in it.
    """
    texts = check_texts(texts)
    return [_converter().convert(text) for text in texts]
