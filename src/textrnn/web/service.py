"""A saved model as a service: HTTP in, labels and probabilities out, for many clients at once."""

import asyncio
import contextlib
import functools
import multiprocessing
import shutil
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from textrnn.saving import Classifier
from textrnn.web.connections import WHOLE, Connection, num_connections
from textrnn.web.gathering import Gatherer
from textrnn.web.rest import RequestError, answers_of, read_question, write_answer
from textrnn.web.serving import tell

MAX_BYTES = 2**20  # of the body of a request
MAX_TEXTS = 4096  # of a request
MAX_CHARACTERS = 10_000  # of a text
MAX_WAITING = 400_000  # characters: ten seconds of one core
BODY_SECONDS = 10  # that a client may take to send a body
ANSWER_SECONDS = 30
GRACE_SECONDS = 20  # for what is being answered when the server is to end
KEEP_ALIVE_SECONDS = 30
PROMETHEUS = "text/plain; version=0.0.4"


class Service:
    """One model behind HTTP.

    Args:
        classifier: the model.
        name: what it is called in paths.
        num_threads: batches computed at a time.
        folder: if this is one of several processes, where prometheus-client keeps the metrics of all of them.
    """

    def __init__(self, classifier: Classifier, *, name: str, num_threads: int = 1, folder: str | None = None):
        self.classifier, self.name, self._folder = classifier, name, folder
        self._registry = CollectorRegistry()
        made = {"registry": self._registry if folder is None else CollectorRegistry()}
        if folder is None:
            ProcessCollector(**made)
        else:
            MultiProcessCollector(self._registry, folder)
            self._processor = Counter("process_cpu_seconds", "Processor seconds of all processes.", **made)
        requests = Counter("textrnn_requests", "Requests for predictions, by HTTP status.", ["status"], **made)
        self._requests = functools.cache(requests.labels)
        self._texts = Counter("textrnn_texts", "Texts that were classified.", **made)
        self._seconds = Histogram("textrnn_request_seconds", "From the head of a request to its answer.", **made)
        sizes = {"buckets": [1, 2, 4, 8, 16, 32, 64]}
        batches = Histogram("textrnn_batch_texts", "Texts of a batch.", **sizes, **made)
        self._gatherer = Gatherer(
            lambda texts: answers_of(classifier.predict_proba(texts), classifier.label_names),
            num_threads=num_threads,
            batch_texts=classifier.network.enough_rows,
            max_waiting=MAX_WAITING,
            patience=ANSWER_SECONDS,
            seen=batches.observe,
        )
        words = "Characters that wait for an answer."
        self._waiting = Gauge("textrnn_waiting_characters", words, multiprocess_mode="livesum", **made)
        self._waiting.set_function(lambda: self._gatherer.waiting)

    def app(self) -> ASGIApp:
        """Returns the service as an ASGI application."""

        @contextlib.asynccontextmanager
        async def at_work(_app: Starlette):
            others = None if self._folder is None else asyncio.create_task(self._beside_others())
            async with self._gatherer.at_work():
                yield
            if others is not None:
                others.cancel()

        forms = ["/v1/models/{name}:predict", "/v1/models/{name}/versions/1:predict"]
        routes = [
            *(Route(form, self._counted(self._state), methods=["POST"]) for form in forms),  # of another name
            Route("/v1/models/{name}", self._state),
            Route("/healthz", lambda request: Response("ok\n", media_type="text/plain")),
            Route("/metrics", lambda request: Response(generate_latest(self._registry), media_type=PROMETHEUS)),
        ]
        others = Starlette(routes=routes, lifespan=at_work, exception_handlers={HTTPException: _not_found})
        paths, predict = {form.format(name=self.name) for form in forms}, self._counted(self._predict)

        async def app(scope: Scope, receive: Receive, send: Send):
            # A prediction does not take the way through Starlette's router, which is as long as the rest of it.
            if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in paths:
                response = await predict((scope, receive))
                await response(scope, receive, send)
            else:
                await others(scope, receive, send)

        return app

    async def _beside_others(self):
        """Writes down what this process does, and ends it when the one that started it is gone."""
        parent, used = multiprocessing.parent_process(), 0.0
        while parent.is_alive():
            self._waiting.set(self._gatherer.waiting)
            self._processor.inc((now := time.process_time()) - used)
            used = now
            await asyncio.sleep(0.1)
        shutil.rmtree(self._folder, ignore_errors=True)
        signal.raise_signal(signal.SIGTERM)

    def _counted(self, answer: Callable[[Any], Awaitable[Response]]) -> Callable[[Any], Awaitable[Response]]:
        """Returns `answer` with what goes wrong as words, timed and counted."""

        async def counted(asked: Any) -> Response:
            start = time.perf_counter()
            try:
                response = await answer(asked)
            except RequestError as error:
                response = _error(error.status, str(error))
            except TimeoutError:
                response = _error(503, f"no answer within {ANSWER_SECONDS} seconds: try again later")
            except Exception as error:
                tell(f"a batch failed: {error!r}")
                response = _error(500, "the model failed; the server's standard error says how")
            self._requests(response.status_code).inc()
            self._seconds.observe(time.perf_counter() - start)
            return response

        return counted

    async def _predict(self, asked: tuple[Scope, Receive]) -> Response:
        question = read_question(await _body(*asked), max_characters=MAX_CHARACTERS)
        if len(question.texts) > MAX_TEXTS:
            raise RequestError(413, f"expected at most {MAX_TEXTS:,} texts in a request, got {len(question.texts):,}")
        answers = await self._gatherer.ask(question.texts)
        self._texts.inc(len(question.texts))
        return Response(write_answer(question, answers), media_type="application/json")

    async def _state(self, request: Request) -> Response:
        name, _, verb = request.path_params["name"].partition(":")
        if verb and request.method != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        if name != self.name:
            return _error(404, f"expected the model {self.name!r}, got {name!r}")
        status = {"error_code": "OK", "error_message": ""}
        return JSONResponse({"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": status}]})


async def _body(scope: Scope, receive: Receive) -> bytearray:
    """Returns the body of a request, of which no more is read than allowed; nothing if its head says that it is more.

    A client that waits for `100 Continue` gets it when the body is read first.
    """
    body, more = bytearray(), True
    size = int(dict(scope["headers"]).get(b"content-length", 0))
    try:
        async with contextlib.nullcontext() if scope.get(WHOLE) else asyncio.timeout(BODY_SECONDS):
            while more and max(size, len(body)) <= MAX_BYTES:
                part = await receive()
                if part["type"] == "http.disconnect":
                    raise RequestError(400, "body: the connection ended within it")
                body += part["body"]
                more = part["more_body"]
    except TimeoutError:
        raise RequestError(408, f"body: expected all of it within {BODY_SECONDS} seconds") from None
    if max(size, len(body)) > MAX_BYTES:
        raise RequestError(413, f"body: expected at most {MAX_BYTES:,} bytes: send several requests")
    return body


def _error(status: int, words: str) -> Response:
    headers = {"Retry-After": "1"} if status in (429, 503) else {}
    if status in (408, 413):  # more may come, and is not read
        headers["Connection"] = "close"
    return JSONResponse({"error": words}, status_code=status, headers=headers)


async def _not_found(request: Request, error: HTTPException) -> Response:
    expected = "expected POST /v1/models/NAME:predict, GET /v1/models/NAME, /healthz or /metrics"
    return JSONResponse(
        {"error": f"{expected}, got {request.method} {request.url.path}"}, error.status_code, error.headers
    )


class _Server(uvicorn.Server):
    def handle_exit(self, *_: Any):
        """Ends after what is being answered; told a second time, at once. Its exit code is 0."""
        self.force_exit = self.should_exit
        self.should_exit = True


def bound_socket(host: str, port: int) -> socket.socket:
    """Returns a socket that has the port, before the model is loaded: who cannot have it hears so at once."""
    made = None
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio looks for this protocol before it switches off Nagle's algorithm: without, an answer waits for 40 ms.
        made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if sys.platform != "win32":  # a port is free again when its server has ended; Windows would share it
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
    except OSError as error:
        if made is not None:
            made.close()
        raise OSError(error.errno, f"port {port} of {host}: {error.strerror}; give another host or port") from error
    return made


def server_of(service: Service) -> uvicorn.Server:
    """Returns a server, whose `run` answers until SIGTERM or Ctrl-C; what was asked before is answered first."""
    Connection.most = num_connections()
    return _Server(config_of(service.app()))


def config_of(app: Callable, **settings: Any) -> uvicorn.Config:
    """Returns how the service is run: what uvicorn would say is left unsaid, and its limits are those of this file."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,
        access_log=False,
        log_level="critical",
        proxy_headers=False,
        server_header=False,
        backlog=max(8, num_connections() // 4),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **settings,
    )
