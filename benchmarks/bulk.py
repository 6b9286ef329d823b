"""Bulk prediction by workers beside the plain command, in turns; and whether memory stays as it is as rows grow.

`python benchmarks/bulk.py --rows 100000`: seconds, processor seconds of all processes together (less the start, which
a run with one row shows), and the most memory that one of them took: for one row, a tenth of the rows, and all.
`python benchmarks/bulk.py --rows 10000000 --workers 2 --rounds 1` is the long run; its file is made row by row. With
`--model` a small network does: what is measured then is the reading, the writing and the memory, not the network.
"""

import argparse
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from textrnn import datasets

PREDICT = [sys.executable, "-m", "textrnn.cli", "predict"]


def measured(command: list[str]) -> tuple[float, float, float]:
    """Returns seconds, processor seconds and MB of a command with all its children."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)}: exit status {status}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def write_rows(path: Path, number: int):
    """Writes a CSV of headlines, each again with another number, in memory for one row at a time."""
    texts = itertools.cycle(datasets.load("headlines").train["text"])
    with path.open("w", encoding="utf-8") as file:
        file.write("id,text\n")
        file.writelines(f'{one},"{text} {one}"\n' for one, text in zip(range(number), texts, strict=False))


def main():
    """Prints a row for each way: medians of all rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2], help="0 is the plain command")
    parser.add_argument("--model", default="headlines-textrnn", help="a small one where rows are many")
    settings = parser.parse_args()
    sizes, found = (1, max(1, settings.rows // 10), settings.rows), {}
    with tempfile.TemporaryDirectory() as folder:
        for number in sizes:
            file = Path(folder, f"{number}.csv")
            write_rows(file, number)
            for round_ in range(settings.rounds if number == settings.rows else 1):
                for workers in settings.workers:
                    out = Path(folder, f"{number}-{round_}-{workers}")
                    many = [file, "--workers", workers, "--format", "csv", "--out", out]
                    command = many if workers else ["--file", file, "--out", f"{out}.csv"]
                    command = [*PREDICT, settings.model, *map(str, command)]
                    found.setdefault((workers, number), []).append(measured(command))
    print(f"{settings.rows:,} rows: seconds, of them for one row, processor seconds beside those for one row,", end=" ")
    print("rows a processor second,", end=" ")
    print("MB of the largest process for " + ", ".join(f"{number:,}" for number in sizes))
    for workers in settings.workers:
        seconds, used, _ = map(statistics.median, zip(*found[workers, settings.rows], strict=True))
        start, used = found[workers, 1][0][0], used - found[workers, 1][0][1]
        memory = " ".join(f"{max(run[2] for run in found[workers, number]):6.0f}" for number in sizes)
        way = f"{workers} worker(s)" if workers else "plain"
        print(f"{way:12} {seconds:7.1f} {start:5.1f} {used:7.1f} {settings.rows / used:8,.0f} {memory}")


if __name__ == "__main__":
    main()
