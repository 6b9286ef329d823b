"""Every door with every bad input: it works as a user wants, or one clear error tells file, line, expected and got.

The tables below are complete: each input that readers, `predict`, the vocabulary, a saved model or an argument may meet
stands here with its outcome, and nowhere else in the tests. `make fuzz` adds 2,000 drawn inputs for each door.
"""

import codecs
import contextlib
import csv
import functools
import gzip
import io
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from textrnn import (
    baselines,
    cards,
    checks,
    datasets,
    layers,
    metrics,
    networks,
    options,
    preprocessing,
    saving,
    training,
)
from textrnn.lessons import comparison, gradients, slots, taggers

ROWS = [
    ("sports", "球队在主场赢得比赛，球迷欢呼"),
    ("finance", "股市今日收盘上涨三百点"),
    ("sports", "女单夺冠，教练落泪"),
    ("finance", "央行宣布下调存款准备金率"),
    ("sports", "国足客场一球小胜"),
    ("finance", "金价连跌三日，买家观望"),
]
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # man, joiner, woman, joiner, girl: one emoji
HEBREW = "\u200f\u202bשלום\u202c\u200e"  # right-to-left marks and letters
ASTRAL = "𠮷野家𡃁\U0002a6d6"


def with_text(text, *, row=3):
    return [(label, text if place == row else old) for place, (label, old) in enumerate(ROWS)]


def with_label(label, *, row=2):
    return [(label if place == row else old, text) for place, (old, text) in enumerate(ROWS)]


# --- the doors for files ------------------------------------------------------------------------------------------


class Door(NamedTuple):
    """A reader of files: `write` puts rows into a folder as text, `bad` is the file that an input spoils."""

    bad: str
    write: Callable[[list[tuple[str, str]]], dict[str, str]]  # rows to files
    read: Callable[[Path], list[tuple[str, str]]]  # folder to rows


def in_tsv(rows):
    return "".join(f"{label}\t{text}\n" for label, text in rows)


def in_csv(rows):
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()


def in_thucnews(rows):
    names = sorted({label for label, _ in rows})
    titles = "".join(f"{text}\t{names.index(label)}\n" for label, text in rows)
    return {"train.txt": titles, "class.txt": "".join(f"{name}\n" for name in names)}


def in_markup(rows):
    return "".join(
        f"<doc>\n<url>http://{label}.sohu.com/1.shtml</url>\n<docno>1</docno>\n"
        f"<contenttitle>{text}</contenttitle>\n<content>内容</content>\n</doc>\n"
        for label, text in rows
    )


def in_atis(rows, folder=""):
    return {
        f"{folder}seq.in": "".join(f"{text}\n" for _, text in rows),
        f"{folder}seq.out": "".join(" ".join("O" for _ in text.split()) + "\n" for _, text in rows),
        f"{folder}label": "".join(f"{label}\n" for label, _ in rows),
    }


def rows_of(table):
    return list(zip(table["label"], table["text"], strict=True))


def sentences_of(table):
    return [(intent, " ".join(words)) for intent, words in zip(table["intent"], table["words"], strict=True)]


def read_pieces(path):
    return [row for piece in datasets.read_chunks(path, num_rows=2) for row in rows_of(piece)]


def split_rows(splits):
    return sorted(row for table in splits if table is not None for row in rows_of(table))


DOORS = {
    "read_table": Door(
        "a.tsv", lambda rows: {"a.tsv": in_tsv(rows)}, lambda folder: rows_of(datasets.read_table(folder / "a.tsv"))
    ),
    "read_table, CSV": Door(
        "a.csv", lambda rows: {"a.csv": in_csv(rows)}, lambda folder: rows_of(datasets.read_table(folder / "a.csv"))
    ),
    "read_chunks": Door("a.tsv", lambda rows: {"a.tsv": in_tsv(rows)}, lambda folder: read_pieces(folder / "a.tsv")),
    "load, file": Door(
        "a.tsv", lambda rows: {"a.tsv": in_tsv(rows)}, lambda folder: split_rows(datasets.load(folder / "a.tsv"))
    ),
    "load, folder": Door(
        "train.tsv",
        lambda rows: {"train.tsv": in_tsv(rows)},
        lambda folder: rows_of(datasets.load("headlines", data_dir=folder).train),
    ),
    "load, thucnews": Door(
        "train.txt", in_thucnews, lambda folder: rows_of(datasets.load("thucnews", data_dir=folder).train)
    ),
    "read_sogou": Door(
        "news.dat",
        lambda rows: {"news.dat": in_markup(rows)},
        lambda folder: [(story.label, story.title) for story in datasets.read_sogou(folder / "news.dat")],
    ),
    "load, sogou": Door(
        "news.dat",
        lambda rows: {"news.dat": in_markup([(label, f"{text}{n}") for label, text in rows for n in range(4)])},
        lambda folder: sorted(
            {(label, text[:-1]) for label, text in split_rows(datasets.load("sogou", data_dir=folder))}
        ),
    ),
    "read_tagged": Door("seq.in", in_atis, lambda folder: sentences_of(datasets.read_tagged(folder))),
    "load, atis": Door(
        "train/seq.in",
        lambda rows: in_atis(rows, "train/"),
        lambda folder: sentences_of(datasets.load("atis", data_dir=folder).train),
    ),
}
TABLES = ("read_table", "read_table, CSV", "read_chunks", "load, file", "load, folder")
SHUFFLING = ("load, file", "load, sogou")
SOGOU = ("read_sogou", "load, sogou")
TAGGED = ("read_tagged", "load, atis")
TEXTS = (*TABLES, "load, thucnews", *TAGGED)  # the doors that read text line by line


class Fails(NamedTuple):
    """An outcome: this error, with a message that starts with the path of the bad file and goes on like this."""

    message: str
    error: type[Exception] = ValueError
    file: str = ""  # of which the message speaks, if not of the bad one


class Input(NamedTuple):
    """One bad input and its outcomes: rows, or `Fails`, for some doors each."""

    outcomes: list[tuple[tuple[str, ...], list[tuple[str, str]] | Fails]]
    rows: list[tuple[str, str]] = ROWS
    spoil: Callable[[str], bytes] = str.encode  # the text of the bad file to its bytes
    place: Callable[[Path], Any] = lambda path: None  # what happens to the written file
    warns: str = ""  # a regular expression; no warning if empty


def everywhere(outcome, *, but=()):
    return [(tuple(door for door in DOORS if door not in but), outcome)]


def both_kinds(message):
    """The outcome of a bad label, in a table and in a file of intents."""
    return [(TABLES, Fails(message)), (TAGGED, Fails(message, file="label"))]


def gzipped(text):
    return gzip.compress(text.encode())


def zipped(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.tsv", text)
    return file.getvalue()


def replaced(old, new):
    return lambda text: text.encode().replace(old, new, 1)


def make_folder(path):
    path.unlink()
    path.mkdir()


GUESSED = 'read as {}, as it is not UTF-8; pass encoding="{}" if that is right, else its own'
NO_DOCUMENT = Fails("expected <doc>…</doc> markup of SogouCS or SogouCA, got no document")
ARCHIVE = "expected text, got a {} file; unpack it, or save its table as text, first"
TWINS = "label {!r} differs by case, width or white space alone from {!r} in line {}"
CJK = "球".encode()
INPUTS = {
    "UTF-8": Input(everywhere(ROWS)),
    "UTF-8 with a byte order mark": Input(everywhere(ROWS), spoil=lambda text: codecs.BOM_UTF8 + text.encode()),
    "UTF-16, little end first": Input(
        [(TEXTS, ROWS), (SOGOU, NO_DOCUMENT)], spoil=lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le")
    ),
    "UTF-16, big end first": Input(
        [(TEXTS, ROWS), (SOGOU, NO_DOCUMENT)], spoil=lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be")
    ),
    "UTF-16 without a byte order mark": Input(
        [(TEXTS, ROWS)], spoil=lambda text: text.encode("utf-16-le"), warns=GUESSED.format("utf-16-le", "utf-16-le")
    ),
    "GBK": Input([(TEXTS, ROWS)], spoil=lambda text: text.encode("gbk"), warns=GUESSED.format("gb18030", "gb18030")),
    "GBK, of Sogou its own": Input([(SOGOU, ROWS)], spoil=lambda text: text.encode("gbk")),
    "GB18030 with characters of four bytes": Input(
        [(TEXTS, with_text(ASTRAL))],
        rows=with_text(ASTRAL),
        spoil=lambda text: text.encode("gb18030"),
        warns=GUESSED.format("gb18030", "gb18030"),
    ),
    "GB18030 with characters of four bytes, of Sogou its own": Input(
        [(SOGOU, with_text(ASTRAL))], rows=with_text(ASTRAL), spoil=lambda text: text.encode("gb18030")
    ),
    "a truncated character in the middle": Input(
        [
            (TABLES, Fails("line 1: expected UTF-8, got byte 0xe7")),
            (("load, thucnews", *TAGGED), Fails("line 1: expected UTF-8, got byte 0xe7")),
            (("read_sogou",), with_text("\ufffd队在主场赢得比赛，球迷欢呼", row=0)),
        ],
        spoil=replaced(CJK, CJK[:2]),
    ),
    "a truncated character at the end": Input(
        [(TABLES, Fails("line 6: expected UTF-8, got byte 0xe6")), (TAGGED, Fails("line 6: expected UTF-8"))],
        spoil=lambda text: text.rstrip("\n").encode()[:-1],
    ),
    "a truncated character at the end of a class id": Input(
        [(("load, thucnews",), Fails("line 7: expected UTF-8, got byte 0xe7"))],
        spoil=lambda text: text.encode() + CJK[:2],
    ),
    "a document that is cut inside a character": Input(
        [(("read_sogou",), ROWS[:5])],
        spoil=lambda text: text[: text.rindex("</contenttitle>")].encode()[:-1],
        warns="the last document is cut off and left out",
    ),
    "half of a surrogate pair": Input(
        [
            (TEXTS, Fails("line 4: expected UTF-8, got byte 0xed")),
            (("read_sogou",), with_text("\ufffd\ufffd\ufffd")),
        ],
        rows=with_text("\ud83d"),
        spoil=lambda text: text.encode("utf-8", "surrogatepass"),
    ),
    "a NUL character": Input(
        [(TEXTS, Fails("line 4: got a NUL character; is it a text file?")), (("read_sogou",), with_text("股\0市"))],
        rows=with_text("股\0市"),
    ),
    "control characters inside a text": Input(
        everywhere(with_text("股\x07\x1b市"), but=("load, sogou",)), rows=with_text("股\x07\x1b市")
    ),
    "a text of control characters alone": Input(
        [
            (TABLES, Fails("line 4: expected a text, got none")),
            (("load, thucnews",), Fails("line 4: expected a title, got none")),
            ((*TAGGED, "read_sogou"), with_text("\x07\x1b")),
        ],
        rows=with_text("\x07\x1b"),
    ),
    "a text that cannot be seen": Input(
        [
            (TABLES, Fails("line 4: expected a text, got none")),
            (("load, thucnews",), Fails("line 4: expected a title, got none")),
        ],
        rows=with_text("\u200b\ufeff \u3000"),
    ),
    "CRLF": Input(everywhere(ROWS), spoil=lambda text: text.replace("\n", "\r\n").encode()),
    "lone CR": Input(everywhere(ROWS), spoil=lambda text: text.replace("\n", "\r").encode()),
    "CRLF in UTF-16": Input([(TEXTS, ROWS)], spoil=lambda text: text.replace("\n", "\r\n").encode("utf-16")),
    "a mixture of line ends": Input(
        everywhere(ROWS),
        spoil=lambda text: "".join(
            line + end for line, end in zip(text.splitlines(), itertools.cycle(["\r", "\n", "\r\n"]))
        ).encode(),
    ),
    "no line end at the end": Input(everywhere(ROWS), spoil=lambda text: text.rstrip("\n").encode()),
    "line separators that end no line": Input(
        everywhere(with_text("股\u2028市\u0085涨\x0b停\x1c盘"), but=("load, sogou", *TAGGED)),
        rows=with_text("股\u2028市\u0085涨\x0b停\x1c盘"),
    ),
    "quotes inside a text": Input(
        everywhere(with_text('他说"不')), rows=with_text('他说"不')
    ),  # one quote, never closed; the CSV doubles it
    "a quote left open in a CSV": Input(
        [(("read_table, CSV",), Fails("line 4: unexpected end of data; is a quote left open?"))],
        spoil=replaced("央行".encode(), '"央行'.encode()),
    ),
    "a line break inside quotes in a CSV": Input(
        [(("read_table, CSV",), with_text("央行\n降准"))], rows=with_text("央行\n降准")
    ),
    "a tab inside a text": Input(
        [
            (
                ("read_table", "read_chunks", "load, file", "load, folder"),
                Fails("line 4: expected `label<TAB>text`, got 3 columns"),
            ),
            (("load, thucnews",), Fails("line 4: expected `title<TAB>class id`, got 3 column(s)")),
            (("read_table, CSV", *SOGOU), with_text("央行\t降准")),
            (TAGGED, with_text("央行 降准")),
        ],
        rows=with_text("央行\t降准"),
    ),
    "a line of 5 MB": Input(
        [
            (tuple(set(TEXTS) - {"read_table, CSV"}), with_text("x" * 5_000_000)),
            (("read_sogou",), with_text("x" * 5_000_000)),
            (("read_table, CSV",), Fails("line 4: field larger than field limit (131072); is a quote left open?")),
        ],
        rows=with_text("x" * 5_000_000),
    ),
    "a text of 1,000,000 characters": Input(
        [(("read_table", "read_chunks", "load, thucnews", "read_sogou"), with_text("字" * 1_000_000))],
        rows=with_text("字" * 1_000_000),
    ),
    "a text of no characters": Input(
        [
            (TABLES, Fails("line 4: expected a text, got none")),
            (("load, thucnews",), Fails("line 4: expected a title, got none")),
            (("read_sogou",), with_text("")),
            (TAGGED, Fails("line 4: got an empty line")),
        ],
        rows=with_text(""),
    ),
    "an empty file": Input(
        [(TEXTS, Fails("expected at least one row, got an empty file")), (SOGOU, NO_DOCUMENT)], spoil=lambda text: b""
    ),
    "a file of white space": Input(
        [(TEXTS, Fails("expected at least one row, got an empty file")), (SOGOU, NO_DOCUMENT)],
        spoil=lambda text: "\ufeff \r\n\u3000\r".encode(),
    ),
    "a header alone": Input(
        [(TABLES, Fails("expected at least one row after the header, got none"))], rows=[("label", "text")]
    ),
    "half a header": Input(
        [(TABLES, Fails("line 1: expected columns 'label' and 'text', got ['category', 'text']"))],
        rows=[("category", "text"), *ROWS],
    ),
    "a header in capitals": Input(
        [(TABLES, Fails("line 1: expected columns 'label' and 'text', got ['Label', 'Text']"))],
        rows=[("Label", "Text"), *ROWS],
    ),
    "a header of other names": Input(
        [(("read_table", "read_table, CSV", "read_chunks", "load, folder"), [("类别", "标题"), *ROWS])],
        rows=[("类别", "标题"), *ROWS],
        warns="line 1: label '类别' stands in no other row; if the line is a header, pass its names as text_column and",
    ),
    "an empty line": Input(
        [
            (
                ("read_table", "read_chunks", "load, file", "load, folder"),
                Fails("line 7: expected `label<TAB>text`, got an empty line"),
            ),
            (("read_table, CSV",), Fails("line 7: expected `label,text`, got an empty line")),
            (("load, thucnews",), Fails("line 7: expected `title<TAB>class id`, got 1 column(s)")),
            (TAGGED, ROWS),  # at the end of the file alone
        ],
        spoil=lambda text: text.encode() + b"\n",
    ),
    "too few columns": Input(
        [
            (
                ("read_table", "read_chunks", "load, file", "load, folder"),
                Fails("line 2: expected `label<TAB>text`, got 1 column"),
            ),
            (("load, thucnews",), Fails("line 1: expected `title<TAB>class id`, got 1 column(s)")),
        ],
        spoil=lambda text: text.replace("finance\t", "finance ").replace("\t1", " 1").encode(),
    ),
    "a folder": Input(
        everywhere(
            Fails("expected a file, got a folder", IsADirectoryError),
            but=("load, file", "load, folder", "load, thucnews"),
        ),
        place=make_folder,
    ),
    "a missing file": Input(
        [
            ((*TABLES[:3], "read_sogou", *TAGGED), Fails("no such file", FileNotFoundError)),
        ],
        place=Path.unlink,
    ),
    "a gzip given as text": Input(everywhere(Fails(ARCHIVE.format("gzip"))), spoil=gzipped),
    "a workbook given as text": Input(everywhere(Fails(ARCHIVE.format("ZIP or Excel"))), spoil=zipped),
    "bytes of no text": Input(
        [(TEXTS, Fails("line 1: expected UTF-8, got byte 0xff")), (SOGOU, NO_DOCUMENT)],
        spoil=lambda text: b"\xff\xfd" + bytes(range(256)),
    ),
    "one row": Input(
        [
            (("read_table", "read_table, CSV", "read_chunks", "read_sogou", *TAGGED), ROWS[:1]),
            (("load, file", "load, folder", "load, thucnews"), Fails("expected at least two classes, got ['sports']")),
        ],
        rows=ROWS[:1],
    ),
    "one class": Input(
        [
            (("read_table", "read_table, CSV", "read_chunks", "read_sogou", *TAGGED), ROWS[::2]),
            (("load, file", "load, folder", "load, thucnews"), Fails("expected at least two classes, got ['sports']")),
            (("load, sogou",), Fails("expected at least two channels with 10 titles each, got {'sports': 12}")),
        ],
        rows=ROWS[::2],
    ),
    "a class with one row": Input(
        [
            (
                ("read_table", "read_table, CSV", "read_chunks", "load, folder", "read_sogou", *TAGGED),
                with_label("game"),
            ),
            (("load, file",), Fails("label 'game' has 1 row(s); 3 are needed to stand in every split")),
        ],
        rows=with_label("game"),
    ),
    "labels that differ by case": Input(
        [*both_kinds("line 3: " + TWINS.format("Sports", "sports", 1)), (("read_sogou",), ROWS)],
        rows=with_label("Sports"),
    ),
    "labels that differ by width": Input(
        [*both_kinds("line 3: " + TWINS.format("ｓports", "sports", 1))], rows=with_label("ｓports")
    ),
    "labels that differ by white space inside": Input(
        [*both_kinds("line 3: " + TWINS.format("sp orts", "sports", 1))], rows=with_label("sp orts")
    ),
    "labels that differ by what cannot be seen": Input(
        [*both_kinds("line 3: " + TWINS.format("sports\u200b", "sports", 1))],
        rows=with_label("sports\u200b"),
    ),
    "labels that differ by white space at the end": Input(
        [((*TABLES, *TAGGED), ROWS)],
        rows=with_label("sports "),
        warns="line 3: label 'sports ' is taken for 'sports' in line 1",
    ),
    "numbers as labels": Input(
        [((*TABLES, "load, thucnews", *TAGGED), [(str(len(label) % 2), text) for label, text in ROWS])],
        rows=[(str(len(label) % 2), text) for label, text in ROWS],
    ),
    "a missing label": Input(
        both_kinds("line 3: expected a label, got none"),
        rows=with_label(""),
    ),
    "a missing label of white space": Input(
        [(TABLES, Fails("line 3: expected a label, got none"))], rows=with_label(" \u3000")
    ),
    "a class id that is none": Input(
        [(("load, thucnews",), Fails("line 2: expected a class id from 0 to 1, got '2'"))],
        spoil=replaced(b"\t0", b"\t2"),
    ),
    "a negative class id": Input(
        [(("load, thucnews",), Fails("line 2: expected a class id from 0 to 1, got '-1'"))],
        spoil=replaced(b"\t0", b"\t-1"),
    ),
    "a class name for a class id": Input(
        [(("load, thucnews",), Fails("line 2: expected a class id from 0 to 1, got 'finance'"))],
        spoil=replaced(b"\t0", b"\tfinance"),
    ),
    "words for missing values": Input(
        everywhere(with_text("NA"), but=("load, sogou",)), rows=with_text("NA")
    ),  # a table read by pandas would lose them
    "emoji with joiners": Input(everywhere(with_text(FAMILY + "夺冠👍🏽🇨🇳❤️")), rows=with_text(FAMILY + "夺冠👍🏽🇨🇳❤️")),
    "right-to-left marks": Input(everywhere(with_text(HEBREW)), rows=with_text(HEBREW)),
    "characters outside the basic plane": Input(everywhere(with_text(ASTRAL)), rows=with_text(ASTRAL)),
}
CELLS = [
    pytest.param(input_, door, outcome, id=f"{name} - {door}")
    for name, input_ in INPUTS.items()
    for doors, outcome in input_.outcomes
    for door in doors
]


def set_up(folder, door, input_):
    for name, text in DOORS[door].write(input_.rows).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(input_.spoil(text) if name == DOORS[door].bad else text.encode())
    path = folder / DOORS[door].bad
    input_.place(path)
    return path


@contextlib.contextmanager
def warned(pattern):
    """Refuses any warning if `pattern` is empty, else asks for one that it fits."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    messages = [str(warning.message) for warning in caught]
    if pattern:
        assert any(pattern in message for message in messages), messages
    else:
        assert messages == []


@pytest.mark.parametrize(("input_", "door", "outcome"), CELLS)
def test_a_file_is_read_as_a_user_wants_or_refused_with_file_line_expected_and_got(tmp_path, input_, door, outcome):
    path = set_up(tmp_path, door, input_)
    if isinstance(outcome, Fails):
        with warned(input_.warns), pytest.raises(outcome.error) as caught:
            DOORS[door].read(tmp_path)
        assert type(caught.value) is outcome.error
        assert str(caught.value).startswith(f"{path.with_name(outcome.file or path.name)}: {outcome.message}")
    else:
        with warned(input_.warns):
            rows = DOORS[door].read(tmp_path)
        assert rows == (sorted(set(outcome)) if door in SHUFFLING else outcome)


def test_a_line_is_counted_right_whatever_ends_lines_and_wherever_a_piece_of_the_file_ends(tmp_path, monkeypatch):
    lines = ["label\ttext", *(f"{label}\t{text}" for label, text in ROWS[:2])]
    for size, mark, end in itertools.product([1, 2, 3, 7, 1000], ["", "\ufeff"], ["\n", "\r", "\r\n"]):
        monkeypatch.setattr(datasets.files, "CHUNK_BYTES", size)
        path = tmp_path / "a.tsv"
        path.write_bytes((mark + end.join(lines)).encode())
        assert rows_of(datasets.read_table(path)) == ROWS[:2]
        path.write_bytes((mark + end.join(lines)).encode() + b"\xff" + end.encode() + b"a\tb")
        with pytest.raises(ValueError, match=r"a\.tsv: line 3: expected UTF-8, got byte 0xff$"):
            datasets.read_table(path)
        path.write_bytes((mark + end.join([*lines, "a\tb\0"])).encode())
        with pytest.raises(ValueError, match=r"a\.tsv: line 4: got a NUL character; is it a text file\?$"):
            datasets.read_table(path)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("体育\t球队胜\n", "gb18030"),  # too few characters to be certain
        ("體育\t球隊勝\n", "big5"),
        ("体育\t球队胜\n", "utf-16-le"),
        ("體育\t球隊勝\n", "utf-16-be"),
    ],
)
def test_an_encoding_that_is_likely_is_named_and_reads_the_file_when_given(tmp_path, text, encoding):
    path = tmp_path / "a.tsv"
    path.write_bytes(text.encode(encoding))
    with pytest.raises(ValueError, match=rf'^{re.escape(str(path))}: line \d: .*; try encoding="{encoding}"$'):
        datasets.read_table(path)
    assert in_tsv(rows_of(datasets.read_table(path, encoding=encoding))) == text


def test_a_mark_at_the_start_is_no_part_of_the_first_label_whatever_encoding_is_given(tmp_path):
    path = tmp_path / "a.tsv"
    for encoding in ("utf-8", "utf-16-le", "gb18030"):
        path.write_bytes(("\ufeff" + in_tsv(ROWS)).encode(encoding))
        assert rows_of(datasets.read_table(path, encoding=encoding)) == ROWS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "id\ttext\tlabel\n1\tb\n", "line 2: expected 3 columns, got 2 columns"),
        ("a.csv", 'a,"b\nb"\nc,d,e\n', "line 3: expected `label,text`, got 3 columns"),
        ("a.csv", 'a,"b"c\n', "line 1: ',' expected after '\"'; is a quote left open?"),
    ],
)
def test_a_malformed_row_is_named_with_the_line_at_which_it_starts(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=rf"^{re.escape(f'{path}: {message}')}$"):
        datasets.read_table(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seq.out": "O O B-to I-to\n"}, "seq.out: expected 2 lines, as many as seq.in, got 1"),
        ({"label": "a\nb\nc\n"}, "label: expected 2 lines, as many as seq.in, got 3"),
        ({"seq.out": "O O B-to\nO\n"}, "seq.out: line 1: expected 4 tags, one per word, got 3"),
        ({"seq.out": "O O B-to I-to\nX-to\n"}, "seq.out: line 2: expected `O`, `B-slot` or `I-slot`, got 'X-to'"),
        ({"seq.out": "O O B-to B-\nO\n"}, "seq.out: line 1: expected `O`, `B-slot` or `I-slot`, got 'B-'"),
        ({"seq.out": "O O B-to I-to\nB-To\n"}, "seq.out: line 2: " + TWINS.format("B-To", "B-to", 1)),
        ({"seq.in": "\nhello\n"}, "seq.in: line 1: got an empty line"),
        ({"label": b"flight\n\xff\n"}, "label: line 2: expected UTF-8, got byte 0xff"),
        ({"seq.out": None}, "seq.out: no such file"),
    ],
)
def test_files_of_tags_that_do_not_fit_are_refused_by_name(tmp_path, changes, message):
    good = {"seq.in": "fly to new york\nhello\n", "seq.out": "O O B-to I-to\nI-to\n", "label": "flight\ngreet\n"}
    for name, content in (good | changes).items():
        if content is not None:
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((ValueError, FileNotFoundError), match=rf"^{re.escape(f'{tmp_path / message}')}$"):
        datasets.read_tagged(tmp_path)


@contextlib.contextmanager
def without_permission(path):
    """Takes the right to read `path` away, from the superuser too, who may read everything while it is one."""
    path.chmod(0)
    is_superuser = os.geteuid() == 0
    if is_superuser:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_superuser:
            os.seteuid(0)
        path.chmod(0o600)


@pytest.fixture
def open_folder():
    """A folder that every user may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.skipif(sys.platform == "win32", reason="rights to files are others there")
@pytest.mark.parametrize("door", DOORS)
def test_a_file_without_permission_is_refused_by_name(open_folder, door):
    path = set_up(open_folder, door, INPUTS["UTF-8"])
    for folder in path.parents[: -len(open_folder.parents) - 1]:
        folder.chmod(0o755)
    with without_permission(path), pytest.raises(PermissionError) as caught:
        DOORS[door].read(open_folder)
    assert str(caught.value) == f"{path}: expected a file that may be read, got permission denied"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"name": "nonsense"},
            ValueError,
            "expected one of headlines, thucnews, sogou, atis, or the path of",
        ),
        ({"name": 3}, ValueError, "name: expected one of headlines, thucnews, sogou, atis, or a path, got 3"),
        ({"name": "{}"}, FileNotFoundError, "{}: expected train.tsv or train.csv in it, found neither"),
        (
            {"name": "{}/a.tsv"},
            ValueError,
            "expected one of headlines, thucnews, sogou, atis, or the path of",
        ),
        (
            {"name": "{}", "data_dir": "{}"},
            ValueError,
            "data_dir: goes with one of headlines, thucnews, sogou, atis",
        ),
        ({"name": "thucnews", "data_dir": "{}/no"}, FileNotFoundError, "data_dir: {}/no: no such file or folder"),
        ({"name": "thucnews", "data_dir": "{}"}, FileNotFoundError, "{}: expected train.tsv or train.csv in it"),
        (
            {"name": "headlines", "data_dir": "{}"},
            FileNotFoundError,
            "{}: expected train.tsv or train.csv in it",
        ),
        ({"name": "sogou"}, ValueError, 'load("sogou"): expected data_dir=, the path of its files: they cannot be'),
        ({"name": "atis"}, ValueError, 'load("atis"): expected data_dir=, the path of its files: they cannot be'),
        (
            {"name": "sogou", "data_dir": "{}"},
            ValueError,
            "{}: expected one .dat file in it, got 0; pass the file",
        ),
        (
            {"name": "atis", "data_dir": "{}"},
            FileNotFoundError,
            "{}: expected a folder with train/, dev/ and test/",
        ),
    ],
)
def test_what_cannot_be_loaded_is_named(tmp_path, arguments, error, message):
    filled = {name: value.format(tmp_path) if isinstance(value, str) else value for name, value in arguments.items()}
    with pytest.raises(error) as caught:
        datasets.load(**filled)
    assert type(caught.value) is error
    assert str(caught.value).startswith(message.format(tmp_path))


def test_a_label_that_stands_in_dev_alone_is_refused_with_file_row_and_label(tmp_path):
    (tmp_path / "train.tsv").write_text(in_tsv(ROWS), encoding="utf-8")
    (tmp_path / "dev.csv").write_text(in_csv([ROWS[1], ("Sports", "平局")]), encoding="utf-8")
    with pytest.raises(ValueError, match="row 2: label 'Sports' has no row in train, which has") as caught:
        datasets.load(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / 'dev.csv'}: row 2: ")


def test_a_list_of_classes_with_the_same_twice_is_refused(tmp_path):
    for name, text in in_thucnews(ROWS).items():
        (tmp_path / name).write_text(text.replace("sports", "finance"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"class\.txt: expected each class once, got \['finance', 'finance'\]$"):
        datasets.load("thucnews", data_dir=tmp_path)


# --- tables, where a caller brings them ---------------------------------------------------------------------------

LABELS = ["finance", "sports"]
TABLE = pd.DataFrame(ROWS, columns=["label", "text"])
PROBS = np.full((len(ROWS), 2), 0.5)


@functools.cache
def encoder():
    return preprocessing.TextEncoder.from_texts(TABLE["text"], max_ngram=2, min_ngram_count=1)


@functools.cache
def model():
    model = networks.build_textrnn(encoder(), LABELS, embed_dim=2, units=2)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@functools.cache
def tagger():
    model = taggers.build_tagger("simple", num_words=5, num_tags=3, embed_dim=2, units=2)
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@functools.cache
def classifier(runtime):
    return saving.load_classifier(Path(__file__).parents[1] / "models" / "headlines-textrnn", runtime=runtime)


def with_value(column, value, row=1):
    table = TABLE.astype(object)
    table.loc[row, column] = value
    return table


TABLE_DOORS = {
    "split_table": ("table", datasets.split_table),
    "check_splits, train": ("train", lambda table: datasets.check_splits(datasets.Splits(table, None, None))),
    "check_splits, dev": ("dev", lambda table: datasets.check_splits(datasets.Splits(TABLE, table, None))),
    "audit": ("train", lambda table: datasets.audit({"train": table})),
    "fit_majority": ("train", baselines.fit_majority),
    "fit_naive_bayes": ("train", baselines.fit_naive_bayes),
    "fit_linear": ("train", baselines.fit_linear),
    "worst_mistakes": ("table", lambda table: metrics.worst_mistakes(table, PROBS, LABELS)),
    "measure": ("train", lambda table: comparison.measure("majority", table, TABLE)),
    "fit, train": ("train", lambda table: training.fit(model(), table, TABLE, epochs=1)),
    "fit, dev": ("dev", lambda table: training.fit(model(), TABLE, table, epochs=1)),
    "train_textrnn": ("train", lambda table: training.train_textrnn(table, TABLE)),
}
BAD_TABLES = {
    "no label column": (TABLE[["text"]], "expected the columns text and label, got ['text']"),
    "no text column": (TABLE[["label"]], "expected the columns text and label, got ['label']"),
    "no row": (TABLE[:0], "expected at least one row, got none"),
    "a missing label": (with_value("label", None), "row 2: expected a string as label, got None (NoneType)"),
    "a missing text": (with_value("text", float("nan")), "row 2: expected a string as text, got nan (float)"),
    "a number as label": (with_value("label", 1), "row 2: expected a string as label, got 1 (int)"),
    "an empty text": (with_value("text", ""), "row 2: expected a text, got ''"),
    "a text that cannot be seen": (with_value("text", "\u200b"), "row 2: expected a text, got '\\u200b'"),
    "a label of white space": (with_value("label", " "), "row 2: expected a label, got ' '"),
    "a list": (ROWS, "expected a table with the columns text and label, got list"),
}


@pytest.mark.parametrize("door", TABLE_DOORS)
@pytest.mark.parametrize("kind", BAD_TABLES)
def test_a_table_that_lacks_something_is_refused_with_row_expected_and_got(door, kind):
    (name, read), (table, message) = TABLE_DOORS[door], BAD_TABLES[kind]
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        read(table)
    assert type(caught.value) is ValueError
    assert str(caught.value) == f"{name}: {message}"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.split_table(TABLE[:2]), "table: label 'sports' has 1 row(s); 3 are needed to stand in every"),
        (
            lambda: datasets.split_table(TABLE[:2], test=0),
            "table: label 'sports' has 1 row(s); 2 are needed to stand",
        ),
        (lambda: datasets.split_table(TABLE[::2]), "table: expected at least two classes, got ['sports']"),
        (
            lambda: datasets.split_table(TABLE, dev=0.6, test=0.4),
            "dev, test: expected shares that leave some",
        ),
        (lambda: baselines.fit_linear(TABLE[::2]), "train: expected at least two classes, got ['sports']"),
        (lambda: training.train_textrnn(TABLE[::2], TABLE), "train: expected at least two classes, got ['sports']"),
        (lambda: training.train_textrnn(TABLE, with_value("label", "game")), "dev: row 2: label 'game' has no row in"),
        (
            lambda: training.fit(model(), with_value("label", "game"), TABLE, epochs=1),
            "train: row 2: label 'game'",
        ),
        (
            lambda: training.fit(model(), TABLE[::2], TABLE, epochs=1),
            "train: the class(es) ['finance'] of the model",
        ),
        (lambda: metrics.accuracy(["a"], ["a", "b"]), "true, predicted: expected as many labels of each, got (1,) and"),
        (lambda: metrics.report(["a", None], ["a", "b"]), "true: row 2: expected a string as label, got None"),
        (lambda: metrics.confusion_table(["a", "b"], ["a", 1]), "predicted: row 2: expected a string as label, got 1"),
        (lambda: metrics.mean_accuracy(["a"], []), "runs: expected the labels of at least one run, got none"),
        (lambda: metrics.predicted_labels([[0.5, 0.5, 0.5]], LABELS), "probs: expected shape (rows, 2), got (1, 3)"),
        (lambda: metrics.predicted_labels([[0.5, float("nan")]], LABELS), "probs: row 1: expected finite numbers"),
        (lambda: datasets.audit({}), "tables: expected at least one, got none"),
        (lambda: networks.build_textrnn(encoder(), ["a"]), "label_names: expected two or more different,"),
        (
            lambda: networks.build_textrnn(encoder(), ["a", "a"]),
            "label_names: expected two or more different,",
        ),
        (
            lambda: networks.build_textrnn(encoder(), ["a", " "]),
            "label_names: expected two or more different,",
        ),
        (lambda: networks.build_textrnn(encoder(), [1, 2]), "label_names: expected two or more different,"),
        (
            lambda: networks.build_textrnn(encoder(), "ab"),
            "label_names: expected a list, a column or an array",
        ),
        (lambda: networks.build_textrnn(None, LABELS), "encoder: expected a TextEncoder, got NoneType"),
        (lambda: training.topic_vectors(encoder(), [], embed_dim=2), "texts: expected at least one, got none"),
        (lambda: training.set_embeddings(model(), []), "vectors: expected the shapes "),
        (lambda: training.length_to_keep(pd.Series([], dtype=str)), "texts: expected at least one, got none"),
        (
            lambda: taggers.fit_tagger(tagger(), np.full((2, 2), 5), np.ones((2, 2), int), epochs=1),
            "ids: expected 0 to 4, got 5 to 5",
        ),
        (
            lambda: taggers.fit_tagger(tagger(), np.ones((2, 2), int), np.full((2, 2), 3), epochs=1),
            "tag_ids: expected 0 to 2, got 3 to 3",
        ),
        (lambda: saving.save_classifier(model(), "nowhere", card=None), "card: expected a dictionary with the fields "),
        (lambda: saving.save_classifier(model(), "nowhere", card={}), "card: expected the fields "),
    ],
)
def test_arguments_that_do_not_fit_each_other_are_refused_before_anything_is_written(call, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert type(caught.value) is ValueError
    assert str(caught.value).startswith(message)
    assert not Path("nowhere").exists()


# --- arguments with a range ---------------------------------------------------------------------------------------

NAN = float("nan")
INTEGERS = (0, -1, 1.5, NAN, "2", True)  # where 1 and more are right
SEEDS = (-1, 2**32, 0.5, "1", None)
RATES = (1, -0.1, NAN, "0.1", None)  # where [0, 1) is right
SHARES = (0, 1, -0.1, NAN, "0.1", None)  # where (0, 1) is right
ABOVE_ZERO = (0, -1, NAN, float("inf"), "1")
NO_LISTS = (None, 3, b"x", {"a": "b"}, TABLE)
TRAVEL = {"num_requests": 1, "seed": 0}
ARGUMENTS = {
    "datasets.split_table": (
        lambda **wrong: datasets.split_table(TABLE, **wrong),
        {"dev": SHARES, "test": RATES, "seed": SEEDS},
    ),
    "datasets.load": (lambda **wrong: datasets.load("headlines", **wrong), {"seed": SEEDS}),
    "datasets.read_table": (
        lambda **wrong: datasets.read_table(__file__, **wrong),
        {"encoding": ("utf-99", "base64", "idna\0", 3)},
    ),
    "datasets.read_sogou": (
        lambda **wrong: list(datasets.read_sogou(__file__, **wrong)),
        {"encoding": ("utf-99", "base64", 3)},
    ),
    "datasets.read_chunks": (lambda **wrong: list(datasets.read_chunks(__file__, **wrong)), {"num_rows": INTEGERS}),
    "datasets.read_sogou_table": (
        lambda **wrong: datasets.read_sogou_table(__file__, **wrong),
        {"min_class_rows": INTEGERS},
    ),
    "preprocessing.normalise": (preprocessing.normalise, {"text": (None, 3, b"x")}),
    "TextEncoder": (
        lambda **wrong: preprocessing.TextEncoder(("a",), **wrong),
        {"max_length": INTEGERS, "unit": ("letter", None)},
    ),
    "TextEncoder.from_texts": (
        lambda **wrong: preprocessing.TextEncoder.from_texts(**{"texts": ["abab"], "max_ngram": 2} | wrong),
        {
            "texts": ("abc", *NO_LISTS),
            "unit": ("letter", None),
            "max_length": INTEGERS,
            "min_count": (*INTEGERS, 99),
            "max_tokens": INTEGERS,
            "max_ngram": (0, 4, 1.5, "2"),
            "min_ngram_count": INTEGERS,
            "max_ngrams": INTEGERS,
        },
    ),
    "TextEncoder.encode": (lambda **wrong: encoder().encode(**wrong), {"texts": ("abc", *NO_LISTS)}),
    "networks.build_textrnn": (
        lambda **wrong: networks.build_textrnn(encoder(), LABELS, **wrong),
        {
            "cell": ("rnn", None),
            "embed_dim": INTEGERS,
            "units": INTEGERS,
            "num_layers": INTEGERS,
            "pooling": ("sum", (), ("max", "max"), 3),
            "dropout": RATES,
            "ngram_dropout": RATES,
            "embedded_ngrams": (-1, 1.5, "2"),
            "seed": SEEDS,
        },
    ),
    "networks.build_textcnn": (
        lambda **wrong: networks.build_textcnn(encoder(), LABELS, **wrong),
        {
            "embed_dim": INTEGERS,
            "filters": INTEGERS,
            "widths": ((), (2, 2)),
            "dropout": RATES,
            "ngram_dropout": RATES,
            "seed": SEEDS,
        },
    ),
    "taggers.build_tagger": (
        lambda **wrong: taggers.build_tagger(**{"kind": "lstm", "num_words": 5, "num_tags": 3} | wrong),
        {
            "kind": ("gru", None),
            "num_words": INTEGERS,
            "num_tags": INTEGERS,
            "embed_dim": INTEGERS,
            "embed_spread": (-1, NAN, "1"),
            "units": INTEGERS,
            "window": (0, 2, -3, 1.5, "3"),
            "dropout": RATES,
            "word_dropout": (-0.1, 1.1, NAN, "1"),
            "seed": SEEDS,
        },
    ),
    "layers.LabelProbabilities": (
        lambda **wrong: layers.LabelProbabilities(LABELS, **wrong),
        {"temperature": ABOVE_ZERO},
    ),
    "training.fit": (
        lambda **wrong: training.fit(model(), TABLE, TABLE, **{"epochs": 1} | wrong),
        {
            "epochs": INTEGERS,
            "batch_size": INTEGERS,
            "seed": SEEDS,
            "score": ("f1", None),
            "patience": INTEGERS,
            "adversarial": (-0.1, NAN, float("inf"), "1", None),
            "checkpoint_every": INTEGERS,
        },
    ),
    "taggers.fit_tagger": (
        lambda **wrong: taggers.fit_tagger(
            tagger(), np.ones((2, 2), int), np.ones((2, 2), int), **{"epochs": 1} | wrong
        ),
        {"epochs": INTEGERS, "batch_size": INTEGERS, "seed": SEEDS},
    ),
    "training.predict_proba": (
        lambda **wrong: training.predict_proba(model(), ["a"], **wrong),
        {"batch_size": INTEGERS},
    ),
    "training.encode_texts": (lambda **wrong: training.encode_texts(model(), ["a"], **wrong), {"chunk_size": INTEGERS}),
    "checks.check_texts": (checks.check_texts, {"texts": (*NO_LISTS, np.array("a"))}),
    "training.draw_batches": (
        lambda **wrong: training.draw_batches(np.ones(3), **{"batch_size": 1, "seed": 0, "epoch": 0} | wrong),
        {"batch_size": INTEGERS, "seed": SEEDS, "epoch": (-1, 0.5, "1")},
    ),
    "training.num_steps": (
        lambda **wrong: training.num_steps(**{"num_rows": 3, "batch_size": 2, "epochs": 1} | wrong),
        {"num_rows": (-1, 1.5, "2"), "batch_size": INTEGERS, "epochs": INTEGERS},
    ),
    "training.recipe": (training.recipe, {"num_rows": INTEGERS}),
    "training.adamw": (
        lambda **wrong: training.adamw(**{"learning_rate": 0.1, "steps": 9} | wrong),
        {"learning_rate": ABOVE_ZERO, "steps": INTEGERS, "weight_decay": (-1, NAN, "1")},
    ),
    "training.LazyAdamW": (
        training.LazyAdamW,
        {
            "learning_rate": (0, -1, NAN),
            "table_rate": ABOVE_ZERO,
            "beta_1": RATES,
            "beta_2": RATES,
            "epsilon": ABOVE_ZERO,
            "weight_decay": (-1, NAN, "1"),
            "global_clipnorm": (-1, NAN, "1"),
        },
    ),
    "training.topic_vectors": (
        lambda **wrong: training.topic_vectors(encoder(), TABLE["text"], **{"embed_dim": 2} | wrong),
        {"embed_dim": INTEGERS, "num_ids": ([3], [-1, 3], [3, 999]), "seed": SEEDS},
    ),
    "training.set_embeddings": (
        lambda **wrong: training.set_embeddings(model(), [], **wrong),
        {"scale": ABOVE_ZERO},
    ),
    "metrics.accuracy": (
        lambda **wrong: metrics.accuracy(["a"], ["a"], **wrong),
        {"confidence": SHARES, "num_resamples": INTEGERS, "seed": SEEDS},
    ),
    "metrics.mean_accuracy": (
        lambda **wrong: metrics.mean_accuracy(["a"], [["a"]], **wrong),
        {"confidence": SHARES, "num_resamples": INTEGERS, "seed": SEEDS},
    ),
    "metrics.calibration_error": (
        lambda **wrong: metrics.calibration_error(["a"], ["a"], [0.5], **wrong),
        {"num_bins": INTEGERS},
    ),
    "metrics.worst_mistakes": (
        lambda **wrong: metrics.worst_mistakes(TABLE, PROBS, LABELS, **wrong),
        {"num": (-1, 1.5, "2", None)},
    ),
    "baselines.fit_linear": (lambda **wrong: baselines.fit_linear(TABLE, **wrong), {"max_ngram": INTEGERS}),
    "baselines.fit_naive_bayes": (lambda **wrong: baselines.fit_naive_bayes(TABLE, **wrong), {"max_ngram": INTEGERS}),
    "comparison.measure": (
        lambda **wrong: comparison.measure(**{"method": "majority", "train": TABLE, "dev": TABLE} | wrong),
        {"method": ("BERT", None), "repeats": INTEGERS},
    ),
    "comparison.shuffle_characters": (lambda **wrong: comparison.shuffle_characters(["ab"], **wrong), {"seed": SEEDS}),
    "slots.draw_travel_requests": (
        lambda **wrong: slots.draw_travel_requests(**TRAVEL | wrong),
        {"num_requests": INTEGERS, "seed": SEEDS, "after_share": (-0.1, 1.1, NAN, "1")},
    ),
    "slots.build_vocabulary": (
        lambda **wrong: slots.build_vocabulary([["a"]], **wrong),
        {"min_count": INTEGERS, "min_shape_words": (-1, 1.5, "2")},
    ),
    "gradients.draw_recall": (
        lambda **wrong: gradients.draw_recall(**{"num_sequences": 2, "gap": 1, "seed": 0} | wrong),
        {"num_sequences": INTEGERS, "gap": (-1, 1.5, "2"), "num_symbols": (1, -1, 2.5), "seed": SEEDS},
    ),
    "gradients.error_surface": (
        lambda **wrong: gradients.error_surface(0.0, 0.0, **wrong),
        {"num_steps": INTEGERS},
    ),
    "saving.save_classifier": (
        lambda **wrong: saving.save_classifier(model(), "nowhere", card={}, **wrong),
        {"tables": ("float16", None)},
    ),
    "saving.load_classifier": (
        lambda **wrong: saving.load_classifier("models/headlines-textrnn", **wrong),
        {"runtime": ("torch", None)},
    ),
    **{
        f"Classifier.{method}, {runtime}": (
            lambda runtime=runtime, method=method, **wrong: getattr(classifier(runtime), method)(["股市"], **wrong),
            {"batch_size": INTEGERS, "long_text": ("tail", None)}
            | ({"min_score": (-0.1, 1.1, NAN, "1")} if method != "predict_proba" else {}),
        )
        for method in ("predict", "predict_table", "predict_proba")
        for runtime in options.RUNTIMES
    },
    "Classifier.predict_stream": (
        lambda **wrong: list(classifier("numpy").predict_stream(**{"texts": ["股市"]} | wrong)),
        {"texts": ("股市", *NO_LISTS), "chunk_size": INTEGERS, "min_score": (-0.1, NAN)},
    ),
}


@pytest.mark.parametrize(
    ("door", "argument"), [(door, name) for door, (_, names) in ARGUMENTS.items() for name in names]
)
def test_an_argument_out_of_range_is_refused_by_name_with_expected_and_got(door, argument):
    call, values = ARGUMENTS[door][0], ARGUMENTS[door][1][argument]
    for value in values:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            call(**{argument: value})
        assert type(caught.value) is ValueError, value
        message = str(caught.value)
        assert message.startswith((f"{argument}: expected ", f"{argument}: {value!r} is no encoding")), message
        assert "is no encoding" in message or re.search(r", got .+", message), message
    assert not Path("nowhere").exists()


# --- texts --------------------------------------------------------------------------------------------------------

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
    "a table": (TABLE, "texts: expected a list, a column or an array of strings, got a table; pass its column"),
    "a dictionary": ({"text": "国足"}, "texts: expected a list, a column or an array of strings, got dict"),
    "bytes for a list": (b"abc", "texts: expected a list, a column or an array of strings, got bytes"),
    "None": (None, "texts: expected a list, a column or an array of strings, got NoneType"),
}


def assert_probabilities(probs, num_rows):
    assert probs.shape == (num_rows, 10)
    assert np.isfinite(probs).all()
    assert (probs >= 0).all()
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-5)


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


# --- a saved model ------------------------------------------------------------------------------------------------


def changed_file(name, change):
    def place(folder):
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return place


def empty_folder(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def make_file(folder):
    shutil.rmtree(folder)
    folder.write_text("x")


CARD = "assets.extra/card.json"
FILES = ("saved_model.pb", "assets.extra/labels.txt", "assets.extra/network.json", "variables/variables.index")
NO_GRAPH = "{folder}: expected saved_model.pb in it, found none"
NO_CARD = "expected a model folder with assets.extra/card.json, found none"
FOREIGN = "these files are not the ones that the card describes: "
MODEL_INPUTS = {
    "a missing folder": (shutil.rmtree, FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "an empty folder": (empty_folder, FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "a file": (make_file, FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "no card": (lambda folder: (folder / CARD).unlink(), FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    "a folder for a card": (lambda folder: make_folder(folder / CARD), FileNotFoundError, f"{{folder}}: {NO_CARD}"),
    **{
        f"a card: {name}": (changed_file(CARD, change), ValueError, f"{{folder}}/{CARD}: expected ")
        for name, change in {
            "empty": lambda data: b"",
            "cut": lambda data: data[:-20],
            "cut inside a character": lambda data: data.rstrip(b"}\n") + CJK[:2],
            "gzip": gzip.compress,
            "UTF-16": lambda data: data.decode().encode("utf-16"),
            "GBK": lambda data: data.replace(b'"licence": "', b'"licence": "\xb9\xc9'),
            "NUL": lambda data: data.replace(b"licence", b"lic\0nce"),
            "a list": lambda data: b"[]",
            "a number": lambda data: b"3",
            "deep": lambda data: b"[" * 200_000,
            "2 MB": lambda data: data + b" " * 2_000_000,
        }.items()
    },
    "no graph": (lambda folder: (folder / "saved_model.pb").unlink(), FileNotFoundError, NO_GRAPH),
    **{
        f"{name}: {kind}": (changed_file(name, change), ValueError, f"{{folder}}: {FOREIGN}{name}")
        for name in FILES
        for kind, change in {
            "empty": lambda data: b"",
            "cut": lambda data: data[: len(data) // 2],
            "gzip": gzip.compress,
            "CRLF": lambda data: data.replace(b"\n", b"\r\n") + b"\r",
        }.items()
    },
}


@pytest.mark.parametrize("kind", MODEL_INPUTS)
def test_a_folder_that_is_no_whole_model_is_refused_by_name(tmp_path, root, kind):
    spoil, error, message = MODEL_INPUTS[kind]
    folder = Path(shutil.copytree(root / "models" / "headlines-textrnn", tmp_path / "model"))
    spoil(folder)
    for load in (saving.load_classifier, saving.load_network):
        with pytest.raises(error) as caught:
            load(folder)
        assert type(caught.value) is error
        assert str(caught.value).startswith(message.format(folder=folder))


# --- drawn inputs: `make fuzz` ------------------------------------------------------------------------------------

IS_FUZZ = bool(os.environ.get("TEXTRNN_FUZZ"))
QUIET = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
settings.register_profile("fuzz", max_examples=2000, **QUIET)
settings.register_profile("test", max_examples=50, derandomize=True, **QUIET)
drawn = settings(settings.get_profile("fuzz" if IS_FUZZ else "test"))
by_fuzz_alone = pytest.mark.skipif(not IS_FUZZ, reason="takes minutes: run by `make fuzz`")

ODD_CHARS = '\t,"\n\r \0\u200b\ufeff\u2028\x1c\x07\ud83d\u0301ﷺＡ01' + FAMILY + HEBREW + ASTRAL
ODD = st.sampled_from(["\r\n", FAMILY, *ODD_CHARS.replace("\ud83d", "")])
ANY_CHARS = st.sampled_from(ODD_CHARS) | st.characters()
GOOD_TEXT, GOOD_LABEL = st.sampled_from([text for _, text in ROWS]), st.sampled_from(["sports", "finance"])
ODD_TEXT = st.lists(ODD | st.text(max_size=4) | GOOD_TEXT, max_size=6).map("".join)
SOME_TEXT = GOOD_TEXT | GOOD_TEXT | ODD_TEXT
SOME_LABEL = (
    GOOD_LABEL | GOOD_LABEL | st.sampled_from(["Sports", "sports ", "label", "text", "0", ""]) | st.text(max_size=3)
)
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "big5")


@st.composite
def spoiled_files(draw, whole):
    """Bytes, or nearly those of a file: a drawn text in a drawn encoding, cut, stretched or mixed with others."""
    if not draw(st.integers(0, 9)):
        return draw(st.binary(max_size=60))
    data = draw(whole).encode(draw(st.sampled_from(ENCODINGS)), errors="replace")
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(st.binary(max_size=3)) + data[place + draw(st.integers(0, 3)) :]
    return data


def lines_of(*fields, separator="\t"):
    line = st.tuples(*fields).map(separator.join)
    return st.tuples(st.lists(line, max_size=8), st.sampled_from(["\n", "\r", "\r\n", "\n\n"])).map(
        lambda both: "".join(one + both[1] for one in both[0])
    )


IN_TSV = spoiled_files(lines_of(SOME_LABEL, SOME_TEXT))
IN_CSV = spoiled_files(lines_of(SOME_LABEL, SOME_TEXT, separator=","))
IN_THUCNEWS = spoiled_files(lines_of(SOME_TEXT, st.sampled_from(["0", "1", "0", "1", "2", "-1", "", "１"])))
IN_WORDS = spoiled_files(lines_of(SOME_TEXT))
SOME_MARKUP = st.tuples(SOME_LABEL, SOME_TEXT).map(lambda row: in_markup([row]))
PIECES = st.sampled_from(["</doc>", "<doc>", "<content>", "</url>", "<docno>", "</contenttitle>"])
IN_MARKUP = spoiled_files(st.lists(SOME_MARKUP | SOME_MARKUP | PIECES | ODD_TEXT, max_size=8).map("".join))
IN_JSON = spoiled_files(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | SOME_TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SOME_LABEL, inner, max_size=3),
    ).map(json.dumps)
)


@st.composite
def tagged_files(draw):
    """The three files of a folder of tags, each nearly right."""
    tags = st.sampled_from(["O", "O", "B-a", "I-a", "B-b", "B-B", "x"])
    rows = draw(st.lists(st.tuples(st.lists(st.tuples(SOME_TEXT, tags), max_size=4), SOME_LABEL), max_size=5))
    lines = {
        "seq.in": [" ".join(word for word, _ in sentence) for sentence, _ in rows],
        "seq.out": [" ".join(tag for _, tag in sentence) for sentence, _ in rows],
        "label": [label for _, label in rows],
    }
    return {name: draw(spoiled_files(st.just("".join(f"{line}\n" for line in part)))) for name, part in lines.items()}


def outcome_of(read, folder):
    """What `read` returns, or the message of its error, which must be one of the kit's own and name the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read()
        except (ValueError, OSError) as error:
            assert type(error) in (ValueError, FileNotFoundError), repr(error)  # noqa: PT017
            assert str(error).startswith(str(folder)), repr(error)  # noqa: PT017
            return str(error)


def assert_visible(rows):
    assert all(isinstance(value, str) and preprocessing.normalise(value) for row in rows for value in row)


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder for the files of all examples."""
    return tmp_path_factory.mktemp("fuzz")


@drawn
@given(data=IN_TSV)
@example(data=b"\r")
@example(data=codecs.BOM_UTF16_LE + b"\0")
def test_no_bytes_in_a_tsv_end_in_a_foreign_error_or_in_rows_that_cannot_be_seen(desk, data):
    path = desk / "a.tsv"
    path.write_bytes(data)
    rows = outcome_of(lambda: rows_of(datasets.read_table(path)), path)
    assert rows == outcome_of(lambda: read_pieces(path), path)
    if not isinstance(rows, str):
        assert_visible(rows)
        assert not any("\n" in value or "\t" in value for row in rows for value in row)


@drawn
@given(data=IN_CSV)
def test_no_bytes_in_a_csv_end_in_a_foreign_error_or_in_rows_that_cannot_be_seen(desk, data):
    path = desk / "a.csv"
    path.write_bytes(data)
    rows = outcome_of(lambda: rows_of(datasets.read_table(path)), path)
    assert rows == outcome_of(lambda: read_pieces(path), path)
    if not isinstance(rows, str):
        assert_visible(rows)


@drawn
@given(data=spoiled_files(st.lists(st.sampled_from(ROWS), min_size=4, max_size=30).map(in_tsv)))
def test_no_file_of_ones_own_is_split_into_rows_that_it_does_not_hold(desk, data):
    path = desk / "own.tsv"
    path.write_bytes(data)
    whole = outcome_of(lambda: rows_of(datasets.read_table(path)), path)
    split = outcome_of(lambda: split_rows(datasets.load(path)), path)
    assert isinstance(split, str) or split == sorted(whole)


@drawn
@given(titles=IN_THUCNEWS, names=IN_WORDS | st.just(b"finance\nsports\n"))
def test_no_bytes_in_the_files_of_thucnews_end_in_a_foreign_error(desk, titles, names):
    (desk / "train.txt").write_bytes(titles)
    (desk / "class.txt").write_bytes(names)
    splits = outcome_of(lambda: datasets.load("thucnews", data_dir=desk), desk)
    if not isinstance(splits, str):
        assert_visible(rows_of(splits.train))


@drawn
@given(data=IN_MARKUP)
def test_no_bytes_in_a_sogou_file_end_in_a_foreign_error(desk, data):
    path = desk / "news.dat"
    path.write_bytes(data)
    stories = outcome_of(lambda: list(datasets.read_sogou(path)), path)
    table = outcome_of(lambda: rows_of(datasets.read_sogou_table(path, min_class_rows=1)), path)
    if not isinstance(table, str):
        assert_visible(table)
        assert set(table) <= {(story.label, story.title) for story in stories}


@drawn
@given(files=tagged_files())
@example(files={"seq.in": "fly to 臺北\n".encode("big5"), "seq.out": b"O O B-to\n", "label": b"x\n"})
def test_no_bytes_in_files_of_tags_end_in_a_foreign_error(desk, files):
    for name, data in files.items():
        (desk / name).write_bytes(data)
    table = outcome_of(lambda: datasets.read_tagged(desk), desk)
    if not isinstance(table, str):
        assert all(len(row.words) == len(row.tags) > 0 and row.intent for row in table.itertuples())


@drawn
@given(data=IN_JSON)
def test_no_bytes_in_a_card_end_in_a_foreign_error(desk, data):
    path = desk / CARD
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    card = outcome_of(lambda: cards.read_card(desk), desk)
    assert isinstance(card, str | dict)


TYPED = st.text(max_size=60) | SOME_TEXT


@pytest.mark.slow
@pytest.mark.parametrize("runtime", options.RUNTIMES)
@drawn
@given(texts=st.lists(TYPED.filter(preprocessing.normalise), min_size=1, max_size=3))
def test_any_text_that_can_be_typed_gets_probabilities_the_same_alone_and_in_a_batch(runtime, texts):
    probs = classifier(runtime).predict_proba(texts)
    assert_probabilities(probs, len(texts))
    for text, row in zip(texts, probs, strict=True):
        np.testing.assert_allclose(classifier(runtime).predict_proba(text)[0], row, atol=1e-5, rtol=0)


@drawn
@given(text=st.text(alphabet=ANY_CHARS, max_size=40))
def test_a_text_is_refused_if_and_only_if_nothing_of_it_is_left_after_normalising_or_utf8_cannot_write_it(text):
    try:
        checks.check_texts(text)
    except ValueError as error:
        assert preprocessing.normalise(text) == "" or "surrogate" in str(error)  # noqa: PT017
    else:
        assert preprocessing.normalise(text) != ""
        text.encode()


@drawn
@given(
    texts=st.lists(st.text(alphabet=ANY_CHARS, max_size=20), max_size=5),
    unit=st.sampled_from(["char", "word"]),
)
def test_any_texts_make_a_vocabulary_that_knows_them_or_are_refused(texts, unit):
    try:
        made = preprocessing.TextEncoder.from_texts(texts, unit=unit)
    except ValueError as error:
        assert str(error) == "texts: expected at least one text with a visible character, got none"  # noqa: PT017
        assert not any(preprocessing.normalise(text) for text in texts)
    else:
        assert (made.encode(texts) != preprocessing.UNKNOWN_ID).all()


# --- large files: `make fuzz` -------------------------------------------------------------------------------------


@by_fuzz_alone
@pytest.mark.parametrize("door", ["read_table", "load, thucnews", "read_tagged"])
def test_a_line_of_100_mb_is_read_whole(tmp_path, door):
    rows = with_text("x" * 100_000_000)
    set_up(tmp_path, door, Input([], rows=rows))
    assert DOORS[door].read(tmp_path) == rows


@by_fuzz_alone
def test_a_line_of_100_mb_is_refused_where_it_cannot_be_right(tmp_path):
    rows = with_text("x" * 100_000_000)
    path = set_up(tmp_path, "read_table, CSV", Input([], rows=rows))
    with pytest.raises(ValueError, match="line 4: field larger than field limit"):
        datasets.read_table(path)
    path = set_up(tmp_path, "read_sogou", Input([], rows=rows))
    with pytest.raises(ValueError, match=r"no </doc> within 64 MiB; is it a SogouCS or SogouCA file\?"):
        list(datasets.read_sogou(path))


@by_fuzz_alone
@pytest.mark.parametrize("runtime", options.RUNTIMES)
def test_a_text_of_1_000_000_characters_gets_probabilities(runtime):
    text = "国足客场一球小胜" * 125_000
    start = time.perf_counter()
    assert_probabilities(classifier(runtime).predict_proba(text), 1)
    print(f"{runtime}: {len(text):,} characters in {time.perf_counter() - start:.1f} s")


@by_fuzz_alone
@pytest.mark.parametrize("unit", ["char", "word"])
def test_a_text_of_1_000_000_characters_makes_a_vocabulary(unit):
    made = preprocessing.TextEncoder.from_texts(["股市" * 500_000], unit=unit)
    assert set(made.tokens) == {"股", "市", "股市"} - ({"股市"} if unit == "char" else set())


TEN_MILLION = """
import re, sys
from pathlib import Path
from textrnn import datasets

def peak_gib():  # of this process alone: that of getrusage begins with the parent's
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 2**20

before = peak_gib()
table = datasets.read_table(sys.argv[1])
assert table["label"].value_counts().tolist() == [2_500_000] * 4
assert table["text"].iloc[-1] == "第9999999条"
print(len(table), peak_gib() - before)
"""


@by_fuzz_alone
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_a_table_of_10_000_000_rows_is_read_in_2_gib(tmp_path):
    path = tmp_path / "large.tsv"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"类{row % 4}\t第{row}条\n" for row in range(10_000_000))
    start = time.perf_counter()
    run = subprocess.run([sys.executable, "-c", TEN_MILLION, path], capture_output=True, text=True, check=True)
    num_rows, peak = map(float, run.stdout.split())
    size = path.stat().st_size / 1e6
    print(f"{num_rows:,.0f} rows, {size:.0f} MB: {time.perf_counter() - start:.0f} s, peak +{peak:.1f} GiB")
    assert num_rows == 10_000_000
    assert 0.5 < peak < 2
