"""The train, dev and test tables of a data set: checked against each other, or drawn from one table."""

import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from textrnn.checks import check_number, check_seed, check_table, excerpt, is_table, warn
from textrnn.datasets.columns import short
from textrnn.extras import require

if TYPE_CHECKING:
    import pandas as pd


JOINTS = ("|", ";", ",", "、", "，", "；")  # between the labels of a text that has several


class Splits(NamedTuple):
    """The tables of a data set; `test` (or `dev`) is `None` where the files at hand have no such split."""

    train: "pd.DataFrame"
    dev: "pd.DataFrame | None"
    test: "pd.DataFrame | None"


def check_splits(splits: Splits, *, names: dict[str, str] | None = None) -> Splits:
    """Returns `splits` unchanged if every label of dev and test has a row in train and train has two classes or more.

    Every row needs a text and a label, both strings.

    Args:
        splits: the tables.
        names: what to call each split in a message, such as its file.

    Raises:
        ValueError: otherwise; the message names the split, the row and the label.
    """
    names = {split: split for split in Splits._fields} | (names or {})
    for split, table in splits._asdict().items():
        if split == "train" or table is not None:
            check_table(names[split], table)
    known = set(splits.train["label"])
    if len(known) < 2:
        raise ValueError(f"{names['train']}: expected at least two classes, got {excerpt(sorted(known))}")
    _check_one_label_each(names["train"], splits.train["label"])
    for split in ("dev", "test"):
        table = getattr(splits, split)
        for row, label in enumerate(() if table is None else table["label"], start=1):
            if label not in known:
                has = excerpt(sorted(known), most=300) if len(known) < 20 else short(sorted(map(repr, known)))
                what = f"label {excerpt(label)} has no row in train, which has {has}"
                raise ValueError(f"{names[split]}: row {row}: {what}")
        if table is not None:
            _tell_absent(names, splits.train["label"], split, table["label"])
    return splits


def _tell_absent(names: dict[str, str], train: "pd.Series", split: str, labels: "pd.Series"):
    """Warns of classes of train that dev or test lacks, though ten rows or more would be expected there."""
    expected = train.value_counts() * (len(labels) / len(train))
    if absent := sorted(set(expected.index[expected >= 10]) - set(labels)):
        rows = f"{(train == absent[0]).sum():,} rows of {names['train']}"
        others = f" (so have {len(absent) - 1} other classes)" * (len(absent) > 1)
        warn(f"{names[split]}: no row has the label {excerpt(absent[0])}, which {rows} have{others}; is it a class?")


def _check_one_label_each(name: str, labels: "pd.Series") -> None:
    """Raises `ValueError` where a label is several others with `|`, `;` or a comma between them.

    All its parts stand in other labels too, and one of them alone or at another place: `news|sport`, `news|stocks` are
    classes and kinds of them.
    """
    known = labels.unique()  # in the order of the rows
    for joint in JOINTS:
        parts = {label: [part.strip() for part in label.split(joint)] for label in known}
        used = Counter(part for own in parts.values() for part in set(own))
        places = {(part, place if len(own) > 1 else None) for own in parts.values() for place, part in enumerate(own)}
        num_places = Counter(part for part, _ in places)
        for label, own in parts.items():
            if len(own) > 1 and all(used[part] > 1 for part in own) and any(num_places[part] > 1 for part in own):
                raise ValueError(
                    f"{name}: row {1 + list(labels).index(label)}: {excerpt(label)} seems to be several labels, and a "
                    f"text has one class here: keep one label in each row, or train a model for each label (yes or "
                    f"no); if it is one class, write it without {joint!r}"
                )


def split_table(
    table: "pd.DataFrame", *, dev: float = 0.15, test: float = 0.15, seed: int = 0, copies_together: bool = False
) -> Splits:
    """Returns train, dev and test tables drawn from one table, each class in the same proportion.

    Args:
        table: columns `text` and `label`.
        dev: the share of dev, above 0 and below 1.
        test: the share of test, 0 for none.
        seed: decides the draw.
        copies_together: whether rows of the same text (in letters and digits, without case and width) stay on one side;
            then the shares are shares of different texts.

    Raises:
        ValueError: a row lacks a text or a label, the shares leave no train, there is one class alone, or a class has
            too few rows (texts, where copies stay together) to stand in every split.

    Warns:
        UserWarning: texts of dev or test stand in train too.
    """
    name = table.attrs.get("path", "table") if is_table(table) else "table"
    if is_table(table) and hasattr(table.get("label"), "cat"):  # classes without a row, of a table that was filtered
        table = table.assign(label=table["label"].cat.remove_unused_categories())
    if not copies_together:
        splits = _drawn(table, name, dev, test, seed)
        tell_copies(splits, advice="copies_together (--copies-together) keeps them on one side")
        return splits
    check_table(name, table)
    keys = table["text"].map(bare_text)
    firsts = table.assign(key=keys).drop_duplicates("key")
    parts = [
        None
        if part is None
        else table[keys.isin(set(part["key"]))].sample(frac=1, random_state=seed).reset_index(drop=True)
        for part in _drawn(firsts, name, dev, test, seed)
    ]
    return check_splits(Splits(*parts))


def tell_copies(splits: Splits, *, advice: str, names: dict[str, str] | None = None) -> None:
    """Warns if texts of dev or test stand in train too, in letters and digits: scores on them say too much.

    Args:
        splits: the tables.
        advice: what to do, the end of the message.
        names: what to call each split, such as its file.
    """
    known, names = set(splits.train["text"].map(bare_text)), names or {}
    for split in ("dev", "test"):
        table, name = getattr(splits, split), names.get(split, split)
        if table is not None and (number := table["text"].map(bare_text).isin(known).sum()):
            copies = f"{number:,} of the {len(table):,} texts of {name} have a copy in {names.get('train', 'train')}"
            warn(f"{copies}, so scores on {name} promise too much; {advice}")


def bare_text(text: str) -> str:
    """Returns `text` in NFKC and lower case, letters and digits alone (all of it if it has none), to find copies."""
    normal = unicodedata.normalize("NFKC", text).lower()
    return normal if normal.isalnum() else "".join(char for char in normal if char.isalnum()) or normal


def _drawn(table: "pd.DataFrame", name: str, dev: float, test: float, seed: int) -> Splits:
    import pandas as pd

    _check_drawable(table, name, dev=dev, test=test, seed=seed)
    # A class that its shares would leave without a row in some split is drawn apart, one row at least for each.
    counts = table["label"].value_counts()
    is_small = table["label"].map(counts) * min(dev, test or dev) < 2
    pieces = [_draw_shares(rows, dev, test, seed) for _, rows in table[is_small].groupby("label")]
    if not is_small.all():
        pieces.append(_draw_stratified(table[~is_small], dev, test, seed))
    parts = [pd.concat(parts) for parts in zip(*pieces, strict=True)]
    if is_small.any():
        parts = [part.sample(frac=1, random_state=seed) for part in parts]
    parts = [part.reset_index(drop=True) for part in parts]
    for part in parts:
        part.attrs = dict(table.attrs)
    return Splits(*parts) if test else Splits(*parts, None)


def _check_drawable(table: "pd.DataFrame", name: str, *, dev: float, test: float, seed: int) -> None:
    check_table(name, table)
    check_number("dev", dev, "a share above 0 and below 1", lambda share: 0 < share < 1)
    check_number("test", test, "a share from 0 to below 1", lambda share: 0 <= share < 1)
    check_seed(seed)
    if dev + test >= 1:
        raise ValueError(f"dev, test: expected shares that leave some for train, got {dev} and {test}")
    _check_one_label_each(name, table["label"])
    num_splits = 3 if test else 2
    counts = table["label"].value_counts()
    if len(counts) < 2:
        raise ValueError(f"{name}: expected at least two classes, got {excerpt(list(counts.index))}")
    if counts.min() < num_splits:
        least = f"label {excerpt(counts.idxmin())} has {counts.min()} row(s)"
        raise ValueError(f"{name}: {least}; {num_splits} are needed to stand in every split")


def _draw_stratified(table: "pd.DataFrame", dev: float, test: float, seed: int) -> "list[pd.DataFrame]":
    """Returns the rows of large classes for train, dev and, unless its share is 0, test."""
    require("datasets.split_table", "sklearn")
    from sklearn.model_selection import train_test_split  # takes three quarters of the time to import `datasets`

    num_held = round(len(table) * (dev + test))
    train, held = train_test_split(table, test_size=num_held, random_state=seed, stratify=table["label"])
    if not test:
        return [train, held]
    test_share = test / (dev + test)
    return [train, *train_test_split(held, test_size=test_share, random_state=seed, stratify=held["label"])]


def _draw_shares(rows: "pd.DataFrame", dev: float, test: float, seed: int) -> "list[pd.DataFrame]":
    """Returns the rows of one class for train, dev and, unless its share is 0, test: one row at least for each."""
    rows = rows.sample(frac=1, random_state=seed)
    num_test = min(max(1, round(len(rows) * test)), len(rows) - 2) if test else 0
    num_dev = min(max(1, round(len(rows) * dev)), len(rows) - num_test - 1)
    parts = [rows[num_dev + num_test :], rows[:num_dev], rows[num_dev : num_dev + num_test]]
    return parts if test else parts[:2]
