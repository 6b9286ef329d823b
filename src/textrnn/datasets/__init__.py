"""Named data sets and files of your own as train/dev/test tables: read, download, verify, split, audit.

A classification table has the columns `text` and `label`, both strings; a slot-filling table has `words`, `tags` and
`intent`. Nothing is downloaded at import, and nothing is written but into the cache folder.

To add a data set, write its reader in a file of its own in this folder, and name it in `SETS`.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from textrnn import shipped
from textrnn.checks import check_seed
from textrnn.datasets.atis import read_atis, read_tagged
from textrnn.datasets.auditing import audit, overlaps
from textrnn.datasets.files import ENCODINGS
from textrnn.datasets.sogou import SogouDocument, read_sogou, read_sogou_table, sogou_label, split_sogou
from textrnn.datasets.splits import Splits, check_splits, split_table
from textrnn.datasets.tables import read_chunks, read_splits, read_table, read_texts
from textrnn.datasets.thucnews import (
    THUCNEWS_ADDRESS,
    THUCNEWS_BLOBS,
    cache_folder,
    fetch_thucnews,
    find_thucnews,
    git_blob_id,
    read_thucnews,
)

__all__ = [
    "ENCODINGS",
    "SETS",
    "THUCNEWS_ADDRESS",
    "THUCNEWS_BLOBS",
    "NamedSet",
    "SogouDocument",
    "Splits",
    "audit",
    "cache_folder",
    "check_splits",
    "fetch_thucnews",
    "git_blob_id",
    "load",
    "overlaps",
    "read_atis",
    "read_chunks",
    "read_sogou",
    "read_sogou_table",
    "read_splits",
    "read_table",
    "read_tagged",
    "read_texts",
    "sogou_label",
    "split_table",
]


class NamedSet(NamedTuple):
    """A data set that `load` and the command line know by name."""

    about: str  # in a line
    licence: str
    read: Callable[..., Splits]  # from a path, with `encoding` and `seed`
    find: Callable[[], Path | None] = lambda: None  # returns where it lies on this computer, if it does
    fetch: Callable[..., Path] | None = None  # downloads what is missing and returns where it lies; `None`: cannot


SETS = {
    "headlines": NamedSet(
        "6,500 Chinese headlines in 10 classes, part of the kit",
        "CC0",
        read=lambda path, encoding, seed: read_splits(path, encoding=encoding),
        find=shipped.headlines_folder,
    ),
    "thucnews": NamedSet(
        "Sina News titles of 2005-2011 in the same classes",
        "research use",
        read=lambda path, encoding, seed: read_thucnews(path, encoding=encoding),
        find=find_thucnews,
        fetch=fetch_thucnews,
    ),
    "sogou": NamedSet(
        "titles of a SogouCS/SogouCA file of your own",
        "research use",
        read=lambda path, encoding, seed: split_sogou(path, encoding=encoding, seed=seed),
    ),
    "atis": NamedSet(
        "slot filling, files of your own, for textrnn.datasets.load",
        "research use",
        read=lambda path, encoding, seed: read_atis(path),
    ),
}


def load(
    name: str | os.PathLike,
    *,
    data_dir: str | os.PathLike | None = None,
    encoding: str | None = None,
    seed: int = 0,
) -> Splits:
    """Returns the train, dev and test tables of a named set, or of a file or folder of your own.

    - `"headlines"`: original Chinese headlines in ten classes, part of the project (CC0); needs no download.
    - `"thucnews"`: Sina News titles 2005-2011 in the same ten classes (for research use); downloaded once into
      `cache_folder()`, or read from `data_dir`: the public `train.txt`, `dev.txt`, `test.txt` and `class.txt`, or
      `train.tsv` and so on with `label<TAB>text`.
    - `"sogou"`: titles of a SogouCS/SogouCA file; `data_dir` is the file, or the folder that holds it.
    - `"atis"`: slot filling; `data_dir` is the folder with `train/`, `dev/` and `test/`.
    - the path of a TSV or CSV file (split 70/15/15), of a Sogou `.dat` file, or of a folder with `train.tsv`,
      `dev.tsv` and `test.tsv`.

    Args:
        name: one of the names above (`SETS`), or a path.
        data_dir: where the files of a named set are.
        encoding: of tables and Sogou files, as for `read_table`; found unless given.
        seed: decides how a single file is split.

    Raises:
        ValueError: an unknown name, or a file that is malformed (the message names file and line).
        FileNotFoundError: a file is missing.
        OSError: a download failed.
    """
    check_seed(seed)
    names = ", ".join(SETS)
    if not isinstance(name, str | os.PathLike):
        raise ValueError(f"name: expected one of {names}, or a path, got {name!r}")
    if data_dir is not None and not Path(data_dir).exists():
        raise FileNotFoundError(f"data_dir: {data_dir}: no such file or folder")
    if name in SETS:
        named = SETS[name]
        path = data_dir if data_dir is not None else named.fetch() if named.fetch else named.find()
        if path is None:
            raise ValueError(
                f'load("{name}"): expected data_dir=, the path of its files: they cannot be fetched for you'
            )
        return named.read(Path(path), encoding=encoding, seed=seed)
    if data_dir is not None:
        raise ValueError(f"data_dir: goes with one of {names}, got it with {str(name)!r}")
    path = Path(name)
    if not path.exists():
        raise ValueError(f"expected one of {names}, or the path of a file or folder, got {str(name)!r}")
    if path.is_dir():
        return read_splits(path, encoding=encoding)
    read = read_sogou_table if path.suffix == ".dat" else read_table
    return split_table(read(path, encoding=encoding), seed=seed)
