"""What a report says, as plain tables: mistakes and what decided them, likely wrong labels, copies, training data."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textrnn import cards
from textrnn.checks import excerpt
from textrnn.experiments.compare import answers_in_chunks, compare_answers
from textrnn.experiments.runs import Run, is_run, read_run

if TYPE_CHECKING:
    import pandas as pd

    from textrnn.saving import Classifier, NumpyNetwork

MOST_COMPARED = 20_000  # rows among which near copies are looked for


@dataclass(frozen=True)
class Findings:
    """All that a report shows of a model and a table.

    Attributes:
        classifier: the model.
        table: the rows: `text`, `label`.
        probs: what the model gave `(rows, classes)`.
        answers: the rows with `predicted` and `score`.
        train: what the model was trained on, if it was found.
        run: the run that it is of, if it is of one.
        warning: what a reader should know first; may be empty.
    """

    classifier: "Classifier"
    table: "pd.DataFrame"
    probs: np.ndarray
    answers: "pd.DataFrame"
    train: "pd.DataFrame | None"
    run: Run | None
    warning: str


def find_out(
    classifier: "Classifier",
    table: "pd.DataFrame",
    *,
    train: "pd.DataFrame | None",
    warning: str,
    progress: bool = False,
) -> Findings:
    """Returns what a model says of a table, with what is known of its training.

    Args:
        classifier: the model.
        table: columns `text` and `label`.
        train: what it was trained on, if that is known.
        warning: what a reader should know first; may be empty.
        progress: whether a bar runs if it takes long.

    Raises:
        ValueError: a label of the table is not among the model's.
    """
    from textrnn import metrics

    check_labels(classifier, table)
    probs = answers_in_chunks(classifier.predict_proba, table["text"], progress=progress)
    answers = table[["text", "label"]].assign(
        predicted=metrics.predicted_labels(probs, classifier.label_names), score=probs.max(axis=1).astype(float)
    )
    above = classifier.folder.parent
    return Findings(classifier, table, probs, answers, train, read_run(above) if is_run(above) else None, warning)


def check_labels(classifier: "Classifier", table: "pd.DataFrame"):
    """Raises `ValueError` if a label of a table is not among the model's; the message counts such rows."""
    if num := (strange := ~table["label"].isin(classifier.label_names)).sum():
        name, label = table.attrs.get("path", "table"), excerpt(table["label"][strange].iloc[0])
        what = f"{num:,} of {len(table):,} rows have labels that the model lacks, the first is {label}"
        raise ValueError(f"{name}: {what}; it has {excerpt(classifier.label_names, most=200)}")


def baselines_of(found: Findings) -> list[tuple[str, dict[str, float], dict[str, float]]]:
    """Returns name, accuracy, and McNemar's test against the model, of the baselines on the same rows.

    They are fitted on what the model was trained on; where that is not known, there are none.
    """
    from textrnn import baselines

    if found.train is None:
        return []
    rows = []
    for name, fit in (("majority", baselines.fit_majority), ("linear SVM", baselines.fit_linear)):
        said = fit(found.train).predict(found.table["text"])
        compared = compare_answers(found.table["label"], said, found.answers["predicted"], texts=found.table["text"])
        rows.append((name, compared.first, compared.test))
    return rows


def deciding_characters(network: "NumpyNetwork", text: str, label: str) -> list[tuple[str, float]]:
    """Returns each character of a text with what the class `label` loses when it is left out, in natural logarithms.

    As `left_out` of `tracing.saliency` (Li, Monroe & Jurafsky 2016), without TensorFlow. Of a long text the network
    reads the first `max_length` characters here.
    """
    encoder, index = network.encoder, network.label_names.index(label)
    characters = encoder.split(text)[: encoder.max_length]
    remaining = ["".join(characters[:step] + characters[step + 1 :]) for step in range(len(characters))]
    probs = network.probs(encoder.encode(["".join(characters), *remaining]))[:, index]
    logs = np.log(np.maximum(probs, np.finfo("float32").tiny))
    return list(zip(characters, (logs[0] - logs[1:]).tolist(), strict=True))


def copies_of(found: Findings) -> tuple[dict[str, Any], "pd.DataFrame"]:
    """Returns counts of copies, and the pairs of rows whose texts are nearly the same."""
    from textrnn import datasets

    bare = found.table["text"].map(datasets.bare_text)
    labels = found.table["label"].groupby(bare.to_numpy()).nunique()
    counts = {"rows": len(found.table), "copies of an earlier row": int(bare.duplicated().sum())}
    counts["rows of the same text with different labels"] = int(bare.isin(labels.index[labels > 1]).sum())
    if found.train is not None:
        known = set(found.train["text"].map(datasets.bare_text))
        counts["rows that stand in the training data too"] = int(bare.isin(known).sum())
    return counts, datasets.near_copies(found.table.head(MOST_COMPARED))


def find_training_data(classifier: "Classifier", file: str, table: "pd.DataFrame") -> "pd.DataFrame | None":
    """Returns what a model was trained on, if it lies beside `file` or is a set of the kit's, by its SHA-256.

    Rows that stand in `table` are left out: the file may have been split. If none is left there is nothing to return.
    """
    about = classifier.card.get("trained_on")
    if not isinstance(about, dict) or not isinstance(about.get("files"), dict) or "train" not in about.get("rows", {}):
        return None
    for _, rows in training_tables(about, file):
        rest = rows[~rows["text"].isin(set(table["text"]))].reset_index(drop=True)
        return rest if len(rest) else None
    return None


def training_tables(trained_on: Mapping[str, Any], file: str) -> "Iterator[tuple[Path, pd.DataFrame]]":
    """Yields path and rows of what a model was trained on, where it lies beside `file` or is a set of the kit's.

    Args:
        trained_on: as a card says it; the files are found by their SHA-256.
        file: of the table that the model is asked about.
    """
    from textrnn import datasets

    files, rows = trained_on["files"], trained_on["rows"]
    named = datasets.SETS.get(trained_on.get("name"))
    places = [Path(file).parent, *([place] if named and (place := named.find()) else [])]
    for path in (place / name for place in places for name in files):
        if path.is_file() and cards.sha256_of_file(path) in files.values():
            with warnings.catch_warnings(action="ignore"):
                found = datasets.read_table(path)
            if len(found) in (rows["train"], sum(rows.values())):  # or train and dev were drawn from it
                yield path, found
