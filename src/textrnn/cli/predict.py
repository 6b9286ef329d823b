"""`textrnn predict`: the class of each text, from arguments, a file or a pipe, on the screen or into a file."""

import contextlib
import io
import itertools
import os
import select
import shutil
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from textrnn import cards
from textrnn.answers import BINARY, FORMATS, STYLES, WRITERS, Layout, Score, layout_of, open_writer, style_of
from textrnn.cli.shared import (
    answer_options,
    examples,
    load_classifier,
    on_empty_option,
    progress_bar,
    replacing,
    table_options,
    tell,
)
from textrnn.lines import flat
from textrnn.options import BULK_FORMATS

if TYPE_CHECKING:
    from textrnn.datasets import TableReader

CHUNK_TEXTS = 8192  # answered at a time
CHUNK_BYTES = 2**20  # of a pipe, read at a time at most
LARGE_BYTES = 2**20  # of a file: some 20,000 headlines, enough to make the network faster first
PIPE = "standard input"


@click.command(
    epilog=examples(
        "textrnn predict headlines-textrnn 国足客场一球小胜 央行宣布下调存款准备金率",
        "textrnn predict headlines-textrnn --file datasets/headlines/dev.tsv --out answers.csv",
        "head -3 datasets/headlines/dev.tsv | cut -f2 | textrnn predict headlines-textrnn --format jsonl --top 3",
    )
)
@click.argument("model")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--file", "-f", metavar="FILE", help="A table of any form, or a text on each line. - is a pipe.")
@click.option("--out", "-o", metavar="FILE", help=f"Write there, all or nothing: {', '.join(FORMATS)}.")
@click.option(
    "--format",
    "style",
    type=click.Choice(STYLES),
    help="By default by the name of --out; else a table on a terminal, TSV elsewhere; with --workers, Parquet.",
)
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0, help="Below it the label is `unknown`.")
@click.option("--top", type=click.IntRange(1), default=1, metavar="K", help="The K best classes, each with its score.")
@click.option("--probabilities", is_flag=True, help="The probability of every class.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Many files, by N processes: see below.")
@click.option("--scheduler", metavar="ADDRESS", help="The same, by the workers of a Dask cluster.")
@answer_options
@table_options
@on_empty_option
def predict(model, texts, workers, scheduler, **options):
    """Says the class of each text, and how sure the model is (0 to 1).

    Texts are arguments, or the lines of a file or a pipe, or a column of a table (TSV, CSV, JSON, JSON lines, fastText,
    Parquet, Excel; .gz): the file that train takes will do. With --out or --format the table stays as it is, and label
    and score are added as columns (predicted_label where there is a label); else they are shown before the texts alone.
    A row without a text has no label. Answers come as they are ready, in the order of the texts.

    With --workers or --scheduler, TEXT... are files, folders and patterns, and --out is a folder of parts in the order
    of the rows (--format parquet, csv or jsonl); a row without a text is told there in a file. Called again after it
    was stopped, it goes on.
    """
    if workers or scheduler:
        _predict_files(model, texts, workers=workers or 1, scheduler=scheduler, **options)
    else:
        _predict_texts(model, texts, **options)


def _predict_files(model, files, *, out, style, workers, scheduler, encoding, text_column, **options):
    """Answers files by several processes."""
    kept = {name: options.pop(name) for name in ("min_score", "long_text", "sha256")}
    context = click.get_current_context()
    for name in options:
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError(f"--{name.replace('_', '-')} does not go with --workers or --scheduler")
    if not files or not out:
        raise click.UsageError("with --workers or --scheduler, give files, and a folder for the answers with --out")
    style = style or "parquet"
    if style not in BULK_FORMATS:
        raise click.UsageError(f"--format: expected one of {', '.join(BULK_FORMATS)} with --workers, got {style}")
    from textrnn import scale

    reading = {"encoding": encoding, "text_column": text_column}
    with progress_bar(None) as advance:
        many = {"workers": workers, "scheduler": scheduler, "progress": advance}
        done = scale.predict(model, files, out=out, style=style, **many, **kept, **reading)
    tell(
        f"{flat(out)}: {done.rows:,} rows in {done.parts} parts, {done.kept} of an earlier run; {done.refused} refused"
    )


def _predict_texts(
    model,
    texts,
    *,
    file,
    out,
    style,
    min_score,
    top,
    probabilities,
    encoding,
    text_column,
    on_empty,
    long_text,
    **options,
):
    """Answers texts, a file or a pipe by this process."""
    if bool(texts) and bool(file):
        raise click.UsageError("give texts or --file, not both")
    piped = file == "-" or not (texts or file)
    if piped and not file and sys.stdin.isatty():
        raise click.UsageError("nothing to predict: give a TEXT, --file FILE, or a pipe")
    _check_no_files(texts)
    if out and not style and not style_of(out):
        raise click.UsageError(f"--out: expected a name that ends in {', '.join(FORMATS)}, or a --format; got {out}")
    to_screen = not out and sys.stdout.isatty()
    is_whole = bool(out or style)
    style = style or style_of(out) or ("table" if to_screen else "tsv")
    if style in BINARY and not out:
        raise click.UsageError(f"--format {style}: give the file with --out")
    cards.read_card(model)
    # A file that cannot be read shows before the model is loaded.
    reader = _open_reader(texts, file, piped=piped, encoding=encoding, text_column=text_column)
    total = len(texts) or (_count_lines(file) if file and sys.stderr.isatty() and Path(file).is_file() else None)
    with contextlib.ExitStack() as stack:
        classifier = load_classifier(model, **options)
        if _is_large(file):
            classifier.network.multiply_ahead()
        top = min(top, len(classifier.label_names))
        layout = layout_of(reader, classifier.label_names, top=top, probabilities=probabilities, is_whole=is_whole)
        write = _open_output(stack, out, style, layout)
        advance = stack.enter_context(progress_bar(total, hidden=to_screen))
        settings = {"top": top, "probabilities": probabilities, "min_score": min_score, "long_text": long_text}
        for rows, found in _texts_in_chunks(reader, on_empty):
            answers = iter(_answers(classifier, [text for text in found if text], **settings))
            nothing = [None] * (len(layout.answers) + len(layout.classes))
            kept = rows if is_whole else ([cells[reader.text]] for cells in rows)
            write([(cells, next(answers) if text else nothing) for cells, text in zip(kept, found, strict=True)])
            advance(len(rows))


def _open_output(stack: contextlib.ExitStack, out: str | None, style: str, layout: Layout) -> Callable[[list], Any]:
    """Returns what writes rows of cells and answers: to stdout at once, or to a file that is whole or not there."""
    if out:
        return open_writer(stack, stack.enter_context(replacing(Path(out))), style, layout)
    if sys.__stdout__ is None:
        raise OSError("standard output is closed, so nobody would get the answers: give --out FILE")
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    write = lambda block: (sys.stdout.write(block), sys.stdout.flush())  # noqa: E731
    return WRITERS[style](stack, write, layout, columns)


def _is_large(file: str | None) -> bool:
    return file is not None and Path(file).is_file() and Path(file).stat().st_size >= LARGE_BYTES


def _check_no_files(texts: Sequence[str]) -> None:
    """Refuses the name of a file that is there, and tells of what looks like one: it is seldom meant as a text."""
    for text in texts:
        with contextlib.suppress(OSError, ValueError):
            if Path(text).is_file():
                raise click.UsageError(
                    f"{text} is a file: --file {text} reads it (a text that is called so: by a pipe)"
                )
        if Path(text).suffix in FORMATS and not any(map(str.isspace, text)):
            warnings.warn(f"{text}: no such file; read as a text", stacklevel=2)


def _open_reader(
    texts: Sequence[str], file: str | None, *, piped: bool, encoding: str | None, text_column: str | None
) -> "TableReader":
    from textrnn import datasets

    if texts:
        return datasets.open_texts(texts)
    source = datasets.Source(PIPE, piped_blocks()) if piped else file
    return datasets.open_table(source, encoding=encoding, text_column=text_column)


def _texts_in_chunks(reader: "TableReader", on_empty: str) -> Iterator[tuple[list[list], list[str]]]:
    """Yields rows and their texts, many at a time; of a slow pipe as they come. A row may have no text.

    Raises:
        ValueError: a row has none, and `on_empty` is `"error"`.

    Warns:
        UserWarning: rows had none, at the end.
    """
    from textrnn.datasets import text_in

    rows, found, empty, source = [], [], [], reader.source
    number = 0
    for line, cells in reader:
        text = text_in(reader, line, cells)
        number += 1
        if not text:
            empty.append(line)
            if on_empty == "error":
                raise ValueError(f"{reader.name}: {reader.unit} {line}: expected a text, got none")
        rows.append(cells)
        found.append(text)
        if len(rows) == CHUNK_TEXTS or (source is not None and source.is_pipe and not source.waiting):
            yield rows, found
            rows, found = [], []
    if rows:
        yield rows, found
    if empty:
        what = f"{len(empty):,} of {number:,} rows have no text, and so no label; the first is {reader.unit} {empty[0]}"
        warnings.warn(f"{reader.name}: {what}", stacklevel=2)


def _answers(
    classifier, texts: list[str], *, top: int, probabilities: bool, min_score: float, long_text: str
) -> Iterable[list]:
    """Returns label and score of each text, then those of the next best classes, then all probabilities."""
    if not texts:
        return []
    if top == 1 and not probabilities:
        labels, scores = classifier.predict_with_scores(texts, min_score=min_score, long_text=long_text)
        return ([label, Score(score)] for label, score in zip(labels.tolist(), scores, strict=True))
    import numpy as np

    probs = classifier.predict_proba(texts, long_text=long_text)
    order = np.argsort(-probs, axis=1, kind="stable")[:, :top]
    names = np.array(classifier.label_names, dtype=object)[order]
    names[:, 0] = classifier.labels_of(probs, min_score=min_score)
    best = np.take_along_axis(probs, order, axis=1)
    ranked = (
        itertools.chain.from_iterable((name, Score(score)) for name, score in zip(*pair, strict=True))
        for pair in zip(names, best, strict=True)
    )
    return ([*one, *(map(Score, row) if probabilities else ())] for one, row in zip(ranked, probs, strict=True))


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


def piped_blocks() -> Iterator[bytes]:
    """Yields the bytes of standard input as they come."""
    while True:
        _wait_for_input()
        if not (data := sys.stdin.buffer.read1(CHUNK_BYTES)):
            return
        yield data
