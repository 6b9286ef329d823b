"""One saved model by four runtimes: NumPy, ONNX Runtime, LiteRT and the SavedModel in TensorFlow.

`python benchmarks/exports.py --onnx FOLDER --litert FOLDER` (of `textrnn export`): the runtimes take turns, each time
in a process of its own with one thread; printed are medians of all rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

MODEL = "headlines-textrnn"
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")


def answer_of(runtime: str, folder: str):
    """Returns a function from texts to probabilities."""
    if runtime == "numpy":
        from textrnn import load_classifier

        return load_classifier(MODEL).predict_proba
    if runtime == "savedmodel":
        import tensorflow as tf

        from textrnn import shipped

        graph = tf.saved_model.load(str(shipped.model_folder(MODEL)))
        return lambda texts: graph.serve(tf.constant(texts))["probabilities"].numpy()
    from textrnn.exports.folder import reader_of

    return reader_of(Path(folder))


def measured(runtime: str, folder: str) -> dict[str, float]:
    """Returns processor seconds to the first answer, milliseconds of one text, and texts a second in bulk."""
    answer = answer_of(runtime, folder)
    answer(["国足客场一球小胜"])
    start = time.process_time()
    from textrnn import datasets

    texts = sorted(datasets.load("headlines").train["text"].tolist()[:2048], key=len)
    answer(texts[:64])
    begin = time.process_time()
    for text in texts[::20]:
        answer([text])
    one = (time.process_time() - begin) / len(texts[::20])
    begin = time.process_time()
    for at in range(0, len(texts), 64):
        answer(texts[at : at + 64])
    return {"start": start, "one": 1000 * one, "bulk": len(texts) / (time.process_time() - begin)}


def main():
    """Prints a row for each runtime."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--onnx", required=True)
    parser.add_argument("--litert", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="measure this runtime, and print JSON")
    settings = parser.parse_args()
    folders = {"numpy": "", "onnx": settings.onnx, "litert": settings.litert, "savedmodel": ""}
    if settings.only:
        print(json.dumps(measured(settings.only, folders[settings.only])))
        return
    found = {runtime: [] for runtime in folders}
    for _ in range(settings.rounds):
        for runtime in folders:
            command = [sys.executable, __file__, *sys.argv[1:], "--only", runtime]
            done = subprocess.run(command, env=os.environ | THREADS, capture_output=True, encoding="utf-8", check=True)
            found[runtime].append(json.loads(done.stdout.splitlines()[-1]))
    print("processor time: seconds to the first answer, ms for one headline, headlines a second in batches of 64")
    for runtime, rows in found.items():
        start, one, bulk = (statistics.median(row[name] for row in rows) for name in ("start", "one", "bulk"))
        print(f"{runtime:10} {start:6.2f} {one:6.2f} {bulk:8,.0f}")


if __name__ == "__main__":
    main()
