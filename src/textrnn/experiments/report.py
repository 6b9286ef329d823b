"""A report to show someone: what a model does on a table, as one HTML file that loads nothing and runs nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from textrnn import metrics, plots
from textrnn.experiments import pictures
from textrnn.experiments.compare import BAR_DELAY
from textrnn.experiments.findings import Findings, baselines_of, copies_of, deciding_characters
from textrnn.experiments.html import Element, element, page, picture, table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CLASSES = 40  # of which a confusion can be read
NUM_ROWS = 15
STYLE = """
:root { color-scheme: light; font-family: system-ui, "Noto Sans SC", "Microsoft YaHei", sans-serif; line-height: 1.5; }
body { margin: 0; background: #fff; color: #1a1a1a; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; }
img { max-width: 100%; height: auto; display: block; }
table { border-collapse: collapse; font-size: 0.9rem; } th, td { padding: 0.2rem 0.7rem 0.2rem 0; text-align: left; }
th { border-bottom: 1px solid #666; } td { border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
div.wide { overflow-x: auto; } .note { color: #444; } .warning { border-left: 4px solid #b35c00; padding-left: 0.7rem; }
td > bdi { unicode-bidi: isolate; } .characters span { padding: 0 0.05em; }
@media print { h2 { break-after: avoid; } img, tr { break-inside: avoid; } }
"""


def build_report(found: Findings, *, name: str, file: str, progress: bool = False) -> str:
    """Returns the whole page.

    Args:
        found: from `find_out`.
        name: of the model.
        file: of the table.
        progress: whether a bar runs if it takes long.
    """
    title = f"{name} on {file}"
    body = [element("h1", title)]
    if found.warning:
        body.append(element("p", found.warning, class_="warning"))
    sections = (_scores, _data, _training, _classes, _confusion, _calibration, _mistakes, _labels, _copies)
    for section in tqdm(sections, unit=" parts", delay=BAR_DELAY, disable=not progress):
        body += section(found)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    body.append(element("p", f"Made by textrnn report, {made}. This file loads nothing from elsewhere.", class_="note"))
    return page(title, STYLE, body)


def _drawn(draw: Callable[["Axes"], Any], about: str, *, size: tuple[float, float] = (7, 3.5)) -> Element:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    draw(figure.subplots())
    return picture(figure, about)


def _scores(found: Findings) -> list[Element]:
    true, predicted = found.answers["label"], found.answers["predicted"]
    own = metrics.accuracy(true, predicted)
    rows = [(name, *_interval(scores), _test(test)) for name, scores, test in baselines_of(found)]
    rows.append((element("b", "the model"), *_interval(own), ""))
    macro = metrics.report(true, predicted).loc["macro", "f1"]
    error = metrics.calibration_error(true, predicted, found.answers["score"])
    note = "Baselines were fitted on the model's training data, which was found."
    if found.train is None:
        note = "No baselines: beside the file there is no training data of the model that the table does not hold too."
    return [
        element("h2", "Score"),
        element("p", f"Macro F1 {macro:.4f}, calibration error {error:.4f}, on {len(true):,} rows. {note}"),
        table(["classifier", "accuracy", "95 % from", "to", "against the model (McNemar)"], rows),
    ]


def _interval(scores: dict[str, float]) -> tuple[float, float, float]:
    return scores["accuracy"], scores["low"], scores["high"]


def _test(test: dict[str, float]) -> str:
    what = "{only_first} rows right here alone, {only_second} in the model alone, p = {p:.2g}"
    return what.format(**test)


def _data(found: Findings) -> list[Element]:
    num_classes, length = found.table["label"].nunique(), found.classifier.card.get("max_length")
    counts = _drawn(
        lambda ax: plots.plot_class_counts(found.table, ax),
        "rows of each class",
        size=(7, 1 + 0.25 * num_classes),
    )
    lengths = _drawn(lambda ax: plots.plot_lengths(found.table["text"], ax, max_length=length), "lengths of the texts")
    return [element("h2", "Data"), counts, lengths]


def _training(found: Findings) -> list[Element]:
    card = found.classifier.card
    about = card.get("trained_on") if isinstance(card.get("trained_on"), dict) else {}
    facts = {
        "trained on": about.get("name", "not said"),
        "rows": ", ".join(f"{split} {rows:,}" for split, rows in about.get("rows", {}).items()),
        "seconds": card.get("training_seconds"),
        "seed": card.get("seed"),
        "licence": card.get("licence"),
        "limits": card.get("limits"),
    }
    rows = [(name, str(value)) for name, value in facts.items()]
    parts = [element("h2", "Training"), table(["of the model", "as its card says"], rows)]
    history = found.run.history() if found.run else None
    if history is not None and len(history):
        parts.append(
            _drawn(
                lambda ax: plots.plot_learning_curves(history, ax),
                "losses and accuracy of each epoch, before linear cells",
            )
        )
    else:
        parts.append(element("p", "No curve: the model does not lie in the folder of a run.", class_="note"))
    return parts


def _classes(found: Findings) -> list[Element]:
    true, predicted = found.answers["label"], found.answers["predicted"]
    report, intervals = metrics.report(true, predicted), metrics.f1_intervals(true, predicted)
    draw = lambda ax: plots.plot_class_scores(report, ax, intervals=intervals)  # noqa: E731
    rows = [(label, *map(float, row[:3]), int(row[3])) for label, *row in report.itertuples()]
    return [
        element("h2", "Each class"),
        _drawn(draw, "F1 of each class with its interval", size=(7, 1 + 0.25 * len(report))),
        table(["class", "precision", "recall", "F1", "rows"], rows),
    ]


def _confusion(found: Findings) -> list[Element]:
    counts = metrics.confusion_table(found.answers["label"], found.answers["predicted"])
    pairs = [
        (true, said, int(counts.loc[true, said]))
        for true in counts.index
        for said in counts.columns
        if true != said and counts.loc[true, said]
    ]
    pairs = sorted(pairs, key=lambda pair: -pair[2])[:NUM_ROWS]
    parts = [element("h2", "Confusion")]
    if len(counts) <= MOST_CLASSES:
        side = 2.5 + 0.35 * len(counts)
        parts.append(_drawn(lambda ax: plots.plot_confusion(counts, ax), "true by predicted class", size=(side, side)))
    return [*parts, table(["true class", "the model said", "rows"], pairs)]


def _calibration(found: Findings) -> list[Element]:
    right = (found.answers["label"] == found.answers["predicted"]).to_numpy()
    scores = found.answers["score"].to_numpy()
    curve = metrics.coverage_curve(found.answers["label"], found.answers["predicted"], scores)
    return [
        element("h2", "How sure it is"),
        element("p", "Above the line the model is right more often than it says, below less often."),
        _drawn(lambda ax: pictures.plot_reliability(scores, right, ax), "share of right answers by their score"),
        element("p", "What a least score costs and buys: how many texts still get an answer, and how many are right."),
        _drawn(lambda ax: plots.plot_coverage(curve, ax), "coverage and accuracy by the least score"),
    ]


def _mistakes(found: Findings) -> list[Element]:
    worst = metrics.worst_mistakes(found.table, found.probs, found.classifier.label_names, num=NUM_ROWS)
    rows = [
        (_characters(found, row.text, row.predicted), row.label, row.predicted, float(row.score))
        for row in worst.itertuples()
    ]
    return [
        element("h2", "Worst mistakes"),
        element(
            "p",
            "Wrong answers of which the model was most sure. Blue characters speak for its answer, orange ones against "
            "it: by how much the answer loses when they are left out.",
        ),
        table(["text", "label", "the model said", "score"], rows),
    ]


def _characters(found: Findings, text: str, label: str) -> Element:
    """Returns a text whose characters are coloured by what they say for an answer."""
    decided = deciding_characters(found.classifier.network, text, label)
    most = max((abs(value) for _, value in decided), default=0) or 1.0
    spans = []
    for character, value in decided:
        colour = "0, 114, 178" if value > 0 else "230, 159, 0"
        style = f"background: rgba({colour}, {min(1.0, abs(value) / most) * 0.6:.2f})"
        shown = "␣" if character == " " else character
        spans.append(element("span", shown, style=style, title=f"{value:+.2f}"))
    return element("bdi", *spans, class_="characters")


def _labels(found: Findings) -> list[Element]:
    suspected = metrics.likely_wrong_labels(found.table, found.probs, found.classifier.label_names, num=NUM_ROWS)
    rows = [
        (element("bdi", row.text), row.label, row.suggested, float(row.score), float(row.score_of_label))
        for row in suspected.itertuples()
    ]
    return [
        element("h2", "Likely wrong labels"),
        element("p", "By confident learning: look at them before you count them as mistakes of the model."),
        table(["text", "label", "perhaps", "score of that", "score of the label"], rows),
    ]


def _copies(found: Findings) -> list[Element]:
    counts, near = copies_of(found)
    rows = [
        (element("bdi", row.text), row.label, element("bdi", row.other_text), row.other_label, float(row.share))
        for row in near.itertuples()
    ]
    return [
        element("h2", "Copies"),
        table(["what", "rows"], list(counts.items())),
        element("p", "Texts that are nearly the same, nearest first:"),
        table(["text", "label", "another text", "its label", "likeness"], rows),
    ]
