"""The readers of files as doors: how rows come into a file of each form, and out of it again."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from conftest import rows_of

from textrnn import datasets

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


def make_folder(path):
    path.unlink()
    path.mkdir()


TWINS = "label {!r} differs by case, width or white space alone from {!r} in line {}"
CJK = "球".encode()


def set_up(folder, door, input_):
    for name, text in DOORS[door].write(input_.rows).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(input_.spoil(text) if name == DOORS[door].bad else text.encode())
    path = folder / DOORS[door].bad
    input_.place(path)
    return path
