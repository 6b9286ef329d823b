"""Runs: what a training leaves in its folder, how runs are listed and compared, and what is refused."""

import importlib
import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from textrnn import cards, cli, experiments, metrics, saving

TINY = [
    "--set",
    "units=4",
    "--set",
    "embed_dim=4",
    "--set",
    "epochs=2",
    "--set",
    "max_ngram=1",
    "--set",
    "adversarial=0",
]


def run(*args):
    return CliRunner().invoke(cli.main, [str(arg) for arg in args])


def fine(*args):
    result = run(*args)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def refused(*args):
    result = run(*args)
    assert (result.exit_code, result.stdout) == (1, ""), result.output
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("Error: ").strip()


def write_table(path, rows=90):
    draw, letters = random.Random(0), {"sport": "abcde", "tech": "vwxyz", "<b>art</b>": "klmno"}
    labels = [*letters] * (rows // 3)
    path.write_text("".join(f"{label}\t{''.join(draw.choices(letters[label], k=6))}\n" for label in labels), "utf-8")
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A folder with a table and two runs of it, and what the first command printed."""
    folder = tmp_path_factory.mktemp("runs")
    table = write_table(folder / "mine.tsv")
    printed = fine("train", table, "--run", folder / "runs" / "a", *TINY, "--tensorboard", folder / "logs")
    fine("train", table, "--run", folder / "runs" / "b", "--out", folder / "models" / "b", *TINY, "--set", "units=5")
    return folder, printed


@pytest.mark.long
def test_a_run_keeps_what_is_needed_to_read_compare_and_repeat_it(kept):
    folder, printed = kept
    assert printed.splitlines()[-1] == f"kept: {folder}/runs/a; textrnn runs {folder}/runs lists it"
    found = experiments.read_run(folder / "runs" / "a")
    names = {
        "config.toml",
        "history.csv",
        "curve.png",
        "dev.jsonl",
        "classes.csv",
        "confusion.csv",
        "run.json",
        "model",
    }
    assert {path.name for path in found.folder.iterdir()} == names
    answers, history = found.answers(), found.history()
    assert list(answers.columns) == ["text", "label", "predicted", "score"]
    assert list(answers["predicted"]) == list(saving.load_classifier(found.model).predict(answers["text"]))
    expected = metrics.accuracy(answers["label"], answers["predicted"])
    assert found.scores | expected == found.scores
    own = metrics.report(answers["label"], answers["predicted"]).loc["macro", "f1"]  # the history lacks linear cells
    assert found.scores["macro_f1"] == pytest.approx(own, abs=1e-6)
    assert list(history["epoch"]) == [1, 2]
    confusion = pd.read_csv(found.folder / "confusion.csv", index_col=0)
    assert confusion.loc["sport", "sport"] == ((answers["label"] == "sport") & (answers["predicted"] == "sport")).sum()
    assert found.record["trained_on"]["files"] == {"mine.tsv": cards.sha256_of_file(folder / "mine.tsv")}
    assert {*found.record["baselines"]} == {"majority", "linear SVM"}
    assert {"python", "tensorflow", "keras", "numpy"} <= {*found.record["versions"]}
    assert found.record["settings"] == cards.read_card(found.model)["settings"]
    assert experiments.read_config(found.folder / "config.toml").recipe(5).to_config() == found.record["settings"]
    other = experiments.read_run(folder / "runs" / "b")
    assert other.model.resolve() == folder / "models" / "b"


@pytest.mark.long
def test_tensorboard_reads_the_logs(kept):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reading.EventAccumulator(str(kept[0] / "logs"))
    events.Reload()
    assert {"loss", "dev_accuracy"} <= {*events.Tags()["tensors"]}
    assert [event.step for event in events.Tensors("dev_accuracy")] == [1, 2]


@pytest.mark.long
def test_runs_are_listed_with_the_settings_in_which_they_differ(kept):
    folder, _ = kept
    (folder / "runs" / "half").mkdir(exist_ok=True)
    (folder / "runs" / "half" / "config.toml").write_text("seed = 0\n")
    head, first, second, half = fine("runs", folder / "runs").splitlines()
    assert head.split()[:3] == ["run", "accuracy", "on"]
    assert (first.split()[0], first.split()[-1]) == ("a", "units=4")
    assert (second.split()[0], second.split()[-1]) == ("b", "units=5")
    assert half.split() == ["half", "not", "finished"]
    assert [json.loads(line)["run"] for line in fine("runs", folder / "runs", "--json").splitlines()] == [
        "a",
        "b",
        "half",
    ]
    assert fine("runs", folder / "runs" / "a").splitlines()[1].split()[0] == "a"


@pytest.mark.long
def test_two_runs_are_compared_by_their_answers_and_two_models_by_a_file(kept):
    folder, _ = kept
    runs = [experiments.read_run(folder / "runs" / name) for name in "ab"]
    one, two = (one.answers() for one in runs)
    found = json.loads(fine("compare", runs[0].folder, runs[1].folder, "--json"))
    assert found["test"] == metrics.mcnemar(one["label"], one["predicted"], two["predicted"])
    assert found["difference"] == metrics.accuracy_difference(one["label"], one["predicted"], two["predicted"])
    assert len(found["differing"]) == (one["predicted"] != two["predicted"]).sum()
    assert (
        fine("compare", runs[0].folder, runs[0].folder).splitlines()[-1]
        == "neither is shown to be better: luck would do"
    )
    table = write_table(folder / "other.tsv", 30)
    by_file = json.loads(fine("compare", runs[0].folder, folder / "models" / "b", "--on", table, "--json"))
    assert by_file["first"]["rows"] == 30
    known = run("compare", runs[0].folder, folder / "models" / "b", "--on", folder / "mine.tsv").stderr
    assert "the model was trained on this file" in known


@pytest.mark.long
def test_what_cannot_be_compared_or_kept_is_one_line(kept, tmp_path):
    folder, _ = kept
    first, model = folder / "runs" / "a", folder / "models" / "b"
    assert refused("compare", first, model).startswith(f"{model}: expected a run, which holds what it said of its dev")
    copy = experiments.read_run(first).answers().head(3)
    other = tmp_path / "other"
    other.mkdir()
    (other / "run.json").write_text((first / "run.json").read_text("utf-8"), "utf-8")
    (other / "dev.jsonl").write_text(copy.to_json(orient="records", lines=True), "utf-8")
    assert refused("compare", first, other).startswith(f"{first}, {other}: were scored on other rows than each other")
    assert refused("compare", first, tmp_path / "none", "--on", folder / "mine.tsv").endswith("found none")
    assert refused("train", folder / "mine.tsv", "--run", first).endswith(
        "a run is kept here; give another name, or remove it"
    )
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    assert refused("train", folder / "mine.tsv", "--run", tmp_path / "full").endswith("unfinished run, found notes.txt")
    assert refused("train", tmp_path / "none.tsv", "--run", tmp_path / "new").endswith("none.tsv: no such file")
    assert not (tmp_path / "new").exists()
    with experiments.begun(tmp_path / "busy"):
        assert refused("train", folder / "mine.tsv", "--run", tmp_path / "busy").endswith("give another name")
    (other / "run.json").write_text('{"metrics": 3}')
    assert refused("runs", tmp_path).endswith("expected metrics on dev and settings, got ['metrics']")
    assert refused("runs", tmp_path / "nowhere").startswith(
        f"{tmp_path}/nowhere: no such folder; textrnn train FILE --run"
    )


@pytest.mark.long
def test_train_once_is_one_function_that_gives_the_same_scores_as_the_command(kept, tmp_path):
    folder, _ = kept
    settings = {"units": 4, "embed_dim": 4, "epochs": 2, "max_ngram": 1, "adversarial": 0}
    scores = experiments.train_once(experiments.Files(str(folder / "mine.tsv")), settings, 0, tmp_path / "again")
    assert scores == experiments.read_run(folder / "runs" / "a").scores
    assert json.loads(fine("compare", folder / "runs" / "a", tmp_path / "again", "--json"))["differing"] == []


@pytest.mark.long
def test_runs_and_compare_need_no_tensorflow(kept):
    folder = kept[0] / "runs"
    for args in (["runs", folder], ["compare", folder / "a", folder / "b"]):
        code = "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None; "
        code += f"sys.argv = {['textrnn', *map(str, args)]}; from textrnn import cli; cli.main()"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(folder))
        assert (done.returncode, done.stderr) == (0, "")


def test_a_difference_has_an_interval_that_holds_it_and_is_never_empty():
    labels = ["a"] * 200
    for lost, won in ((0, 0), (0, 1), (3, 9), (100, 100), (0, 200), (200, 0)):
        first, second = ["a"] * lost + ["b"] * (200 - lost), ["b"] * (200 - won) + ["a"] * won
        found = metrics.accuracy_difference(labels, first, second)
        only = metrics.mcnemar(labels, first, second)
        assert found["difference"] == pytest.approx((only["only_second"] - only["only_first"]) / 200)
        assert -1 <= found["low"] <= found["difference"] <= found["high"] <= 1
        assert found["low"] < found["high"]
    # By hand after Bonett & Price: 3 lost, 9 won of 100; (4 + 10) / 102 - (6 / 102)**2 over 102, times 1.96.
    first, second = ["a"] * 3 + ["b"] * 9 + ["a"] * 88, ["b"] * 3 + ["a"] * 9 + ["a"] * 88
    found = metrics.accuracy_difference(["a"] * 100, first, second)
    assert (found["low"], found["high"]) == pytest.approx((-0.0121, 0.1298), abs=1e-4)


def test_a_run_that_was_killed_in_the_middle_of_saving_can_be_begun_again(tmp_path):
    left = tmp_path / "run"
    for name in ("model", ".model.saving-x1y2"):
        (left / name).mkdir(parents=True)
    (left / "config.toml").write_text("seed = 0\n")
    (left / ".run.json.part").write_text("{")
    assert experiments.read_run(left).record == {}
    with experiments.begun(left) as place:
        assert place == left.resolve()


def test_what_is_answered_in_chunks_is_whole_and_a_bar_shows_it(capsys, monkeypatch):
    module, asked = importlib.import_module("textrnn.experiments.compare"), []
    monkeypatch.setattr(module, "CHUNK_TEXTS", 2)
    monkeypatch.setattr(module, "BAR_DELAY", 0)
    for progress, shown in ((True, "5/5 ["), (False, "")):
        answer = lambda texts: asked.append(texts) or np.array(texts)  # noqa: E731
        found = module.answers_in_chunks(answer, pd.Series(list("abcde"), index=list("vwxyz")), progress=progress)
        said = capsys.readouterr().err
        assert found.tolist() == list("abcde")
        assert shown in said
        assert bool(said) == progress
    assert asked[:3] == [["a", "b"], ["c", "d"], ["e"]]
