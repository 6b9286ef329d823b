"""Tables as people have them: what names no column, what repeats, what Excel and pandas leave, what is no table."""

import json
import subprocess
import sys

import numpy as np
import openpyxl
import pandas as pd
import pytest

from textrnn import TextRNNClassifier, datasets, experiments, load_classifier
from textrnn.datasets import read_table

NEWS = [
    ("体育", "国足客场一球小胜"),
    ("财经", "央行宣布下调存款准备金率"),
    ("体育", "女排逆转夺得冠军"),
    ("财经", "沪指午后跳水成交放大"),
]
ROWS = [(label, f"{text}{number}") for number in range(4) for label, text in NEWS]
SERVICES = ["售后服务/退换货流程咨询", "财务服务/发票与报销咨询", "物流服务/订单配送状态查询"]


def written(path, *rows, separator="\t"):
    path.write_text("".join(separator.join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def pairs(table):
    return list(zip(table["label"], table["text"], strict=True))


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("asked", [{}, {"text_column": 1, "label_column": 2}])
def test_numbers_of_columns_that_pandas_writes_are_no_row_and_no_names(tmp_path, index, asked):
    asked = {name: number + index for name, number in asked.items()}
    pd.DataFrame([(text, label) for label, text in ROWS]).to_csv(tmp_path / "a.csv", index=index)
    with pytest.warns(UserWarning, match="taken for the numbers of columns that pandas writes"):
        assert pairs(read_table(tmp_path / "a.csv", **asked)) == ROWS


def test_one_column_is_not_text_and_label(tmp_path):
    path = written(tmp_path / "a.csv", ("text", "label"), *ROWS, separator=",")
    for label in ("text", "1"):
        with pytest.raises(ValueError, match=r"text_column and label_column both name 'text'; give two columns"):
            read_table(path, text_column="text", label_column=label)


@pytest.mark.parametrize("first", ["label", "text"])
def test_of_two_columns_the_one_that_repeats_is_the_label_however_long(tmp_path, first):
    rows = [(SERVICES[number % 3], f"想退货{number}") for number in range(60)]
    path = written(tmp_path / "a.tsv", *(row if first == "label" else row[::-1] for row in rows))
    if first == "text":
        with pytest.warns(UserWarning, match="read column 1 as text and column 2 as label"):
            assert pairs(read_table(path)) == rows
    else:
        assert pairs(read_table(path)) == rows


@pytest.mark.parametrize(
    "header",
    ["工单类型,工单内容", "情感标签,评论文本", "意图分类,话术", "新闻类型,新闻名称", "Category/类别,Title/标题"],
)
def test_names_that_end_as_names_of_columns_do_are_a_header(tmp_path, header):
    path = written(tmp_path / "a.csv", header.split(","), *ROWS, separator=",")
    with pytest.warns(UserWarning, match="by what the columns hold"):
        assert pairs(read_table(path)) == ROWS


def test_a_headline_that_ends_so_is_none(tmp_path):
    rows = [("房产", "房价成最大问题"), ("社会", "他的新主题"), *ROWS]
    assert pairs(read_table(written(tmp_path / "a.tsv", *rows))) == rows


@pytest.mark.parametrize("error", ["#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#N/A"])
def test_errors_of_excel_are_holes(tmp_path, error):
    rows = [*ROWS, (error, "一条标题"), ("体育", error)]
    with pytest.warns(UserWarning, match="2 of 18 rows left out, without a text or a label"):
        assert pairs(read_table(written(tmp_path / "a.tsv", *rows))) == ROWS


def test_a_number_is_one_label_in_every_spelling(tmp_path):
    rows = [("1", "甲"), ("2", "乙"), ("1.0", "丙"), ("02", "丁"), ("-1", "戊")]
    with pytest.warns(UserWarning, match="is taken for") as told:
        found = read_table(written(tmp_path / "a.tsv", *rows), text_column="2", label_column="1")
    assert list(found["label"]) == ["1", "2", "1", "2", "-1"]
    assert [str(one.message).split(": ")[-1] for one in told] == [
        "label '1.0' is taken for '1' in line 1",
        "label '02' is taken for '2' in line 2",
    ]


def test_of_several_sheets_the_one_with_texts_and_labels_is_read(tmp_path):
    book = openpyxl.Workbook()
    for row in [("类别", "数量"), ("体育", 8), ("财经", 8)]:
        book.active.append(row)
    sheet = book.create_sheet("数据")
    for row in [("类别", "标题"), *ROWS]:
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.warns(UserWarning, match="read the sheet '数据', not Sheet"):
        assert pairs(read_table(tmp_path / "a.xlsx")) == ROWS


def test_formulas_without_values_are_told_from_empty_cells(tmp_path):
    book = openpyxl.Workbook()
    for row in [("标题", "类别"), ("=A1", "体育"), ("=A2", "财经")]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with (
        pytest.warns(UserWarning, match="are there formulas in it that Excel has not computed"),
        pytest.raises(ValueError, match="expected at least one row with a text and a label"),
    ):
        read_table(tmp_path / "a.xlsx")


def test_a_web_page_is_no_workbook(tmp_path):
    (tmp_path / "a.xls").write_text("\n<HTML><body><table><tr><td>国足</td></tr></table>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"expected a table, got a web page \(HTML\)"):
        read_table(tmp_path / "a.xls")


def test_json_that_holds_no_list_of_records_is_told_by_its_names(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"code": 0, "data": {"items": []}}), encoding="utf-8")
    with pytest.raises(ValueError, match="expected a list of records, got an object of 'code', 'data'"):
        read_table(path)


def test_headlines_of_toutiao_are_read(tmp_path):
    rows = [(f"65{n}", "101", f"news_{label}", text, "关键词") for n, (label, text) in enumerate(ROWS)]
    path = written(tmp_path / "toutiao.txt", *rows, separator="_!_")
    with pytest.warns(UserWarning, match="read column 4 as text"):
        found = read_table(path, label_column=3)
    assert pairs(found) == [(f"news_{label}", text) for label, text in ROWS]


@pytest.mark.parametrize(
    ("rows", "asks"),
    [([("ticket", "words"), *ROWS], True), (ROWS, True), ([(text, "") for _, text in ROWS], False)],
    ids=["names", "labels", "texts"],
)
def test_lines_that_seem_to_have_cells_are_texts_but_not_in_silence(tmp_path, recwarn, rows, asks):
    path = written(tmp_path / "a.txt", *rows, separator=",")
    texts = list(datasets.read_texts(path))
    assert texts == [",".join(row) for row in rows]
    assert any("',' is read as part of the text" in str(one.message) for one in recwarn) == asks


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["words", "2"])
def test_a_pipe_with_a_named_column_is_a_table(tmp_path, asked):
    path = written(tmp_path / "a", ("ticket", "words"), *ROWS, separator=",")
    command = [sys.executable, "-m", "textrnn.cli", "predict", "headlines-textrnn", "--text-column", asked]
    found = subprocess.run(command, stdin=path.open("rb"), capture_output=True, check=True).stdout.decode()
    assert [line.split("\t")[2] for line in found.splitlines()[1:]] == [text for _, text in ROWS]


@pytest.mark.slow
def test_a_pipe_may_hold_rows_of_json():
    command = [sys.executable, "-m", "textrnn.cli", "predict", "headlines-textrnn"]
    text = json.dumps(ROWS, ensure_ascii=False).encode()
    found = subprocess.run(command, input=text, capture_output=True, check=True).stdout.decode()
    assert [line.split("\t")[2] for line in found.splitlines()[1:]] == [text for _, text in ROWS]


def test_a_class_of_train_alone_is_told(tmp_path):
    for split, classes in {"train": ("neg", "pos", "unsup"), "test": ("neg", "pos")}.items():
        for name in classes:
            for number in range(16):
                path = tmp_path / split / name / f"{number}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{split} {name} {number}", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"test: no row has the label 'unsup', which 16 rows of .*train have"):
        datasets.load(tmp_path)


def test_a_class_that_a_filtered_table_has_no_longer_is_none():
    labels = pd.Categorical([label for label, _ in ROWS], categories=["体育", "财经", "科技"])
    splits = datasets.split_table(pd.DataFrame({"text": [text for _, text in ROWS], "label": labels}))
    assert set(splits.train["label"]) == {"体育", "财经"}
    with pytest.raises(ValueError, match=r"expected a string as label, got 0 \(int\); table.astype\(str\) makes"):
        datasets.split_table(pd.DataFrame({"text": list("abcd"), "label": [0, 1, 0, 1]}))


def test_a_test_without_labels_is_left_out_and_told(tmp_path):
    written(tmp_path / "train.csv", ("text", "label"), *((text, label) for label, text in ROWS), separator=",")
    path = written(tmp_path / "test.csv", ("id", "text"), ("1", "国足又胜了"), ("2", "股市又跌了"), separator=",")
    with pytest.warns(UserWarning, match=r"test.csv: left out, for it has no column 'label' of labels, as train.csv"):
        splits = datasets.load(tmp_path)
    assert (len(splits.train), splits.dev, splits.test) == (16, None, None)
    written(path, ("id", "text", "category"), ("1", "国足又胜了", "体育"), separator=",")
    assert list(datasets.load(tmp_path).test["label"]) == ["体育"]


def test_a_folder_of_a_set_can_be_trained_on(tmp_path):
    for name in ("cnews.train.txt", "cnews.val.txt", "cnews.test.txt"):
        written(tmp_path / name, *((label, f"{text}，{name}") for label, text in ROWS))
    with pytest.warns(UserWarning, match=r"train is cnews.train.txt, dev is cnews.val.txt"):
        splits = experiments.Files(str(tmp_path)).read(seed=0)
    assert splits.dev["text"].str.endswith("cnews.val.txt").all()
    assert (len(splits.train), len(splits.dev), splits.test) == (16, 16, None)


@pytest.mark.slow
def test_a_loaded_model_scores_numbers_as_the_estimator_does(tmp_path):
    texts, y = [text for _, text in ROWS], np.array([0, 1] * 8, dtype=object)
    own = TextRNNClassifier(epochs=2, units=4, embed_dim=4, random_state=0).fit(texts, y)
    own.save(tmp_path / "model")
    loaded = load_classifier(tmp_path / "model")
    assert loaded.score(texts, y) == loaded.score(texts, y.astype(str)) == own.score(texts, y.astype(int))
    with pytest.raises(ValueError, match=r"y: expected classes of the model, \['0', '1'\], got \['a'\]"):
        loaded.score(texts, ["a"] * 16)
