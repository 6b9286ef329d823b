"""The command: what it prints, what it leaves behind, and how it ends, in real processes where that matters."""

import functools
import json
import os
import pty
import random
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from wcwidth import wcswidth

from textrnn import cards, cli, datasets, lines, metrics, saving

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).with_name("textrnn")
TEXTS = ["国足客场小胜", "股市突然下跌"]


def run(*args, **options):
    return CliRunner().invoke(cli.main, [str(arg) for arg in args], **options)


def fine(*args, **options):
    """Returns what a call prints; it must end well and say nothing else."""
    result = run(*args, **options)
    assert (result.exit_code, result.stderr) == (0, ""), (result.output, result.exception)
    return result.stdout


def made_up_news(num_rows):
    rng = random.Random(0)
    parts = {
        "体育": (["国足", "女排", "湖人"], ["客场", "主场"], ["小胜", "惨败"]),
        "财经": (["央行", "股市", "基金"], ["宣布", "突然"], ["上调", "下跌"]),
    }
    labels = [label for label in parts for _ in range(num_rows // 2)]
    return [(label, "".join(map(rng.choice, parts[label])) + str(row)) for row, label in enumerate(labels)]


@pytest.fixture(scope="module", autouse=True)
def as_at_a_terminal():
    """Keeps each model in memory once the command has loaded it; the processes further down load it themselves.

    `make` asks TensorFlow for fewer words than usual, but for more than the command asks for where nobody has asked.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
        patch.setattr(saving, "load_classifier", functools.cache(saving.load_classifier))
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What `textrnn train` printed, its folder, and its arguments but `--out`."""
    folder = tmp_path_factory.mktemp("cli")
    file = folder / "mine.tsv"
    file.write_text("".join(f"{label}\t{text}\n" for label, text in made_up_news(80)), encoding="utf-8")
    args = ["train", file, "--seed", 3, "--resume", folder / "checkpoints", "--licence", "CC0-1.0", "--set", "epochs=4"]
    return fine(*args, "--out", folder / "models" / "mine"), folder, args


@pytest.fixture(scope="module")
def model(trained):
    return trained[1] / "models" / "mine"


@pytest.fixture(scope="module")
def classifier(model):
    return saving.load_classifier(model)


# --- what needs no model ----------------------------------------------------------------------------------------------


def examples():
    """Returns every example of every help, with its command."""
    groups = [cli.main, cli.data.data]
    commands = [*groups, *(command for group in groups for command in group.commands.values())]
    assert all(command.epilog for command in commands)
    return [line.strip() for command in commands for line in command.epilog.splitlines()[2:]]


@pytest.mark.parametrize("example", sorted(set(examples())))
def test_every_example_of_the_help_works(example, root, tmp_path, monkeypatch):
    for name in ("models", "datasets"):
        (tmp_path / name).symlink_to(root / name)
    monkeypatch.chdir(tmp_path)
    *before, call = example.split(" | ")
    program, *args = shlex.split(call)
    assert program == "textrnn"
    made = ("models/mine", "runs", "sweeps")  # by examples that take minutes
    if args[0] in ("train", "demo", "sweep", "serve") or "fetch" in args or any(arg.startswith(made) for arg in args):
        group, rest = (cli.main, args) if args[0] != "data" else (cli.data.data, args[1:])
        group.commands[rest[0]].make_context(rest[0], rest[1:])
        return
    piped = subprocess.run(" | ".join(before), shell=True, capture_output=True, check=True).stdout if before else None
    fine(*args, input=piped)
    if "--out" in args:
        assert Path(args[args.index("--out") + 1]).stat().st_size > 1000


def test_help_card_and_predict_answer_at_once_and_without_tensorflow(root):
    model = root / "models" / "headlines-textrnn"
    for args in (["--help"], ["card", model], ["predict", model, TEXTS[0]]):
        seconds = []
        for _ in range(3):
            start = time.perf_counter()
            done = subprocess.run([COMMAND, *args], capture_output=True, check=True)
            seconds.append(time.perf_counter() - start)
        assert done.stdout
        assert not done.stderr
        assert min(seconds) < 2
    script = "import sys; from textrnn import cli; print({'numpy', 'pandas', 'keras', 'tensorflow'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", script], text=True).strip() == "set()"


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["predict", "no/such", "a"], 1, "no/such: expected a model folder with assets.extra/card.json, found none"),
        (["card", "no/such"], 1, "no/such: expected a model folder"),
        (["demo", "no/such"], 1, "no/such: expected a model folder"),
        (["page", "no/such", "--out", "a.html"], 1, "no/such: expected a model folder"),
        (["trace", "no/such", "a", "--out", "a.png"], 1, "no/such: expected a model folder"),
        (["predict", "MODEL", "-f", "none.txt"], 1, "none.txt: no such file"),
        (["predict", "MODEL", "-f", "empty.txt"], 1, "empty.txt: expected at least one row, got an empty file"),
        (["predict", "MODEL", "-f", "gap.txt", "--on-empty", "error"], 1, "gap.txt: line 2: expected a text, got none"),
        (
            ["predict", "MODEL", "-f", "three.tsv"],
            1,
            "three.tsv: line 1: which column holds the texts, column 1 or column 2 or column 3? Name it with",
        ),
        (
            ["predict", "MODEL", "-f", "three.tsv", "--text-column", "title"],
            1,
            "three.tsv: line 1: expected a column 'title' (text_column), got 3 column(s) without a header",
        ),
        (["predict", "MODEL", "-f", "ragged.csv"], 1, "ragged.csv: line 3: expected `label,text`, got 1 column"),
        (["predict", "MODEL", "-f", "text.jsonl"], 1, "text.jsonl: line 2: expected a JSON object, got 'two'"),
        (["predict", "MODEL", "-f", "half.xlsx"], 1, "half.xlsx: damaged workbook: "),
        (["predict", "MODEL", "-f", "half.parquet"], 1, "half.parquet: damaged Parquet file: "),
        (["predict", "MODEL", "gap.txt"], 2, "gap.txt is a file: --file gap.txt reads it"),
        (["predict", "MODEL", "a", "--format", "parquet"], 2, "--format parquet: give the file with --out"),
        (["evaluate", "MODEL", "two.csv"], 1, "two.csv: line 1: which column holds the texts, 'title' or 'content'?"),
        (["train", "swapped.tsv", "--out", "new"], 1, "if so, add --text-column 1 --label-column 2"),
        (["predict", "MODEL", "a", "--out", "none/a.tsv"], 1, "a.tsv: cannot be written: No such file or directory"),
        (["predict", "MODEL", "a", "--out", "folder.tsv"], 1, "folder.tsv: expected a file to write, got a folder"),
        (["evaluate", "MODEL", "gap.txt"], 1, "gap.txt: line 1: expected `label<TAB>text`, got 1 column"),
        (["train", "gap.txt", "--out", "full"], 1, "full: expected no folder or a saved model to replace"),
        (["train", "gap.txt", "--out", "gap.txt/mine"], 1, "gap.txt is no folder that you may write to"),
        (["train", "one.tsv", "--out", "new"], 1, "one.tsv: expected at least two classes, got ['a']"),
        (["data", "audit", "nonesuch"], 1, "expected one of headlines, thucnews, sogou, atis, or the path of a file"),
        (["data", "fetch", "sogou"], 2, "NAME: expected one of thucnews, got sogou"),
        ([], 2, "Usage"),
        (["prophesy"], 2, "No such command 'prophesy'"),
        (["predict"], 2, "Missing argument 'MODEL'"),
        (["predict", "MODEL", "a", "-f", "gap.txt"], 2, "give texts or --file, not both"),
        (["predict", "MODEL", "a", "--min-score", "2"], 2, "2.0 is not in the range 0<=x<=1"),
        (["predict", "MODEL", "a", "--out", "a.doc"], 2, "--out: expected a name that ends in .txt, .tsv, .csv"),
        (["predict", "MODEL", "-f", "gap.txt", "--encoding", "hex"], 2, "'hex' is not a text encoding"),
        (["trace", "MODEL", "a", "--out", "a.doc"], 2, "--out: expected a name that ends in .png, .svg or .pdf"),
        (["train", "gap.txt"], 2, "Missing option '--out'"),
    ],
)
def test_each_mistake_has_its_code_and_its_message_and_leaves_nothing(args, code, message, root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = {"empty.txt": "", "gap.txt": "一\n \n二\n", "three.tsv": "a\tb\tc\n", "ragged.csv": "a,b\na,b\na\n"}
    files |= {"text.jsonl": '{"text": "a"}\ntwo\n', "half.parquet": "PAR1PAR1", "half.xlsx": "PK\x03\x04xl/"}
    files |= {"two.csv": "title,content,label\na,b,c\n", "swapped.tsv": "国足小胜\t1\n股市下跌\t0\n女排夺冠\t1\n"}
    for name, text in (files | {"one.tsv": "a\tb\na\tc\n", "full/notes.txt": "mine"}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "folder.tsv").mkdir()
    before = sorted(tmp_path.rglob("*"))
    result = run(*(root / "models" / "headlines-textrnn" if arg == "MODEL" else arg for arg in args))
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in result.stderr
    if code == 1:
        assert result.stderr.startswith("Error: ")
        assert result.stderr.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("piped", "message"),
    [
        (b"", "standard input: expected a text on each line, got none"),
        ("一\n\n二\n".encode(), "standard input: line 2: expected a text, got none"),
        ("一\n\u200b\n".encode(), "standard input: line 2: expected a text, got none"),
        ("一\n央行".encode("gb18030"), 'standard input: line 2: expected UTF-8, got byte 0xd1; try encoding="gb18030"'),
    ],
)
def test_a_pipe_without_texts_is_refused(piped, message, root):
    result = run("predict", root / "models" / "headlines-textrnn", "--on-empty", "error", input=piped)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr


def test_audit_counts_what_stands_in_two_files(tmp_path):
    (tmp_path / "a.tsv").write_text("x\t一二\nx\t三\ny\t四\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("label,text\nx,三\ny,五\n", encoding="utf-8")
    lines = fine("data", "audit", tmp_path / "a.tsv", tmp_path / "b.csv").splitlines()
    assert lines[0].split() == ["a.tsv", "b.csv"]
    assert ["rows", "3", "2"] in [line.split() for line in lines]
    assert ["also", "in", "b.csv,", "exact", "1"] in [line.split() for line in lines]
    assert {wcswidth(line) for line in lines if line.startswith("length")} == {wcswidth(lines[0])}


def test_the_list_of_sets_says_where_each_is_and_how_to_get_it(root, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTRNN_CACHE", str(tmp_path))
    head, *rows = (re.split("  +", line) for line in fine("data", "list").splitlines())
    assert head == ["set", "here", "licence", "what"]
    assert [row[0] for row in rows] == list(datasets.SETS)
    assert [row[1] for row in rows[:3]] == [
        str(root / "datasets" / "headlines"),
        "no: textrnn data fetch thucnews",
        "no: --data-dir",
    ]


def test_fetched_files_are_the_public_ones_and_their_folder_is_printed(file_server, tmp_path):
    file_server.answers["/train.txt"] = b"not the public file"
    result = run("data", "fetch", "thucnews", "--to", tmp_path / "new", "--address", file_server.address)
    assert result.exit_code == 1
    assert "expected the file with git blob id" in result.stderr
    assert not list(tmp_path.rglob("*.txt"))


# --- train ------------------------------------------------------------------------------------------------------------


def test_train_prints_the_baselines_and_writes_a_full_card(trained, model, classifier):
    printed, folder, _ = trained
    assert [line.split()[0] for line in printed.splitlines()] == ["68", "majority", "linear", "TextRNN", "saved:"]
    assert "majority    0.5000 [" in printed
    card = cards.read_card(model)
    assert card["labels"] == ["体育", "财经"]
    assert card["trained_on"] == {
        "name": "mine.tsv",
        "rows": {"train": 68, "dev": 12},
        "files": {"mine.tsv": cards.sha256_of_file(folder / "mine.tsv")},
    }
    assert (card["seed"], card["licence"], card["settings"]["epochs"]) == (3, "CC0-1.0", 4)
    dev = datasets.split_table(datasets.read_table(folder / "mine.tsv"), test=0, seed=3).dev
    answers = classifier.predict_table(dev["text"])
    expected = metrics.accuracy(dev["label"], answers["label"])
    expected["calibration_error"] = metrics.calibration_error(dev["label"], answers["label"], answers["score"])
    assert card["metrics"]["dev"] == pytest.approx(expected, abs=1e-4)
    assert "TextRNN     {accuracy:.4f} [{low:.4f}, {high:.4f}]".format(**expected) in printed


def test_the_same_command_goes_on_from_its_checkpoints(trained, classifier):
    _, folder, args = trained
    newest = max(path.name for path in (folder / "checkpoints").iterdir())
    fine(*args, "--out", folder / "again")
    assert max(path.name for path in (folder / "checkpoints").iterdir()) == newest  # nothing was left to train
    texts = [text for _, text in made_up_news(80)]
    again = saving.load_classifier(folder / "again").predict_proba(texts)
    np.testing.assert_array_equal(again, classifier.predict_proba(texts))
    refused = run(*args, "--seed", 4, "--out", folder / "other")
    assert refused.exit_code == 1
    assert "seed was 3, is 4" in refused.stderr
    assert not (folder / "other").exists()


# --- predict and evaluate ---------------------------------------------------------------------------------------------


def test_all_ways_in_and_out_give_the_answers_of_the_library(model, classifier, tmp_path):
    expected = classifier.predict_table(TEXTS)
    lines = [f"{label}\t{score:.4f}\t{text}" for text, label, score in expected.itertuples(index=False)]
    printed = "\n".join(["label\tscore\ttext", *lines, ""])
    assert fine("predict", model, *TEXTS, "--sha256", cards.fingerprint(model)) == printed
    assert fine("predict", model, "--runtime", "numpy", input="\ufeff" + "\r\n".join(TEXTS)) == printed
    csv, out = tmp_path / "texts.csv", tmp_path / "out.jsonl"
    csv.write_text("id,title\n" + "".join(f'{row},"{text}"\n' for row, text in enumerate(TEXTS)), encoding="utf-8")
    out.write_text("an older file")
    assert fine("predict", model, "-f", csv, "--text-column", "title", "-o", out) == ""
    assert [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()] == [
        {"id": str(row), "title": text, "label": label, "score": pytest.approx(score, abs=1e-6)}
        for row, (text, label, score) in enumerate(expected.itertuples(index=False))
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "texts.csv"]
    (tmp_path / "out.tsv").write_text(printed, encoding="utf-8")
    assert datasets.read_table(tmp_path / "out.tsv")["text"].tolist() == TEXTS


def test_a_file_in_another_encoding_is_read_and_one_line_says_so(model, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_bytes("\n".join(TEXTS).encode("gb18030"))
    result = run("predict", model, "-f", file)
    assert result.exit_code == 0
    assert [line.split("\t")[2] for line in result.stdout.splitlines()[1:]] == TEXTS
    assert result.stderr.startswith(f"Warning: {file}: read as gb18030")
    assert result.stderr.count("\n") == 1


def test_a_table_is_aligned_and_nothing_in_a_text_breaks_it(model):
    texts = ["国足客场小胜", "股市\t突然\n下跌 \x1b[31m", "x"]
    lines = fine("predict", model, *texts, "--format", "table").splitlines()
    starts = ("text", "国足", "股市 突然 下跌  [31m", "x")
    assert {wcswidth(line[: line.rindex(start)]) for line, start in zip(lines, starts, strict=True)} == {16}
    answers = fine("predict", model, *texts, "--format", "jsonl", "--min-score", 0.99999).splitlines()
    assert [json.loads(answer)["text"] for answer in answers] == texts
    assert {json.loads(answer)["label"] for answer in answers} == {"unknown"}


def test_no_text_speaks_to_the_terminal_or_turns_its_row_around(model):
    text = "国足\x1b]0;title\x07\x9b2J\u202e客场\u2067小胜\u200f\u061c"
    _, row = fine("predict", model, text).splitlines()
    assert row.split("\t")[2] == "国足 ]0;title  2J客场小胜"
    printed = fine("predict", model, text, "--format", "jsonl")
    assert json.loads(printed)["text"] == text
    assert not set(printed.rstrip("\n")) & set(map(chr, lines.FLAT))


def test_evaluate_scores_as_the_library_does_and_refuses_foreign_labels(trained, model, classifier, tmp_path):
    _, folder, _ = trained
    table = datasets.read_table(folder / "mine.tsv")
    predicted = classifier.predict(table["text"])
    scored = run("evaluate", model, folder / "mine.tsv", "--json")
    assert (
        scored.stderr
        == f"Warning: {folder / 'mine.tsv'}: the model was trained on this file: its scores promise too much\n"
    )
    found = json.loads(scored.stdout)
    assert found["accuracy"] == metrics.accuracy(table["label"], predicted)["accuracy"]
    assert found["classes"] == metrics.report(table["label"], predicted).to_dict(orient="index")
    printed = run("evaluate", model, folder / "mine.tsv").stdout.splitlines()
    assert printed[0].startswith("accuracy {accuracy:.4f} [{low:.4f}, {high:.4f}] of 80 rows".format(**found))
    assert len({wcswidth(line) for line in printed[2:]}) == 1
    (tmp_path / "foreign.tsv").write_text("体育\t国足\n天气\t多云\n", encoding="utf-8")
    result = run("evaluate", model, tmp_path / "foreign.tsv")
    assert result.exit_code == 1
    what = "foreign.tsv: 1 of 2 rows have labels that the model lacks, the first is '天气'; it has ['体育', '财经']"
    assert what in result.stderr


def test_a_model_that_is_not_the_one_meant_is_refused(model):
    result = run("predict", model, "国足", "--sha256", "0" * 64)
    assert result.exit_code == 1
    assert "expected the model whose card has the SHA-256 0000" in result.stderr


# --- a small installation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "library", "message"),
    [
        (["train", "none.tsv", "--out", "model"], "tensorflow", "textrnn train needs TensorFlow"),
        (["train", "none.tsv", "--out", "model"], "sklearn", "textrnn train needs scikit-learn"),
        (["trace", "none", "国足", "--out", "a.png"], "matplotlib", "textrnn trace needs matplotlib"),
        (
            ["predict", "MODEL", "国足", "--runtime", "tensorflow"],
            "tensorflow",
            "--runtime tensorflow needs TensorFlow",
        ),
    ],
)
def test_a_command_that_lacks_a_library_says_at_once_how_to_get_it(model, monkeypatch, args, library, message):
    monkeypatch.setitem(sys.modules, library, None)  # as Python has it for a module that is not there
    result = run(*(model if arg == "MODEL" else arg for arg in args))
    expected = f"Error: {message}, which is not installed: make setup, or pip install -e '.[train]'\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", expected)


# --- look inside ------------------------------------------------------------------------------------------------------


def test_trace_draws_a_picture_and_prints_which_characters_decide(model, classifier, tmp_path):
    out = tmp_path / "gates.png"
    lines = fine("trace", model, TEXTS[0], "--out", out, "--unit", 2, "--unit", 5).splitlines()
    answer = classifier.predict_table(TEXTS[0]).iloc[0]
    assert lines[0] == f"{answer['label']} {answer['score']:.3f}"
    assert [line.split()[0] for line in lines[3:]] == list(TEXTS[0])
    picture = out.read_bytes()
    assert picture.startswith(b"\x89PNG")
    result = run("trace", model, "国足" * 50, "--out", out, "--unit", 999)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Warning: traced are the first 16 of 100 characters\nError: --unit: expected 0 to ")
    assert out.read_bytes() == picture
    assert list(tmp_path.iterdir()) == [out]


def test_a_card_is_printed_in_utf_8_whatever_the_locale(model):
    ascii_only = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
    done = subprocess.run([COMMAND, "card", model], capture_output=True, check=True, env=ascii_only)
    printed = done.stdout.decode("utf-8")
    assert "体育, 财经" in printed
    assert printed.split()[-1] == cards.fingerprint(model)
    assert json.loads(fine("card", model, "--json")) == cards.read_card(model)


# --- real processes ---------------------------------------------------------------------------------------------------


@pytest.mark.long
def test_a_pipe_is_answered_line_by_line_and_may_be_closed_at_any_time(model):
    process = subprocess.Popen(
        [COMMAND, "predict", model], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdin.write(f"{TEXTS[0]}\n".encode())
    process.stdin.flush()
    assert process.stdout.readline() == b"label\tscore\ttext\n"
    assert process.stdout.readline().decode().startswith("体育\t")  # before the next text is there
    process.stdout.close()  # as `| head -2` does
    process.stdin.write(f"{TEXTS[1]}\n".encode() * 10)
    process.stdin.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""


@pytest.mark.long
def test_ctrl_c_in_the_middle_of_a_prediction_leaves_the_old_file_and_no_half_one(model, tmp_path):
    out = tmp_path / "answers.tsv"
    out.write_text("an older file")
    terminal, its_end = pty.openpty()
    termios.tcsetwinsize(its_end, (24, 80))
    process = subprocess.Popen(
        [COMMAND, "predict", model, "--out", out], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=its_end
    )
    os.close(its_end)

    def num_written():
        return sum(path.stat().st_size for path in tmp_path.iterdir() if path != out)

    deadline = time.monotonic() + 120
    while num_written() < 100_000 and time.monotonic() < deadline:
        process.stdin.write(f"{TEXTS[0]}\n".encode() * 1000)
        process.stdin.flush()
    before = num_written()
    assert before >= 100_000
    time.sleep(1.1)  # what takes longer than a second has a bar
    process.stdin.write(f"{TEXTS[0]}\n".encode() * 1000)
    process.stdin.flush()
    said = b""
    while b"texts" not in said and time.monotonic() < deadline:
        said += os.read(terminal, 100_000)
    while num_written() == before and time.monotonic() < deadline:  # the bar moves before the answers are written
        time.sleep(0.01)
    assert num_written() > before
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert os.read(terminal, 100_000).endswith(b"Stopped.\r\n")
    assert b"Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["answers.tsv"]
    assert out.read_text() == "an older file"
    process.stdin.close()


LATE = """
import _thread, threading
from textrnn.cli import predict

threading.Timer(0.5, _thread.interrupt_main).start()  # marks the signal as come, and wakes no read that has begun
try:
    next(predict.piped_blocks())
except KeyboardInterrupt:
    print("seen", flush=True)
"""


def test_ctrl_c_in_the_instant_before_a_read_is_seen_though_nothing_comes_to_be_read():
    process = subprocess.Popen([sys.executable, "-c", LATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.wait(30) == 0  # without an end of the input
        assert process.stdout.read().split() == [b"seen"]
    finally:
        process.kill()
