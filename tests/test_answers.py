"""`textrnn predict` keeps the table: the same rows and columns, in every form, with answers beside them; and pipes."""

import datetime
import functools
import io
import json
import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import rows_of, written

from textrnn import cards, cli, datasets, saving

pytestmark = pytest.mark.slow

MODEL = "headlines-textrnn"
TEXTS = ["国足客场一球小胜", "央行宣布\n下调存款准备金率", "", "女排逆转, 夺得冠军"]
TABLE = pd.DataFrame(
    {"id": ["T1", "T2", "T3", "T4"], "title": TEXTS, "label": ["a", "b", "a", "b"], "note": ["+1", "x", "", "007"]}
)
READ = {
    "csv": functools.partial(pd.read_csv, dtype=str, keep_default_na=False),
    "csv.gz": functools.partial(pd.read_csv, dtype=str, keep_default_na=False),
    "json": functools.partial(pd.read_json, dtype=False),
    "jsonl": functools.partial(pd.read_json, lines=True, dtype=False),
    "parquet": pd.read_parquet,
    "xlsx": functools.partial(pd.read_excel, dtype=str, keep_default_na=False),
}
WRITE = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "csv.gz": lambda table, path: table.to_csv(path, index=False),
    "json": lambda table, path: table.to_json(path, orient="records"),
    "jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "parquet": lambda table, path: table.to_parquet(path),
    "xlsx": lambda table, path: table.to_excel(path, index=False),
}


@pytest.fixture(scope="module", autouse=True)
def loaded_once():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saving, "load_classifier", functools.cache(saving.load_classifier))
        yield


@functools.cache
def classifier():
    return saving.load_classifier(MODEL, runtime="numpy")


def run(*args, **options):
    return CliRunner().invoke(cli.main, ["predict", MODEL, *map(str, args)], **options)


@pytest.mark.parametrize("form", WRITE)
def test_a_table_comes_back_in_its_form_with_the_answers_as_columns(tmp_path, form):
    path, out = tmp_path / f"a.{form}", tmp_path / f"out.{form}"
    WRITE[form](TABLE, path)
    result = run("--file", path, "--out", out)
    assert result.exit_code == 0, result.output
    unit = "row" if form in ("parquet", "xlsx") else "record" if form == "json" else "line"
    place = {"csv": 5, "csv.gz": 5, "xlsx": 4}.get(form, 3)  # a header, a line break inside a cell
    assert result.stderr == (
        f"Warning: {path}: 1 of 4 rows have no text, and so no label; the first is {unit} {place}\n"
    )
    got = READ[form](out)
    assert list(got.columns) == [*TABLE.columns, "predicted_label", "score"]
    assert got[list(TABLE.columns)].fillna("").to_dict("list") == TABLE.to_dict("list")
    expected = classifier().predict_table([text for text in TEXTS if text])
    answers = got.drop(index=2)
    assert list(answers["predicted_label"]) == list(expected["label"])
    np.testing.assert_allclose(answers["score"].astype(float), expected["score"], atol=1e-6)
    assert got.loc[2, ["predicted_label", "score"]].replace("", None).isna().all()


def test_the_index_and_the_types_of_a_parquet_file_stay(tmp_path):
    table = TABLE.assign(number=[3, 1, 2, 4], label=TABLE["label"].astype("category")).set_index("number")
    table.to_parquet(tmp_path / "a.parquet")
    assert run("--file", tmp_path / "a.parquet", "--out", tmp_path / "out.parquet").exit_code == 0
    got = pd.read_parquet(tmp_path / "out.parquet")
    assert list(got.index) == [3, 1, 2, 4]
    assert got[list(table.columns)].equals(table) or (got["label"] == table["label"]).all()
    assert got["label"].dtype == "category"


def test_no_name_of_a_column_is_given_twice(tmp_path):
    names = ["text", "label", "predicted_label", "p(sports)"]
    pd.DataFrame([[TEXTS[0], "a", "b", "1"]], columns=names).to_csv(tmp_path / "a.csv", index=False)
    assert run("--file", tmp_path / "a.csv", "--probabilities", "--out", tmp_path / "out.csv").exit_code == 0
    header, values = (line.split(",") for line in (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())
    assert header[:6] == [*names, "predicted_label_2", "score"]
    assert values[:6] == [TEXTS[0], "a", "b", "1", "sports", values[header.index("predicted_p(sports)")]]
    assert len(set(header)) == len(header)


OF_PARQUET = {
    "number": pa.array([1234567890123456789, None]),
    "nested": [{"day": datetime.date(2024, 1, 2), "parts": [1, None]}, None],
    "zoned": pa.array([0, None], pa.timestamp("s", "UTC")),
    "missing": [float("nan"), 1.5],
}


@pytest.mark.parametrize("form", ["tsv", "csv", "json", "jsonl", "parquet", "xlsx"])
def test_numbers_dates_and_nested_values_of_a_parquet_file_come_in_every_form(tmp_path, form):
    pq.write_table(pa.table({"text": TEXTS[:2], **OF_PARQUET}), tmp_path / "a.parquet")
    out = tmp_path / f"out.{form}"
    result = run("--file", tmp_path / "a.parquet", "--out", out)
    assert result.exit_code == 0, result.output
    if form in ("json", "jsonl"):
        lines = out.read_text(encoding="utf-8")
        read = json.loads(lines if form == "json" else lines.splitlines()[0])
        got = list((read[0] if form == "json" else read).values())[1:5]
        assert got == [
            1234567890123456789,
            {"day": "2024-01-02", "parts": [1, None]},
            "1970-01-01 00:00:00+00:00",
            None,
        ]
    elif form == "parquet":
        assert pq.read_table(out).to_pylist()[0]["number"] == 1234567890123456789
    else:
        read = functools.partial(pd.read_csv, sep="\t", quoting=3) if form == "tsv" else READ[form]
        got = read(out, dtype=str, keep_default_na=False).iloc[0, 1:5].tolist()
        nested = '{"day": "2024-01-02", "parts": [1, null]}'
        assert got[:3] == ["1234567890123456789", nested, "1970-01-01 00:00:00+00:00"]


def test_what_parquet_cannot_hold_is_one_line(tmp_path):
    written(tmp_path / "a.jsonl", json.dumps({"text": TEXTS[0], "number": 10**30}))
    result = run("--file", tmp_path / "a.jsonl", "--out", tmp_path / "out.parquet")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "a column holds values of several kinds, or too large; write .jsonl: " in result.stderr


def test_of_objects_in_json_lines_no_part_is_lost_in_parquet_where_late_ones_have_more(tmp_path, monkeypatch):
    monkeypatch.setattr("textrnn.cli.predict.CHUNK_TEXTS", 2)
    first, last = {"a": 1}, {"a": 2, "b": [None, "x"]}
    rows = [{"text": TEXTS[0], "of": of, "tags": tags} for of, tags in ((first, [1]), (first, ["a", 1]), (last, []))]
    written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert run("--file", tmp_path / "a.jsonl", "--out", tmp_path / "out.parquet").exit_code == 0
    got = pq.read_table(tmp_path / "out.parquet").to_pydict()
    assert [json.loads(one) for one in got["of"]] == [first, first, last]
    assert [json.loads(one) for one in got["tags"]] == [[1], ["a", 1], []]


def test_separator_and_mark_of_a_csv_stay(tmp_path):
    TABLE.to_csv(tmp_path / "a.csv", index=False, sep=";", encoding="utf-8-sig")
    run("--file", tmp_path / "a.csv", "--out", tmp_path / "out.csv")
    content = (tmp_path / "out.csv").read_bytes()
    assert content.startswith("\ufeffid;title;label;note;predicted_label;score\n".encode())


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16"])
def test_a_csv_stays_in_its_encoding(tmp_path, encoding):
    table = pd.DataFrame({"工单号": [1, 2], "标题": ["央行下调存款准备金率", "国足客场一球小胜对手"]})
    table.to_csv(tmp_path / "a.csv", index=False, encoding=encoding)
    run("--file", tmp_path / "a.csv", "--out", tmp_path / "out.csv")
    got = pd.read_csv(tmp_path / "out.csv", encoding=encoding)
    assert list(got.columns) == ["工单号", "标题", "label", "score"]
    assert got[["工单号", "标题"]].equals(table)


@pytest.mark.parametrize("form", ["tsv", "csv", "json", "jsonl", "parquet", "xlsx"])
def test_the_best_classes_and_all_probabilities_come_in_every_form(tmp_path, form):
    texts = [text.replace("\n", "") for text in TEXTS if text]
    out = tmp_path / f"out.{form}"
    probs = classifier().predict_proba(texts)
    least = np.sort(probs.max(axis=1))[:2].mean()  # of which one text falls short
    assert run(*texts, "--top", 3, "--probabilities", "--min-score", least, "--out", out).exit_code == 0
    read = {"tsv": functools.partial(pd.read_csv, sep="\t"), "csv": pd.read_csv, "xlsx": pd.read_excel}
    got = (read | {name: READ[name] for name in ("json", "jsonl", "parquet")})[form](out)
    names = classifier().label_names
    if form in ("json", "jsonl"):
        got = got.join(pd.json_normalize(got["probabilities"]).rename(columns="p({})".format))
    np.testing.assert_allclose(got[[f"p({name})" for name in names]], probs, atol=1e-4)
    np.testing.assert_allclose(got[["score", "score_2", "score_3"]], -np.sort(-probs, axis=1)[:, :3], atol=1e-4)
    order = np.argsort(-probs, axis=1)
    assert list(got["label_2"]) == [names[place] for place in order[:, 1]]
    sure = probs.max(axis=1) >= least
    assert list(got["label"]) == [
        names[row[0]] if is_sure else "unknown" for row, is_sure in zip(order, sure, strict=True)
    ]
    assert not sure.all()


def test_a_text_that_looks_like_a_formula_is_none_in_excel(tmp_path):
    run("=1+1", "国足\x07小胜", "--out", tmp_path / "out.xlsx")
    assert list(pd.read_excel(tmp_path / "out.xlsx")["text"]) == ["=1+1", "国足 小胜"]


def test_more_classes_than_there_are_are_all_of_them_and_a_table_on_the_screen_shows_them():
    result = run(TEXTS[0], "--top", 99, "--format", "table", "--probabilities")
    head, line = result.stdout.splitlines()
    assert head.split()[:4] == ["label", "score", "label_2", "score_2"]
    assert head.split()[18:20] == ["label_10", "score_10"]
    assert line.split()[0] == "sports"
    assert line.endswith(TEXTS[0])


@pytest.mark.parametrize(
    ("piped", "said"),
    [
        ("a\t国足客场一球小胜\nb\t女排逆转夺得冠军\n", ""),
        ("国足客场一球小胜\ta\n女排逆转夺得冠军\tb\n", "column 1 as text"),
        ('{"id": 1, "title": "国足客场一球小胜"}\n{"id": 2, "title": "女排逆转夺得冠军"}\n', ""),
        ("__label__a 国足客场一球小胜\n__label__b 女排逆转夺得冠军\n", ""),
        ("id,title\n1,国足客场一球小胜\n2,女排逆转夺得冠军\n", ""),
        ("国足客场一球小胜\n女排逆转夺得冠军\n", ""),
    ],
)
def test_a_table_in_a_pipe_is_read_as_one(piped, said):
    result = run(input=piped)
    assert [line.split("\t")[2] for line in result.stdout.splitlines()[1:]] == ["国足客场一球小胜", "女排逆转夺得冠军"]
    assert said in result.stderr
    assert bool(said) == bool(result.stderr)


def test_binary_forms_come_through_a_pipe_too():
    for form in ("parquet", "xlsx"):
        file = io.BytesIO()
        WRITE[form](TABLE, file)
        assert [*csv_of(run("--format", "csv", input=file.getvalue()).stdout)["id"]] == ["T1", "T2", "T3", "T4"]


def csv_of(text):
    return pd.read_csv(io.StringIO(text), dtype=str)


def test_a_word_of_a_pipe_is_a_text_though_columns_may_be_called_so():
    assert run(input="text\n标题\n").stdout.splitlines()[2].endswith("标题")


def test_a_name_that_is_no_file_but_looks_like_one_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("texts.txt", "国足")
    assert result.stderr == "Warning: texts.txt: no such file; read as a text\n"
    written(tmp_path / "texts.txt", "国足客场一球小胜\n")
    result = run("texts.txt")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "texts.txt is a file: --file texts.txt reads it" in result.stderr


def test_what_predict_has_written_can_be_predicted_again(tmp_path):
    run(*TEXTS[:2], "--out", tmp_path / "own.jsonl")
    assert run("--file", tmp_path / "own.jsonl", "--out", tmp_path / "again.jsonl").stderr == ""
    keys = list(json.loads((tmp_path / "again.jsonl").read_text(encoding="utf-8").splitlines()[0]))
    assert keys == ["text", "label", "score", "predicted_label", "predicted_score"]


def test_evaluate_tells_of_texts_that_the_model_was_trained_on(root, tmp_path):
    rows = rows_of(datasets.read_table(root / "datasets" / "headlines" / "train.tsv"))
    files = {"train.tsv": rows[:40], "dev.tsv": rows[40:60], "new.tsv": [*rows[:3], *rows[60:80]]}
    for name, own in files.items():
        written(tmp_path / name, "".join(f"{label}\t「{text}」\n" for label, text in own))
    model = shutil.copytree(root / "models" / MODEL, tmp_path / "model")
    card = cards.read_card(model)
    splits = datasets.read_files(tmp_path / "train.tsv", tmp_path / "dev.tsv")
    card["trained_on"] = cards.describe("mine", splits)
    (model / "assets.extra" / "card.json").write_text(json.dumps(card), encoding="utf-8")
    for name, said in (
        ("train.tsv", "the model was trained on this file: its scores promise too much"),
        ("dev.tsv", ""),
        ("new.tsv", f"3 of the 23 texts of {tmp_path / 'new.tsv'} have a copy in train.tsv, so scores on"),
    ):
        result = CliRunner().invoke(cli.main, ["evaluate", str(model), str(tmp_path / name)])
        assert (result.exit_code, said in result.stderr, bool(result.stderr)) == (0, True, bool(said))
