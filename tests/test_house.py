"""The rules between the rooms of the package, read from its own imports; docs/architecture.md tells them."""

import ast
import subprocess
import sys
from pathlib import Path

import house
import pytest

ROOT = Path(__file__).parents[1]
MAX_FILE_LINES, MAX_FUNCTION_LINES = 350, 50
TENSORFLOW = ("tensorflow", "keras")
HEAVY = (*TENSORFLOW, "sklearn", "scipy", "matplotlib", "jieba", "pandas")  # half a second each, or more
WITHOUT_HEAVY = ("batching", "cards", "checks", "cli", "datasets", "extras", "options", "preprocessing", "saving")
WITHOUT_HEAVY += ("architectures", "evidence", "experiments", "recipes", "shipped", "web")
WITHOUT_TENSORFLOW = ("baselines", "fonts", "metrics", "plots", "lessons.cells", "lessons.diagrams")
WITHOUT = {f"textrnn.{name}": HEAVY for name in WITHOUT_HEAVY} | {"textrnn": HEAVY}
WITHOUT |= {f"textrnn.{name}": TENSORFLOW for name in WITHOUT_TENSORFLOW}


def where(one):
    return f"{one.path.relative_to(ROOT)}:{one.line}"


def test_the_kit_never_imports_what_stands_above_it():
    """A helper that the kit needs belongs into the kit; lessons, commands and pages stand on it."""
    wrong = [
        f"{where(one)} imports {one.module}: move what is needed down into the kit"
        for one in house.all_imports()
        if house.room_of(one.module) in house.ON_TOP
        and house.room_of(house.module_of(one.path)) not in (None, *house.ON_TOP)
    ]
    assert wrong == []


@pytest.mark.parametrize("module", WITHOUT)
def test_what_answers_is_imported_without_what_takes_long(module):
    """TensorFlow takes seconds to import: where a type or a list of names is wanted, it is not needed."""
    code = f"""
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {WITHOUT[module]}:
            raise SystemExit(f"{module} imports {{name}}: import it inside the function that needs it, or move"
                             " the function to a room that learns")
sys.meta_path.insert(0, Refuse())
import {module}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(("one", "other"), [("saving", "training"), ("training", "saving")])
def test_saving_and_training_do_not_import_each_other(one, other):
    """What both need stands below both, in networks, checks or cards."""
    wrong = [
        f"{where(found)} imports {found.module}: put what both need below both"
        for found in house.all_imports()
        if house.room_of(house.module_of(found.path)) == one and house.room_of(found.module) == other
    ]
    assert wrong == []


def test_no_private_name_crosses_a_file():
    """A name that another file needs loses its underscore, or the function moves to where it is needed."""
    wrong = []
    for path in house.source_files():
        imports = house.imports_of(path)
        wrong += [
            f"{where(one)} imports {one.name} of {one.module}: give it a public name, or move it here"
            for one in imports
            if one.module.startswith("textrnn") and (one.name or "").startswith("_") and one.name != "__version__"
        ]
        modules = {one.module.rpartition(".")[2] for one in imports if one.module.startswith("textrnn.")}
        wrong += [
            f"{path.relative_to(ROOT)}:{node.lineno} uses {node.value.id}.{node.attr}: give it a public name"
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
            if isinstance(node.value, ast.Name) and node.value.id in modules
        ]
    assert wrong == []


def test_a_folder_is_entered_by_its_face():
    """What a room offers stands in its `__init__`, so that the files inside can change."""
    folders = {path.name for path in house.PACKAGE.iterdir() if (path / "__init__.py").exists()} - {"lessons"}
    wrong = [
        f"{where(one)} imports {one.module}: import from textrnn.{house.room_of(one.module)} instead"
        for one in house.all_imports()
        if one.module.count(".") > 1 and (room := house.room_of(one.module)) in folders
        if room != house.room_of(house.module_of(one.path))
    ]
    assert wrong == []


def test_no_file_is_too_long_to_be_read_at_once():
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in house.source_files()}
    wrong = [f"{path.relative_to(ROOT)}: {lines} lines: split it by job" for path, lines in lengths.items()]
    assert [text for text, lines in zip(wrong, lengths.values(), strict=True) if lines > MAX_FILE_LINES] == []


def code_lines(function, text):
    """The lines of a function that hold code: without its docstring, blank lines and comments."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if not body:
        return 0
    signature = range(function.lineno, function.body[0].lineno)
    lines = [*signature, *range(body[0].lineno, function.end_lineno + 1)]
    return sum(bool(line.strip()) and not line.strip().startswith("#") for line in (text[at - 1] for at in set(lines)))


def test_no_function_has_more_code_than_a_screen():
    wrong = []
    for path in house.source_files():
        text = path.read_text(encoding="utf-8").splitlines()
        wrong += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines of code: which of its jobs has a name?"
            for node in ast.walk(ast.parse("\n".join(text)))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (lines := code_lines(node, text)) > MAX_FUNCTION_LINES
        ]
    assert wrong == []


def test_every_room_says_in_its_first_line_what_it_holds():
    silent = [
        str(path.relative_to(ROOT))
        for path in house.source_files()
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()
    ]
    assert silent == []


def test_the_table_of_the_architecture_page_is_what_the_imports_say():
    page = house.PAGE.read_text(encoding="utf-8")
    written = page.partition(house.BEGIN)[2].partition(house.END)[0].strip()
    assert written == house.table_of(house.read_rooms()), "run `make architecture`"


def test_a_circle_and_an_arrow_that_follows_from_others_are_seen():
    with pytest.raises(ValueError, match=r"in a circle are among \['a', 'b'\]"):
        house.floors_of({"a": {"b"}, "b": {"a"}, "c": set()})
    rooms = {"top": {"middle", "ground"}, "middle": {"ground"}, "ground": set()}
    assert house.floors_of(rooms) == {"ground": 1, "middle": 2, "top": 3}
    assert house.arrows_to_draw(rooms) == [("middle", "ground"), ("top", "middle")]
