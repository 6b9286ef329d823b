"""Drawn inputs for every door: none ends in a foreign error. `make fuzz` draws 2,000 for each and adds large files."""

import codecs
import functools
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from doors import (
    ASTRAL,
    DOORS,
    FAMILY,
    HEBREW,
    ROWS,
    Input,
    in_markup,
    in_tsv,
    read_pieces,
    rows_of,
    set_up,
    split_rows,
    with_text,
)
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tiny import assert_probabilities, classifier

from textrnn import cards, checks, datasets, options, preprocessing

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


FORMS = {
    "a.json": lambda table, path: table.to_json(path, orient="records"),
    "a.jsonl": lambda table, path: table.to_json(path, orient="records", lines=True),
    "a.csv.gz": lambda table, path: table.to_csv(path, index=False),
    "a.parquet": lambda table, path: table.to_parquet(path),
    "a.xlsx": lambda table, path: table.to_excel(path, index=False),
}
CHANGES = st.lists(
    st.tuples(
        st.floats(0, 1), st.integers(0, 3), st.binary(max_size=3) | st.sampled_from([b'"', b"{", b"[", b",", b"\n"])
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("name", FORMS)
@drawn
@given(changes=CHANGES, cut=st.sampled_from([1.0, 1.0, 1.0, 0.9, 0.5]))
def test_no_damage_to_a_table_of_any_form_ends_in_a_foreign_error(desk, name, changes, cut):
    path = desk / name
    FORMS[name](pd.DataFrame(ROWS * 3, columns=["label", "text"]), path)
    data = path.read_bytes()
    for place, number, new in changes:
        place = int(place * len(data))
        data = data[:place] + new + data[place + number :]
    path.write_bytes(data[: int(cut * len(data))])
    rows = outcome_of(lambda: rows_of(datasets.read_table(path)), path)
    if isinstance(rows, str):
        assert len(rows) < len(str(path)) + 300
    else:
        assert_visible(rows)


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
    path = desk / "assets.extra" / "card.json"
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


TWINS = {
    "characters": preprocessing.TextEncoder.from_texts([text for _, text in ROWS], max_ngram=3, max_length=8),
    "cased": preprocessing.TextEncoder(tokens=tuple("aA1股"), lower=False, max_length=5),
    "words": preprocessing.TextEncoder(tokens=("a", "ab", "股", "股市", "1"), unit="word", max_length=3),
}


@functools.cache
def in_the_graph(name):
    """The twin of an encoder in TensorFlow, traced once: ids, and windows with their rows and shares."""
    import tensorflow as tf

    from textrnn.layers import TextToIds

    layer, of_texts = TextToIds(TWINS[name]), [tf.TensorSpec([None], tf.string)]
    return tf.function(lambda texts: (layer(texts), *layer.windows(texts)), input_signature=of_texts, autograph=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", TWINS)
@drawn
@given(texts=st.lists(st.text(alphabet=ANY_CHARS | st.sampled_from("abc 股市"), max_size=20), min_size=1, max_size=4))
def test_the_encoder_and_its_twin_in_the_graph_give_any_texts_the_same_ids_and_windows(name, texts):
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    ids, *windows = (array.numpy() for array in in_the_graph(name)(np.array(texts, dtype=object)))
    np.testing.assert_array_equal(ids, TWINS[name].encode(texts))
    for here, there in zip(windows, TWINS[name].encode_windows(texts), strict=True):
        np.testing.assert_allclose(here, there, rtol=1e-12)


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


@pytest.mark.slow
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
