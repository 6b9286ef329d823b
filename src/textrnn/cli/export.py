"""`textrnn export`: a saved model in the format of another runtime."""

import click

from textrnn import cards
from textrnn.cli.shared import examples, import_tensorflow, loading_options
from textrnn.lines import flat
from textrnn.options import EXPORTS


@click.command(epilog=examples("textrnn export headlines-textrnn --to onnx --out headlines-onnx"))
@click.argument("model")
@click.option("--to", type=click.Choice(EXPORTS), required=True, help="ONNX Runtime, or LiteRT (TensorFlow Lite).")
@click.option("--out", "-o", metavar="FOLDER", required=True, help="The folder to make.")
@loading_options
def export(model, to, out, sha256):
    """Writes a model as a folder for ONNX Runtime or LiteRT: model, vocabulary, labels, and a short reader.

    Its answers are compared with those of the model on 10,000 texts; if one differs, nothing is left.
    """
    cards.read_card(model)
    if to == "litert":
        import_tensorflow()
    from textrnn import exports

    found = exports.export_model(model, out, to=to, sha256=sha256)
    what = f"no label differs on {found.num_texts:,} texts, no probability by more than {found.difference:.1g}"
    click.echo(f"{flat(out)}: {found.num_bytes / 1e6:.1f} MB; {what}")
