"""Many files classified by several processes: the order kept, each row once, whatever is killed."""

import contextlib
import datetime
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner

from textrnn import cli, datasets, saving, scale, shipped

psutil = pytest.importorskip("psutil", reason="the extra `scale` is not installed")
pytest.importorskip("distributed", reason="the extra `scale` is not installed")

NAME = "headlines-textrnn"
TEXTS = datasets.load("headlines").train["text"].tolist()


def read_parts(out):
    """The answers of all parts, in the order of their names."""
    read = {".parquet": pd.read_parquet, ".csv": pd.read_csv, ".jsonl": lambda path: pd.read_json(path, lines=True)}
    return pd.concat([read[path.suffix](path) for path in sorted(out.glob("part-*"))], ignore_index=True)


def numbered(folder, name, number):
    """A Parquet file of headlines with a number for each."""
    table = pd.DataFrame({"id": range(number), "title": (TEXTS * (1 + number // len(TEXTS)))[:number]})
    table.to_parquet(folder / name)
    return table


def run(*args):
    return CliRunner().invoke(cli.main, ["predict", NAME, *map(str, args)])


@pytest.mark.long
def test_files_of_every_form_are_answered_in_order_and_what_has_no_answer_is_told(tmp_path):
    below = tmp_path / "in" / "below"
    below.mkdir(parents=True)
    first = numbered(below, "a.parquet", 230)
    pd.DataFrame({"label": ["x"] * 70, "text": TEXTS[:70]}).to_csv(below / "b.csv", index=False)
    with (below / "b.csv").open("a", encoding="utf-8") as file:
        file.write("x,too,many,cells\nx, \n")
    lines = ['{"text": "客队补时绝杀"}', "{broken", '{"text": ""}', '{"text": ["a"]}', '{"text": "央行下调利率"}']
    (tmp_path / "in" / "c.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "in" / "d.jsonl").write_bytes('{"text": "客队补时绝杀"}\n'.encode() * 3 + b"\xff\xfe\xfd")
    (below / ".hidden.csv").write_text("nothing", encoding="utf-8")
    files, out = [below, tmp_path / "in" / "*.jsonl"], tmp_path / "out"
    seen = []
    done = scale.predict(NAME, files, out=out, workers=2, part_rows=100, progress=seen.append)
    expected = [*first["title"], *TEXTS[:70], "客队补时绝杀", "央行下调利率"]
    found = read_parts(out)
    texts = found["title"].fillna(found["text"])
    assert texts[: len(expected)].tolist() == expected
    labels, scores = saving.load_classifier(NAME).predict_with_scores(texts.tolist())
    assert found["predicted_label"].fillna(found["label"]).tolist() == labels.tolist()
    np.testing.assert_allclose(found["score"], scores, atol=1e-5)
    assert (done.rows, sum(seen), done.parts, done.kept) == (len(found), len(found), len(list(out.glob("part-*"))), 0)
    refused = [json.loads(line) for line in (out / "refused.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(refused) == done.refused
    told = {(Path(row["file"]).name, row["line"]): row["reason"] for row in refused}
    assert told["b.csv", 72].startswith("line 72: expected 2 columns, got 4 columns, 'x,too,many,cells'")
    assert told["b.csv", 73] == "line 73: expected a text, got none"
    assert told["c.jsonl", 2].startswith("line 2: expected a JSON object, got '{broken'")
    assert told["c.jsonl", 3] == "line 3: expected a text, got none"
    assert told["c.jsonl", 4] == "line 4: expected a text, got ['a']"
    assert told["d.jsonl", None].endswith("; the rest of the file is left out")
    assert len(told) == 6


@pytest.mark.slow
@pytest.mark.parametrize("style", ["csv", "jsonl"])
def test_the_workers_of_a_cluster_do_it_too_and_finished_parts_are_kept(tmp_path, style):
    from distributed import LocalCluster

    table, out = numbered(tmp_path, "a.parquet", 250), tmp_path / "out"
    settings = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with LocalCluster(**settings, host="127.0.0.1", protocol="tcp") as cluster:
        ask = {"out": out, "scheduler": cluster.scheduler_address, "style": style, "part_rows": 60}
        done = scale.predict(NAME, [tmp_path / "a.parquet"], text_column="title", **ask)
        assert done == (250, 0, 5, 0)
        whole = {path.name: path.read_bytes() for path in out.iterdir()}
        assert read_parts(out)["id"].tolist() == table["id"].tolist()
        (out / f"part-00003.{style}").unlink()
        assert scale.predict(NAME, [tmp_path / "a.parquet"], text_column="title", **ask) == (250, 0, 5, 4)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole


@pytest.mark.slow
@pytest.mark.parametrize("style", ["csv", "jsonl", "parquet"])
def test_columns_and_digits_of_the_user_stay(tmp_path, style):
    own = {"text": TEXTS[:2], "label": ["a", "b"], "predicted_label": ["c", "d"], "number": [1234567890123456789, None]}
    own |= {"share": [0.12345678912345, None], "bytes": [b"\xff", None], "day": [datetime.date(2024, 1, 2), None]}
    pa.parquet.write_table(pa.table(own), tmp_path / "a.parquet")
    assert scale.predict(NAME, [tmp_path / "a.parquet"], out=tmp_path / "out", style=style).rows == 2
    path = tmp_path / "out" / f"part-00000.{style}"
    if style == "parquet":
        got = pa.parquet.read_table(path).to_pylist()[0]
    elif style == "jsonl":
        got = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    else:
        got = pd.read_csv(path, dtype=str).iloc[0].to_dict()
    assert list(got) == [*own, "predicted_label_2", "score"]
    shown = [str(got[name]) for name in ("label", "predicted_label", "number", "share", "day")]
    assert shown == ["a", "c", "1234567890123456789", "0.12345678912345", "2024-01-02"]
    alone = tmp_path / f"alone.{style}"
    done = CliRunner().invoke(cli.main, ["predict", NAME, "--file", str(tmp_path / "a.parquet"), "--out", str(alone)])
    assert done.exit_code == 0, done.stderr
    if style == "parquet":
        assert pa.parquet.read_table(path).equals(pa.parquet.read_table(alone))
    else:
        assert path.read_bytes() == alone.read_bytes()


@pytest.mark.slow
def test_what_a_form_cannot_hold_is_one_line(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": TEXTS[0], "number": 10**30}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"a column holds values of several kinds, or too large; write \.jsonl: "):
        scale.predict(NAME, [tmp_path / "a.jsonl"], out=tmp_path / "out")


@pytest.mark.long
def test_a_worker_that_is_killed_is_replaced_and_each_row_is_there_once(tmp_path):
    table, killed = numbered(tmp_path, "a.parquet", 8000), []

    def kill_one(_):
        if len(killed) < 3:
            children = psutil.Process().children(recursive=True)
            workers = [one for one in children if "spawn_main" in " ".join(one.cmdline())]
            workers[len(killed) % len(workers)].kill()
            killed.append(True)

    ask = {"out": tmp_path / "out", "workers": 2, "part_rows": 200, "text_column": "title"}
    done = scale.predict(NAME, [tmp_path / "a.parquet"], progress=kill_one, **ask)
    assert len(killed) == 3
    assert done == (8000, 0, 40, 0)
    assert read_parts(tmp_path / "out")["id"].tolist() == table["id"].tolist()


@pytest.mark.long
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path):
    table, out = numbered(tmp_path, "a.parquet", 33_000), tmp_path / "out"
    command = [sys.executable, "-m", "textrnn.cli", "predict", NAME, "a.parquet", "--workers", "2", "--out", "out"]
    command += ["--text-column", "title", "--format", "csv"]
    first = subprocess.Popen(command, cwd=tmp_path, start_new_session=True)
    deadline = time.monotonic() + 300
    while len(list(out.glob("part-*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert 2 <= len(before) < 5
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == f"out: 33,000 rows in 5 parts, {len(before)} of an earlier run; 0 refused"
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert read_parts(out)["id"].tolist() == table["id"].tolist()


@pytest.mark.long
@pytest.mark.parametrize("moment", ["workers start", "workers answer"])
def test_a_ctrl_c_which_a_terminal_sends_to_the_workers_too_is_one_word_and_leaves_none(tmp_path, moment):
    numbered(tmp_path, "a.parquet", 33_000)
    command = [sys.executable, "-m", "textrnn.cli", "predict", NAME, "a.parquet", "--workers", "2", "--out", "out"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "start_new_session": True}
    process = subprocess.Popen([*command, "--text-column", "title"], cwd=tmp_path, **streams)
    me, deadline = psutil.Process(process.pid), time.monotonic() + 300
    while True:
        workers = [one for one in me.children(recursive=True) if "spawn_main" in " ".join(one.cmdline())]
        if len(workers) == 2 and (moment == "workers start" or list(tmp_path.glob("out/part-*"))):
            break
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    told = process.communicate(timeout=60)
    assert (process.returncode, *told) == (130, "", "Stopped.\n")
    assert not any(one.is_running() for one in workers)


def test_what_cannot_be_done_is_refused_before_any_worker_starts(tmp_path):
    numbered(tmp_path, "a.parquet", 3)
    file, out = tmp_path / "a.parquet", tmp_path / "out"
    wrong = [
        ([file, "--workers", 2], "give files, and a folder for the answers with --out"),
        (["--workers", 2, "--out", out], "give files, and a folder for the answers with --out"),
        ([file, "--workers", 2, "--out", out, "--top", 2], "--top does not go with --workers or --scheduler"),
        ([file, "--workers", 2, "--out", out, "--format", "xlsx"], "--format: expected one of parquet, csv, jsonl"),
        ([tmp_path / "*.csv", "--workers", 2, "--out", out], "expected a file, a folder of tables, or a pattern"),
        ([file, file, "--workers", 2, "--out", out], "files: expected each once, got"),
        (
            [file, "--workers", 2, "--out", tmp_path],
            "expected an empty folder, or one of an earlier run, got",
        ),
    ]
    for args, words in wrong:
        done = run(*args)
        assert done.exit_code in (1, 2), args
        assert words in done.stderr
    assert not out.exists()
    out.mkdir()
    (out / "run.json").write_text("{}", encoding="utf-8")
    assert "or parts of this same run; run.json there says otherwise" in run(file, "--workers", 2, "--out", out).stderr


@pytest.mark.slow
def test_a_run_without_any_answer_fails_with_the_first_reason(tmp_path):
    numbered(tmp_path, "a.parquet", 3)
    done = run(tmp_path / "a.parquet", "--workers", 1, "--out", tmp_path / "out", "--text-column", "body")
    assert (done.exit_code, "Traceback" in done.stderr) == (1, False)
    assert re.search(r"no row has an answer; refused\.jsonl there says why, first: .*'body'", done.stderr)


def test_a_file_in_an_object_store_is_fetched(tmp_path):
    import fsspec

    from textrnn.scale.inputs import find_files, parts_of

    with fsspec.open("memory://bucket/a.csv", "w", encoding="utf-8") as file:
        file.write("label,text\nx,客队补时绝杀\ny\n")
    refused = []
    (path,) = find_files(["memory://bucket/a.csv"])
    (part,) = parts_of(path, size=10, refused=refused.append)
    assert part.texts == ["客队补时绝杀"]
    assert refused == [{"file": path, "line": 3, "reason": "line 3: expected 2 columns, got 1 column, 'y'"}]


def test_a_pattern_in_a_store_names_its_files_in_order(tmp_path):
    from textrnn.scale.inputs import find_files, parts_of

    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.csv").write_text(f"label,text\nx,{name}{name}\n", encoding="utf-8")
    (tmp_path / "d.txt").write_text("dd", encoding="utf-8")
    found = find_files([f"file://{tmp_path}/*.csv"])
    assert [part.texts for path in found for part in parts_of(path, size=9, refused=print)] == [["aa"], ["bb"], ["cc"]]
    with pytest.raises(FileNotFoundError, match=r"^file://.*/e\.csv: expected a file, "):
        find_files([f"file://{tmp_path}/e.csv"])


def test_an_address_that_cannot_be_read_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    for address, words in [
        ("s3://bucket/a.csv", "s3://bucket/a.csv: Install s3fs to access S3"),
        ("nowhere://a.csv", "nowhere://a.csv: expected a file or an address that fsspec reads: Protocol not known: "),
    ]:
        done = run(address, "--workers", 1, "--out", tmp_path / "out")
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert done.stderr.startswith(f"Error: {words}")
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_the_examples_of_the_page_do_what_it_shows(tmp_path, monkeypatch):
    page = (Path(__file__).parents[1] / "docs" / "scale.md").read_text(encoding="utf-8")
    command, said = re.search(r"\$ textrnn (predict .+)\n(answers: .+)\n", page).groups()
    script = re.search(r"```python\n(.+?)```", page, re.DOTALL)[1]
    shutil.copytree(shipped.headlines_folder(), tmp_path / "headlines", ignore=shutil.ignore_patterns("*.md", "*.txt"))
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.main, shlex.split(command))
    assert done.stderr.splitlines()[-1] == said
    subprocess.run([sys.executable, "script.py"], check=True)
    dev = datasets.load("headlines").dev
    assert len(read_parts(tmp_path / "dev-answers")) == len(dev)


def test_a_number_that_json_lacks_is_nothing_also_within_lists(tmp_path):
    from textrnn.answers import Layout, Score, open_writer

    row, layout = [[float("nan"), 1, {"b": float("nan")}], b"x"], Layout(["a", "c"], 1, ["label", "score"], [], False)
    with contextlib.ExitStack() as stack:
        open_writer(stack, tmp_path / "a.part", "jsonl", layout)([(row, ["y", Score(0.5)])])
    written = (tmp_path / "a.part").read_text(encoding="utf-8")
    assert written == '{"a": [null, 1, {"b": null}], "c": "x", "label": "y", "score": 0.5}\n'
