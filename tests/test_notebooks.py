"""Every notebook is built from its source, executed top to bottom, quiet, and laid out as a reader expects."""

import ast
import re
import sys
from collections import Counter
from pathlib import Path

import pytest
from editions import edition, hash_of, is_check, pairs, unwrapped
from markdown_it import MarkdownIt

FOLDER = Path(__file__).parents[1] / "notebooks"
SOURCES = sorted(FOLDER.glob("[0-9][0-9]_*.py"))
pytestmark = pytest.mark.slow  # jupytext and nbformat take seconds to import: not at the top, and not in `make check`
MAX_CODE_LINES, MAX_DEF_LINES = 18, 5
NUM_CELLS = range(25, 47)
MAX_PICTURE_BYTES = 300_000
PROGRESS = re.compile(r"\d+%\|[ #█▏▎▍▌▋▊▉]*\||\d(?:it|batch|B)/s\b|━━|\bETA\b|/step\b|\[=+>?\.*\]")
TIME = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|µs|s|sec|secs|seconds?|min|minutes?)\b|\b\d\d?:\d\d:\d\d\b", re.ASCII)

each_notebook = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
each_edition = pytest.mark.parametrize(
    ("source", "lang"),
    [(path, lang) for path in SOURCES for lang in ("en", "zh")],
    ids=lambda value: value if isinstance(value, str) else value.stem,
)


def cells_of(source):
    """The cells of a percent script, those of both languages and checks."""
    import jupytext

    return jupytext.read(source).cells


def built_cells(source, lang="en"):
    """The cells of an edition of the notebook beside `source`, empty ones left out."""
    path = source.with_suffix(".ipynb" if lang == "en" else ".zh.ipynb")
    import nbformat

    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.source.strip()]


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


def test_the_walk_has_its_notebooks_and_each_source_is_built_in_both_languages():
    names = {path.stem for path in SOURCES}
    assert {path.name for path in FOLDER.glob("*.ipynb")} == {
        f"{name}{end}" for name in names for end in (".ipynb", ".zh.ipynb")
    }
    assert names >= {"05_headlines", "06_textrnn", "09_saved_model"}
    assert len({name[:2] for name in names}) == len(names)


@each_edition
def test_a_built_notebook_holds_the_cells_of_its_source_in_order(source, lang):
    expected = edition(cells_of(source), lang)
    got = built_cells(source, lang)
    for place, (one, other) in enumerate(zip(expected, got, strict=False)):
        assert (one.cell_type, one.source) == (other.cell_type, other.source), f"cell {place}"
        assert one.metadata.get("tags", []) == other.metadata.get("tags", []), f"cell {place}"
    assert len(expected) == len(got)


@each_notebook
def test_both_editions_show_the_same_outputs(source):
    one, other = ([cell for cell in built_cells(source, lang) if cell.cell_type == "code"] for lang in ("en", "zh"))
    assert one == other


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
def test_a_notebook_has_one_settings_cell_and_25_to_46_cells(source):
    cells = built_cells(source)
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert [cell.cell_type for cell in tagged] == ["code"]
    assert len(cells) in NUM_CELLS


@each_notebook
def test_a_reader_meets_at_most_one_assert_in_a_cell(source):
    counts = {place: len(re.findall(r"^\s*assert\b", code, flags=re.M)) for place, code in code_of(built_cells(source))}
    assert {place: count for place, count in counts.items() if count > 1} == {}


@each_notebook
def test_no_cell_that_is_shown_needs_a_name_from_a_check(source):
    made, needed, from_checks = set(), set(), set()
    for cell in cells_of(source):
        for node in ast.walk(ast.parse(cell.source if cell.cell_type == "code" else "")):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                (from_checks if is_check(cell) else made).add(node.id)
            elif isinstance(node, ast.Name) and not is_check(cell):
                needed.add(node.id)
            elif isinstance(node, ast.arg):
                made.add(node.arg)
    assert sorted(from_checks & needed - made) == []


@each_notebook
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


@each_edition
def test_prose_stands_before_every_code_cell(source, lang):
    cells = built_cells(source, lang)
    bare = [
        (place, cell.source.splitlines()[0])
        for place, cell in enumerate(cells)
        if cell.cell_type == "code" and (place == 0 or cells[place - 1].cell_type != "markdown")
    ]
    assert bare == []


@each_edition
def test_a_notebook_begins_with_its_title_and_ends_with_exercises(source, lang):
    cells = built_cells(source, lang)
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    last = "\n".join(cell.source for cell in cells[-8:] if cell.cell_type == "markdown")
    assert re.search(r"^#+ .*(exercises|练习)", last, flags=re.IGNORECASE | re.MULTILINE)


# The Chinese edition says what the English one says.

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def pairs_of(source):
    """The English and the Chinese prose cells of a source, those without the other left out."""
    return [(english.source, chinese.source) for english, chinese in pairs(cells_of(source)) if chinese]


def without_code(text):
    """A text without code, formulas and the targets of links."""
    text = re.sub(r"```.*?```|\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    return re.sub(r"`[^`]*`|\$[^$]*\$", " ", re.sub(r"\]\([^)]*\)", "", text))


@each_notebook
def test_no_chinese_cell_is_missing_or_older_than_its_english_one(source):
    stale = [
        english.source.splitlines()[0]
        for english, chinese in pairs(cells_of(source))
        if chinese is None or chinese.metadata["of"] != hash_of(english.source)
    ]
    assert stale == [], f"read both texts again, then: python tools/editions.py stamp notebooks/{source.name}"


@each_notebook
def test_both_languages_state_the_same_numbers_formulas_and_code(source):
    kinds = {
        "numbers": lambda text: Counter(NUMBER.findall(without_code(text))),
        "code": lambda text: set(re.findall(r"`([^`]+)`", re.sub(r"\s+", " ", text.replace("```", "`")))),
        "formulas": lambda text: set(re.findall(r"\$([^$]+)\$", re.sub(r"\s+", " ", text))),
        "links": lambda text: {target.replace(".zh.", ".") for target in re.findall(r"\]\(([^)]+)\)", text)},
    }
    wrong = [
        (kind, english.splitlines()[0], kind_of(english), kind_of(chinese))
        for english, chinese in pairs_of(source)
        for kind, kind_of in kinds.items()
        if kind_of(english) != kind_of(chinese)
    ]
    assert wrong == []


@each_notebook
def test_chinese_prose_shows_no_asterisk_and_no_space_of_a_line_break(source):
    shown = [
        token.content
        for _, chinese in pairs_of(source)
        for line in MarkdownIt().parse(without_code(unwrapped(chinese)))
        for token in line.children or []
        if token.type == "text"
    ]
    assert [text for text in shown if "*" in text] == []
    assert [text for text in shown if re.search(r"[\u4e00-\u9fff] [\u4e00-\u9fff]", text)] == []


def test_a_line_break_goes_where_chinese_has_no_space():
    joined = {
        "记忆是\n一个循环。\n\n- 第一\n  个": "记忆是一个循环。\n\n- 第一个",
        "## 标题\n正文": "## 标题\n正文",
        "用 `LSTM`\n读": "用 `LSTM`\n读",
        "读完。\n`LSTM` 是\n**循环**\n网络": "读完。`LSTM` 是**循环**网络",
        "| 甲 |\n| 乙 |": "| 甲 |\n| 乙 |",
        "```\n甲\n乙\n```\n丙": "```\n甲\n乙\n```\n丙",
    }
    assert {text: unwrapped(text) for text in joined} == joined


def test_both_editions_of_the_answers_state_the_same_measurements():
    sections = [
        {part.split("\n")[0]: part for part in (FOLDER / name).read_text(encoding="utf-8").split("\n## ")[1:]}
        for name in ("answers.md", "answers.zh.md")
    ]
    english, chinese = (
        {name: Counter(re.findall(r"\d+[.,]\d+(?:,\d+)*|^\d+\.", text, flags=re.M)) for name, text in each.items()}
        for each in sections
    )
    assert list(english) == [path.stem for path in SOURCES]
    assert english == chinese
