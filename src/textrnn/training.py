"""Training and bulk scoring: ids computed once, batches of texts of like length, the best weights kept, a history."""

import hashlib
import json
import math
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.metrics import f1_score
from tqdm import tqdm

from textrnn import datasets, networks, pretraining
from textrnn.batching import answer_in_batches
from textrnn.cards import sha256_of_file
from textrnn.checkpoints import Checkpoints
from textrnn.checks import check_choice, check_integer, check_number, check_seed, check_table, check_texts
from textrnn.layers import TextToIds
from textrnn.metrics import label_ids
from textrnn.optimizers import LazyAdamW
from textrnn.options import SCORES
from textrnn.preprocessing import TextEncoder, Windows

BATCHES_PER_POOL = 50
CHUNK_ROWS = 100_000  # of a file that are in memory at a time
CHECKPOINT_VERSION = 1  # of what a checkpoint holds
ADVERSARIAL = 0.05  # of the length of a text's vectors
MAX_NGRAMS = 250_000  # of each order, with evidence
EMBEDDED_NGRAMS = 20_000  # of each order, with a vector: the saved model then stays below 10 MB
SETTINGS = {  # of the recommended network, for the card of a model
    "max_ngram": 3,
    "max_ngrams": MAX_NGRAMS,
    "embedded_ngrams": EMBEDDED_NGRAMS,
    "evidence": True,
    "topic_vectors": True,
    "adversarial": ADVERSARIAL,
    "label_smoothing": 0.1,
}


class EncodedTexts(NamedTuple):
    """Texts as ids, padded on the right, with the number of real steps of each."""

    ids: np.ndarray  # int32 (rows, steps) or (rows, steps, orders)
    lengths: np.ndarray  # int64 (rows,)

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Returns the ids of `rows`, no longer than the longest of them needs."""
        return self.ids[rows, : max(1, self.lengths[rows].max())]


def encode_texts(model: keras.Model, texts: Sequence[str], *, chunk_size: int = 4096) -> EncodedTexts:
    """Returns the ids that `model`'s text layer gives to `texts`.

    Args:
        model: a model with a `TextToIds` layer.
        texts: strings, a pandas column or an array of strings.
        chunk_size: texts per call of the layer.

    Raises:
        ValueError: a text is no string or empty, or the model has no text layer.
    """
    check_integer("chunk_size", chunk_size)
    layer, texts = networks.text_layer(model), check_texts(texts)
    encoder = layer.encoder
    orders = (len(encoder.num_ids),) if encoder.ngrams else ()
    ids = np.zeros((len(texts), encoder.max_length, *orders), dtype="int32")
    for start in range(0, len(texts), chunk_size):
        chunk = layer(tf.constant(texts[start : start + chunk_size])).numpy()
        ids[start : start + len(chunk), : chunk.shape[1]] = chunk
    lengths = _num_real(ids)
    return EncodedTexts(ids[:, : max(1, lengths.max(initial=1))], lengths)


def draw_batches(lengths: np.ndarray, *, batch_size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Returns the row numbers of each batch of one epoch: every row once, rows of like length together.

    The rows are shuffled, cut into pools of 50 batches, sorted by length within a pool, and the batches shuffled; so
    padding is rare and the order is still random. The answer depends on the arguments alone.

    Args:
        lengths: `(rows,)` steps of each row.
        batch_size: rows of a batch; the last one may be smaller.
        seed: decides the order, with `epoch`.
        epoch: counts from 0.

    Raises:
        ValueError: an argument is out of range.
    """
    check_integer("batch_size", batch_size)
    check_seed(seed)
    check_integer("epoch", epoch, least=0)
    rng = np.random.default_rng([seed, epoch])
    rows = rng.permutation(len(lengths))
    pool_size = batch_size * BATCHES_PER_POOL
    batches = []
    for start in range(0, len(rows), pool_size):
        pool = rows[start : start + pool_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[i : i + batch_size] for i in range(0, len(pool), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def num_steps(num_rows: int, *, batch_size: int, epochs: int) -> int:
    """Returns how many batches `fit` trains on: what a learning-rate schedule has to last for.

    >>> num_steps(1000, batch_size=128, epochs=3)
    24
    """
    check_integer("num_rows", num_rows, least=0)
    check_integer("batch_size", batch_size)
    check_integer("epochs", epochs)
    return epochs * math.ceil(num_rows / batch_size)


def _probabilities(on_ids: keras.Model, windows: Windows, *, batch_size: int) -> np.ndarray:
    """Returns the probabilities of the texts that were cut into `windows`: `float32 (texts, classes)`."""
    encoded = EncodedTexts(windows.ids, _num_real(windows.ids))
    probs = answer_in_batches(
        lambda rows: on_ids.predict_on_batch(encoded.batch(rows)),
        encoded.lengths,
        batch_size=batch_size,
        num_columns=on_ids.output_shape[-1],
    )
    return windows.mean(probs)


def _num_real(ids: np.ndarray) -> np.ndarray:
    """Returns the number of steps of each row that are not padding: `int64 (rows,)`."""
    return ((ids if ids.ndim == 2 else ids[..., 0]) > 0).sum(axis=1)


def predict_proba(model: keras.Model, texts: Sequence[str], *, batch_size: int = 512) -> np.ndarray:
    """Returns the probabilities of `texts`, in their order: `float32 (rows, classes)`; rows sum to 1.

    A text that has more tokens than the network reads at a time is read in windows, as by a saved classifier
    (`TextEncoder.encode_windows`).

    Args:
        model: string to probabilities, with a `TextToIds` layer.
        texts: one string, a list, a pandas column or a NumPy array of strings.
        batch_size: windows worked on at a time; those of similar length go together.

    Raises:
        ValueError: a text is no string or empty, the model has no text layer, or `batch_size` is below 1.
    """
    check_integer("batch_size", batch_size)
    windows = networks.text_encoder(model).encode_windows(check_texts(texts))
    return _probabilities(networks.ids_model(model), windows, batch_size=batch_size)


def training_step(
    model: keras.Model,
    parts: tuple[keras.Model | None, keras.Model] | None = None,
    *,
    adversarial: float = 0.0,
    leave_one_out: bool = True,
) -> Callable[[np.ndarray, np.ndarray], tf.Tensor]:
    """Returns a function that moves the weights of a compiled `model` by one batch and returns its mean loss.

    Args:
        model: says what loss and optimizer are.
        parts: what is trained: `(None, ids to probabilities)`, or two models as `networks.split_at_vectors` makes
            them; the second if `model` has class evidence or learns adversarially, else the first, if `None`.
        adversarial: see `fit`; for a model in two parts.
        leave_one_out: whether each text's evidence lacks the text's own part, as it must if the text was counted.

    Returns:
        `step(x, y)`: ids `(batch, steps[, orders])` and what the loss takes for targets.
    """
    evidence = networks.evidence_layer(model)
    if parts is None:
        whole = evidence is None and not adversarial
        parts = (None, networks.ids_model(model)) if whole else networks.split_at_vectors(model)
    front, rest = parts
    tables = [] if front is None else [weight.value for weight in front.trainable_weights]
    weights = [weight.value for weight in rest.trainable_weights]
    if not model.optimizer.built:
        model.optimizer.build([*tables, *weights])

    def seen(x, y):
        if evidence is None:
            return [x]
        if not leave_one_out:
            return [x, evidence(x)]
        return [x, evidence.leave_one_out(x, tf.argmax(y, axis=1) if y.shape.rank == 2 else y)]

    def loss_and_gradients(inputs, targets, wanted):
        with tf.GradientTape() as tape:
            tape.watch(wanted)
            loss = model.compute_loss(y=targets, y_pred=rest(inputs, training=True))
        return loss, tape.gradient(loss, wanted)

    def step(x, y):
        if front is None:
            loss, gradients = loss_and_gradients(x, y, weights)
            model.optimizer.apply(gradients, weights)
            return loss
        with tf.GradientTape() as tape:
            vectors = front(seen(x, y), training=True)  # (batch, steps, features)
        loss, gradients = loss_and_gradients([x, vectors], y, [vectors, *weights])
        if adversarial:
            uphill = gradients[0] / (_norms(gradients[0]) + 1e-12)
            worse = vectors + adversarial * _norms(vectors) * uphill
            _, others = loss_and_gradients([x, worse], y, [worse, *weights])
            gradients = [(one + other) / 2 for one, other in zip(gradients, others, strict=True)]
        of_tables = tape.gradient(vectors, tables, output_gradients=gradients[0])
        model.optimizer.apply([*of_tables, *gradients[1:]], [*tables, *weights])
        return loss

    functions = []

    def traced(x, y):
        x, y = tf.constant(x), tf.constant(y)
        if not functions:  # traced once, for batches of any size and length
            any_y = [None] * y.shape.rank if y.dtype.is_integer else [None, *y.shape[1:]]
            signature = [tf.TensorSpec([None, None, *x.shape[2:]], x.dtype), tf.TensorSpec(any_y, y.dtype)]
            functions.append(tf.function(step, input_signature=signature))
        return functions[0](x, y)

    return traced


def _norms(vectors: tf.Tensor) -> tf.Tensor:
    """Returns the length of each text's vectors taken together: `(batch, 1, 1)`."""
    return tf.sqrt(tf.reduce_sum(vectors**2, axis=[1, 2], keepdims=True))


def learn_batch(step: Callable, x: np.ndarray, y: np.ndarray, *, epoch: int) -> float:
    """Moves the weights by one batch and returns the sum of the losses of its rows.

    Args:
        step: what `training_step` returned.
        x: the ids of the batch.
        y: its targets, as the loss of the model takes them.
        epoch: counts from 0; for the message.

    Raises:
        FloatingPointError: the loss is no longer a number; the message says what to try.
    """
    loss = float(step(x, y))
    _check_finite(loss, epoch=epoch)
    return loss * len(x)


def _check_finite(loss: float, *, epoch: int, name: str = "the loss"):
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"epoch {epoch + 1}: {name} is {loss}; try a lower learning rate or clipnorm in the optimizer"
        )


def check_compiled(model: keras.Model):
    """Raises `ValueError` unless `model` was given an optimizer and a loss by `compile`."""
    if getattr(model, "optimizer", None) is None:
        raise ValueError("model: expected a compiled model; call model.compile(optimizer=…, loss=…) first")


class _TableRows:
    """The rows to train on, their ids in memory."""

    def __init__(self, model: keras.Model, table: pd.DataFrame):
        self.label_ids = label_ids(table["label"], networks.label_names(model), name="train")
        self._encoded = encode_texts(model, table["text"])
        self.lengths, self.batch = self._encoded.lengths, self._encoded.batch
        self.sha256 = _sha256_of(table)


class _FileRows:
    """The rows of a file to train on, their ids in a file that disappears with the process."""

    def __init__(self, model: keras.Model, path: Path, *, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open as long as the rows are
        label_names, lengths, ids_of_labels = networks.label_names(model), [], []
        for table in datasets.read_chunks(path, num_rows=CHUNK_ROWS):
            first = table.index[0] + 1
            encoded = encode_texts(model, table["text"])
            ids_of_labels.append(label_ids(table["label"], label_names, name=str(path), first=first).astype("int32"))
            lengths.append(encoded.lengths)
            real = np.arange(encoded.ids.shape[1]) < encoded.lengths[:, None]
            encoded.ids[real].tofile(self._file)  # the real steps of all texts, end to end
            self._step_shape = encoded.ids.shape[2:]
        self.label_ids, self.lengths = np.concatenate(ids_of_labels), np.concatenate(lengths)
        self._begins = np.cumsum(self.lengths) - self.lengths
        self.sha256 = sha256_of_file(path)

    def batch(self, rows: np.ndarray) -> np.ndarray:
        """Returns the ids of `rows`, padded to the longest of them."""
        orders = math.prod(self._step_shape)
        ids = np.zeros((len(rows), max(1, self.lengths[rows].max()), *self._step_shape), dtype="int32")
        for place, row in enumerate(rows):
            self._file.seek(int(self._begins[row]) * orders * ids.itemsize)
            flat = np.fromfile(self._file, dtype="int32", count=int(self.lengths[row]) * orders)
            ids[place, : self.lengths[row]] = flat.reshape(-1, *self._step_shape)
        return ids


def _rows_to_learn(
    model: keras.Model, train: pd.DataFrame | str | os.PathLike, *, folder: str | os.PathLike | None
) -> _TableRows | _FileRows:
    """Returns the rows of a table or file, each class of `model` among them; a file's ids go to `folder`."""
    if isinstance(train, str | os.PathLike):
        data = _FileRows(model, Path(train), folder=Path(folder) if folder else datasets.cache_folder())
    else:
        data = _TableRows(model, train)
    names = networks.label_names(model)
    if missing := sorted(names[place] for place in set(range(len(names))) - {*data.label_ids.tolist()}):
        raise ValueError(f"train: the class(es) {missing} of the model have no row")
    return data


def _count_evidence(model: keras.Model, data: _TableRows | _FileRows):
    """Counts the n-grams of `data` anew in the evidence layer of `model`, if it has one."""
    evidence = networks.evidence_layer(model)
    for first in range(0, 0 if evidence is None else len(data.lengths), CHUNK_ROWS):
        rows = np.arange(first, min(first + CHUNK_ROWS, len(data.lengths)))
        evidence.count(data.batch(rows), data.label_ids[rows], reset=not first)


def _sha256_of(table: pd.DataFrame) -> str:
    digest = hashlib.sha256()
    for text, label in zip(table["text"], table["label"], strict=True):
        digest.update(f"{label}\t{text}\n".encode())
    return digest.hexdigest()


@dataclass
class _Run:
    """How far a run has come; with the weights and the optimizer all that it needs to go on."""

    epoch: int = 0
    batch: int = 0  # of the epoch
    loss: float = 0.0  # sum over the rows of the epoch so far
    history: list[dict[str, float]] = field(default_factory=list)
    best_rank: tuple[float, float] | None = None
    best_epoch: int = 0
    seconds: float = 0.0


def fit(
    model: keras.Model,
    train: pd.DataFrame | str | os.PathLike,
    dev: pd.DataFrame,
    *,
    epochs: int,
    batch_size: int = 128,
    seed: int = 0,
    score: str = "accuracy",
    patience: int | None = None,
    adversarial: float = 0.0,
    recount: bool = True,
    resume: str | os.PathLike | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
    log_dir: str | Path | None = None,
) -> pd.DataFrame:
    """Trains a compiled `model` and returns its history; the weights of the best epoch on dev stay in the model.

    The ids are computed once; batches hold texts of like length and are padded to the longest of the batch alone. The
    same model, data and seed give the same weights on a CPU; so does a run that was killed and resumed.

    Args:
        model: string to probabilities, compiled with an optimizer and a (sparse) categorical cross-entropy, its
            classes named by `layers.LabelProbabilities`.
        train: columns `text` and `label`; or the path of a TSV or CSV file of any size, which is read in pieces: its
            ids go to a temporary file in the folder `resume`, or else in the cache folder, and memory holds a few
            numbers for each row.
        dev: a table; scored after each epoch, long texts in windows as `predict_proba` reads them.
        epochs: passes over train, at most.
        batch_size: rows of a batch.
        seed: decides the order of the batches.
        score: `"accuracy"` or `"macro_f1"`: what makes an epoch the best.
        patience: stop after this many epochs without a better score; never if `None`.
        adversarial: if above 0, each batch is learnt twice: as it is, and with its vectors moved by this share of
            their length in the direction that raises the loss most (Miyato, Dai & Goodfellow 2017). Twice the time.
        recount: whether a `layers.ClassEvidence` counts anew in train, each text then learning without its own part.
            To train a model on with other texts, `False` leaves its counts as they are.
        resume: a folder for checkpoints. If it holds some of this very run, the run goes on from the newest (a
            finished run returns at once); build and compile the model as for a new run.
        checkpoint_every: batches between two checkpoints; there is one after each epoch as well.
        progress: whether a bar runs over the batches.
        log_dir: where TensorBoard's logs go, if anywhere.

    Returns:
        One row for each epoch: `epoch` (from 1), `loss` (mean over the epoch, dropout on), `dev_loss`, `dev_accuracy`,
        `dev_macro_f1`, `learning_rate`; `attrs` holds `best_epoch` and `seconds`.

    Raises:
        ValueError: the model is not compiled, a label is not among its classes, a class has no row in train, a text is
            empty, a setting is out of range, or `resume` holds another run. Nothing is trained then.
        FloatingPointError: the loss is no longer a number; the message says what to try.
        OSError: a checkpoint cannot be written; those before it are as they were.
    """
    check_choice("score", score, SCORES)
    for name, value in {"epochs": epochs, "batch_size": batch_size, "checkpoint_every": checkpoint_every}.items():
        check_integer(name, value)
    if patience is not None:
        check_integer("patience", patience)
    check_seed(seed)
    check_number("adversarial", adversarial, "a share of a length, 0 or more", lambda share: 0 <= share < math.inf)
    check_compiled(model)
    if not isinstance(train, str | os.PathLike):
        check_table("train", train)
    check_table("dev", dev)
    data = _rows_to_learn(model, train, folder=resume)
    dev_targets = label_ids(dev["label"], networks.label_names(model), name="dev")
    dev_windows = networks.text_encoder(model).encode_windows(dev["text"])
    wanted = _targets_of(model)

    start = time.perf_counter()
    on_ids = networks.ids_model(model)
    if recount:
        _count_evidence(model, data)
    step = training_step(model, adversarial=adversarial, leave_one_out=recount)
    run, best = _Run(), None
    if resume:
        settings = {"epochs": epochs, "batch_size": batch_size, "seed": seed, "score": score, "patience": patience}
        settings |= {"adversarial": adversarial, "recount": recount, "model": _fingerprint(model)}
        checkpoints = Checkpoints(
            resume, identity={**settings, "train": data.sha256, "dev": _sha256_of(dev), "version": CHECKPOINT_VERSION}
        )
        if found := checkpoints.newest():
            run, best = _restore(model, *found)
        start -= run.seconds

    total = num_steps(len(data.lengths), batch_size=batch_size, epochs=epochs)

    def keep():
        if resume:
            run.seconds = time.perf_counter() - start
            done = run.epoch * (total // epochs) + run.batch
            checkpoints.save(done, _arrays(model, best), asdict(run))

    writer = tf.summary.create_file_writer(str(log_dir)) if log_dir else None
    done = run.epoch * (total // epochs) + run.batch
    with tqdm(total=total, initial=done, disable=not progress) as bar:
        while run.epoch < epochs and not (patience and run.epoch - run.best_epoch >= patience):
            batches = draw_batches(data.lengths, batch_size=batch_size, seed=seed, epoch=run.epoch)
            for rows in batches[run.batch :]:
                run.loss += learn_batch(step, data.batch(rows), wanted(data.label_ids[rows]), epoch=run.epoch)
                run.batch += 1
                bar.update()
                if run.batch % checkpoint_every == 0 and run.batch < len(batches):
                    keep()
            row = {"epoch": run.epoch + 1, "loss": run.loss / len(data.lengths)}
            row |= _score(_probabilities(on_ids, dev_windows, batch_size=512), dev_targets)
            _check_finite(row["dev_loss"], epoch=run.epoch, name="the loss on dev")  # the last step can break weights
            row["learning_rate"] = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
            run.history.append(row)
            bar.set_postfix(dev_accuracy=f"{row['dev_accuracy']:.3f}")
            if writer:
                _log(writer, row)
            run.epoch, run.batch, run.loss = run.epoch + 1, 0, 0.0
            rank = (row[f"dev_{score}"], -row["dev_loss"])  # of equal scores the surer one
            if run.best_rank is None or rank > run.best_rank:
                run.best_rank, run.best_epoch = rank, run.epoch
                best = [weight.numpy() for weight in _learnt(model, model.weights)]
            keep()
    for weight, array in zip(_learnt(model, model.weights), best, strict=True):
        weight.assign(array)
    if writer:
        writer.close()
    history = pd.DataFrame(run.history)
    history.attrs = {"best_epoch": run.best_epoch, "seconds": time.perf_counter() - start}
    return history


def _learnt(model: keras.Model, variables: list[keras.Variable]) -> list[keras.Variable]:
    """Returns `variables` of `model` without the counts of class evidence, which training leaves alone."""
    evidence = networks.evidence_layer(model)
    counts = set() if evidence is None else {id(weight) for weight in evidence.weights}
    return [variable for variable in variables if id(variable) not in counts]


def _moving(model: keras.Model) -> list[keras.Variable]:
    """Returns all that a training step changes: weights, the state of dropout's random numbers, the optimizer's."""
    return [*_learnt(model, model.variables), *model.optimizer.variables]


def _arrays(model: keras.Model, best: list[np.ndarray] | None) -> dict[str, np.ndarray]:
    """Returns what a checkpoint holds: every variable that moves, and the weights of the best epoch so far."""
    arrays = {f"variable_{place}": variable.numpy() for place, variable in enumerate(_moving(model))}
    return arrays | {f"best_{place}": array for place, array in enumerate(best or ())}


def _restore(
    model: keras.Model, arrays: dict[str, np.ndarray], state: dict[str, Any]
) -> tuple[_Run, list[np.ndarray] | None]:
    """Puts the variables of a checkpoint into `model`; returns how far the run had come and its best weights."""
    for place, variable in enumerate(_moving(model)):
        variable.assign(arrays[f"variable_{place}"])
    run = _Run(**state)
    run.best_rank = None if run.best_rank is None else tuple(run.best_rank)
    num_best = sum(name.startswith("best_") for name in arrays)
    return run, [arrays[f"best_{place}"] for place in range(num_best)] or None


def _fingerprint(model: keras.Model) -> str:
    """Returns a hash of how `model` is built and compiled: vocabulary, layers, loss, optimizer; names do not count."""

    def nameless(value):
        if isinstance(value, dict):
            return {key: nameless(item) for key, item in value.items() if key != "name"}
        return [nameless(item) for item in value] if isinstance(value, list | tuple) else value

    layers = [
        [type(layer).__name__, layer.encoder.sha256 if isinstance(layer, TextToIds) else nameless(layer.get_config())]
        for layer in model.layers
    ]
    shapes = [[list(variable.shape), variable.dtype] for variable in _moving(model)]
    optimizer = nameless(keras.optimizers.serialize(model.optimizer))
    loss = nameless(keras.losses.serialize(keras.losses.get(model.loss)))
    text = json.dumps([layers, shapes, optimizer, loss], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _targets_of(model: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Returns what turns label ids into what the loss of `model` takes: the ids themselves, or one-hot rows."""
    sparse = isinstance(keras.losses.get(model.loss), keras.losses.SparseCategoricalCrossentropy) or (
        "sparse" in str(getattr(model.loss, "__name__", model.loss))
    )
    one_hot = np.eye(len(networks.label_names(model)), dtype="float32")
    return (lambda ids: ids) if sparse else (lambda ids: one_hot[ids])


def _log(writer: tf.summary.SummaryWriter, row: dict[str, float]):
    with writer.as_default(step=row["epoch"]):
        for name, value in row.items():
            tf.summary.scalar(name, value)


def _score(probs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    predicted = probs.argmax(axis=1)
    own = np.clip(probs[np.arange(len(targets)), targets], 1e-12, 1)
    return {
        "dev_loss": float(-np.log(own).mean()),
        "dev_accuracy": float((predicted == targets).mean()),
        "dev_macro_f1": float(f1_score(targets, predicted, average="macro", zero_division=0)),
    }


class Recipe(NamedTuple):
    """How long and how fast to train."""

    epochs: int
    batch_size: int
    learning_rate: float  # the highest one, after the warm-up


def recipe(num_rows: int) -> Recipe:
    """Returns the recommended recipe for a training set of `num_rows` headlines.

    Few rows want small batches, so that there are enough steps; many rows want large ones, which are faster. What was
    tried stands in `benchmarks/RESULTS.md`.

    >>> recipe(4550)
    Recipe(epochs=4, batch_size=64, learning_rate=0.004)
    """
    check_integer("num_rows", num_rows)
    return Recipe(4, 64, 4e-3) if num_rows < 20_000 else Recipe(4, 128, 2e-3)


def train_textrnn(
    train: pd.DataFrame,
    dev: pd.DataFrame,
    *,
    settings: Recipe | None = None,
    seed: int = 0,
    resume: str | os.PathLike | None = None,
    progress: bool = True,
    **network: Any,
) -> tuple[keras.Model, pd.DataFrame]:
    """Returns the recommended TextRNN trained on two tables, and its history.

    Characters, 2-grams and 3-grams, each with a vector that starts from the texts alone (`pretraining`) and with the
    classes in whose texts it stood (`layers.ClassEvidence`); one bidirectional LSTM, max and mean pooling; label
    smoothing 0.1, adversarial training, and AdamW with warm-up and cosine decay.

    Args:
        train: columns `text` and `label`; the vocabulary and the classes come from here.
        dev: the same; the best epoch is chosen by its accuracy.
        settings: epochs, batch size and learning rate; by the number of rows if `None`.
        seed: decides first weights, dropout and the order of the batches.
        resume: a folder for checkpoints, see `fit`.
        progress: whether a bar runs.
        **network: what of `networks.build_textrnn` shall differ from what is recommended, as in `units=64`.

    Raises:
        ValueError: as `fit`, or `train` has one class alone.
    """
    datasets.check_splits(datasets.Splits(train, dev, None))
    settings = settings or recipe(len(train))
    model = recommended_textrnn(train, settings=settings, seed=seed, **network)
    history = fit(
        model,
        train,
        dev,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        seed=seed,
        adversarial=ADVERSARIAL,
        resume=resume,
        progress=progress,
    )
    return model, history


def recommended_textrnn(
    train: pd.DataFrame, *, settings: Recipe | None = None, seed: int = 0, **network: Any
) -> keras.Model:
    """Returns the recommended TextRNN for `train`, compiled, its first vectors in place; see `train_textrnn`."""
    epochs, batch_size, learning_rate = settings or recipe(len(train))
    encoder = recommended_encoder(train["text"])
    network = {"evidence": True, "embedded_ngrams": EMBEDDED_NGRAMS} | network
    model = networks.build_textrnn(encoder, sorted(set(train["label"])), seed=seed, **network)
    sizes = [layer.embeddings.shape for layer in networks.embeddings(model)]
    vectors = pretraining.topic_vectors(
        encoder, train["text"], num_ids=[num for num, _ in sizes], embed_dim=sizes[0][1], seed=seed
    )
    pretraining.set_embeddings(model, vectors)
    steps = num_steps(len(train), batch_size=batch_size, epochs=epochs)
    model.compile(optimizer=adamw(learning_rate, steps), loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1))
    return model


def recommended_encoder(texts: pd.Series) -> TextEncoder:
    """Returns the recommended vocabulary of training texts: characters, and 2-grams and 3-grams seen at least twice."""
    return TextEncoder.from_texts(texts, max_length=length_to_keep(texts), max_ngram=3, max_ngrams=MAX_NGRAMS)


def adamw(learning_rate: float, steps: int, *, weight_decay: float = 0.01) -> LazyAdamW:
    """Returns an optimizer whose learning rate rises for a tenth of `steps` and falls to nothing along a cosine.

    AdamW and cosine decay after Loshchilov & Hutter (2017, 2019). Gradients are clipped to a norm of 1.

    Raises:
        ValueError: an argument is out of range.
    """
    check_integer("steps", steps)
    check_number("learning_rate", learning_rate, "a number above 0", lambda rate: 0 < rate < math.inf)
    warm_up = max(1, steps // 10)
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, max(1, steps - warm_up), warmup_target=learning_rate, warmup_steps=warm_up
    )
    return LazyAdamW(schedule, weight_decay=weight_decay, global_clipnorm=1.0)


def length_to_keep(texts: pd.Series) -> int:
    """Returns how many characters a network should see: all of 999 texts in 1,000, from 16 to 400.

    Raises:
        ValueError: there is no text.
    """
    if not len(texts):
        raise ValueError("texts: expected at least one, got none")
    return int(min(400, max(16, math.ceil(texts.str.len().quantile(0.999)))))
