"""One object holds every setting of a training run: vocabulary, network, optimizer, loss and loop are made from it."""

import inspect
import json
import tomllib
from collections import Counter
from dataclasses import fields

import pandas as pd
import pytest

from textrnn import networks, recipes, training
from textrnn.preprocessing import TextEncoder
from textrnn.recipes import ARGUMENTS
from textrnn.training import Recipe

NAMES = [field.name for field in fields(Recipe)]
TABLE = pd.DataFrame({"text": ["股市大涨", "球队夺冠", "股市大跌", "球员夺冠"], "label": ["stocks", "sports"] * 2})


def test_every_setting_is_an_argument_of_one_function_and_every_argument_but_the_data_is_a_setting():
    functions = {
        "adamw": training.adamw,
        "fit": training.fit,
        "TextEncoder.from_texts": TextEncoder.from_texts,
        "build_textrnn": networks.build_textrnn,
    }
    not_of_a_recipe = {
        "adamw": {"steps"},
        "fit": {
            "model",
            "train",
            "dev",
            "sample_weight",
            "seed",
            "recount",
            "resume",
            "checkpoint_every",
            "progress",
            "log_dir",
            "workers",
        },
        "TextEncoder.from_texts": {"texts"},
        "build_textrnn": {"encoder", "label_names", "seed"},
    }
    for name, function in functions.items():
        assert set(inspect.signature(function).parameters) == {*ARGUMENTS[name], *not_of_a_recipe[name]}, name
    used = Counter(name for names in ARGUMENTS.values() for name in names)
    assert used == Counter(NAMES) - Counter(["class_weight", "label_smoothing", "topic_vectors", "linear_cells"])


def test_epochs_batch_size_and_learning_rate_come_first_and_the_rest_is_as_recommended():
    assert Recipe(4, 64, 4e-3, linear_cells=True) == training.recipe(4550)
    many = Recipe(epochs=4, batch_size=128, learning_rate=2e-3, units=64, dropout=0.15, ngram_dropout=0.3)
    assert training.recipe(20_000) == many


def test_fewer_rows_than_2000_get_as_many_steps_as_4550_and_more_hindrance_the_fewer_they_are():
    sizes = [10, 30, 100, 300, 500, 1000, 1500, 1999, 2000, 4550, 10_000, 19_999]
    found = [training.recipe(rows) for rows in sizes]
    steps = [
        training.num_steps(rows, batch_size=one.batch_size, epochs=one.epochs)
        for rows, one in zip(sizes, found, strict=True)
    ]
    assert all(285 <= number <= 340 for number in steps[2:8])
    for name in ("adversarial", "ngram_dropout", "epochs"):
        values = [getattr(one, name) for one in found]
        assert values == sorted(values, reverse=True)
    assert found[-1] == found[-2] == found[-3] == found[-4] == Recipe(4, 64, 4e-3, linear_cells=True)
    assert [one.min_ngram_count for one in found] == [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]


def test_many_classes_get_a_step_each():
    found = training.recipe(4000, num_classes=1000)
    assert training.num_steps(4000, batch_size=found.batch_size, epochs=found.epochs) >= 1000
    assert training.recipe(20_000, num_classes=200) == training.recipe(20_000)


def test_what_is_few_is_counted_for_ten_classes_where_there_are_more():
    assert all(training.recipe(300, num_classes=number) == training.recipe(300) for number in (2, 6, 10))
    ten, many = training.recipe(1000), training.recipe(3000, num_classes=30)
    for name in ("adversarial", "ngram_dropout", "min_ngram_count"):
        assert getattr(many, name) == getattr(ten, name)
    assert (many.embed_dim, many.embedded_ngrams) == (128, 10_000)
    assert training.recipe(4550, num_classes=20) == training.recipe(4550)  # 2,275 for ten


def test_few_rows_of_long_texts_get_fewer_steps_but_not_fewer_than_four_epochs():
    epochs = [training.recipe(60, mean_length=length).epochs for length in (20, 100, 200, 400, 10_000)]
    assert epochs == sorted(epochs, reverse=True)
    assert (epochs[0], *epochs[-2:]) == (64, 17, 17)
    assert training.recipe(1000, mean_length=400).epochs == 4
    assert training.recipe(300, mean_length=60) == training.recipe(300)
    table = pd.DataFrame({"text": ["字" * 800] * 60, "label": ["甲", "乙"] * 30})
    assert training.recipe_for(table) == training.recipe(60, mean_length=800.0)


def test_a_recipe_is_written_as_json_values_with_all_its_settings():
    config = Recipe(1, 16, 4e-3, pooling=("last", "max"), patience=2).to_config()
    assert list(config) == NAMES
    assert json.loads(json.dumps(config)) == config
    assert (config["batch_size"], config["pooling"], config["patience"]) == (16, ["last", "max"], 2)


def test_an_unknown_setting_is_refused_with_the_list_of_those_there_are():
    message = f"settings: expected some of {', '.join(NAMES)}; got unit_s, layers; is units meant?"
    for change in (
        Recipe(1, 2, 1e-3).changed,
        lambda **changes: training.train_textrnn(TABLE, TABLE, **changes),
        lambda **changes: training.recommended_textrnn(TABLE, **changes),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            change(unit_s=3, layers=2)
        assert str(caught.value) == message


def test_vocabulary_network_optimizer_loss_and_loop_are_those_of_the_recipe(monkeypatch):
    settings = Recipe(3, 2, 0.02, weight_decay=0.5, clipnorm=2.0, warm_up=0.5, label_smoothing=0.3, patience=2)
    settings = settings.changed(scoring="macro_f1", adversarial=0.0, max_ngram=2, min_ngram_count=1, max_length=5)
    settings = settings.changed(cell="gru", embed_dim=4, pooling="attention", topic_vectors=False, evidence=False)
    seen = {}
    monkeypatch.setattr(training.recommended, "fit", lambda *args, **kwargs: seen.update(kwargs))
    model, _ = training.train_textrnn(TABLE, TABLE, settings=settings, units=3, seed=7, progress=False)
    assert seen == {
        "epochs": 3,
        "batch_size": 2,
        "adversarial": 0.0,
        "scoring": "macro_f1",
        "patience": 2,
        "sample_weight": None,
        "seed": 7,
        "resume": None,
        "progress": False,
        "log_dir": None,
        "workers": None,
    }
    encoder = networks.text_encoder(model)
    assert (len(encoder.num_ids), encoder.max_length) == (2, 5)
    assert model.get_layer("bidirectional_1").forward_layer.cell.units == 3
    assert model.get_layer("attention_pooling")
    assert networks.evidence_layer(model) is None
    assert [layer.output_dim for layer in networks.embeddings(model)] == [4, 4]
    assert abs(networks.embeddings(model)[0].embeddings.numpy()).max() <= 0.05  # at random, as Keras makes them
    optimizer = model.optimizer
    assert (optimizer.weight_decay, optimizer.global_clipnorm) == (0.5, 2.0)
    rates = [float(optimizer._learning_rate(step)) for step in (0, 3, 6)]  # six steps: half of them rising
    assert rates == pytest.approx([0.002, 0.02, 0])
    assert model.loss.label_smoothing == 0.3


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("epochs", 0, "at least 1"),
        ("batch_size", 2.0, "an integer"),
        ("learning_rate", 0.0, "a number above 0"),
        ("weight_decay", -1.0, "a number of at least 0"),
        ("warm_up", 1.0, "a share from 0 to below 1"),
        ("adversarial", "much", "a share of a length, 0 or more"),
        ("scoring", "f1", r"one of \('accuracy', 'macro_f1'\)"),
        ("patience", 0, "at least 1"),
        ("unit", "syllable", r"one of \("),
        ("lower", "no", "True or False"),
        ("max_ngram", 4, "1 to 3"),
        ("max_tokens", -1, "at least 1"),
        ("units", "many", "an integer"),
        ("dropout", 1, "a share from 0 to below 1"),
        ("pooling", ("max", "max"), "one or several different ones of "),
        ("evidence", 1, "True or False"),
        ("topic_vectors", None, "True or False"),
    ],
)
def test_a_setting_out_of_its_range_is_refused_when_the_recipe_is_made(name, value, expected):
    for make in (Recipe(1, 16, 4e-3).changed, lambda **own: recipes.check_setting(name, own[name])):
        with pytest.raises(ValueError, match=rf"^{name}: expected {expected}"):
            make(**{name: value})


def test_settings_that_do_not_go_together_are_refused_when_both_are_known():
    recipes.check_setting("cell", "feedforward")
    with pytest.raises(ValueError, match=r"^bidirectional: expected False for cell='feedforward'"):
        Recipe(1, 16, 4e-3, cell="feedforward")


def test_every_setting_comes_back_from_json_and_from_toml():
    unusual = Recipe(3, 7, 1e-5, patience=2, lower=False, max_tokens=9, pooling=("last",), cell="gru", evidence=False)
    for one in (Recipe(4, 64, 4e-3), unusual, unusual.changed(pooling="attention", max_ngrams=None)):
        assert Recipe.from_config(one.to_config()) == one
        assert Recipe.from_config(json.loads(json.dumps(one.to_config()))) == one
        assert Recipe.from_config(tomllib.loads(one.to_toml())) == one
    assert Recipe.from_config({"units": 3, "weight_decay": 1}, num_rows=50) == training.recipe(50).changed(
        units=3, weight_decay=1.0
    )
    with pytest.raises(ValueError, match="expected epochs, batch_size, learning_rate too, or num_rows="):
        Recipe.from_config({"units": 3})


def test_text_becomes_a_value_of_the_kind_that_the_setting_has():
    texts = {"units": "256", "learning_rate": "1e-3", "patience": "None", "max_tokens": "40", "evidence": "False"}
    values = {name: recipes.setting_from(name, text) for name, text in {**texts, "pooling": "max, last"}.items()}
    assert values == {
        "units": 256,
        "learning_rate": 0.001,
        "patience": None,
        "max_tokens": 40,
        "evidence": False,
        "pooling": ("max", "last"),
    }
    assert recipes.setting_from("units", "none") == "none"  # which is no value of it, and is refused
    assert recipes.setting_from("scoring", "macro_f1") == "macro_f1"
