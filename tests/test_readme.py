"""What README.md and its two companions promise: targets, paths and links, code that runs, numbers measured."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh.md"]
PAGES = [
    *READMES,
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "RELIABILITY.md",
    ROOT / "docs" / "architecture.md",
    ROOT / "datasets" / "headlines" / "README.md",
    ROOT / "models" / "README.md",
]
FENCE = re.compile(r"^```([\w+-]*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)")
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:\.{1,2}/)?[\w.-]+(?:/[\w.-]+)*/?")
SUFFIXES = {".py", ".ipynb", ".md", ".tsv", ".toml", ".txt", ".json", ".pb", ".png", ".svg", ".yml", ".cfg"}
# A number that was measured: with a decimal point, a thousands comma or a unit.
UNIT = r"[ \u00a0]?(?:%|s\b|seconds?\b|minutes?\b|MB/s)"
NUMBER = re.compile(rf"(?<![\w.,/-])(\d{{1,3}}(?:,\d{{3}})+|\d+\.\d+|\d+(?={UNIT}))(?![\w,/]*\d)")
NAMES = "Python|TensorFlow|Keras|NumPy|pandas|version|CC0|CC|MIT"
VERSION = re.compile(rf"(?:{NAMES})[ \u00a0]v?\d[\d.]*(?:(?:[ -]|, | to | and | or |、| 或 )\d[\d.]*)*")


def read(path):
    return path.read_text(encoding="utf-8")


def prose(text):
    """The text without code blocks, inline code, link targets and version numbers."""
    text = CODE.sub(" ", FENCE.sub(" ", text))
    text = re.sub(r"\]\([^)]*\)", "] ", re.sub(r"https?://\S+", " ", text))
    return VERSION.sub(" ", text)


def paths_in_code(text):
    """The paths that stand in backquotes: words with a known suffix, or with a slash and no placeholder."""
    words = [word for code in CODE.findall(FENCE.sub(" ", text)) for word in code.split()]
    known = [word for word in words if PATH.fullmatch(word) and (word.endswith("/") or Path(word).suffix in SUFFIXES)]
    # Capitals stand for a file or folder of the reader's own, as in `models/NAME/`.
    own = re.compile(r"(?:.*/)?(?!README|RESULTS)[A-Z_]+\.\w+$")
    return [word for word in known if not own.match(word) and "NAME" not in word and "NN_" not in word]


def values(text):
    """The numbers of a text with the count of their decimals, `4,000` as 4000."""
    numbers = re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))
    return {(float(number), len(number.partition(".")[2])) for number in numbers}


@pytest.mark.parametrize("page", [*READMES, ROOT / "docs" / "RELIABILITY.md"], ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page):
    text = read(page)
    code = [body for _, body in FENCE.findall(text)] + CODE.findall(text)
    named = {name for part in code for name in re.findall(r"\bmake ([a-z][\w-]*)", part)}
    targets = set(re.findall(r"^([a-z][\w-]*):", read(ROOT / "Makefile"), re.MULTILINE))
    assert named
    assert {"notebooks", "test"} <= named or page not in READMES
    assert named - targets == set()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_and_path_exists(page):
    text = read(page)
    links = [link.partition("#")[0] for link in LINK.findall(FENCE.sub(" ", text)) if "://" not in link]
    missing = [link for link in links if link and not (page.parent / link).exists()]
    # `models/README.md` says what is in each model's folder.
    folders = [
        page.parent,
        ROOT,
        ROOT / "src" / "textrnn",
        *(folder for folder in page.parent.rglob("*/") if page.parent != ROOT),
    ]
    missing += [path for path in paths_in_code(text) if not any((folder / path).exists() for folder in folders)]
    assert missing == []


def test_links_to_headings_have_their_heading():
    text = read(PAGES[0])
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    assert len(anchors) > 1
    assert {link[1:] for link in LINK.findall(text) if link.startswith("#")} <= anchors


def blocks_of(page, *languages):
    return [body for language, body in FENCE.findall(read(page)) if language in languages]


def test_both_editions_show_the_same_python():
    blocks, chinese = ([re.sub(" *#.*", "", block) for block in blocks_of(page, "python")] for page in READMES)
    assert blocks
    assert blocks == chinese


@pytest.mark.long
def test_every_block_of_python_runs_and_prints_what_is_shown():
    code = "\n".join(blocks_of(READMES[0], "python"))  # in one process: TensorFlow takes a while to start
    done = subprocess.run([sys.executable, "-"], input=code, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-2000:]
    shown = blocks_of(READMES[0], "text")
    assert shown
    assert [block for block in shown if block not in done.stdout] == []


@pytest.mark.long
def test_both_editions_show_the_same_commands_and_every_one_runs(tmp_path):
    commands, chinese = (
        [line for block in blocks_of(page, "") for line in block.splitlines() if line.startswith("textrnn ")]
        for page in READMES
    )
    assert commands
    assert commands == chinese
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    (tmp_path / "models").symlink_to(ROOT / "models")
    program = Path(sys.executable).with_name("textrnn")
    for command in commands:
        done = subprocess.run([program, *shlex.split(command)[1:]], cwd=tmp_path, capture_output=True, encoding="utf-8")
        assert done.returncode == 0, f"{command}\n{done.stderr[-2000:]}"
        assert done.stdout
    assert (tmp_path / "gates.png").stat().st_size > 10_000


def test_both_editions_hold_the_same_numbers_links_and_headings():
    english, chinese = map(read, READMES)
    assert re.findall(r"\d[\d.,]*\d", prose(english)) == re.findall(r"\d[\d.,]*\d", prose(chinese))
    links = [
        sorted({link.replace(".zh.", ".") for link in LINK.findall(text)} - {"README.md"})
        for text in (english, chinese)
    ]
    assert links[0] == links[1]
    levels = [re.findall(r"^(#+) ", text, re.MULTILINE) for text in (english, chinese)]
    assert levels[0] == levels[1]


def unmeasured(text, results):
    """The measured numbers of `text` that `results` does not hold, as they are, as a share of 1, or unrounded."""
    known = values(results)
    missing = []
    for number in NUMBER.findall(prose(text)):
        plain = number.replace(",", "")
        value, decimals = float(plain), len(plain.partition(".")[2])
        half = 0.5 * 10**-decimals + 1e-9  # what rounding may take away
        exact = any(abs(other - value) <= half for other, digits in known if digits >= decimals)
        share = any(abs(100 * other - value) <= half for other, digits in known if digits >= 3 and other <= 1)
        if not (exact or share):
            missing.append(number)
    return missing


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_every_number_that_the_readme_states_stands_in_the_results(page):
    text, results = read(page), read(ROOT / "benchmarks" / "RESULTS.md")
    assert NUMBER.findall(prose(text))
    assert unmeasured(text, results) == []


@pytest.mark.parametrize("page", READMES, ids=lambda page: page.name)
def test_the_row_of_the_real_news_model_says_what_its_card_says(page):
    card = json.loads(read(ROOT / "models" / "thucnews-textrnn" / "assets.extra" / "card.json"))
    (row,) = (line for line in read(page).splitlines() if line.startswith("| `models/thucnews-textrnn` |"))
    assert row.split(" | ")[-1] == "**{accuracy:.4f}** [{low:.4f}, {high:.4f}] |".format(**card["metrics"]["dev"])
    assert f"{card['trained_on']['rows']['train']:,}" in row


def test_a_number_that_was_not_measured_would_be_seen():
    results = "accuracy 0.9135, 117,411 rows, 412.6 s, linear 91.8 %"
    assert unmeasured("91.4 % (linear 91.8 %) on 117,411 titles with Python 3.11 in `0.77`, 413 s", results) == []
    assert unmeasured("91.7 %, 117,412 titles, 0.9136, 400 s, 12 minutes", results) == [
        "91.7",
        "117,412",
        "0.9136",
        "400",
        "12",
    ]
