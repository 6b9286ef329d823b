"""The Sogou news: markup, broken bytes, labels from addresses, tables, and files of any size."""

import re
import subprocess
import sys
from collections import Counter

import pandas as pd
import pytest
from conftest import message_of, rows_of, written
from hypothesis import given, settings
from hypothesis import strategies as st

from textrnn import datasets


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


def said(caught):
    """What the kit warned of, without what the interpreter noticed meanwhile of tests before."""
    return [str(one.message) for one in caught if one.category is UserWarning]


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
    assert said(caught) == [f"{path}: byte {place}: document without <{tag}> left out"]


def test_an_unclosed_document_is_left_out_and_the_next_one_kept(tmp_path):
    path = written(tmp_path / "news.dat", STORIES[0].replace("</doc>", "") + STORIES[1])
    with pytest.warns(UserWarning, match="left out") as caught:
        titles = [story.title for story in datasets.read_sogou(path)]
    assert titles == ["２０１２年Ｖ５"]
    assert said(caught) == [f"{path}: byte 0: document without </doc> left out"]


def test_a_last_document_that_is_cut_off_is_left_out_with_a_warning(tmp_path):
    path = written(tmp_path / "news.dat", STORIES[0] + STORIES[1][: STORIES[1].index("</content>")])
    place = len(STORIES[0].encode()) - 1
    with pytest.warns(UserWarning, match="left out") as caught:
        assert [story.title for story in datasets.read_sogou(path)] == ["足球&篮球 AT&T"]
    assert said(caught) == [f"{path}: byte {place}: the last document is cut off and left out"]


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
    assert said(caught) == [expected]
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
