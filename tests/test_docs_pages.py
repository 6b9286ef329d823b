"""Pages of docs: every file that one shows is written, every command and every block of Python is run."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT, written

from textrnn import cli, datasets

FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+|\d+")
SHARE = re.compile(r"\b0\.\d+")


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def assert_same(got, shown):
    """Fails unless a program said what a page shows; scores and times may differ, `…` leaves the rest open."""
    begin, is_cut, _ = shown.partition("…")
    words = [re.sub(r"[ -]+", " ", NUMBER.sub("0", text)) for text in (got, begin)]
    assert words[0].startswith(words[1].rstrip()) if is_cut else words[0].rstrip() == words[1].rstrip()


def assert_nearly_same(got, shown):
    """Fails as `assert_same` does, and where anything but a score differs, or a score by more than 0.2."""
    begin, is_cut, _ = shown.partition("…")
    got = got[: len(begin)] if is_cut else got
    assert SHARE.sub("0.…", got) == SHARE.sub("0.…", begin)
    assert [*map(float, SHARE.findall(got))] == pytest.approx([*map(float, SHARE.findall(begin))], abs=0.2)


def run_python(code):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, {})
    return printed.getvalue()


def run_page(text, compare):
    """Returns what each block of Python has printed; `compare` takes what a command has said, and what is shown."""
    printed = []
    for kind, name, body in FENCE.findall(text):
        if kind == "toml" or (kind == "csv" and not Path(name).exists()):
            Path(name).write_text(body, encoding="utf-8")
        elif kind == "csv":  # a command has written it
            compare(Path(name).read_text(encoding="utf-8"), body)
        elif kind == "console":
            command, _, shown = body.removeprefix("$ textrnn ").partition("\n")
            result = CliRunner().invoke(cli.main, shlex.split(command))
            assert result.exit_code == ("Error:" in shown), result.output
            compare(result.stderr + result.stdout, shown)
        else:
            assert kind == "python"
            printed.append(run_python(body))
    return printed


@pytest.mark.long
def test_every_example_of_the_page_of_experiments_says_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    splits = datasets.load("headlines")
    for name, table in (("headlines.tsv", splits.train.head(300)), ("new.tsv", splits.dev)):
        rows = table[table["label"].isin(["sports", "game", "stocks"])].itertuples()
        Path(name).write_text("".join(f"{row.label}\t{row.text}\n" for row in rows), "utf-8")
    assert all(run_page(page("experiments.md"), assert_same))


@pytest.mark.slow
def test_every_example_of_the_page_of_tables_says_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for printed in run_page(page("tables.md"), assert_nearly_same):
        assert "国足客场一球小胜" in printed
        assert "sports" in printed
    kinds = [kind for kind, *_ in FENCE.findall(page("tables.md"))]
    assert sorted(set(kinds)) == ["console", "csv", "python"]
    assert len(kinds) > 8


@pytest.mark.slow
def test_every_block_of_python_of_the_page_of_texts_prints_what_it_shows():
    shown = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", page("texts.md"), re.MULTILINE | re.DOTALL)
    assert len(shown) == 2
    for code, printed in shown:
        assert run_python(code) == printed


@pytest.mark.long
def test_every_command_of_the_page_of_texts_runs(tmp_path, monkeypatch):
    pytest.importorskip("opencc", reason="OpenCC is not installed: pip install opencc")
    monkeypatch.chdir(tmp_path)
    rows = [("a", "甲乙丙"), ("a", "甲丙丁"), ("a", "乙甲"), ("b", "戊己庚")] * 8
    written(tmp_path / "uneven.tsv", "".join(f"{label}\t{text}{number}\n" for number, (label, text) in enumerate(rows)))
    printed = []
    for command in re.findall(r"^\$ textrnn (.*)", page("texts.md"), re.MULTILINE):
        result = CliRunner().invoke(cli.main, shlex.split(command))
        assert result.exit_code == 0, result.output
        printed.append(result.stdout)
    assert "macro F1" in printed[0]
    assert printed[1].splitlines()[1].split("\t")[0] == "sports"
