"""Tables from files, splits, the named sets, the embedded headlines, the audit."""

import hashlib
import re
import time

import pandas as pd
import pytest
from conftest import message_of, rows_of, written
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn import cards, datasets

CLASSES = {"finance", "realty", "stocks", "education", "science", "society", "politics", "sports", "game"}
CLASSES |= {"entertainment"}


def table_of(*rows):
    return pd.DataFrame(rows, columns=["label", "text"])[["text", "label"]]


def counted(**counts):
    return table_of(*((label, f"{label} {i}") for label, count in counts.items() for i in range(count)))


# --- files of your own ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "several"),
    [
        (["a", "b", "a|b"], "row 3: 'a|b'"),
        (["a|b", "b|c", "c"], "row 2: 'b|c'"),
        (["体育、娱乐", "体育", "娱乐"], "row 1: '体育、娱乐'"),
        (["c", "b; a", "a;b"], "row 2: 'b; a'"),
        (["news|sport", "news|stocks", "tech|phones", "tech"], None),  # classes and their kinds
        (["he|sport", "she|sport", "he|stocks", "she|stocks"], None),
        (["food, drink", "sport"], None),
    ],
)
def test_a_column_of_several_labels_is_refused_and_a_name_with_a_bar_is_none(labels, several):
    table = table_of(*((label, f"{label} {number}") for label in labels for number in range(3)))
    splits = datasets.Splits(table.iloc[::3], None, None)
    if several is None:
        assert datasets.check_splits(splits) is splits
        assert len(datasets.split_table(table)) == 3
        return
    got = message_of(ValueError, datasets.check_splits, splits)
    assert got.startswith(f"train: {several} seems to be several labels, and a text has one class here")
    assert "seems to be several labels" in message_of(ValueError, datasets.split_table, table.iloc[::3])


def test_an_unbalanced_quote_in_a_tsv_loses_no_row(tmp_path):
    lines = ["a\tx", 'b\t"open', "a\tq", 'b\tclosed" later', "a\t'", 'b\t""', "a\ty", 'b\tone " more', "a\tz"]
    table = datasets.read_table(written(tmp_path / "a.tsv", "\n".join(lines) + "\n"))
    assert rows_of(table) == [tuple(line.split("\t")) for line in lines]
    assert len(table) == 9


def test_a_csv_may_hold_commas_quotes_and_line_breaks_inside_quotes(tmp_path):
    content = 'text,label\r\n"一, 二",a\r\n"he said ""no""",b\r\n"two\r\nlines",a\r\nplain,b\r\n'
    table = datasets.read_table(written(tmp_path / "a.csv", content))
    assert rows_of(table) == [("a", "一, 二"), ("b", 'he said "no"'), ("a", "two\nlines"), ("b", "plain")]


def test_columns_of_other_names_are_found_by_name_and_missed_by_name(tmp_path):
    path = written(tmp_path / "a.tsv", "title\tclass\n你好\tgame\n")
    assert rows_of(datasets.read_table(path, text_column="title", label_column="class")) == [("game", "你好")]
    got = message_of(ValueError, datasets.read_table, path, text_column="headline", label_column="class")
    assert got == f"{path}: line 1: expected a column 'headline' (text_column), got the columns title, class"


PLAIN = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=12).map("x{}".format)


@pytest.mark.filterwarnings("ignore:.*stands in no other row")
@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(st.sampled_from("abc"), PLAIN), min_size=1, max_size=8))
def test_every_row_written_is_read_back(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("rows")
    tsv = written(folder / "a.tsv", "".join(f"{label}\t{text}\n" for label, text in rows))
    assert rows_of(datasets.read_table(tsv)) == rows
    table = table_of(*rows)
    table.to_csv(folder / "a.csv", index=False)
    assert rows_of(datasets.read_table(folder / "a.csv")) == rows


# --- splits -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(
    counts=st.lists(st.integers(3, 60), min_size=2, max_size=5),
    dev=st.sampled_from([0.1, 0.15, 0.3]),
    test=st.sampled_from([0.1, 0.15, 0.4]),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_split_is_disjoint_exhaustive_stratified_and_reproducible(counts, dev, test, seed):
    table = counted(**{f"class{i}": count for i, count in enumerate(counts)})
    splits = datasets.split_table(table, dev=dev, test=test, seed=seed)
    assert sorted(pd.concat(splits)["text"]) == sorted(table["text"])
    for share, part in ((1 - dev - test, splits.train), (dev, splits.dev), (test, splits.test)):
        assert list(part.index) == list(range(len(part)))
        for i, count in enumerate(counts):
            got = (part["label"] == f"class{i}").sum()
            assert got >= 1
            assert abs(got - share * count) < 2.5
    again = datasets.split_table(table, dev=dev, test=test, seed=seed)
    assert all(one.equals(other) for one, other in zip(splits, again, strict=True))


def test_the_defaults_give_70_15_15_and_another_seed_gives_another_draw():
    table = counted(a=200, b=100)
    splits = datasets.split_table(table)
    for split, share in (("train", 0.7), ("dev", 0.15), ("test", 0.15)):
        counts = getattr(splits, split)["label"].value_counts()
        assert counts.to_dict() == {"a": round(200 * share), "b": round(100 * share)}
    assert list(splits.dev["label"]) != sorted(splits.dev["label"])
    assert set(splits.dev["text"]) != set(datasets.split_table(table, seed=1).dev["text"])


def test_a_small_class_beside_large_ones_stands_in_every_split():
    splits = datasets.split_table(counted(a=1000, b=3, c=5))
    assert [part["label"].value_counts()["b"] for part in splits] == [1, 1, 1]
    assert [part["label"].value_counts()["c"] for part in splits] == [3, 1, 1]
    assert [part["label"].value_counts()["a"] for part in splits] == [700, 150, 150]


def test_no_test_share_gives_no_test_table():
    splits = datasets.split_table(counted(a=20, b=2), test=0)
    assert splits.test is None
    assert [part["label"].value_counts().to_dict() for part in splits[:2]] == [{"a": 17, "b": 1}, {"a": 3, "b": 1}]


# --- load -------------------------------------------------------------------------------------------------------------


def test_a_file_of_ones_own_is_split_and_keeps_its_path(tmp_path):
    path = written(tmp_path / "mine.tsv", "".join(f"{label}\t{label} {i}\n" for i in range(20) for label in "ab"))
    splits = datasets.load(path, seed=2)
    assert [len(part) for part in splits] == [28, 6, 6]
    assert all(part.attrs["path"] == str(path) for part in splits)
    assert splits.dev.equals(datasets.split_table(datasets.read_table(path), seed=2).dev)
    assert datasets.load(str(path), seed=2).train.equals(splits.train)


def test_a_folder_of_ones_own_is_read_as_it_is(tmp_path):
    written(tmp_path / "train.tsv", "a\t一\nb\t二\n")
    written(tmp_path / "dev.csv", "a,三\n")
    splits = datasets.load(tmp_path)
    assert (rows_of(splits.train), rows_of(splits.dev)) == ([("a", "一"), ("b", "二")], [("a", "三")])
    assert splits.test is None
    written(tmp_path / "dev.csv", "a,三\nc,四\n")
    got = message_of(ValueError, datasets.load, tmp_path)
    assert got == f"{tmp_path / 'dev.csv'}: row 2: label 'c' has no row in train, which has ['a', 'b']"


def test_a_named_set_is_known_to_the_reader_of_the_docs_and_its_files_are_where_it_says(monkeypatch, tmp_path):
    monkeypatch.setenv("TEXTRNN_CACHE", str(tmp_path))
    for name, one in datasets.SETS.items():
        assert f'`"{name}"`' in datasets.load.__doc__
        assert one.about
        assert one.licence
        assert (one.find() is not None) == (name == "headlines")
    for name in datasets.THUCNEWS_BLOBS:
        assert datasets.SETS["thucnews"].find() is None
        written(tmp_path / "thucnews" / name, "")
    assert datasets.SETS["thucnews"].find() == tmp_path / "thucnews"


def test_describe_gives_rows_and_the_hash_of_every_file(tmp_path):
    train = written(tmp_path / "train.tsv", "a\t一\nb\t二\n")
    dev = written(tmp_path / "dev.tsv", "a\t三\n")
    assert cards.describe(tmp_path, datasets.load(tmp_path)) == {
        "name": tmp_path.name,
        "rows": {"train": 2, "dev": 1},
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (train, dev)},
    }
    assert cards.describe("mine", datasets.Splits(counted(a=3), None, None)) == {
        "name": "mine",
        "rows": {"train": 3},
        "files": {},
    }


# --- the embedded headlines -------------------------------------------------------------------------------------------


def test_the_embedded_headlines_obey_the_rules_of_their_readme(root):
    splits = datasets.load("headlines")
    table = pd.concat(splits, ignore_index=True)
    counts = table["label"].value_counts()
    assert set(counts.index) == CLASSES
    assert counts.min() >= 400
    assert table["text"].str.len().between(10, 32).all()
    for part, share in zip(splits, (0.7, 0.15, 0.15), strict=True):
        assert abs(len(part) - share * len(table)) <= 1
        assert ((part["label"].value_counts() - share * counts).abs() <= 1.5).all()
    readme = (root / "datasets" / "headlines" / "README.md").read_text(encoding="utf-8")
    assert "CC0" in readme
    for split, part in splits._asdict().items():
        assert re.search(rf"`{split}\.tsv` \| {len(part):,} \|", readme)


def test_no_embedded_headline_stands_twice():
    measured = datasets.audit(datasets.load("headlines"))
    names = [name for name in measured.index if "duplicates" in name or "also in" in name or "conflict" in name]
    assert len(names) == 3 + 3 * 2
    assert (measured.loc[names].fillna(0) == 0).all(axis=None)


# --- the audit --------------------------------------------------------------------------------------------------------


def test_the_audit_counts_what_was_put_into_the_tables():
    copies = ("a", "金价上涨"), ("a", "金价上涨"), ("b", "金价，上涨！"), ("b", "ＡＢＣ"), ("b", "abc")
    train = table_of(*copies, ("c", "楼市"))
    dev = table_of(("a", "金价上涨"), ("b", "A B C"), ("c", "𠮷楼"), ("c", "房"))
    measured = datasets.audit(datasets.Splits(train, dev, None))
    assert list(measured.columns) == ["train", "dev"]
    assert measured.loc["rows"].to_list() == [6, 4]
    assert measured.loc["classes"].to_list() == [3, 3]
    assert measured.loc["rows of the smallest class"].to_list() == [1, 1]
    assert measured.loc["rows of the largest class"].to_list() == [3, 2]
    assert measured.loc["exact duplicates"].to_list() == [1, 0]
    assert measured.loc["normalised duplicates"].to_list() == [3, 0]
    assert measured.loc["rows with labels in conflict"].to_list() == [3, 0]
    assert measured.loc["also in dev, exact", "train"] == 2
    assert measured.loc["also in dev, normalised", "train"] == 5
    assert measured.loc["also in train, exact", "dev"] == 1
    assert measured.loc["also in train, normalised", "dev"] == 2
    assert measured.loc["length, shortest"].to_list() == [2, 1]
    assert measured.loc["length, mean"].to_list() == [3.7, 3.0]
    assert measured.loc["length, longest"].to_list() == [6, 5]
    assert measured.loc["length, 95 % quantile", "train"] == pytest.approx(5.5)
    # Of 12 characters of dev, train lacks A, B, C (its own are wide), two spaces, 𠮷 and 房.
    assert measured.loc["unknown characters, share"].to_list() == [0, round(7 / 12, 5)]
    assert measured.loc["texts with an unknown character, share"].to_list() == [0, 0.75]


def test_texts_of_punctuation_alone_are_no_copies_of_each_other():
    measured = datasets.audit({"train": table_of(("a", "？！"), ("b", "……"), ("b", "😀"), ("a", "?!"))})["train"]
    assert measured["normalised duplicates"] == 1
    assert measured["rows with labels in conflict"] == 0


def test_overlaps_show_both_texts_and_both_labels():
    first, second = table_of(("a", "金价上涨"), ("b", "楼市")), table_of(("c", "金价：上涨"), ("a", "股市"))
    assert datasets.overlaps(first, second).to_dict("records") == [
        {"text": "金价上涨", "label": "a", "other_text": "金价：上涨", "other_label": "c"}
    ]


def test_the_audit_finds_what_is_known_of_the_real_titles(shared_data):
    splits = datasets.load("thucnews", data_dir=shared_data("thucnews_titles"))
    start = time.perf_counter()
    measured = datasets.audit(splits)
    print(f"audit of {measured.loc['rows'].sum():,} titles: {time.perf_counter() - start:.1f} s")
    assert measured.loc["rows"].to_list() == [117_411, 10_000]
    assert measured.loc["classes"].to_list() == [10, 10]
    assert measured.loc["exact duplicates"].to_list() == [0, 7]
    assert measured.loc["also in train, exact", "dev"] == 0
    assert measured.loc["length, longest"].to_list() == [38, 33]
    assert round(measured.loc["length, mean", "train"]) == 19
