"""AdamW that touches only those rows of an embedding that a batch used, and its schedule."""

import math

import keras
import tensorflow as tf

from textrnn.checks import check_integer, check_number, check_rate
from textrnn.recipes import Recipe, check_training_settings


@keras.saving.register_keras_serializable(package="textrnn")
class LazyAdamW(keras.optimizers.Optimizer):
    """AdamW (Loshchilov & Hutter 2019) that leaves alone the rows of embeddings that a batch did not look up.

    Keras turns the gradient of an embedding into a full table: with 120,000 n-grams a third of a training step goes
    into rows whose gradient is zero. Here the rows that a batch used, and their moments, are the only ones to move;
    between two uses of a row its moments stand still. Embeddings do not decay.

    Args:
        learning_rate: a number or a schedule.
        table_rate: how many times larger the steps of embeddings are than those of other weights. Without momentum
            after its batch, a rare row moves a tenth as far as under plain Adam; 10 makes up for that.
        beta_1: how much of the mean gradient is kept from step to step, [0, 1).
        beta_2: the same for the mean squared gradient, [0, 1).
        epsilon: keeps the division finite.
        weight_decay: the share of a weight, times the learning rate, that each step takes away.
        global_clipnorm: the largest norm of all gradients together.
        **kwargs: as in `keras.optimizers.Optimizer`.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(
        self,
        learning_rate=0.001,
        *,
        table_rate: float = 10.0,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float = 0.01,
        global_clipnorm: float = 1.0,
        name: str = "lazy_adamw",
        **kwargs,
    ):
        above_zero = {"table_rate": table_rate, "epsilon": epsilon}
        if isinstance(learning_rate, int | float):  # no schedule
            above_zero["learning_rate"] = learning_rate
        for what, value in above_zero.items():
            check_number(what, value, "a number above 0", lambda number: 0 < number < math.inf)
        for what, value in {"beta_1": beta_1, "beta_2": beta_2}.items():
            check_rate(what, value)
        for what, value in {"weight_decay": weight_decay, "global_clipnorm": global_clipnorm}.items():
            if value is not None:
                check_number(what, value, "a number of at least 0", lambda number: 0 <= number < math.inf)
        super().__init__(learning_rate, weight_decay=weight_decay, global_clipnorm=global_clipnorm, name=name, **kwargs)
        self.table_rate, self.beta_1, self.beta_2, self.epsilon = table_rate, beta_1, beta_2, epsilon

    def build(self, variables):
        """Makes two moments for each variable."""
        if self.built:
            return
        super().build(variables)
        self._means, self._squares = self.add_optimizer_variables(variables, ["mean", "square"])

    def _clip_gradients(self, grads):
        grads = [merged(grad) if isinstance(grad, tf.IndexedSlices) else grad for grad in grads]
        return tf.clip_by_global_norm(grads, self.global_clipnorm)[0] if self.global_clipnorm else grads

    def _apply_weight_decay(self, variables):
        """Does nothing: `update_step` knows which variable is an embedding."""

    def update_step(self, gradient, variable, learning_rate):
        """Moves one variable; of an embedding only the rows in `gradient`."""
        index = self._get_variable_index(variable)
        mean, square = self._means[index].value, self._squares[index].value
        steps = tf.cast(self.iterations + 1, tf.float32)
        powers = [beta**steps for beta in (self.beta_1, self.beta_2)]
        if isinstance(gradient, tf.IndexedSlices):
            size = learning_rate * tf.sqrt(1 - powers[1]) / (1 - powers[0])
            rows, values = gradient.indices, gradient.values
            new_mean = self.beta_1 * tf.gather(mean, rows) + (1 - self.beta_1) * values
            new_square = self.beta_2 * tf.gather(square, rows) + (1 - self.beta_2) * values**2
            mean.scatter_update(tf.IndexedSlices(new_mean, rows))
            square.scatter_update(tf.IndexedSlices(new_square, rows))
            step = self.table_rate * size * new_mean / (tf.sqrt(new_square) + self.epsilon)
            variable.scatter_sub(tf.IndexedSlices(step, rows))
            return
        if self.weight_decay:
            variable.assign_sub(learning_rate * self.weight_decay * variable)
        # One operation, where the formula in Python would be a dozen, each a pass over all weights.
        betas = {"beta1_power": powers[0], "beta2_power": powers[1], "beta1": self.beta_1, "beta2": self.beta_2}
        numbers = {"lr": learning_rate, "epsilon": self.epsilon, **betas}
        numbers = {name: tf.cast(number, variable.dtype) for name, number in numbers.items()}
        handles = {"var": variable.handle, "m": mean.handle, "v": square.handle}
        tf.raw_ops.ResourceApplyAdam(**handles, **numbers, grad=gradient)

    def get_config(self):
        """Returns the settings."""
        own = {name: getattr(self, name) for name in ("table_rate", "beta_1", "beta_2", "epsilon")}
        return {**super().get_config(), **own}


def adamw(
    learning_rate: float,
    steps: int,
    *,
    weight_decay: float = Recipe.weight_decay,
    clipnorm: float = Recipe.clipnorm,
    warm_up: float = Recipe.warm_up,
) -> LazyAdamW:
    """Returns an optimizer whose learning rate first rises and then falls to nothing along a cosine.

    AdamW and cosine decay after Loshchilov & Hutter (2017, 2019).

    Args:
        learning_rate: the highest one; the first is a tenth of it.
        steps: batches of the whole training.
        weight_decay: the share of a weight, times the learning rate, that each step takes away.
        clipnorm: the largest norm of all gradients together.
        warm_up: the share of `steps` in which the learning rate rises, [0, 1); at least one step.

    Raises:
        ValueError: an argument is out of range.
    """
    check_integer("steps", steps)
    own = {"learning_rate": learning_rate, "weight_decay": weight_decay, "clipnorm": clipnorm, "warm_up": warm_up}
    check_training_settings(**own)
    rising = max(1, int(steps * warm_up))
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, max(1, steps - rising), warmup_target=learning_rate, warmup_steps=rising
    )
    return LazyAdamW(schedule, weight_decay=weight_decay, global_clipnorm=clipnorm)


def merged(gradient: tf.IndexedSlices) -> tf.IndexedSlices:
    """Returns the same gradient with every row named once."""
    rows, indices = tf.unique(gradient.indices)
    values = tf.math.unsorted_segment_sum(gradient.values, indices, tf.size(rows))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)
