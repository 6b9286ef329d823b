"""Measures the kit beside stock Keras, PyTorch and a linear SVM on the same headlines and the same machine.

    python benchmarks/speed.py --train train.tsv --dev dev.tsv --model models/thucnews-textrnn

Everything is measured in one run, the candidates taking turns, medians of at least five. Sections: `step` (one training
step of the published configuration), `epoch` (an epoch of it on real headlines), `reach` (seconds until dev first
reaches 0.905; PyTorch has ten epochs for it, half an hour on 117,411 titles), `answers` (headlines per second from raw
text, and the time for one) and `growth` (how cost grows, as a figure). PyTorch runs in a process of its own and is left
out, with a word, where it is not installed.
"""

import argparse
import concurrent.futures
import contextlib
import importlib.util
import itertools
import json
import math
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from textrnn import baselines, datasets, metrics, networks, saving, training
from textrnn.options import RUNTIMES
from textrnn.preprocessing import TextEncoder

SECTIONS = ("step", "epoch", "reach", "answers", "growth")
STEPS, BATCH = 32, 128  # of the published configuration
REPEATS = 5


def interleaved(candidates: dict, *, repeats: int) -> dict[str, float]:
    """Returns the median seconds of each candidate, the candidates taking turns; each runs once before it counts."""
    seconds = {name: [] for name in candidates}
    for turn in range(repeats + 1):
        for name, candidate in candidates.items():
            begin = time.perf_counter()
            told = candidate()
            took = (
                told["seconds"] if isinstance(told, dict) else time.perf_counter() - begin
            )  # a worker has its own clock
            if turn:
                seconds[name].append(took)
    return {name: statistics.median(values) for name, values in seconds.items()}


def each_call(call, items) -> list[float]:
    """Returns the seconds of `call` for each of the items."""
    seconds = []
    for item in items:
        begin = time.perf_counter()
        call(item)
        seconds.append(time.perf_counter() - begin)
    return seconds


def peak_mib() -> float:
    """Returns the peak memory of this process in MiB."""
    try:  # of this process alone; what getrusage says of a child begins with the peak of its parent
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def stream(model: str, texts: list[str], rows: int) -> tuple[float, float, float]:
    """Streams `rows` texts through a saved model; returns the seconds, and the peak memory before and after, MiB.

    To be run in a process of its own. Before it counts, 1,000 rows go through for nothing.
    """
    classifier = saving.load_classifier(model, runtime="numpy")

    def answer(num: int):
        found = classifier.predict_stream(texts[place % len(texts)] for place in range(num))
        if sum(len(table) for table in found) != num:
            raise ValueError(f"expected {num} answers")

    answer(1000)
    before, begin = peak_mib(), time.perf_counter()
    answer(rows)
    return time.perf_counter() - begin, before, peak_mib()


def print_table(title: str, seconds: dict[str, float], *, per: dict[str, float] | float = 1, base: str | None = None):
    """Prints milliseconds, items per second and the ratio of speeds to `base` (above 1: faster)."""
    base = base if base in seconds else next(iter(seconds))
    print(f"\n{title}\n\n| what | median, ms | per second | speed / {base} |\n| --- | --- | --- | --- |")
    for name, value in seconds.items():
        count = per[name] if isinstance(per, dict) else per
        ratio = seconds[base] / value if not isinstance(per, dict) else (count / value) / (per[base] / seconds[base])
        print(f"| {name} | {1000 * value:.2f} | {count / value:,.0f} | {ratio:.2f} |")


class Published:
    """The published TextRNN in PyTorch, in its own process."""

    def __init__(self, arrays: dict[str, np.ndarray], *, threads: int):
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "arrays.npz"
        np.savez(path, **arrays)
        script = Path(__file__).with_name("published_textrnn.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(path), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **command):
        """Returns the worker's answer to one command."""
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            print(json.dumps(command), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"PyTorch's process ended with status {self.process.wait()}; what it said stands above")
        return json.loads(answer)

    def close(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()
        self.folder.cleanup()


def padded(encoded: training.EncodedTexts) -> np.ndarray:
    """Returns ids with exactly `STEPS` columns, as the published code feeds them."""
    ids = encoded.ids[:, :STEPS]
    return np.pad(ids, ((0, 0), (0, STEPS - ids.shape[1])))


def published_in_keras(num_ids: int, num_classes: int, *, mask: bool) -> keras.Model:
    """Returns the published configuration in stock Keras, on ids, compiled."""
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(num_ids, 300, mask_zero=mask),
            layers.Bidirectional(layers.LSTM(128, return_sequences=True)),
            layers.Dropout(0.5),
            layers.Bidirectional(layers.LSTM(128)),
            layers.Dense(num_classes, activation="softmax"),
        ]
    )
    network.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", jit_compile=False)
    return network


def published_in_kit(encoder: TextEncoder, label_names: list[str]) -> keras.Model:
    """Returns the published configuration built by the kit, compiled."""
    network = networks.build_textrnn(
        encoder, label_names, embed_dim=300, units=128, num_layers=2, pooling="last", dropout=0.5
    )
    first, _, last = (layer for layer in network.layers if isinstance(layer, keras.layers.Dropout))
    first.rate = last.rate = 0.0  # published is dropout between the layers alone
    network.compile(training.adamw(1e-3, 10**6), "sparse_categorical_crossentropy")
    return network


class Bench:
    """The data, and the networks that several sections share."""

    def __init__(self, args):
        self.args = args
        self.train, self.dev = datasets.read_table(args.train), datasets.read_table(args.dev)
        self.label_names = sorted(set(self.train["label"]))
        self.encoder = TextEncoder.from_texts(self.train["text"], max_length=STEPS)
        self.kit = published_in_kit(self.encoder, self.label_names)
        self.encoded = training.encode_texts(self.kit, self.train["text"])
        self.dev_encoded = training.encode_texts(self.kit, self.dev["text"])
        self.targets = metrics.label_ids(self.train["label"], self.label_names)
        self.dev_targets = metrics.label_ids(self.dev["label"], self.label_names)
        self.kit_step = training.training_step(self.kit)
        self.published = None
        if importlib.util.find_spec("torch") is None:
            print("PyTorch is not installed, so its rows are left out; pyproject.toml says how to get its CPU build")
        else:
            arrays = {"train_ids": padded(self.encoded), "train_targets": self.targets}
            arrays |= {"dev_ids": padded(self.dev_encoded), "dev_targets": self.dev_targets}
            self.published = Published(arrays, threads=os.cpu_count() if args.threads is None else args.threads)

    def step(self):
        """One training step: batches of 128 headlines padded to 32 steps."""
        ids, num = padded(self.encoded)[: 10 * BATCH], 10
        batches = [(ids[i : i + BATCH], self.targets[i : i + BATCH]) for i in range(0, num * BATCH, BATCH)]
        stock = {
            f"stock Keras{name}": published_in_keras(self.encoder.num_ids[0], len(self.label_names), mask=mask)
            for name, mask in ((", masked", True), (", padding not masked", False))
        }
        candidates = {"kit": lambda: [float(self.kit_step(x, y)) for x, y in batches]}
        for name, network in stock.items():
            candidates[name] = lambda network=network: [network.train_on_batch(x, y) for x, y in batches]
        if self.published:
            candidates["PyTorch"] = lambda: self.published.ask(do="steps", num=num)
        seconds = {name: value / num for name, value in interleaved(candidates, repeats=self.args.repeats).items()}
        print_table("a. One training step, 128 x 32, published configuration", seconds, per=BATCH, base="PyTorch")

    def epoch(self):
        """An epoch of the first rows: the kit's batches of similar length against everything padded to 32."""
        rows = min(self.args.rows, len(self.train)) // BATCH * BATCH
        if not rows:
            raise SystemExit(f"epoch: expected --rows and a training file of at least {BATCH} rows")
        counter = iter(range(10**6))

        def kit():
            drawn = training.draw_batches(self.encoded.lengths[:rows], batch_size=BATCH, seed=0, epoch=next(counter))
            for batch in drawn:
                float(self.kit_step(self.encoded.batch(batch), self.targets[batch]))

        candidates = {"kit": kit}
        if self.published:
            candidates["PyTorch, padded to 32"] = lambda: self.published.ask(do="steps", num=rows // BATCH)
        title = f"b. An epoch of {rows:,} real headlines, the same network"
        print_table(title, interleaved(candidates, repeats=self.args.repeats), per=rows, base="PyTorch, padded to 32")

    def answers(self):
        """From raw text to label through the saved model: in bulk, one at a time, and by the command from a file."""
        texts = list(self.dev["text"])
        by_runtime = {name: saving.load_classifier(self.args.model, runtime=name) for name in RUNTIMES}
        ahead = saving.load_classifier(self.args.model)
        ahead.network.multiply_ahead()
        svm = baselines.fit_linear(self.train)
        with tempfile.TemporaryDirectory() as folder:
            saving.load_network(self.args.model).export(folder, verbose=False)
            stock = tf.saved_model.load(folder)
        saved = tf.saved_model.load(self.args.model)
        blocks = [tf.constant(texts[i : i + 256]) for i in range(0, len(texts), 256)]
        bulk = {
            "kit, runtime numpy": lambda: by_runtime["numpy"].predict_proba(texts) is None,
            "kit, runtime numpy, products kept": lambda: ahead.predict_proba(texts) is None,
            "kit, runtime onnx": lambda: by_runtime["onnx"].predict_proba(texts) is None,
            "kit, runtime tensorflow": lambda: by_runtime["tensorflow"].predict_proba(texts) is None,
            "kit, SavedModel": lambda: [saved.serve(block) for block in blocks],
            "stock Keras export": lambda: [stock.serve(block) for block in blocks],
            "linear SVM": lambda: svm.predict(texts) is None,
        }
        few = texts[:200]
        one = {
            "kit, runtime numpy": lambda: each_call(lambda text: by_runtime["numpy"].predict_proba([text]), few),
            "kit, runtime onnx": lambda: each_call(lambda text: by_runtime["onnx"].predict_proba([text]), few),
            "kit, runtime tensorflow": lambda: each_call(
                lambda text: by_runtime["tensorflow"].predict_proba([text]), few
            ),
            "stock Keras export": lambda: each_call(lambda text: stock.serve(tf.constant([text])), few),
            "linear SVM": lambda: each_call(lambda text: svm.predict([text]), few),
        }
        if self.published:
            name, rows = "PyTorch, published network, ids given", len(texts)
            bulk[name] = lambda: self.published.ask(do="infer", batch_size=256, rows=rows)
            one[name] = lambda: self.published.ask(do="infer", batch_size=1, rows=len(few))["each"]
        print_table(
            f"d. {len(texts):,} headlines in bulk",
            interleaved(bulk, repeats=self.args.repeats),
            per=len(texts),
            base="linear SVM",
        )
        calls = {name: [] for name in one}
        for turn in range(self.args.repeats + 1):
            for name, candidate in one.items():
                calls[name] += candidate() if turn else candidate()[:0]  # the first turn does not count
        print(f"\nd. One headline at a time, {len(few)} of them in each of {self.args.repeats} turns\n")
        print("| what | median, ms | 95th percentile, ms |\n| --- | --- | --- |")
        for name, values in calls.items():
            print("| {} | {:.2f} | {:.2f} |".format(name, *(1000 * np.quantile(values, (0.5, 0.95)))))
        self.command(texts)

    def command(self, texts: list[str]):
        """A file from disk to disk by `textrnn predict`, the start of Python and TensorFlow included."""
        with tempfile.TemporaryDirectory() as folder:
            files = {rows: Path(folder) / f"{rows}.txt" for rows in (len(texts), 10 * len(texts))}
            for rows, path in files.items():
                lines = (" ".join(texts[place % len(texts)].split()) for place in range(rows))
                path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            start = [sys.executable, "-m", "textrnn.cli", "predict", self.args.model, "--file"]
            runs = {
                f"textrnn predict, {rows:,} lines": lambda path=path: (
                    subprocess.run(
                        [*start, path, "--out", path.with_suffix(".tsv")], check=True, capture_output=True
                    ).returncode
                )
                for rows, path in files.items()
            }
            per = dict(zip(runs, files, strict=True))
            seconds = interleaved(runs, repeats=self.args.repeats)
            print_table("d. The command, from file to file", seconds, per=per)
            few, many = seconds.values()
            if many > few:
                print(f"\nWithout its start: {(max(per.values()) - min(per.values())) / (many - few):,.0f} lines/s")
            else:
                print("\nThe start takes so long that the lines cannot be told from it: give more of them in dev.")

    def growth(self):
        """How cost grows with steps, batch and rows; prints the numbers and draws them."""
        network = saving.load_network(self.args.model)
        encoder, on_ids = networks.text_encoder(network), networks.ids_model(network)
        network.compile(training.adamw(1e-3, 10**6), "sparse_categorical_crossentropy")
        step = training.training_step(network)
        rng = np.random.default_rng(0)
        answer = tf.function(on_ids, reduce_retracing=True)

        def ids_of(batch, steps):
            return np.stack([rng.integers(2, num, (batch, steps), dtype="int32") for num in encoder.num_ids], axis=-1)

        def cost(batch, steps):
            ids, targets = ids_of(batch, steps), rng.integers(0, len(self.label_names), batch)
            runs = {"train": lambda: float(step(ids, targets)), "answer": lambda: answer(ids).numpy()}
            return interleaved(runs, repeats=self.args.repeats)

        sizes = self.args.sizes
        curves = {
            "steps": [(steps, *cost(64, steps).values()) for steps in (32, 64, 128, 256, 512)[:sizes]],
            "batch": [(batch, *cost(batch, STEPS).values()) for batch in (1, 4, 16, 64, 256, 1024)[:sizes]],
            "rows": [],
        }
        # Each in a new process: the peak of this one is that of the largest batch above.
        settings = {"max_tasks_per_child": 1, "mp_context": multiprocessing.get_context("spawn")}
        with concurrent.futures.ProcessPoolExecutor(1, **settings) as pool:
            for rows in (1_000, 10_000, 100_000, 1_000_000)[:sizes]:
                told = pool.submit(stream, self.args.model, list(self.dev["text"]), rows).result()
                curves["rows"].append((rows, *told))
        print("\ne. How cost grows\n\n| steps (batch 64) | training step, ms | answers, ms |\n| --- | --- | --- |")
        for steps, train, answered in curves["steps"]:
            print(f"| {steps} | {1000 * train:.1f} | {1000 * answered:.1f} |")
        print("\n| batch (32 steps) | training step, ms | answers, ms |\n| --- | --- | --- |")
        for batch, train, answered in curves["batch"]:
            print(f"| {batch} | {1000 * train:.1f} | {1000 * answered:.1f} |")
        print(
            "\n| rows streamed (runtime numpy) | seconds | peak memory before, MiB | after |\n| --- | --- | --- | --- |"
        )
        for rows, took, before, after in curves["rows"]:
            print(f"| {rows:,} | {took:.1f} | {before:,.0f} | {after:,.0f} |")
        if self.args.figure:
            draw_growth(curves, self.args.figure)

    def kit_trains(self, every: int):
        """Trains the recommended network; yields seconds, batches, and a function that scores dev, per `every` batches.

        The first seconds are those of the vocabulary, the first vectors, the ids and the counts.
        """
        begin = time.perf_counter()
        settings = training.recipe(len(self.train))
        model = training.recommended_textrnn(self.train, settings=settings)
        encoded = training.encode_texts(model, self.train["text"])
        networks.evidence_layer(model).count(encoded.ids, self.targets)
        step = training.training_step(model, adversarial=settings.adversarial)
        wanted = np.eye(len(self.label_names), dtype="float32")[self.targets]
        num_batches = training.num_steps(len(self.train), batch_size=settings.batch_size, epochs=settings.epochs)
        batches = itertools.chain.from_iterable(
            training.draw_batches(encoded.lengths, batch_size=settings.batch_size, seed=0, epoch=epoch)
            for epoch in range(settings.epochs)
        )

        def accuracy():
            probs = training.predict_proba(model, self.dev["text"])
            return float((probs.argmax(axis=1) == self.dev_targets).mean())

        for number, rows in enumerate(batches, start=1):
            float(step(encoded.batch(rows), wanted[rows]))
            if number % every == 0 or number == num_batches:
                yield time.perf_counter() - begin, number, accuracy
                begin = time.perf_counter()

    def published_trains(self, every: int):
        """The same for the published network in PyTorch, its ids given, for the ten epochs of the published code."""
        num_batches = 10 * math.ceil(len(self.train) / BATCH)
        for start in range(0, num_batches, every):
            end = min(start + every, num_batches)
            told = self.published.ask(do="train_on", start=start, num=end - start)
            yield told["seconds"], end, lambda: self.published.ask(do="score")["accuracy"]

    def reach(self):
        """Seconds of training until dev first reaches the target, the two taking turns of 100 batches each."""
        runs = {"kit": self.kit_trains(100)} | ({"PyTorch": self.published_trains(100)} if self.published else {})
        seconds, best = dict.fromkeys(runs, 0.0), dict.fromkeys(runs, (-1.0, 0, 0.0))
        print(f"\nc. Training until dev first reaches {self.args.target}; scoring not counted", flush=True)
        running = dict(runs)
        while running:
            for name, run in list(running.items()):
                told = next(run, None)
                if told is None:
                    del running[name]
                    continue
                took, number, accuracy = told
                seconds[name] += took
                score = accuracy()
                print(f"{name}: batch {number}, {seconds[name]:.1f} s: {score:.4f}", file=sys.stderr, flush=True)
                best[name] = max(best[name], (score, -number, -seconds[name]))
                if score >= self.args.target:
                    del running[name]
        print("\n| what | best dev accuracy | after batches | after seconds | seconds in all |")
        print("| --- | --- | --- | --- | --- |")
        for name, (score, number, took) in best.items():
            print(f"| {name} | {score:.4f} | {-number:,} | {-took:.1f} | {seconds[name]:.1f} |")
        if len(best) == 2 and best["kit"][0] >= self.args.target:
            ratio = best["PyTorch"][2] / best["kit"][2]
            print(f"\nThe kit is there in {1 / ratio:.3f} of the seconds that PyTorch takes to its best: {ratio:.1f} x")


def draw_growth(curves: dict, path: str):
    """Draws the three curves into one PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(2, 2, figsize=(9, 6.4), layout="constrained")

    def number(value, _place):
        return f"{value:,.10g}"

    for ax, (key, label) in zip(axes[0], (("steps", "steps (batch 64)"), ("batch", "batch (32 steps)")), strict=True):
        x, train, answered = zip(*curves[key], strict=True)
        ax.loglog(x, [1000 * value for value in train], "o-", color="#0072B2", label="training step")
        ax.loglog(x, [1000 * value for value in answered], "s--", color="#E69F00", label="answers")
        ax.set(xlabel=label, ylabel="milliseconds", xticks=x, ylim=(2, 2_000))
        ax.legend(frameon=False)
    rows, took, before, after = zip(*curves["rows"], strict=True)
    axes[1, 0].loglog(rows, took, "o-", color="#0072B2")
    axes[1, 0].set(ylabel="seconds")
    axes[1, 1].semilogx(rows, before, "s--", color="#E69F00", label="before")
    axes[1, 1].semilogx(rows, after, "o-", color="#0072B2", label="after")
    axes[1, 1].set(ylabel="peak memory of the process, MiB", ylim=(0, 1.3 * max(after)))
    axes[1, 1].legend(frameon=False)
    for ax in axes[1]:
        ax.set(xlabel="rows streamed from raw text", xticks=rows)
    for ax in axes.flat:
        ax.minorticks_off()
        ax.xaxis.set_major_formatter(number)
        ax.yaxis.set_major_formatter(number)
    fig.savefig(path, dpi=110)
    plt.close(fig)


def main():
    """Reads the arguments and measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", default="datasets/headlines/train.tsv")
    parser.add_argument("--dev", default="datasets/headlines/dev.tsv")
    parser.add_argument("--model", default="models/thucnews-textrnn", help="saved model of `answers` and `growth`")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--rows", type=int, default=12_800, help="headlines of an epoch in `epoch`")
    parser.add_argument("--target", type=float, default=0.905, help="dev accuracy of `reach`")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="turns whose median counts, at least 1")
    parser.add_argument("--threads", type=int, help="of PyTorch; all cores unless given")
    parser.add_argument("--sizes", type=int, help="of each kind in `growth`, the smallest first; all unless given")
    parser.add_argument("--figure", help="where `growth` draws a PNG, if anywhere")
    args = parser.parse_args()
    if args.repeats < 1:
        parser.error(f"--repeats: expected at least 1, got {args.repeats}")
    if args.sizes is not None and args.sizes < 1:
        parser.error(f"--sizes: expected at least 1, got {args.sizes}")
    bench = Bench(args)
    versions = f"Python {sys.version.split()[0]}, TensorFlow {tf.__version__}, Keras {keras.__version__}"
    print(f"{os.cpu_count()} cores, {versions}")
    with contextlib.ExitStack() as stack:
        if bench.published:
            stack.callback(bench.published.close)
        for section in bench.args.only:
            getattr(bench, section)()
            sys.stdout.flush()


if __name__ == "__main__":
    main()
