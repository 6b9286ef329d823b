"""A saved model as a service in the REST form of TensorFlow Serving; needs Starlette and uvicorn when it is called."""

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

    Raises:
        ValueError: `name` cannot stand in a path, or the folder fails the checks of `load_classifier`.
        FileNotFoundError: there is no model of this kit.
        OSError: the port is taken, or not for you.
        ImportError: Starlette, uvicorn or prometheus-client is not installed.
    """
    require("textrnn serve", "starlette", "uvicorn", "prometheus_client")
    check_integer("port", port, least=0, most=65535)
    name = Path(folder).resolve().name if name is None else name
    if not NAME.fullmatch(name):
        raise ValueError(f"name: expected letters, digits, '.', '_' and '-', got {name!r}: give the model another name")
    from textrnn.web import service

    with service.bound_socket(host, port) as listener:
        tell(f"loading {folder} …")
        classifier = saving.load_classifier(folder, sha256=sha256)
        classifier.network.multiply_ahead()
        found = service.Service(classifier, name=name)
        at = f"[{host}]" if ":" in host else host
        listener.listen()  # who asks from now on waits
        tell(f"POST http://{at}:{listener.getsockname()[1]}/v1/models/{name}:predict (Ctrl-C ends it)")
        service.server_of(found).run(sockets=[listener])
    tell("ended")


def tell(what: str):
    """Says on standard error what happens."""
    print(f"textrnn serve: {what}", file=sys.stderr, flush=True)
