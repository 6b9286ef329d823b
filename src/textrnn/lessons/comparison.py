"""Methods side by side: the same rows for each, how well it does, what it costs, and whether it needs the order."""

import functools
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import joblib
import keras
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from textrnn import baselines, datasets, metrics, networks, training
from textrnn.checks import check_integer, check_list, check_seed
from textrnn.preprocessing import split_words

DETERMINISTIC = ("majority", "naive Bayes", "linear SVM")  # no seed changes their answer
COLUMNS = ("model", "seed", "accuracy", "low", "high", "parameters", "seconds to train", "headlines/s")


class Fitted(NamedTuple):
    """A trained method."""

    predict: Callable[[Sequence[str]], np.ndarray]  # texts to labels
    num_parameters: int  # numbers that it learnt or counted


class Measured(NamedTuple):
    """A trained method with its measurements."""

    row: dict[str, str | int | float]  # COLUMNS
    predicted: np.ndarray  # its labels for dev
    predicted_others: np.ndarray  # its labels for other texts


Method = Callable[..., Fitted]  # (train, dev, *, seed)


def _of_pipeline(pipeline: Pipeline, num_parameters: int) -> Fitted:
    return Fitted(lambda texts: np.asarray(pipeline.predict(texts), dtype=object), num_parameters)


def fitted_network(model: keras.Model) -> Fitted:
    """Returns a trained network as a method."""
    names = networks.label_names(model)
    return Fitted(
        lambda texts: metrics.predicted_labels(training.predict_proba(model, texts), names), model.count_params()
    )


def _fit_majority(train: pd.DataFrame, dev: pd.DataFrame, *, seed: int) -> Fitted:
    return _of_pipeline(baselines.fit_majority(train), 1)


def _fit_naive_bayes(train: pd.DataFrame, dev: pd.DataFrame, *, seed: int) -> Fitted:
    pipeline = baselines.fit_naive_bayes(train)
    return _of_pipeline(pipeline, pipeline[-1].feature_log_prob_.size)


def _fit_linear(train: pd.DataFrame, dev: pd.DataFrame, *, seed: int) -> Fitted:
    pipeline = baselines.fit_linear(train)
    return _of_pipeline(pipeline, pipeline[0].idf_.size + pipeline[-1].coef_.size + pipeline[-1].intercept_.size)


def fit_network(
    train: pd.DataFrame,
    dev: pd.DataFrame,
    *,
    seed: int,
    build: Callable[..., keras.Model] = networks.build_textrnn,
    max_ngram: int = 1,
    recipe: training.Recipe | None = None,
    **settings: object,
) -> Fitted:
    """Returns a plain network trained on `train`, with the weights of its best epoch on dev.

    It is trained by the recipe, but for what makes the recommended one more than plain: its first vectors are random,
    no step is adversarial, and no evidence is counted.

    Args:
        train: columns `text` and `label`; the vocabulary and the classes come from here.
        dev: the same.
        seed: decides first weights, dropout and the order of the batches.
        build: `networks.build_textrnn` or `networks.build_textcnn`.
        max_ngram: 1: characters alone; more: embeddings of n-grams as well.
        recipe: how to train; `training.recipe` if `None`.
        **settings: what `build` takes.
    """
    recipe = (recipe or training.recipe_for(train)).changed(max_ngram=max_ngram, max_ngrams=60_000, adversarial=0.0)
    encoder = training.recommended_encoder(train["text"], settings=recipe)
    model = build(encoder, sorted(set(train["label"])), seed=seed, **settings)
    training.compile_by(recipe, model, num_rows=len(train))
    training.fit(model, train, dev, seed=seed, progress=False, **recipe.arguments("fit"))
    return fitted_network(model)


def _fit_best(train: pd.DataFrame, dev: pd.DataFrame, *, seed: int, lstm: bool = True) -> Fitted:
    # Networks against linear models: without cells that hold one.
    settings = training.recipe_for(train).changed(linear_cells=False)
    if not lstm:  # a dense layer as wide as both of its directions
        settings = settings.changed(cell="feedforward", units=2 * settings.units, bidirectional=False)
    model, _ = training.train_textrnn(train, dev, settings=settings, seed=seed, progress=False)
    return fitted_network(model)


METHODS: dict[str, Method] = {
    "majority": _fit_majority,
    "naive Bayes": _fit_naive_bayes,
    "linear SVM": _fit_linear,
    "TextCNN": partial(fit_network, build=networks.build_textcnn),
    "SimpleRNN": partial(fit_network, cell="simple", units=64, bidirectional=False, pooling="last"),
    "LSTM": partial(fit_network, units=64, bidirectional=False, pooling="last"),
    "BiLSTM": partial(fit_network, units=64, pooling="last"),
    "BiLSTM, attention": partial(fit_network, units=64, pooling="attention"),
    "kit's best, no LSTM": partial(_fit_best, lstm=False),
    "kit's best": _fit_best,
}


def seeds_of(method: str, seeds: Sequence[int]) -> list[int]:
    """Returns the seeds worth trying: the first alone where none changes the answer.

    >>> seeds_of("linear SVM", [0, 1, 2]), seeds_of("LSTM", [0, 1, 2])
    ([0], [0, 1, 2])
    """
    return list(seeds[:1]) if method in DETERMINISTIC else list(seeds)


def measure(
    method: str,
    train: pd.DataFrame,
    dev: pd.DataFrame,
    *,
    seed: int = 0,
    repeats: int = 3,
    other_texts: Sequence[str] = (),
) -> Measured:
    """Returns one of `METHODS` trained on `train`, its labels for `dev`, and its row of the comparison.

    Args:
        method: a name of `METHODS`.
        train: columns `text` and `label`.
        dev: the same; scored, and used by the networks to choose their best epoch.
        seed: for the networks.
        repeats: how often `dev` is answered; the fastest time counts.
        other_texts: are answered as well; their time is not measured.

    Raises:
        ValueError: the method is none of `METHODS`, `repeats` is below 1, or a table lacks something.
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {tuple(METHODS)}, got {method!r}")
    check_integer("repeats", repeats)
    datasets.check_splits(datasets.Splits(train, dev, None))
    start = time.perf_counter()
    fitted = METHODS[method](train, dev, seed=seed)
    seconds = time.perf_counter() - start
    row, predicted = measure_fitted(fitted, dev, name=method, seed=seed, seconds=seconds, repeats=repeats)
    return Measured(row, predicted, fitted.predict(other_texts) if len(other_texts) else np.array([], dtype=object))


def measure_fitted(
    fitted: Fitted, dev: pd.DataFrame, *, name: str, seed: int, seconds: float, repeats: int = 3
) -> tuple[dict[str, str | int | float], np.ndarray]:
    """Returns the row of a method that was trained elsewhere in `seconds`, and its labels for `dev`; see `measure`."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        predicted = fitted.predict(dev["text"])
        times.append(time.perf_counter() - start)
    score = metrics.accuracy(dev["label"], predicted)
    del score["rows"]
    row = {"model": name, "seed": seed, **score, "parameters": fitted.num_parameters}
    return row | {"seconds to train": seconds, "headlines/s": len(dev) / min(times)}, predicted


def measure_all(
    train: pd.DataFrame,
    dev: pd.DataFrame,
    *,
    methods: Sequence[str] = tuple(METHODS),
    seeds: Sequence[int] = (0,),
    other_texts: Sequence[str] = (),
    processes: int = 2,
) -> list[Measured]:
    """Returns `measure` of every method and seed, in this order; several processes work at a time.

    A network of this size keeps one core busy, so two processes on two cores take half the time and hardly slow each
    other. Each process first trains a network that nobody needs: TensorFlow takes a while to start, and no method
    should pay for that.

    Args:
        train: columns `text` and `label`.
        dev: the same.
        methods: names of `METHODS`.
        seeds: for those methods that depend on one.
        other_texts: are answered as well.
        processes: how many work at a time, at least 1.

    Raises:
        ValueError: no method or no seed is given, one of them is none, or a table lacks something.
    """
    check_integer("processes", processes)
    check_list("methods", methods)
    for name, values in {"methods": methods, "seeds": seeds}.items():
        if not len(values):
            raise ValueError(f"{name}: expected at least one, got none")
    for method in methods:
        if method not in METHODS:
            raise ValueError(f"methods: expected some of {tuple(METHODS)}, got {method!r}")
    for seed in seeds:
        check_seed(seed)
    datasets.check_splits(datasets.Splits(train, dev, None))
    wanted = [(method, seed) for method in methods for seed in seeds_of(method, seeds)]
    longest_first = sorted(wanted, key=lambda one: -list(METHODS).index(one[0]))
    work = joblib.Parallel(n_jobs=min(processes, len(wanted)), pre_dispatch="n_jobs", batch_size=1)
    done = work(
        joblib.delayed(_measure_started)(method, train, dev, seed=seed, other_texts=other_texts)
        for method, seed in longest_first
    )
    found = dict(zip(longest_first, done, strict=True))
    return [found[one] for one in wanted]


def _measure_started(
    method: str, train: pd.DataFrame, dev: pd.DataFrame, *, seed: int, other_texts: Sequence[str]
) -> Measured:
    if method not in DETERMINISTIC:
        start_tensorflow()
    return measure(method, train, dev, seed=seed, other_texts=other_texts)


@functools.cache
def start_tensorflow():
    """Trains a network that nobody needs, once in a process: no method should pay for the start of TensorFlow."""
    few = pd.DataFrame({"text": ["天地玄黄", "宇宙洪荒"], "label": ["a", "b"]})
    fit_network(few, few, seed=0, recipe=training.Recipe(1, 2, 1e-3))


def mcnemar_table(
    true: Sequence[str], predicted: Mapping[str, Sequence[str]], pairs: Iterable[tuple[str, str]]
) -> pd.DataFrame:
    """Returns McNemar's test for pairs of methods: a row for each, named `first → second`.

    Args:
        true: the labels.
        predicted: what each method said, by its name.
        pairs: names of two methods.

    Returns:
        Columns `only_first` and `only_second`, the texts that only this one gets right, and `p`: how likely a split at
        least as uneven is if both are equally good.

    Raises:
        ValueError: a method is not in `predicted`, or the numbers of labels differ.

    >>> mcnemar_table(["a", "b"], {"one": ["a", "a"], "other": ["b", "b"]}, [("one", "other")])
                 only_first  only_second    p
    one → other           1            1  1.0
    """
    tests = {}
    for pair in pairs:
        for name in pair:
            if name not in predicted:
                raise ValueError(f"pairs: expected two of {tuple(predicted)}, got {name!r}")
        tests[" → ".join(pair)] = metrics.mcnemar(true, *(predicted[name] for name in pair))
    return pd.DataFrame(tests).T.astype({"only_first": int, "only_second": int})


def shuffle_characters(texts: Sequence[str], *, seed: int = 0) -> list[str]:
    """Returns each text with its characters in random order: what it says is lost, what it is made of stays.

    >>> [sorted(text) for text in shuffle_characters(["abc", "de"])]
    [['a', 'b', 'c'], ['d', 'e']]
    """
    check_seed(seed)
    rng = np.random.default_rng(seed)
    return ["".join(text[index] for index in rng.permutation(len(text))) for text in texts]


def shuffle_words(texts: Sequence[str], *, seed: int = 0) -> list[str]:
    """Returns each text with its words, as jieba cuts them, in random order: words stay, what they say together goes.

    White space counts as a word, so that no character is lost.

    >>> shuffle_words(["A股 大涨", "大涨"])[1]
    '大涨'
    """
    check_seed(seed)
    rng = np.random.default_rng(seed)
    cut = [[word for part in re.split(r"(\s)", text) for word in split_words(part) or [part]] for text in texts]
    return ["".join(parts[index] for index in rng.permutation(len(parts))) for parts in cut]


def two_digits(value: float) -> float:
    """Returns `value` rounded to two significant digits: all that a measured time deserves.

    >>> two_digits(12345.6), two_digits(0.0123)
    (12000.0, 0.012)
    """
    return float(f"{value:.1e}")


def rounded_row(row: dict[str, str | int | float]) -> dict[str, str | int | float]:
    """Returns the row of a `Measured` with the digits that it deserves: four of a score, two significant of a time.

    >>> rounded_row({"accuracy": 0.91234, "low": 0.9, "high": 0.92, "seconds to train": 0.0123, "headlines/s": 12345.6})
    {'accuracy': 0.9123, 'low': 0.9, 'high': 0.92, 'seconds to train': 0.012, 'headlines/s': 12000.0}
    """
    shares = {name: round(float(row[name]), 4) for name in ("accuracy", "low", "high")}
    return row | shares | {name: two_digits(row[name]) for name in ("seconds to train", "headlines/s")}
