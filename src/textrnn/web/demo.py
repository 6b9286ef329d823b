"""The pages of saved models in the browser: sent by this machine, to this machine alone."""

import contextlib
import os
import re
import sys
import threading
import webbrowser
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from textrnn.checks import check_integer
from textrnn.web.page import Page, build_page

HOST = "127.0.0.1"  # this machine alone
HOSTS = re.compile(r"(localhost|127\.0\.0\.1)(:[0-9]+)?", re.IGNORECASE)
TIMEOUT = 10  # seconds that a browser may take to ask
HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def serve(
    folders: str | os.PathLike | Sequence[str | os.PathLike], *, port: int = 8000, open_browser: bool = True
) -> None:
    """Shows the models in the browser until Ctrl-C; standard error says what happens.

    The pages come from this machine and ask no other one for anything.

    Args:
        folders: one saved model, or several to switch between; each is called by the name of its folder.
        port: of `127.0.0.1`; with 0 the system chooses a free one.
        open_browser: whether to open the page at once.

    Raises:
        ValueError: there is no folder, two have the same name, or a model has no page (see `build_page`).
        FileNotFoundError: a folder holds no model of this kit.
        OSError: the port is taken, or not for you.
    """
    folders = [folders] if isinstance(folders, str | os.PathLike) else list(folders)
    names = _checked_names(folders)
    check_integer("port", port, least=0, most=65535)
    pages: dict[str, Page] = {}
    with bound_server(port, pages) as server:
        links = [(name, f"/{number}" if number > 1 else "/") for number, name in enumerate(names, start=1)]
        for folder, (_, path) in zip(folders, links, strict=True):
            _tell(f"loading {folder} …")
            pages[path] = build_page(folder, links=links)
        server.server_activate()
        address = f"http://{HOST}:{server.server_address[1]}/"
        _tell(f"the page is at {address} (Ctrl-C ends it)")
        if open_browser:  # beside the server, whose answer some browsers wait for
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


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


class _Server(ThreadingHTTPServer):
    allow_reuse_address = os.name == "posix"  # a port is free again when its server has ended; Windows would share it
    daemon_threads = True

    def handle_error(self, *_):
        """Says nothing of a browser that hung up."""


def bound_server(port: int, pages: Mapping[str, Page]) -> ThreadingHTTPServer:
    """Returns a server that has the port, before the models are loaded: who cannot have it hears so at once."""
    server = _Server((HOST, port), handler_of(pages), bind_and_activate=False)
    try:
        server.server_bind()
    except OSError as error:
        server.server_close()
        raise OSError(error.errno, f"port {port} of {HOST}: {error.strerror}; take another port") from error
    return server


def handler_of(pages: Mapping[str, Page]) -> type[BaseHTTPRequestHandler]:
    """Returns what answers requests: pages by their path, to those who ask for this machine by its name.

    A page of somebody else's can have its own host name point to 127.0.0.1 (DNS rebinding); the browser then still
    sends that name. No path of a request ever reaches the disk.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = TIMEOUT
        default_request_version = "HTTP/1.0"  # of what is no request: the answer has headers all the same
        server_version, sys_version = "textrnn", ""

        def do_GET(self):
            hosts, path = self.headers.get_all("Host", []), self.path.partition("?")[0]
            if len(hosts) != 1 or not HOSTS.fullmatch(hosts[0]):
                self._send(HTTPStatus.BAD_REQUEST, b"Host: expected localhost or 127.0.0.1\n")
            elif path in pages:
                policy = f"{pages[path].policy}; frame-ancestors 'none'"
                self._send(HTTPStatus.OK, pages[path].html, "text/html", policy)
            else:
                self._send(HTTPStatus.NOT_FOUND, f"expected one of {' '.join(pages)}\n".encode())

        do_HEAD = do_GET  # noqa: N815

        def send_error(self, code: int, message: str | None = None, explain: str | None = None):
            """Refuses what is no request for a page, in a line instead of markup."""
            self._send(code, f"{HTTPStatus(code).phrase}\n".encode())

        def _send(self, code: int, body: bytes, kind: str = "text/plain", policy: str = "default-src 'none'"):
            self.send_response(code)
            sizes = {"Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}
            for name, value in {**sizes, "Content-Security-Policy": policy, **HEADERS}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_):
            """Says nothing of requests."""

    return Handler
