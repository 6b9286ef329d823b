"""Connections to a server that do nothing: those who are slow, or hold many open, do not stop the others."""

import asyncio
import time
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_SECONDS = 10  # that a client may take until its request has begun in full
MOST_CONNECTIONS = 4096
WHOLE = "textrnn.whole"  # in the scope of a request: its body has come in full


def num_connections() -> int:
    """Returns how many connections this process can hold, with room for its files."""
    try:
        import resource
    except ImportError:  # Windows
        return 512
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit != resource.RLIM_INFINITY and limit < 4 * MOST_CONNECTIONS:
        wanted = 4 * MOST_CONNECTIONS if most == resource.RLIM_INFINITY else min(most, 4 * MOST_CONNECTIONS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
        limit = wanted
    return MOST_CONNECTIONS if limit == resource.RLIM_INFINITY else max(8, min(MOST_CONNECTIONS, limit // 4))


class _AtOnce:
    """A transport that sends the head of an answer and its body together."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop):
        self._transport, self._loop, self._parts = transport, loop, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes):
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def close(self):
        self._send()
        self._transport.close()

    def _send(self):
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()


class Connection(AutoHTTPProtocol):
    """A connection that ends where no request comes; of too many, the one that has been silent the longest ends."""

    most = MOST_CONNECTIONS
    pause = 0.0  # seconds after a new one, in which another process takes the next
    in_order: dict["Connection", None] = {}  # noqa: RUF012 - of all, the one with the oldest word first

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self._head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport):
        """Takes the connection, and ends another one if there are too many."""
        if self.pause:
            time.sleep(self.pause)
        super().connection_made(_AtOnce(transport, self.loop))
        self.in_order[self] = None
        self._wait_for_head()
        if len(self.in_order) > self.most:
            silent = next((one for one in self.in_order if not one.is_at_work), self)
            self.in_order.pop(silent)  # at once: others may come before it is lost
            silent.transport.abort()

    def connection_lost(self, exc: Exception | None):
        """Forgets the connection."""
        self.in_order.pop(self, None)
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes):
        """Reads on."""
        self.in_order[self] = self.in_order.pop(self, None)
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_head()
        else:
            self._stop_waiting()
            if self.is_at_work:
                self.cycle.scope[WHOLE] = True

    @property
    def is_at_work(self) -> bool:
        """Whether a whole request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def _wait_for_head(self):
        if self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _stop_waiting(self):
        if self._head is not None:
            self._head.cancel()
            self._head = None
