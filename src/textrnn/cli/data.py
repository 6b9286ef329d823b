"""`textrnn data`: lists, downloads and audits sets of labelled texts."""

import sys
from pathlib import Path

import click

from textrnn.cli.shared import columns_of, examples, labelled_options


@click.group(epilog=examples("textrnn data list", "textrnn data audit headlines"))
def data():
    """Lists, downloads and audits sets of labelled texts."""


@data.command("list", epilog=examples("textrnn data list"))
def list_sets():
    """Lists the named sets."""
    from textrnn import datasets

    rows = []
    for name, one in datasets.SETS.items():
        how = f"no: textrnn data fetch {name}" if one.fetch else "no: --data-dir"
        rows.append([name, str(one.find() or how), one.licence, one.about])
    click.echo(columns_of(["set", "here", "licence", "what"], rows, numbers=False))


@data.command(epilog=examples("textrnn data fetch thucnews"))
@click.argument("name")
@click.option("--to", metavar="FOLDER", help="The cache folder unless given; TEXTRNN_CACHE moves that.")
@click.option("--address", metavar="URL", help="Of a mirror, up to and with the last slash.")
def fetch(name, to, address):
    """Downloads the public files of a set and checks them.

    Printed is the folder where they are. Files that are there and whole are not fetched again; an interrupted download
    leaves nothing behind.
    """
    from textrnn import datasets

    names = [known for known, one in datasets.SETS.items() if one.fetch]
    if name not in names:
        raise click.BadParameter(f"expected one of {', '.join(names)}, got {name}", param_hint="NAME")
    options = {"address": address} if address else {}
    click.echo(datasets.SETS[name].fetch(to, progressbar=sys.stderr.isatty(), **options))


@data.command(
    epilog=examples(
        "textrnn data audit headlines", "textrnn data audit datasets/headlines/train.tsv datasets/headlines/test.tsv"
    )
)
@click.argument("what", nargs=-1, required=True, metavar="SET|FILE...")
@click.option("--data-dir", metavar="PATH", help="Where the files of a named set are.")
@labelled_options
def audit(what, data_dir, **settings):
    """Counts copies, conflicts, lengths and unknown characters.

    A set or a folder is audited split by split. Of several files each has its column, and texts that stand in more
    than one are counted; the first one is taken for train.
    """
    from textrnn import datasets

    if len(what) == 1 and not Path(what[0]).is_file():
        settings = {name: value for name, value in settings.items() if value is not None}
        tables = datasets.load(what[0], data_dir=data_dir, **settings)
    else:
        alike = len({Path(name).name for name in what}) < len(what)
        tables = {name if alike else Path(name).name: datasets.read_table(name, **settings) for name in what}
    found = datasets.audit(tables).astype(object)
    rows = found.map(lambda value: "" if value != value else f"{value:,}").itertuples()  # NaN: a split beside itself
    click.echo(columns_of(["", *found.columns], rows))
