"""A save that is killed, runs out of disk or meets another one leaves one whole model, the old or the new."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import contents, names_beside

from textrnn import cards, networks, saving
from textrnn.preprocessing import TextEncoder

pytestmark = pytest.mark.slow

CARD = dict.fromkeys(cards.CARD_FIELDS)


def tiny(*label_names):
    """Returns an untrained network, which is written like any other."""
    encoder = TextEncoder.from_texts(["ab"])
    return networks.build_textrnn(encoder, label_names, cell="simple", bidirectional=False, embed_dim=4, units=4)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A saved model with the labels `old` and `older`, that no test changes."""
    return saving.save_classifier(tiny("old", "older"), tmp_path_factory.mktemp("models") / "m", card=CARD)


@pytest.fixture
def folder(written, tmp_path):
    """A saved model of a test's own, the only thing in its folder."""
    (tmp_path / "models").mkdir()
    return Path(shutil.copytree(written, tmp_path / "models" / "m"))


# What happens to each save stands in its name. TensorFlow is loaded once and has done nothing yet, so that each child
# process starts from here; it saves a model with the labels `new` and `newer` over the one that is there.
CHILDREN = """
import json, os, resource, signal, sys, threading, time, traceback
from pathlib import Path
from textrnn import cards, networks, saving
from textrnn.preprocessing import TextEncoder, normalise
from textrnn.saving import folders

normalise("once for all children")
root, jobs, write_text, exchange = Path(sys.argv[1]), json.loads(sys.argv[2]), Path.write_text, folders.exchange

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def run(folder, labels=("new", "newer")):
    encoder = TextEncoder.from_texts(["ab"])
    model = networks.build_textrnn(encoder, labels, cell="simple", bidirectional=False, embed_dim=4, units=4)
    saving.save_classifier(model, folder, card=dict.fromkeys(cards.CARD_FIELDS))

def die_in_weights(folder):
    def watch():
        while not any(folder.parent.glob(".*.saving-*/variables/*")):
            time.sleep(0.0005)
        die()
    threading.Thread(target=watch, daemon=True).start()

def die_in_card(folder):
    def cut(self, text, **settings):
        write_text(self, text[: len(text) // 2], **settings)
        if self.name == "card.json":
            die()
    Path.write_text = cut

def die_after_exchange(folder):
    folders.exchange = lambda *folders: [exchange(*folders), die()]

def die_between_renames(folder):  # as on a system that cannot exchange folders
    rename, calls = Path.rename, []
    def count(self, to):
        calls.append(to)
        if len(calls) == 2:
            die()
        return rename(self, to)
    folders.exchange, Path.rename = (lambda *_: False), count

def die_after_renames(folder):
    rmtree = folders.shutil.rmtree
    def die_at_the_old(path, **settings):
        if path.name == ".m.replaced" and path.exists():
            die()
        rmtree(path, **settings)
    folders.exchange, folders.shutil.rmtree = (lambda *_: False), die_at_the_old

def read_until_done(folder, begun, done):  # the first read is over before the savers start, the last begins after them
    labels, last = [], False
    while not last:
        last = done.exists()
        labels.append(saving.load_classifier(folder).label_names[0])
        begun.touch()
    (root / "read.json").write_text(json.dumps(labels))

def start(work):
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    except OSError as error:
        print(error, flush=True)
        os._exit(4)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(3)

for name, how in jobs.items():
    folder = root / name / "m"
    if how == "two savers":
        begun, done = root / "begun", root / "done"
        reader = start(lambda: read_until_done(folder, begun, done))
        while not begun.exists() and os.waitpid(reader, os.WNOHANG) == (0, 0):
            time.sleep(0.01)
        savers = [start(lambda labels=labels: run(folder, labels)) for labels in (("one", "x"), ("other", "x"))]
        ends = [os.waitpid(saver, 0)[1] for saver in savers]
        done.touch()
        print(name, *(os.waitstatus_to_exitcode(end) for end in [*ends, os.waitpid(reader, 0)[1]]), flush=True)
        continue
    def work():
        if isinstance(how, int):
            resource.setrlimit(resource.RLIMIT_FSIZE, (how, how))
        else:
            globals()[how](folder)
        run(folder)
    print(name, os.waitstatus_to_exitcode(os.waitpid(start(work), 0)[1]), flush=True)
"""
KILLED = {
    "in the weights": "die_in_weights",
    "in the card": "die_in_card",
    "after the exchange": "die_after_exchange",
    "between two renames": "die_between_renames",
    "after two renames": "die_after_renames",
}


if not sys.platform.startswith("linux"):
    del KILLED["after the exchange"]  # other systems do it in two steps
FULL = {"variables": "no room for the weights", "saved_model.pb": "no room for the graph"}
BOTH = "two savers"


@pytest.fixture(scope="module")
def accidents(written, tmp_path_factory):
    """A folder for each accident, holding what it left there, and `said`: how each ended, by name, and the messages."""
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork, no SIGKILL and no limit on the size of files")
    root = tmp_path_factory.mktemp("accidents")
    sizes = {Path(name).name.partition(".data")[0]: len(data) for name, data in contents(written).items()}
    jobs = KILLED | {name: sizes[file] * 3 // 4 for file, name in FULL.items()} | {BOTH: BOTH}
    for name in jobs:
        shutil.copytree(written, root / name / "m")
    run = subprocess.run(
        [sys.executable, "-c", CHILDREN, str(root), json.dumps(jobs)], capture_output=True, text=True, check=False
    )
    (root / "said").write_text(run.stdout)
    expected = [f"{name} {-signal.SIGKILL}" for name in KILLED] + [f"{name} 4" for name in FULL.values()]
    said = [line for line in run.stdout.splitlines() if not line.startswith("/")]
    assert said == [*expected, f"{BOTH} 0 0 0"], run.stderr
    return root


@pytest.mark.long
@pytest.mark.parametrize("name", KILLED)
def test_a_save_that_is_killed_leaves_a_whole_model_and_the_next_load_clears_up(accidents, written, tmp_path, name):
    folder = Path(shutil.copytree(accidents / name, tmp_path / name)) / "m"
    left = [path for path in folder.parent.iterdir() if path != folder]
    assert left  # the save was killed at its work
    assert all(path.name.startswith(".m.") for path in left)
    assert folder.exists() == (name != "between two renames")  # without that one moment, other programs find it too
    labels = saving.load_classifier(folder).label_names
    assert labels == (["new", "newer"] if name.startswith("after") else ["old", "older"])
    if labels[0] == "old":
        assert contents(folder) == contents(written)
    assert names_beside(folder) == ["m"]


@pytest.mark.long
@pytest.mark.parametrize("name", ["in the card", "between two renames"])
def test_a_save_after_a_killed_one_works_and_clears_up(accidents, tmp_path, name):
    folder = Path(shutil.copytree(accidents / name, tmp_path / name)) / "m"
    saving.save_classifier(tiny("next", "nexter"), folder, card=CARD)
    assert saving.load_classifier(folder).label_names == ["next", "nexter"]
    assert names_beside(folder) == ["m"]


@pytest.mark.long
@pytest.mark.parametrize("name", FULL.values())
def test_a_save_without_room_says_so_and_leaves_the_earlier_model_and_nothing_else(accidents, written, name):
    folder = accidents / name / "m"
    (said,) = (line for line in (accidents / "said").read_text().splitlines() if line.startswith(f"{folder}: "))
    assert said.startswith(f"{folder}: this model could not be saved, the model that was there is untouched: ")
    assert said.removesuffix(" [Op:SaveV2]").endswith("File too large")
    assert contents(folder) == contents(written)
    assert names_beside(folder) == ["m"]


@pytest.mark.parametrize("lacking", [2, 8], ids=["for the card", "for the graph"])
def test_a_full_disk_leaves_the_earlier_model_and_nothing_else(written, tmp_path, lacking):
    def blocks(size):
        return -(-size // os.sysconf("SC_PAGESIZE"))

    needed = sum(blocks(len(data)) for data in contents(written).values())
    room = f"size={(2 * needed + 1 - lacking) * os.sysconf('SC_PAGESIZE')}"
    mount = ["mount", "-t", "tmpfs", "-o", room, "tmpfs", str(tmp_path)]
    if not shutil.which("mount") or subprocess.run(mount, check=False).returncode:
        pytest.skip("this user may not mount a small disk; the tests above limit the size of files instead")
    try:
        folder = Path(shutil.copytree(written, tmp_path / "m"))
        message = f"{folder}: this model could not be saved, the model that was there is untouched: "
        with pytest.raises(OSError, match=f"{message}.*No space left on device"):
            saving.save_classifier(tiny("new", "newer"), folder, card=CARD)
        assert saving.load_classifier(folder).label_names == ["old", "older"]
        assert contents(folder) == contents(written)
        assert names_beside(folder) == ["m"]
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.long
def test_of_two_savers_one_wins_whole_and_a_reader_always_finds_a_model(accidents):
    folder = accidents / BOTH / "m"
    last = saving.load_classifier(folder).label_names
    assert last in (["one", "x"], ["other", "x"])
    assert names_beside(folder) == ["m"]
    read = json.loads((accidents / "read.json").read_text())
    assert read[0] == "old"
    assert read[-1] == last[0]
    assert set(read) <= {"old", "one", "other"}


def test_a_first_save_that_fails_leaves_nothing(tmp_path):
    (tmp_path / "file").write_text("x")
    folder = tmp_path / "file" / "m"
    with pytest.raises(OSError, match=f"{folder}: this model could not be saved, nothing was written: "):
        saving.save_classifier(tiny("a", "b"), folder, card=CARD)
    with pytest.raises(FileExistsError, match=f"{tmp_path / 'file'}: expected no folder or a saved model to replace"):
        saving.save_classifier(tiny("a", "b"), tmp_path / "file", card=CARD)
    assert contents(tmp_path) == {"file": b"x"}


def test_a_card_that_could_not_be_read_again_does_not_replace_a_model(folder, written):
    with pytest.raises(ValueError, match=r"card\.json: expected at most 1048576 bytes, got "):
        saving.save_classifier(tiny("a", "b"), folder, card=CARD | {"limits": "x" * cards.MAX_CARD_BYTES})
    assert contents(folder) == contents(written)
    assert names_beside(folder) == ["m"]
