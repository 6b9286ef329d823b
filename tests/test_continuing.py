"""Training on: the output grows, what was learnt stays, new words are read, and the old model is the measure."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from test_runs import TINY, write_table

from textrnn import cards, cli, datasets, experiments, saving
from textrnn.experiments import Given, grow, share_counted
from textrnn.preprocessing import FIRST_ID

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "models" / "headlines-textrnn"
NEW = ["龘龘战队夺冠", "龘龘战队落败", "电竞战队逆转"]


@pytest.fixture(scope="module")
def old():
    return saving.load_classifier(MODEL).network.data


@pytest.fixture(scope="module")
def floats(old):
    """The same network with tables of floats, as `load_network` gives it."""
    return saving.network_data(saving.keras_network(old))


@pytest.mark.slow
def test_old_words_and_classes_keep_their_ids_and_every_weight(floats):
    grown = grow(floats, NEW, ["esports", "sports"])
    assert grown.label_names == [*floats.label_names, "esports"]
    encoder = grown.encoder
    assert encoder.tokens[: len(floats.encoder.tokens)] == floats.encoder.tokens
    assert "龘" in encoder.tokens
    assert "龘" not in floats.encoder.tokens
    assert "龘龘" in encoder.ngrams[0]  # twice in the new texts
    for name, array in floats.arrays.items():
        if name.endswith("forward.kernel") or name.endswith("backward.kernel"):
            continue
        assert (grown.arrays[name][tuple(slice(size) for size in array.shape)] == array).all(), name
    size, kernel = floats.settings["embed_dim"], grown.arrays["recurrent_1.forward.kernel"]
    before, classes = floats.arrays["recurrent_1.forward.kernel"], len(floats.label_names)
    orders = len(encoder.num_ids)
    assert (kernel[: orders * size] == before[: orders * size]).all()
    for order in range(orders):  # evidence for the old classes, zeros for the new one, then the number of texts
        new, was = kernel[orders * size + order * (classes + 2) :], before[orders * size + order * (classes + 1) :]
        assert (new[:classes] == was[:classes]).all()
        assert not new[classes].any()
        assert (new[classes + 1] == was[classes]).all()


@pytest.mark.slow
def test_a_network_that_grew_by_words_alone_answers_as_before_also_of_texts_with_new_ones(floats):
    texts = [*NEW, *datasets.load("headlines").dev["text"][:50]]
    before = saving.NumpyNetwork(floats).predict_proba(texts)
    after = saving.NumpyNetwork(grow(floats, NEW, [])).predict_proba(texts)
    np.testing.assert_allclose(after, before, atol=1e-6)


@pytest.mark.slow
def test_rows_learnt_before_are_told_from_new_ones(floats):
    splits = datasets.load("headlines")
    assert share_counted(floats, splits.train.head(500)) == 1
    assert share_counted(floats, splits.dev) < 0.3
    assert share_counted(floats, pd.DataFrame({"text": NEW, "label": "esports"})) == 0
    assert share_counted(floats, pd.DataFrame({"text": ["ܐܒܓ", "ܕܗܘ"], "label": "sports"})) == 0  # no known character


def test_settings_of_the_network_stay_and_others_are_as_given(old):
    found = experiments.settings_to_continue(old, Given({"epochs": 2, "units": old.settings["units"]}, 7)).recipe(50)
    assert found.linear_cells is False  # it has none
    assert (found.epochs, found.units, found.max_length) == (2, old.settings["units"], old.encoder.max_length)
    shown = CliRunner().invoke(cli.main, ["train", "--continue-from", str(MODEL), "--show-config", "--set", "epochs=2"])
    assert f"units = {found.units}\n" in shown.stdout
    assert f"max_length = {found.max_length}\n" in shown.stdout
    for setting in ("units=3", "lower=false", "pooling=last"):
        result = CliRunner().invoke(
            cli.main, ["train", "none.tsv", "--continue-from", str(MODEL), "--out", "model", "--set", setting]
        )
        name = setting.partition("=")[0]
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"Error: {name}: the model that is trained on has ")
        assert result.stderr.count("\n") == 1


@pytest.mark.long
def test_a_new_class_is_learnt_and_the_old_model_is_scored_beside(tmp_path):
    table, folder = write_table(tmp_path / "mine.tsv", 240), tmp_path / "models"
    run = CliRunner().invoke(cli.main, ["train", str(table), "--out", str(folder / "old"), *TINY, "--set", "epochs=20"])
    assert run.exit_code == 0, run.output
    more = [("music", "0123456"[row % 4 :] + "98") for row in range(60)]
    rows = [*(line.split("\t") for line in table.read_text("utf-8").splitlines()), *more]
    new = tmp_path / "new.tsv"
    new.write_text("".join(f"{label}\t{text}\n" for label, text in rows), encoding="utf-8")
    args = [
        "train",
        str(new),
        "--continue-from",
        str(folder / "old"),
        "--out",
        str(folder / "new"),
        "--set",
        "epochs=20",
    ]
    result = CliRunner().invoke(cli.main, args)
    assert result.exit_code == 0, (result.output, result.exception)
    assert "most rows of dev look as if the model had learnt them" in result.stderr  # drawn from the same file
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert names == ["255", "majority", "linear", "before", "on", "TextRNN", "saved:"]
    assert "rows of its 3 classes: right before alone" in result.stdout
    model = saving.load_classifier(folder / "new")
    assert model.label_names == [*saving.load_classifier(folder / "old").label_names, "music"]
    assert model.predict(["0123498", "abcdea"]).tolist() == ["music", "sport"]
    card = cards.read_card(folder / "new")
    assert card["trained_on"]["continued_from"]["sha256"] == cards.fingerprint(folder / "old")
    assert model.network.encoder.token_ids["0"] >= FIRST_ID
    only_new = tmp_path / "only.tsv"
    only_new.write_text("music\t0123\nmusic\t1234\ntech\tvw\ntech\twx\n", encoding="utf-8")
    refused = CliRunner().invoke(cli.main, ["train", str(only_new), "--dev", str(only_new), *args[2:]])
    assert (refused.exit_code, refused.stdout) == (1, "")  # before any work
    assert "of the model have no row; add some of the old rows, or the network forgets them" in refused.stderr
    settings = json.loads((folder / "new" / cards.CARD).read_text("utf-8"))["settings"]
    assert (settings["units"], settings["linear_cells"]) == (4, True)
    other = tmp_path / "other.tsv"  # the same classes, told by other characters
    shifted = {ord(char): ord(char) + 0x4E00 for char in "abcdevwxyz0123"}
    other.write_text("".join(f"{label}\t{text.translate(shifted)}\n" for label, text in rows), encoding="utf-8")
    again = CliRunner().invoke(cli.main, ["train", str(other), *args[2:-3], str(folder / "other"), "--set", "epochs=1"])
    assert again.exit_code == 0, again.output
    assert "linear_cells: left out, since most rows of train are new" in again.stderr
    assert cards.read_card(folder / "other")["settings"]["linear_cells"] is False
