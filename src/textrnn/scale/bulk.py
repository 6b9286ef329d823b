"""Bulk prediction: files of any size classified by several processes, part by part, each row once."""

import contextlib
import functools
import gc
import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from textrnn import cards, saving
from textrnn.answers import Layout, Score, open_writer
from textrnn.checks import check_choice, check_integer, check_number
from textrnn.datasets import free_names
from textrnn.extras import require
from textrnn.locks import locked, replacing
from textrnn.options import BULK_FORMATS, LONG_TEXT
from textrnn.scale.cluster import as_they_end, connected
from textrnn.scale.inputs import Part, find_files, parts_of, state_of

PART_ROWS = 8192
DEATHS = 11  # of workers, over one part
RUN, REFUSED = "run.json", "refused.jsonl"


class Done(NamedTuple):
    """What a bulk prediction came to.

    Attributes:
        rows: that have an answer.
        refused: rows that have none; `refused.jsonl` says why.
        parts: files of answers.
        kept: how many of them an earlier run had finished.
    """

    rows: int
    refused: int
    parts: int
    kept: int


def predict(
    model: str | os.PathLike,
    files: Sequence[str | os.PathLike],
    *,
    out: str | os.PathLike,
    workers: int = 1,
    scheduler: str | None = None,
    style: str = "parquet",
    part_rows: int = PART_ROWS,
    min_score: float = 0.0,
    long_text: str = LONG_TEXT[0],
    sha256: str | None = None,
    progress: Callable[[int], Any] = lambda rows: None,
    **reading: Any,
) -> Done:
    """Writes the rows of files with label and score, in parts whose names are in the order of the rows.

    This process reads and writes, `workers` processes compute, and no more than a few parts are in memory. A part is
    whole or not there; a worker that dies is replaced and its part done again; a run that was stopped goes on where it
    is called again in the same way, without its finished parts. Called from a script, it stands below
    `if __name__ == "__main__":`, for the workers import that script.

    Args:
        model: the saved model: its path, or the name of a shipped one.
        files: what to read, in this order: files of any form that `datasets.open_table` reads, folders with all tables
            below them, patterns, addresses of object stores (by fsspec).
        out: the folder of the answers: `part-00000.parquet` and so on, `refused.jsonl` with file, line and reason of
            each row without an answer, `run.json`.
        workers: processes on this machine.
        scheduler: the address of a Dask cluster to use instead.
        style: `"parquet"`, `"csv"` or `"jsonl"`.
        part_rows: rows of a part.
        min_score: as in `saving.Predictor.predict_table`.
        long_text: as in `saving.Predictor.predict_proba`.
        sha256: as in `saving.load_classifier`.
        progress: is called with the number of rows of each part that is finished, or was already.
        reading: `encoding` and `text_column` of `datasets.open_table`.

    Raises:
        ValueError: a setting is out of range, `out` holds the parts of another run, or no row has an answer.
        FileNotFoundError: there is no such model or file.
        BlockingIOError: another run writes into `out`.
        ImportError: Dask is not installed.
    """
    require("bulk prediction", "dask", "distributed", *(["pyarrow"] if style == "parquet" else []))
    check_choice("style", style, BULK_FORMATS)
    check_choice("long_text", long_text, LONG_TEXT)
    for name, value in (("workers", workers), ("part_rows", part_rows)):
        check_integer(name, value)
    check_number("min_score", min_score, "a probability from 0 to 1", lambda score: 0 <= score <= 1)
    found, out = find_files(files), Path(out)
    classifier = saving.load_classifier(model, sha256=sha256)
    settings = {"style": style, "part_rows": part_rows, "min_score": min_score, "long_text": long_text, **reading}
    run = {"model": cards.fingerprint(classifier.folder), "files": [*map(state_of, found)], **settings}
    out.mkdir(parents=True, exist_ok=True)
    with locked(out, wait=False), replacing(out / REFUSED) as beside, beside.open("w", encoding="utf-8") as file:
        refused = _Refusals(file)
        _begin(out, run)
        parts = itertools.chain.from_iterable(
            parts_of(path, size=part_rows, refused=refused.write, **reading) for path in found
        )
        work = _Work(out, style, progress)
        with connected(workers=workers, scheduler=scheduler, deaths=DEATHS) as client, _frozen():
            from textrnn.scale.answering import Network, answers

            client.register_plugin(Network(classifier.network))
            ask, most = {"long_text": long_text, "min_score": min_score}, 2 * sum(client.nthreads().values())

            def submit(task: tuple[Path, Part]) -> Any:  # without arguments: Dask would look at each text
                return client.submit(functools.partial(answers, task[1].texts, **ask), pure=False)

            for (path, part), future in as_they_end(work.missing(parts), submit, most=most):
                work.write(path, part, *future.result())
    if not work.rows:
        raise ValueError(f"{out}: no row has an answer; {REFUSED} there says why, first: {refused.first['reason']}")
    return Done(work.rows, refused.number, work.parts, work.kept)


@contextlib.contextmanager
def _frozen() -> Iterator[None]:
    """Within it Python does not look for garbage among what is there already: for each few thousand rows, else."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _begin(out: Path, run: dict[str, Any]):
    """Writes down what this run is, or makes sure that the folder holds the parts of the same."""
    path, text = out / RUN, json.dumps(run, ensure_ascii=False, indent=1, default=str) + "\n"
    if path.exists():
        if path.read_text(encoding="utf-8") != text:
            raise ValueError(f"{out}: expected an empty folder, or parts of this same run; {RUN} there says otherwise")
        return
    if others := sorted(one.name for one in out.iterdir() if not one.name.startswith(".")):
        raise ValueError(f"{out}: expected an empty folder, or one of an earlier run, got {others[0]}")
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


class _Refusals:
    """The rows without an answer, written as they are found."""

    def __init__(self, file: Any):
        self._file, self.number, self.first = file, 0, {"reason": "the files have no rows"}

    def write(self, row: dict[str, Any]):
        self.first = row if not self.number else self.first
        self.number += 1
        self._file.write(json.dumps(row, ensure_ascii=True) + "\n")


class _Work:
    """Parts that are written as their answers come."""

    def __init__(self, out: Path, style: str, progress: Callable[[int], Any]):
        self._out, self._style, self._progress = out, style, progress
        self.rows = self.parts = self.kept = 0

    def missing(self, parts: Iterator[Part]) -> Iterator[tuple[Path, Part]]:
        """Yields the parts that no earlier run has written, and where each goes; counts them all."""
        for part in parts:
            path = self._out / f"part-{self.parts:05}.{self._style}"
            self.parts += 1
            if path.exists():
                self.kept += 1
                self._count(part)
            else:
                yield path, part

    def _count(self, part: Part):
        self.rows += len(part.rows)
        self._progress(len(part.rows))

    def write(self, path: Path, part: Part, labels: list[str], scores: Any):
        """Writes a part with its answers."""
        columns, reader = part.reader.columns, part.reader
        layout = Layout(columns, reader.text, free_names(["label", "score"], columns), [], False, schema=reader.schema)
        added = zip(labels, map(Score, scores.tolist()), strict=True)
        with replacing(path) as beside, contextlib.ExitStack() as stack:
            open_writer(stack, beside, self._style, layout)([*zip(part.rows, added, strict=True)])
        self._count(part)
