"""Tagged sentences: the ATIS flight questions, and sets of slot filling in the same form."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from textrnn.datasets.files import read_lines
from textrnn.datasets.splits import Splits
from textrnn.datasets.tables import Labels

if TYPE_CHECKING:
    import pandas as pd


def read_tagged(folder: str | os.PathLike) -> "pd.DataFrame":
    """Returns one split of a slot-filling set: words, their BIO tags, and what the sentence asks for.

    The folder holds three files with one line per sentence: `seq.in` (words, separated by spaces), `seq.out` (one tag
    per word: `O`, `B-slot` or `I-slot`) and `label` (the intent).

    Returns:
        A table with one row per sentence, in file order: `words` (list of str), `tags` (list of str, one per word) and
        `intent` (str). `attrs["num_stray_inside"]` counts the `I-` tags that continue no span of their slot; they are
        kept as they are.

    Raises:
        ValueError: a file is empty or not UTF-8, the files differ in their number of lines, or a line is empty, has
            more or fewer tags than words, or holds something that is not a BIO tag, or two tags or intents differ by
            case, width or white space alone.
        FileNotFoundError: a file is missing.
    """
    folder = Path(folder)
    lines = _read_sentences(folder)
    rows, num_stray_inside = [], 0
    tag_names, intents = Labels(folder / "seq.out"), Labels(folder / "label")
    for number, (words, tags, intent) in enumerate(zip(*lines.values(), strict=True), start=1):
        tag_names.line = intents.line = number
        words, tags, intent = words.split(), tags.split(), intents[intent]
        if not intent:
            raise ValueError(f"{folder / 'label'}: line {number}: expected a label, got none")
        if not words:
            raise ValueError(f"{folder / 'seq.in'}: line {number}: got an empty line")
        if len(tags) != len(words):
            at = f"{folder / 'seq.out'}: line {number}"
            raise ValueError(f"{at}: expected {len(words)} tags, one per word, got {len(tags)}")
        previous = "O"
        for tag in tags:
            if not re.fullmatch(r"O|[BI]-.+", tag):
                at = f"{folder / 'seq.out'}: line {number}"
                raise ValueError(f"{at}: expected `O`, `B-slot` or `I-slot`, got {tag!r}")
            tag_names[tag]  # refuses near twins
            num_stray_inside += tag.startswith("I-") and previous[2:] != tag[2:]
            previous = tag
        rows.append((words, tags, intent))
    import pandas as pd

    table = pd.DataFrame(rows, columns=["words", "tags", "intent"])
    table.attrs["num_stray_inside"] = int(num_stray_inside)
    return table


def _read_sentences(folder: Path) -> dict[str, list[str]]:
    """Returns the lines of each of the three files, as many of each."""
    names = ("seq.in", "seq.out", "label")
    lines = {name: "\n".join(read_lines(folder / name, None)).rstrip("\n").split("\n") for name in names}
    for name in ("seq.out", "label"):
        if len(lines[name]) != len(lines["seq.in"]):
            expected, got = len(lines["seq.in"]), len(lines[name])
            raise ValueError(f"{folder / name}: expected {expected} lines, as many as seq.in, got {got}")
    return lines


def read_atis(folder: str | os.PathLike) -> Splits:
    """Returns the splits of ATIS (Hemphill, Godfrey & Doddington 1990) that a folder holds.

    The public files (github.com/monologg/JointBERT, `data/atis/`) have 4,478 train, 500 dev and 893 test sentences;
    each split has its folder with `seq.in`, `seq.out` and `label`.

    Raises:
        FileNotFoundError: there is no `train/` folder.
        ValueError: a file is malformed (see `read_tagged`).
    """
    folder = Path(folder)
    if not (folder / "train").is_dir():
        raise FileNotFoundError(f"{folder}: expected a folder with train/, dev/ and test/, got no train/ in it")
    return Splits(*(read_tagged(folder / name) if (folder / name).is_dir() else None for name in Splits._fields))
