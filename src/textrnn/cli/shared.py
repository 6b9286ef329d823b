"""What all commands share: errors in one line, tables, files replaced whole, options, a model loaded and asked."""

import contextlib
import io
import os
import stat
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from textrnn import cards, extras, locks
from textrnn.extras import MissingLibraryError, require
from textrnn.lines import flat
from textrnn.options import LONG_TEXT, ON_EMPTY, RUNTIMES

STOPPED = 130  # as of a program that SIGINT ended


class Commands(click.Group):
    """Commands that speak UTF-8 whatever the locale, and whose errors and warnings are one line on stderr."""

    def main(self, *args, **kwargs):
        """Runs the command with streams in UTF-8; those that are closed, as under cron, lead nowhere."""
        _open_closed_streams()
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # names of files may hold any bytes
        try:
            return super().main(*args, **kwargs)
        except OSError as error:  # of --help, which no command runs
            _let_go_of_stdout()
            click.echo(f"Error: standard output: {error.strerror}", err=True)
            sys.exit(1)
        finally:
            try:
                sys.stdout.flush()
            except OSError:
                _let_go_of_stdout()

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Returns the names in the order in which the commands were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; what went wrong becomes one line and an exit code."""
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if "keras" not in sys.modules:
            os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever this user's other programs run on
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: tell(f"Warning: {flat(str(message))}")
            try:
                return super().invoke(ctx)
            except BrokenPipeError:  # `| head` has seen enough
                _let_go_of_stdout()
                ctx.exit(0)
            except KeyboardInterrupt:
                click.echo("Stopped.", err=True)
                ctx.exit(STOPPED)
            except (ValueError, OSError, FloatingPointError, MissingLibraryError) as error:
                raise click.ClickException(flat(str(error))) from error


def _open_closed_streams():
    """Opens what is closed of stdin, stdout and stderr: else a file opened later takes its number, and its text."""
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _let_go_of_stdout():
    """Lets stdout lead nowhere, for Python flushes once more when it ends."""
    with contextlib.suppress(io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(text: str, *, to_stdout: bool = False):
    """Writes a line to stderr, or to stdout, if it can be written: no work is lost because nobody listens."""
    try:
        click.echo(text, err=not to_stdout)
    except OSError:
        if to_stdout:
            _let_go_of_stdout()


def columns_of(header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = True) -> str:
    """Returns a table aligned by the width that characters have in a terminal; numbers, after the first, on the right.

    Args:
        header: a name for each column.
        rows: texts.
        numbers: whether all but the first column hold numbers.
    """
    from wcwidth import ljust, rjust, width

    lines = [[*map(flat, line)] for line in (header, *rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    rest = rjust if numbers else ljust
    return "\n".join(
        "  ".join([ljust(line[0], widths[0]), *map(rest, line[1:], widths[1:])]).rstrip() for line in lines
    )


def interval(scores: dict[str, float]) -> str:
    """Returns an accuracy with its interval, as in `0.9200 [0.9026, 0.9364]`."""
    return "{accuracy:.4f} [{low:.4f}, {high:.4f}]".format(**scores)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a path beside `path` to write to; the file there replaces `path` if all went well, else it goes.

    A file that is replaced hands on its permissions.
    """
    path = cards.resolved(path)  # a link stays, and what it leads to is replaced
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path  # a named pipe, /dev/null
        return
    if path.is_dir():
        raise IsADirectoryError(f"{path}: expected a file to write, got a folder")
    # Its suffix says the format, so it stays; two commands do not share a file.
    with locks.replacing(path, beside=path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")) as beside:
        try:
            beside.touch(mode=0o600 if path.exists() else 0o666)
            if path.exists():  # whoever could not read the old file cannot read the new one
                beside.chmod(stat.S_IMODE(path.stat().st_mode))
        except OSError as error:
            raise OSError(f"{path}: cannot be written: {error.strerror}") from None
        yield beside


def _encoding(_ctx: click.Context, _param: click.Parameter, name: str | None) -> str | None:
    try:
        "".encode(name or "utf-8")  # refuses codecs that are not for text
    except LookupError as error:
        raise click.BadParameter(f"{error}; gb18030, say") from None
    return name


def add_options(*options: Callable) -> Callable:
    """Returns a decorator that adds `options` in their order."""

    def add(command):
        for option in reversed(options):
            command = option(command)
        return command

    return add


loading_options = click.option(
    "--sha256", metavar="HASH", help="Refuse any model but that of this fingerprint (textrnn card)."
)
answer_options = add_options(
    click.option(
        "--runtime",
        type=click.Choice(RUNTIMES),
        default=RUNTIMES[0],
        show_default=True,
        help="Who computes: NumPy, ONNX Runtime or Keras, each with the same answers.",
    ),
    click.option(
        "--long-text",
        type=click.Choice(LONG_TEXT),
        default=LONG_TEXT[0],
        show_default=True,
        help="Of a text longer than the model reads at a time: all of it, in windows, or its head alone.",
    ),
    click.option(
        "--simplify", is_flag=True, help="Read traditional characters as simplified ones, with OpenCC (extra: opencc)."
    ),
    loading_options,
)
table_options = add_options(
    click.option("--encoding", metavar="NAME", callback=_encoding, help="Of the file; found unless given."),
    click.option(
        "--text-column", metavar="NAME", help="Where a table has texts: a name, or a number from 1; found unless given."
    ),
)
on_empty_option = click.option(
    "--on-empty",
    type=click.Choice(ON_EMPTY),
    default=ON_EMPTY[0],
    show_default=True,
    help="A row without a text, or without a label where it needs one: leave it out, or refuse the file.",
)
labelled_options = add_options(
    table_options,
    click.option("--label-column", metavar="NAME", help="Where a table has labels; as --text-column."),
    on_empty_option,
)


def import_tensorflow():
    """Imports TensorFlow for the command that runs; see `extras.import_tensorflow`."""
    extras.import_tensorflow(f"textrnn {click.get_current_context().info_name}")


def load_classifier(model: str, *, runtime: str, simplify: bool = False, **options):
    """Returns the classifier saved in a folder; TensorFlow is imported if it computes, and says nothing."""
    if simplify:
        require("--simplify", "opencc")
    from textrnn import saving

    require(f"--runtime {runtime}", *saving.LIBRARIES[runtime])
    if runtime == "tensorflow":
        import_tensorflow()

    classifier = saving.load_classifier(model, runtime=runtime, **options)
    return _Simplifying(classifier) if simplify else classifier


class _Simplifying:
    """A classifier that reads traditional characters as simplified ones."""

    def __init__(self, classifier: Any):
        from textrnn.preprocessing import simplified

        self._classifier, self._simplified = classifier, simplified

    def __getattr__(self, name: str) -> Any:
        return getattr(self._classifier, name)

    def predict_with_scores(self, texts: Sequence[str], **options) -> Any:
        return self._classifier.predict_with_scores(self._simplified(texts), **options)

    def predict_proba(self, texts: Sequence[str], **options) -> Any:
        return self._classifier.predict_proba(self._simplified(texts), **options)


@contextlib.contextmanager
def progress_bar(total: int | None, *, hidden: bool = False) -> Iterator[Callable[[int], Any]]:
    """Yields what moves a bar on by a number of texts; it runs on stderr, if that is a terminal and it takes long."""
    if hidden or not sys.stderr.isatty():
        yield lambda number: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=" texts", unit_scale=True, delay=1) as bar:
        yield bar.update


def examples(*lines: str) -> str:
    """Returns the end of a help page: command lines that can be copied."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
