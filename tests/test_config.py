"""Settings on the command line, from a file and from a card: which one wins, and what is refused before any work."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from textrnn import cards, cli
from textrnn.experiments import Given, read_config, settings_of_model
from textrnn.recipes import Recipe, recipe

ROOT = Path(__file__).parents[1]
TRAIN, DEV = (str(ROOT / "datasets" / "headlines" / f"{split}.tsv") for split in ("train", "dev"))


def run(*args):
    return CliRunner().invoke(cli.main, ["train", *map(str, args)])


def shown(*args):
    """Returns the settings that `--show-config` prints, read back."""
    result = run(*args, "--show-config")
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    Path("shown.toml").write_text(result.stdout, encoding="utf-8")
    return read_config("shown.toml")


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_one_by_one_comes_before_a_file_and_a_file_before_a_model(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    settings = Recipe(9, 9, 9e-3, units=9, pooling="last").to_config()
    (tmp_path / cards.CARD).write_text(json.dumps({"settings": settings, "seed": 9}), encoding="utf-8")
    Path("run.toml").write_text('seed = 8\nepochs = 8\nbatch_size = 8\npooling = ["max", "last"]\n', encoding="utf-8")
    given = shown("--like", tmp_path, "--config", "run.toml", "--set", "epochs=7", "--seed", 7)
    expected = Recipe(7, 8, 9e-3, units=9, pooling=("max", "last"))
    assert (given.seed, given.recipe(5)) == (7, expected)
    assert shown("--like", tmp_path, "--config", "run.toml").seed == 8
    assert shown("--like", tmp_path) == settings_of_model(tmp_path)
    older = settings_of_model(ROOT / "models" / "headlines-textrnn")  # than the linear cells, which it has none of
    assert older.recipe(4550) == recipe(4550).changed(linear_cells=False)


@pytest.mark.slow
def test_what_is_shown_can_be_given_back():
    rows = len(Path(TRAIN).read_text(encoding="utf-8").splitlines())
    whole = shown(TRAIN, "--set", "units=3", "--dev", DEV)
    assert whole == Given(recipe(rows).changed(units=3).to_config(), 0)
    open_ones = shown("--set", "units=3")  # without rows, what they decide stays open
    assert {*whole.settings} - {*open_ones.settings} >= {"batch_size", "learning_rate"}
    assert open_ones.recipe(rows) == whole.recipe(1)
    assert run("--config", "shown.toml", "--show-config").stdout == Path("shown.toml").read_text(encoding="utf-8")


LIST = ", ".join(Recipe(1, 1, 1.0).to_config())


@pytest.mark.parametrize(
    ("config", "args", "message"),
    [
        ("", ["--set", "unit_s=3"], f"--set: settings: expected some of {LIST}; got unit_s; is units meant?"),
        ("", ["--set", "units=many"], "--set: units: expected an integer, got 'many'"),
        ("", ["--set", "dropout=1"], "--set: dropout: expected a share from 0 to below 1, got 1.0"),
        ("", ["--set", "cell=feedforward"], "bidirectional: expected False for cell='feedforward', which has no"),
        ("units = [3]", [], "run.toml: units: expected an integer, got (3,)"),
        ("[net]\nunits = 3", [], f"run.toml: settings: expected some of {LIST}; got net"),
        ("units = true", [], "run.toml: units: expected an integer, got True"),
        ("units: 3", [], "run.toml: expected TOML, as in units = 256: "),
        ("seed = -1", [], "run.toml: seed: expected at least 0, got -1"),
        ("", ["--config", "none.toml"], "none.toml: no such file"),
        ("", ["--config", "."], ".: expected a plain file"),
        ("", ["--like", "none"], "none: expected a model folder with assets.extra/card.json, found none"),
    ],
)
def test_a_wrong_setting_is_one_line_and_no_data_is_read(config, args, message):
    Path("run.toml").write_text(config, encoding="utf-8")
    os.mkfifo("data")  # whoever opened it would wait for ever
    result = run("data", "--out", "model", "--config", "run.toml", *args)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1


def test_a_wrong_call_says_what_is_missing():
    for args, message in (
        (["--out", "model"], "Missing argument 'FILE'."),
        (["data"], "Missing option '--out' / '-o', or '--run'."),
        (["data", "--out", "model", "--set", "units"], "--set: expected NAME=VALUE, as in units=256, got units"),
        (["data", "--out", "model", "--set", "seed=3"], "--set: the seed has an option of its own, --seed"),
    ):
        result = run(*args)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.splitlines()[-1] == f"Error: {message}"


def test_settings_that_go_together_may_come_from_two_places():
    Path("run.toml").write_text("bidirectional = false", encoding="utf-8")
    given = shown("--config", "run.toml", "--set", "cell=feedforward")
    assert (given.recipe(5).cell, given.recipe(5).bidirectional) == ("feedforward", False)


def test_the_card_of_a_shipped_model_is_a_config():
    given = shown("--like", ROOT / "models" / "thucnews-textrnn")
    assert given.recipe(5).learning_rate == 0.002
    Path("assets.extra").mkdir()
    Path(cards.CARD).write_text(json.dumps(cards.blank_card({"units": 3})), encoding="utf-8")
    result = run("--like", ".", "--show-config")
    assert result.stderr == "Error: .: expected a card with settings and seed of a training, got one without\n"
