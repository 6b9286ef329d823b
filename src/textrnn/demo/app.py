"""The page and its API: `GET /api/models`, `POST /api/predict`; every refusal is `{"error": …, "code": …}`."""

import functools
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textrnn.checks import has_visible
from textrnn.demo.reader import Reader

MAX_CHARACTERS = 500
MAX_BYTES = 16 * 1024  # of a request: the longest two texts, each character written as \\uXXXX\\uXXXX, and a name
STATIC = Path(__file__).parent / "static"
FILES = {  # named one by one: no path of a request ever reaches the disk
    "/": ("index.html", "text/html"),
    "/style.css": ("style.css", "text/css"),
    "/strings.js": ("strings.js", "text/javascript"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
HOSTS = re.compile(r"(localhost|127\.0\.0\.1)(:[0-9]+)?", re.IGNORECASE)
HEADERS = {
    # Only what this server sends; and no string ever becomes markup or code, whatever a headline holds.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class _RequestError(Exception):
    """A request that gets no answer.

    Args:
        status: of HTTP.
        code: what the page looks up in its table of words.
        message: what was expected and what came.
    """

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def build_app(readers: Mapping[str, Reader]) -> ASGIApp:
    """Returns the page and its API over loaded models by name."""
    limiter = anyio.CapacityLimiter(1)  # one answer at a time: it uses all cores

    async def list_models(_: Request) -> Response:
        models = [_about(name, reader) for name, reader in readers.items()]
        return JSONResponse({"models": models, "max_characters": MAX_CHARACTERS})

    async def predict(request: Request) -> Response:
        asked = _checked(await _body(request), readers)
        read = functools.partial(readers[asked["model"]].read, asked["text"], beside=asked.get("beside"))
        answer = await anyio.to_thread.run_sync(read, limiter=limiter)
        return JSONResponse({"model": asked["model"], "text": asked["text"], **answer})

    routes = [
        *(_file_route(path, *file) for path, file in FILES.items()),
        Route("/api/models", list_models),
        Route("/api/predict", predict, methods=["POST"]),
    ]
    handlers = {
        _RequestError: lambda _, error: _error(error.status, error.code, error.message),
        HTTPException: _http_error,
        ClientDisconnect: lambda _, __: Response(status_code=HTTPStatus.BAD_REQUEST),  # nobody is there to read it
        Exception: lambda _, __: _error(500, "failed", "the answer failed; the terminal of textrnn demo says why"),
    }
    return _Guard(Starlette(routes=routes, exception_handlers=handlers))


class _Guard:
    """Answers only those who ask for this machine by its name, and puts `HEADERS` on every answer.

    A page of somebody else's can have its own host name point to 127.0.0.1 (DNS rebinding); the browser then still
    sends that name.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send):
        async def send_guarded(message: Message):
            if message["type"] == "http.response.start":
                own = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not HOSTS.fullmatch(hosts[0]):
            refusal = _error(400, "wrong_host", f"Host: expected localhost or 127.0.0.1, got {_quoted(hosts)}")
            return await refusal(scope, receive, send_guarded)
        return await self.app(scope, receive, send_guarded)


def _file_route(path: str, name: str, media_type: str) -> Route:
    content = (STATIC / name).read_bytes()

    async def send_file(_: Request) -> Response:
        return Response(content, media_type=media_type)

    return Route(path, send_file)


def _about(name: str, reader: Reader) -> dict[str, Any]:
    said = {key: str(reader.card.get(key) or "") for key in ("licence", "limits")}
    said = {key: value.encode("utf-8", "replace").decode() for key, value in said.items()}  # JSON may hold surrogates
    return {"name": name, "labels": reader.label_names, "max_length": reader.max_length, **said}


async def _body(request: Request) -> bytes:
    """Returns the body of a request, of which no more than `MAX_BYTES` are read."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # which a page of somebody else's cannot send unasked
        raise _RequestError(415, "wrong_type", f"Content-Type: expected application/json, got {_quoted(kind)}")
    too_big = _RequestError(413, "too_big", f"expected at most {MAX_BYTES} bytes, got more")
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 9 or int(length) > MAX_BYTES:
        raise too_big
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise too_big
    return body


def _checked(body: bytes, readers: Mapping[str, Reader]) -> dict[str, str]:
    """Returns what a request asks for: `model`, `text` and, if there is another text to compare with, `beside`."""
    try:
        asked = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _RequestError(400, "not_json", f"expected JSON in UTF-8: {str(error)[:200]}") from None
    if not isinstance(asked, dict) or not {"model", "text"} <= set(asked) <= {"model", "text", "beside"}:
        came = f"the fields {_quoted(list(asked))}" if isinstance(asked, dict) else type(asked).__name__
        raise _RequestError(400, "wrong_fields", f'expected {{"model": …, "text": …}}, got {came}')
    for field, value in asked.items():
        if not isinstance(value, str):
            raise _RequestError(400, "wrong_fields", f"{field}: expected a string, got {type(value).__name__}")
    if asked["model"] not in readers:
        raise _RequestError(
            404, "unknown_model", f"model: expected one of {list(readers)}, got {_quoted(asked['model'])}"
        )
    for field in asked.keys() & {"text", "beside"}:
        _check_text(field, asked[field])
    return asked


def _check_text(field: str, text: str):
    if len(text) > MAX_CHARACTERS:
        raise _RequestError(400, "too_long", f"{field}: expected at most {MAX_CHARACTERS} characters, got {len(text)}")
    if not has_visible(text):
        raise _RequestError(400, "empty", f"{field}: expected a text, got an empty one")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise _RequestError(400, "surrogate", f"{field}: half of a surrogate pair stands in it: it was decoded wrongly")


def _http_error(_: Request, error: HTTPException) -> Response:
    messages = {404: "expected /, /api/models or /api/predict", 405: "this address takes another method"}
    code = {404: "unknown_address", 405: "wrong_method"}.get(error.status_code, "failed")
    message = messages.get(error.status_code, error.detail)
    return _error(error.status_code, code, message, headers=error.headers)


def _error(status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> Response:
    if status == 413:  # or the server would read what is left and throw it away
        headers = {"Connection": "close"}
    return JSONResponse({"error": message, "code": code}, status_code=status, headers=headers)


def _quoted(value: str | list[str]) -> str:
    """Returns what came, short and in ASCII, so that any answer can be written."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
