"""What comes with the kit is found under the same names in a clone, in an editable installation, and in a wheel."""

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


@pytest.fixture(scope="module")
def wheel(root, tmp_path_factory):
    """An environment that has the wheel of this project, and borrows its dependencies from the running one.

    A wheel is built as `pip install .` builds it. `run` runs a program of the environment in an empty folder.
    """
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", root, "--no-deps", "--wheel-dir", folder / "dist"]
    done = subprocess.run(build, capture_output=True, encoding="utf-8")
    if "No matching distribution found for hatchling" in done.stderr:
        pytest.skip("hatchling, which builds the wheel, cannot be fetched")
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "venv", symlinks=os.name == "posix")
    programs = folder / "venv" / ("bin" if os.name == "posix" else "Scripts")
    install = ["--python", programs / "python", "install", "--quiet", "--no-compile", "--no-deps", "--no-index", path]
    subprocess.run([*pip, *install], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": folder / "venv", "platbase": folder / "venv"}))
    # The .pth files of a folder that a .pth file names are not read: the editable textrnn stays out.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    (folder / "elsewhere").mkdir()
    ours = {"PYTHONPATH", "TF_CPP_MIN_LOG_LEVEL"}  # set around the tests, not at a user's
    environment = {name: value for name, value in os.environ.items() if name not in ours}

    def run(program, *args):
        options = {"cwd": folder / "elsewhere", "env": environment, "capture_output": True, "encoding": "utf-8"}
        return subprocess.run([programs / program, *args], **options)

    return SimpleNamespace(path=path, package=site / "textrnn", run=run)


def printed(done):
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.long
def test_the_wheel_holds_the_headlines_and_their_model_and_stays_small(wheel, root):
    for name in SHIPPED:
        assert files_below(wheel.package / name) == files_below(root / name)
    assert sorted(path.name for path in (wheel.package / "models").iterdir()) == ["headlines-textrnn"]
    assert wheel.path.stat().st_size < 15e6


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
