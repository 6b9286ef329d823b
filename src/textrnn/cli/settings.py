"""The options that say with which settings to train: one by one, from a file, or those of another model."""

from typing import TYPE_CHECKING

import click

from textrnn.cli.shared import add_options

if TYPE_CHECKING:
    from textrnn.experiments import Given

setting_options = add_options(
    click.option(
        "--set", "sets", multiple=True, metavar="NAME=VALUE", help="Another value for a setting; may be repeated."
    ),
    click.option("--config", metavar="FILE", help="Settings from a TOML file, name = value on each line."),
    click.option("--like", metavar="MODEL", help="Settings and seed of a saved model, from its card."),
)


def settings_given(*, sets: tuple[str, ...], config: str | None, like: str | None, seed: int | None) -> "Given":
    """Returns what the options say, `--set` before `--config` before `--like`, and the seed, 0 unless one is given.

    Raises:
        ValueError: there is no such setting, or a value is out of its range.
    """
    from textrnn.experiments import Given, read_config, settings_of_model

    pairs = dict(pair.partition("=")[::2] for pair in sets)
    if wrong := [pair for pair in sets if "=" not in pair]:
        raise click.UsageError(f"--set: expected NAME=VALUE, as in units=256, got {wrong[0]}")
    if "seed" in pairs:
        raise click.UsageError("--set: the seed has an option of its own, --seed")
    try:
        given = Given({name.strip(): value for name, value in pairs.items()}, seed)
    except ValueError as error:
        raise ValueError(f"--set: {error}") from None
    for read, name in ((read_config, config), (settings_of_model, like)):
        given = given.over(read(name)) if name else given
    given.recipe(1)  # refuses settings that do not go together, before any data is read
    return given.over(Given(seed=0))
