"""docs/experiments.md: every file that it shows is written, every command and every block of Python is run."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from textrnn import cli, datasets

PAGE = (Path(__file__).parents[1] / "docs" / "experiments.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+\.\d+|\d+")
ROWS = 300


def assert_same(got, shown):
    """Fails unless a program said what the page shows; scores and times may differ, `…` leaves the rest open."""
    begin, is_cut, _ = shown.partition("…")
    words = [re.sub(r"[ -]+", " ", NUMBER.sub("0", text)) for text in (got, begin)]
    assert words[0].startswith(words[1].rstrip()) if is_cut else words[0].rstrip() == words[1].rstrip()


@pytest.mark.long
def test_every_example_of_the_page_of_experiments_says_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    splits = datasets.load("headlines")
    for name, table in (("headlines.tsv", splits.train.head(ROWS)), ("new.tsv", splits.dev)):
        rows = table[table["label"].isin(["sports", "game", "stocks"])].itertuples()
        Path(name).write_text("".join(f"{row.label}\t{row.text}\n" for row in rows), "utf-8")
    for kind, name, body in FENCE.findall(PAGE):
        if kind == "toml":
            Path(name).write_text(body, encoding="utf-8")
        elif kind == "console":
            command, _, shown = body.removeprefix("$ textrnn ").partition("\n")
            result = CliRunner().invoke(cli.main, shlex.split(command))
            assert result.exit_code == ("Error:" in shown), result.output
            assert_same(result.stderr + result.stdout, shown)
        else:
            assert kind == "python"
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(body, {})
            assert printed.getvalue()
