"""Every public argument with a range refuses what is out of it by name, with expected and got."""

import re
from pathlib import Path

import numpy as np
import pytest
from tiny import LABELS, PROBS, TABLE, classifier, encoder, model, tagger

from textrnn import baselines, checks, datasets, layers, metrics, networks, options, preprocessing, saving, training
from textrnn.lessons import comparison, gradients, slots, taggers

NAN = float("nan")
INTEGERS = (0, -1, 1.5, NAN, "2", True)  # where 1 and more are right
SEEDS = (-1, 2**32, 0.5, "1", None)
RATES = (1, -0.1, NAN, "0.1", None)  # where [0, 1) is right
SHARES = (0, 1, -0.1, NAN, "0.1", None)  # where (0, 1) is right
ABOVE_ZERO = (0, -1, NAN, float("inf"), "1")
NO_LISTS = (None, 3, b"x", {"a": "b"}, TABLE)
TRAVEL = {"num_requests": 1, "seed": 0}
ARGUMENTS = {
    "datasets.split_table": (
        lambda **wrong: datasets.split_table(TABLE, **wrong),
        {"dev": SHARES, "test": RATES, "seed": SEEDS},
    ),
    "datasets.load": (lambda **wrong: datasets.load("headlines", **wrong), {"seed": SEEDS}),
    "datasets.read_table": (
        lambda **wrong: datasets.read_table(__file__, **wrong),
        {"encoding": ("utf-99", "base64", "idna\0", 3)},
    ),
    "datasets.read_sogou": (
        lambda **wrong: list(datasets.read_sogou(__file__, **wrong)),
        {"encoding": ("utf-99", "base64", 3)},
    ),
    "datasets.read_chunks": (lambda **wrong: list(datasets.read_chunks(__file__, **wrong)), {"num_rows": INTEGERS}),
    "datasets.read_sogou_table": (
        lambda **wrong: datasets.read_sogou_table(__file__, **wrong),
        {"min_class_rows": INTEGERS},
    ),
    "preprocessing.normalise": (preprocessing.normalise, {"text": (None, 3, b"x")}),
    "TextEncoder": (
        lambda **wrong: preprocessing.TextEncoder(("a",), **wrong),
        {"max_length": INTEGERS, "unit": ("letter", None)},
    ),
    "TextEncoder.from_texts": (
        lambda **wrong: preprocessing.TextEncoder.from_texts(**{"texts": ["abab"], "max_ngram": 2} | wrong),
        {
            "texts": ("abc", *NO_LISTS),
            "unit": ("letter", None),
            "max_length": INTEGERS,
            "min_count": (*INTEGERS, 99),
            "max_tokens": INTEGERS,
            "max_ngram": (0, 4, 1.5, "2"),
            "min_ngram_count": INTEGERS,
            "max_ngrams": INTEGERS,
        },
    ),
    "TextEncoder.encode": (lambda **wrong: encoder().encode(**wrong), {"texts": ("abc", *NO_LISTS)}),
    "networks.build_textrnn": (
        lambda **wrong: networks.build_textrnn(encoder(), LABELS, **wrong),
        {
            "cell": ("rnn", None),
            "embed_dim": INTEGERS,
            "units": INTEGERS,
            "num_layers": INTEGERS,
            "pooling": ("sum", (), ("max", "max"), 3),
            "dropout": RATES,
            "ngram_dropout": RATES,
            "embedded_ngrams": (-1, 1.5, "2"),
            "seed": SEEDS,
        },
    ),
    "networks.build_textcnn": (
        lambda **wrong: networks.build_textcnn(encoder(), LABELS, **wrong),
        {
            "embed_dim": INTEGERS,
            "filters": INTEGERS,
            "widths": ((), (2, 2)),
            "dropout": RATES,
            "ngram_dropout": RATES,
            "seed": SEEDS,
        },
    ),
    "taggers.build_tagger": (
        lambda **wrong: taggers.build_tagger(**{"kind": "lstm", "num_words": 5, "num_tags": 3} | wrong),
        {
            "kind": ("gru", None),
            "num_words": INTEGERS,
            "num_tags": INTEGERS,
            "embed_dim": INTEGERS,
            "embed_spread": (-1, NAN, "1"),
            "units": INTEGERS,
            "window": (0, 2, -3, 1.5, "3"),
            "dropout": RATES,
            "word_dropout": (-0.1, 1.1, NAN, "1"),
            "seed": SEEDS,
        },
    ),
    "layers.LabelProbabilities": (
        lambda **wrong: layers.LabelProbabilities(LABELS, **wrong),
        {"temperature": ABOVE_ZERO},
    ),
    "training.fit": (
        lambda **wrong: training.fit(model(), TABLE, TABLE, **{"epochs": 1} | wrong),
        {
            "epochs": INTEGERS,
            "batch_size": INTEGERS,
            "seed": SEEDS,
            "scoring": ("f1", None),
            "patience": INTEGERS,
            "adversarial": (-0.1, NAN, float("inf"), "1", None),
            "checkpoint_every": INTEGERS,
            "sample_weight": (3, "111111", {"a": 1}, TABLE, [1.0], [[1.0]] * 6, [0] * 6),
        },
    ),
    "training.recommended_textrnn": (
        lambda **wrong: training.recommended_textrnn(TABLE, **wrong),
        {"label_names": ("ab", LABELS[:1], [*LABELS, "game"], [LABELS[0]] * 2, ["finance", "game"], 3)},
    ),
    "taggers.fit_tagger": (
        lambda **wrong: taggers.fit_tagger(
            tagger(), np.ones((2, 2), int), np.ones((2, 2), int), **{"epochs": 1} | wrong
        ),
        {"epochs": INTEGERS, "batch_size": INTEGERS, "seed": SEEDS},
    ),
    "training.predict_proba": (
        lambda **wrong: training.predict_proba(model(), ["a"], **wrong),
        {"batch_size": INTEGERS},
    ),
    "checks.check_texts": (checks.check_texts, {"texts": (*NO_LISTS, np.array("a"))}),
    "training.draw_batches": (
        lambda **wrong: training.draw_batches(np.ones(3), **{"batch_size": 1, "seed": 0, "epoch": 0} | wrong),
        {"batch_size": INTEGERS, "seed": SEEDS, "epoch": (-1, 0.5, "1")},
    ),
    "training.num_steps": (
        lambda **wrong: training.num_steps(**{"num_rows": 3, "batch_size": 2, "epochs": 1} | wrong),
        {"num_rows": (-1, 1.5, "2"), "batch_size": INTEGERS, "epochs": INTEGERS},
    ),
    "training.recipe": (training.recipe, {"num_rows": INTEGERS}),
    "training.adamw": (
        lambda **wrong: training.adamw(**{"learning_rate": 0.1, "steps": 9} | wrong),
        {"learning_rate": ABOVE_ZERO, "steps": INTEGERS, "weight_decay": (-1, NAN, "1")},
    ),
    "training.LazyAdamW": (
        training.LazyAdamW,
        {
            "learning_rate": (0, -1, NAN),
            "table_rate": ABOVE_ZERO,
            "beta_1": RATES,
            "beta_2": RATES,
            "epsilon": ABOVE_ZERO,
            "weight_decay": (-1, NAN, "1"),
            "global_clipnorm": (-1, NAN, "1"),
        },
    ),
    "training.topic_vectors": (
        lambda **wrong: training.topic_vectors(encoder(), TABLE["text"], **{"embed_dim": 2} | wrong),
        {"embed_dim": INTEGERS, "num_ids": ([3], [-1, 3], [3, 999]), "seed": SEEDS},
    ),
    "training.set_embeddings": (
        lambda **wrong: training.set_embeddings(model(), [], **wrong),
        {"scale": ABOVE_ZERO},
    ),
    "metrics.accuracy": (
        lambda **wrong: metrics.accuracy(["a"], ["a"], **wrong),
        {"confidence": SHARES, "num_resamples": INTEGERS, "seed": SEEDS},
    ),
    "metrics.mean_accuracy": (
        lambda **wrong: metrics.mean_accuracy(["a"], [["a"]], **wrong),
        {"confidence": SHARES, "num_resamples": INTEGERS, "seed": SEEDS},
    ),
    "metrics.calibration_error": (
        lambda **wrong: metrics.calibration_error(["a"], ["a"], [0.5], **wrong),
        {"num_bins": INTEGERS},
    ),
    "metrics.worst_mistakes": (
        lambda **wrong: metrics.worst_mistakes(TABLE, PROBS, LABELS, **wrong),
        {"num": (-1, 1.5, "2", None)},
    ),
    "baselines.fit_linear": (lambda **wrong: baselines.fit_linear(TABLE, **wrong), {"max_ngram": INTEGERS}),
    "baselines.fit_naive_bayes": (lambda **wrong: baselines.fit_naive_bayes(TABLE, **wrong), {"max_ngram": INTEGERS}),
    "comparison.measure": (
        lambda **wrong: comparison.measure(**{"method": "majority", "train": TABLE, "dev": TABLE} | wrong),
        {"method": ("BERT", None), "repeats": INTEGERS},
    ),
    "comparison.shuffle_characters": (lambda **wrong: comparison.shuffle_characters(["ab"], **wrong), {"seed": SEEDS}),
    "slots.draw_travel_requests": (
        lambda **wrong: slots.draw_travel_requests(**TRAVEL | wrong),
        {"num_requests": INTEGERS, "seed": SEEDS, "after_share": (-0.1, 1.1, NAN, "1")},
    ),
    "slots.build_vocabulary": (
        lambda **wrong: slots.build_vocabulary([["a"]], **wrong),
        {"min_count": INTEGERS, "min_shape_words": (-1, 1.5, "2")},
    ),
    "gradients.draw_recall": (
        lambda **wrong: gradients.draw_recall(**{"num_sequences": 2, "gap": 1, "seed": 0} | wrong),
        {"num_sequences": INTEGERS, "gap": (-1, 1.5, "2"), "num_symbols": (1, -1, 2.5), "seed": SEEDS},
    ),
    "gradients.error_surface": (
        lambda **wrong: gradients.error_surface(0.0, 0.0, **wrong),
        {"num_steps": INTEGERS},
    ),
    "saving.save_classifier": (
        lambda **wrong: saving.save_classifier(model(), "nowhere", card={}, **wrong),
        {"tables": ("float16", None)},
    ),
    "saving.load_classifier": (
        lambda **wrong: saving.load_classifier("models/headlines-textrnn", **wrong),
        {"runtime": ("torch", None)},
    ),
    **{
        f"Classifier.{method}, {runtime}": (
            lambda runtime=runtime, method=method, **wrong: getattr(classifier(runtime), method)(["股市"], **wrong),
            {"batch_size": INTEGERS, "long_text": ("tail", None)}
            | ({"min_score": (-0.1, 1.1, NAN, "1")} if method != "predict_proba" else {}),
        )
        for method in ("predict", "predict_table", "predict_proba")
        for runtime in options.RUNTIMES
    },
    "Classifier.predict_stream": (
        lambda **wrong: list(classifier("numpy").predict_stream(**{"texts": ["股市"]} | wrong)),
        {"texts": ("股市", *NO_LISTS), "chunk_size": INTEGERS, "min_score": (-0.1, NAN)},
    ),
}


@pytest.mark.parametrize(
    ("door", "argument"), [(door, name) for door, (_, names) in ARGUMENTS.items() for name in names]
)
def test_an_argument_out_of_range_is_refused_by_name_with_expected_and_got(door, argument):
    call, values = ARGUMENTS[door][0], ARGUMENTS[door][1][argument]
    for value in values:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            call(**{argument: value})
        assert type(caught.value) is ValueError, value
        message = str(caught.value)
        assert message.startswith((f"{argument}: expected ", f"{argument}: {value!r} is no encoding")), message
        assert "is no encoding" in message or re.search(r", got .+", message), message
    assert not Path("nowhere").exists()
