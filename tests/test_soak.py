"""Long checks of what a laptop must stand, run by `make soak` alone: training from a file of five million rows."""

import os
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(not os.environ.get("TEXTRNN_SOAK"), reason="takes minutes: run by `make soak`")
NUM_ROWS = 5_000_000
WORKER = """
import sys, keras, resource
from textrnn import datasets, networks, training
from textrnn.preprocessing import TextEncoder

path = sys.argv[1]
texts = (text for table in datasets.read_chunks(path) for text in table["text"])
encoder = TextEncoder.from_texts(texts, max_length=24, max_ngram=2)
few = next(datasets.read_chunks(path, num_rows=2_000))
model = networks.build_textrnn(encoder, sorted(set(few["label"])), embed_dim=8, units=8, evidence=True, seed=0)
model.compile(training.adamw(1e-2, 5_000), keras.losses.CategoricalCrossentropy())
history = training.fit(model, path, few, epochs=1, batch_size=1024, resume=sys.argv[2], progress=False)
print(history["dev_accuracy"].iloc[-1], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def write_rows(path, num_rows):
    """Writes rows of two dozen characters, the class told by one of them."""
    chars = "".join(chr(code) for code in range(0x4E00, 0x4E00 + 2_000))
    with path.open("w", encoding="utf-8") as file:
        for row in range(num_rows):
            start = row * 37 % (len(chars) - 24)
            file.write(f"类{row % 10}\t{chars[start : start + 10 + row % 12]}{'甲乙丙丁戊己庚辛壬癸'[row % 10]}\n")


def test_training_from_five_million_rows_stays_below_3_gb(tmp_path, capsys):
    path = tmp_path / "large.tsv"
    write_rows(path, NUM_ROWS)
    begin = time.monotonic()
    answer = subprocess.run(
        [sys.executable, "-c", WORKER, str(path), str(tmp_path / "run")],
        capture_output=True,
        text=True,
        check=True,
    )
    accuracy, peak = map(float, answer.stdout.split()[-2:])
    with capsys.disabled():
        took, size = time.monotonic() - begin, path.stat().st_size / 2**20
        print(f"\n{NUM_ROWS:,} rows, {size:.0f} MiB: {took:.0f} s, peak {peak / 2**20:,.0f} MiB, dev {accuracy:.4f}")
    assert peak < 3e9
    assert accuracy > 0.99
