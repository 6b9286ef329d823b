"""Every reader with every bad file: it reads it as a user wants, or one error tells file, line, expected and got."""

import contextlib
import itertools
import os
import re
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from bad_files import INPUTS
from conftest import rows_of
from doors import (
    DOORS,
    ROWS,
    SHUFFLING,
    TWINS,
    Fails,
    in_csv,
    in_thucnews,
    in_tsv,
    set_up,
)

from textrnn import datasets

OTHER_ENCODING = "; give encoding= (--encoding) if it is in another"
CELLS = [
    pytest.param(input_, door, outcome, id=f"{name} - {door}")
    for name, input_ in INPUTS.items()
    for doors, outcome in input_.outcomes
    for door in doors
]


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
        with pytest.raises(ValueError, match=r"a\.tsv: line 3: expected UTF-8, got byte 0xff; give encoding="):
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
    advice = rf'try encoding="{encoding}" \(--encoding {encoding}\)'
    with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}: line \d: .*; {advice}$"):
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
        ("a.tsv", "id\ttext\tlabel\n1\tb\n", "line 2: expected 3 columns, got 2 columns, '1\\tb'"),
        (
            "a.tsv",
            "a\tb\n\tc\td\n",
            "line 2: expected `label<TAB>text`, got 3 columns, '\\tc\\td'; is a tab in a text?",
        ),
        (
            "a.tsv",
            "text\tlabel\nb\ta\tc\nd\ta\tc\n",
            "line 2: expected 2 columns, got 3 columns, 'b\\ta\\tc'; is a tab in a text?",
        ),
        ("a.txt", "a b\nc d\n", "line 1: expected `label<TAB>text`, got 1 column, 'a b'"),
        (
            "a.md",
            "| text | label |\n|---|---|\n| b | a |\n",
            "line 1: expected `label<TAB>text`, got 1 column, '| text | label |'",
        ),
        (
            "a.csv",
            'a,"b\nb"\nc,d,e\n',
            "line 3: expected `label,text`, got 3 columns, 'c,d,e'; a cell that holds ',' needs quotes",
        ),
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
        ({"label": b"flight\n\xff\n"}, f"label: line 2: expected UTF-8, got byte 0xff{OTHER_ENCODING}"),
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
        ({"name": 3}, ValueError, "name: expected one of headlines, thucnews, sogou, atis, a path or a table, got 3"),
        (
            {"name": "{}"},
            FileNotFoundError,
            "{}: expected train.tsv or train.csv in it (.jsonl, .parquet",
        ),
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
    with pytest.raises(ValueError, match=r"class\.txt: expected each class once, got 'finance', 'finance'$"):
        datasets.load("thucnews", data_dir=tmp_path)
