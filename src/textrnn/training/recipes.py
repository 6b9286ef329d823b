"""The recipe of a training run: every setting but the seed, as plain data."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from textrnn.checks import check_integer

# The fields that are the arguments of one function each.
ARGUMENTS = {
    "adamw": ("learning_rate", "weight_decay", "clipnorm", "warm_up"),
    "fit": ("epochs", "batch_size", "adversarial", "scoring", "patience"),
    "TextEncoder.from_texts": (
        "unit",
        "lower",
        "min_count",
        "max_tokens",
        "max_ngram",
        "min_ngram_count",
        "max_ngrams",
        "max_length",
    ),
    "build_textrnn": (
        "cell",
        "embed_dim",
        "units",
        "num_layers",
        "bidirectional",
        "pooling",
        "dropout",
        "ngram_dropout",
        "evidence",
        "embedded_ngrams",
    ),
}


@dataclass(frozen=True)
class Recipe:
    """Every setting of a training run but its seed; what is not given is as recommended (`benchmarks/RESULTS.md`).

    What a setting means is said where it is used, in `fit`, `adamw`, `networks.build_textrnn` and
    `TextEncoder.from_texts`. Those functions check the values.

    Attributes:
        learning_rate: the highest one, after the warm-up.
        warm_up: the share of the steps in which the learning rate rises.
        max_length: how many tokens the network reads at a time; `length_to_keep` of the training texts if `None`.
        topic_vectors: whether embeddings start from the texts alone (`topic_vectors`), not at random.

    >>> Recipe(1, 16, 4e-3).changed(units=64).units
    64
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    clipnorm: float = 1.0
    warm_up: float = 0.1
    label_smoothing: float = 0.1
    adversarial: float = 0.05
    scoring: str = "accuracy"
    patience: int | None = None
    # the vocabulary
    unit: str = "char"
    lower: bool = True
    min_count: int = 1
    max_tokens: int | None = None
    max_ngram: int = 3
    min_ngram_count: int = 2
    max_ngrams: int | None = 250_000
    max_length: int | None = None
    # the network
    cell: str = "lstm"
    embed_dim: int = 64
    units: int = 128
    num_layers: int = 1
    bidirectional: bool = True
    pooling: str | tuple[str, ...] = ("max", "mean")
    dropout: float = 0.4
    ngram_dropout: float = 0.5
    evidence: bool = True
    embedded_ngrams: int | None = 20_000  # the saved model then stays below 10 MB
    topic_vectors: bool = True

    def changed(self, **changes: Any) -> "Recipe":
        """Returns the recipe with other values for some of its settings.

        Raises:
            ValueError: there is no such setting; the message lists those that there are.
        """
        names = [field.name for field in fields(self)]
        if unknown := [name for name in changes if name not in names]:
            raise ValueError(f"settings: expected some of {', '.join(names)}; got {', '.join(unknown)}")
        return replace(self, **changes)

    def arguments(self, function: str) -> dict[str, Any]:
        """Returns the settings that are arguments of a function; `ARGUMENTS` names the functions."""
        return {name: getattr(self, name) for name in ARGUMENTS[function]}

    def to_config(self) -> dict[str, Any]:
        """Returns the settings as JSON values, for the card of a model."""
        config = asdict(self)
        return {**config, "pooling": self.pooling if isinstance(self.pooling, str) else list(self.pooling)}


def recipe(num_rows: int) -> Recipe:
    """Returns the recommended recipe for a training set of `num_rows` headlines.

    Few rows want small batches, so that there are enough steps; many rows want large ones, which are faster.

    >>> found = recipe(4550)
    >>> found.epochs, found.batch_size, found.learning_rate
    (4, 64, 0.004)
    """
    check_integer("num_rows", num_rows)
    return Recipe(4, 64, 4e-3) if num_rows < 20_000 else Recipe(4, 128, 2e-3)
