"""One step of training: the loss of a batch, its gradients, and the weights moved by them."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn import networks
from textrnn.training.parallel import Workers
from textrnn.training.recurrence import fast_lstms

Parts = tuple[keras.Model | None, keras.Model]
# The targets of a batch, how much each row counts, and which part of the batch of all workers these rows are.
Truth = tuple[tf.Tensor, tf.Tensor | None, tf.Tensor]


def training_step(
    model: keras.Model,
    parts: Parts | None = None,
    *,
    adversarial: float = 0.0,
    leave_one_out: bool = True,
    workers: Workers | None = None,
) -> Callable[..., tf.Tensor]:
    """Returns a function that moves the weights of a compiled `model` by one batch and returns its mean loss.

    Args:
        model: says what loss and optimizer are.
        parts: what is trained: `(None, ids to probabilities)`, or two models as `networks.split_at_vectors` makes
            them; the second if `model` has class evidence or learns adversarially, else the first, if `None`.
        adversarial: see `fit`; for a model in two parts.
        leave_one_out: whether each text's evidence lacks the text's own part, as it must if the text was counted.
        workers: the processes that take the step together; this one alone if `None`.

    Returns:
        `step(x, y, sample_weight=None, part=1.0)`: ids `(batch, steps[, orders])`, what the loss takes for targets, how
        much each row counts, `float32 (batch,)`, in every call or in none, and which part of the batch of all workers
        these rows are; the loss is the mean, over all workers, of weight times loss.
    """
    workers, functions = workers or Workers(), []
    step = _Step(model, parts, workers, adversarial=adversarial, leave_one_out=leave_one_out)

    def move(x: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None = None, part: float = 1.0) -> tf.Tensor:
        batch = [tf.constant(array) for array in (x, y, np.float32(part), sample_weight) if array is not None]
        if not functions:  # made a graph once, for batches of any size and length
            x, y, part, *weights = batch
            any_y = [None] * y.shape.rank if y.dtype.is_integer else [None, *y.shape[1:]]
            shapes = [[None, None, *x.shape[2:]], any_y, [], *([None] for _ in weights)]
            signature = [tf.TensorSpec(shape, array.dtype) for shape, array in zip(shapes, batch, strict=True)]
            functions.append(tf.function(step.move, input_signature=signature))
        return functions[0](*batch)

    return move


class _Step:
    """The parts of a model, and how their weights move by one batch."""

    def __init__(
        self, model: keras.Model, parts: Parts | None, workers: Workers, *, adversarial: float, leave_one_out: bool
    ):
        self.model, self.evidence, self.workers = model, networks.evidence_layer(model), workers
        self.adversarial, self.leave_one_out = adversarial, leave_one_out
        if parts is None:
            whole = self.evidence is None and not adversarial
            parts = (None, networks.ids_model(model)) if whole else networks.split_at_vectors(model)
        self.front, self.rest = parts
        self.tables = [] if self.front is None else [weight.value for weight in self.front.trainable_weights]
        self.weights = [weight.value for weight in self.rest.trainable_weights]
        if not model.optimizer.built:
            model.optimizer.build([*self.tables, *self.weights])

    def move(self, x: tf.Tensor, y: tf.Tensor, part: tf.Tensor, sample_weight: tf.Tensor | None = None) -> tf.Tensor:
        """Moves every weight by one batch and returns the mean loss of its rows, each times its weight if given."""
        loss, gradients = self._gradients(x, (y, sample_weight, part))
        # Here, and nowhere else, the workers meet. What the optimizer then clips and applies is the sum, in each alike.
        loss, *gradients = self.workers.sum([loss, *gradients])
        self.model.optimizer.apply(gradients, [*self.tables, *self.weights])
        return loss

    def _gradients(self, x: tf.Tensor, truth: Truth) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Returns the loss of a batch, and the gradients of `tables` and `weights`."""
        if self.front is None:
            return self._loss_and_gradients(x, truth, self.weights)
        with tf.GradientTape() as tape:
            vectors = self.front(self._front_inputs(x, truth[0]), training=True)  # (batch, steps, features)
        loss, gradients = self._loss_and_gradients([x, vectors], truth, [vectors, *self.weights])
        if self.adversarial:
            others = self._adversarial_gradients(x, truth, vectors, gradients[0])
            gradients = [(one + other) / 2 for one, other in zip(gradients, others, strict=True)]
        of_tables = tape.gradient(vectors, self.tables, output_gradients=gradients[0])
        return loss, [*of_tables, *gradients[1:]]

    def _front_inputs(self, x: tf.Tensor, y: tf.Tensor) -> list[tf.Tensor]:
        if self.evidence is None:
            return [x]
        if not self.leave_one_out:
            return [x, self.evidence(x)]
        return [x, self.evidence.leave_one_out(x, tf.argmax(y, axis=1) if y.shape.rank == 2 else y)]

    def _loss_and_gradients(self, inputs: Any, truth: Truth, wanted: list) -> tuple[tf.Tensor, list[tf.Tensor]]:
        y, sample_weight, part = truth
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            with fast_lstms(self.rest):
                y_pred = self.rest(inputs, training=True)
            loss = self.model.compute_loss(y=y, y_pred=y_pred, sample_weight=sample_weight)  # over rows, not weights
            loss *= part  # so that the sum over the workers is the mean over the rows of all
        return loss, tape.gradient(loss, wanted)

    def _adversarial_gradients(
        self, x: tf.Tensor, truth: Truth, vectors: tf.Tensor, of_vectors: tf.Tensor
    ) -> list[tf.Tensor]:
        """Returns the gradients where the vectors are moved in the direction that raises the loss most."""
        uphill = of_vectors / (_norms(of_vectors) + 1e-12)
        worse = vectors + self.adversarial * _norms(vectors) * uphill
        return self._loss_and_gradients([x, worse], truth, [worse, *self.weights])[1]


def _norms(vectors: tf.Tensor) -> tf.Tensor:
    """Returns the length of each text's vectors taken together: `(batch, 1, 1)`."""
    return tf.sqrt(tf.reduce_sum(vectors**2, axis=[1, 2], keepdims=True))


def learn_batch(
    step: Callable,
    x: np.ndarray,
    y: np.ndarray,
    *,
    epoch: int,
    sample_weight: np.ndarray | None = None,
    part: float = 1.0,
    num_rows: int | None = None,
) -> float:
    """Returns the sum of the losses of the rows of one batch, by which it moves the weights.

    Args:
        step: from `training_step`.
        x: ids of the rows.
        y: what the loss takes for targets.
        epoch: counts from 0; for the message.
        sample_weight: by which the loss of each row is multiplied, `float32 (batch,)`.
        part: which part of the batch of all workers these rows are.
        num_rows: of the batch of all workers; those of `x` if `None`.

    Raises:
        FloatingPointError: the loss is no longer a number.
    """
    loss = float(step(x, y, sample_weight, part))
    check_finite(loss, epoch=epoch)
    return loss * (len(x) if num_rows is None else num_rows)


def check_finite(loss: float, *, epoch: int, name: str = "the loss"):
    """Raises `FloatingPointError` if `loss` is no longer a number, with what to try."""
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"epoch {epoch + 1}: {name} is {loss}; try a lower learning rate or clipnorm in the optimizer"
        )


def check_compiled(model: keras.Model):
    """Raises `ValueError` unless `model` has an optimizer to be trained with."""
    if getattr(model, "optimizer", None) is None:
        raise ValueError("model: expected a compiled model; call model.compile(optimizer=…, loss=…) first")


def targets_of(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Returns what turns label ids into what the loss of `model` takes: the ids themselves, or one-hot rows."""
    sparse = isinstance(keras.losses.get(model.loss), keras.losses.SparseCategoricalCrossentropy) or (
        "sparse" in str(getattr(model.loss, "__name__", model.loss))
    )
    names = networks.label_names(model)
    return (lambda ids: ids) if sparse else (lambda ids: (ids[:, None] == np.arange(len(names))).astype("float32"))
