"""Training that is killed and resumed ends where an uninterrupted run ends: real processes, real kills."""

import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from textrnn import networks, training
from textrnn.preprocessing import TextEncoder
from textrnn.training.resume import Checkpoints

pytestmark = pytest.mark.slow

EPOCHS, EVERY = 3, 3
CLASSES = ("甲", "乙", "丙")
SOAK = bool(os.environ.get("TEXTRNN_SOAK"))  # set by `make soak`: more kills, more rows


def made_rows(num, *, seed=0):
    """Rows whose class is the character that stands in them most often."""
    rng = np.random.default_rng(seed)
    labels = [CLASSES[place] for place in rng.integers(0, 3, num)]
    texts = ["".join(rng.permutation(list("天地玄黄宇宙洪荒"[: rng.integers(2, 9)]) + [label] * 2)) for label in labels]
    return pd.DataFrame({"text": texts, "label": labels})


def build(train, *, embed_dim=8, learning_rate=1e-2):
    encoder = TextEncoder.from_texts(train["text"], max_length=16, max_ngram=2)
    model = networks.build_textrnn(encoder, CLASSES, embed_dim=embed_dim, units=8, evidence=True, seed=1)
    steps = training.num_steps(len(train), batch_size=8, epochs=EPOCHS)
    model.compile(training.adamw(learning_rate, steps), keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
    return model


def train_into(folder, answer=None, *, embed_dim=8, epochs=EPOCHS, num_rows=200, train=None):
    """Trains with dropout, adversarial steps, a schedule and evidence, and writes weights and history to `answer`."""
    train = made_rows(num_rows) if train is None else train
    model = build(made_rows(num_rows), embed_dim=embed_dim)
    history = training.fit(
        model,
        train,
        made_rows(60, seed=1),
        epochs=epochs,
        batch_size=8,
        seed=3,
        adversarial=0.05,
        resume=folder,
        checkpoint_every=EVERY,
        progress=False,
    )
    if answer:
        arrays = {f"weight_{place}": weight.numpy() for place, weight in enumerate(model.weights)}
        np.savez(answer, history=np.array(history.to_json()), **arrays)
    return model, history


@pytest.fixture(scope="module")
def start():
    """Starts `train_into` in a process of its own; TensorFlow is imported once, in the server that forks them."""
    context = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
    if sys.platform != "win32":
        context.set_forkserver_preload([__name__])

    def started(*args, **kwargs):
        process = context.Process(target=train_into, args=args, kwargs=kwargs, daemon=True)
        process.start()
        return process

    return started


def finished(process):
    process.join(180)
    assert process.exitcode == 0


def read(path):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(str(arrays.pop("history"))), arrays


def checkpoints(folder):
    return sorted(path.name for path in folder.glob("step-*.npz")) if folder.exists() else []


def killed_when(process, condition, *, seconds=120):
    """Kills `process` as soon as `condition` holds; false if it ended before."""
    end = time.monotonic() + seconds
    while process.is_alive() and time.monotonic() < end:
        if condition():
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            return process.exitcode == -signal.SIGKILL
        time.sleep(0.0005)
    return False


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a run that nothing interrupted, beside its answer; no test changes them."""
    folder = tmp_path_factory.mktemp("whole")
    train_into(folder / "run", folder / "answer.npz")
    return folder


@pytest.fixture(scope="module")
def uninterrupted(whole):
    return read(whole / "answer.npz")


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A run of one epoch: its folder, which no test changes, its model and its history."""
    folder = tmp_path_factory.mktemp("short") / "run"
    return folder, *train_into(folder, epochs=1)


def assert_same(answer, expected):
    (history, arrays), (expected_history, expected_arrays) = answer, expected
    assert history == expected_history
    assert arrays.keys() == expected_arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected_arrays[name], err_msg=name)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_run_killed_again_and_again_ends_with_the_weights_of_an_uninterrupted_one(start, uninterrupted, tmp_path):
    folder, kills = tmp_path / "run", 0
    points = range(3, 74, 5) if SOAK else (3, 25, 48)  # 25 batches an epoch: within epochs and at their ends
    for num_steps in points:
        process = start(folder, tmp_path / "answer.npz")
        due = f"step-{num_steps:010d}.npz"
        kills += killed_when(process, lambda due=due: any(name >= due for name in checkpoints(folder)))
    assert kills == len(points)
    assert checkpoints(folder)[-1] < f"step-{25 * EPOCHS:010d}.npz"  # something is left to do
    finished(start(folder, tmp_path / "answer.npz"))
    assert_same(read(tmp_path / "answer.npz"), uninterrupted)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_kill_in_the_middle_of_writing_a_checkpoint_leaves_the_ones_before(start, tmp_path):
    folder, wide = tmp_path / "run", 20_000  # wide vectors make a checkpoint of tens of megabytes, which takes a while

    def half_written():
        sizes = [path.stat().st_size for path in folder.glob("*.part")] if checkpoints(folder) else []
        return bool(sizes) and sizes[0] > 0

    process = start(folder, embed_dim=wide)
    assert killed_when(process, half_written)
    assert list(folder.glob("*.part"))
    whole = checkpoints(folder)
    run = Checkpoints(folder, identity={})
    assert not list(folder.glob("*.part"))
    assert checkpoints(folder) == whole
    with pytest.raises(ValueError, match="holds another run"):  # so the file itself could be read
        run.newest()


@pytest.mark.long
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(whole, uninterrupted, tmp_path):
    shutil.copytree(whole / "run", tmp_path / "run")
    newest, before = sorted((tmp_path / "run").glob("*.npz"), reverse=True)
    newest.write_bytes(newest.read_bytes()[:-1000])
    model, history = train_into(tmp_path / "run")
    assert json.loads(history.to_json()) == uninterrupted[0]
    for place, weight in enumerate(model.weights):
        np.testing.assert_array_equal(weight.numpy(), uninterrupted[1][f"weight_{place}"])
    content = bytearray(before.read_bytes())
    content[len(content) // 2] ^= 1  # one bit
    for path in (newest, before):
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"no checkpoint can be read: step-.*remove the folder to start again"):
        train_into(tmp_path / "run")


def test_a_checkpoint_with_any_byte_of_its_directory_wrong_is_whole_or_passed_over(tmp_path):
    """The directory at the end of the file is where zipfile believes what it reads: methods, flags, sizes, names."""
    run = Checkpoints(tmp_path, identity={"rows": 3})
    for step in (1, 2):
        run.save(step, {"numbers": np.arange(5.0) + step, "more": np.ones(2)}, {"epoch": step})
    newest = max(tmp_path.iterdir())
    content = newest.read_bytes()
    found = []
    for place in range(content.index(b"PK\x01\x02"), len(content)):
        newest.write_bytes(content[:place] + bytes([content[place] ^ 0x62]) + content[place + 1 :])
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            arrays, state = run.newest()
        told = [str(one.message) for one in said if issubclass(one.category, UserWarning)]
        assert [message.startswith(f"resume: passed over, damaged: {newest.name} (") for message in told] == [True] * (
            state["epoch"] == 1
        )
        np.testing.assert_array_equal(arrays["numbers"], np.arange(5.0) + state["epoch"])
        found.append(state["epoch"])
    assert found.count(1) > len(found) / 3


@st.composite
def damaged(draw, content):
    """Bytes of a file: cut, changed in a few places, or with others among them."""
    place = draw(st.integers(0, len(content) - 1))
    return draw(
        st.sampled_from(
            (
                content[:place],
                content[:place] + bytes([content[place] ^ draw(st.integers(1, 255))]) + content[place + 1 :],
                content[:place] + draw(st.binary(min_size=1, max_size=9)) + content[place:],
                draw(st.binary(max_size=99)),
            )
        )
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_of_damaged_checkpoints_the_newest_whole_one_is_taken_and_never_a_wrong_number(tmp_path, data):
    folder = tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    run = Checkpoints(folder, identity={"seed": 0})
    numbers = {step: np.arange(7, dtype="float32") * step for step in (1, 2)}
    for step, array in numbers.items():
        run.save(step, {"numbers": array}, {"epoch": step})
    older, newest = sorted(folder.iterdir())
    newest.write_bytes(data.draw(damaged(newest.read_bytes())))
    is_older_damaged = data.draw(st.booleans())
    if is_older_damaged:
        older.write_bytes(older.read_bytes()[: data.draw(st.integers(0, 99))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            arrays, state = run.newest()
        except ValueError:
            assert is_older_damaged
        else:
            np.testing.assert_array_equal(arrays["numbers"], numbers[state["epoch"]])
    run.close()


def test_checkpoints_belong_to_one_process_until_it_ends(tmp_path):
    code = (
        "import pathlib, textrnn.locks\n"
        f"with textrnn.locks.locked(pathlib.Path({str(tmp_path)!r})): print('held', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ValueError, match=r"^resume: .*: a training that is running keeps its checkpoints there"):
            Checkpoints(tmp_path, identity={})
        other.kill()
    Checkpoints(tmp_path, identity={}).close()


@pytest.mark.long
def test_a_second_training_into_the_folder_of_a_running_one_is_refused(start, tmp_path):
    folder = tmp_path / "run"
    process = start(folder, epochs=EPOCHS * 10)
    while not checkpoints(folder):
        assert process.is_alive()
        time.sleep(0.01)
    with pytest.raises(ValueError, match=r"^resume: .*run: a training that is running keeps its checkpoints there"):
        Checkpoints(folder, identity={})
    process.kill()
    process.join()
    Checkpoints(folder, identity={}).close()  # free again, however it ended


def test_a_run_that_was_refused_or_has_ended_leaves_its_folder_to_the_next(tmp_path):
    run = Checkpoints(tmp_path, identity={})
    with pytest.raises(ValueError, match="a training that is running"):
        Checkpoints(tmp_path, identity={})
    run.close()
    Checkpoints(tmp_path, identity={}).close()


def test_a_finished_run_returns_at_once_and_another_run_is_refused_by_name(short, tmp_path):
    folder, _, history = short
    shutil.copytree(folder, tmp_path / "run")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()}
    _, again = train_into(tmp_path / "run", epochs=1)
    pd.testing.assert_frame_equal(again, history)
    with pytest.raises(ValueError, match=r"holds another run: epochs was 1, is 2\. Give the settings"):
        train_into(tmp_path / "run", epochs=2)
    with pytest.raises(ValueError, match="holds another run: train was"):
        train_into(tmp_path / "run", epochs=1, train=made_rows(200, seed=9))
    with pytest.raises(ValueError, match="holds another run: model was"):
        train_into(tmp_path / "run", epochs=1, embed_dim=9)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "run").iterdir()} == files


def test_a_full_disk_stops_the_run_and_leaves_the_checkpoints(short, tmp_path):
    if sys.platform == "win32":
        pytest.skip("needs a limit on the size of files")
    shutil.copytree(short[0], tmp_path / "run")
    names, size = checkpoints(tmp_path / "run"), max(p.stat().st_size for p in (tmp_path / "run").iterdir())
    run = Checkpoints(tmp_path / "run", identity={})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size // 2, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            run.save(99, {"numbers": np.zeros(size, "uint8")}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert checkpoints(tmp_path / "run") == names
    assert not list((tmp_path / "run").glob("*.part"))


@pytest.mark.long
def test_a_file_trains_to_the_same_weights_as_its_table(short, tmp_path):
    train = made_rows(200)
    path = tmp_path / "train.tsv"
    train[["label", "text"]].to_csv(path, sep="\t", index=False)
    _, from_table, history = short
    from_file, streamed = train_into(tmp_path / "b", epochs=1, train=path)
    pd.testing.assert_frame_equal(streamed, history)
    for one, other in zip(from_table.weights, from_file.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert {path.suffix for path in (tmp_path / "b").iterdir()} == {".npz"}  # the ids' file is gone


def test_a_bad_line_of_a_file_is_named_before_anything_is_trained(tmp_path):
    path = tmp_path / "train.tsv"
    path.write_text("".join(f"{label}\t天{label}\n" for label in (*CLASSES * 3, "丁")), encoding="utf-8")
    with pytest.raises(ValueError, match=r"train.tsv: row 10: label '丁' is not among the model's"):
        train_into(tmp_path / "run", train=path)
    assert not checkpoints(tmp_path / "run")
