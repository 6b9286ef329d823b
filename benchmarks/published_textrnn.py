"""The TextRNN that most repositories publish, in PyTorch, as a worker: a JSON command a line in, an answer a line out.

Embedding of 300, two bidirectional LSTM layers of 128, the state at the last of 32 padded steps, dropout 0.5, Adam at
1e-3, batches of 128 in the order of the file: the configuration of github.com/649453932/Chinese-Text-Classification-
Pytorch, with vectors that start at random. It runs in a process of its own, since TensorFlow and PyTorch in one process
crash; `benchmarks/speed.py` starts it.
"""

import json
import sys
import time

import numpy as np
import torch
from torch import nn

STEPS, BATCH = 32, 128


class PublishedTextRNN(nn.Module):
    """Ids `(batch, steps)` to scores `(batch, classes)`."""

    def __init__(self, num_ids: int, num_classes: int):
        super().__init__()
        self.embedding = nn.Embedding(num_ids, 300, padding_idx=0)
        self.lstm = nn.LSTM(300, 128, 2, bidirectional=True, batch_first=True, dropout=0.5)
        self.output = nn.Linear(256, num_classes)

    def forward(self, ids):
        """Returns the scores."""
        states, _ = self.lstm(self.embedding(ids))  # (batch, steps, 256)
        return self.output(states[:, -1])


class Worker:
    """The network, its optimizer, and the data of a file of arrays: train_ids, train_targets, dev_ids, dev_targets."""

    def __init__(self, path: str, *, threads: int, seed: int = 0):
        torch.set_num_threads(threads)
        torch.manual_seed(seed)
        with np.load(path, allow_pickle=False) as arrays:
            self.data = {name: torch.from_numpy(arrays[name].astype("int64")) for name in arrays.files}
        num_ids = 1 + int(max(self.data["train_ids"].max(), self.data["dev_ids"].max()))
        self.network = PublishedTextRNN(num_ids, 1 + int(self.data["train_targets"].max()))
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)

    def train(self, start: int):
        """Trains on the batch that starts at row `start`."""
        self.network.train()
        rows = slice(start, start + BATCH)
        self.optimizer.zero_grad()
        scores = self.network(self.data["train_ids"][rows])
        nn.functional.cross_entropy(scores, self.data["train_targets"][rows]).backward()
        self.optimizer.step()

    def accuracy(self) -> float:
        """Returns the share of dev that is right."""
        scores = self.scores(self.data["dev_ids"])
        return float((scores.argmax(1) == self.data["dev_targets"]).float().mean())

    def scores(self, ids, *, batch_size: int = 512):
        """Returns the scores of `ids`."""
        self.network.eval()
        with torch.no_grad():
            return torch.cat([self.network(part) for part in ids.split(batch_size)])

    def steps(self, num: int) -> dict:
        """Trains on `num` batches and returns the seconds."""
        starts = range(0, num * BATCH, BATCH)
        begin = time.perf_counter()
        for start in starts:
            self.train(start % max(BATCH, len(self.data["train_ids"]) - BATCH))
        return {"seconds": time.perf_counter() - begin}

    def infer(self, batch_size: int, rows: int) -> dict:
        """Scores the first `rows` of dev and returns the seconds of all, and of each batch."""
        each = []
        for ids in self.data["dev_ids"][:rows].split(batch_size):
            begin = time.perf_counter()
            self.scores(ids)
            each.append(time.perf_counter() - begin)
        return {"seconds": sum(each), "each": each}

    def train_on(self, start: int, num: int) -> dict:
        """Trains on `num` batches in the order of the file, from batch `start` on, and returns the seconds."""
        num_batches = -(-len(self.data["train_ids"]) // BATCH)
        begin = time.perf_counter()
        for number in range(start, start + num):
            self.train(number % num_batches * BATCH)
        return {"seconds": time.perf_counter() - begin}

    def score(self) -> dict:
        """Returns the accuracy on dev."""
        return {"accuracy": self.accuracy()}


def main():
    """Answers commands from standard input until it ends."""
    worker = Worker(sys.argv[1], threads=int(sys.argv[2]))
    for line in sys.stdin:
        command = json.loads(line)
        answer = getattr(worker, command.pop("do"))(**command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
