"""The two editions of a notebook, English and Chinese, from one source and one execution.

In a source each prose cell stands twice: English first, and after it the Chinese one, `lang="zh"` in its first line
with `of`, the hash of the English text that it goes with. A Chinese cell `of="none"` is in the Chinese edition alone.

    python tools/editions.py execute notebooks/01_rnn_memory.py  # writes build/01_rnn_memory.ipynb and .zh.ipynb
    python tools/editions.py stamp notebooks/01_rnn_memory.py    # after reading both: the Chinese cells are up to date
"""

import copy
import hashlib
import re
import sys
from collections import Counter
from pathlib import Path

PUNCTUATION = re.compile(r"[\u3000-\u303f\uff00-\uff65“”‘’…—]")
CHINESE = re.compile(rf"[\u3400-\u9fff]|{PUNCTUATION.pattern}")
BLOCK = re.compile(r"\s*(#|\||[-*] |\d+\. |```|\$\$|$)")  # a line that begins anew


def hash_of(text: str) -> str:
    """Returns eight hexadecimal digits that change with the words of a text, not with its line breaks."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:8]


def is_check(cell) -> bool:
    """Returns whether a cell is there for the build alone: it has done its work once the notebook has run."""
    return "checks" in cell.metadata.get("tags", [])


def unwrapped(text: str) -> str:
    r"""Returns a Chinese text without the line breaks that would show as spaces.

    >>> unwrapped("记忆是\n一个循环。\n\n- 第一\n- 第二")
    '记忆是一个循环。\n\n- 第一\n- 第二'
    """
    lines, fenced = [""], False
    for line in text.splitlines():
        if fenced or BLOCK.match(line) or not runs_on(lines[-1], line):
            lines.append(line)
        else:
            lines[-1] += line.lstrip()
        fenced ^= line.lstrip().startswith(("```", "$$")) and line.strip() != "$$$$"
    return "\n".join(lines[1:])


def runs_on(line: str, following: str) -> bool:
    """Returns whether no space belongs between two lines: both sides are Chinese, or one is Chinese punctuation."""
    if re.match(r"\s*(#|\||```|\$\$|$)", line):
        return False
    before, after = line.rstrip("*")[-1:], following.lstrip(" *")[:1]
    both = CHINESE.match(before) and CHINESE.match(after)
    return bool(both or PUNCTUATION.match(before) or PUNCTUATION.match(after))


def edition(cells: list, lang: str) -> list:
    """Returns copies of the cells of one edition (`"en"` or `"zh"`), without checks, with ids that follow their text.

    Code cells are counted from 1, as if no check had run.
    """
    kept, ids, count = [], Counter(), 0
    for cell in cells:
        own = cell.metadata.get("lang", "en")
        if is_check(cell) or (cell.cell_type == "markdown" and own != lang) or not cell.source.strip():
            continue
        cell = copy.deepcopy(cell)
        if lang == "zh" and own == "zh":
            cell.source = unwrapped(cell.source)
        cell.metadata = type(cell.metadata)({"tags": cell.metadata["tags"]} if "tags" in cell.metadata else {})
        name = hash_of(cell.source)
        cell.id = f"{name}-{ids[name]}"
        ids[name] += 1
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                if "execution_count" in output:
                    output.execution_count = count
        kept.append(cell)
    return kept


def pairs(cells: list) -> list[tuple]:
    """Returns each English prose cell with the Chinese one after it, or with `None`."""
    prose = [cell for cell in cells if cell.cell_type == "markdown" and cell.metadata.get("of") != "none"]
    found = []
    for place, cell in enumerate(prose):
        if cell.metadata.get("lang", "en") == "en":
            after = prose[place + 1] if place + 1 < len(prose) else None
            found.append((cell, after if after is not None and after.metadata.get("lang") == "zh" else None))
    return found


def execute(path: Path) -> None:
    """Runs a source from top to bottom in the folder `build`, and writes its two editions there."""
    import jupytext  # these take seconds to import: only where they are used
    import nbclient
    import nbformat

    notebook, folder = jupytext.read(path), Path("build")
    del notebook.metadata["jupytext"]
    told = ["--IPKernelApp.capture_fd_output=False"]  # what TensorFlow writes beside Python is no output of a cell
    where = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(
        notebook, timeout=1800, record_timing=False, extra_arguments=told, resources=where
    ).execute()
    everything = notebook.cells
    for lang, suffix in (("en", ".ipynb"), ("zh", ".zh.ipynb")):
        notebook.cells = edition(everything, lang)
        nbformat.write(notebook, folder / f"{path.stem}{suffix}")


def stamp(path: Path) -> None:
    """Writes into each Chinese cell of a source the hash of the English cell before it."""
    import jupytext

    hashes = iter([hash_of(english.source) for english, chinese in pairs(jupytext.read(path).cells) if chinese])
    header = re.compile(r'^(# %% \[markdown\] lang="zh")(?: of="(\w*)")?$', flags=re.MULTILINE)
    text = path.read_text(encoding="utf-8")
    path.write_text(
        header.sub(lambda found: found[0] if found[2] == "none" else f'{found[1]} of="{next(hashes)}"', text),
        encoding="utf-8",
    )


if __name__ == "__main__":
    for name in sys.argv[2:]:
        {"execute": execute, "stamp": stamp}[sys.argv[1]](Path(name))
