"""A page in the browser that shows what saved models make of a headline, and how they read it."""

import contextlib
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

from textrnn.checks import check_integer
from textrnn.extras import require

SECONDS_TO_END = 2  # after Ctrl-C or SIGTERM, for requests that are under way
HOST = "127.0.0.1"  # this machine alone: whoever reaches the page can put questions to the models


def serve(
    folders: str | os.PathLike | Sequence[str | os.PathLike], *, port: int = 8000, open_browser: bool = True
) -> None:
    """Shows the models in the browser until Ctrl-C; standard error says what happens.

    The page comes from this machine and asks no other one for anything.

    Args:
        folders: one saved model, or several to switch between; each is called by the name of its folder.
        port: of `127.0.0.1`; with 0 the system chooses a free one.
        open_browser: whether to open the page at once.

    Raises:
        ImportError: Starlette or uvicorn is not installed.
        ValueError: there is no folder, two have the same name, or a model fails the checks of
            `saving.load_classifier`.
        FileNotFoundError: a folder holds no model of this kit.
        OSError: the port is taken, or not for you.
    """
    require("the page", "starlette", "uvicorn")
    import uvicorn

    folders = [folders] if isinstance(folders, str | os.PathLike) else list(folders)
    names = _checked_names(folders)
    check_integer("port", port, least=0, most=65535)
    with _bound_socket(port) as server_socket:
        from textrnn.demo.app import build_app
        from textrnn.demo.reader import Reader

        readers = {}
        for name, folder in zip(names, folders, strict=True):
            _tell(f"loading {folder} …")
            readers[name] = Reader(folder)
        address = f"http://{HOST}:{server_socket.getsockname()[1]}/"
        settings = {"log_level": "warning", "ws": "none", "server_header": False}
        settings |= {"timeout_graceful_shutdown": SECONDS_TO_END}  # or it would wait for half a request for ever
        server_socket.listen()
        _tell(f"the page is at {address} (Ctrl-C ends it)")
        if open_browser:  # beside the server, whose answer some browsers wait for
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(uvicorn.Config(build_app(readers), **settings)).run(sockets=[server_socket])


def _tell(what: str):
    print(f"textrnn demo: {what}", file=sys.stderr, flush=True)


def _checked_names(folders: Sequence[str | os.PathLike]) -> list[str]:
    names = [Path(folder).resolve().name.encode("utf-8", "replace").decode() for folder in folders]
    if not names:
        raise ValueError("folders: expected at least one saved model, got none")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"folders: expected different names, got {name!r} more than once")
    return names


def _bound_socket(port: int) -> socket.socket:
    """Returns a socket that has the port, before the models are loaded: who cannot have it hears so at once."""
    server_socket = socket.socket()
    try:
        if os.name == "posix":  # a port is free again when its server has ended; Windows would share it
            server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server_socket.bind((HOST, port))
    except OSError as error:
        server_socket.close()
        raise OSError(error.errno, f"port {port} of {HOST}: {error.strerror}; take another port") from error
    return server_socket
