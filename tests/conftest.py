"""What several test files share: small helpers, the real files beside the checkout, and a server for downloads."""

import contextlib
import functools
import os
import shutil
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tiny")

ROOT = Path(__file__).parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
FLAGS = [*FLAGS.split(), "--disable-component-update", "--disable-sync"]

if "PYTEST_XDIST_WORKER" in os.environ:
    # Several processes test at once: each works with one thread, and so does every program that it starts.
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")

    def pytest_sessionfinish():
        """Leaves a slow process the time to clear up: after five seconds pytest-xdist would send it a Ctrl-C."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A job that a script puts into the background ignores Ctrl-C, and so would every program that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def step_by_step():
    """Runs TensorFlow without tracing, which takes far longer than the few steps of a tiny network themselves."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.fixture
def as_graph():
    """Asks for training as it is outside the tests, as a graph, where a file's tests are `untraced`."""


@pytest.fixture
def untraced(request):
    """Runs TensorFlow `step_by_step` in a test, unless that asks for the graph."""
    with contextlib.nullcontext() if "as_graph" in request.fixturenames else step_by_step():
        yield


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium found; Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield running
        running.close()


def axe_faults(page):
    """What axe-core finds on a page of a browser: a line per fault, the rule and the first element at fault."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary']}" for one in found]


def written(path, content):
    """Returns `path` after writing `content`, text or bytes, to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_of(table):
    """Returns the rows of a table as pairs of label and text."""
    return list(zip(table["label"], table["text"], strict=True))


def contents(folder):
    """Returns the bytes of every file of a folder by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names_beside(folder):
    """Returns the names of all that lies where `folder` does."""
    return sorted(path.name for path in folder.parent.iterdir())


def message_of(error, call, *args, **settings):
    """Returns the message with which `call` fails."""
    with pytest.raises(error) as caught:
        call(*args, **settings)
    assert type(caught.value) is error
    return str(caught.value)


def traces_of(folder, text):
    """What every LSTM of a saved model does at each step of a text, by Keras: `(steps, 6, units)` by name."""
    import numpy as np  # not above: OpenBLAS counts its threads when it is imported

    from textrnn import options, saving, tracing

    (found,) = tracing.trace_lstm(saving.load_network(folder), text)
    return {name: np.stack([getattr(one, kind) for kind in options.KINDS], axis=1) for name, one in found.items()}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def load_shipped(root):
    """A function from the name of a shipped model and the runtime to its classifier, which is loaded once."""
    from textrnn import saving

    return functools.cache(lambda name, runtime: saving.load_classifier(root / "models" / name, runtime=runtime))


@pytest.fixture(scope="session")
def shared_data():
    """A function from a name below `shared/data` to its path; skips the test where that is absent."""

    def find(name: str) -> Path:
        path = SHARED_DATA / name
        if not path.exists():
            reason = f"{name} is not in {SHARED_DATA}, where the real files are expected"
            print(reason)
            pytest.skip(reason)
        return path

    return find


class FileServer:
    """A web server on 127.0.0.1 that answers each path with what a test put there, and keeps the paths asked for.

    `answers[path]` is bytes, or a list of answers for the first request, the second and so on (the last one stays), or
    a function that takes the request handler and does whatever it likes with the connection.
    """

    def __init__(self):
        self.answers, self.requests = {}, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def _handler(self):
        files = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                files.requests.append(self.path)
                answer = files.answers.get(self.path)
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
                if answer is None:
                    self.send_error(404)
                elif callable(answer):
                    answer(self)
                else:
                    files.send(self, answer)

            def log_message(self, *_):
                pass

        return Handler

    @staticmethod
    def send(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, length: int | None = None, **headers):
        """Sends a whole answer; `length` is what it claims to hold."""
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    def close(self):
        """Stops the server and waits for its thread."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def file_server():
    """A `FileServer` of the test's own, closed afterwards."""
    server = FileServer()
    yield server
    server.close()
