"""From the bytes of a file to its lines, whatever its encoding; refuses what is not text."""

import codecs
import contextlib
import functools
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

ENCODINGS = ("utf-8-sig", "gb18030", "utf-16", "big5")
CERTAIN_SHARE, CERTAIN_CHARACTERS = 0.8, 8  # common characters that make an encoding certain
ARCHIVES = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "ZIP or Excel", b"\xfd7zXZ\x00": "xz", b"7z\xbc\xaf\x27\x1c": "7z"}
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


def check_unpacked(path: Path, head: bytes) -> None:
    """Raises `ValueError` if a file that starts with `head` is an archive."""
    for start, kind in ARCHIVES.items():
        if head.startswith(start):
            raise ValueError(f"{path}: expected text, got a {kind} file; unpack it, or save its table as text, first")


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


def read_lines(path: Path, encoding: str | None) -> Iterator[str]:
    """Yields the lines of a text file, each with a line feed at its end, in constant memory.

    Lines end with a line feed, a carriage return, or both.

    Args:
        path: the file.
        encoding: as Python names it; found from the first bytes if `None`.

    Raises:
        ValueError: the file is empty, an archive, not in this encoding, or holds a NUL character.
        OSError: as for `open_bytes`.
    """
    with open_bytes(path) as file:
        head = file.read(CHUNK_BYTES)
        check_unpacked(path, head)
        encoding = checked_encoding(encoding) if encoding else _find_encoding(path, head)
        decoder = codecs.getincrementaldecoder(encoding)()
        number, rest = 1, ""  # the line that begins with `rest`
        for data in itertools.chain([head], iter(lambda: file.read(CHUNK_BYTES), b""), [b""]):
            try:
                text = decoder.decode(data, final=not data or len(head) < CHUNK_BYTES)
            except UnicodeError as error:
                raise _undecodable(path, error, encoding, number=number, before=rest) from None
            if data is head:
                text = text.removeprefix("\ufeff")
                if len(head) < CHUNK_BYTES and not text.strip():
                    raise ValueError(f"{path}: expected at least one row, got an empty file")
            rest += text
            held = "\r" if data and rest.endswith("\r") else ""  # its line feed may follow
            *lines, rest = _with_line_feeds(rest[: len(rest) - len(held)]).split("\n")
            for line in lines if data else [*lines, rest][: None if rest else -1]:
                if "\0" in line:
                    advice = _advice(head, tried=encoding)
                    raise ValueError(f"{path}: line {number}: got a NUL character; is it a text file?{advice}")
                yield line + "\n"
                number += 1
            rest += held


def _with_line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _undecodable(path: Path, error: UnicodeError, encoding: str, *, number: int, before: str) -> ValueError:
    """Returns what to raise where decoding fails after the text `before`, which begins with line `number`."""
    if not isinstance(error, UnicodeDecodeError):
        return ValueError(f"{path}: expected {encoding}: {error}")
    before += error.object[: error.start].decode(error.encoding, errors="ignore")
    line, byte = number + _with_line_feeds(before).count("\n"), error.object[error.start]
    name = "UTF-8" if encoding == "utf-8-sig" else encoding
    advice = _advice(error.object, tried=encoding)
    return ValueError(f"{path}: line {line}: expected {name}, got byte 0x{byte:02x}{advice}")


# --- what encoding it is ----------------------------------------------------------------------------------------------


def _find_encoding(path: Path, head: bytes) -> str:
    """Returns the encoding of a file that starts with `head`: UTF-8 unless something else is certain."""
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    with contextlib.suppress(UnicodeDecodeError):
        if "\0" not in codecs.getincrementaldecoder("utf-8")().decode(head):
            return "utf-8-sig"
    encoding, share, num_chars = _guess_encoding(head, tried="utf-8")
    if share < CERTAIN_SHARE or num_chars < CERTAIN_CHARACTERS:
        return "utf-8-sig"
    warnings.warn(
        f'{path}: read as {encoding}, as it is not UTF-8; pass encoding="{encoding}" if that is right, else its own',
        stacklevel=2,
    )
    return encoding


def _advice(data: bytes, *, tried: str) -> str:
    """Returns a hint that names the encoding which reads `data` as text with common Chinese characters, if one does."""
    encoding, share, _ = _guess_encoding(data, tried=tried)
    return f'; try encoding="{encoding}"' if share > 0.5 else ""


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
