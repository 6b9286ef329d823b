"""Measures the embedded headlines: lengths, likeness, repeated strings, and how well a linear SVM learns from them.

    python benchmarks/corpus.py [--real REAL_DEV.tsv] [--against REAL_TRAIN.tsv …]
    python benchmarks/corpus.py --draw ALL.tsv      # check one table, then write the three splits

Exits with 1 if a headline breaks a rule of `datasets/headlines/README.md`.
"""

import argparse
import sys
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd

from textrnn import baselines, datasets, metrics

FOLDER = Path(__file__).parents[1] / "datasets" / "headlines"
MAX_SIMILARITY = 0.5  # trigram Jaccard, not reached by any pair
MAX_SHARE = 0.004  # of headlines that hold the same 6 characters
LENGTHS = (10, 32)
NUM_PER_CLASS = 400


def bare(text: str) -> str:
    """Returns `text` in NFKC and lower case without white space: what likeness is measured on."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def ngrams(text: str, size: int) -> set[str]:
    """Returns the different strings of `size` characters in the bare text."""
    text = bare(text)
    return {text[i : i + size] for i in range(len(text) - size + 1)}


def similar_pairs(texts, others=None) -> list[tuple[float, str, str]]:
    """Returns the pairs of texts that are most alike, highest trigram Jaccard similarity first.

    A pair is a text and an earlier text, or, with `others`, a text and one of them; at least the best pair is
    returned, and every pair from `MAX_SIMILARITY` on.
    """
    pool = list(texts if others is None else others)
    grams, index, pairs = [ngrams(text, 3) for text in pool], defaultdict(list), [(0.0, "", "")]
    if others is not None:
        for place, own in enumerate(grams):
            for gram in own:
                index[gram].append(place)
    for place, text in enumerate(texts):
        own = ngrams(text, 3)
        for other, count in Counter(other for gram in own for other in index[gram]).items():
            similarity = count / (len(own) + len(grams[other]) - count)
            if similarity >= min(MAX_SIMILARITY, pairs[0][0]):
                pairs = [pair for pair in pairs if pair[0] >= MAX_SIMILARITY] + [(similarity, pool[other], text)]
                pairs.sort(reverse=True)
        if others is None:
            for gram in own:
                index[gram].append(place)
    return pairs


def check(table: pd.DataFrame) -> list[str]:
    """Returns the rules that `table` breaks, in words; prints what was measured."""
    texts, problems = list(table["text"]), []
    lengths, counts = table["text"].str.len(), table["label"].value_counts()
    print(f"{len(texts)} headlines, {counts.size} classes, {counts.min()} to {counts.max()} each")
    print(f"length {lengths.min()} to {lengths.max()} characters, mean {lengths.mean():.1f}")
    outside = table[(lengths < LENGTHS[0]) | (lengths > LENGTHS[1])]
    problems += [f"length {len(text)}: {text}" for text in outside["text"]]
    if counts.min() < NUM_PER_CLASS:
        problems.append(f"{counts.idxmin()} has {counts.min()} headlines, below {NUM_PER_CLASS}")
    pairs = similar_pairs(texts)
    print("most alike pair: trigram Jaccard {:.3f}: {} | {}".format(*pairs[0]))
    problems += ["similarity {:.3f}: {} | {}".format(*pair) for pair in pairs if pair[0] >= MAX_SIMILARITY]
    strings = Counter(gram for text in texts for gram in ngrams(text, 6))
    string, count = strings.most_common(1)[0]
    print(f"most frequent 6 characters: {string!r} in {count} headlines ({count / len(texts):.2%})")
    problems += [f"{s!r} in {c} headlines" for s, c in strings.items() if c > MAX_SHARE * len(texts)]
    return problems


def main() -> int:
    """Reads the arguments, measures, prints; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", help="a table of real headlines to score the SVM on")
    parser.add_argument("--against", nargs="*", default=[], help="tables of real headlines that none may resemble")
    parser.add_argument("--draw", help="a table to check and to draw the three splits from")
    args = parser.parse_args()

    if args.draw:
        table = datasets.read_table(args.draw)
        splits = datasets.split_table(table, seed=0)
    else:
        splits = datasets.load("headlines")
        table = pd.concat(splits, ignore_index=True)
    problems = check(table)
    for path in args.against:
        pairs = similar_pairs(table["text"], datasets.read_table(path)["text"])
        print("most like a headline of {}: {:.3f}: {} | {}".format(Path(path).name, *pairs[0]))
        problems += ["like a real headline, {:.3f}: {} | {}".format(*p) for p in pairs if p[0] >= MAX_SIMILARITY]
    baseline = baselines.fit_linear(splits.train, max_ngram=2)
    tests = {"its own test split": splits.test} | ({args.real: datasets.read_table(args.real)} if args.real else {})
    for name, test in tests.items():
        score = metrics.accuracy(test["label"], baseline.predict(test["text"]))
        print("linear SVM (1-2-grams) on {}: {accuracy:.4f} [{low:.4f}, {high:.4f}], {rows} rows".format(name, **score))
    if args.draw and not problems:
        for split, part in splits._asdict().items():
            lines = (part["label"] + "\t" + part["text"] + "\n").sum()
            (FOLDER / f"{split}.tsv").write_text(lines, encoding="utf-8", newline="\n")
    for problem in problems:
        print("!", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
