"""What the memory of a model of LSTMs holds: how far back, how long it gets, and whether its units count for a class.

    python benchmarks/memory.py --model headlines-textrnn

The same as the page of a model shows (`textrnn page`, "What it still remembers"), over many headlines.
"""

import argparse
import json
from collections import Counter, defaultdict

import numpy as np

from textrnn import datasets, saving
from textrnn.web.movers import movers_of

LENGTHS = range(15, 29)  # of the headlines, in characters
DISTANCES = (-3, -2, -1, 0, 1, 2, 5, 10, 16)  # how far back a character was read; below 0: it is not read yet


def shares_of(network, text, lstm):
    """Returns how far the memory at each place moves without each character, in lengths of it: `(steps, steps)`."""
    backwards, steps = lstm % 2, len(text)
    memory = network.cells(network.encoder.encode([text]))[0, :, lstm]
    rest = network.cells(network.encoder.encode([text[:out] + text[out + 1 :] for out in range(steps)]))[:, :, lstm]
    rest = np.pad(rest[:, : steps - 1], [(0, 0), (1, 1), (0, 0)])  # nothing is remembered before the text
    out, place = np.ogrid[:steps, :steps]
    left = rest[out, place + ((place < out) | ((place == out) & bool(backwards)))]
    return (np.linalg.norm(memory - left, axis=2) / np.linalg.norm(memory, axis=1)).T


def main(model, count):
    """Prints lines of JSON."""
    network = saving.load_classifier(model).network
    splits = datasets.load("headlines")
    texts = [text for text in splits.dev["text"] if network.encoder.split(text) == [*text] and len(text) in LENGTHS]
    texts = texts[:count]
    for lstm, way in enumerate(("forward", "backward")[: network.num_lstms]):
        lost, sign = defaultdict(list), -1 if lstm else 1
        for text in texts:
            for (place, out), share in np.ndenumerate(shares_of(network, text, lstm)):
                lost[sign * (place - out)].append(share)
        memories = [network.cells(network.encoder.encode([text]))[0, ::sign, lstm] for text in texts]
        sizes = {step: np.mean([np.linalg.norm(memory[step - 1]) for memory in memories]) for step in (1, 5, 10, 15)}
        lost = {distance: round(float(np.mean(lost[distance])), 3) for distance in DISTANCES if distance in lost}
        sizes = {step: round(float(size), 2) for step, size in sizes.items()}
        print(json.dumps({"reading": way, "headlines": len(texts), "lost_by_distance": lost, "length_after": sizes}))
    label_of = dict(zip(splits.train["text"], splits.train["label"], strict=True))
    movers = movers_of(network, [*label_of], source="train.tsv")
    for way, units in zip(("forward", "backward"), movers["units"], strict=False):
        ends = [[one for one in unit if one[2] * sign > 0] for unit in units for sign in (1, -1)]
        labels = [{label_of[movers["texts"][text]] for text, _, _ in end} for end in ends if len(end) == 3]
        beyond = sum(max(abs(value) for *_, value in unit) > 3 for unit in units)
        pure = sum(len(names) == 1 for names in labels)
        print(json.dumps({"reading": way, "ends": len(labels), "of_one_class": pure, "units_beyond_3": beyond}))
    counts = Counter(label_of.values())
    print(json.dumps({"one_class_by_chance": round(sum((one / len(label_of)) ** 3 for one in counts.values()), 4)}))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="headlines-textrnn", help="of one layer that reads forward, or both ways")
    parser.add_argument("--count", type=int, default=150, help="how many dev headlines (default: %(default)s)")
    arguments = parser.parse_args()
    main(arguments.model, arguments.count)
