"""`textrnn predict`: the class of each text, from arguments, a file or a pipe, on the screen or into a file."""

import codecs
import contextlib
import io
import itertools
import os
import select
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from textrnn import cards
from textrnn.cli.shared import (
    answer_options,
    answers_of,
    examples,
    flat,
    in_chunks,
    in_json,
    load_classifier,
    replacing,
    table_options,
)

CHUNK_BYTES = 2**20  # of a pipe, read at a time at most
FORMATS = {".txt": "table", ".tsv": "tsv", ".jsonl": "jsonl"}  # by the name of the file to write


@click.command(
    epilog=examples(
        "textrnn predict headlines-textrnn 国足客场一球小胜 央行宣布下调存款准备金率",
        "textrnn predict headlines-textrnn --file datasets/headlines/dev.tsv --out answers.tsv",
        "head -3 datasets/headlines/dev.tsv | cut -f2 | textrnn predict headlines-textrnn --format jsonl",
    )
)
@click.argument("model")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--file", "-f", metavar="FILE", help="A text on each line; or a table: .tsv, .csv. - is a pipe.")
@click.option("--out", "-o", metavar="FILE", help="Write there, all or nothing, instead of to the screen.")
@click.option(
    "--format",
    "style",
    type=click.Choice(list(FORMATS.values())),
    help="By default by the name of --out; else a table on a terminal, TSV elsewhere.",
)
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0, help="Below it the label is `unknown`.")
@answer_options
@table_options
def predict(model, texts, file, out, style, min_score, encoding, text_column, long_text, **options):
    """Says the class of each text, and how sure the model is (0 to 1).

    Texts are arguments, or the lines of a file or a pipe. A table has its texts in the column `text`; without a header
    a row is `label<TAB>text` or a text alone. TSV has the header label, score, text; inside a text, spaces for tabs and
    line breaks, and no marks of the writing direction. JSON lines keep all. Answers come as they are ready, in the
    order of the texts.
    """
    if bool(texts) and bool(file):
        raise click.UsageError("give texts or --file, not both")
    piped = file == "-" or not (texts or file)
    if piped and not file and sys.stdin.isatty():
        raise click.UsageError("nothing to predict: give a TEXT, --file FILE, or a pipe")
    if out and not style and Path(out).suffix not in FORMATS:
        raise click.UsageError(f"--out: expected a name that ends in {', '.join(FORMATS)}, or a --format; got {out}")
    to_screen = not out and sys.stdout.isatty()
    style = style or (FORMATS[Path(out).suffix] if out else "table" if to_screen else "tsv")
    cards.read_card(model)
    total = len(texts) or None
    if texts:
        chunks = in_chunks(texts)
    elif piped:
        chunks = piped_texts(encoding)
    else:
        from textrnn import datasets

        chunks = in_chunks(datasets.read_texts(file, encoding=encoding, text_column=text_column))
    chunks = itertools.chain([next(chunks)], chunks)  # a file that cannot be read shows before the model is loaded
    if file and sys.stderr.isatty() and Path(file).is_file():
        total = _count_lines(file)
    with contextlib.ExitStack() as stack:
        write = _writer(stack, out)
        classifier = load_classifier(model, **options)
        answers = answers_of(
            classifier, chunks, total=total, hidden=to_screen, min_score=min_score, long_text=long_text
        )
        stack.callback(answers.close)  # so that the bar is gone before anything else is said
        columns = shutil.get_terminal_size().columns if to_screen else None
        for block in _blocks(answers, style, label_names=classifier.label_names, columns=columns):
            write(block)


def _writer(stack: contextlib.ExitStack, out: str | None) -> Callable[[str], Any]:
    """Returns a function that writes to stdout at once, or to the file that `out` will be when `stack` is left."""
    if out:
        beside = stack.enter_context(replacing(Path(out)))
        return stack.enter_context(beside.open("w", encoding="utf-8", newline="\n")).write
    return lambda block: (sys.stdout.write(block), sys.stdout.flush())


def _blocks(answers: Iterable, style: str, *, label_names: list[str], columns: int | None) -> Iterator[str]:
    """Yields the lines of each chunk of answers in a style, cut to `columns` of the terminal if given."""
    from wcwidth import clip, ljust, width

    label_width = max(map(width, (*map(flat, label_names), "unknown")))

    def line(text, label, score):
        if style == "jsonl":
            return in_json({"text": text, "label": label, "score": round(float(score), 6)})
        label, text = flat(label), flat(text)
        if style == "tsv":
            return f"{label}\t{score:.4f}\t{text}"
        row = f"{ljust(label, label_width)}  {score:.3f}  {text}"
        return row if columns is None or width(row) <= columns else clip(row, 0, columns - 1).rstrip() + "…"

    head = {"tsv": "label\tscore\ttext\n", "table": f"{'label':{label_width}}  score  text\n", "jsonl": ""}[style]
    for chunk in answers:
        yield head + "".join(line(*row) + "\n" for row in zip(*chunk, strict=True))
        head = ""


def _count_lines(path: str) -> int:
    with Path(path).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(CHUNK_BYTES), b""))


def _wait_for_input():
    """Returns when standard input has something to read, or has ended.

    A Ctrl-C that arrives in the instant before a read blocks is not seen until the read has got something, which may be
    never. Here it is seen within a second. (Windows cannot wait for a pipe in this way, and reads at once.)
    """
    with contextlib.suppress(io.UnsupportedOperation):  # no file, but a stand-in of a program that calls this one
        while os.name == "posix" and not select.select([sys.stdin.buffer], [], [], 1.0)[0]:
            pass


def piped_texts(encoding: str | None) -> Iterator[list[str]]:
    """Yields the lines of standard input as they come: of a slow pipe one by one, of a fast one many at a time."""
    from textrnn.checks import has_visible

    encoding = encoding or "utf-8-sig"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    number, rest, data = 0, "", None
    while data != b"":
        _wait_for_input()
        data = sys.stdin.buffer.read1(CHUNK_BYTES)
        try:
            *lines, rest = (rest + decoder.decode(data, final=not data)).split("\n")
        except UnicodeError as error:
            raise ValueError(
                f"standard input: after line {number}: expected {encoding.removesuffix('-sig')} ({error}); say what it "
                "is with --encoding, gb18030 for many Chinese files"
            ) from None
        lines += [rest] if rest and not data else []
        texts = [line.strip() for line in lines]
        for text in texts:
            number += 1
            if not has_visible(text):
                raise ValueError(f"standard input: line {number}: expected a text, got none")
        if texts:
            yield texts
    if not number:
        raise ValueError("standard input: expected a text on each line, got none")
