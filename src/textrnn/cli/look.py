"""`textrnn trace`, `card`, `verify`, `page`, `lesson`, `demo`: how a model reads, what it is, whether it is whole."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from textrnn import cards, options
from textrnn.cli.shared import columns_of, examples, import_tensorflow, loading_options, replacing, table_options
from textrnn.extras import require
from textrnn.lines import flat, in_json


@click.command(epilog=examples("textrnn trace headlines-textrnn 国足客场一球小胜 --out gates.png"))
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
@loading_options
def trace(model, text, out, lstm, units, num_units, **options):
    """Draws the gates and the memory of a model reading a text.

    Printed is which characters decide: gradient and left_out say, in two ways, how much a character speaks for the
    class (above 0) or against it.
    """
    if Path(out).suffix not in (".png", ".svg", ".pdf"):
        raise click.UsageError(f"--out: expected a name that ends in .png, .svg or .pdf, got {out}")
    require("textrnn trace", "tensorflow", "keras", "matplotlib")
    cards.read_card(model)
    with replacing(Path(out)) as beside:
        import_tensorflow()
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
    click.echo(columns_of(list(saliency.columns), rows))


@click.command(epilog=examples("textrnn card headlines-textrnn"))
@click.argument("model")
@click.option("--json", "as_json", is_flag=True, help="The card as it is, one JSON object.")
def card(model, as_json):
    """Shows what a model was trained on, how it scores, its limits.

    The fingerprint stands for the model with all its files: --sha256 of other commands refuses any other.
    """
    found = cards.read_card(model)
    if as_json:
        click.echo(in_json(found, indent=2))
        return
    items = [*_items(found), ("fingerprint", cards.fingerprint(model))]
    longest = max(len(name) for name, _ in items)
    for name, value in items:
        click.echo(f"{flat(name):{longest}}  {flat(value)}")


@click.command(epilog=examples("textrnn verify headlines-textrnn --file datasets/headlines/dev.tsv"))
@click.argument("model")
@click.option("--file", "-f", metavar="FILE", help="Compare on its texts too, beside those that are drawn.")
@table_options
def verify(model, file, encoding, text_column):
    """Compares the two forms of a model: the graph that TensorFlow runs, and the data that this kit reads.

    This is the one command that loads the graph. A graph is a program, and TensorFlow runs parts of it as it loads it:
    do this with models whose maker you know. No other command opens it.
    """
    require("textrnn verify", "tensorflow", "keras")
    cards.read_card(model)
    texts = []
    if file:
        from textrnn import datasets

        texts = list(datasets.read_texts(file, encoding=encoding, text_column=text_column))
    click.echo(f"loading the graph of {flat(model)} into TensorFlow, which runs parts of it")
    import_tensorflow()
    from textrnn import saving

    found = saving.verify(model, texts)
    what = "{texts:,} texts: probabilities at most {largest_difference:.2g} apart, {other_labels} other labels"
    if found["largest_difference"] > saving.TOLERANCE:
        raise ValueError(f"{model}: graph and data are not the same network: {what.format(**found)}")
    click.echo(what.format(**found))


def _items(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yields the names and values of a card, those inside others with both names; hashes of files are left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "files":
                yield from _items(inner, f"{name}.{key}" if name else key)
    else:
        value = value if isinstance(value, list) else [value]
        yield name, ", ".join(f"{one:.4g}" if isinstance(one, float) else str(one) for one in value)


@click.command(
    epilog=examples(
        "textrnn page headlines-textrnn --out page.html",
        "textrnn page headlines-textrnn --small --data datasets/headlines/dev.tsv --out page.html",
    )
)
@click.argument("model")
@click.option("--out", "-o", metavar="FILE", required=True, help="The page: one HTML file.")
@click.option(
    "--small",
    is_flag=True,
    help="Weights in 16 bits: half the size (a twentieth less where tables have 8); it says how far answers move.",
)
@click.option(
    "--data",
    metavar="FILE",
    help="Texts, of which the page holds those that move a unit of the network most; those of the shipped headlines"
    " unless given, where the model was trained on them.",
)
@table_options
@loading_options
def page(model, out, small, data, sha256, **columns):
    """Writes a model as a page: one file that opens by a double click.

    Type a headline, see the classes, the gates, the memory, which characters decide, what the memory still holds of
    them, and the sum behind every number.

    The page needs no server, no network and no installation: it computes by itself, in any browser of 2023 or later.
    """
    from textrnn import datasets, web

    if data is None and (wrong := [name for name, value in columns.items() if value is not None]):
        raise click.UsageError(f"--{wrong[0].replace('_', '-')}: goes with --data")
    with replacing(Path(out)) as beside:
        of = {} if data is None else {"texts": [*datasets.read_texts(data, **columns)], "source": Path(data).name}
        built = web.build_page(model, small=small, sha256=sha256, **of)
        beside.write_bytes(built.html)
    click.echo(f"{flat(out)}: {len(built.html) / 1e6:.1f} MB; open it in a browser")
    if data is not None:
        click.echo(f"it holds {built.num_shown} texts of {flat(data)}: those that move a unit most")
    if small:
        what = f"no probability more than {built.difference:.2g} off on {built.num_texts} drawn texts"
        click.echo(f"weights in 16 bits: {what}")


@click.command(epilog=examples("textrnn lesson memory --out memory.html", "textrnn lesson cliff --out cliff.html"))
@click.argument("name", type=click.Choice(options.LESSONS))
@click.option("--out", "-o", metavar="FILE", required=True, help="The page: one HTML file.")
def lesson(name, out):
    """Writes a small network of the lessons as a page: one file that opens by a double click.

    memory: a recurrent network of two units. cell: an LSTM cell that counts. cliff: the error surface of a unit with
    two parameters, with and without clipping. Every number can be changed by hand.
    """
    from textrnn import web

    with replacing(Path(out)) as beside:
        beside.write_bytes(web.build_lesson(name).html)
    click.echo(f"{flat(out)}: open it in a browser")


@click.command(epilog=examples("textrnn demo headlines-textrnn models/mine"))
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
@click.option("--browser/--no-browser", default=True, help="Whether to open the page.")
def demo(models, port, browser):
    """Opens the pages of models in the browser, as textrnn page writes them.

    They are served on this computer alone and ask no other for anything. Ctrl-C ends it.
    """
    for model in models:
        cards.read_card(model)
    from textrnn import web

    web.serve([*models], port=port, open_browser=browser)
