"""The `textrnn` command: predict, evaluate, train, look inside; thin over the package.

Exit codes: 0 fine, 1 what the user must change (one line on stderr), 2 a wrong call, 130 stopped by Ctrl-C. TensorFlow
and pandas take seconds to import, so each command imports what it needs when it runs.
"""

import click

from textrnn.cli import data, evaluate, export, look, predict, report, runs, serve, sweep, train
from textrnn.cli.shared import Commands, examples


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples(
        "textrnn card headlines-textrnn",
        "textrnn predict headlines-textrnn 国足客场一球小胜",
        "textrnn train datasets/headlines/train.tsv --out models/mine",
    ),
)
@click.version_option(package_name="textrnn")
def main():
    """Classifies short texts with a saved LSTM network (TextRNN): predict, evaluate, train, look inside.

    A MODEL is a folder, or the name of a model of this project: headlines-textrnn is part of every installation,
    thucnews-textrnn of a clone alone. The files of the examples are those of a clone; textrnn data list says where the
    headlines are without one.

    Each command tells more: textrnn predict --help. Exit codes: 0 fine, 1 something to change in what you gave (one
    line on stderr says what), 2 a wrong call, 130 stopped by Ctrl-C.
    """


for command in (
    predict.predict,
    evaluate.evaluate,
    train.train,
    runs.runs,
    runs.compare,
    sweep.sweep,
    report.report,
    data.data,
    look.trace,
    look.card,
    look.verify,
    look.page,
    look.lesson,
    look.demo,
    export.export,
    serve.serve,
):
    main.add_command(command)
