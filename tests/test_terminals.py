"""The command where a terminal, a file or a name is not what one expects: one line, and never a traceback."""

import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

TEXT = "国足客场一球小胜"
COMMAND = f"{sys.executable} -m textrnn.cli"
PREDICT = f"predict headlines-textrnn {TEXT}"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="a shell of POSIX closes and leads the streams"),
]


def run(line, folder):
    """What `textrnn` says and where it ends, called by a shell; stderr, wherever the line may lead it."""
    environment = os.environ | {"PYTHONWARNINGS": "ignore::RuntimeWarning"}
    done = subprocess.run(["sh", "-c", line], cwd=folder, env=environment, capture_output=True, timeout=60)
    said = done.stderr.decode("utf-8")
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    return done.returncode, done.stdout.decode("utf-8"), said


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (f"{PREDICT} --out a.tsv >&-", 0, ""),
        (f"{PREDICT} --out a.tsv <&- >&- 2>&-", 0, ""),
        (f"{PREDICT} --out a.tsv 2>&-", 0, ""),
        (f"{PREDICT} >&-", 1, "Error: standard output is closed, so nobody would get the answers: give --out FILE\n"),
        (
            "predict headlines-textrnn --out a.tsv <&-",
            1,
            "Error: standard input: expected a text on each line, got none\n",
        ),
        ("--help >&-", 0, ""),
        ("data list >&-", 0, ""),
        ("--help >/dev/full", 1, "Error: standard output: No space left on device\n"),
        ("predict --help >/dev/full", 1, "Error: [Errno 28] No space left on device\n"),
        (f"{PREDICT} >/dev/full", 1, "Error: [Errno 28] No space left on device\n"),
        (f"{PREDICT} 2>/dev/full", 0, ""),
        ("predict nowhere x 2>/dev/full", 1, ""),
    ],
)
def test_a_closed_stream_and_a_full_disk_are_an_answer_or_one_line(line, code, said, tmp_path):
    if "/dev/full" in line and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    found_code, _, found = run(f"{COMMAND} {line}", tmp_path)
    assert found_code == code
    assert found.startswith(said)
    assert found.count("\n") == (1 if said else 0)
    if "--out" in line and not code:
        assert (tmp_path / "a.tsv").read_text(encoding="utf-8").splitlines()[1].startswith("sports\t")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs ulimit")
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_where_there_is_no_room_the_file_is_named_and_nothing_is_left(name, tmp_path):
    (tmp_path / "in.txt").write_text(
        "".join(f"国足客场一球小胜{number * 7919}\n" for number in range(300)), encoding="utf-8"
    )
    command = f"ulimit -f 4; {COMMAND} predict headlines-textrnn --file in.txt --out {name}"
    code, _, said = run(command, tmp_path)
    assert (code, said) == (1, f"Error: {tmp_path / name}: cannot be written: File too large\n")
    assert [one.name for one in tmp_path.iterdir()] == ["in.txt"]


@pytest.mark.parametrize(
    "line",
    ["card {}", "predict {} x", "evaluate {} x.tsv", "evaluate headlines-textrnn {}", "train {}.tsv --out m"],
)
def test_a_name_that_is_no_utf8_is_shown_with_the_byte_it_has(line, tmp_path):
    code, _, said = run(f"{COMMAND} {line.format(os.fsdecode(bytes([120, 0xCA])))}", tmp_path)
    assert code == 1
    assert "x\\xca" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{PREDICT} --out loop", "Error: "),
        (f"{PREDICT} --out loop/a.tsv", "Error: "),
        ("train rows.tsv --out loop", "Error: loop: expected a file or a folder, got a link that leads to itself\n"),
        ("train loop --out m", "Error: "),
        ("card loop", "Error: loop: expected a model folder"),
        ("evaluate headlines-textrnn loop", "Error: "),
    ],
)
def test_a_link_that_leads_to_itself_is_one_line(line, said, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "rows.tsv").write_text("a\tone\nb\ttwo\n" * 9, encoding="utf-8")
    code, _, found = run(f"{COMMAND} {line} {'--format tsv' if 'predict' in line else ''}", tmp_path)
    assert code == 1
    assert found.startswith(said)
    assert found.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["loop", "rows.tsv"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_a_file_that_is_replaced_hands_on_its_permissions(mode, tmp_path):
    file = tmp_path / "a.tsv"
    file.write_text("old", encoding="utf-8")
    file.chmod(mode)
    code, _, _ = run(f"umask 022; {COMMAND} {PREDICT} --out a.tsv", tmp_path)
    assert (code, stat.S_IMODE(file.stat().st_mode)) == (0, mode)
    assert file.read_text(encoding="utf-8").splitlines()[1].startswith("sports\t")


@pytest.mark.long
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_the_page_ends_within_seconds_though_a_client_holds_half_a_request(told):
    command = [*COMMAND.split(), "demo", "headlines-textrnn", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as page:
        port = next(int(found[1]) for line in page.stderr if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAcc")
            time.sleep(0.5)  # until the server has begun to read
            page.send_signal(told)
            assert page.wait(10) in (0, 130, -signal.SIGTERM)


def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path):
    run(f"umask 027; {COMMAND} {PREDICT} --out a.tsv", tmp_path)
    assert stat.S_IMODE((tmp_path / "a.tsv").stat().st_mode) == 0o640
