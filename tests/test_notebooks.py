"""Every notebook is built from its source, executed top to bottom, quiet, and laid out as a reader expects."""

import ast
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
MAX_CODE_LINES, MAX_DEF_LINES = 18, 5
NUM_CELLS = range(20, 61)
READY = {"01", "02", "03", "04", "05", "06", "07", "08", "09"}
NUM_CELLS_READY = range(25, 46)
MAX_PICTURE_BYTES = 300_000
PROGRESS = re.compile(r"\d+%\|[ #█▏▎▍▌▋▊▉]*\||\d(?:it|batch|B)/s\b|━━|\bETA\b|/step\b|\[=+>?\.*\]")
TIME = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|µs|s|sec|secs|seconds?|min|minutes?)\b|\b\d\d?:\d\d:\d\d\b", re.ASCII)

each_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
each_ready_notebook = pytest.mark.parametrize(
    "source", [path for path in SOURCES if path.name[:2] in READY], ids=lambda path: path.stem
)


def is_check(cell):
    """Whether a cell is there for the build alone."""
    return "checks" in cell.metadata.get("tags", [])


def built_cells(source):
    """The cells of the notebook beside `source`, empty ones left out."""
    notebook = nbformat.reads(source.with_suffix(".ipynb").read_text(encoding="utf-8"), as_version=4)
    return [cell for cell in notebook.cells if cell.source.strip()]


def code_of(cells):
    """The index and source of each code cell."""
    return [(place, cell.source) for place, cell in enumerate(cells) if cell.cell_type == "code"]


def outputs(source):
    return [
        (place, output)
        for place, cell in enumerate(built_cells(source))
        if cell.cell_type == "code"
        for output in cell.outputs
    ]


def output_text(output):
    """What a reader sees of an output as text; pictures have none."""
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def test_the_walk_has_its_notebooks_and_each_source_is_built():
    names = {path.stem for path in SOURCES}
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == names
    assert names >= {"05_headlines", "06_textrnn", "09_saved_model"}
    assert len({name[:2] for name in names}) == len(names)


@each_notebook
def test_a_built_notebook_holds_the_cells_of_its_source_in_order(source):
    expected = [cell for cell in jupytext.read(source).cells if cell.source.strip() and not is_check(cell)]
    got = built_cells(source)
    for place, (one, other) in enumerate(zip(expected, got, strict=False)):
        assert (one.cell_type, one.source) == (other.cell_type, other.source), f"cell {place}"
        assert one.metadata.get("tags", []) == other.metadata.get("tags", []), f"cell {place}"
    assert len(expected) == len(got)


@each_notebook
def test_a_notebook_was_executed_top_to_bottom_without_errors(source):
    counts = [cell.execution_count for cell in built_cells(source) if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    assert [place for place, output in outputs(source) if output.output_type == "error"] == []


@each_notebook
def test_a_notebook_shows_no_stderr_no_progress_bar_and_no_time(source):
    noise = [output_text(output) for _, output in outputs(source) if output.get("name") == "stderr"]
    assert noise == []
    shown = [(place, line) for place, output in outputs(source) for line in output_text(output).splitlines()]
    assert [(place, line) for place, line in shown if PROGRESS.search(line)] == []
    assert [(place, line) for place, line in shown if TIME.search(line)] == []


def test_progress_bars_and_times_would_be_seen():
    bars = ["100%|███▌  | 3/3", "5.1it/s", "3/3 ━━━━━", "40ms/step", "[===>....]"]
    assert all(PROGRESS.search(line) for line in bars)
    assert all(TIME.search(line) for line in ["took 3 s", "1.5s", "12:03:44", "2 minutes"])
    assert not any(TIME.search(line) or PROGRESS.search(line) for line in ["sports 0.91 s0", "10:30", "50 % of it"])


@each_notebook
def test_a_notebook_has_one_settings_cell_and_20_to_60_cells(source):
    cells = built_cells(source)
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.cell_type for cell in tagged] == ["code"]
    assert len(cells) in (NUM_CELLS_READY if source.name[:2] in READY else NUM_CELLS)


@each_ready_notebook
def test_a_reader_meets_at_most_one_assert_in_a_cell(source):
    counts = {place: len(re.findall(r"^\s*assert\b", code, flags=re.M)) for place, code in code_of(built_cells(source))}
    assert {place: count for place, count in counts.items() if count > 1} == {}


@each_ready_notebook
def test_no_cell_that_is_shown_needs_a_name_from_a_check(source):
    made, needed, from_checks = set(), set(), set()
    for cell in jupytext.read(source).cells:
        for node in ast.walk(ast.parse(cell.source if cell.cell_type == "code" else "")):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                (from_checks if is_check(cell) else made).add(node.id)
            elif isinstance(node, ast.Name) and not is_check(cell):
                needed.add(node.id)
            elif isinstance(node, ast.arg):
                made.add(node.arg)
    assert sorted(from_checks & needed - made) == []


@each_ready_notebook
def test_the_first_code_cell_says_how_to_get_what_is_missing(source, monkeypatch):
    for name in ("textrnn", *(name for name in sys.modules if name.startswith("textrnn."))):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit, match=r'textrnn.*: run %pip install -e "PATH\[train\]", PATH being your copy'):
        exec(code_of(built_cells(source))[0][1], {})


@each_notebook
def test_no_picture_of_a_notebook_is_heavy(source):
    sizes = {
        place: len(output.data["image/png"]) * 3 // 4
        for place, output in outputs(source)
        if "image/png" in output.get("data", {})
    }
    assert {place: size for place, size in sizes.items() if size > MAX_PICTURE_BYTES} == {}


@each_notebook
def test_code_cells_and_functions_are_short(source):
    cells = code_of(built_cells(source))
    lengths = {place: sum(bool(line.strip()) for line in code.splitlines()) for place, code in cells}
    assert {place: length for place, length in lengths.items() if length > MAX_CODE_LINES} == {}
    functions = [
        (place, node.name)
        for place, code in cells
        for node in ast.walk(ast.parse(re.sub(r"^\s*[%!].*$", "pass", code, flags=re.MULTILINE)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > MAX_DEF_LINES
    ]
    assert functions == []


@each_notebook
def test_prose_stands_before_every_code_cell(source):
    cells = built_cells(source)
    bare = [
        (place, cell.source.splitlines()[0])
        for place, cell in enumerate(cells)
        if cell.cell_type == "code" and (place == 0 or cells[place - 1].cell_type != "markdown")
    ]
    assert bare == []


@each_notebook
def test_a_notebook_begins_with_its_title_and_ends_with_exercises(source):
    cells = built_cells(source)
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    last = "\n".join(cell.source for cell in cells[-8:] if cell.cell_type == "markdown")
    assert re.search(r"^#+ .*exercises", last, flags=re.IGNORECASE | re.MULTILINE)
