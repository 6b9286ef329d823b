"""Named data sets and files of your own as train/dev/test tables: read, download, verify, split, audit.

A classification table has the columns `text` and `label`, both strings; a slot-filling table has `words`, `tags` and
`intent`. Nothing is downloaded at import, and nothing is written but into the cache folder.

To add a data set, write its reader in a file of its own in this folder, and name it in `SETS`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textrnn import shipped
from textrnn.checks import check_seed, excerpt, is_table
from textrnn.datasets.atis import read_atis, read_tagged
from textrnn.datasets.auditing import audit, near_copies, overlaps
from textrnn.datasets.files import ENCODINGS, Source
from textrnn.datasets.folders import find_splits, holds_classes
from textrnn.datasets.reader import TableReader, free_names, open_table, open_texts
from textrnn.datasets.sogou import SogouDocument, read_sogou, read_sogou_table, sogou_label, split_sogou
from textrnn.datasets.splits import Splits, bare_text, check_splits, split_table, tell_copies
from textrnn.datasets.tables import read_chunks, read_files, read_splits, read_table, read_texts, text_in
from textrnn.datasets.thucnews import (
    THUCNEWS_ADDRESS,
    THUCNEWS_BLOBS,
    cache_folder,
    fetch_thucnews,
    find_thucnews,
    git_blob_id,
)
from textrnn.options import ON_EMPTY

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ENCODINGS",
    "SETS",
    "THUCNEWS_ADDRESS",
    "THUCNEWS_BLOBS",
    "NamedSet",
    "SogouDocument",
    "Source",
    "Splits",
    "TableReader",
    "audit",
    "bare_text",
    "cache_folder",
    "check_splits",
    "fetch_thucnews",
    "find_splits",
    "free_names",
    "git_blob_id",
    "load",
    "near_copies",
    "open_table",
    "open_texts",
    "overlaps",
    "read_atis",
    "read_chunks",
    "read_files",
    "read_sogou",
    "read_sogou_table",
    "read_splits",
    "read_table",
    "read_tagged",
    "read_texts",
    "sogou_label",
    "split_table",
    "tell_copies",
    "text_in",
]


class NamedSet(NamedTuple):
    """A data set that `load` and the command line know by name."""

    about: str  # in a line
    licence: str
    read: Callable[..., Splits]  # from a path, with `seed` and what `read_table` takes
    find: Callable[[], Path | None] = lambda: None  # returns where it lies on this computer, if it does
    fetch: Callable[..., Path] | None = None  # downloads what is missing and returns where it lies; `None`: cannot


SETS = {
    "headlines": NamedSet(
        "6,500 Chinese headlines in 10 classes, part of the kit",
        "CC0",
        read=lambda path, seed, **settings: read_splits(path, **settings),
        find=shipped.headlines_folder,
    ),
    "thucnews": NamedSet(
        "Sina News titles of 2005-2011 in the same classes",
        "research use",
        read=lambda path, seed, **settings: read_splits(path, **settings),
        find=find_thucnews,
        fetch=fetch_thucnews,
    ),
    "sogou": NamedSet(
        "titles of a SogouCS/SogouCA file of your own",
        "research use",
        read=lambda path, seed, **settings: split_sogou(path, seed=seed, **_of_one_form("sogou", settings)),
    ),
    "atis": NamedSet(
        "slot filling, files of your own, for textrnn.datasets.load",
        "research use",
        read=lambda path, seed, **settings: read_atis(path, **_of_one_form("atis", settings, but=())),
    ),
}


def load(
    name: "str | os.PathLike | pd.DataFrame",
    *,
    data_dir: str | os.PathLike | None = None,
    seed: int = 0,
    copies_together: bool = False,
    **settings,
) -> Splits:
    """Returns the train, dev and test tables of a named set, or of a file, folder or table of your own.

    - `"headlines"`: original Chinese headlines in ten classes, part of the project (CC0); needs no download.
    - `"thucnews"`: Sina News titles 2005-2011 in the same ten classes (for research use); downloaded once into
      `cache_folder()`, or read from `data_dir`: the public `train.txt`, `dev.txt`, `test.txt` and `class.txt`, or
      `train.tsv` and so on with `label<TAB>text`.
    - `"sogou"`: titles of a SogouCS/SogouCA file; `data_dir` is the file, or the folder that holds it.
    - `"atis"`: slot filling; `data_dir` is the folder with `train/`, `dev/` and `test/`.
    - a file of any form that `read_table` reads, a pandas table, or a Sogou `.dat` file: split 70/15/15.
    - a folder with `train.tsv`, `dev.tsv` and `test.tsv`, or the like (see `read_splits`), or with a folder of texts
      for each class.

    Args:
        name: one of the names above (`SETS`), a path, or a table.
        data_dir: where the files of a named set are.
        seed: decides how a single file is split.
        copies_together: whether rows of the same text stay on one side of that split, as for `split_table`.
        **settings: `encoding`, `text_column`, `label_column` and `on_empty` as for `read_table`.

    Raises:
        ValueError: an unknown name, or a file that is malformed (the message names file and line).
        FileNotFoundError: a file is missing.
        OSError: a download failed.
    """
    check_seed(seed)
    names = ", ".join(SETS)
    if is_table(name) or hasattr(name, "to_pandas"):
        return split_table(read_table(name, **settings), seed=seed, copies_together=copies_together)
    if not isinstance(name, str | os.PathLike):
        raise ValueError(f"name: expected one of {names}, a path or a table, got {excerpt(name)}")
    if data_dir is not None and not Path(data_dir).exists():
        raise FileNotFoundError(f"data_dir: {data_dir}: no such file or folder")
    if name in SETS:
        named = SETS[name]
        path = data_dir if data_dir is not None else named.fetch() if named.fetch else named.find()
        if path is None:
            raise ValueError(
                f'load("{name}"): expected data_dir=, the path of its files: they cannot be fetched for you'
            )
        return named.read(Path(path), seed=seed, **settings)
    if data_dir is not None:
        raise ValueError(f"data_dir: goes with one of {names}, got it with {str(name)!r}")
    path = Path(name)
    if not path.exists():
        raise ValueError(f"expected one of {names}, or the path of a file or folder, got {str(name)!r}")
    if path.is_dir() and (any(find_splits(path).values()) or not holds_classes(path)):
        return read_splits(path, **settings)
    is_sogou = path.suffix == ".dat"
    table = read_sogou_table(path, **_of_one_form(name, settings)) if is_sogou else read_table(path, **settings)
    return split_table(table, seed=seed, copies_together=copies_together)


def _of_one_form(
    name: str | os.PathLike, settings: dict[str, Any], *, but: tuple[str, ...] = ("encoding",)
) -> dict[str, Any]:
    """Returns the settings that a file without columns has."""
    given = {key: value for key, value in settings.items() if value not in (None, ON_EMPTY[0])}
    if wrong := [key for key in given if key not in but]:
        raise ValueError(f"{wrong[0]}: {name} has no columns to choose from, got {given[wrong[0]]!r}")
    return given
