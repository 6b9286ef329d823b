"""Each input that a reader of files may meet, with its outcome; it stands here and nowhere else in the tests."""

import codecs
import gzip
import io
import itertools
import zipfile
from pathlib import Path

from doors import (
    ASTRAL,
    CJK,
    FAMILY,
    HEBREW,
    ROWS,
    SOGOU,
    TABLES,
    TAGGED,
    TEXTS,
    TWINS,
    Fails,
    Input,
    both_kinds,
    everywhere,
    make_folder,
    with_label,
    with_text,
)


def without_row(row, *, doors=(*TABLES, "load, thucnews")):
    """The outcome of a row that lacks a text or a label: it is left out, which may leave too little to split."""
    lacks = Fails(f"label {ROWS[row][0]!r} has 2 row(s); 3 are needed to stand in every split")
    left = [one for place, one in enumerate(ROWS) if place != row]
    return [(tuple(door for door in doors if door != "load, file"), left), (("load, file",), lacks)]


def gzipped(text):
    return gzip.compress(text.encode())


def zipped(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.tsv", text)
    return file.getvalue()


def replaced(old, new):
    return lambda text: text.encode().replace(old, new, 1)


GUESSED = 'read as {}, as it is not UTF-8; pass encoding="{}" if that is right, else its own'
NO_DOCUMENT = Fails("expected <doc>…</doc> markup of SogouCS or SogouCA, got no document")
LEFT_OUT = "1 of {} rows left out, without a text or a label: line {}"
ARCHIVE = "expected text, got a {} file; unpack it, or save its table as text, first"
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
        without_row(3), rows=with_text("\x07\x1b"), warns=LEFT_OUT.format(6, 4)
    ),
    "a sentence of control characters alone": Input(
        [((*TAGGED, "read_sogou"), with_text("\x07\x1b"))], rows=with_text("\x07\x1b")
    ),
    "a text that cannot be seen": Input(
        without_row(3), rows=with_text("\u200b\ufeff \u3000"), warns=LEFT_OUT.format(6, 4)
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
            (("load, thucnews",), Fails("line 4: expected 2 columns, got 3 columns")),
            (("read_table, CSV", *SOGOU), with_text("央行\t降准")),
            (TAGGED, with_text("央行 降准")),
        ],
        rows=with_text("央行\t降准"),
    ),
    "a line of 5 MB": Input(
        [
            ((*TEXTS, "read_sogou"), with_text("x" * 5_000_000)),
        ],
        rows=with_text("x" * 5_000_000),
    ),
    "a text of 1,000,000 characters": Input(
        [(("read_table", "read_chunks", "load, thucnews", "read_sogou"), with_text("字" * 1_000_000))],
        rows=with_text("字" * 1_000_000),
    ),
    "a text of no characters": Input(without_row(3), rows=with_text(""), warns=LEFT_OUT.format(6, 4)),
    "a sentence of no characters": Input(
        [(("read_sogou",), with_text("")), (TAGGED, Fails("line 4: got an empty line"))], rows=with_text("")
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
    "a header of which one name is the kit's": Input([(TABLES, ROWS)], rows=[("category", "text"), *ROWS]),
    "a header in capitals": Input([(TABLES, ROWS)], rows=[("Label", "Text"), *ROWS]),
    "a header of other names": Input([(TABLES, ROWS)], rows=[("类别", "标题"), *ROWS]),
    "a header of names that nobody knows": Input(
        [(("read_table", "read_table, CSV", "read_chunks", "load, folder"), [("甲", "乙"), *ROWS])],
        rows=[("甲", "乙"), *ROWS],
        warns="line 1: label '甲' stands in no other row; if the line is a header, pass its names as text_column and",
    ),
    "a header that stands again in the middle": Input(
        [(TABLES, ROWS)],
        rows=[("label", "text"), *ROWS[:3], (" Label", "text"), *ROWS[3:]],
        warns="line 5: a header stands again, as where files were joined; left out",
    ),
    "an empty line at the end": Input([(TEXTS, ROWS)], spoil=lambda text: text.encode() + b"\n"),
    "an empty line at the start": Input(
        [((*TABLES, "load, thucnews"), ROWS)], spoil=lambda text: b"\n" + text.encode()
    ),
    "an empty line in the middle": Input(
        [((*TABLES, "load, thucnews"), ROWS)], spoil=replaced(b"\n", b"\n\n"), warns=LEFT_OUT.format(7, 2)
    ),
    "too few columns": Input(
        [
            (
                ("read_table", "read_chunks", "load, file", "load, folder"),
                Fails("line 2: expected `label<TAB>text`, got 1 column"),
            ),
            (("load, thucnews",), Fails("line 1: expected `label<TAB>text`, got 1 column")),
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
    "gzip": Input([(TEXTS, ROWS), (SOGOU, Fails(ARCHIVE.format("gzip")))], spoil=gzipped),
    "a gzip that is cut": Input([(TEXTS, Fails("damaged gzip: "))], spoil=lambda text: gzipped(text)[:-9]),
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
    "a missing label": Input(without_row(2, doors=TABLES), rows=with_label(""), warns=LEFT_OUT.format(6, 3)),
    "a missing intent": Input(
        [(TAGGED, Fails("line 3: expected a label, got none", file="label"))], rows=with_label("")
    ),
    "a missing label of white space": Input(
        without_row(2, doors=TABLES), rows=with_label(" \u3000"), warns=LEFT_OUT.format(6, 3)
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
        [((*TABLES, "load, thucnews"), with_text("NA"))],
        rows=with_text("NA"),
        warns="line 4 (NA): read as it stands, though it may mean that nothing is there",
    ),  # a table read by pandas would lose them
    "words for missing values among what is no table": Input(
        [((*TAGGED, "read_sogou"), with_text("NA"))], rows=with_text("NA")
    ),
    "marks for missing values": Input(without_row(3), rows=with_text("\\N"), warns=LEFT_OUT.format(6, 4)),
    "emoji with joiners": Input(everywhere(with_text(FAMILY + "夺冠👍🏽🇨🇳❤️")), rows=with_text(FAMILY + "夺冠👍🏽🇨🇳❤️")),
    "right-to-left marks": Input(everywhere(with_text(HEBREW)), rows=with_text(HEBREW)),
    "characters outside the basic plane": Input(everywhere(with_text(ASTRAL)), rows=with_text(ASTRAL)),
}
