"""Sweeps by workers of Dask: the same table whoever trains, and what is missing said in a line."""

import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from test_runs import write_table
from test_sweep import COMMAND, FIXED, SPACE, workers_of

from textrnn import cli, experiments, scale

TRIALS = 2


def arguments(folder):
    """A table and a space in `folder`, and the command's arguments for a sweep of them."""
    table, space = write_table(folder / "mine.tsv"), folder / "space.toml"
    space.write_text(SPACE, encoding="utf-8")
    return [str(word) for word in ("sweep", table, "--space", space, "--trials", TRIALS, *FIXED)]


def table_of(sweep):
    """The settings and the score of each trial, and what each said of dev."""
    runs = sorted(experiments.find_runs(sweep / "trials"), key=lambda run: run.folder)
    return [(run.folder.name, run.record["settings"], run.scores, run.answers().to_dict("list")) for run in runs]


@pytest.mark.soak
def test_a_worker_that_is_killed_is_replaced_and_the_table_is_that_of_a_cluster(tmp_path):
    pytest.importorskip("optuna")
    from distributed import LocalCluster

    call = arguments(tmp_path)
    process = subprocess.Popen([COMMAND, *call, "--out", tmp_path / "killed"], stdout=subprocess.PIPE, text=True)
    deadline, killed = time.monotonic() + 200, []
    while process.poll() is None and time.monotonic() < deadline and not killed:
        time.sleep(0.02)
        if (tmp_path / "killed" / "trials" / "0001" / "config.toml").exists():  # it trains
            killed = workers_of(process)
            assert len(killed) == 1
            killed[0].kill()
    assert "best of 2 trials" in process.communicate()[0]
    logs = (tmp_path / "killed" / "trials" / "0001.log").read_text(encoding="utf-8")
    assert "Traceback" not in logs

    settings = {"n_workers": 2, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with LocalCluster(**settings, host="127.0.0.1", protocol="tcp") as cluster:
        done = CliRunner().invoke(
            cli.main, [*call, "--out", str(tmp_path / "other"), "--scheduler", cluster.scheduler_address]
        )
    assert done.exit_code == 0, done.output
    assert len(table_of(tmp_path / "killed")) == TRIALS
    assert table_of(tmp_path / "killed") == table_of(tmp_path / "other")


@pytest.mark.long
def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    monkeypatch.setattr(scale.cluster, "TIMEOUT", 1)
    call = [*arguments(tmp_path), "--out", str(tmp_path / "out"), "--scheduler", "tcp://127.0.0.1:1"]
    done = CliRunner().invoke(cli.main, call)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("Error: --scheduler tcp://127.0.0.1:1: expected a Dask scheduler, got no answer: ")


def test_dask_that_is_missing_is_one_line(tmp_path, monkeypatch):
    pytest.importorskip("optuna")
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = CliRunner().invoke(cli.main, [*arguments(tmp_path), "--out", str(tmp_path / "out"), "--workers", "2"])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("Error: textrnn sweep needs Dask's distributed, which is not installed: ")
    assert not (tmp_path / "out").exists()
