"""The SogouCS/SogouCA news: documents from markup that is not quite XML, and titles with their channel as label."""

import codecs
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from textrnn.checks import check_integer, has_visible, warn
from textrnn.datasets.files import CHUNK_BYTES, check_unpacked, checked_encoding, open_bytes
from textrnn.datasets.splits import Splits, split_table
from textrnn.datasets.tables import table_of

if TYPE_CHECKING:
    import pandas as pd

MAX_DOCUMENT_BYTES = 64 * 2**20
MIN_CLASS_ROWS = 10
TAGS = (b"url", b"docno", b"contenttitle", b"content")


class SogouDocument(NamedTuple):
    """One document of the SogouCS/SogouCA news; `label` is the channel of the host it stood on."""

    url: str
    docno: str
    title: str
    content: str
    label: str


def read_sogou(path: str | os.PathLike, *, encoding: str | None = None) -> Iterator[SogouDocument]:
    """Yields the documents of a SogouCS/SogouCA file, one at a time, in constant memory.

    The markup looks like XML but is not: `&` stands bare and bytes may be broken, so tags are searched, not parsed.
    The original files are GB18030, converted copies UTF-8; broken bytes become U+FFFD.

    Args:
        path: a file of `<doc><url>…</url><docno>…</docno><contenttitle>…</contenttitle><content>…</content></doc>`.
        encoding: found from the first megabyte unless given.

    Yields:
        `SogouDocument(url, docno, title, content, label)`: strings with full-width digits and letters as in the file; a
        title may be empty.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is an archive, holds no document, or one above 64 MiB (the markup is broken there).

    Warns:
        UserWarning: a document lacks a tag; it is left out, and the warning names the byte at which it starts.
    """
    path = Path(path)
    with open_bytes(path) as file:
        start = file.read(2**20)
    check_unpacked(path, start)
    encoding = checked_encoding(encoding) if encoding else _find_encoding(start)
    count = 0
    for offset, block in _blocks(path):
        unclosed, _, block = block.rpartition(b"<doc>")
        if b"<doc>" in unclosed:
            warn(f"{path}: byte {offset}: document without </doc> left out")
        fields = [_between(block, b"<%b>" % tag, b"</%b>" % tag) for tag in TAGS]
        if None in fields:
            missing = TAGS[fields.index(None)].decode()
            warn(f"{path}: byte {offset}: document without <{missing}> left out")
            continue
        url, docno, title, content = (field.decode(encoding, errors="replace").strip() for field in fields)
        count += 1
        yield SogouDocument(url, docno, title, content, sogou_label(url))
    if not count:
        raise ValueError(f"{path}: expected <doc>…</doc> markup of SogouCS or SogouCA, got no document")


def sogou_label(url: str) -> str:
    """Returns the channel of a news address, the part of the host before the site's name; empty if it has none.

    >>> sogou_label("http://sports.sohu.com/20120706/n1.shtml"), sogou_label("http://try.women.sohu.com/1.html")
    ('sports', 'women')
    """
    host = re.match(r"\s*(?:\w+:)?//([^/?#:\s]*)", url)  # urlsplit refuses the broken addresses that the files hold
    parts = host[1].lower().split(".") if host else []
    while parts and parts[-1] in ("com", "cn", "net"):
        parts.pop()
    return parts[-2] if len(parts) > 1 and re.fullmatch(r"[a-z0-9_-]+", parts[-2]) else ""


def read_sogou_table(
    path: str | os.PathLike, *, encoding: str | None = None, min_class_rows: int = MIN_CLASS_ROWS
) -> "pd.DataFrame":
    """Returns the titles of a Sogou file and their channels as a table of `text` and `label`.

    Documents without a title or channel, titles that occurred before, and channels with fewer than `min_class_rows`
    titles are left out.

    Args:
        path: the file.
        encoding: as for `read_sogou`.
        min_class_rows: titles that a channel needs.

    Raises:
        ValueError: fewer than two channels remain.

    Warns:
        UserWarning: something was left out; the warning counts it.
    """
    check_integer("min_class_rows", min_class_rows)
    titles, num_documents = {}, 0
    for document in read_sogou(path, encoding=encoding):
        num_documents += 1
        if has_visible(document.title) and document.label:
            titles.setdefault(document.title, document.label)
    counts = Counter(titles.values())
    kept = [(title, label) for title, label in titles.items() if counts[label] >= min_class_rows]
    if len(kept) < num_documents:
        small = sorted(label for label, count in counts.items() if count < min_class_rows)
        warn(
            f"{path}: {num_documents - len(kept)} of {num_documents} documents left out: no title or channel, a title "
            f"seen before, or a channel with fewer than {min_class_rows} titles ({', '.join(small) or 'none'})"
        )
    if len({label for _, label in kept}) < 2:
        raise ValueError(
            f"{path}: expected at least two channels with {min_class_rows} titles each, got {dict(counts)}"
        )
    return table_of(Path(path), *map(list, zip(*kept, strict=True)))


def split_sogou(path: str | os.PathLike, *, encoding: str | None = None, seed: int = 0) -> Splits:
    """Returns the titles of a Sogou file, or of the one `.dat` file in a folder, split 70/15/15.

    Raises:
        ValueError: the folder holds no `.dat` file or several, or as for `read_sogou_table` and `split_table`.
    """
    path = Path(path)
    files = sorted(path.glob("*.dat")) if path.is_dir() else [path]
    if len(files) != 1:
        raise ValueError(f"{path}: expected one .dat file in it, got {len(files)}; pass the file itself as data_dir")
    return split_table(read_sogou_table(files[0], encoding=encoding), seed=seed)


# --- the markup -------------------------------------------------------------------------------------------------------


def _find_encoding(start: bytes) -> str:
    # UTF-8 with a few broken bytes is still UTF-8; GB18030 read as UTF-8 breaks at every other character.
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(start)  # holds back a character cut at the end
    num_broken, num_others = text.count("\ufffd"), sum(char > "\x7f" for char in text)
    return "utf-8" if num_broken <= num_others / 4 else "gb18030"


def _blocks(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yields each `<doc>…` without its closing tag, and the byte at which it starts."""
    with open_bytes(path) as file:
        rest, offset = b"", 0
        while chunk := file.read(CHUNK_BYTES):
            *blocks, tail = (rest + chunk).split(b"</doc>")
            for block in blocks:
                yield offset, block
                offset += len(block) + len(b"</doc>")
            rest = tail
            if len(rest) > MAX_DOCUMENT_BYTES:
                raise ValueError(f"{path}: byte {offset}: no </doc> within 64 MiB; is it a SogouCS or SogouCA file?")
        if b"<doc>" in rest:
            warn(f"{path}: byte {offset}: the last document is cut off and left out")


def _between(block: bytes, opening: bytes, closing: bytes) -> bytes | None:
    start = block.find(opening)
    end = block.rfind(closing) if start >= 0 else -1
    return block[start + len(opening) : end] if end >= start + len(opening) else None
