"""What comes with the kit is found under the same names in a clone, in an editable installation, and in a wheel."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from types import SimpleNamespace

import pytest

from textrnn import cards, datasets, shipped

SHIPPED = ("datasets/headlines", "models/headlines-textrnn")
HEADLINE = "国足客场一球小胜"


def files_below(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- in the clone -----------------------------------------------------------------------------------------------------


def test_the_clone_finds_its_own_files_by_name(root):
    assert shipped.headlines_folder() == root / "datasets" / "headlines"
    for name in shipped.MODELS:
        assert shipped.model_folder(name) == root / "models" / name
        assert cards.read_card(name)["name"] == name
        assert cards.fingerprint(name) == cards.fingerprint(root / "models" / name)


def test_a_path_and_a_folder_of_ones_own_come_before_a_shipped_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in ("./headlines-textrnn", "models/headlines-textrnn", "mine", tmp_path / "headlines-textrnn"):
        assert shipped.model_folder(path) == Path(path)
    (tmp_path / "headlines-textrnn").mkdir()
    assert shipped.model_folder("headlines-textrnn") == Path("headlines-textrnn")
    with pytest.raises(FileNotFoundError, match=r"^headlines-textrnn: expected a model folder with "):
        cards.read_card("headlines-textrnn")


# --- from a wheel -----------------------------------------------------------------------------------------------------


PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]


def environment(folder):
    """A new environment without any package; `run` runs a program of it in an empty folder."""
    venv.create(folder / "venv", symlinks=os.name == "posix")
    programs = folder / "venv" / ("bin" if os.name == "posix" else "Scripts")
    site = Path(sysconfig.get_path("purelib", vars={"base": folder / "venv", "platbase": folder / "venv"}))
    (folder / "elsewhere").mkdir()
    ours = {"PYTHONPATH", "TF_CPP_MIN_LOG_LEVEL"}  # set around the tests, not at a user's
    variables = {name: value for name, value in os.environ.items() if name not in ours}

    def run(program, *args):
        options = {"cwd": folder / "elsewhere", "env": variables, "capture_output": True, "encoding": "utf-8"}
        return subprocess.run([programs / program, *args], **options)

    return SimpleNamespace(site=site, package=site / "textrnn", python=programs / "python", run=run)


@pytest.fixture(scope="module")
def wheel_file(root, tmp_path_factory):
    """The wheel of this project, built as `pip install .` builds it."""
    folder = tmp_path_factory.mktemp("dist")
    build = [*PIP, "wheel", root, "--no-deps", "--wheel-dir", folder]
    done = subprocess.run(build, capture_output=True, encoding="utf-8")
    if "No matching distribution found for hatchling" in done.stderr:
        pytest.skip("hatchling, which builds the wheel, cannot be fetched")
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel(wheel_file, tmp_path_factory):
    """An environment that has the wheel of this project, and borrows its dependencies from the running one."""
    made = environment(tmp_path_factory.mktemp("wheel"))
    install = ["--python", made.python, "install", "--quiet", "--no-compile", "--no-deps", "--no-index", wheel_file]
    subprocess.run([*PIP, *install], check=True)
    # The .pth files of a folder that a .pth file names are not read: the editable textrnn stays out.
    (made.site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def small(root, wheel_file, tmp_path_factory):
    """An environment that has the wheel and what it asks for, no extra, in the versions of requirements.txt."""
    folder = tmp_path_factory.mktemp("small")
    made = environment(folder)
    pins = [line for line in (root / "requirements.txt").read_text().splitlines() if not line.startswith("-e")]
    (folder / "pins.txt").write_text("\n".join(pins))
    install = ["--python", made.python, "install", "--quiet", "--constraint", folder / "pins.txt", wheel_file]
    done = subprocess.run([*PIP, *install], capture_output=True, encoding="utf-8")
    if "No matching distribution found" in done.stderr:
        pytest.skip(f"what the wheel asks for cannot be fetched: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return made


def printed(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.long
def test_the_wheel_holds_the_headlines_and_their_model_and_stays_small(wheel, wheel_file, root):
    for name in SHIPPED:
        assert files_below(wheel.package / name) == files_below(root / name)
    assert sorted(path.name for path in (wheel.package / "models").iterdir()) == ["headlines-textrnn"]
    assert wheel_file.stat().st_size < 15e6


@pytest.mark.long
def test_the_wheel_is_imported_and_loads_the_headlines_in_another_folder(wheel):
    script = (
        "import textrnn; from textrnn import datasets; print(textrnn.__file__, *map(len, datasets.load('headlines')))"
    )
    sizes = map(len, datasets.load("headlines"))
    assert printed(wheel.run("python", "-c", script)).split() == [str(wheel.package / "__init__.py"), *map(str, sizes)]


@pytest.mark.long
def test_the_command_of_the_wheel_helps_and_says_where_the_headlines_are(wheel):
    assert "headlines-textrnn" in printed(wheel.run("textrnn", "--help"))
    (row,) = (line for line in printed(wheel.run("textrnn", "data", "list")).splitlines() if "headlines  " in line)
    assert Path(row.split()[1]) == wheel.package / "datasets" / "headlines"


@pytest.mark.long
def test_the_command_of_the_wheel_predicts_with_the_shipped_model(wheel):
    header, row = printed(wheel.run("textrnn", "predict", "headlines-textrnn", HEADLINE)).splitlines()
    assert header.split("\t") == ["label", "score", "text"]
    assert (row.split("\t")[0], row.split("\t")[2]) == ("sports", HEADLINE)


@pytest.mark.long
def test_a_model_that_the_wheel_leaves_out_says_how_to_get_it(wheel):
    done = wheel.run("textrnn", "predict", "thucnews-textrnn", HEADLINE)
    message = (
        "Error: thucnews-textrnn: too large for the installed package: take the folder models/thucnews-textrnn of a "
        "clone of the project, and give its path\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


# --- with the small dependencies alone --------------------------------------------------------------------------------


@pytest.mark.long
def test_a_small_installation_lacks_what_learns_and_takes_little_room(small):
    names = {path.name for path in small.site.iterdir()}
    assert {"numpy", "pandas", "textrnn"} <= names
    assert not {"tensorflow", "keras", "sklearn", "scipy", "matplotlib", "jieba", "joblib"} & names
    size = sum(path.stat().st_size for path in small.site.rglob("*") if path.is_file())
    assert size < 300e6, f"{size / 1e6:.0f} MB"


@pytest.mark.long
def test_a_small_installation_predicts_evaluates_and_shows_the_card(small):
    assert "headlines-textrnn" in printed(small.run("textrnn", "--help"))
    assert printed(small.run("textrnn", "card", "headlines-textrnn")).startswith("name ")
    _, row = printed(small.run("textrnn", "predict", "headlines-textrnn", HEADLINE)).splitlines()
    assert (row.split("\t")[0], row.split("\t")[2]) == ("sports", HEADLINE)
    file = small.package / "datasets" / "headlines" / "dev.tsv"
    found = json.loads(printed(small.run("textrnn", "evaluate", "headlines-textrnn", file, "--json")))
    scores = cards.read_card("headlines-textrnn")["metrics"]["dev"]
    assert {name: found[name] for name in ("accuracy", "low", "high", "rows")} == {
        name: scores[name] for name in ("accuracy", "low", "high", "rows")
    }


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")
def test_an_answer_of_a_small_installation_takes_little_memory_and_no_pandas(small):
    code = (
        "import re, sys, textrnn\n"
        f"assert textrnn.load_classifier('headlines-textrnn').predict(['{HEADLINE}']) == ['sports']\n"
        "print('pandas' in sys.modules, re.search(r'VmHWM:\\s+(\\d+) kB', open('/proc/self/status').read())[1])"
    )
    has_pandas, kilobytes = printed(small.run("python", "-c", code)).split()
    assert has_pandas == "False"
    assert int(kilobytes) < 100_000


@pytest.mark.long
def test_a_small_installation_says_how_to_get_what_it_lacks(small, wheel_file):
    """From the file that it came from: no index has the package."""
    how = f"which is not installed: pip install 'textrnn[train] @ {wheel_file.as_uri()}'"
    for args, what in (
        (["train", "none.tsv", "--out", "model"], "textrnn train needs TensorFlow"),
        (["trace", "headlines-textrnn", HEADLINE, "--out", "a.png"], "textrnn trace needs TensorFlow"),
        (
            ["predict", "headlines-textrnn", HEADLINE, "--runtime", "tensorflow"],
            "--runtime tensorflow needs TensorFlow",
        ),
    ):
        done = small.run("textrnn", *args)
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"Error: {what}, {how}\n")
    done = small.run("textrnn", "page", "headlines-textrnn", "--out", "page.html")  # which computes by itself
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    done = small.run("python", "-c", "from textrnn import networks")
    assert done.stderr.splitlines()[-1] == f"textrnn.extras.MissingLibraryError: textrnn.networks needs Keras, {how}"
