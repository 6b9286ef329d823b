"""`make notebooks` runs a notebook and saves its model without touching what is committed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOK = "09_saved_model"  # reads the model of the project, trains it on, and saves the new one


def git(*args, folder):
    return subprocess.run(["git", *args], cwd=folder, capture_output=True, check=True, encoding="utf-8").stdout


@pytest.fixture
def clone(root, tmp_path):
    """A copy of the files that git knows or would take, under a git of its own, with the running environment."""
    if not (root / ".git").exists():
        pytest.skip("this is no clone, so git cannot say which files are committed")
    folder = tmp_path / "clone"
    for name in git("ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=root).split("\0"):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, folder / name)
    git("init", "--quiet", folder=folder)
    git("add", "--all", folder=folder)
    (folder / ".venv").mkdir()
    for path in Path(sys.prefix).iterdir():
        (folder / ".venv" / path.name).symlink_to(path)
    (folder / ".venv" / ".ready").unlink(missing_ok=True)
    (folder / ".venv" / ".ready").touch()  # newer than requirements.txt, so nothing is installed
    return folder


@pytest.mark.long
def test_a_run_of_a_notebook_leaves_the_committed_files_as_they_were(clone):
    before = git("status", "--porcelain", folder=clone)
    outer_make = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    environment = {name: value for name, value in os.environ.items() if name not in outer_make}
    environment["PYTHONPATH"] = str(clone / "src")
    make = ["make", "notebooks", f"NOTEBOOKS=notebooks/{NOTEBOOK}.py"]
    done = subprocess.run(make, cwd=clone, env=environment, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert git("status", "--porcelain", folder=clone) == before
    executed = json.loads((clone / "build" / f"{NOTEBOOK}.ipynb").read_text(encoding="utf-8"))
    assert all(cell["execution_count"] for cell in executed["cells"] if cell["cell_type"] == "code")
    assert (clone / "build" / "models" / "esports-textrnn" / "saved_model.pb").is_file()
