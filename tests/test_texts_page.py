"""docs/texts.md: every block of Python prints what the page shows, every command runs."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import written

from textrnn import cli

PAGE = (Path(__file__).parents[1] / "docs" / "texts.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_block_of_python_prints_what_the_page_shows():
    shown = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(shown) == 2
    for code, printed in shown:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, {})
        assert out.getvalue() == printed


@pytest.mark.long
def test_every_command_of_the_page_runs(tmp_path, monkeypatch):
    pytest.importorskip("opencc", reason="OpenCC is not installed: pip install opencc")
    monkeypatch.chdir(tmp_path)
    rows = [("a", "甲乙丙"), ("a", "甲丙丁"), ("a", "乙甲"), ("b", "戊己庚")] * 8
    written(tmp_path / "uneven.tsv", "".join(f"{label}\t{text}{number}\n" for number, (label, text) in enumerate(rows)))
    commands = re.findall(r"^\$ textrnn (.*)", PAGE, re.MULTILINE)
    printed = []
    for command in commands:
        result = CliRunner().invoke(cli.main, shlex.split(command))
        assert result.exit_code == 0, result.output
        printed.append(result.stdout)
    assert "macro F1" in printed[0]
    assert printed[1].splitlines()[1].split("\t")[0] == "sports"
