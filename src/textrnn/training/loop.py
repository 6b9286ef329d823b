"""The loop over epochs and batches: settings checked, a run started or resumed, its epochs, its best weights."""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.metrics import f1_score
from tqdm import tqdm

from textrnn import networks
from textrnn.checks import check_integer, check_seed, check_table
from textrnn.metrics import label_ids
from textrnn.recipes import ARGUMENTS, check_training_settings
from textrnn.training.batches import draw_batches, num_steps, probabilities
from textrnn.training.parallel import Workers
from textrnn.training.resume import VERSION, Checkpoints, Run, arrays_of, learnt, restore, sha256_of_model
from textrnn.training.rows import FileRows, TableRows, count_evidence, rows_to_learn, sha256_of_table
from textrnn.training.step import check_compiled, check_finite, learn_batch, targets_of, training_step

Row = dict[str, float]  # of the history


def fit(
    model: keras.Model,
    train: pd.DataFrame | str | os.PathLike,
    dev: pd.DataFrame | None,
    *,
    epochs: int,
    batch_size: int = 128,
    sample_weight: Sequence[float] | None = None,
    seed: int = 0,
    scoring: str = "accuracy",
    patience: int | None = None,
    adversarial: float = 0.0,
    recount: bool | str = True,
    resume: str | os.PathLike | None = None,
    checkpoint_every: int = 500,
    progress: bool = True,
    log_dir: str | Path | None = None,
    workers: Workers | None = None,
) -> pd.DataFrame:
    """Returns the history of training a compiled `model`, in which the weights of the best epoch on dev stay.

    The ids are computed once; batches hold texts of similar length and are padded to the longest of the batch alone.
    Of a text that has more tokens than the network reads at a time, each epoch reads another window (its head alone,
    if all heads together leave out a thousandth of the tokens or less).
    The same model, data and seed give the same weights on a CPU; so does a run that was killed and resumed.

    A model that was trained is trained on, from the weights that it has. Its evidence is counted in the new train (see
    `recount`). Its optimizer goes on where it stood, with its moments and its place in the schedule; since `adamw` is
    down to 0 after its steps, give such a model a new one first, with `compile_by` or `model.compile`.

    Args:
        model: string to probabilities, compiled with an optimizer and a (sparse) categorical cross-entropy, its
            classes named by `layers.LabelProbabilities`.
        train: columns `text` and `label`; or the path of a TSV or CSV file of any size, which is read in pieces: its
            ids go to a temporary file in the folder `resume`, or else in the cache folder, and memory holds a few
            numbers for each row.
        dev: a table; scored after each epoch, long texts in windows as `predict_proba` reads them. Without one (`None`)
            nothing is scored and the weights of the last epoch stay.
        epochs: passes over train, at most.
        batch_size: rows of a batch.
        sample_weight: how much each row of the table train counts, a finite number of at least 0 for each; the loss of
            a batch is then the mean of weight times loss, with weights scaled to mean 1 over train. A row of weight 0
            is left out altogether, of class evidence too; all others are one text each in it. All alike if `None`.
        seed: decides the order of the batches.
        scoring: `"accuracy"` or `"macro_f1"`: what makes an epoch the best.
        patience: stop after this many epochs without a better score; never if `None`.
        adversarial: if above 0, each batch is learnt twice: as it is, and with its vectors moved by this share of
            their length in the direction that raises the loss most (Miyato, Dai & Goodfellow 2017). Twice the time.
        recount: whether a `layers.ClassEvidence` counts in train, in place of earlier counts, each text then learning
            without its own part; with `"add"`, beside earlier counts, which were of other texts. To train a model on
            with texts that it has counted, `False` leaves its counts as they are.
        resume: a folder for checkpoints. If it holds some of this very run, the run goes on from the newest (a
            finished run returns at once); build and compile the model as for a new run. One process at a time has it.
        checkpoint_every: batches between two checkpoints; there is one after each epoch as well.
        progress: whether a bar runs over the batches.
        log_dir: where TensorBoard's logs go, if anywhere.
        workers: the processes that train together, each of them calling this with the same arguments; see `Workers`.
            Each encodes all of train, since every epoch draws its batches from all rows, but takes from each batch, and
            from dev, its own share. All start with the weights of worker 0, or from its newest checkpoint, and it alone
            writes `resume` and `log_dir`. Dropout draws apart in each. This process alone if `None`.

    Returns:
        One row for each epoch: `epoch` (from 1), `loss` (mean over the epoch, dropout on), `dev_loss`, `dev_accuracy`,
        `dev_macro_f1` (these three where there is a dev), `learning_rate`; `attrs` holds `best_epoch` (without dev the
        last), `seconds` and `share_read`, the part of the tokens of train that all epochs together can read.

    Raises:
        ValueError: the model is not compiled, a label is not among its classes, a class has no row in train, a text is
            empty, a weight or a setting is out of range, there is `patience` but no dev, or `resume` holds another run,
            or one that is running. Nothing is trained then.
        FloatingPointError: the loss is no longer a number; the message says what to try.
        OSError: a checkpoint cannot be written; those before it are as they were. A `ConnectionError` says that another
            of the workers is gone.
    """
    workers = workers or Workers()
    check_integer("checkpoint_every", checkpoint_every)
    settings = _Settings(epochs, batch_size, seed, scoring, patience, adversarial, recount)
    check_compiled(model)
    if not isinstance(train, str | os.PathLike):
        check_table("train", train)
    if dev is not None:
        check_table("dev", dev)
    elif patience is not None:
        raise ValueError(f"patience: expected None where there is no dev to score, got {patience}")
    if workers.index:
        resume = log_dir = None  # worker 0 keeps them
    data = rows_to_learn(model, train, sample_weight=sample_weight, folder=resume)
    loop = _Loop(model, data, dev, settings, workers, checkpoint_every=checkpoint_every)
    with workers.watched(), contextlib.closing(loop):
        loop.take_up(resume, dev)
        total, done = loop.num_steps()
        with tqdm(total=total, initial=done, disable=not progress) as bar, _logging(log_dir) as log:
            while loop.goes_on():
                loop.train_epoch(bar)
                loop.end_epoch(bar, log)
        return loop.finish()


@dataclass(frozen=True)
class _Settings:
    """What must be the same for a run to go on, checked."""

    epochs: int
    batch_size: int
    seed: int
    scoring: str
    patience: int | None
    adversarial: float
    recount: bool | str

    def __post_init__(self):
        check_training_settings(**{name: getattr(self, name) for name in ARGUMENTS["fit"]})
        check_seed(self.seed)
        if self.recount not in (True, False, "add"):
            raise ValueError(f"recount: expected True, False or 'add', got {self.recount!r}")


class _Loop:
    """A run: the model, the rows, and how far it has come."""

    def __init__(
        self,
        model: keras.Model,
        data: TableRows | FileRows,
        dev: pd.DataFrame | None,
        settings: _Settings,
        workers: Workers,
        *,
        checkpoint_every: int,
    ):
        self.model, self.data, self.settings, self.checkpoint_every = model, data, settings, checkpoint_every
        self.workers, self.dev = workers, None  # windows of the texts that are this worker's, and the true ids of all
        if dev is not None:
            dev_targets = label_ids(dev["label"], networks.label_names(model), name="dev")
            own, _ = workers.share(np.arange(len(dev)))
            self.dev = networks.text_encoder(model).encode_windows(dev["text"].iloc[own]), dev_targets
        self.targets = targets_of(model)
        self.start = time.perf_counter()
        if settings.recount:
            count_evidence(model, self.data, add=settings.recount == "add")
        leave_one_out = bool(settings.recount)
        self.step = training_step(model, adversarial=settings.adversarial, leave_one_out=leave_one_out, workers=workers)
        self.run, self.best, self.checkpoints = Run(), None, None

    def take_up(self, folder: str | os.PathLike | None, dev: pd.DataFrame | None):
        """Takes the run up where worker 0 is: at the newest checkpoint in `folder`, if there is one, or at the start.

        The run keeps its own checkpoints in `folder`.
        """
        if not folder and self.workers.num_workers == 1:
            return
        weights = self.data.weights
        hashes = {
            "model": sha256_of_model(self.model),
            "train": self.data.sha256,
            "sample_weight": None if weights is None else hashlib.sha256(weights.tobytes()).hexdigest(),
            "dev": None if dev is None else sha256_of_table(dev),
        }
        identity = {**asdict(self.settings), **hashes, "version": VERSION}
        self.workers.check_alike(identity)
        if folder:
            self.checkpoints = Checkpoints(folder, identity=identity)
        found = self.checkpoints.newest() if self.checkpoints else None
        if self.workers.num_workers > 1:
            found = self.workers.from_chief(*(found or (arrays_of(self.model, None), asdict(self.run))))
        if found:
            self.run, self.best = restore(self.model, *found)
        self.workers.draw_apart(self.model)
        self.start -= self.run.seconds

    def close(self):
        """Leaves the folder of the checkpoints to the next run."""
        if self.checkpoints:
            self.checkpoints.close()

    def num_steps(self) -> tuple[int, int]:
        """Returns how many batches there are at most, and how many are done."""
        epochs = self.settings.epochs
        total = num_steps(self.data.num_rows, batch_size=self.settings.batch_size, epochs=epochs)
        return total, self.run.epoch * (total // epochs) + self.run.batch

    def goes_on(self) -> bool:
        """Returns whether another epoch is due."""
        patience, waited = self.settings.patience, self.run.epoch - self.run.best_epoch
        return self.run.epoch < self.settings.epochs and not (patience and waited >= patience)

    def train_epoch(self, bar: tqdm):
        """Trains on the batches of the epoch that are not done yet."""
        run, data, settings = self.run, self.data, self.settings
        windows = data.windows_in(run.epoch)
        lengths = data.lengths[windows]
        batches = draw_batches(lengths, batch_size=settings.batch_size, seed=settings.seed, epoch=run.epoch)
        for batch in batches[run.batch :]:
            rows, part = self.workers.share(batch)
            targets = self.targets(data.label_ids[rows])
            weights = None if data.weights is None else data.weights[rows]
            of_batch = {"sample_weight": weights, "part": part, "num_rows": len(batch)}
            run.loss += learn_batch(self.step, data.batch(windows[rows]), targets, epoch=run.epoch, **of_batch)
            run.batch += 1
            bar.update()
            if run.batch % self.checkpoint_every == 0 and run.batch < len(batches):
                self._save()

    def end_epoch(self, bar: tqdm, log: Callable[[Row], None]):
        """Scores dev, if there is one, keeps the weights if they are the best so far, and writes a checkpoint."""
        run, model = self.run, self.model
        row = {"epoch": run.epoch + 1, "loss": run.loss / self.data.num_rows} | self._scores()
        row["learning_rate"] = float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
        run.history.append(row)
        shown = "loss" if self.dev is None else "dev_accuracy"
        bar.set_postfix({shown: f"{row[shown]:.3f}"})
        log(row)
        run.epoch, run.batch, run.loss = run.epoch + 1, 0, 0.0
        if self.dev is None:
            run.best_epoch = run.epoch  # the weights are those that the model has
        else:
            rank = (row[f"dev_{self.settings.scoring}"], -row["dev_loss"])  # of equal scores the surer one
            if run.best_rank is None or rank > run.best_rank:
                run.best_rank, run.best_epoch = rank, run.epoch
                self.best = [weight.numpy() for weight in learnt(model, model.weights)]
        self._save()

    def _scores(self) -> Row:
        """Returns the scores on dev, none without it, after a check that the last step did not break the weights."""
        epoch, model = self.run.epoch, self.model
        if self.dev is None:
            sizes = [float(keras.ops.sum(keras.ops.abs(weight))) for weight in model.trainable_weights]
            check_finite(sum(sizes), epoch=epoch, name="the sum of the weights")
            return {}
        windows, targets = self.dev
        probs = self.workers.joined(probabilities(networks.ids_model(model), windows), len(targets))
        scores = scores_on_dev(probs, targets)
        check_finite(scores["dev_loss"], epoch=epoch, name="the loss on dev")
        return scores

    def _save(self):
        if self.checkpoints:
            self.run.seconds = time.perf_counter() - self.start
            _, done = self.num_steps()
            self.checkpoints.save(done, arrays_of(self.model, self.best), asdict(self.run))

    def finish(self) -> pd.DataFrame:
        """Returns the history; the best weights go into the model, where there is a best."""
        if self.best:
            for weight, array in zip(learnt(self.model, self.model.weights), self.best, strict=True):
                weight.assign(array)
        history = pd.DataFrame(self.run.history)
        seconds, read = time.perf_counter() - self.start, self.data.share_read(self.settings.epochs)
        history.attrs = {"best_epoch": self.run.best_epoch, "seconds": seconds, "share_read": read}
        return history


@contextlib.contextmanager
def _logging(folder: str | Path | None) -> Iterator[Callable[[Row], None]]:
    """Yields a function that writes a row of the history for TensorBoard into `folder`, if there is one."""
    if not folder:
        yield lambda row: None
        return
    with contextlib.closing(tf.summary.create_file_writer(str(folder))) as writer:

        def log(row: Row):
            with writer.as_default(step=row["epoch"]):
                for name, value in row.items():
                    tf.summary.scalar(name, value)

        yield log


def scores_on_dev(probs: np.ndarray, targets: np.ndarray) -> Row:
    """Returns `dev_loss`, `dev_accuracy` and `dev_macro_f1` of probabilities `(rows, classes)` for the true ids."""
    predicted = probs.argmax(axis=1)
    own = np.clip(probs[np.arange(len(targets)), targets], 1e-12, 1)
    return {
        "dev_loss": float(-np.log(own).mean()),
        "dev_accuracy": float((predicted == targets).mean()),
        "dev_macro_f1": float(f1_score(targets, predicted, average="macro", zero_division=0)),
    }
