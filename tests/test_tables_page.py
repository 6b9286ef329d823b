"""docs/tables.md: every file that it shows is written, every command and every block of Python is run."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from textrnn import cli

PAGE = (Path(__file__).parents[1] / "docs" / "tables.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\b0\.\d+")


def assert_same(got, shown):
    """Fails unless a program said what the page shows; scores may be of a newer model, `…` leaves the rest open."""
    begin, is_cut, _ = shown.partition("…")
    got = got[: len(begin)] if is_cut else got
    assert NUMBER.sub("0.…", got) == NUMBER.sub("0.…", begin)
    assert [*map(float, NUMBER.findall(got))] == pytest.approx([*map(float, NUMBER.findall(begin))], abs=0.2)


@pytest.mark.slow
def test_every_example_of_the_page_of_tables_says_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kinds = []
    for kind, name, body in FENCE.findall(PAGE):
        kinds.append(kind)
        if kind == "csv" and not Path(name).exists():
            Path(name).write_text(body, encoding="utf-8")
        elif kind == "csv":  # a command has written it
            assert_same(Path(name).read_text(encoding="utf-8"), body)
        elif kind == "console":
            command, _, shown = body.removeprefix("$ textrnn ").partition("\n")
            result = CliRunner().invoke(cli.main, shlex.split(command))
            assert_same(result.stderr + result.stdout, shown)
        else:
            assert kind == "python"
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(body, {})
            assert "国足客场一球小胜" in printed.getvalue()
            assert "sports" in printed.getvalue()
    assert sorted(set(kinds)) == ["console", "csv", "python"]
    assert len(kinds) > 8
