"""What to know of a data set before training: copies, labels in conflict, balance, lengths, unknown characters."""

from typing import TYPE_CHECKING

from textrnn.checks import check_integer, check_number, check_table
from textrnn.datasets.splits import Splits, bare_text
from textrnn.extras import require

if TYPE_CHECKING:
    import pandas as pd

NEAR_ROWS = 500  # compared with all others at a time


def audit(tables: "Splits | dict[str, pd.DataFrame]") -> "pd.DataFrame":
    """Returns what to know of a data set before training: a row for each measure, a column for each split.

    Counts: rows, classes, exact and normalised duplicates (rows whose text stood in an earlier row of the split; the
    normalised form keeps letters and digits alone, NFKC, lower case), rows whose normalised text has other labels in
    the split too, rows whose text stands in train, in dev or in test as well. Class balance: rows of the smallest and
    the largest class. Lengths in characters. Out of vocabulary: the share (0 to 1) of characters that train lacks, and
    of texts with one.

    Raises:
        ValueError: there is no table, or a row without a text or a label.
    """
    import pandas as pd

    tables = tables._asdict() if isinstance(tables, Splits) else tables
    tables = {split: table for split, table in tables.items() if table is not None}
    if not tables:
        raise ValueError("tables: expected at least one, got none")
    for split, table in tables.items():
        check_table(split, table)
    exact = {split: set(table["text"]) for split, table in tables.items()}
    bare = {split: table["text"].map(bare_text) for split, table in tables.items()}
    known = set().union(*next(iter(tables.values()))["text"])
    columns = {}
    for split, table in tables.items():
        column = _copies_and_balance(table, bare[split])
        for other in tables:
            if other != split:
                column[f"also in {other}, exact"] = table["text"].isin(exact[other]).sum()
                column[f"also in {other}, normalised"] = bare[split].isin(set(bare[other])).sum()
        columns[split] = pd.Series(column | _lengths_and_unknown(table["text"], known), dtype=object)
    return pd.DataFrame(columns).reindex(_audit_order(columns))


def overlaps(first: "pd.DataFrame", second: "pd.DataFrame") -> "pd.DataFrame":
    """Returns the rows of `first` whose normalised text stands in `second` too, with both labels.

    Columns: `text`, `label` (in first), `other_text`, `other_label` (in second).
    """
    import pandas as pd

    second = pd.DataFrame(
        {"key": second["text"].map(bare_text), "other_text": second["text"], "other_label": second["label"]}
    )
    keyed = first[["text", "label"]].assign(key=first["text"].map(bare_text))
    return keyed.merge(second.drop_duplicates("key"), on="key").drop(columns="key")


def near_copies(table: "pd.DataFrame", *, least: float = 0.8, num: int = 20) -> "pd.DataFrame":
    """Returns pairs of rows whose texts are nearly the same: text, label, other_text, other_label, share.

    `share` is the cosine between their character 2- and 3-grams (tf-idf), 1 where the texts are the same but for case.

    Args:
        table: columns `text` and `label`.
        least: of the share.
        num: pairs to return, at most.

    Raises:
        ValueError: a row lacks a text or a label, or a number is out of range.
    """
    import pandas as pd

    check_table("table", table)
    check_number("least", least, "a share above 0, up to 1", lambda share: 0 < share <= 1)
    check_integer("num", num, least=0)
    require("datasets.near_copies", "sklearn")
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(2, 3), min_df=1).fit_transform(
        f" {text} " for text in table["text"]
    )
    pairs = {}
    for first in range(0, vectors.shape[0], NEAR_ROWS):
        block = (vectors[first : first + NEAR_ROWS] @ vectors.T).tocoo()
        near = (block.data >= least) & (block.row + first < block.col)
        rows = zip(block.row[near] + first, block.col[near], block.data[near], strict=True)
        pairs |= {(int(one), int(other)): float(share) for one, other, share in rows}
    nearest = sorted(pairs, key=lambda pair: (-pairs[pair], pair))[:num]
    texts, labels = list(table["text"]), list(table["label"])
    rows = [(texts[a], labels[a], texts[b], labels[b], min(1.0, pairs[a, b])) for a, b in nearest]
    return pd.DataFrame(rows, columns=["text", "label", "other_text", "other_label", "share"])


def _copies_and_balance(table: "pd.DataFrame", bare: "pd.Series") -> dict[str, int]:
    classes = table["label"].value_counts()
    num_labels = table["label"].groupby(bare.to_numpy()).nunique()
    return {
        "rows": len(table),
        "classes": classes.size,
        "rows of the smallest class": classes.min(),
        "rows of the largest class": classes.max(),
        "exact duplicates": table["text"].duplicated().sum(),
        "normalised duplicates": bare.duplicated().sum(),
        "rows with labels in conflict": bare.isin(num_labels.index[num_labels > 1]).sum(),
    }


def _lengths_and_unknown(texts: "pd.Series", known: set[str]) -> dict[str, float]:
    lengths = texts.str.len()
    unknown = texts.map(lambda text: sum(char not in known for char in text))
    return {
        "length, shortest": lengths.min(),
        "length, mean": round(lengths.mean(), 1),
        "length, 95 % quantile": lengths.quantile(0.95),
        "length, longest": lengths.max(),
        "unknown characters, share": round(unknown.sum() / lengths.sum(), 5),
        "texts with an unknown character, share": round((unknown > 0).mean(), 4),
    }


def _audit_order(columns: "dict[str, pd.Series]") -> list[str]:
    """Returns the measures of all splits, overlaps before lengths."""
    names = dict.fromkeys(name for column in columns.values() for name in column.index)
    return sorted(names, key=lambda name: ("unknown" in name, "length" in name, "also in" in name))
