"""What was learnt is saved: the data may go while it is learnt, and the folder for the model after it was."""

import hashlib
import os
import random
import stat
import subprocess
import sys
import threading

import keras
import pytest

from textrnn import cards, networks, preprocessing, saving
from textrnn.cli.train import save_or_rescue

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "textrnn.cli"]


def rows(num=60):
    draw = random.Random(1)
    letters = {"sport": "abcde", "tech": "vwxyz"}
    labels = (["sport", "tech"] * num)[:num]
    return "".join(f"{label}\t{''.join(draw.choices(letters[label], k=6))}\n" for label in labels).encode()


def train(folder, *args):
    return subprocess.run([*COMMAND, "train", *args], cwd=folder, capture_output=True, encoding="utf-8", timeout=300)


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="needs a named pipe")
@pytest.mark.parametrize("kind", ["deleted", "a named pipe whose name is no UTF-8"])
def test_the_card_names_the_bytes_that_were_learnt(kind, tmp_path):
    name = os.fsdecode(b"\xca.tsv") if "UTF-8" in kind else "rows.tsv"
    path, content = tmp_path / name, rows()
    if "pipe" in kind:
        os.mkfifo(path)
        threading.Thread(target=path.write_bytes, args=[content], daemon=True).start()
    else:
        path.write_bytes(content)
    command = [*COMMAND, "train", path.name, "--out", "model", "--set", "epochs=1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as process:
        assert b"rows to train on" in process.stdout.readline()
        if kind == "deleted":
            path.unlink()
        process.stdout.close()  # nobody listens any more
        said = process.stderr.read().decode()
    assert process.returncode == 0, said
    files = cards.read_card(tmp_path / "model")["trained_on"]["files"]
    assert files == {cards.in_utf8(name): hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["rows.tsv", "--out", "model", "--resume", "model/steps"], "--resume: model/steps lies in model, which the"),
        (
            ["rows.tsv", "--out", "model", "--resume", "model"],
            "--resume: model lies in model, which the model",
        ),
        (["model/rows.tsv", "--out", "model"], "FILE: model/rows.tsv lies in model, which the model replaces whole"),
        (["rows.tsv", "--out", os.fsdecode(b"\xca")], "--out: expected a folder whose name is UTF-8, got "),
        (["rows.tsv", "--out", "m", "--licence", os.fsdecode(b"\xca")], "card: expected plain numbers, strings, "),
        (["rows.tsv", "--out", "/proc/1/model"], "/proc/1/model: cannot be written: /proc/1 is no folder that you may"),
    ],
)
def test_what_saving_would_refuse_is_refused_before_the_training(args, message, tmp_path):
    if "/proc/1/model" in args and sys.platform != "linux":
        pytest.skip("needs /proc")
    (tmp_path / "rows.tsv").write_bytes(rows())
    done = train(tmp_path, *args)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: {message}")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["rows.tsv"]


def test_a_model_that_cannot_be_saved_where_it_should_is_saved_elsewhere_and_it_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    encoder = preprocessing.TextEncoder.from_texts(["refund please"])
    model = networks.build_textrnn(encoder, ["a", "b"], units=4, embed_dim=4, cell="feedforward", bidirectional=False)
    card, expected = cards.blank_card({}), pytest.approx(model.predict(["refund"], verbose=0), abs=1e-6)
    (tmp_path / "file").write_text("where a folder should be")
    with pytest.raises(OSError, match=r"file/m: this model could not be saved.*; it was saved as .*/m-\w+ instead$"):
        save_or_rescue(model, tmp_path / "file" / "m", card=card, texts=["refund"])
    (other,) = tmp_path.glob("m-*")
    assert os.name != "posix" or stat.S_IMODE(other.stat().st_mode) == 0o700  # a private folder stays private
    assert saving.load_classifier(other).predict_proba(["refund"]) == expected
    with pytest.raises(ValueError, match=r"card: .* it was saved as .*\.keras \(for keras"):
        save_or_rescue(model, tmp_path / "n", card={}, texts=[])
    (other,) = tmp_path.glob("n-*")
    assert keras.models.load_model(other).predict(["refund"], verbose=0) == expected
