"""Sweeps: what is drawn, what is kept, and that a kill loses no trial."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_runs import write_table

from textrnn import cli, experiments, saving
from textrnn.experiments import Space, read_space
from textrnn.recipes import recipe

COMMAND = Path(sys.executable).with_name("textrnn")
SPACE = 'units = [3, 4]\ndropout = { low = 0.0, high = 0.5 }\npooling = ["max", "max,mean"]\n'
FIXED = ["embed_dim=4", "epochs=1", "max_ngram=1", "adversarial=0", "evidence=false", "topic_vectors=false"]
FIXED = [word for setting in FIXED for word in ("--set", setting)]


def test_the_default_space_holds_the_recommended_settings():
    space = read_space()
    for rows in (100, 4_550, 100_000):
        settings = recipe(rows).to_config()
        assert {*space.start(settings)} == {*space.dimensions}, rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unit_s = [3]", "settings: expected some of epochs, "),
        ("units = []", "units: expected a list of values, or a range"),
        ("units = 3", "units: expected a list of values, or a range"),
        ('units = [3, "many"]', "units: expected an integer, got 'many'"),
        ("dropout = { low = 0.5, high = 0.5 }", "dropout: expected low below high, got 0.5 and 0.5"),
        ("dropout = { low = 0.5, high = 1.0 }", "dropout: expected a share from 0 to below 1, got 1.0"),
        ("dropout = { from = 0.5, to = 1.0 }", "dropout: expected a range { low = …, high = …, log = … }"),
        (
            "learning_rate = { low = 0, high = 1.0, log = true }",
            "learning_rate: expected low below high, above 0, got 0",
        ),
        ("", "space: expected at least one setting, got none"),
        ("units: [3]", "Expected '=' after a key"),
    ],
)
def test_a_space_that_is_none_is_one_line(text, message, tmp_path):
    (tmp_path / "space.toml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(
        cli.main, ["sweep", "none.tsv", "--out", str(tmp_path / "out"), "--space", str(tmp_path / "space.toml")]
    )
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {tmp_path / 'space.toml'}: {message}")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_whole_numbers_are_drawn_whole_and_lists_as_text():
    class Trial:
        def suggest_int(self, name, low, high, *, log):
            return high

        def suggest_float(self, name, low, high, *, log):
            return high if log else low

        def suggest_categorical(self, name, choices):
            return choices[-1]

    ranges = {"epochs": {"low": 1, "high": 9}, "learning_rate": {"low": 0.1, "high": 0.2, "log": True}}
    drawn = Space({**ranges, "pooling": ["last", ["max", "mean"]]}).suggest(Trial())
    assert drawn == {"epochs": 9, "learning_rate": 0.2, "pooling": "max,mean"}
    assert experiments.Given(drawn).recipe(5).pooling == ("max", "mean")


def workers_of(process):
    """The workers that a sweep in a process of its own has started."""
    psutil = pytest.importorskip("psutil")
    children = psutil.Process(process.pid).children(recursive=True)
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


@pytest.mark.soak
def test_killed_again_and_again_a_sweep_ends_with_every_trial(tmp_path):
    pytest.importorskip("optuna")
    table, folder, space = write_table(tmp_path / "mine.tsv"), tmp_path / "sweep", tmp_path / "space.toml"
    space.write_text(SPACE, encoding="utf-8")
    call = [COMMAND, "sweep", table, "--out", folder, "--space", space, "--trials", "4", "--workers", "2", *FIXED]

    def num_done():
        return len(list(folder.glob("trials/*/run.json")))

    for enough in (1, 2):  # killed in the middle: the parent, and once a child with it
        process = subprocess.Popen([*map(str, call)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 300
        while num_done() < enough and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.poll() is None
        if enough == 1:
            workers_of(process)[0].kill()
        process.kill()
        process.wait()
    done = subprocess.run([*map(str, call)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    found = experiments.find_runs(folder / "trials")
    assert len(found) == 4
    assert all(run.record for run in found)
    best = max(found, key=lambda run: run.scores["accuracy"])
    assert f"accuracy {best.scores['accuracy']:.4f} [" in done.stdout.splitlines()[0]
    assert [run.folder.name for run in found if run.model] == [done.stdout.split("trials: ")[1][:4]]
    answers = best.answers()
    model = saving.load_classifier(folder / "model")
    assert (model.predict(answers["text"]) == answers["label"]).mean() == pytest.approx(best.scores["accuracy"])
    assert (folder / "sweep.png").stat().st_size > 5000
    settings = json.loads((folder / "trials" / "0000" / "run.json").read_text())["settings"]
    assert settings["pooling"] == ["max", "mean"]  # the recommended one comes first
    again = subprocess.run([*map(str, call)], capture_output=True, text=True)  # nothing is left to do
    assert (again.returncode, again.stdout) == (0, done.stdout)
    other = subprocess.run([*map(str, call), "--set", "epochs=2"], capture_output=True, text=True)
    assert other.returncode == 1
    assert "holds another sweep: settings was" in other.stderr
