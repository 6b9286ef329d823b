"""Runs: the folder that a training leaves behind, so that it can be listed, compared, repeated and shown."""

import contextlib
import importlib.util
import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textrnn import cards
from textrnn.locks import locked, replacing

if TYPE_CHECKING:
    import pandas as pd

CURVE = "curve.png"
CONFIG, HISTORY, ANSWERS, CLASSES, CONFUSION = "config.toml", "history.csv", "dev.jsonl", "classes.csv", "confusion.csv"
RECORD = "run.json"  # written last: a folder that has it holds a run that came to its end
MODEL = "model"
LOCK = ".lock"  # a file of its own: who saves a model locks the folder above it
OWN = (CONFIG, HISTORY, CURVE, ANSWERS, CLASSES, CONFUSION, RECORD, MODEL, LOCK)
MAX_RECORD_BYTES = 2**22
LIBRARIES = ("textrnn", "tensorflow", "keras", "numpy", "pandas", "scikit-learn")


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it.

    Attributes:
        folder: where it lies.
        record: what `run.json` says: `trained_on`, `seed`, `settings`, `metrics`, `baselines`, `training_seconds`,
            `best_epoch`, `created`, `versions`, `machine`, `model`; nothing of a run that has not come to its end.
    """

    folder: Path
    record: Mapping[str, Any]

    @property
    def scores(self) -> dict[str, float]:
        """What the run scored on dev: accuracy with its interval, `macro_f1`, `calibration_error`, `rows`."""
        return self.record.get("metrics", {}).get("dev", {})

    @property
    def model(self) -> Path | None:
        """The folder of its model; `None` if it is not there."""
        found = self.folder / self.record.get("model", MODEL)
        return found if (found / cards.CARD).is_file() else None

    def answers(self) -> "pd.DataFrame":
        """Returns the rows of dev and what the network said: `text`, `label`, `predicted`, `score`."""
        import pandas as pd

        with (self.folder / ANSWERS).open(encoding="utf-8") as file:
            return pd.DataFrame([json.loads(line) for line in file], columns=["text", "label", "predicted", "score"])

    def history(self) -> "pd.DataFrame | None":
        """Returns a row for each epoch, as `training.fit` does; `None` if it was not kept."""
        import pandas as pd

        path = self.folder / HISTORY
        return pd.read_csv(path) if path.is_file() else None


@contextlib.contextmanager
def begun(folder: str | os.PathLike) -> Iterator[Path]:
    """Yields a folder for a run, which no other process takes meanwhile; one that stays empty goes again.

    Raises:
        FileExistsError: it holds a run that came to its end, one that is going on, or other files.
    """
    folder = cards.resolved(Path(folder))
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder}: expected a folder for a run, got a file")
    if (folder / RECORD).exists():
        raise FileExistsError(f"{folder}: a run is kept here; give another name, or remove it")
    found = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if others := sorted(name for name in found - {*OWN} if not name.startswith(".")):  # hidden: half of a killed save
        raise FileExistsError(f"{folder}: expected no folder or an unfinished run, found {', '.join(others[:5])}")
    folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as held:
        try:
            (folder / LOCK).touch()
            held.enter_context(locked(folder / LOCK, wait=False))
        except BlockingIOError:
            raise FileExistsError(f"{folder}: a run is going on here; give another name") from None
        try:
            yield folder
        finally:
            (folder / LOCK).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                folder.rmdir()  # which only an empty one lets happen


def is_going_on(folder: Path) -> bool:
    """Returns whether a process that is alive works on the run in `folder`."""
    try:
        with locked(folder / LOCK, wait=False):
            return False
    except BlockingIOError:
        return True


def write_run(folder: Path, *, answers: "pd.DataFrame", history: "pd.DataFrame", record: Mapping[str, Any]) -> Run:
    """Writes what a run came to into its folder, `run.json` last, and returns it.

    Args:
        folder: from `begun`, with its `config.toml`.
        answers: the rows of dev: `text`, `label`, `predicted`, `score`.
        history: what `training.fit` returned.
        record: for `run.json`; the date, the versions and the machine are added, `macro_f1` to the scores on dev.
    """
    from textrnn import metrics

    true, predicted = answers["label"], answers["predicted"]
    report = metrics.report(true, predicted)
    intervals = metrics.f1_intervals(true, predicted).rename(columns={"low": "f1_low", "high": "f1_high"})
    (folder / ANSWERS).write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in answers.to_dict("records")), encoding="utf-8"
    )
    history.to_csv(folder / HISTORY, index=False)
    if importlib.util.find_spec("matplotlib"):
        from textrnn.experiments.pictures import draw_curve

        draw_curve(history, folder / CURVE)
    report.join(intervals).to_csv(folder / CLASSES, index_label="class")
    metrics.confusion_table(true, predicted).to_csv(folder / CONFUSION)
    dev = {**record["metrics"]["dev"], "macro_f1": float(report.loc["macro", "f1"])}
    whole = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **record,
        "metrics": {**record["metrics"], "dev": dev},
        "best_epoch": int(history.attrs["best_epoch"]),
        "versions": versions(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }
    with replacing(folder / RECORD) as beside:
        beside.write_text(json.dumps(whole, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return Run(folder, whole)


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that a training depends on."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def is_run(folder: str | os.PathLike) -> bool:
    """Returns whether a run, finished or not, lies in `folder`."""
    return (Path(folder) / CONFIG).is_file() or (Path(folder) / RECORD).is_file()


def read_run(folder: str | os.PathLike) -> Run:
    """Returns the run in a folder; of one that has not come to its end, with an empty record.

    Raises:
        FileNotFoundError: no run lies there.
        ValueError: its record is damaged.
    """
    folder = Path(folder)
    if not is_run(folder):
        raise FileNotFoundError(f"{folder}: expected the folder of a run, with {RECORD}, found none")
    path = folder / RECORD
    if not path.is_file():
        return Run(folder, {})
    record = cards.parse_json(cards.read_bytes(path, max_bytes=MAX_RECORD_BYTES), path, max_bytes=MAX_RECORD_BYTES)
    scores = record.get("metrics", {}).get("dev") if isinstance(record.get("metrics"), dict) else None
    if not isinstance(scores, dict) or not isinstance(record.get("settings"), dict):
        raise ValueError(f"{path}: expected metrics on dev and settings, got {sorted(record)}")
    return Run(folder, record)


def find_runs(folder: str | os.PathLike) -> list[Run]:
    """Returns the runs in the folders below `folder`, oldest first, those without an end last; or that in it, if any.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: a record is damaged.
    """
    folder = Path(folder)
    if is_run(folder):
        return [read_run(folder)]
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; textrnn train FILE --run {folder}/NAME leaves a run there")
    found = [read_run(path) for path in sorted(folder.iterdir()) if path.is_dir() and is_run(path)]
    return sorted(found, key=lambda run: (not run.record, str(run.record.get("created"))))


def differing_settings(runs: list[Run]) -> list[dict[str, Any]]:
    """Returns for each run the settings in which some of the runs differ, and the seed if they differ in it."""
    of_runs = [{**run.record["settings"], "seed": run.record.get("seed")} if run.record else {} for run in runs]
    known = [settings for settings in of_runs if settings]
    names = dict.fromkeys(name for settings in known for name in settings)
    differing = [name for name in names if any(one.get(name) != known[0].get(name) for one in known)]
    return [{name: settings.get(name) for name in differing if settings} for settings in of_runs]
