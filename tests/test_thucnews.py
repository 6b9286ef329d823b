"""The THUCNews titles: two layouts on disk, and downloads that leave no bad file behind."""

import hashlib
import inspect
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pooch
import pytest
from conftest import FileServer, message_of, rows_of, written

from textrnn import datasets

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


@pytest.mark.long
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
