"""`import textrnn` alone offers all rooms, and takes none of them along."""

import ast
import subprocess
import sys
from importlib.metadata import version

import pytest

import textrnn

NAMES = {"IdVectorizer", "TextRNNClassifier", "load_classifier"}  # of rooms, offered by the package too


def test_every_room_is_there_under_its_name_and_an_editor_knows_it(root):
    package = root / "src" / "textrnn"
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    rooms -= {"__init__", "cli"}
    assert rooms | NAMES | {"__version__"} <= set(dir(textrnn))
    tree = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    known = {alias.asname for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert known - {None} == rooms | NAMES
    assert (package / "py.typed").exists()


def test_names_are_found_when_first_asked_for():
    code = (
        "import sys, textrnn; before = set(sys.modules)\n"
        "assert not [name for name in before if name.startswith('textrnn.')], before\n"
        "assert textrnn.options.UNITS == ('char', 'word')\n"
        "from textrnn import cells, datasets\n"
        "assert cells.__name__ == 'textrnn.lessons.cells' and datasets.SETS"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert textrnn.__version__ == version("textrnn")
    assert textrnn.load_classifier is textrnn.saving.load_classifier
    with pytest.raises(AttributeError, match=r"^module 'textrnn' has no attribute 'sving'$"):
        _ = textrnn.sving


def test_a_room_that_learns_says_what_it_needs():
    code = "import sys; sys.modules['keras'] = None\nfrom textrnn import networks"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("textrnn.extras.MissingLibraryError: textrnn.networks needs Keras, which is not installed: ")
