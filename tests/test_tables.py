"""Tables of every form through the one reader: forms, columns by name and by content, holes, copies, class names."""

import gzip
import hashlib
import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from conftest import message_of, rows_of, written

from textrnn import datasets, metrics

TEXTS = [
    *('球队主场"赢得"比赛', "股市收盘, 上涨", "女单夺冠；教练落泪", "金价连跌; 买家观望"),
    *("国足客场小胜", "央行下调准备金率"),
]
LABELS = ["sports", "finance"] * 6
TABLE = pd.DataFrame({"label": LABELS, "text": [f"{text}{row}" for row, text in enumerate(TEXTS * 2)]})
ROWS = rows_of(TABLE)
SPEAKS_LF = TABLE.assign(text=TABLE["text"].str.replace("女单", "女单\n"))  # a line break inside a cell


@pytest.fixture
def said():
    """The warnings that a test has seen; it looks at them itself."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def messages(said):
    return [str(warning.message) for warning in said]


def in_r(separator, escaped):
    lines = [separator.join(['"label"', '"text"'])]
    for row, (label, text) in enumerate(ROWS, 1):
        text = text.replace('"', escaped)
        lines.append(separator.join([f'"{row}"', f'"{label}"', f'"{text}"']))
    return "\n".join(lines) + "\n"


def in_csv(separator):
    return TABLE.to_csv(sep=separator, index=False, header=False)


def lines_of(form):
    rows = ((label, text, text.replace('"', '""')) for label, text in ROWS)
    return "".join(form.format(label=label, text=text, quoted=quoted) for label, text, quoted in rows)


WRITE = {
    "pandas.csv": lambda path: SPEAKS_LF.to_csv(path, index=False),
    "with_index.csv": lambda path: SPEAKS_LF.to_csv(path),
    "all_quoted.csv": lambda path: SPEAKS_LF.to_csv(path, index=False, quoting=1),
    "semicolons.csv": lambda path: SPEAKS_LF.to_csv(path, index=False, sep=";"),
    "tabs.csv": lambda path: SPEAKS_LF.to_csv(path, index=False, sep="\t"),
    "quoted.tsv": lambda path: SPEAKS_LF.to_csv(path, index=False, sep="\t"),
    "excel.csv": lambda path: written(path, "sep=;\n" + SPEAKS_LF.to_csv(index=False, sep=";")),
    "mark.csv": lambda path: SPEAKS_LF.to_csv(path, index=False, encoding="utf-8-sig"),
    "wide.csv": lambda path: SPEAKS_LF.to_csv(path, index=False, encoding="utf-16"),
    "packed.csv.gz": lambda path: SPEAKS_LF.to_csv(path, index=False),
    "without_header.csv": lambda path: SPEAKS_LF.to_csv(path, index=False, header=False),
    "records.json": lambda path: SPEAKS_LF.to_json(path, orient="records", force_ascii=False),
    "indented.json": lambda path: SPEAKS_LF.to_json(path, orient="records", indent=2),
    "columns.json": lambda path: SPEAKS_LF.to_json(path),
    "split.json": lambda path: SPEAKS_LF.to_json(path, orient="split"),
    "table.json": lambda path: SPEAKS_LF.to_json(path, orient="table"),
    "lines.json": lambda path: SPEAKS_LF.to_json(path, orient="records", lines=True),
    "lines.jsonl": lambda path: SPEAKS_LF.to_json(path, orient="records", lines=True),
    "lines.jsonl.gz": lambda path: SPEAKS_LF.to_json(path, orient="records", lines=True),
    "columns.parquet": lambda path: SPEAKS_LF.astype({"label": "category"}).to_parquet(path),
    "sheet.xlsx": lambda path: SPEAKS_LF.to_excel(path, index=False),
    "sheet_with_index.xlsx": lambda path: SPEAKS_LF.to_excel(path),
    "r.csv": lambda path: written(path, in_r(",", '""')),
    "r.txt": lambda path: written(path, in_r("\t", '\\"')),
    "fasttext.txt": lambda path: written(path, lines_of("__label__{label} {text}\n")),
    "fasttext_reversed.txt": lambda path: written(path, lines_of("{text}\t__label__{label}\n")),
    "lines.txt": lambda path: written(path, lines_of("{label}\t{text}\n")),
    "no_suffix": lambda path: written(path, lines_of("{label}\t{text}\n")),
    "000000_0": lambda path: written(path, lines_of("{label}\x01{text}\n")),  # of Hive
    "bars.txt": lambda path: written(path, "label|text\n" + in_csv("|")),
    "r_spaces.txt": lambda path: written(path, in_r(" ", '\\"')),
    "spaces.csv": lambda path: written(path, "text, label\n" + lines_of('"{quoted}", "{label}"\n')),
    "stars.csv": lambda path: written(path, "*标题,类别（必填）：\n" + lines_of('"{quoted}",{label}\n')),
    "joined.tsv": lambda path: written(path, "\ufefflabel\ttext\n\ufeff" + lines_of("{label}\t{text}\n")),
    "records_below.json": lambda path: written(path, json.dumps({"version": 1, "news": TABLE.to_dict("records")})),
    "index.json": lambda path: TABLE.to_json(path, orient="index"),
    "pairs.json": lambda path: written(path, json.dumps(ROWS)),
    "lists.jsonl": lambda path: TABLE.assign(label=[[one] for one in LABELS]).to_json(
        path, orient="records", lines=True
    ),
    "bytes.parquet": lambda path: TABLE.map(str.encode).to_parquet(path),
}


@pytest.mark.parametrize("name", WRITE)
def test_a_table_reads_the_same_in_every_form(tmp_path, name, said):
    WRITE[name](tmp_path / name)
    table = datasets.read_table(tmp_path / name)
    assert rows_of(table.replace("\n", "", regex=True)) == ROWS
    assert messages(said) == []


@pytest.mark.parametrize(
    "names", ["title,category", "标题,类别", "Sentence,Class", '"Content"," Label "', "headline,标签"]
)
def test_columns_are_known_by_the_names_that_people_give_them(tmp_path, names, said):
    path = tmp_path / "a.csv"
    header = f"id,{names},date\n"
    written(path, header + "".join(f"{n},一则{n},{LABELS[n]},2024-01-0{n + 1}\n" for n in range(4)))
    assert rows_of(datasets.read_table(path)) == [(LABELS[n], f"一则{n}") for n in range(4)]
    assert messages(said) == []


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.xlsx"])
def test_what_stands_above_the_header_is_left_out_and_said(tmp_path, name, said):
    path, rows = (
        tmp_path / name,
        [["新闻标注结果", None, None], [None] * 3, ["制表：甲", None, "2024"], ["编号", "类别", "标题"]],
    )
    rows += [[number, *row] for number, row in enumerate(ROWS)]
    if name == "a.xlsx":
        with pd.ExcelWriter(path) as book:
            pd.DataFrame(["old"]).to_excel(book, sheet_name="hidden")
            pd.DataFrame(["how the rows were made"]).to_excel(book, sheet_name="notes", index=False, header=False)
            pd.DataFrame(rows).to_excel(book, sheet_name="rows", index=False, header=False)
            book.book["hidden"].sheet_state = "hidden"
    else:
        pd.DataFrame(rows).to_csv(path, sep=",\t"[name == "a.tsv"], index=False, header=False)
    assert rows_of(datasets.read_table(path)) == ROWS
    *sheets, message = messages(said)
    unit = "row" if name == "a.xlsx" else "line"
    assert message == f"{path}: {unit} 4 is the header; what stands above is left out: '新闻标注结果'"
    assert sheets == [f"{path}: read the sheet 'rows', not notes"] * (name == "a.xlsx")


@pytest.mark.parametrize(
    ("header", "row", "text", "label"),
    [
        ("", "{text}\t{label}", "column 1", "column 2"),
        ("", "{text}\t{number}", "column 1", "column 2"),
        ("", "{row}\t{label}\t{text}", "column 3", "column 2"),
        ("nr\tqueue\twhat\n", "T{row}\t{label}\t{text}", "'what'", "'queue'"),
        ("day\twhat\tqueue\n", "2024-05-1{row}\t{text}\t{label}", "'what'", "'queue'"),
        ("message\tqueue\turl\n", "{text}\t{label}\thttp://x/{row}", "", "'queue'"),
        ("v1\tv2\t\t\n", "{label}\t{text}\t\t", "'v2'", "'v1'"),
        ("score\tkind\twhat\n", "0.{row}7\t{label}\t{text}", "'what'", "'kind'"),
    ],
)
def test_columns_without_known_names_are_told_by_what_they_hold_and_that_is_said(
    tmp_path, header, row, text, label, said
):
    rows = enumerate(ROWS)
    lines = [row.format(row=n, label=label, text=text, number=LABELS.index(label)) for n, (label, text) in rows]
    lines[2] += "one that is left over" * lines[2].endswith("\t")
    path = written(tmp_path / "a.tsv", header + "\n".join(lines) + "\n")
    table = datasets.read_table(path)
    assert list(table["text"]) == list(TABLE["text"])
    assert set(table["label"]) in ({"sports", "finance"}, {"0", "1"})
    (message,) = messages(said)
    what = f"{text} as text and {label}" if text else label
    assert message.startswith(f"{path}: read {what} as label, by what")
    assert "text_column" in message


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("title\tcontent\tlabel\n", "{text}\t{text}!\t{label}", "which column holds the texts, 'title' or 'content'?"),
        ("text_a\ttext_b\tlabel\n", "{text}\t{text}!\t{label}", "which column holds the texts, 'text_a' or 'text_b'?"),
        ("text\tqueue\tplace\n", "{text}\t{label}\t{other}", "which column holds the labels, 'queue' or 'place'?"),
        ("text\ttype\tcategory\n", "{text}\t{label}\t{other}", "which column holds the labels, 'type' or 'category'?"),
        ("", "{text}\t{text}!", "which column holds the texts, column 1 or column 2?"),
        ("text\tlabel\ttext\n", "{text}\t{label}\t{text}", "which column holds the texts, column 1 or column 3?"),
        ("id\ttext\n", "{row}\t{text}", "which column holds the labels? got 'id', 'text'; name it with label_column"),
    ],
)
def test_two_readings_that_are_as_likely_are_refused_with_both(tmp_path, header, row, message):
    lines = [row.format(row=n, text=text, label=label, other="ab"[n // 2 % 2]) for n, (label, text) in enumerate(ROWS)]
    path = written(tmp_path / "a.tsv", header + "\n".join(lines) + "\n")
    got = message_of(ValueError, datasets.read_table, path)
    assert got.startswith(f"{path}: line 1: {message}")
    assert len(got) < 300


def test_words_before_a_short_label_are_the_text_however_few_rows_there_are(tmp_path):
    rows = ["I loved this film a lot\tpos", "not my taste at all\tneg", "it was fine I guess\tpos"]
    for number in (1, 2, 3):
        path = written(tmp_path / "a.tsv", "\n".join(rows[:number]) + "\n")
        with pytest.warns(UserWarning, match="read column 1 as text and column 2 as label"):
            assert list(datasets.read_table(path)["label"]) == ["pos", "neg", "pos"][:number]
    labels_first = written(tmp_path / "b.tsv", "entertainment\t新片\nfinance\t降准\nentertainment\t新片\n")
    assert list(datasets.read_table(labels_first)["text"]) == ["新片", "降准", "新片"]


def test_a_header_of_unknown_names_stands_above_what_is_no_name(tmp_path):
    for rows in (
        ["国足小胜,1", "股市下跌,2", "女排夺冠,3"],
        ["I want my money,pay", "cannot sign in,web", "my box broke,pay"],
    ):
        path = written(tmp_path / "a.csv", "\n".join(["what,kind_of", *rows]) + "\n")
        with pytest.warns(UserWarning, match="read 'what' as text, by what the columns hold"):
            assert list(datasets.read_texts(path)) == [row.partition(",")[0] for row in rows]


def test_a_header_in_chinese_is_one_and_the_ends_of_its_names_decide_between_columns(tmp_path):
    rows = [
        f"T{100 + n},2026-01-0{n + 1},{'高低'[n % 2]},第 {n} 次无法登录账户,{'账户退款'[n % 2 * 2 :][:2]}"
        for n in range(8)
    ]
    path = written(tmp_path / "a.csv", "\n".join(["工单号,创建时间,优先级,问题描述,问题分类", *rows]) + "\n")
    with pytest.warns(UserWarning, match="read '问题描述' as text and '问题分类' as label, by what the columns hold"):
        table = datasets.read_table(path)
    assert list(table["label"]) == ["账户", "退款"] * 4
    path = written(tmp_path / "b.csv", "\n".join(["ticket,day,urgency,issue_text,issue_category", *rows]) + "\n")
    with pytest.warns(UserWarning, match="'issue_text' as text and 'issue_category' as label"):
        assert datasets.read_table(path).equals(table)
    path = written(tmp_path / "c.csv", "\n".join(["ticket,day,user_category,issue_text,issue_category", *rows]) + "\n")
    with pytest.raises(ValueError, match="the labels, 'user_category' or 'issue_category'"):
        datasets.read_table(path)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("категория,текст", ["спорт,Команда выиграла матч", "деньги,Акции снова упали"]),
        ("сфера,сообщение", ["спорт,Команда выиграла матч", "деньги,Акции снова упали"]),  # in no list
        ("Kategorie,Überschrift", ["Sport,Köln gewinnt das Spiel", "Geld,Die Börse fällt über Nacht"]),
        ("ラベル,テキスト", ["スポーツ,ホームチームが試合に勝った", "経済,株価は火曜日に再び下落した"]),
        ("라벨,텍스트", ["스포츠,홈팀이 경기에서 이겼다", "경제,주가가 다시 하락했다"]),
        ("التصنيف,النص", ["رياضة,فاز الفريق بالمباراة", "مال,هبطت الأسهم مرة أخرى"]),
        ("श्रेणी,पाठ", ["खेल,टीम ने मैच जीता", "धन,शेयर फिर गिरे"]),
    ],
)
def test_a_header_in_another_language_is_no_text(tmp_path, said, header, rows):
    rows = [f"{row} {number}" for number in range(4) for row in rows]
    path = written(tmp_path / "a.csv", "\n".join([header, *rows]) + "\n")
    assert list(datasets.read_texts(path)) == [row.partition(",")[2] for row in rows]
    assert len(datasets.read_table(path)) == 8
    spread = written(tmp_path / "b.csv", "\n".join(rows) + "\n")  # without a header no row is lost
    assert len(datasets.read_table(spread)) == 8


def test_a_warning_points_at_the_line_that_asked_for_the_table(tmp_path):
    path = written(tmp_path / "a.tsv", "体育\t国足\n财经\t\n体育\t女排\n")
    with pytest.warns(UserWarning, match="1 of 3 rows left out") as caught:
        datasets.read_table(path)
    assert [one.filename for one in caught if one.category is UserWarning] == [__file__]


def test_a_set_without_columns_refuses_to_choose_among_them(tmp_path):
    for name in ("atis", "sogou"):
        got = message_of(ValueError, datasets.load, name, data_dir=tmp_path, text_column="body")
        assert got == f"text_column: {name} has no columns to choose from, got 'body'"


def test_a_column_is_named_or_counted_and_both_win_over_what_the_kit_knows(tmp_path, said):
    path = written(tmp_path / "a.csv", "title,content,label,kind\n" + "一,甲,x,u\n二,乙,y,v\n三,丙,x,u\n")
    wanted = [("u", "甲"), ("v", "乙"), ("u", "丙")]
    assert rows_of(datasets.read_table(path, text_column="content", label_column="kind")) == wanted
    assert rows_of(datasets.read_table(path, text_column="2", label_column="4")) == wanted
    bare = written(tmp_path / "b.tsv", "一\t甲\tx\n二\t乙\ty\n")
    assert rows_of(datasets.read_table(bare, text_column="2", label_column="3")) == [("x", "甲"), ("y", "乙")]
    assert messages(said) == []


def test_the_header_of_a_second_file_with_other_columns_is_refused(tmp_path):
    path = written(tmp_path / "a.tsv", "label\ttext\na\t一\ntext\tlabel\n二\tb\n")
    got = message_of(ValueError, datasets.read_table, path)
    assert got == f"{path}: line 3: a second header, with its columns in another order; split the file there"


def test_a_text_file_in_brackets_is_no_json(tmp_path):
    path = written(tmp_path / "a.txt", "a\t[图文] 国足\nb\t{股市}\n")
    assert rows_of(datasets.read_table(path)) == [("a", "[图文] 国足"), ("b", "{股市}")]
    for texts in (
        ["[图文] 国足", "{股市}"],
        ["评论 | 国足", "股市", "女排 | 夺冠 | 组图"],
        ["新闻（图）", "国足"],
        ['"国足" "女排"'] * 2,
    ):
        path = written(tmp_path / "b.txt", "\n".join(texts))
        assert list(datasets.read_texts(path)) == texts


def test_a_table_in_memory_may_have_missing_values_of_pandas_and_a_name_twice(said):
    table = TABLE.assign(label=pd.array([None, 1, 0, 1] * 3, dtype="Int64"))
    assert list(datasets.read_table(table)["label"]) == ["1", "0", "1"] * 3
    assert messages(said) == ["table: 3 of 12 rows left out, without a text or a label: row 1, 5, 9"]
    table = pd.concat([TABLE, TABLE["label"].rename("note"), TABLE["label"].rename("note")], axis=1)
    assert rows_of(datasets.read_table(table)) == ROWS
    assert rows_of(datasets.read_table(pa.Table.from_pandas(TABLE))) == ROWS


@pytest.mark.parametrize("labels", [[0, 1] * 6, [True, False] * 6, pd.Categorical(["x", "y"] * 6), [1.0, 2.0] * 6])
def test_labels_of_every_kind_in_a_table_in_memory_become_their_names(labels):
    table = pd.DataFrame({"id": range(12), "text": TABLE["text"], "label": labels}).iloc[::-1]
    read = datasets.read_table(table)
    assert list(read["text"]) == list(TABLE["text"])[::-1]
    names = {"1.0": "1", "2.0": "2"}
    assert list(read["label"]) == [names.get(str(label), str(label)) for label in labels][::-1]
    assert len(datasets.load(table).train) == 8


def test_lists_and_bytes_in_a_table_are_what_they_hold_or_are_refused(tmp_path):
    table = TABLE.assign(label=[np.array([label]) for label in TABLE["label"]])  # as pandas reads lists of Parquet
    assert rows_of(datasets.read_table(table)) == ROWS
    table = TABLE.assign(**{name: TABLE[name].str.encode("utf-8") for name in ("text", "label")})
    assert rows_of(datasets.read_table(table)) == ROWS
    for name in ("text", "label"):
        path = tmp_path / "a.parquet"
        table.assign(**{name: table[name] + b"\xff"}).to_parquet(path)
        got = message_of(ValueError, datasets.read_table, path)
        assert got.startswith(f"{path}: row 1: expected a {name} in UTF-8, got b'")


def test_marks_of_fasttext_in_a_cell_are_part_of_it_and_its_comma_is_none_of_the_text(tmp_path):
    path = written(tmp_path / "a.csv", "label,text\n" + "__label__a,国足客场小胜\n__label__b,股市下跌\n" * 3)
    assert rows_of(datasets.read_table(path))[:2] == [("__label__a", "国足客场小胜"), ("__label__b", "股市下跌")]
    path = written(tmp_path / "a.txt", "__label__a , 国足, 客场小胜\n__label__b , 股市下跌\n" * 3)
    assert rows_of(datasets.read_table(path))[:2] == [("a", "国足, 客场小胜"), ("b", "股市下跌")]


def test_what_excel_escapes_is_read_as_it_was(tmp_path):
    pd.DataFrame({"label": ["a", "b"], "text": ["国足_x000D_\n小胜", "x_005f"]}).to_excel(
        tmp_path / "a.xlsx", index=False
    )
    assert list(datasets.read_table(tmp_path / "a.xlsx")["text"]) == ["国足\r\n小胜", "x_005f"]


def test_several_labels_of_a_row_are_refused(tmp_path):
    path = written(tmp_path / "a.txt", "__label__a 一\n__label__a __label__b 二\n")
    assert message_of(ValueError, datasets.read_table, path) == f"{path}: line 2: expected one label, got 2: a, b"
    path = written(tmp_path / "a.jsonl", '{"text": "一", "label": "a"}\n{"text": "二", "label": ["a", "b"]}\n')
    assert message_of(ValueError, datasets.read_table, path) == f"{path}: line 2: expected one label, got ['a', 'b']"
    path = written(tmp_path / "a.csv", 'text,label\n一,"a\nb"\n')
    got = message_of(ValueError, datasets.read_table, path)
    assert got == f"{path}: line 2: expected a label in one line, without controls, got 'a\\nb'"


# --- holes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet", "a.xlsx"])
def test_rows_with_a_hole_are_left_out_and_counted_or_refused(tmp_path, name, said):
    table = TABLE.copy()
    table.loc[3, "text"], table.loc[5, "label"] = None, None
    path = tmp_path / name
    write = {
        "a.csv": lambda: table.to_csv(path, index=False),
        "a.jsonl": lambda: table.to_json(path, orient="records", lines=True),
        "a.parquet": lambda: table.to_parquet(path),
        "a.xlsx": lambda: table.to_excel(path, index=False),
    }
    write[name]()
    read = datasets.read_table(path)
    assert rows_of(read) == [row for place, row in enumerate(ROWS) if place not in (3, 5)]
    lines = {"a.csv": "line 5, 7", "a.jsonl": "line 4, 6", "a.parquet": "row 4, 6", "a.xlsx": "row 5, 7"}[name]
    assert messages(said) == [f"{path}: 2 of 12 rows left out, without a text or a label: {lines}"]
    got = message_of(ValueError, datasets.read_table, path, on_empty="error")
    assert got == f"{path}: {lines.partition(',')[0]}: expected a text, got none"
    texts = datasets.read_texts(path)
    assert [next(texts) for _ in range(3)] == list(TABLE["text"][:3])
    assert message_of(ValueError, next, texts).endswith(": expected a text, got none")


def test_a_table_of_holes_alone_is_refused(tmp_path):
    path = written(tmp_path / "a.csv", "text,label\n,\n,a\n一,\n")
    with pytest.warns(UserWarning, match="3 of 3 rows left out"):
        got = message_of(ValueError, datasets.read_table, path)
    assert got == f"{path}: expected at least one row with a text and a label, got none"


# --- folders and the names of classes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("train", "dev"),
    [
        ("train.csv", "validation.csv"),
        ("train.tsv", "val.jsonl"),
        ("training.txt", "valid.parquet"),
        ("news.train.txt", "news.dev.txt"),
        ("train.csv.gz", "dev.xlsx"),
    ],
)
def test_the_splits_of_a_folder_are_known_by_the_names_that_people_give_them(tmp_path, train, dev, said):
    for name, rows in ((train, TABLE), (dev, TABLE[:4])):
        suffix = name.removesuffix(".gz").rpartition(".")[2]
        {
            "csv": lambda rows, path: rows.to_csv(path, index=False),
            "tsv": lambda rows, path: rows.to_csv(path, index=False, sep="\t"),
            "txt": lambda rows, path: rows.to_csv(path, index=False, header=False, sep="\t"),
            "jsonl": lambda rows, path: rows.to_json(path, orient="records", lines=True),
            "parquet": lambda rows, path: rows.to_parquet(path),
            "xlsx": lambda rows, path: rows.to_excel(path, index=False),
        }[suffix](rows, tmp_path / name)
    (tmp_path / ".DS_Store").write_bytes(b"\0\1")
    (tmp_path / "notes.txt").write_text("how the rows were made")
    splits = datasets.load(tmp_path)
    assert [rows_of(splits.train), rows_of(splits.dev), splits.test] == [ROWS, ROWS[:4], None]
    assert messages(said) == []


def test_two_files_for_one_split_are_refused_by_name(tmp_path):
    for name in ("train.csv", "val.csv", "dev.tsv"):
        written(tmp_path / name, "a\t一\nb\t二\n")
    got = message_of(ValueError, datasets.load, tmp_path)
    assert got == f"{tmp_path}: which file is dev, dev.tsv or val.csv? Give a folder with one of them"


def test_texts_in_a_folder_for_each_class_are_a_table(tmp_path, said):
    for row, (label, text) in enumerate(ROWS):
        written(tmp_path / "all" / label / f"{row:02}.txt", f"{text}\n第二行\n")
        written(tmp_path / "set" / "train" / label / f"{row:02}.txt", text)
        written(tmp_path / "set" / "test" / label / f"{row:02}.txt", text)
    written(tmp_path / "all" / "sports" / ".DS_Store", b"\0\1")
    written(tmp_path / "all" / "Thumbs.db", b"\0\1")
    table = datasets.read_table(tmp_path / "all")
    assert sorted(rows_of(table)) == sorted((label, f"{text}\n第二行") for label, text in ROWS)
    assert messages(said) == []
    for path in (tmp_path / "all" / "sports").glob("*.txt"):
        path.write_bytes(path.read_bytes().decode().encode("gbk"))
    assert datasets.read_table(tmp_path / "all").equals(table)
    (message,) = messages(said)
    assert message.startswith(f"{tmp_path / 'all' / 'sports' / '00.txt'}: read as gb18030, as it is not UTF-8; pass")
    assert message.endswith(" (so were 5 other files)")
    assert [len(part) for part in datasets.load(tmp_path / "all")] == [8, 2, 2]
    splits = datasets.load(tmp_path / "set")
    assert [sorted(rows_of(splits.train)), splits.dev, len(splits.test)] == [sorted(ROWS), None, 12]


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize(
    "form", ["{name}\n", "{id} {name}\n", "{id},{name}\n", "{id}. {name}\n", "{name}\t{id}\n", "{name} {id}\n"]
)
def test_numbers_of_classes_get_the_names_beside_the_file_counted_from_0_or_from_1(tmp_path, start, form, said):
    names = ["sports news", "money & markets"]
    written(tmp_path / "class.txt", "".join(form.format(name=name, id=n) for n, name in enumerate(names, start)))
    numbers = [LABELS.index(label) + start for label in LABELS]
    for split, rows in (("train", 12), ("dev", 3 - 2 * start)):  # dev need not hold the number that tells
        lines = zip(TABLE["text"][:rows], numbers[:rows], strict=True)
        written(tmp_path / f"{split}.txt", "".join(f"{text}\t{number}\n" for text, number in lines))
    splits = datasets.load(tmp_path)
    expected = [names[number - start] for number in numbers]
    assert list(splits.train["label"]) == expected
    assert list(splits.dev["label"]) == expected[: len(splits.dev)]
    assert list(datasets.read_table(tmp_path / "train.txt")["label"]) == expected
    assert [
        label for piece in datasets.read_chunks(tmp_path / "train.txt", num_rows=5) for label in piece["label"]
    ] == (expected)
    assert messages(said) == []


# --- copies -----------------------------------------------------------------------------------------------------------


def test_copies_on_both_sides_of_a_split_are_counted_and_one_option_keeps_them_together(said):
    table = pd.concat([TABLE, TABLE.assign(text="《" + TABLE["text"] + "》")] * 2, ignore_index=True)
    splits = datasets.split_table(table, seed=1)
    known = set(splits.train["text"].str.strip("《》"))
    for split, message in zip(("dev", "test"), messages(said), strict=True):
        part = getattr(splits, split)
        number = part["text"].str.strip("《》").isin(known).sum()
        assert message.startswith(f"{number} of the {len(part)} texts of {split} have a copy in train, so scores on")
        assert "copies_together" in message
    said.clear()
    splits = datasets.split_table(table, seed=1, copies_together=True)
    assert sum(map(len, splits)) == len(table)
    texts = [set(part["text"].str.strip("《》")) for part in splits]
    assert [len(one & other) for one, other in zip(texts, texts[1:] + texts[:1], strict=True)] == [0, 0, 0]
    assert all(set(part["label"]) == {"sports", "finance"} for part in splits)
    assert messages(said) == []


def test_a_table_without_copies_is_split_as_ever():
    splits = datasets.split_table(TABLE, seed=3)
    together = datasets.split_table(TABLE, seed=3, copies_together=True)
    assert [set(part["text"]) for part in splits] == [set(part["text"]) for part in together]


# --- what is read once ------------------------------------------------------------------------------------------------


def test_the_hash_of_a_table_is_that_of_the_bytes_that_were_read(tmp_path):
    path = written(tmp_path / "a.tsv", "a\t一\nb\t二\n")
    packed = written(tmp_path / "a.tsv.gz", gzip.compress(path.read_bytes()))
    for one in (path, packed):
        assert datasets.read_table(one).attrs["sha256"] == hashlib.sha256(one.read_bytes()).hexdigest()


def test_a_key_that_only_later_records_have_is_told_once(tmp_path, said):
    records = [{"text": "一", "label": "a"}] * 250 + [{"text": "二", "label": "b", "note": "x"}] * 3
    path = written(tmp_path / "a.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    assert len(datasets.read_table(path)) == 253
    assert messages(said) == [f"{path}: line 251: 'note' is left out: the first records lack it"]


def test_messages_about_tables_are_short(tmp_path):
    many = written(tmp_path / "many.tsv", "".join(f"c{n}\t第{n}条\n" for n in range(5000)) * 2)
    other = written(tmp_path / "other.tsv", "nowhere\t一\n")
    got = message_of(ValueError, datasets.read_files, many, other)
    assert got.startswith(f"{other}: row 1: label 'nowhere' has no row in train, which has ")
    assert got.endswith(" and 4994 more")
    assert len(got) < 300
    long = pd.DataFrame({"text": ["一", "二"] * 2, "label": ["甲" * 9000, "乙" * 9000] * 2})
    assert len(message_of(ValueError, metrics.label_ids, long["label"], list(set(LABELS)) * 900)) < 400
    assert len(message_of(ValueError, datasets.load, long)) < 200
    assert len(message_of(ValueError, datasets.load, ROWS)) < 200
