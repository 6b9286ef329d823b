"""What an installation may lack: which library comes with which extra, and one line that says how to get it."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from typing import Any

from textrnn import shipped

LIBRARIES = {  # by extra, from the name to import to the name to read
    "train": {
        "tensorflow": "TensorFlow",
        "keras": "Keras",
        "sklearn": "scikit-learn",
        "scipy": "SciPy",
        "matplotlib": "matplotlib",
        "jieba": "jieba",
        "joblib": "joblib",
        "seqeval": "seqeval",
    },
    "scale": {"dask": "Dask", "distributed": "Dask's distributed"},
    "serve": {"starlette": "Starlette", "uvicorn": "uvicorn", "prometheus_client": "prometheus-client"},
    "onnx": {"onnx": "ONNX", "onnxruntime": "ONNX Runtime"},
    "litert": {"ai_edge_litert": "LiteRT"},
    "sweep": {"optuna": "Optuna", "sqlalchemy": "SQLAlchemy"},
    "opencc": {"opencc": "OpenCC"},
    "tables": {"pyarrow": "pyarrow", "openpyxl": "openpyxl"},
}


class MissingLibraryError(ImportError):
    """A library that this installation does not have is needed; the message says what for, and how to get it."""


def require(purpose: str, *modules: str) -> None:
    """Raises `MissingLibraryError` unless all `modules` can be imported; imports none.

    Args:
        purpose: what needs them; the message begins with it.
        modules: names to import, of `LIBRARIES`; of Keras, also that it runs on TensorFlow (`KERAS_BACKEND`).

    >>> require("cutting texts into words", "jieba")
    """
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise explained(purpose, ModuleNotFoundError(name=module))
    if "keras" in modules:
        check_backend(purpose)


def check_backend(purpose: str) -> None:
    """Raises `MissingLibraryError` if Keras runs, or would run, on another library than TensorFlow."""
    keras = sys.modules.get("keras")
    backend = os.environ.get("KERAS_BACKEND") if keras is None else keras.config.backend()
    if backend not in (None, "", "tensorflow"):
        raise MissingLibraryError(
            f"{purpose} needs Keras on TensorFlow, got the backend {backend!r}: set KERAS_BACKEND=tensorflow (or "
            '"backend" in ~/.keras/keras.json) before Python starts',
            name="tensorflow",
        )


def import_tensorflow(purpose: str) -> None:
    """Imports TensorFlow without what it then says about the machine, which no setting silences.

    Raises:
        MissingLibraryError: it is not installed.
    """
    if "tensorflow" in sys.modules:
        return
    require(purpose, "tensorflow", "keras")
    stderr, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        import tensorflow  # noqa: F401
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nothing)


def explained(purpose: str, error: ImportError) -> ImportError:
    """Returns the `MissingLibraryError` of an import that failed; of no library of an extra, the error as it is.

    >>> print(explained("textrnn.networks", ModuleNotFoundError(name="keras")))  # in a clone
    textrnn.networks needs Keras, which is not installed: make setup, or pip install -e '.[train]'
    """
    module = (error.name or "").partition(".")[0]
    if module in ("jax", "torch", "openvino") and importlib.util.find_spec("keras"):
        check_backend(purpose)
    for extra, names in LIBRARIES.items():
        if module in names:
            in_clone = (shipped.ROOT / "pyproject.toml").is_file()
            how = f"make setup, or pip install -e '.[{extra}]'" if in_clone else _as_it_was_installed(extra)
            return MissingLibraryError(f"{purpose} needs {names[module]}, which is not installed: {how}", name=module)
    return error


def _as_it_was_installed(extra: str) -> str:
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        found = distribution("textrnn")
    except PackageNotFoundError:  # a copy of the folder
        return install_command(extra)
    origin = json.loads(found.read_text("direct_url.json") or "{}")
    return install_command(extra, origin=origin, installer=(found.read_text("INSTALLER") or "pip").strip())


def install_command(extra: str, *, origin: Mapping[str, Any] | None = None, installer: str = "pip") -> str:
    """Returns the command that adds an extra to an installation, from where that came and by what installed it.

    Args:
        extra: of `LIBRARIES`.
        origin: what `direct_url.json` says (PEP 610); nothing of a package of an index.
        installer: what `INSTALLER` says.

    >>> install_command("demo", installer="uv")
    "uv pip install 'textrnn[demo]'"
    >>> install_command("train", origin={"url": "file:///wheels/textrnn-0.1.0-py3-none-any.whl", "archive_info": {}})
    "pip install 'textrnn[train] @ file:///wheels/textrnn-0.1.0-py3-none-any.whl'"
    >>> install_command("train", origin={"url": "https://a.org/b", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}})
    "pip install 'textrnn[train] @ git+https://a.org/b@c0ffee'"
    """
    url, source = (origin or {}).get("url", ""), (origin or {}).get("vcs_info")
    if source:
        url = f"{source['vcs']}+{url}@{source.get('requested_revision') or source['commit_id']}"
    what = f"textrnn[{extra}] @ {url}" if url else f"textrnn[{extra}]"
    return f"{'uv pip' if installer == 'uv' else 'pip'} install '{what}'"
