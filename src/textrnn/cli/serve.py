"""`textrnn serve`: a saved model as a service that answers over HTTP."""

import click

from textrnn import cards
from textrnn.cli.shared import examples, loading_options
from textrnn.options import RUNTIMES


@click.command(epilog=examples("textrnn serve headlines-textrnn"))
@click.argument("model")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0: to everyone.")
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="0: any free one.")
@click.option("--name", metavar="NAME", help="What the model is called in paths; by default as its folder.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="As many as cores, at best.")
@click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    help="Who computes: ONNX Runtime (extra: onnx) where it is installed, else NumPy, unless given.",
)
@loading_options
def serve(model, **options):
    """Answers over HTTP, many clients at once, in the REST form of TensorFlow Serving.

    POST /v1/models/NAME:predict with {"instances": ["a text", "another"]} gives label, score and probabilities of each;
    GET /healthz says whether it runs, /metrics how much it did (Prometheus). What is too long, too much or too slow is
    refused with words. SIGTERM or Ctrl-C end it, after what was asked before is answered.
    """
    cards.read_card(model)
    from textrnn import web

    web.serve_model(model, **options)
