"""Files to classify: named, found in folders and by patterns, fetched from object stores; and their rows in parts."""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from textrnn.datasets import Source, TableReader, open_table, text_in
from textrnn.extras import MissingLibraryError

SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".txt", ".xlsx")


class Part(NamedTuple):
    """Rows of one file that are answered and written together.

    Attributes:
        reader: of the file.
        rows: their cells.
        texts: of each row.
    """

    reader: TableReader
    rows: list[list]
    texts: list[str]


def find_files(paths: Sequence[str | os.PathLike]) -> list[str]:
    """Returns the files that are meant, in order: those of a folder and of a pattern sorted by name.

    Args:
        paths: files, folders with all that is below them, patterns (`*`), and addresses (`s3://…`), with `*` too.

    Raises:
        FileNotFoundError: one of them names no file.
        OSError: a store cannot be reached.
        ValueError: there are none, a file is named twice, or fsspec does not know such an address.
        MissingLibraryError: what reads from such an address is not installed.
    """
    found = []
    for path in map(os.fspath, paths):
        if "://" in path:
            here = _in_store(path)
        elif Path(path).is_dir():
            here = _tables_below(Path(path))
        else:
            here = [path] if Path(path).exists() else sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - may begin with /
        if not here:
            raise FileNotFoundError(f"{path}: expected a file, a folder of tables, or a pattern that fits some: none")
        found += here
    if not found:
        raise ValueError("files: expected at least one file, got none")
    for path in found:
        if found.count(path) > 1:
            raise ValueError(f"files: expected each once, got {path} twice")
    return found


def _in_store(address: str) -> list[str]:
    """Returns the files that an address means: one that is there, or those that a pattern fits, sorted by name."""
    import fsspec

    try:
        store, place = fsspec.url_to_fs(address)
        if "*" in place:
            return sorted(map(store.unstrip_protocol, store.glob(place)))
        return [address] if store.exists(place) else []
    except ImportError as error:
        raise MissingLibraryError(f"{address}: {error}", name=error.name) from error
    except ValueError as error:
        raise ValueError(f"{address}: expected a file or an address that fsspec reads: {error}") from None
    except Exception as error:  # each store has its own words for what went wrong
        raise OSError(f"{address}: {error}") from error


def _tables_below(folder: Path) -> list[str]:
    paths = {one: one.relative_to(folder).parts for one in folder.rglob("*")}
    seen = (one for one, parts in paths.items() if not any(part.startswith(".") for part in parts) and one.is_file())
    return sorted(str(one) for one in seen if one.name.lower().removesuffix(".gz").endswith(SUFFIXES))


def state_of(path: str) -> dict[str, Any]:
    """Returns what tells whether a file is still the same: its name, and of one on this machine size and time."""
    if "://" in path:
        return {"name": path}
    state = Path(path).stat()
    return {"name": path, "bytes": state.st_size, "changed": state.st_mtime_ns}


def parts_of(path: str, *, size: int, refused: Callable[[dict[str, Any]], Any], **settings: Any) -> Iterator[Part]:
    """Yields the rows of a file that have a text, `size` at a time; the same file, the same parts.

    Args:
        path: a file or an address.
        size: rows of a part; the last one may have fewer.
        refused: is called with file, line and reason of each row that has none or cannot be read. Of a file that cannot
            be read further, the last one says so.
        settings: of `datasets.open_table`.
    """
    rows, texts, reader = [], [], None

    def refuse(number: int | None, words: str):
        refused({"file": path, "line": number, "reason": words.removeprefix(f"{path}: ")})

    try:
        reader = open_table(_source(path, refuse), **settings)
        for number, cells in reader:
            try:
                text = text_in(reader, number, cells)
            except ValueError as error:
                refuse(number, str(error))
                continue
            if reason := _fault(text):
                refuse(number, f"{reader.unit} {number}: {reason}")
                continue
            rows.append(cells)
            texts.append(text)
            if len(rows) == size:
                yield Part(reader, rows, texts)
                rows, texts = [], []
    except ValueError as error:  # the rows before it stand
        refuse(None, f"{error}; the rest of the file is left out")
    if rows:
        yield Part(reader, rows, texts)


def _fault(text: str) -> str | None:
    if not text:
        return "expected a text, got none"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "expected a text, got one with half of a surrogate pair"
    return None


def _source(path: str, refuse: Callable[[int, str], None]) -> Source:
    if "://" in path:  # fetched whole to the disk of this machine: a table may be read in any order
        import fsspec

        source = Source(fsspec.open_local(f"simplecache::{path}", simplecache={"same_names": True}))
        source.name = path
    else:
        source = Source(path)
    source.on_bad = refuse
    return source
