"""What lies in folders: the splits of a set, texts by class, and the names of classes that files know by number."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textrnn.checks import warn
from textrnn.datasets.columns import short, whole_number
from textrnn.datasets.files import Source, read_lines, suffix_of
from textrnn.datasets.formats import Rows

if TYPE_CHECKING:
    import pandas as pd

    from textrnn.datasets.tables import Labels

TABLE_SUFFIXES = (".tsv", ".csv", ".txt", ".json", ".jsonl", ".ndjson", ".parquet", ".xlsx")
SPLIT_NAMES = {
    "train": ("train", "training"),
    "dev": ("dev", "val", "valid", "validation", "eval"),
    "test": ("test", "testing"),
}
CLASS_FILES = ("class.txt", "classes.txt", "class_names.txt", "labels.txt")
OF_SYSTEMS = ("thumbs.db", "desktop.ini")  # what file browsers leave behind, beside files that begin with a dot


def visible_files(folder: Path) -> list[Path]:
    """Returns what lies in a folder, sorted, without what is hidden and what file browsers leave."""
    paths = (path for path in folder.iterdir() if not path.name.startswith((".", "~$")))
    return sorted(path for path in paths if path.name.lower() not in OF_SYSTEMS)


# --- splits -----------------------------------------------------------------------------------------------------------


def find_splits(folder: Path) -> dict[str, Path | None]:
    """Returns the file (or folder of texts by class) of each split, `None` where there is none.

    `validation.csv`, `val.jsonl.gz` and `news.dev.txt` are dev.

    Raises:
        ValueError: two files may be the same split; the message names them.
    """
    found = {}
    for split, names in SPLIT_NAMES.items():
        tables = (path for path in visible_files(folder) if path.is_dir() or suffix_of(path) in TABLE_SUFFIXES)
        stems = {path: _stem(path) for path in tables}
        paths = [path for path, stem in stems.items() if stem in names]
        paths = paths or [path for path, stem in stems.items() if set(re.split(r"[._-]", stem)).intersection(names)]
        paths = [path for path in paths if not path.is_dir() or list(_class_folders(path))]
        if len(paths) > 1:
            which = short([path.name for path in paths], last=" or ")
            raise ValueError(f"{folder}: which file is {split}, {which}? Give a folder with one of them")
        found[split] = paths[0] if paths else None
    return found


def _stem(path: Path) -> str:
    name = path.name.lower().removesuffix(".gz")
    return name if path.is_dir() else name.removesuffix(suffix_of(path))


# --- texts by class ---------------------------------------------------------------------------------------------------


def _class_folders(folder: Path) -> Iterator[Path]:
    folders = (path for path in visible_files(folder) if path.is_dir())
    return (path for path in folders if any(one.is_file() for one in visible_files(path)))


def holds_classes(folder: Path) -> bool:
    """Returns whether a folder holds a folder of texts for each of two classes or more."""
    return len(list(_class_folders(folder))) > 1


def read_folder(folder: Path, encoding: str | None) -> Rows:
    """Returns the rows of a folder that has a folder for each class, with a file for each text.

    Raises:
        IsADirectoryError: it has no folders with files in them.
    """
    classes = list(_class_folders(folder))
    if not classes:
        raise IsADirectoryError(f"{folder}: expected a file, got a folder, and no folders of texts by class in it")

    def read() -> Iterator[tuple[int, list[str]]]:
        paths, said = ((one, path) for one in classes for path in visible_files(one) if path.is_file()), []
        for number, (one, path) in enumerate(paths, 1):
            source = Source(path)
            source.tell = said.append
            text = "\n".join(read_lines(source, encoding)) if source.head.strip() else ""
            yield number, [one.name, text, f"{one.name}/{path.name}"]
        if said:
            warn(said[0] + f" (so were {len(said) - 1:,} other files)" * (len(said) > 1))

    return Rows("folder", read(), ["label", "text", "file"], unit="file")


# --- names of classes -------------------------------------------------------------------------------------------------


class ClassNames(NamedTuple):
    """A file with the names of the classes that tables beside it know by number."""

    path: Path

    def renamed(self, tables: "Sequence[tuple[pd.DataFrame, Labels] | None]") -> "list[pd.DataFrame | None]":
        """Returns tables whose labels were numbers with names in their place; other tables as they are.

        Names count from 0, or from 1 if the number that is then the last occurs and 0 does not, in whichever table.

        Raises:
            ValueError: a number has no name, or a name stands twice; the message names file, line and number.
        """
        known = [pair for pair in tables if pair]
        spellings = {_number(label) for _, labels in known for label, *_ in labels.first.values()}
        if sum(map(str.isdecimal, spellings)) <= len(spellings) / 2:
            return [pair and pair[0] for pair in tables]
        names = self._names(spellings)
        for _, labels in known:
            for label, line, _ in labels.first.values():
                if _number(label) not in names:
                    expected = f"a class id from {next(iter(names))} to {[*names][-1]}"
                    got = f"{label!r}; {self.path.name} beside it has the names"
                    raise ValueError(f"{labels.path}: {labels.unit} {line}: expected {expected}, got {got}")
        return [pair and pair[0].assign(label=pair[0]["label"].map(_number).map(names)) for pair in tables]

    def _names(self, spellings: set[str]) -> dict[str, str]:
        """Returns the name of each number; a line is a name, or has its number before or behind it."""
        try:
            lines = list(read_lines(self.path, None))
        except ValueError:  # too few characters for certainty
            lines = list(read_lines(self.path, "gb18030"))
            warn(f"{self.path}: read as gb18030, as it is not UTF-8")
        lines = [line.strip() for line in "\n".join(lines).rstrip().split("\n")]
        start = int("0" not in spellings and str(len(lines)) in spellings)
        names = {str(number): name for number, name in enumerate(lines, start)}
        for pattern in (r"(?P<id>\d+)[\s,:.、]+(?P<name>.*\S)", r"(?P<name>.*\S)[\s,:]\s*(?P<id>\d+)"):
            if all(found := [re.fullmatch(pattern, line) for line in lines]):
                by_id = {_number(match["id"]): match["name"] for match in found}
                names = by_id if len(set(by_id.values())) == len(lines) and spellings & set(by_id) else names
        if len(set(names.values())) < len(lines):
            raise ValueError(f"{self.path}: expected each class once, got {short(list(map(repr, lines)))}")
        return names


def _number(label: str) -> str:
    """Returns a number as `class.txt` counts; other labels as they are."""
    return whole_number(label) or label


def find_class_names(path: Any) -> ClassNames | None:
    """Returns the file with names of classes that lies beside a table, `None` where there is none."""
    if not isinstance(path, str | os.PathLike):
        return None
    files = (Path(path).parent / name for name in CLASS_FILES)
    file = next((file for file in files if file.is_file() and file != Path(path)), None)
    return ClassNames(file) if file else None
