"""Sweeps: many trainings with settings drawn by Optuna, each in a process of its own, kept so that a kill loses none.

One process asks and tells, and it alone has the storage file in its hands; others train. A trial is a run in a folder,
so what a killed sweep has trained, or is still training, is found by the next.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from textrnn import cards
from textrnn.checks import check_integer, check_seed
from textrnn.experiments.config import Given
from textrnn.experiments.runs import MODEL, RECORD, Run, is_going_on, read_run, write_whole
from textrnn.experiments.space import Space
from textrnn.experiments.trial import Files
from textrnn.extras import require
from textrnn.locks import locked
from textrnn.recipes import Recipe

if TYPE_CHECKING:
    import optuna

STUDY, ABOUT, TRIALS = "study.db", "sweep.json", "trials"
SETTINGS = "settings"  # of a trial: kept when all of them are drawn
ATTEMPTS = 3  # at a training that is killed
CHILD = "import sys; from textrnn.experiments import trial; trial.main(sys.argv[1])"
PAUSE = 0.1  # seconds between two looks at what trains


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


def run_sweep(
    files: Files,
    folder: str | os.PathLike,
    *,
    trials: int = 30,
    jobs: int = 1,
    seed: int = 0,
    space: Space,
    settings: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Sweep:
    """Returns what `trials` trainings with settings out of `space` have come to; the first is the recommended one.

    A sweep that was stopped or killed goes on where it was when it is called again; with more trials, a finished one
    does too.

    Args:
        files: what to train and to score on; all trials on the same rows.
        folder: for the sweep alone; the runs are in `trials`, of the models only the winner's is kept.
        trials: how many, those of earlier calls included.
        jobs: how many train at a time.
        seed: of the sampler and of every training.
        space: what is drawn from.
        settings: those of all trials that are not as recommended.
        progress: whether a bar runs.

    Raises:
        ValueError: an argument is out of range, the files cannot be read, `folder` holds another sweep, or the first
            training failed; the message says why.
        FileExistsError: `folder` holds other files, or a sweep that is going on.
        MissingLibraryError: Optuna is not installed.
    """
    require("textrnn sweep", "optuna", "sqlalchemy", "tensorflow", "keras", "sklearn", "scipy")
    check_integer("trials", trials)
    check_integer("jobs", jobs)
    check_seed(seed)
    given = Given({name: value for name, value in (settings or {}).items() if name not in space.dimensions}, seed)
    start = given.recipe_for(files.read(seed=seed).train)
    folder = cards.resolved(Path(folder))
    with _taken(folder, _identity(files, given, space)), warnings.catch_warnings(action="ignore"):
        parent = _Parent(folder, files, given, space, jobs=jobs, start=start)
        parent.go_on(trials, progress=progress)
        return parent.finish()


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
        write_whole(path, json.dumps(identity, ensure_ascii=False, indent=2) + "\n")
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(path, wait=False))
        except BlockingIOError:
            raise FileExistsError(f"{folder}: a sweep is going on here") from None
        yield


@dataclass
class _Child:
    """A training that runs: a process of this sweep, or none if it is of one that was killed."""

    process: subprocess.Popen | None
    attempts: int = 1


class _Parent:
    """The process that asks and tells."""

    def __init__(self, folder: Path, files: Files, given: Given, space: Space, *, jobs: int, start: Recipe):
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.folder, self.files, self.given, self.space, self.jobs = folder, files, given, space, jobs
        storage = optuna.storages.RDBStorage(f"sqlite:///{folder / STUDY}")
        self.study = optuna.create_study(
            storage=storage, study_name="textrnn", direction="maximize", load_if_exists=True
        )
        known = self.study.get_trials(deepcopy=False)
        # Another seed after each stop: the same one would draw again what was drawn at the start.
        self.study.sampler = optuna.samplers.TPESampler(seed=given.seed + len(known), constant_liar=jobs > 1)
        if not known:
            self.study.enqueue_trial(space.start(start.to_config()))
        self.children: dict[int, _Child] = {}
        self.left = self._left_running()

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

    def go_on(self, trials: int, *, progress: bool):
        """Trains until there are `trials` of them, told or given up."""
        from tqdm import tqdm

        with tqdm(total=trials, initial=self._num_begun() - len(self.left), disable=not progress, unit=" runs") as bar:
            try:
                while self.children or self.left or self._num_begun() < trials:
                    while len(self.children) < self.jobs and (self.left or self._num_begun() < trials):
                        self._start(self.left.pop(0) if self.left else self._ask())
                    bar.update(sum(self._is_done(number) for number in list(self.children)))
                    time.sleep(PAUSE)
            finally:
                for child in self.children.values():
                    if child.process:
                        child.process.kill()
                        child.process.wait()

    def _num_begun(self) -> int:
        return sum(SETTINGS in trial.user_attrs for trial in self.study.get_trials(deepcopy=False))

    def _ask(self) -> int:
        trial = self.study.ask()
        trial.set_user_attr(SETTINGS, {**self.given.settings, **self.space.suggest(trial)})
        return trial.number

    def place(self, number: int) -> Path:
        """Returns the folder of a trial."""
        return self.folder / TRIALS / f"{number:04d}"

    def _start(self, number: int):
        place = self.place(number)
        if (place / RECORD).is_file() or is_going_on(place):
            self.children[number] = _Child(None)
            return
        self.children[number] = _Child(self._train(number))

    def _train(self, number: int) -> subprocess.Popen:
        place = self.place(number)
        place.parent.mkdir(exist_ok=True)
        settings = self.study.get_trials(deepcopy=False)[number].user_attrs[SETTINGS]
        request = {"files": asdict(self.files), "settings": settings, "seed": self.given.seed, "folder": str(place)}
        write_whole(place.with_suffix(".json"), json.dumps(request, ensure_ascii=False))
        threads = str(max(1, (os.cpu_count() or 1) // self.jobs))
        limits = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), threads)
        own = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
        with place.with_suffix(".log").open("ab") as log:
            command = [sys.executable, "-c", CHILD, str(place.with_suffix(".json"))]
            environment = {**limits, **os.environ, **own}
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)

    def _is_done(self, number: int) -> bool:
        """Returns whether a trial has come to its end, and tells its score then."""
        child, place = self.children[number], self.place(number)
        if child.process and child.process.poll() is None:
            return False
        if (place / RECORD).is_file():
            self._tell(number, read_run(place))
        elif is_going_on(place):  # that of a killed sweep, which this one found too early
            child.process = None
            return False
        elif child.process is None or (child.process.returncode < 0 and child.attempts < ATTEMPTS):
            self.children[number] = _Child(self._train(number), child.attempts + 1)
            return False
        else:
            self._give_up(number, child.process.returncode)
        del self.children[number]
        return True

    def _tell(self, number: int, run: Run):
        settings = run.record["settings"]
        balanced = settings.get("class_weight") or settings.get("scoring") == "macro_f1"
        measure = "macro_f1" if balanced else "accuracy"
        self.study.tell(number, run.scores[measure])
        for other in self._told():
            if other != self.study.best_trial.number:
                shutil.rmtree(self.place(other) / MODEL, ignore_errors=True)

    def _give_up(self, number: int, code: int):
        import optuna

        lines = self.place(number).with_suffix(".log").read_text(encoding="utf-8", errors="replace").splitlines()
        why = f"ended by {signal.Signals(-code).name}" if code < 0 else (lines or ["no word"])[-1]
        self.study.tell(number, state=optuna.trial.TrialState.FAIL)
        if not self._told():
            del self.children[number]
            raise ValueError(f"the training of trial {number} failed, and none before it went well: {why}")
        warnings.warn(f"trial {number} failed: {why}", stacklevel=2)

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
