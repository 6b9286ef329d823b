"""Bulk prediction by one and two workers beside the plain command, in turns.

`python benchmarks/bulk.py --rows 100000`: seconds, processor seconds of all processes together (less the start, which
a run with one row shows), and the most memory that one of them took.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from textrnn import datasets

PREDICT = [sys.executable, "-m", "textrnn.cli", "predict", "headlines-textrnn"]


def measured(command: list[str]) -> tuple[float, float, float]:
    """Returns seconds, processor seconds and MB of a command with all its children."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)}: exit status {status}")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    """Prints a row for each way: medians of all rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    settings = parser.parse_args()
    texts = datasets.load("headlines").train["text"].tolist()
    with tempfile.TemporaryDirectory() as folder:
        found = {}
        for name, number in (("start", 1), ("rows", settings.rows)):
            file = Path(folder, f"{name}.csv")
            table = {"id": range(number), "text": (texts * (1 + number // len(texts)))[:number]}
            pd.DataFrame(table).to_csv(file, index=False)
            for round_ in range(settings.rounds if name == "rows" else 1):
                out = Path(folder, f"{name}-{round_}")
                ways = {
                    "plain": [*PREDICT, "--file", file, "--out", f"{out}.csv"],
                    **{
                        f"{n} worker(s)": [*PREDICT, file, "--workers", n, "--format", "csv", "--out", f"{out}-{n}"]
                        for n in (1, 2)
                    },
                }
                for way, command in ways.items():
                    found.setdefault((way, name), []).append(measured([*map(str, command)]))
        print(f"{settings.rows:,} rows: seconds, processor seconds beside the start, rows a processor second, MB")
        for way in ways:
            rows = [statistics.median(column) for column in zip(*found[way, "rows"], strict=True)]
            seconds, used, memory = rows[0], rows[1] - found[way, "start"][0][1], rows[2]
            print(f"{way:12} {seconds:7.1f} {used:7.1f} {settings.rows / used:8,.0f} {memory:6.0f}")


if __name__ == "__main__":
    main()
