"""Short texts classified with a recurrent network, and the means to see how such a network works.

`import textrnn` takes no time: each room below is imported when it is first named. Those that answer need NumPy, and
pandas where tables are wanted; those that learn need TensorFlow and Keras (`pip install 'textrnn[train]'`).

Answering:
    saving: saved models, read back as a classifier or as a network; `load_classifier` is offered here as well.
    preprocessing: from text to ids: normalise, split, number.
    datasets: named data sets and files of your own as train, dev and test tables.
    metrics: scores as tables, with their intervals, and how far the scores of a model can be believed.
    cards: what a saved model was trained on, how it scores, what it is for.

Learning:
    estimator: `TextRNNClassifier`, the recommended network behind scikit-learn's interface; it is offered here as well.
    training: `train_textrnn` does it all; `fit` trains a model of your own.
    recipes: every setting of a training as plain data, checked; from a file and back.
    networks, layers: the networks as Keras models, and what they are made of.
    vectorizer: `IdVectorizer`, from texts to ids as scikit-learn's transformers do it; it is offered here as well.
    baselines: the plain classifiers that a network has to beat.

Looking:
    tracing: gates, memory and output of an LSTM at each character, and which characters decide.
    plots, fonts: figures, with Chinese in them.
    experiments: settings from a file, runs that can be compared, reports.
    lessons: what the notebooks draw and compare.

A saved model answers:

    >>> import textrnn
    >>> classifier = textrnn.load_classifier("headlines-textrnn")
    >>> classifier.predict(["国足客场一球小胜", "央行宣布下调存款准备金率"]).tolist()
    ['sports', 'finance']

Every data set is a table or several:

    >>> textrnn.datasets.load("headlines").train.columns.tolist()
    ['text', 'label']

A score comes with its interval:

    >>> textrnn.metrics.accuracy(["a"] * 90 + ["b"] * 10, ["a"] * 100)
    {'accuracy': 0.9, 'low': 0.84, 'high': 0.95, 'rows': 100}
"""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what __getattr__ finds, for editors
    from textrnn import answers as answers
    from textrnn import architectures as architectures
    from textrnn import baselines as baselines
    from textrnn import batching as batching
    from textrnn import cards as cards
    from textrnn import checks as checks
    from textrnn import datasets as datasets
    from textrnn import estimator as estimator
    from textrnn import evidence as evidence
    from textrnn import experiments as experiments
    from textrnn import exports as exports
    from textrnn import extras as extras
    from textrnn import fonts as fonts
    from textrnn import layers as layers
    from textrnn import lessons as lessons
    from textrnn import lines as lines
    from textrnn import locks as locks
    from textrnn import metrics as metrics
    from textrnn import networks as networks
    from textrnn import options as options
    from textrnn import plots as plots
    from textrnn import preprocessing as preprocessing
    from textrnn import recipes as recipes
    from textrnn import saving as saving
    from textrnn import scale as scale
    from textrnn import shipped as shipped
    from textrnn import tracing as tracing
    from textrnn import training as training
    from textrnn import vectorizer as vectorizer
    from textrnn import web as web
    from textrnn.estimator import TextRNNClassifier as TextRNNClassifier
    from textrnn.saving import load_classifier as load_classifier
    from textrnn.vectorizer import IdVectorizer as IdVectorizer

    __version__: str

_NAMES = {
    "IdVectorizer": "vectorizer",
    "TextRNNClassifier": "estimator",
    "load_classifier": "saving",
}  # offered here too, by their rooms
_LESSONS = ("cells", "diagrams", "gradients", "slots")  # found here too, where code of earlier versions looks for them


def _rooms() -> set[str]:
    return {module.name for module in pkgutil.iter_modules(__path__)} - {"cli"}


def __getattr__(name: str) -> Any:
    """Returns a room, one of its names that stand here too, or `__version__`, imported when first asked for.

    Raises:
        ImportError: a library that the room needs is not installed; the message says how to get it.
    """
    if name == "__version__":
        from importlib.metadata import version

        value = version("textrnn")
    elif name in _NAMES:
        value = getattr(__getattr__(_NAMES[name]), name)
    elif name in _LESSONS or name in _rooms():
        try:
            value = importlib.import_module(f"textrnn.lessons.{name}" if name in _LESSONS else f"textrnn.{name}")
        except ModuleNotFoundError as error:
            from textrnn.extras import explained

            raise explained(f"textrnn.{name}", error) from error
    else:
        raise AttributeError(f"module 'textrnn' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Returns the names that the package offers."""
    return sorted([*globals(), *_rooms(), *_NAMES, "__version__"])
