"""The benchmark scripts, run as a reader runs them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from textrnn import baselines, cards, datasets, metrics, saving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
SCORES = {"accuracy", "low", "high", "rows", "macro_f1", "seconds"}


def run_script(script, *arguments):
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, cwd=ROOT)


def write_table(table, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (table["label"] + "\t" + table["text"] + "\n").sum()
    path.write_text(lines, encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def carved(tmp_path_factory):
    """About 200 training rows and 40 of dev and test each, from the embedded headlines."""
    folder = tmp_path_factory.mktemp("carved")
    parts = {"train": 20, "dev": 4, "test": 4}
    splits = datasets.load("headlines")
    return {
        split: write_table(getattr(splits, split).groupby("label").head(rows), folder / f"{split}.tsv")
        for split, rows in parts.items()
    }


def headlines_json(carved, *arguments, test=False):
    files = ["--train", carved["train"], "--dev", carved["dev"], *(["--test", carved["test"]] if test else [])]
    done = run_script(ROOT / "benchmarks" / "headlines.py", *files, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.long
def test_what_the_memory_holds_is_counted_by_how_far_back_it_was_read():
    done = run_script(ROOT / "benchmarks" / "memory.py", "--count", "4")
    assert done.returncode == 0, done.stderr
    forward, backward, *ends, chance = map(json.loads, done.stdout.splitlines())
    assert chance == {"one_class_by_chance": 0.01}
    assert [one["ends"] for one in ends] == [256, 256]
    assert {forward["lost_by_distance"][name] for name in ("-3", "-2", "-1")} == {0}
    lost = backward["lost_by_distance"]
    assert lost["-3"] == 0 < lost["-2"] < lost["-1"] < lost["0"]  # the n-grams of three and two characters
    for one in (forward, backward):
        assert one["lost_by_distance"]["0"] > one["lost_by_distance"]["5"] > 0
        assert one["length_after"]["15"] > one["length_after"]["1"]


@pytest.mark.long
def test_the_majority_baseline_is_scored_on_dev_alone_unless_a_test_file_is_given(carved):
    result = headlines_json(carved, "--model", "majority", "--seed", "7")
    assert set(result) == {"model", "seed", "train_rows", "train_seconds", "dev"}
    assert (result["model"], result["seed"], result["train_rows"]) == ("majority", 7, 200)
    assert set(result["dev"]) == SCORES
    assert (result["dev"]["rows"], result["dev"]["accuracy"]) == (40, 0.1)
    assert result["dev"]["macro_f1"] == pytest.approx(2 * 0.1 / (0.1 + 1) / 10)
    assert result["dev"]["low"] < 0.1 < result["dev"]["high"]


@pytest.mark.long
def test_the_linear_baseline_scores_what_the_package_scores(carved):
    result = headlines_json(carved, "--model", "linear", test=True)
    baseline = baselines.fit_linear(datasets.read_table(carved["train"]))
    for split in ("dev", "test"):
        table = datasets.read_table(carved[split])
        assert (
            result[split]["accuracy"] == metrics.accuracy(table["label"], baseline.predict(table["text"]))["accuracy"]
        )
        assert set(result[split]) == SCORES
    assert result["dev"]["accuracy"] > 0.2


@pytest.mark.long
def test_the_network_is_trained_and_scored_on_dev_and_test(carved):
    result = headlines_json(carved, "--model", "textrnn", "--epochs", "1", test=True)
    assert (result["model"], result["train_rows"]) == ("textrnn", 200)
    assert result["train_seconds"] > 0
    for split in ("dev", "test"):
        assert set(result[split]) == SCORES
        assert result[split]["rows"] == 40
        assert 0 <= result[split]["low"] <= result[split]["accuracy"] <= result[split]["high"] <= 1
        assert 0 <= result[split]["macro_f1"] <= 1


@pytest.mark.long
def test_without_json_one_line_for_each_split_is_printed_and_a_bad_file_is_named(carved, tmp_path):
    files = ["--train", carved["train"], "--model", "majority", "--dev"]
    done = run_script(ROOT / "benchmarks" / "headlines.py", *files, carved["dev"], "--test", carved["test"])
    first, dev, test = done.stdout.splitlines()
    assert first.startswith("majority, seed 0: 200 training rows, ")
    assert dev.startswith("dev: accuracy 0.1000 [")
    assert test.startswith("test: accuracy 0.1000 [")
    assert "], macro F1 0.0182, 40 rows in " in dev
    bad = tmp_path / "bad.tsv"
    bad.write_text("sports\t标题\nnonsense\t标题\n", encoding="utf-8")
    done = run_script(ROOT / "benchmarks" / "headlines.py", *files, bad)
    assert done.returncode != 0
    assert f"{bad}: row 2: label 'nonsense' has no row in train" in done.stderr
    assert done.stdout == ""


@pytest.mark.long
def test_the_embedded_headlines_pass_their_check():
    done = run_script(ROOT / "benchmarks" / "corpus.py")
    assert done.returncode == 0, done.stdout + done.stderr
    table = pd.concat(datasets.load("headlines"))
    assert done.stdout.startswith(f"{len(table)} headlines, 10 classes, ")
    svm = float(done.stdout.split("on its own test split: ")[1].split()[0])
    assert 0.65 <= svm <= 0.93
    assert "!" not in {line[:1] for line in done.stdout.splitlines()}


@pytest.mark.long
def test_a_doubled_headline_is_named_and_no_split_is_written(tmp_path):
    # A copy of the script writes into a copy of the folders, whatever happens.
    script = tmp_path / "benchmarks" / "corpus.py"
    script.parent.mkdir()
    shutil.copy(ROOT / "benchmarks" / "corpus.py", script)
    table = pd.concat(datasets.load("headlines"), ignore_index=True)
    culprit = table["text"][17]
    folder = tmp_path / "datasets" / "headlines"
    folder.mkdir(parents=True)
    doubled = write_table(pd.concat([table, table[17:18]]), tmp_path / "doubled.tsv")
    done = run_script(script, "--draw", doubled)
    assert done.returncode == 1, done.stderr
    assert f"! similarity 1.000: {culprit} | {culprit}\n" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("!")] == done.stdout.splitlines()[-1:]
    assert list(folder.iterdir()) == []

    done = run_script(script, "--draw", write_table(table, tmp_path / "good.tsv"))
    assert done.returncode == 0, done.stdout + done.stderr
    drawn = datasets.load(folder)
    assert sorted(pd.concat(drawn)["text"]) == sorted(table["text"])
    assert [len(part) for part in drawn] == [len(part) for part in datasets.load("headlines")]


@pytest.mark.long
def test_the_comparison_prints_rows_that_the_notebook_can_read(carved, tmp_path):
    files = ["--train", carved["train"], "--dev", carved["dev"]]
    path = tmp_path / "rows.csv"
    models = ["--models", "naive Bayes", "SimpleRNN", "--seeds", "3", "4", "--csv", path]
    done = run_script(ROOT / "benchmarks" / "comparison.py", *files, *models)
    assert done.returncode == 0, done.stderr
    rows = pd.read_csv(path)
    table = [line for line in done.stdout.splitlines() if line.startswith("|")][2:5]
    assert [line.split(" | ")[:2] for line in table] == [[f"| {row.model}", str(row.seed)] for row in rows.itertuples()]
    assert rows["model"].tolist() == ["naive Bayes", "SimpleRNN", "SimpleRNN"]  # no seed changes naive Bayes
    assert rows["seed"].tolist() == [3, 3, 4]
    table = datasets.read_table(carved["dev"])
    bayes = baselines.fit_naive_bayes(datasets.read_table(carved["train"])).predict(table["text"])
    assert rows["accuracy"][0] == pytest.approx((bayes == table["label"]).mean(), abs=1e-4)
    pair = done.stdout.splitlines()[-1].split(" | ")
    assert pair[0] in ("| naive Bayes → SimpleRNN", "| SimpleRNN → naive Bayes")
    by_order = int(pair[2]) - int(pair[1])
    assert by_order >= 0
    assert by_order == pytest.approx(40 * abs(rows["accuracy"][0] - rows["accuracy"][1]), abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "linear", "--save", "m"], "--save and --epochs are for --model textrnn, got --model linear"),
        (["--model", "majority", "--epochs", "2"], "--save and --epochs are for --model textrnn"),
        (["--epochs", "0"], "--epochs: expected at least 1, got 0"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(carved, arguments, message):
    done = run_script(
        ROOT / "benchmarks" / "headlines.py", "--train", carved["train"], "--dev", carved["dev"], *arguments
    )
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.soak
def test_the_speed_benchmark_measures_side_by_side_and_says_what_is_missing(carved, tmp_path):
    model = ROOT / "models" / "headlines-textrnn"
    files = ["--train", carved["train"], "--dev", carved["dev"], "--model", model]
    small = ["--rows", "128", "--repeats", "1", "--sizes", "1", "--target", "0", "--figure", tmp_path / "cost.png"]
    done = run_script(ROOT / "benchmarks" / "speed.py", *files, *small)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cost.png").stat().st_size > 10_000
    tables = done.stdout.split("\n\n")
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ") and "---" not in line]
    names = [row[0].removeprefix("| ") for row in rows]
    assert {"kit", "kit, runtime numpy", "kit, SavedModel", "stock Keras export", "linear SVM"} <= set(names)
    assert {"textrnn predict, 40 lines", "textrnn predict, 400 lines"} <= set(names)
    numbers = [row for row in rows if not row[1][0].isalpha()]
    assert all(float(row[1].replace(",", "").rstrip(" |")) > 0 for row in numbers)
    (reached,) = (row for row in numbers if row[0] == "| kit" and len(row) == 5)
    assert 0 < float(reached[1]) <= 1
    sections = [line[:2] for line in done.stdout.splitlines() if line[1:3] == ". "]
    assert sections == ["a.", "b.", "c.", "d.", "d.", "d.", "e."]
    memory = [row for row in numbers if row[0] == "| 1,000"]
    assert len(memory) == 1
    assert float(memory[0][2].replace(",", "")) <= float(memory[0][3].replace(",", "").rstrip(" |"))
    has_torch = importlib.util.find_spec("torch") is not None
    assert ("PyTorch is not installed" in tables[0]) != has_torch
    assert ("PyTorch, published network, ids given" in names) == has_torch


@pytest.mark.soak
def test_a_network_can_be_saved_and_is_then_scored_from_its_file(carved, tmp_path):
    folder = tmp_path / "mine"
    result = headlines_json(
        carved, "--model", "textrnn", "--epochs", "2", "--save", folder, "--name", "carved", "--licence", "CC0-1.0"
    )
    card = cards.read_card(folder)
    assert (card["trained_on"]["name"], card["licence"], card["tables"]) == ("carved", "CC0-1.0", "int8")
    assert card["metrics"]["dev"]["accuracy"] == result["dev"]["accuracy"]
    assert (card["settings"]["epochs"], card["settings"]["evidence"]) == (2, True)
    table = datasets.read_table(carved["dev"])
    predicted = saving.load_classifier(folder).predict(table["text"])
    assert (predicted == table["label"].to_numpy()).mean() == result["dev"]["accuracy"]


@pytest.mark.long
def test_an_ensemble_answers_by_the_mean_of_its_models_probabilities(carved):
    script = ROOT / "benchmarks" / "ensemble.py"
    folders = [f"models/{name}-textrnn" for name in ("headlines", "thucnews")]
    done = run_script(script, "--models", *folders, "--table", carved["test"])
    assert done.returncode == 0, done.stderr
    table = datasets.read_table(carved["test"])
    classifiers = [saving.load_classifier(ROOT / folder, runtime="numpy") for folder in folders]
    one, other = (classifier.predict_proba(table["text"]) for classifier in classifiers)
    together = metrics.predicted_labels((one + other) / 2, classifiers[0].label_names)
    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")][2:]
    assert [row[0] for row in rows] == [f"| {folders[0]}", f"| {folders[1]}", "| mean of their probabilities"]
    assert float(rows[2][1].split()[0]) == pytest.approx((together == table["label"]).mean(), abs=1e-4)

    done = run_script(script, "--models", folders[0], folders[0], "--table", carved["test"])
    assert done.returncode == 2
    assert "expected two or more different folders" in done.stderr


def test_the_simulation_of_many_workers_meets_the_formula_where_that_is_exact():
    specification = importlib.util.spec_from_file_location("scaling", ROOT / "benchmarks" / "scaling.py")
    scaling = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(scaling)
    for workers in (1, 10, 100, 300):
        found = scaling.simulated_bulk(workers, spread=0)
        assert found == pytest.approx(scaling.bulk_bound(workers), rel=0.04)
        assert scaling.simulated_bulk(workers, spread=0.4) < 1.1 * scaling.bulk_bound(workers)
    step = scaling.STEP_SECONDS + scaling.exchange_seconds(2, bytes_a_second=1e8)
    assert scaling.simulated_training(2, bytes_a_second=1e8, spread=0) == pytest.approx(2 * scaling.STEP_ROWS / step)
    assert (
        scaling.simulated_training(50, bytes_a_second=1e12, spread=0.3) < 40 * scaling.STEP_ROWS / scaling.STEP_SECONDS
    )
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    for workers in scaling.WORKERS:
        assert (
            f"| {workers} | {scaling.bulk_bound(workers):,.0f} | {scaling.simulated_bulk(workers, spread=0.2):,.0f} |"
            in page
        )
        rows = [scaling.simulated_training(workers, bytes_a_second=bits / 8, spread=0.2) for bits in (1e10, 1e9)]
        assert " | ".join(f"{row:,.0f}" for row in rows) in page
