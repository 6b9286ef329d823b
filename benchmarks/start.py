"""From a cold start to the first answer, then one headline, many, and memory: NumPy, SavedModel, stock Keras export.

    python benchmarks/start.py --model models/headlines-textrnn --rounds 5

Each runs in fresh processes, in turns, so that all meet the same machine. The table has medians over the rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FIRST = "国足客场一球小胜"
WAYS = {
    "this kit, NumPy": """
from textrnn import load_classifier
answer = load_classifier(folder).predict_proba
""",
    "SavedModel": """
import tensorflow as tf
loaded = tf.saved_model.load(folder)
answer = lambda texts: loaded.serve(tf.constant(texts))["probabilities"].numpy()
""",
    "stock Keras export": """
import tensorflow as tf
loaded = tf.saved_model.load(exported)
answer = lambda texts: loaded.serve(tf.constant(texts)).numpy()
""",
}
PROGRAM = """
import json, resource, sys, time
folder, exported, first = sys.argv[1:4]
texts = open(sys.argv[4], encoding="utf-8").read().split("\\n")
{load}
answer([first])
print("answered", flush=True)
started = resource.getrusage(resource.RUSAGE_SELF)
times = []
for _ in range(50):
    begin = time.perf_counter(); answer([first]); times.append(time.perf_counter() - begin)
answer(texts[:512])
begin = time.perf_counter()
if {batches}:
    for start in range(0, len(texts), 256):
        answer(texts[start : start + 256])
else:
    answer(texts)
bulk = len(texts) / (time.perf_counter() - begin)
print(json.dumps({{"cpu": started.ru_utime + started.ru_stime, "memory": started.ru_maxrss / 1024,
    "one": 1000 * sorted(times)[25], "bulk": bulk}}))
"""

# In a process of its own: a child's memory would count from that of its parent.
PREPARE = """
import sys
from pathlib import Path
from textrnn import datasets, saving
saving.load_network(sys.argv[1]).export(sys.argv[2], verbose=False)
Path(sys.argv[4]).write_text("\\n".join(datasets.read_texts(sys.argv[3])), encoding="utf-8")
"""


def measured(way: str, *args: str) -> dict[str, float]:
    """Returns what one fresh process needs: seconds and MiB to the first answer, ms for one, headlines a second."""
    program = PROGRAM.format(load=WAYS[way], batches=way != "this kit, NumPy")
    begin = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", program, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        if process.stdout.readline() != "answered\n":
            raise SystemExit(f"{way}: {process.stderr.read()}")
        seconds = time.perf_counter() - begin
        return {"start": seconds, **json.loads(process.stdout.readline())}


def main():
    """Prints a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="models/headlines-textrnn")
    parser.add_argument("--texts", default="datasets/headlines/train.tsv", help="a TSV: label, text")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        texts = Path(place, "texts.txt")
        subprocess.run([sys.executable, "-c", PREPARE, args.model, f"{place}/stock", args.texts, texts], check=True)
        found = {way: [] for way in WAYS}
        for _ in range(args.rounds):
            for way in WAYS:
                found[way].append(measured(way, args.model, f"{place}/stock", FIRST, str(texts)))
    print(f"{args.model}, {args.rounds} rounds, medians")
    print("| | start to first answer, s | processor s | MiB | one headline, ms | headlines a second |")
    print("| --- | --- | --- | --- | --- | --- |")
    for way, rows in found.items():
        start, cpu, memory, one, bulk = (
            statistics.median(row[name] for row in rows) for name in ("start", "cpu", "memory", "one", "bulk")
        )
        print(f"| {way} | {start:.2f} | {cpu:.2f} | {memory:.0f} | {one:.2f} | {bulk:,.0f} |")


if __name__ == "__main__":
    main()
