"""Sweeps: many trainings with settings drawn by Optuna, done by workers of Dask, kept so that a kill loses none.

One process asks and tells, and it alone has the storage file in its hands; workers train. A trial is a run in a folder,
so what a killed sweep has trained, or is still training, is found by the next.
"""

import contextlib
import functools
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textrnn import cards
from textrnn.checks import check_integer, check_seed, warn
from textrnn.experiments.config import Given
from textrnn.experiments.runs import MODEL, Run, read_run
from textrnn.experiments.space import Space
from textrnn.experiments.trial import Files, train_trial
from textrnn.extras import require
from textrnn.locks import locked, replacing
from textrnn.recipes import Recipe
from textrnn.scale import as_they_end, connected

if TYPE_CHECKING:
    import optuna
    from distributed import Client, Future

STUDY, ABOUT, TRIALS = "study.db", "sweep.json", "trials"
SETTINGS = "settings"  # of a trial: kept when all of them are drawn
LIBRARIES = ("optuna", "sqlalchemy", "dask", "distributed", "tensorflow", "keras", "sklearn", "scipy")
ATTEMPTS = 3  # at a training whose worker is killed


class Sweep(NamedTuple):
    """What a sweep has come to.

    Attributes:
        folder: where it lies; `model` in it is the winner's.
        best: the run with the best score on dev.
        first: that of the recommended settings, or of those nearest to them that the sweep could draw.
        study: Optuna's.
    """

    folder: Path
    best: Run
    first: Run | None
    study: "optuna.Study"

    def importance(self) -> dict[str, float]:
        """Returns the share of each setting in the differences between trials; nothing where there are too few."""
        import optuna

        with warnings.catch_warnings(action="ignore"), contextlib.suppress(ValueError, RuntimeError):
            return optuna.importance.get_param_importances(self.study)
        return {}


def run_sweep(
    files: Files,
    folder: str | os.PathLike,
    *,
    trials: int = 30,
    workers: int | None = None,
    scheduler: str | None = None,
    seed: int = 0,
    space: Space,
    settings: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Sweep:
    """Returns what `trials` trainings with settings out of `space` have come to; the first is the recommended one.

    A sweep that was stopped or killed goes on where it was when it is called again; with more trials, a finished one
    does too. The same settings score the same whoever trains them, and a worker that dies is replaced and its trial
    done again. The settings of the first ten trials follow from `seed` and their number alone; those of later ones also
    from the scores that are there when they are drawn, so that with other `workers` they may be others. Called from a
    script, it stands below `if __name__ == "__main__":`, for the workers import that script.

    Args:
        files: what to train and to score on; all trials on the same rows.
        folder: for the sweep alone; the runs are in `trials`, of the models only the winner's is kept.
        trials: how many, those of earlier calls included.
        workers: how many train at a time: processes of this machine, one unless given; of a cluster all that it has.
        scheduler: the address of a Dask cluster to use instead; its workers need this kit, and see the files and
            `folder` by the same paths.
        seed: of the sampler and of every training.
        space: what is drawn from.
        settings: those of all trials that are not as recommended.
        progress: whether a bar runs.

    Raises:
        ValueError: an argument is out of range, the files cannot be read, `folder` holds another sweep, or the first
            training failed; the message says why.
        FileExistsError: `folder` holds other files, or a sweep that is going on.
        OSError: nobody answers at `scheduler`.
        MissingLibraryError: Optuna or Dask is not installed.
    """
    require("textrnn sweep", *LIBRARIES)
    check_integer("trials", trials)
    if workers is not None:
        check_integer("workers", workers)
    check_seed(seed)
    given = Given({name: value for name, value in (settings or {}).items() if name not in space.dimensions}, seed)
    start = given.recipe_for(files.read(seed=seed).train)
    folder = cards.resolved(Path(folder))
    with _taken(folder, _identity(files, given, space)), warnings.catch_warnings(action="ignore"):
        parent = _Parent(folder, files.absolute(), given, space, start=start)
        if parent.has_left(trials):
            with _workers(workers, scheduler) as client:
                parent.go_on(trials, client, most=workers or len(client.nthreads()), progress=progress)
        found = parent.finish()
    for words in parent.failed:
        warn(words)
    return found


def _workers(number: int | None, scheduler: str | None) -> contextlib.AbstractContextManager["Client"]:
    """Returns what connects to workers, whose TensorFlow shares the cores of this machine and says nothing."""
    number = number or 1
    threads = str(max(1, (os.cpu_count() or 1) // number))
    own = {name: os.environ.get(name, threads) for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")}
    own |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return connected(workers=number, scheduler=scheduler, deaths=ATTEMPTS, environment=own)


def _identity(files: Files, given: Given, space: Space) -> dict[str, Any]:
    """Returns what must be the same for a sweep to go on, as JSON values."""
    paths = [path for path in (files.train, files.dev) if path]
    hashes = {Path(path).name: cards.sha256_of_file(path) for path in paths if Path(path).is_file()}
    about = {"files": {**asdict(files), "train": Path(files.train).name, "dev": files.dev and Path(files.dev).name}}
    about |= {"sha256": hashes, "seed": given.seed, "settings": given.settings, "space": space.dimensions}
    return json.loads(json.dumps(about))


@contextlib.contextmanager
def _taken(folder: Path, identity: dict[str, Any]) -> Iterator[None]:
    """Holds the folder of a sweep, which is new or holds the same one."""
    path = folder / ABOUT
    if path.is_file():
        found = cards.parse_json(cards.read_bytes(path, max_bytes=2**22), path, max_bytes=2**22)
        if differing := [name for name in identity if found.get(name) != identity[name]]:
            raise ValueError(
                f"{folder} holds another sweep: {differing[0]} was {found.get(differing[0])}, is "
                f"{identity[differing[0]]}; give another folder"
            )
    elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder}: expected no folder or a sweep, found other files in it")
    folder.mkdir(parents=True, exist_ok=True)
    if not path.is_file():
        with replacing(path) as beside:
            beside.write_text(json.dumps(identity, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(path, wait=False))
        except BlockingIOError:
            raise FileExistsError(f"{folder}: a sweep is going on here") from None
        yield


class _Parent:
    """The process that asks and tells."""

    def __init__(self, folder: Path, files: Files, given: Given, space: Space, *, start: Recipe):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder, self.files, self.given, self.space = folder, files, given, space
        storage = optuna.storages.RDBStorage(f"sqlite:///{folder / STUDY}")
        self.study = optuna.create_study(
            storage=storage, study_name="textrnn", direction="maximize", load_if_exists=True
        )
        self.left, self.failed = self._left_running(), []
        waiting = self.study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.WAITING])
        if not self._num_begun() and not waiting:
            self.study.enqueue_trial(space.start(start.to_config()))

    def _left_running(self) -> list[int]:
        """Returns the trials that a killed sweep had begun; one whose settings were not all drawn is given up."""
        import optuna

        left = []
        for trial in self.study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.RUNNING]):
            if SETTINGS in trial.user_attrs:
                left.append(trial.number)
            else:
                self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        return left

    def has_left(self, trials: int) -> bool:
        """Returns whether fewer than `trials` are told or given up."""
        return bool(self.left) or self._num_begun() < trials

    def go_on(self, trials: int, client: "Client", *, most: int, progress: bool):
        """Has `trials` of them trained, told or given up, at most `most` at a time."""
        from tqdm import tqdm

        (self.folder / TRIALS).mkdir(exist_ok=True)
        submit = functools.partial(self._submit, client)
        with tqdm(total=trials, initial=self._num_begun() - len(self.left), disable=not progress, unit=" runs") as bar:
            for number, future in as_they_end(self._numbers(trials, most), submit, most=most):
                if error := future.exception():
                    self._give_up(number, error)
                else:
                    self._tell(number, read_run(self.place(number)))
                bar.update()

    def _num_begun(self) -> int:
        return sum(SETTINGS in trial.user_attrs for trial in self.study.get_trials(deepcopy=False))

    def _numbers(self, trials: int, most: int) -> Iterator[int]:
        """Yields the trials that were left, then new ones, each asked for when it is wanted."""
        yield from self.left
        while self._num_begun() < trials:
            yield self._ask(most)

    def _ask(self, most: int) -> int:
        import numpy as np
        import optuna

        # A sampler for each: what it draws then does not depend on how often the sweep was stopped.
        seed = int(np.random.SeedSequence([self.given.seed, self._num_begun()]).generate_state(1)[0])
        self.study.sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=most > 1)
        trial = self.study.ask()
        trial.set_user_attr(SETTINGS, {**self.given.settings, **self.space.suggest(trial)})
        return trial.number

    def place(self, number: int) -> Path:
        """Returns the folder of a trial."""
        return self.folder / TRIALS / f"{number:04d}"

    def _submit(self, client: "Client", number: int) -> "Future":
        settings = self.study.get_trials(deepcopy=False)[number].user_attrs[SETTINGS]
        ask = (self.files, settings, self.given.seed, str(self.place(number)))
        return client.submit(train_trial, *ask, pure=False)

    def _tell(self, number: int, run: Run):
        settings = run.record["settings"]
        balanced = settings.get("class_weight") or settings.get("scoring") == "macro_f1"
        measure = "macro_f1" if balanced else "accuracy"
        self.study.tell(number, run.scores[measure])
        for other in self._told():
            if other != self.study.best_trial.number:
                shutil.rmtree(self.place(other) / MODEL, ignore_errors=True)

    def _give_up(self, number: int, error: BaseException):
        import optuna
        from distributed import KilledWorker

        why = f"its worker died {ATTEMPTS} times" if isinstance(error, KilledWorker) else f"{error}"
        self.study.tell(number, state=optuna.trial.TrialState.FAIL)
        if not self._told():
            raise ValueError(f"the training of trial {number} failed, and none before it went well: {why}") from error
        self.failed.append(f"trial {number} failed: {why}")

    def _told(self) -> list[int]:
        import optuna

        complete = self.study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
        return [trial.number for trial in complete]

    def finish(self) -> Sweep:
        """Returns the sweep after copying the winner's model to its folder."""
        best = read_run(self.place(self.study.best_trial.number))
        new, model = self.folder / f".{MODEL}.part", self.folder / MODEL
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(best.folder / MODEL, new)
        shutil.rmtree(model, ignore_errors=True)
        new.rename(model)
        first = read_run(self.place(0)) if 0 in self._told() else None
        return Sweep(self.folder, best, first, self.study)
