"""`textrnn sweep`: many trainings with other settings, the best of them kept."""

import math
import sys
from typing import TYPE_CHECKING

import click

from textrnn.cli.settings import setting_options, settings_given
from textrnn.cli.shared import columns_of, examples, interval, labelled_options, tell
from textrnn.extras import require

if TYPE_CHECKING:
    from textrnn.experiments import Sweep


@click.command(
    epilog=examples(
        "textrnn sweep datasets/headlines/train.tsv --dev datasets/headlines/dev.tsv --trials 30 --out sweeps/mine",
        "textrnn sweep --show-space",
    )
)
@click.argument("file", required=False)
@click.option("--out", "-o", metavar="FOLDER", help="For this sweep alone; the same command goes on where it was.")
@click.option("--trials", type=click.IntRange(1), default=30, show_default=True, help="How many trainings in all.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="How many train at a time; 1 unless given.")
@click.option("--scheduler", metavar="ADDRESS", help="The workers of a Dask cluster train, all unless --workers.")
@click.option("--dev", metavar="FILE", help="Score on this; else on 15 % of FILE.")
@click.option("--space", metavar="FILE", help="What to draw from, as TOML; see --show-space.")
@click.option("--show-space", is_flag=True, help="Print the space that is drawn from unless --space names another.")
@click.option("--seed", type=click.IntRange(0), help="Of the draws and of every training; 0 unless given.")
@setting_options
@click.option("--copies-together", is_flag=True, help="Keep rows of the same text on one side when FILE is split.")
@labelled_options
def sweep(file, out, dev, space, show_space, seed, sets, config, like, trials, workers, scheduler, **options):
    """Trains with many settings, drawn by Optuna from a space, and keeps the best.

    The first trial has the recommended settings. Each one is a run in FOLDER/trials (textrnn runs FOLDER/trials); of
    the models the best one stays, as FOLDER/model. Stopped or killed, the same command goes on. The best of many scores
    on dev promises too much: score the winner on rows that were not used before.
    """
    from textrnn import experiments

    if show_space:
        click.echo(experiments.DEFAULT_SPACE, nl=False)
        return
    if not file or not out:
        raise click.UsageError("Missing argument 'FILE'." if not file else "Missing option '--out' / '-o'.")
    require("textrnn sweep", "matplotlib")
    drawn_from = experiments.read_space(space)
    given = settings_given(sets=sets, config=config, like=like, seed=seed)
    found = experiments.run_sweep(
        experiments.Files(file, dev, options.pop("copies_together"), options),
        out,
        trials=trials,
        workers=workers,
        scheduler=scheduler,
        seed=given.seed,
        space=drawn_from,
        settings=given.settings,
        progress=sys.stderr.isatty(),
    )
    _show(found)


def _show(found: "Sweep"):
    """Prints the winner and how it stands to the first trial; draws the pictures."""
    from textrnn import experiments

    trials = found.study.get_trials(deepcopy=False)
    scores = [math.nan if trial.value is None else trial.value for trial in trials]
    experiments.draw_sweep(scores, found.importance(), str(found.folder / "sweep.png"))
    tell(
        f"best of {len(trials)} trials: {found.best.folder.name}, accuracy {interval(found.best.scores)}",
        to_stdout=True,
    )
    settings = found.study.best_trial.params
    tell(columns_of(["setting", "value"], [[name, str(value)] for name, value in settings.items()]), to_stdout=True)
    if found.first and found.first.folder != found.best.folder:
        test = experiments.compare(found.first.folder, found.best.folder).test
        what = "right in trial 0 (as recommended) alone {only_first}, in the best alone {only_second}; p = {p:.2g}"
        tell(what.format(**test) + ", and the best was chosen by these rows", to_stdout=True)
    tell(f"saved: {found.folder / 'model'}; pictures: {found.folder / 'sweep.png'}", to_stdout=True)
