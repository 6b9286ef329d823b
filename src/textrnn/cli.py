"""The `textrnn` command: predict, evaluate, train, look inside; thin over the package.

Exit codes: 0 fine, 1 what the user must change (one line on stderr), 2 a wrong call, 130 stopped by Ctrl-C. TensorFlow
and pandas take seconds to import, so each command imports what it needs when it runs.
"""

import codecs
import contextlib
import io
import itertools
import json
import os
import re
import select
import shutil
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from textrnn import cards

CHUNK_TEXTS = 8192  # predicted at a time
CHUNK_BYTES = 2**20  # of a pipe, read at a time at most
FORMATS = {".txt": "table", ".tsv": "tsv", ".jsonl": "jsonl"}  # by the name of the file to write
STOPPED = 130  # as of a program that SIGINT ended
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")  # would break a row, or speak to the terminal

SETS = {
    "headlines": "6,500 headlines in 10 classes (CC0), part of the kit",
    "thucnews": "Sina News titles of 2005-2011 in the same classes (research use): textrnn data fetch thucnews",
    "sogou": "titles of a SogouCS/SogouCA file of your own: --data-dir",
    "atis": "slot filling, files of your own: --data-dir, for textrnn.datasets.load",
}


# --- what all commands share ------------------------------------------------------------------------------------------


class _Commands(click.Group):
    """Commands that speak UTF-8 whatever the locale, and whose errors and warnings are one line on stderr."""

    def main(self, *args, **kwargs):
        for stream in filter(None, (sys.stdout, sys.stderr)):
            stream.reconfigure(encoding="utf-8")
        return super().main(*args, **kwargs)

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)  # as they stand below

    def invoke(self, ctx: click.Context) -> Any:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: click.echo(f"Warning: {_flat(str(message))}", err=True)
            try:
                return super().invoke(ctx)
            except BrokenPipeError:  # `| head` has seen enough
                with contextlib.suppress(io.UnsupportedOperation):
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more
                ctx.exit(0)
            except KeyboardInterrupt:
                click.echo("Stopped.", err=True)
                ctx.exit(STOPPED)
            except (ValueError, OSError, FloatingPointError) as error:
                raise click.ClickException(_flat(str(error))) from error


def _flat(text: str) -> str:
    """Returns `text` in one line, without what a terminal would obey."""
    return CONTROLS.sub(" ", text)


def _columns(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = True) -> str:
    """Returns a table aligned by the width that characters have in a terminal; numbers, after the first, on the right.

    Args:
        header: a name for each column.
        rows: texts.
        numbers: whether all but the first column hold numbers.
    """
    from wcwidth import ljust, rjust, width

    lines = [[*map(_flat, line)] for line in (header, *rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    rest = rjust if numbers else ljust
    return "\n".join(
        "  ".join([ljust(line[0], widths[0]), *map(rest, line[1:], widths[1:])]).rstrip() for line in lines
    )


def _interval(scores: dict[str, float]) -> str:
    return "{accuracy:.4f} [{low:.4f}, {high:.4f}]".format(**scores)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside `path` to write to; what is there takes the place of `path` if all went well, else goes."""
    path = path.resolve()  # a link stays, and what it leads to is replaced
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path  # a named pipe, /dev/null
        return
    beside = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        if path.is_dir():
            raise IsADirectoryError(f"{path}: expected a file to write, got a folder")
        try:
            beside.touch()
        except OSError as error:
            raise OSError(f"{path}: cannot be written: {error.strerror}") from None
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _encoding(_ctx: click.Context, _param: click.Parameter, name: str | None) -> str | None:
    try:
        "".encode(name or "utf-8")  # refuses codecs that are not for text
    except LookupError as error:
        raise click.BadParameter(f"{error}; gb18030, say") from None
    return name


def _options(*options: Callable) -> Callable:
    """Returns a decorator that adds `options` in their order."""

    def add(command):
        for option in reversed(options):
            command = option(command)
        return command

    return add


_of_loading = _options(
    click.option("--sha256", metavar="HASH", help="Refuse any model but that of this fingerprint (textrnn card)."),
    click.option("--trust", is_flag=True, help="Load whatever the model holds. It is a program: know who made it."),
)
_of_answers = _options(
    click.option(
        "--runtime",
        type=click.Choice(["tensorflow", "numpy"]),
        default="tensorflow",
        show_default=True,
        help="Who computes: the saved graph, or NumPy with the same weights, which is faster.",
    ),
    click.option(
        "--long-text",
        type=click.Choice(["windows", "head"]),
        default="windows",
        show_default=True,
        help="Of a text longer than the model reads at a time: all of it, in windows, or its head alone.",
    ),
    _of_loading,
)
_of_table = _options(
    click.option("--encoding", metavar="NAME", callback=_encoding, help="Of the file; found unless given."),
    click.option("--text-column", metavar="NAME", default="text", show_default=True, help="Where a table has texts."),
)
_label_column = click.option(
    "--label-column", metavar="NAME", default="label", show_default=True, help="Where a table has labels."
)


def _import_tensorflow():
    """Imports TensorFlow without what it then says about the machine, which no setting silences."""
    if "tensorflow" in sys.modules:
        return
    stderr, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nothing)


def _load(model: str, **options):
    _import_tensorflow()
    from textrnn import saving

    return saving.load_classifier(model, **options)


def _answers(classifier, chunks: Iterable[list[str]], *, total: int | None, hidden: bool = False, **options):
    """Yields the table of `predict` for each chunk; a bar runs on stderr, if that is a terminal and it takes long."""
    from tqdm import tqdm

    with tqdm(total=total, unit=" texts", unit_scale=True, delay=1, disable=hidden or None) as bar:
        for texts in chunks:
            table = classifier.predict(texts, **options)
            bar.update(len(table))
            yield table


def _in_chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    texts = iter(texts)
    return iter(lambda: list(itertools.islice(texts, CHUNK_TEXTS)), [])


def _examples(*lines: str) -> str:
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_examples(
        "textrnn card models/headlines-textrnn",
        "textrnn predict models/headlines-textrnn 国足客场一球小胜",
        "textrnn train datasets/headlines/train.tsv --out models/mine",
    ),
)
@click.version_option(package_name="textrnn")
def main():
    """Files short texts into classes with a saved LSTM network (TextRNN): predict, evaluate, train, look inside.

    Each command tells more: textrnn predict --help. Exit codes: 0 fine, 1 something to change in what you gave (one
    line on stderr says what), 2 a wrong call, 130 stopped by Ctrl-C.
    """


# --- predict ----------------------------------------------------------------------------------------------------------


@main.command(
    epilog=_examples(
        "textrnn predict models/headlines-textrnn 国足客场一球小胜 央行宣布下调存款准备金率",
        "textrnn predict models/headlines-textrnn --file datasets/headlines/dev.tsv --out answers.tsv",
        "head -3 datasets/headlines/dev.tsv | cut -f2 | textrnn predict models/headlines-textrnn --format jsonl",
    )
)
@click.argument("model")
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--file", "-f", metavar="FILE", help="A text on each line; or a table: .tsv, .csv. - is a pipe.")
@click.option("--out", "-o", metavar="FILE", help="Write there, all or nothing, instead of to the screen.")
@click.option(
    "--format",
    "style",
    type=click.Choice(list(FORMATS.values())),
    help="By default by the name of --out; else a table on a terminal, TSV elsewhere.",
)
@click.option("--min-score", type=click.FloatRange(0, 1), default=0.0, help="Below it the label is `unknown`.")
@_of_answers
@_of_table
def predict(model, texts, file, out, style, min_score, encoding, text_column, long_text, **options):
    """Says the class of each text, and how sure the model is (0 to 1).

    Texts are arguments, or the lines of a file or a pipe. A table has its texts in the column `text`; without a header
    a row is `label<TAB>text` or a text alone. TSV has the header label, score, text, and spaces for tabs and line
    breaks inside a text; JSON lines keep them. Answers come as they are ready, in the order of the texts.
    """
    if bool(texts) and bool(file):
        raise click.UsageError("give texts or --file, not both")
    piped = file == "-" or not (texts or file)
    if piped and not file and sys.stdin.isatty():
        raise click.UsageError("nothing to predict: give a TEXT, --file FILE, or a pipe")
    if out and not style and Path(out).suffix not in FORMATS:
        raise click.UsageError(f"--out: expected a name that ends in {', '.join(FORMATS)}, or a --format; got {out}")
    to_screen = not out and sys.stdout.isatty()
    style = style or (FORMATS[Path(out).suffix] if out else "table" if to_screen else "tsv")
    cards.read_card(model)
    total = len(texts) or None
    if texts:
        chunks = _in_chunks(texts)
    elif piped:
        chunks = _piped(encoding)
    else:
        from textrnn import datasets

        chunks = _in_chunks(datasets.read_texts(file, encoding=encoding, text_column=text_column))
    chunks = itertools.chain([next(chunks)], chunks)  # a file that cannot be read shows before the model is loaded
    if file and sys.stderr.isatty() and Path(file).is_file():
        total = _count_lines(file)
    with contextlib.ExitStack() as stack:
        write = _writer(stack, out)
        classifier = _load(model, **options)
        tables = _answers(classifier, chunks, total=total, hidden=to_screen, min_score=min_score, long_text=long_text)
        stack.callback(tables.close)  # so that the bar is gone before anything else is said
        columns = shutil.get_terminal_size().columns if to_screen else None
        for block in _blocks(tables, style, label_names=classifier.label_names, columns=columns):
            write(block)


def _writer(stack: contextlib.ExitStack, out: str | None) -> Callable[[str], Any]:
    """Returns a function that writes to stdout at once, or to the file that `out` will be when `stack` is left."""
    if out:
        beside = stack.enter_context(_replacing(Path(out)))
        return stack.enter_context(beside.open("w", encoding="utf-8", newline="\n")).write
    return lambda block: (sys.stdout.write(block), sys.stdout.flush())


def _blocks(tables: Iterable, style: str, *, label_names: list[str], columns: int | None) -> Iterator[str]:
    """Yields the lines of each table in a style, cut to `columns` of the terminal if given."""
    from wcwidth import clip, ljust, width

    label_width = max(map(width, (*map(_flat, label_names), "unknown")))

    def line(text, label, score):
        if style == "jsonl":
            return json.dumps({"text": text, "label": label, "score": round(float(score), 6)}, ensure_ascii=False)
        label, text = _flat(label), _flat(text)
        if style == "tsv":
            return f"{label}\t{score:.4f}\t{text}"
        row = f"{ljust(label, label_width)}  {score:.3f}  {text}"
        return row if columns is None or width(row) <= columns else clip(row, 0, columns - 1).rstrip() + "…"

    head = {"tsv": "label\tscore\ttext\n", "table": f"{'label':{label_width}}  score  text\n", "jsonl": ""}[style]
    for table in tables:
        rows = zip(table["text"], table["label"], table["score"], strict=True)
        yield head + "".join(line(*row) + "\n" for row in rows)
        head = ""


def _count_lines(path: str) -> int:
    with Path(path).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(CHUNK_BYTES), b""))


def _wait_for_input():
    """Returns when standard input has something to read, or has ended.

    A Ctrl-C that arrives in the instant before a read blocks is not seen until the read has got something, which may be
    never. Here it is seen within a second. (Windows cannot wait for a pipe in this way, and reads at once.)
    """
    with contextlib.suppress(io.UnsupportedOperation):  # no file, but a stand-in of a program that calls this one
        while os.name == "posix" and not select.select([sys.stdin.buffer], [], [], 1.0)[0]:
            pass


def _piped(encoding: str | None) -> Iterator[list[str]]:
    """Yields the lines of standard input as they come: of a slow pipe one by one, of a fast one many at a time."""
    from textrnn.checks import has_visible

    encoding = encoding or "utf-8-sig"
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    number, rest, data = 0, "", None
    while data != b"":
        _wait_for_input()
        data = sys.stdin.buffer.read1(CHUNK_BYTES)
        try:
            *lines, rest = (rest + decoder.decode(data, final=not data)).split("\n")
        except UnicodeError as error:
            raise ValueError(
                f"standard input: after line {number}: expected {encoding.removesuffix('-sig')} ({error}); say what it "
                "is with --encoding, gb18030 for many Chinese files"
            ) from None
        lines += [rest] if rest and not data else []
        texts = [line.strip() for line in lines]
        for text in texts:
            number += 1
            if not has_visible(text):
                raise ValueError(f"standard input: line {number}: expected a text, got none")
        if texts:
            yield texts
    if not number:
        raise ValueError("standard input: expected a text on each line, got none")


# --- evaluate and train -----------------------------------------------------------------------------------------------


@main.command(
    epilog=_examples(
        "textrnn evaluate models/headlines-textrnn datasets/headlines/test.tsv",
        "textrnn evaluate models/headlines-textrnn datasets/headlines/test.tsv --json",
    )
)
@click.argument("model")
@click.argument("file")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@_of_answers
@_of_table
@_label_column
def evaluate(model, file, encoding, text_column, label_column, as_json, long_text, **options):
    """Scores a model on labelled texts, class by class.

    Printed are accuracy with its 95 % interval, calibration error, and precision, recall and F1 of each class. FILE is
    a TSV or CSV: `label<TAB>text`, or with a header that names both columns. The calibration error is how far the
    scores are from the share of right answers, 0 at best.
    """
    from textrnn import datasets, metrics

    cards.read_card(model)
    table = datasets.read_table(file, encoding=encoding, text_column=text_column, label_column=label_column)
    classifier = _load(model, **options)
    from textrnn import training

    training.label_ids(table["label"], classifier.label_names, name=file)  # refuses labels that the model lacks
    predicted, scores = [], []
    tables = _answers(classifier, _in_chunks(table["text"]), total=len(table), long_text=long_text)
    with contextlib.closing(tables):
        for answers in tables:
            predicted += list(answers["label"])
            scores += list(answers["score"])
    overall = metrics.accuracy(table["label"], predicted)
    overall["calibration_error"] = metrics.calibration_error(table["label"], predicted, scores)
    report = metrics.report(table["label"], predicted)
    if as_json:
        click.echo(json.dumps(overall | {"classes": report.to_dict(orient="index")}, ensure_ascii=False))
        return
    click.echo(f"accuracy {_interval(overall)} of {len(table):,} rows, calibration error ", nl=False)
    click.echo(f"{overall['calibration_error']:.4f}\n")
    rows = ([name, *(f"{score:.3f}" for score in row[:3]), f"{row[3]:,}"] for name, *row in report.itertuples())
    click.echo(_columns(["class", "precision", "recall", "F1", "rows"], rows))


@main.command(
    epilog=_examples(
        "textrnn train datasets/headlines/train.tsv --dev datasets/headlines/dev.tsv --out models/mine",
        "textrnn predict models/mine 国足客场一球小胜",
    )
)
@click.argument("file")
@click.option(
    "--out", "-o", metavar="FOLDER", required=True, help="Where the model goes, whole; an older one there is replaced."
)
@click.option("--dev", metavar="FILE", help="Choose the best epoch and score on this; else on 15 % of FILE.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="The same seed, the same model.")
@click.option("--resume", metavar="FOLDER", help="Keep checkpoints here; the same command goes on from the newest.")
@click.option("--licence", default="see the licence of the training data", help="For the card of the model.")
@click.option("--limits", default="short texts like those it was trained on", help="For the card of the model.")
@_of_table
@_label_column
def train(file, out, dev, seed, resume, licence, limits, **columns):
    """Trains a network on labelled texts and saves it.

    It is the recommended one; simple baselines are printed beside it, that you may see whether it is worth its time.
    FILE is a TSV or CSV: `label<TAB>text`, or with a header that names both columns. 4,550 headlines take a minute or
    two on a laptop. Ctrl-C leaves nothing behind but the checkpoints, if you asked for them.
    """
    from textrnn import datasets, metrics

    folder = Path(out)
    _check_model_folder(folder)
    table = datasets.read_table(file, **columns)
    if dev:
        splits = datasets.check_splits(
            datasets.Splits(table, datasets.read_table(dev, **columns), None), names={"train": file, "dev": dev}
        )
    else:
        splits = datasets.split_table(table, test=0, seed=seed)
    true = splits.dev["label"]
    click.echo(f"{len(splits.train):,} rows to train on; accuracy on {len(true):,} others, with its 95 % interval:")

    def score(name, predicted, seconds):
        scores = metrics.accuracy(true, predicted)
        click.echo(f"{name:12}{_interval(scores)}  {seconds:.0f} s")
        return scores

    for name, fit in (("majority", metrics.fit_majority), ("linear SVM", metrics.fit_linear)):
        start = time.perf_counter()
        score(name, fit(splits.train).predict(splits.dev["text"]), time.perf_counter() - start)
    _import_tensorflow()
    from textrnn import saving, training

    try:
        model, history = training.train_textrnn(
            splits.train, splits.dev, seed=seed, resume=resume, progress=sys.stderr.isatty()
        )
    except KeyboardInterrupt:
        if resume:
            click.echo("The same command goes on from here.", err=True)
        raise
    network = saving.NumpyNetwork(model)  # reads long texts as a user of the saved model will have them read
    probs = network.predict_probs(list(splits.dev["text"]))
    predicted = metrics.predicted_labels(probs, network.label_names)
    scores = score("TextRNN", predicted, history.attrs["seconds"])
    scores["calibration_error"] = metrics.calibration_error(true, predicted, probs.max(axis=1))
    card = {
        "trained_on": datasets.describe(file, splits),
        "seed": seed,
        "settings": {**training.recipe(len(splits.train))._asdict(), **training.SETTINGS},
        "metrics": {"dev": scores},
        "training_seconds": round(history.attrs["seconds"]),
        "licence": licence,
        "limits": limits,
    }
    saving.save_classifier(model, folder, card=card)
    click.echo(f"saved: {folder}, after epoch {history.attrs['best_epoch']}, the best of {len(history)}")


def _check_model_folder(folder: Path):
    """Raises what saving would raise at the end, before a training that takes minutes."""
    is_model = (folder / "saved_model.pb").is_file()
    if folder.exists() and not is_model and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: expected no folder or a saved model to replace, found other files in it")
    above = next(parent for parent in folder.resolve().parents if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise PermissionError(f"{folder}: cannot be written: {above} is no folder that you may write to")


# --- data -------------------------------------------------------------------------------------------------------------


@main.group(epilog=_examples("textrnn data list", "textrnn data audit headlines"))
def data():
    """Lists, downloads and audits sets of labelled texts."""


@data.command("list", epilog=_examples("textrnn data list"))
def list_sets():
    """Lists the named sets."""
    from textrnn import datasets

    folder = datasets.cache_folder() / "thucnews"
    here = {"headlines": "yes", "thucnews": "no"}
    if all((folder / name).is_file() for name in datasets.THUCNEWS_BLOBS):
        here["thucnews"] = str(folder)
    rows = ([name, here.get(name, "-"), what] for name, what in SETS.items())
    click.echo(_columns(["set", "here", "what"], rows, numbers=False))


@data.command(epilog=_examples("textrnn data fetch thucnews"))
@click.argument("name", type=click.Choice(["thucnews"]))
@click.option("--to", metavar="FOLDER", help="The cache folder unless given; TEXTRNN_CACHE moves that.")
@click.option("--address", metavar="URL", help="Of a mirror, up to and with the last slash.")
def fetch(name, to, address):
    """Downloads the public files of a set and checks them.

    Printed is the folder where they are. Files that are there and whole are not fetched again; an interrupted download
    leaves nothing behind.
    """
    from textrnn import datasets

    options = {"address": address} if address else {}
    click.echo(datasets.fetch_thucnews(to, progressbar=sys.stderr.isatty(), **options))


@data.command(
    epilog=_examples(
        "textrnn data audit headlines", "textrnn data audit datasets/headlines/train.tsv datasets/headlines/test.tsv"
    )
)
@click.argument("what", nargs=-1, required=True, metavar="SET|FILE...")
@click.option("--data-dir", metavar="PATH", help="Where the files of a named set are.")
@_of_table
@_label_column
def audit(what, data_dir, encoding, **columns):
    """Counts copies, conflicts, lengths and unknown characters.

    A set or a folder is audited split by split. Of several files each has its column, and texts that stand in more
    than one are counted; the first one is taken for train.
    """
    from textrnn import datasets

    if len(what) == 1 and not Path(what[0]).is_file():
        tables = datasets.load(what[0], data_dir=data_dir, encoding=encoding)
    else:
        alike = len({Path(name).name for name in what}) < len(what)
        tables = {
            name if alike else Path(name).name: datasets.read_table(name, encoding=encoding, **columns) for name in what
        }
    found = datasets.audit(tables).astype(object)
    rows = found.map(lambda value: "" if value != value else f"{value:,}").itertuples()  # NaN: a split beside itself
    click.echo(_columns(["", *found.columns], rows))


# --- look inside ------------------------------------------------------------------------------------------------------


@main.command(epilog=_examples("textrnn trace models/headlines-textrnn 国足客场一球小胜 --out gates.png"))
@click.argument("model")
@click.argument("text")
@click.option("--out", "-o", metavar="FILE", required=True, help="The picture: .png, .svg or .pdf.")
@click.option("--lstm", metavar="NAME", help="Which LSTM; all unless given.")
@click.option(
    "--unit",
    "units",
    type=click.IntRange(0),
    multiple=True,
    metavar="NUMBER",
    help="Which unit, may be repeated; those whose memory moves most unless given.",
)
@click.option("--num-units", type=click.IntRange(1), default=8, show_default=True, help="How many of these.")
@_of_loading
def trace(model, text, out, lstm, units, num_units, **options):
    """Draws the gates and the memory of a model reading a text.

    Printed is which characters decide: gradient and left_out say, in two ways, how much a character speaks for the
    class (above 0) or against it.
    """
    if Path(out).suffix not in (".png", ".svg", ".pdf"):
        raise click.UsageError(f"--out: expected a name that ends in .png, .svg or .pdf, got {out}")
    cards.read_card(model)
    with _replacing(Path(out)) as beside:
        _import_tensorflow()
        from matplotlib.figure import Figure

        from textrnn import fonts, networks, plots, saving, tracing

        network = saving.load_network(model, **options)
        encoder = networks.text_encoder(network)
        if (length := len(encoder.split(text))) > encoder.max_length:
            click.echo(f"Warning: traced are the first {encoder.max_length} of {length} characters", err=True)
        (traces,) = tracing.trace_lstm(network, text)
        if lstm:
            if lstm not in traces:
                raise ValueError(f"--lstm: expected one of {', '.join(traces)}, got {lstm!r}")
            traces = {lstm: traces[lstm]}
        saliency = tracing.saliency(network, text)
        kinds = ("input_gate", "forget_gate", "output_gate", "cell")
        size = (len(traces) * (2 + 0.3 * len(saliency)), len(kinds) * (1 + 0.2 * (len(units) or num_units)))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots(len(kinds), len(traces), squeeze=False)
        for column, (name, one) in zip(axes.T, traces.items(), strict=True):
            if units and max(units) >= one.cell.shape[1]:
                raise ValueError(f"--unit: expected 0 to {one.cell.shape[1] - 1}, got {max(units)}")
            for kind, ax in zip(kinds, column, strict=True):
                plots.plot_gates(one, ax, kind=kind, units=units or None, num_units=num_units)
            column[0].set_title(f"{name}\n{column[0].get_title()}")
        answer = "{label} {score:.3f}".format(**saliency.attrs)
        figure.suptitle(*fonts.readable([answer]), **fonts.as_written())
        figure.savefig(beside, dpi=150)
    click.echo(f"{answer}\n")
    rows = ([one.character, f"{one.gradient:+.3f}", f"{one.left_out:+.3f}"] for one in saliency.itertuples())
    click.echo(_columns(list(saliency.columns), rows))


@main.command(epilog=_examples("textrnn card models/headlines-textrnn"))
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="The card as it is, one JSON object.")
def card(model, as_json):
    """Shows what a model was trained on, how it scores, its limits.

    The fingerprint stands for the model with all its files: --sha256 of other commands refuses any other.
    """
    found = cards.read_card(model)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    items = [*_items(found), ("fingerprint", cards.fingerprint(model))]
    longest = max(len(name) for name, _ in items)
    for name, value in items:
        click.echo(f"{_flat(name):{longest}}  {_flat(value)}")


def _items(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yields the names and values of a card, those inside others with both names; hashes of files are left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "files":
                yield from _items(inner, f"{name}.{key}" if name else key)
    else:
        value = value if isinstance(value, list) else [value]
        yield name, ", ".join(f"{one:.4g}" if isinstance(one, float) else str(one) for one in value)


@main.command(epilog=_examples("textrnn demo models/headlines-textrnn models/thucnews-textrnn"))
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@click.option("--browser/--no-browser", default=True, help="Whether to open the page.")
def demo(models, port, browser):
    """Opens a page in the browser to look inside a model.

    Type a headline, see the classes, the gates, the memory and which characters decide.

    The page is served on this computer alone and asks no other for anything. Ctrl-C ends it.
    """
    for model in models:
        cards.read_card(model)
    _import_tensorflow()
    from textrnn import demo as page

    try:
        page.serve([*models], port=port, open_browser=browser)
    except ModuleNotFoundError:
        raise
    except ImportError as error:  # the extra is not installed; the message says how
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
