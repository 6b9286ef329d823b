"""Several processes that train one network: real ones, on this machine, equal to one, killed, and refused."""

import json
import multiprocessing
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from click.testing import CliRunner

from textrnn import cli, networks, shipped, training
from textrnn.preprocessing import TextEncoder
from textrnn.training import loop
from textrnn.training.parallel import meet

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL and a server that forks")

CLASSES, EPOCHS, BATCH = ("甲", "乙", "丙"), 2, 8
# A network whose graph is soon made.
SMALL = shlex.split("--set units=8 --set embed_dim=8 --set cell=simple --set bidirectional=false")
PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
OPTIMIZERS = {  # SGD shows a gradient that is counted twice, which Adam hides; the kit's own clips what was added up
    "sgd": lambda steps: keras.optimizers.SGD(0.1),
    "adamw": lambda steps: training.adamw(1e-2, steps),
}


def made_rows(num, *, seed=0):
    """Rows whose class is the character that stands in them most often."""
    rng = np.random.default_rng(seed)
    labels = [CLASSES[place] for place in rng.integers(0, 3, num)]
    texts = ["".join(rng.permutation(list("天地玄黄宇宙洪荒"[: rng.integers(2, 9)]) + [label] * 2)) for label in labels]
    return pd.DataFrame({"text": texts, "label": labels})


def trained(answer, index=0, addresses=(), *, optimizers=("adamw",), dropout=0.0, train=None, epochs=EPOCHS, **options):
    """Trains a network with each optimizer and writes what each step read and found, weights and history to `answer`.

    201 rows in batches of 8: the last batch of an epoch has one row, so that a second worker has none of it.
    """
    workers = training.Workers(index, addresses, wait=60)
    train = made_rows(201) if train is None else train
    for name in optimizers:
        encoder = TextEncoder.from_texts(train["text"], max_length=16, max_ngram=2)
        settings = {"embed_dim": 8, "units": 8, "evidence": True, "dropout": dropout, "ngram_dropout": dropout}
        settings |= {"cell": "simple", "bidirectional": False}  # a graph that is soon made
        model = networks.build_textrnn(encoder, CLASSES, seed=1 + index, **settings)  # that of worker 0 counts
        steps = training.num_steps(len(train), batch_size=BATCH, epochs=epochs)
        model.compile(OPTIMIZERS[name](steps), keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
        read, losses = _recorded()
        history = training.fit(
            model,
            train,
            made_rows(61, seed=1),
            epochs=epochs,
            batch_size=BATCH,
            seed=3,
            adversarial=0.05,
            sample_weight=np.linspace(0.5, 1.5, len(train)),
            progress=False,
            workers=workers,
            **options,
        )
        arrays = {f"weight_{place}": weight.numpy() for place, weight in enumerate(model.weights)}
        arrays["losses"] = losses
        arrays["read"] = np.array(json.dumps(read))
        np.savez(f"{answer}-{name}.npz", history=np.array(history.to_json()), **arrays)


def _recorded():
    """Has `fit` note down which rows each step reads, and its loss; all of it still happens."""
    read, losses, latest = [], [], []
    learn_batch, rows_to_learn = _recorded.learn_batch, _recorded.rows_to_learn

    def learning(*args, num_rows, **kwargs):
        losses.append(learn_batch(*args, num_rows=num_rows, **kwargs) / num_rows)
        read.append(latest[-1])
        return losses[-1] * num_rows

    def reading(*args, **kwargs):
        data = rows_to_learn(*args, **kwargs)
        batch = data.batch
        data.batch = lambda windows: latest.append(windows.tolist()) or batch(windows)
        return data

    loop.learn_batch, loop.rows_to_learn = learning, reading
    return read, losses


_recorded.learn_batch, _recorded.rows_to_learn = loop.learn_batch, loop.rows_to_learn


def commanded(args, said):
    """Runs the command with its streams in the file `said`."""
    stream = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    cli.main(args)


@pytest.fixture(scope="module")
def start():
    """Starts a function in a process of its own; TensorFlow is imported once, in the server that forks them."""
    context, patch = multiprocessing.get_context("forkserver"), pytest.MonkeyPatch()
    patch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")  # as the command has it: what TensorFlow logs is not what is read here
    context.set_forkserver_preload(["textrnn.training", "textrnn.cli"])  # this file it would not find
    started = []
    patch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    patch.setenv("TF_NUM_INTEROP_THREADS", "1")

    def begin(function, *args, **kwargs):
        process = context.Process(target=function, args=args, kwargs=kwargs, daemon=True)
        process.start()
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
    patch.undo()


def addresses_of(number):
    """Addresses of this machine at which nobody listens."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    found = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    for probe in probes:
        probe.close()
    return found


def ended(*processes, seconds=600):
    """The exit codes of processes, which end in time."""
    end = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.0, end - time.monotonic()))
    return [process.exitcode for process in processes]


def read_answer(path):
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    return {name: json.loads(str(arrays.pop(name))) for name in ("history", "read")}, arrays


@pytest.mark.long
def test_two_workers_with_half_of_each_batch_learn_what_one_learns_with_the_whole(start, tmp_path):
    """Dropout is off: it would draw other numbers for the second half than one worker does."""
    both = addresses_of(2)
    runs = {"one": (0, ()), "first": (0, both), "second": (1, both)}
    settings = {"optimizers": tuple(OPTIMIZERS)}
    processes = [start(trained, tmp_path / name, *place, **settings) for name, place in runs.items()]
    assert ended(*processes) == [0, 0, 0]
    for name in OPTIMIZERS:
        (one, alone), (first, half), (second, other) = (read_answer(tmp_path / f"{run}-{name}.npz") for run in runs)
        assert len(alone["losses"]) == 52
        np.testing.assert_allclose(half["losses"], alone["losses"], atol=1e-4, rtol=0)
        assert alone["losses"][-5:].mean() < alone["losses"][:5].mean()  # so there was something to learn
        for key, array in half.items():
            np.testing.assert_array_equal(other[key], array, err_msg=key)
            np.testing.assert_allclose(array, alone[key], atol=1e-3, err_msg=key)
        assert first["history"] == second["history"]
        scores = [pd.DataFrame(found["history"])[["dev_loss", "dev_accuracy"]] for found in (first, one)]
        np.testing.assert_allclose(*scores, atol=1e-4)
        for whole, mine, yours in zip(one["read"], first["read"], second["read"], strict=True):
            if len(whole) > 1:  # each row is read by one of the two, and they have as many
                assert sorted(mine + yours) == sorted(whole)
                assert len(mine) - len(yours) in (0, 1)


def steps_kept(folder):
    """How many steps the newest checkpoint in a folder has behind it; 0 without one."""
    return max((int(path.stem.removeprefix("step-")) for path in folder.glob("step-*.npz")), default=0)


@pytest.mark.parametrize(
    ("killed", "by"),
    [
        pytest.param(1, signal.SIGKILL, marks=pytest.mark.long),
        pytest.param(0, signal.SIGKILL, marks=pytest.mark.soak),
        pytest.param(1, signal.SIGSTOP, marks=pytest.mark.soak),
    ],
)
def test_a_killed_worker_stops_the_other_and_both_go_on_from_the_checkpoint(killed, by, start, tmp_path):
    def started(name, folder):
        both = addresses_of(2)
        settings = {"dropout": 0.3, "epochs": 4, "checkpoint_every": 5, "resume": folder}
        return [start(trained, tmp_path / f"{name}-{index}", index, both, **settings) for index in (0, 1)]

    whole = started("whole", tmp_path / "whole")
    broken = started("broken", tmp_path / "run")
    while steps_kept(tmp_path / "run") < 30:
        assert all(process.is_alive() for process in broken)
        time.sleep(0.001)
    os.kill(broken[killed].pid, by)
    begin = time.monotonic()
    assert ended(broken[1 - killed], seconds=60) == [1]
    print(f"worker {killed} {by.name}: the other stopped after {(seconds := time.monotonic() - begin):.1f} s")
    assert seconds < 30
    broken[killed].kill()
    assert 30 <= steps_kept(tmp_path / "run") < 104
    again = started("again", tmp_path / "run")
    assert ended(*whole, *again) == [0, 0, 0, 0]
    expected = read_answer(tmp_path / "whole-0-adamw.npz")
    assert not list(tmp_path.glob("broken-*.npz"))
    for index in (0, 1):
        found = read_answer(tmp_path / f"again-{index}-adamw.npz")
        assert found[0]["history"] == expected[0]["history"]
        assert len(found[1].pop("losses")) < 80
        for key, array in found[1].items():
            np.testing.assert_array_equal(array, expected[1][key], err_msg=key)


def small_headlines(folder):
    """A folder of headlines that are few."""
    (folder / "headlines").mkdir()
    for name in ("train.tsv", "dev.tsv"):
        lines = (shipped.headlines_folder() / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / "headlines" / name).write_text("".join(lines[:: len(lines) // 200]), encoding="utf-8")


@pytest.mark.long
def test_the_commands_of_the_page_train_in_two_processes_and_one_writes(start, tmp_path, monkeypatch):
    page = PAGE.read_text(encoding="utf-8")
    commands = re.findall(r"\$ textrnn (train .+--worker \d)", page)
    (shown,) = re.findall(r"^worker 1: .+$", page, re.MULTILINE)
    for place, address in enumerate(addresses_of(2)):
        commands = [command.replace(f"127.0.0.1:500{place}", address) for command in commands]
    small_headlines(tmp_path)
    monkeypatch.chdir(tmp_path)
    said = [tmp_path / "said-0", tmp_path / "said-1"]
    numbers = [int(command[-1]) for command in commands]
    assert sorted(numbers) == [0, 1]
    calls = [shlex.split(command) + SMALL for command in commands]
    processes = [start(commanded, call, said[number]) for number, call in zip(numbers, calls, strict=True)]
    assert ended(*processes) == [0, 0], [path.read_text("utf-8") for path in said]
    of_chief, of_other = (path.read_text("utf-8").splitlines() for path in said)
    assert [line for line in of_chief if line.startswith("saved: mine")]
    assert [line for line in of_other if line.startswith("worker 1: ")] == [shown]
    assert not [line for line in of_other if "saved" in line or "SVM" in line]
    assert {path.name for path in tmp_path.iterdir()} == {"headlines", "mine", "run", "said-0", "said-1"}
    assert CliRunner().invoke(cli.main, ["predict", "mine", "国足客场一球小胜"]).exit_code == 0


@pytest.mark.soak
def test_a_worker_that_dies_or_has_other_rows_is_one_line_on_the_others(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("a.csv", 0), ("b.csv", 7)):
        made_rows(300, seed=seed).to_csv(name, index=False)
    both, apart = addresses_of(2), addresses_of(2)
    base = ["--dev", "a.csv", *SMALL, "--set", "epochs=400", "--out", "model"]

    def called(file, addresses, index, *more):
        workers = ["--workers", ",".join(addresses), "--worker", str(index)]
        name = f"said-{file}-{addresses[0]}-{index}"
        return start(commanded, ["train", file, *base, *workers, *more], tmp_path / name), tmp_path / name

    differing = [called(file, apart, index) for index, file in enumerate(("a.csv", "b.csv"))]
    dying = [called("a.csv", both, index, *(["--resume", "kept"] if index == 0 else [])) for index in (0, 1)]
    assert 1 in ended(*(process for process, _ in differing))
    texts = [path.read_text("utf-8").splitlines()[-1] for _, path in differing]
    what = f"Error: workers: worker 1 ({apart[1]}) has other values than worker 0 for model, train;"
    assert all(text.startswith((what, "Error: worker")) for text in texts)
    assert [text for text in texts if text.startswith(what)]
    while not steps_kept(tmp_path / "kept"):
        assert all(process.is_alive() for process, _ in dying)
        time.sleep(0.01)
    os.kill(dying[1][0].pid, signal.SIGKILL)
    assert ended(dying[0][0], seconds=60) == [1]
    *before, last = dying[0][1].read_text("utf-8").splitlines()
    assert before[-1].startswith("linear SVM")  # and no word of TensorFlow's
    assert last == (
        f"Error: worker 1 ({both[1]}) is gone, so worker 0 stops; start all of them again, with resume to go on"
    )
    assert not (tmp_path / "model").exists()


@pytest.mark.soak
def test_the_script_of_the_page_trains_in_two_processes(tmp_path):
    blocks = re.findall(r"```python\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (script,) = (block for block in blocks if "training.Workers" in block)
    for place, address in enumerate(addresses_of(2)):
        script = script.replace(f"127.0.0.1:500{place}", address)
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    processes = [subprocess.Popen([sys.executable, "script.py", place], cwd=tmp_path) for place in "01"]
    assert [process.wait(1200) for process in processes] == [0, 0]
    assert steps_kept(tmp_path / "run") == 4 * -(-4550 // 64)


@pytest.mark.soak
def test_the_benchmark_measures_what_two_workers_send():
    call = [sys.executable, "benchmarks/parallel.py", *shlex.split("--rounds 1 --steps 2 --rows 300")]
    done = subprocess.run(call, cwd=PAGE.parents[1], capture_output=True, text=True, check=True)
    assert re.search(r"\ntwo: [\d.]+x as fast; each sends [1-3]\.\d\d MB a step; load", done.stdout)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "--worker 0",
            "--worker and --workers: expected both or neither: the number of this one, the addresses of all",
        ),
        ("--workers a:1,b:2", "--worker and --workers: expected both or neither"),
        ("--worker 2 --workers a:1,b:2", "worker: expected 0 to 1, the places in workers, got 2"),
        ("--worker -1 --workers a:1,b:2", "worker: expected at least 0, got -1"),
        ("--worker 0 --workers a:1,b:2,a:1", "workers: expected another address for each, got a:1 more than once"),
        ("--worker 0 --workers a:1,b", "workers: expected host:port for each, as in 127.0.0.1:5000, got 'b'"),
        (
            "--worker 0 --workers a:1,b:65536",
            "workers: expected host:port for each, as in 127.0.0.1:5000, got 'b:65536'",
        ),
        ("--worker 0 --workers a:1,", "workers: expected host:port for each, as in 127.0.0.1:5000, got ''"),
    ],
)
def test_wrong_addresses_are_one_line_before_any_work(options, message):
    done = CliRunner().invoke(cli.main, ["train", "none.tsv", "--out", "none", *options.split()])
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {message}")
    assert len(done.output.splitlines()) == 1


def test_a_port_that_is_taken_a_host_that_is_unknown_and_a_worker_that_never_comes_are_named():
    both = addresses_of(2)
    with pytest.raises(
        ConnectionError, match=rf"^worker 1 waited 0.2 s, and there was no worker 0 \({both[0]}\); start"
    ):
        meet(1, both, 0.2)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(
            OSError, match=rf"^worker 0 cannot listen at {taken}: Address .* in use.*; give another port"
        ):
            meet(0, [taken, both[1]], 0.2)
    with pytest.raises(OSError, match=r"^workers: no machine of the name nobody\.invalid is found"):
        meet(0, [both[0], "nobody.invalid:5000"], 0.2)
    with pytest.raises(ValueError, match=r"^workers: expected a list"):
        training.Workers(0, "127.0.0.1:5000")


def test_workers_that_come_after_the_first_work_of_tensorflow_are_refused():
    tf.constant(1)
    with pytest.raises(
        RuntimeError, match=r"^Workers: TensorFlow has begun to work in this process; make Workers before"
    ):
        training.Workers(0, addresses_of(2), wait=0.2)


def test_the_shares_of_a_batch_are_all_of_it_and_one_without_rows_gets_one_that_does_not_count():
    rows = np.array([5, 3, 8, 1, 9])
    found = [training.Workers.share(_Place(index, 3), rows) for index in range(3)]
    assert [(own.tolist(), part) for own, part in found] == [([5, 1], 0.4), ([3, 9], 0.4), ([8], 0.2)]
    own, part = training.Workers.share(_Place(2, 3), rows[:2])
    assert (own.tolist(), part) == ([5], 0.0)


class _Place:
    """A worker's place, without the server that a `Workers` starts."""

    def __init__(self, index, num_workers):
        self.index, self.num_workers = index, num_workers
