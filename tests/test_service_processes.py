"""`textrnn serve --processes`: several real processes answer on one port, die, are replaced, and end together."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from textrnn.web import serve_model

pytest.importorskip("starlette", reason="the extra `serve` is not installed")

ROOT = Path(__file__).parents[1]
TEXT = "国足客场一球小胜"


@contextlib.contextmanager
def running(tmp_path):
    """The command that the page shows, as a process of its own."""
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    command = re.search(r"\$ textrnn (serve .+ --processes 2)\n", page)[1].split()
    found = subprocess.Popen(
        [sys.executable, "-m", "textrnn.cli", *command, "--port", "0"],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert found.stderr.readline() == "textrnn serve: loading headlines-textrnn (runtime onnx) …\n"
        yield found
    finally:
        found.kill()
        found.communicate()


def url_of(service):
    return re.match(r"textrnn serve: POST (\S+) ", service.stderr.readline())[1]


def workers_of(service):
    """The processes that answer."""
    children = Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()
    return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]


def gone(pid):
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def wait_until(holds):
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def ask(url, texts=(TEXT,)):
    """A new connection, so that any of the processes may take it."""
    return [one["label"] for one in httpx.post(url, json={"instances": texts}, timeout=60).json()["predictions"]]


def numbers(url):
    text = httpx.get(url[: url.index("/v1/")] + "/metrics").text
    return {
        name: float(number) for name, number in (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
    }


@pytest.mark.long
def test_a_killed_process_is_replaced_nothing_that_it_counted_is_lost_and_ctrl_c_ends_all(tmp_path):
    with running(tmp_path) as service, ThreadPoolExecutor(8) as pool:
        url = url_of(service)
        first = workers_of(service)
        assert len(first) == 2
        assert list(pool.map(ask, [url] * 40)) == [["sports"]] * 40
        os.kill(first[0], signal.SIGKILL)
        time.sleep(0.1)  # its sockets are closed
        assert list(pool.map(ask, [url] * 40)) == [["sports"]] * 40
        line = service.stderr.readline()
        expected = rf"textrnn serve: process {first[0]} ended, exit code -9; process \d+ takes its place\n"
        assert re.fullmatch(expected, line)
        wait_until(lambda: len(set(workers_of(service)) - set(first)) == 1)
        found = numbers(url)
        assert found["textrnn_texts_total"] == found['textrnn_requests_total{status="200"}'] == 80
        assert found["textrnn_request_seconds_count"] == 80
        assert 0 < found["process_cpu_seconds_total"] < 600

        asked = pool.submit(ask, url, [TEXT] * 4000)
        wait_until(lambda: numbers(url)["textrnn_waiting_characters"])
        last = workers_of(service)
        os.killpg(service.pid, signal.SIGINT)  # as a terminal does
        assert asked.result() == ["sports"] * 4000
        assert service.wait(30) == 0
        assert service.stderr.read() == "textrnn serve: ended\n"
        assert all(map(gone, last))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_process_that_hangs_is_replaced_after_half_a_minute_and_the_others_answer_meanwhile(tmp_path):
    with running(tmp_path) as service:
        url = url_of(service)
        hung, other = workers_of(service)
        os.kill(hung, signal.SIGSTOP)
        try:
            start = time.monotonic()
            assert [ask(url) for _ in range(5)] == [["sports"]] * 5
            assert workers_of(service) == [hung, other]
            line = service.stderr.readline()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(hung, signal.SIGKILL)
        assert re.fullmatch(rf"textrnn serve: process {hung} ended, exit code -9; process \d+ takes its place\n", line)
        assert 20 < time.monotonic() - start < 90
        wait_until(lambda: len(workers_of(service)) == 2)
        assert other in workers_of(service)
        assert ask(url) == ["sports"]


@pytest.mark.long
def test_a_killed_parent_leaves_no_process_and_no_file(tmp_path):
    with running(tmp_path) as service:
        url_of(service)
        workers = workers_of(service)
        service.kill()
        wait_until(lambda: all(map(gone, workers)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.long
def test_a_process_that_ends_before_it_can_answer_ends_the_command_with_one_line(tmp_path):
    with running(tmp_path) as service:
        wait_until(lambda: workers_of(service))
        os.kill(workers_of(service)[0], signal.SIGKILL)
        assert service.wait(60) == 1
        line = "Error: a process ended before it could answer, exit code -9: is memory short?\n"
        assert service.stderr.read() == line
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_number_of_processes_is_refused_before_anything_is_loaded(monkeypatch):
    with pytest.raises(ValueError, match="processes: expected at least 1, got 0"):
        serve_model("headlines-textrnn", processes=0)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ValueError, match="processes: expected 1 on Windows, got 2: run several services"):
        serve_model("headlines-textrnn", processes=2)
