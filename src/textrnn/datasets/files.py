"""From the bytes of a file or a pipe, read once, to its lines, whatever its encoding; refuses what is not text."""

import codecs
import contextlib
import functools
import hashlib
import io
import itertools
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from textrnn.checks import warn

ENCODINGS = ("utf-8-sig", "gb18030", "utf-16", "big5")
CERTAIN_SHARE, CERTAIN_CHARACTERS = 0.8, 8  # common characters that make an encoding certain
GZIP, ZIP, PARQUET = b"\x1f\x8b", b"PK\x03\x04", b"PAR1"
ARCHIVES = {GZIP: "gzip", ZIP: "ZIP or Excel", b"\xfd7zXZ\x00": "xz", b"7z\xbc\xaf\x27\x1c": "7z", b"BZh": "bzip2"}
ARCHIVES |= {
    b"ARROW1": "Feather",
    b"ORC": "ORC",
    b"SQLite format 3": "SQLite",
    b"%PDF": "PDF",
    b"\x28\xb5\x2f\xfd": "zstd",
}
CHUNK_BYTES = 4 * 2**20


def open_bytes(path: Path) -> BinaryIO:
    """Returns the file opened for reading bytes.

    Raises:
        OSError: there is no such file, it is a folder, or it may not be read; the message names it.
    """
    try:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file")
        if path.is_dir():
            raise IsADirectoryError(f"{path}: expected a file, got a folder")
        return path.open("rb")
    except PermissionError:
        raise PermissionError(f"{path}: expected a file that may be read, got permission denied") from None


def suffix_of(path: Path) -> str:
    """Returns the suffix of a name in lower case, without `.gz`; nothing if there is none."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def check_unpacked(path: str | os.PathLike, head: bytes) -> None:
    """Raises `ValueError` if a file that starts with `head` is an archive."""
    if head[257:262] == b"ustar":
        raise ValueError(f"{path}: expected text, got a tar archive; unpack it first")
    for start, kind in ARCHIVES.items():
        if head.startswith(start):
            raise ValueError(f"{path}: expected text, got a {kind} file; unpack it, or save its table as text, first")


class Source:
    """The bytes of a file or a pipe, read once and unpacked if they are gzip.

    Args:
        path: a file; or what messages call a pipe.
        blocks: of a pipe, its bytes as they come.

    Attributes:
        name: what messages call it.
        suffix: of the name, in lower case, without `.gz`.
        head: the first bytes.
        is_whole: whether `head` is all.
        is_pipe: whether the bytes come as somebody writes them.
        tell: is called with what was found and not told, a line.
        on_bad: is called with number and words of a row that cannot be read, which is then left out; `None`: it is an
            error.
        waiting: of a pipe, how many lines have come that nobody has taken yet.
        encoding: in which the lines are, when the first is read; empty for what is no text.
        sha256: of the bytes as they stand in the file, when all are read.
    """

    def __init__(self, path: str | os.PathLike, blocks: Iterator[bytes] | None = None):
        self.name, self.is_pipe, self.waiting = str(path), blocks is not None, 0
        self.tell, self.on_bad, self.encoding = warn, None, ""
        self.suffix = suffix_of(Path(path))
        self._hash = hashlib.sha256()
        blocks = self._hashed(_blocks(Path(path)) if blocks is None else blocks)
        first = next(blocks, b"")
        is_gzip = first.startswith(GZIP)
        self._blocks = _unpacked(itertools.chain([first], blocks), self.name) if is_gzip else blocks
        self.head = next(self._blocks, b"") if is_gzip else first
        self.is_whole = not self.is_pipe and not is_gzip and len(self.head) < CHUNK_BYTES

    def __iter__(self) -> Iterator[bytes]:
        return itertools.chain([self.head], self._blocks)

    @property
    def sha256(self) -> str:
        """The SHA-256 of what was read, as it stands in the file."""
        return self._hash.hexdigest()

    def whole(self) -> io.BytesIO:
        """Returns all bytes, to be read in any order."""
        return io.BytesIO(b"".join(self))

    def refuse(self, number: int, words: str):
        """Has a row that cannot be read left out.

        Raises:
            ValueError: nobody said that it may be.
        """
        if self.on_bad is None:
            raise ValueError(words)
        self.on_bad(number, words)

    def _hashed(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            self._hash.update(block)
            yield block


def _blocks(path: Path) -> Iterator[bytes]:
    with open_bytes(path) as file:
        yield from iter(lambda: file.read(CHUNK_BYTES), b"")


def _unpacked(blocks: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Yields what gzip has packed, some megabytes at a time however much a block holds."""
    inflate = zlib.decompressobj(31)
    try:
        for block in blocks:
            while block:
                if inflate.eof:
                    inflate = zlib.decompressobj(31)
                if data := inflate.decompress(block, CHUNK_BYTES):
                    yield data
                block = inflate.unconsumed_tail or inflate.unused_data.lstrip(b"\0")
        while data := inflate.decompress(b"", CHUNK_BYTES):
            yield data
    except zlib.error as error:
        raise ValueError(f"{name}: damaged gzip: {error}") from None
    if not inflate.eof:
        raise ValueError(f"{name}: damaged gzip: it ends too early")


def checked_encoding(encoding: str) -> str:
    """Returns `encoding` unchanged if Python decodes text with it.

    Raises:
        ValueError: it does not.
    """
    try:
        "".encode(encoding)  # refuses codecs that are not for text
        codecs.getincrementaldecoder(encoding)
    except (LookupError, TypeError, ValueError):
        raise ValueError(f"encoding: {encoding!r} is no encoding that Python knows; try one of {ENCODINGS}") from None
    return encoding


def read_lines(source: Path | Source, encoding: str | None) -> Iterator[str]:
    """Returns the lines of a text file, one by one, without their ends, in constant memory.

    Lines end with a line feed, a carriage return, or both.

    Args:
        source: the file, or its bytes.
        encoding: as Python names it; found from the first bytes if `None`.

    Raises:
        ValueError: the file is empty, an archive, not in this encoding, or holds a NUL character.
        OSError: as for `open_bytes`.
    """
    source = source if isinstance(source, Source) else Source(source)
    blocks = _blocks_of_lines(source, encoding)
    return _counted(source, blocks) if source.is_pipe else itertools.chain.from_iterable(blocks)


def _counted(source: Source, blocks: Iterator[list[str]]) -> Iterator[str]:
    """Yields the lines of a pipe, and keeps count of those that wait."""
    for lines in blocks:
        for taken, line in enumerate(lines, 1):
            source.waiting = len(lines) - taken
            yield line


def _blocks_of_lines(source: Source, encoding: str | None) -> Iterator[list[str]]:
    """Yields the lines that end in each block of bytes."""
    name, head = source.name, source.head
    check_unpacked(name, head)
    encoding = checked_encoding(encoding) if encoding else _find_encoding(source)
    source.encoding = encoding
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    number, is_start, has_nul = 1, True, False
    pieces = []  # of the line that has begun: joined once, however long it gets
    for data in itertools.chain(source, [b""]):
        is_end = not data and not is_start
        try:
            text = decoder.decode(data, final=is_end or source.is_whole)
        except UnicodeError as error:
            raise _undecodable(name, error, encoding, number=number, before="".join(pieces), head=head) from None
        if is_start:
            text = text.removeprefix("\ufeff")
            if source.is_whole and not text.strip():
                raise ValueError(f"{name}: expected at least one row, got an empty file")
        is_start = False
        has_nul = has_nul or "\0" in text
        *lines, rest = text.replace("\n\ufeff", "\n").split("\n")  # the mark of a file that was joined on
        if lines:
            lines[0] = "".join([*pieces, lines[0]])
            pieces = []
        pieces.append(rest)
        if is_end and (rest := "".join(pieces)):
            lines.append(rest)
        for place, line in enumerate(lines if has_nul else ()):
            if "\0" in line:
                yield lines[:place]
                advice = _advice(head, tried=encoding)
                advice *= "utf-16" in advice  # no other one takes it away
                raise ValueError(f"{name}: line {number + place}: got a NUL character; is it a text file?{advice}")
        yield lines
        number += len(lines)


def _undecodable(name: str, error: UnicodeError, encoding: str, *, number: int, before: str, head: bytes) -> ValueError:
    """Returns what to raise where decoding fails after the text `before`, which begins with line `number`."""
    if not isinstance(error, UnicodeDecodeError):
        return ValueError(f"{name}: expected {encoding}: {error}")
    before += error.object[: error.start].decode(error.encoding, errors="ignore")
    line, byte = number + before.replace("\r\n", "\n").replace("\r", "\n").count("\n"), error.object[error.start]
    readable = "UTF-8" if encoding == "utf-8-sig" else encoding
    advice = _advice(head if len(error.object) < len(head) else error.object, tried=encoding)
    advice = advice or "; give encoding= (--encoding) if it is in another"
    return ValueError(f"{name}: line {line}: expected {readable}, got byte 0x{byte:02x}{advice}")


# --- what encoding it is ----------------------------------------------------------------------------------------------


def _find_encoding(source: Source) -> str:
    """Returns the encoding that the first bytes show: UTF-8 unless something else is certain."""
    name, head = source.name, source.head
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if source.is_pipe:  # of a pipe the first bytes are few or many by chance
        return "utf-8-sig"
    with contextlib.suppress(UnicodeDecodeError):
        if "\0" not in codecs.getincrementaldecoder("utf-8")().decode(head):
            return "utf-8-sig"
    encoding, share, num_chars = _guess_encoding(head, tried="utf-8")
    if share < CERTAIN_SHARE or num_chars < CERTAIN_CHARACTERS:
        return "utf-8-sig"
    source.tell(
        f'{name}: read as {encoding}, as it is not UTF-8; pass encoding="{encoding}" if that is right, else its own'
    )
    return encoding


def _advice(data: bytes, *, tried: str) -> str:
    """Returns a hint that names the encoding which reads `data` as text with common Chinese characters, if one does."""
    encoding, share, _ = _guess_encoding(data, tried=tried)
    return f'; try encoding="{encoding}" (--encoding {encoding})' if share > 0.5 else ""


def _guess_encoding(data: bytes, *, tried: str) -> tuple[str, float, int]:
    """Returns the encoding that gives the largest share of common characters, that share, and of how many characters.

    Nearly any bytes decode as GB18030, those of Big5 too, but to rare characters. (charset-normalizer 3.5, told to
    choose among the same encodings, is wrong more often on single headlines, and takes cut UTF-8 for GB18030.)
    """
    names = [name for name in ("utf-8", "gb18030", "big5", "utf-16-le", "utf-16-be") if not tried.startswith(name)]
    found = [(name, *_common_share(data, name)) for name in names]
    return max(found, key=lambda one: one[1])


def _common_share(data: bytes, encoding: str) -> tuple[float, int]:
    """Returns the share of common characters among the first that are not ASCII, and how many those are.

    A file in UTF-16 may be all ASCII, so there every character counts. The share is 0 if `data` decodes to no table.
    """
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)  # the last character may be cut
    except UnicodeDecodeError:
        return 0.0, 0
    if not any(separator in text for separator in "\t,\n"):
        return 0.0, 0
    is_wide = encoding.startswith("utf-16")
    chars = [char for char in text[:10_000] if is_wide or char > "\x7f"]
    num_common = sum(char in _common_characters() or "\t" <= char <= "~" for char in chars)
    return num_common / max(1, len(chars)), len(chars)


@functools.cache
def _common_characters() -> frozenset[str]:
    """Returns punctuation and the first level of GB 2312 and of Big5: what nearly all Chinese text is made of."""
    big5_lows = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    gb = [bytes((high, low)) for high in (0xA1, 0xA3, *range(0xB0, 0xD8)) for low in range(0xA1, 0xFF)]
    big5 = [bytes((high, low)) for high in (0xA1, *range(0xA4, 0xC7)) for low in big5_lows]
    chars = [code.decode("gb2312", errors="ignore") for code in gb]
    return frozenset(chars + [code.decode("big5", errors="ignore") for code in big5])
