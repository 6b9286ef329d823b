"""Tables from files in every form, splits, the named sets, downloads, Sogou markup, tagged sentences, the audit."""

import hashlib
import inspect
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from types import SimpleNamespace

import pandas as pd
import pooch
import pytest
from conftest import FileServer
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn import cards, datasets

CLASSES = {"finance", "realty", "stocks", "education", "science", "society", "politics", "sports", "game"}
CLASSES |= {"entertainment"}


def table_of(*rows):
    return pd.DataFrame(rows, columns=["label", "text"])[["text", "label"]]


def counted(**counts):
    return table_of(*((label, f"{label} {i}") for label, count in counts.items() for i in range(count)))


def rows_of(table):
    return list(zip(table["label"], table["text"], strict=True))


def written(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def message_of(error, call, *args, **settings):
    """The message with which `call` fails."""
    with pytest.raises(error) as caught:
        call(*args, **settings)
    assert type(caught.value) is error
    return str(caught.value)


# --- files of one's own ---


def test_an_unbalanced_quote_in_a_tsv_loses_no_row(tmp_path):
    lines = ["a\tx", 'b\t"open', "a\tq", 'b\tclosed" later', "a\t'", 'b\t""', "a\ty", 'b\tone " more', "a\tz"]
    table = datasets.read_table(written(tmp_path / "a.tsv", "\n".join(lines) + "\n"))
    assert rows_of(table) == [tuple(line.split("\t")) for line in lines]
    assert len(table) == 9


def test_a_csv_may_hold_commas_quotes_and_line_breaks_inside_quotes(tmp_path):
    content = 'text,label\r\n"一, 二",a\r\n"he said ""no""",b\r\n"two\r\nlines",a\r\nplain,b\r\n'
    table = datasets.read_table(written(tmp_path / "a.csv", content))
    assert rows_of(table) == [("a", "一, 二"), ("b", 'he said "no"'), ("a", "two\nlines"), ("b", "plain")]


def test_columns_stand_in_any_order_and_others_are_ignored(tmp_path):
    path = written(tmp_path / "a.tsv", "id\ttext\tsource\tlabel\n1\t你好\tx\tgame\n2\t再见\ty\tsports\n")
    table = datasets.read_table(path)
    assert list(table.columns) == ["text", "label"]
    assert rows_of(table) == [("game", "你好"), ("sports", "再见")]


def test_columns_of_other_names_are_found_by_name_and_missed_by_name(tmp_path):
    path = written(tmp_path / "a.tsv", "title\tclass\n你好\tgame\n")
    assert rows_of(datasets.read_table(path, text_column="title", label_column="class")) == [("game", "你好")]
    got = message_of(ValueError, datasets.read_table, path, text_column="headline", label_column="class")
    assert got == f"{path}: line 1: expected columns 'class' and 'headline', got ['title', 'class']"


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


# --- splits ---


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


# --- load ---


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


# --- the embedded headlines ---


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


# --- THUCNews: files and downloads ---

THUC = {
    "class.txt": "finance\nrealty\nstocks\n",
    "train.txt": '金价上涨\t0\n楼市回暖\t1\n股市"收红\t2\n',
    "dev.txt": "银行加息\t0\n",
    "test.txt": "房价\t1\n",
}


def blob_ids(files):
    data = {name: text.encode() for name, text in files.items()}
    return {name: hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest() for name, body in data.items()}


@pytest.fixture
def thuc_server(file_server):
    file_server.answers |= {f"/{name}": text.encode() for name, text in THUC.items()}
    return file_server


@pytest.fixture
def waits(monkeypatch):
    """The seconds that pooch would have waited between attempts; it does not wait."""
    seconds = []
    monkeypatch.setattr(pooch.core, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


def fetch(server, folder, **settings):
    settings = {"address": server.address, "blobs": blob_ids(THUC), "progressbar": False} | settings
    return datasets.fetch_thucnews(folder, **settings)


def assert_fetched(folder):
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == THUC


def test_thucnews_loads_from_the_public_layout(tmp_path):
    for name, text in THUC.items():
        written(tmp_path / name, text)
    splits = datasets.load("thucnews", data_dir=tmp_path)
    assert rows_of(splits.train) == [("finance", "金价上涨"), ("realty", "楼市回暖"), ("stocks", '股市"收红')]
    assert (rows_of(splits.dev), rows_of(splits.test)) == ([("finance", "银行加息")], [("realty", "房价")])
    (tmp_path / "test.txt").unlink()
    assert datasets.load("thucnews", data_dir=tmp_path).test is None


def test_thucnews_loads_from_tables_of_label_and_text(tmp_path):
    written(tmp_path / "train.tsv", "finance\t金价\nrealty\t楼市\n")
    written(tmp_path / "dev.tsv", "realty\t房价\n")
    splits = datasets.load("thucnews", data_dir=tmp_path)
    assert (rows_of(splits.train)[0], rows_of(splits.dev)) == (("finance", "金价"), [("realty", "房价")])


def test_the_public_blob_ids_are_those_that_git_gives():
    assert blob_ids({"a": "hello\n"}) == {"a": "ce013625030ba8dba906f756967f9e9ca394464a"}  # git hash-object
    assert set(datasets.THUCNEWS_BLOBS) == set(THUC)
    assert all(re.fullmatch("[0-9a-f]{40}", blob) for blob in datasets.THUCNEWS_BLOBS.values())
    assert datasets.THUCNEWS_ADDRESS.endswith("/THUCNews/data/")


def test_the_blob_id_of_a_file_is_that_of_git(tmp_path):
    assert datasets.git_blob_id(written(tmp_path / "a", "hello\n")) == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert datasets.git_blob_id(written(tmp_path / "b", "")) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_a_download_gives_the_right_files_and_a_second_call_asks_for_nothing(thuc_server, tmp_path):
    folder = fetch(thuc_server, tmp_path / "new" / "thucnews")
    assert folder == tmp_path / "new" / "thucnews"
    assert_fetched(folder)
    assert sorted(thuc_server.requests) == sorted(thuc_server.answers)
    assert rows_of(datasets.load("thucnews", data_dir=folder).dev) == [("finance", "银行加息")]
    thuc_server.requests.clear()
    assert fetch(thuc_server, folder) == folder
    assert thuc_server.requests == []


def hang_up(handler):
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def error_page(handler):
    FileServer.send(handler, b"<html><body>Sign in to this network</body></html>")


def redirect(handler):
    FileServer.send(handler, b"", status=302, Location="/portal.html")


def truncated(handler):
    body = THUC["train.txt"].encode()
    FileServer.send(handler, body[: len(body) // 2], length=len(body))


BAD_ANSWERS = {
    "wrong bytes": THUC["train.txt"].encode().replace(b"0", b"1"),
    "the last byte missing": THUC["train.txt"].encode()[:-1],
    "a truncated body": truncated,
    "a connection cut": hang_up,
    "404": None,
    "an error page with status 200": error_page,
    "a redirect to an error page": redirect,
}


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_download_is_an_oserror_with_advice_and_leaves_no_file(thuc_server, tmp_path, waits, answer):
    thuc_server.answers |= {"/train.txt": answer, "/portal.html": error_page}
    got = message_of(OSError, fetch, thuc_server, tmp_path)
    assert got.startswith(f"{thuc_server.address}train.txt could not be downloaded to {tmp_path} (")
    assert "Try again, pass the address of a mirror to fetch_thucnews(address=…), or put the files" in got
    assert 'load("thucnews", data_dir=…)' in got
    assert thuc_server.requests.count("/train.txt") == 3
    assert waits == [1, 2]
    assert {path.name for path in tmp_path.iterdir()} == {"class.txt"}  # asked for before train.txt
    thuc_server.answers["/train.txt"] = THUC["train.txt"].encode()
    assert_fetched(fetch(thuc_server, tmp_path))


@pytest.mark.parametrize("first", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_second_attempt_mends_a_bad_first_one(thuc_server, tmp_path, waits, first):
    thuc_server.answers |= {"/train.txt": [first, THUC["train.txt"].encode()], "/portal.html": error_page}
    assert_fetched(fetch(thuc_server, tmp_path))
    assert thuc_server.requests.count("/train.txt") == 2
    assert waits == [1]


def test_a_server_out_of_reach_is_an_oserror_with_advice(tmp_path, waits):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/"
        got = message_of(OSError, datasets.fetch_thucnews, tmp_path, address=address, blobs=blob_ids(THUC))
    assert got.startswith(f"{address}class.txt could not be downloaded")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_a_process_stopped_in_the_middle_of_a_download_leaves_no_file_and_the_next_call_completes_it(
    thuc_server, tmp_path, name
):
    half_sent, go_on = threading.Event(), threading.Event()

    def half_and_wait(handler):
        body = THUC["train.txt"].encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.wfile.flush()
        half_sent.set()
        go_on.wait(60)
        handler.close_connection = True

    thuc_server.answers["/train.txt"] = half_and_wait
    program = (
        "import signal, sys; from textrnn import datasets; "
        "signal.signal(signal.SIGINT, signal.default_int_handler); "  # a job in the background starts with it ignored
        "datasets.fetch_thucnews(sys.argv[1], address=sys.argv[2], blobs=eval(sys.argv[3]), progressbar=False)"
    )
    command = [sys.executable, "-c", program, str(tmp_path), thuc_server.address, repr(blob_ids(THUC))]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            assert half_sent.wait(60)
            process.send_signal(getattr(signal, name))
            assert process.wait(60) != 0
        finally:
            process.kill()
            go_on.set()
    assert not (tmp_path / "train.txt").exists()
    thuc_server.answers["/train.txt"] = THUC["train.txt"].encode()
    fetch(thuc_server, tmp_path)
    left = {path.name for path in tmp_path.iterdir()} - set(THUC)  # a killed process cannot tidy up after itself
    assert len(left) <= (name == "SIGKILL")
    assert {file: (tmp_path / file).read_text(encoding="utf-8") for file in THUC} == THUC


def test_a_damaged_file_in_the_cache_is_fetched_again_and_no_other(thuc_server, tmp_path):
    fetch(thuc_server, tmp_path)
    thuc_server.requests.clear()
    written(tmp_path / "dev.txt", THUC["dev.txt"][:-3])
    assert_fetched(fetch(thuc_server, tmp_path))
    assert thuc_server.requests == ["/dev.txt"]


@pytest.mark.slow
def test_two_processes_that_download_at_once_show_no_bad_file_at_any_moment(thuc_server, tmp_path):
    damaged, right = "half a line", THUC["train.txt"]
    both, answers = threading.Barrier(2, timeout=60), [right.encode()[:-1], right.encode()]

    def answer_when_both_have_asked(handler):
        if len(answers) > 0:
            both.wait()
        FileServer.send(handler, answers.pop() if answers else right.encode())

    thuc_server.answers["/train.txt"] = answer_when_both_have_asked
    written(tmp_path / "train.txt", damaged)
    program = (
        "import sys; from textrnn import datasets; "
        "datasets.fetch_thucnews(sys.argv[1], address=sys.argv[2], blobs=eval(sys.argv[3]), progressbar=False); "
        "assert len(datasets.load('thucnews', data_dir=sys.argv[1]).train) == 3"
    )
    command = [sys.executable, "-c", program, str(tmp_path), thuc_server.address, repr(blob_ids(THUC))]
    seen = set()
    with subprocess.Popen(command) as one, subprocess.Popen(command) as other:
        try:
            while one.poll() is None or other.poll() is None:
                seen.add((tmp_path / "train.txt").read_text(encoding="utf-8"))
                time.sleep(0.005)
        finally:
            one.kill()
            other.kill()
    assert (one.returncode, other.returncode) == (0, 0)
    assert seen <= {damaged, right}
    assert damaged in seen
    assert thuc_server.requests.count("/train.txt") == 3  # one of the first two answers lacked a byte
    assert_fetched(tmp_path)


def test_the_cache_folder_is_the_one_that_the_environment_names(thuc_server, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTRNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(datasets.fetch_thucnews.__kwdefaults__, "address", thuc_server.address)
    monkeypatch.setattr(datasets.thucnews, "THUCNEWS_BLOBS", blob_ids(THUC))
    assert datasets.cache_folder() == tmp_path / "cache"
    assert len(datasets.load("thucnews").train) == 3
    assert_fetched(tmp_path / "cache" / "thucnews")
    monkeypatch.delenv("TEXTRNN_CACHE")
    assert datasets.cache_folder().name == "textrnn"
    assert inspect.signature(datasets.fetch_thucnews).parameters["progressbar"].default is True


@pytest.mark.slow
def test_a_progress_bar_goes_to_stderr_and_only_if_asked(thuc_server, tmp_path):
    code = """if True:
        import ast, sys
        from textrnn import datasets
        folder, address, blobs = sys.argv[1], sys.argv[2], ast.literal_eval(sys.argv[3])
        datasets.fetch_thucnews(folder + "/quiet", address=address, blobs=blobs, progressbar=False)
        print("---", file=sys.stderr)
        datasets.fetch_thucnews(folder + "/shown", address=address, blobs=blobs, progressbar=True)
    """
    arguments = [str(tmp_path), thuc_server.address, repr(blob_ids(THUC))]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    quiet, shown = done.stderr.split("---\n")
    assert (done.stdout, quiet) == ("", "")
    assert shown.count("100%|") >= len(THUC)
    assert_fetched(tmp_path / "quiet")
    assert_fetched(tmp_path / "shown")


# --- Sogou ---


def document(number=1, *, host="sports.sohu.com", title="标题", content="内容"):
    return (
        f"<doc>\n<url>http://{host}/{number}.shtml</url>\n<docno>{number:08x}-1</docno>\n"
        f"<contenttitle>{title}</contenttitle>\n<content>{content}</content>\n</doc>\n"
    )


STORIES = [
    document(1, title="足球&篮球 AT&T", content="比分２０１２：３ & <b>"),
    document(2, host="it.sohu.com", title="２０１２年Ｖ５", content="𠮷野家𡃁"),
    document(3, host="try.women.sohu.com", title="", content=""),
]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_sogou_markup_is_read_in_both_encodings(tmp_path, encoding):
    path = written(tmp_path / "news.dat", "".join(STORIES).encode(encoding))
    if encoding == "gb18030":
        assert any(0x30 <= byte <= 0x39 for byte in "𠮷".encode(encoding)[1::2])  # four bytes
    assert list(datasets.read_sogou(path)) == [
        ("http://sports.sohu.com/1.shtml", "00000001-1", "足球&篮球 AT&T", "比分２０１２：３ & <b>", "sports"),
        ("http://it.sohu.com/2.shtml", "00000002-1", "２０１２年Ｖ５", "𠮷野家𡃁", "it"),
        ("http://try.women.sohu.com/3.shtml", "00000003-1", "", "", "women"),
    ]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_stray_bytes_become_replacement_characters_and_spoil_nothing_else(tmp_path, encoding):
    stray = document(9, title="坏字").encode(encoding).replace("坏".encode(encoding), b"\xff")
    half, end = "字".encode(encoding)[:1], b"</contenttitle>"
    cut = document(8, title="末尾").encode(encoding).replace(end, half + end)
    path = written(tmp_path / "news.dat", "".join(STORIES).encode(encoding) + stray + cut + STORIES[0].encode(encoding))
    titles = [story.title for story in datasets.read_sogou(path)]
    assert titles == ["足球&篮球 AT&T", "２０１２年Ｖ５", "", "\ufffd字", "末尾\ufffd", "足球&篮球 AT&T"]


def test_a_megabyte_that_ends_inside_a_character_is_still_utf8(tmp_path):
    filler = document(1, content="x" * (2**20 - len(document(1, content="").encode())))
    data = filler.replace("x" * 40, "x" * 38 + "中", 1) + STORIES[1]
    for shift in range(3):
        path = written(tmp_path / f"{shift}.dat", "y" * shift + data)
        assert [story.title for story in datasets.read_sogou(path)] == ["标题", "２０１２年Ｖ５"]


def test_a_given_encoding_is_used(tmp_path):
    path = written(tmp_path / "news.dat", document(1, title="標題", content="內容").encode("big5"))
    assert next(datasets.read_sogou(path, encoding="big5")).title == "標題"


@pytest.mark.parametrize("tag", ["url", "docno", "contenttitle", "content"])
def test_a_document_without_a_tag_is_left_out_with_a_warning_that_names_its_place(tmp_path, tag):
    broken = re.sub(f"<{tag}>.*</{tag}>\n", "", STORIES[1])
    path = written(tmp_path / "news.dat", STORIES[0] + broken + STORIES[2])
    place = len(STORIES[0].encode()) - 1  # the line break after </doc> belongs to the next document
    with pytest.warns(UserWarning, match="left out") as caught:
        titles = [story.title for story in datasets.read_sogou(path)]
    assert titles == ["足球&篮球 AT&T", ""]
    assert [str(w.message) for w in caught] == [f"{path}: byte {place}: document without <{tag}> left out"]


def test_an_unclosed_document_is_left_out_and_the_next_one_kept(tmp_path):
    path = written(tmp_path / "news.dat", STORIES[0].replace("</doc>", "") + STORIES[1])
    with pytest.warns(UserWarning, match="left out") as caught:
        titles = [story.title for story in datasets.read_sogou(path)]
    assert titles == ["２０１２年Ｖ５"]
    assert [str(w.message) for w in caught] == [f"{path}: byte 0: document without </doc> left out"]


def test_a_last_document_that_is_cut_off_is_left_out_with_a_warning(tmp_path):
    path = written(tmp_path / "news.dat", STORIES[0] + STORIES[1][: STORIES[1].index("</content>")])
    place = len(STORIES[0].encode()) - 1
    with pytest.warns(UserWarning, match="left out") as caught:
        assert [story.title for story in datasets.read_sogou(path)] == ["足球&篮球 AT&T"]
    assert [str(w.message) for w in caught] == [f"{path}: byte {place}: the last document is cut off and left out"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64, 501])
def test_chunk_borders_inside_tags_and_characters_change_nothing(tmp_path, monkeypatch, encoding, chunk):
    path = written(tmp_path / "news.dat", "".join(STORIES).encode(encoding))
    whole = list(datasets.read_sogou(path))
    monkeypatch.setattr(datasets.sogou, "CHUNK_BYTES", chunk)
    assert list(datasets.read_sogou(path)) == whole
    assert len(whole) == 3


def test_a_document_without_an_end_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.sogou, "MAX_DOCUMENT_BYTES", 100)
    path = written(tmp_path / "huge.dat", "<doc>" + "x" * 200)
    got = message_of(ValueError, list, datasets.read_sogou(path))
    assert got == f"{path}: byte 0: no </doc> within 64 MiB; is it a SogouCS or SogouCA file?"


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("http://sports.sohu.com/20120706/n1.shtml", "sports"),
        ("http://focusfamily.i.auto.sohu.com/a", "auto"),
        (" HTTPS://IT.Sohu.com:80/a?b=http://x.y.com ", "it"),
        ("http://sports.sina.com.cn/1", "sports"),
        ("http://sohu.com/1", ""),
        ("http://[broken/1", ""),
        ("http://ｓ．sohu：com/", ""),
        ("http://\x07.sohu.com/1", ""),
        ("no address", ""),
        ("", ""),
    ],
)
def test_the_label_is_the_channel_in_the_host(url, label):
    assert datasets.sogou_label(url) == label


@settings(deadline=None, max_examples=100)
@given(url=st.text(max_size=30).map("http://{}".format))
def test_no_address_stops_the_reader(url):
    label = datasets.sogou_label(url)
    assert isinstance(label, str)
    assert "/" not in label


def test_a_sogou_file_gives_a_split_table_of_titles_and_channels(tmp_path):
    stories = [document(i, host=f"{host}.sohu.com", title=f"{host} {i}") for host in ("it", "auto") for i in range(20)]
    stories += [document(50, host="tiny.sohu.com"), document(51, host="it.sohu.com", title="it 3"), STORIES[2]]
    path = written(tmp_path / "news.dat", "".join(stories).encode("gb18030"))
    with pytest.warns(UserWarning, match="left out") as caught:
        by_folder = datasets.load("sogou", data_dir=tmp_path)
    expected = (
        f"{path}: 3 of 43 documents left out: no title or channel, a title seen before, or a channel with fewer "
        "than 10 titles (tiny)"
    )
    assert [str(w.message) for w in caught] == [expected]
    table = pd.concat(by_folder)
    assert Counter(table["label"]) == {"it": 20, "auto": 20}
    assert all(text.split()[0] == label for label, text in rows_of(table))
    with pytest.warns(UserWarning, match="left out"):
        assert datasets.load("sogou", data_dir=path).train.equals(by_folder.train)
    with pytest.warns(UserWarning, match="left out"):
        assert datasets.load(path).dev.equals(by_folder.dev)


def test_a_sogou_folder_needs_one_file_and_two_channels(tmp_path):
    got = message_of(ValueError, datasets.load, "sogou", data_dir=tmp_path)
    assert got == f"{tmp_path}: expected one .dat file in it, got 0; pass the file itself as data_dir"
    path = written(tmp_path / "news.dat", "".join(document(i, title=f"标题{i}") for i in range(12)))
    got = message_of(ValueError, datasets.load, "sogou", data_dir=tmp_path)
    assert got == f"{path}: expected at least two channels with 10 titles each, got {{'sports': 12}}"


def test_the_real_sogou_documents_are_all_read(shared_data, tmp_path):
    path = shared_data("sogou/news_sohusite_xml.smarty.dat")
    stories = list(datasets.read_sogou(path))
    assert len(stories) == 200
    assert Counter(s.label for s in stories) == {"gongyi": 187, "women": 5, "2008": 4, "baobao": 3, "auto": 1}
    assert stories[0].title == "深圳地铁将设立ＶＩＰ头等车厢　买双倍票可享坐票"
    assert not any("\ufffd" in story.title + story.content for story in stories)
    original = written(tmp_path / "original.dat", path.read_bytes().decode().encode("gb18030"))
    assert list(datasets.read_sogou(original)) == stories


STREAM = """
import resource, sys, time
from textrnn import datasets

def peak_mib():
    try:  # of this process alone; ru_maxrss of a forked process begins with its parent's
        line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    except OSError:
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

before, start, cpu = peak_mib(), time.perf_counter(), time.process_time()
count = sum(1 for _ in datasets.read_sogou(sys.argv[1]))
print(count, peak_mib() - before, time.perf_counter() - start, time.process_time() - cpu)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is read from /proc or getrusage")
def test_a_file_of_200_mb_streams_in_constant_memory(tmp_path):
    block = "".join(document(i, title=f"第{i}条新闻", content="这是正文" * 200) for i in range(2000)).encode("gb18030")
    path, times = tmp_path / "big.dat", 200_000_000 // len(block) + 1
    try:
        with path.open("wb") as file:
            for _ in range(times):
                file.write(block)
        size = path.stat().st_size
        run = subprocess.run([sys.executable, "-c", STREAM, path], capture_output=True, text=True, check=True)
    finally:
        path.unlink(missing_ok=True)
    count, growth, seconds, cpu = map(float, run.stdout.split())
    speeds = f"{size / 1e6 / seconds:.0f} MB/s, {size / 1e6 / cpu:.0f} MB per CPU second"
    print(f"{size / 1e6:.0f} MB in {seconds:.1f} s: {speeds}; peak memory +{growth:.0f} MiB")
    assert size >= 200_000_000
    assert count == 2000 * times
    assert growth < 60


# --- tagged sentences ---

ATIS = {"seq.in": "fly to new york\nhello\n", "seq.out": "O O B-to I-to\nI-to\n", "label": "flight\ngreet\n"}


def tagged_folder(folder, **changes):
    for name, content in (ATIS | {name.replace("_", "."): text for name, text in changes.items()}).items():
        written(folder / name, content)
    return folder


def test_tagged_sentences_are_read_in_file_order(tmp_path):
    table = datasets.read_tagged(tagged_folder(tmp_path))
    assert table.to_dict("list") == {
        "words": [["fly", "to", "new", "york"], ["hello"]],
        "tags": [["O", "O", "B-to", "I-to"], ["I-to"]],
        "intent": ["flight", "greet"],
    }
    assert table.attrs["num_stray_inside"] == 1


def test_atis_loads_the_splits_that_are_there(tmp_path):
    tagged_folder(tmp_path / "train")
    tagged_folder(tmp_path / "test", label="a\nb\n")
    splits = datasets.load("atis", data_dir=tmp_path)
    assert list(splits.train["intent"]) == ["flight", "greet"]
    assert list(splits.test["intent"]) == ["a", "b"]
    assert splits.dev is None


def test_the_real_atis_files_hold_4478_and_500_sentences(shared_data):
    splits = datasets.load("atis", data_dir=shared_data("atis"))
    assert (len(splits.train), len(splits.dev)) == (4478, 500)
    assert all(len(row.words) == len(row.tags) for row in splits.train.itertuples())
    assert {tag[:2] for tags in splits.train["tags"] for tag in tags} == {"O", "B-", "I-"}


# --- audit ---


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
