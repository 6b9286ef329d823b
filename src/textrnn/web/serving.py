"""A saved model as a service in the REST form of TensorFlow Serving; needs Starlette and uvicorn when it is called."""

import importlib.util
import os
import re
import sys
from pathlib import Path

from textrnn import saving
from textrnn.checks import check_integer
from textrnn.extras import require

NAME = re.compile(r"[A-Za-z0-9._-]+")  # in a path, as it is


def serve_model(
    folder: str | os.PathLike,
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    name: str | None = None,
    sha256: str | None = None,
    processes: int = 1,
    runtime: str | None = None,
) -> None:
    """Answers `POST /v1/models/NAME:predict` until SIGTERM or Ctrl-C; standard error says what happens.

    Texts of many requests are computed together. What is too long, too much or too slow is refused with words; what was
    asked before the end is answered before it.

    Args:
        folder: the saved model: its path, or the name of a shipped one.
        host: where to listen; by default this machine alone can ask.
        port: with 0 the system chooses a free one.
        name: what the model is called in paths; by default as its folder.
        sha256: as in `saving.load_classifier`.
        processes: that answer, each with a core, a copy of the model and limits of its own; one that dies is replaced.
        runtime: as in `saving.load_classifier`; if `None`, ONNX Runtime where it is installed, which answers a few
            texts at a time in half of NumPy's time, else NumPy.

    Raises:
        ValueError: `name` cannot stand in a path, or the folder fails the checks of `load_classifier`.
        FileNotFoundError: there is no model of this kit.
        OSError: the port is taken, or not for you; one of several processes could not start.
        ImportError: Starlette, uvicorn or prometheus-client is not installed, or what `runtime` needs.
    """
    require("textrnn serve", "starlette", "uvicorn", "prometheus_client")
    check_integer("port", port, least=0, most=65535)
    check_integer("processes", processes)
    if runtime is None:
        runtime = "onnx" if all(map(importlib.util.find_spec, saving.LIBRARIES["onnx"])) else "numpy"
    if processes > 1 and sys.platform == "win32":
        raise ValueError(f"processes: expected 1 on Windows, got {processes}: run several services, each with its port")
    name = Path(folder).resolve().name if name is None else name
    if not NAME.fullmatch(name):
        raise ValueError(f"name: expected letters, digits, '.', '_' and '-', got {name!r}: give the model another name")
    from textrnn.web import service

    with service.bound_socket(host, port) as listener:
        tell(f"loading {folder} (runtime {runtime}) …")
        classifier = saving.load_classifier(folder, runtime=runtime, sha256=sha256)
        at = f"[{host}]" if ":" in host else host
        words = f"POST http://{at}:{listener.getsockname()[1]}/v1/models/{name}:predict (Ctrl-C ends it)"
        if processes > 1:
            from textrnn.web.processes import answer_together

            shared = {"name": name, "listener": listener, "processes": processes, "ready": lambda: tell(words)}
            answer_together(classifier.folder, runtime=runtime, sha256=sha256, **shared)
        else:
            classifier.network.multiply_ahead()
            server = service.server_of(service.Service(classifier, name=name))
            listener.listen()  # who asks from now on waits
            tell(words)
            server.run(sockets=[listener])
    tell("ended")


def tell(what: str):
    """Says on standard error what happens."""
    print(f"textrnn serve: {what}", file=sys.stderr, flush=True)
