"""Load on `textrnn serve` over the loopback: requests a second, how long they take, and whether any is lost.

`python benchmarks/serving.py --clients 32 --seconds 10`: each client sends one headline (or `--texts` of them), waits
for the answer, and sends the next; afterwards each answer is compared with that of the classifier. It ends after a
number of headlines or of seconds.
"""

import argparse
import asyncio
import itertools
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request

from textrnn import datasets, load_classifier

LENGTH = re.compile(rb"content-length: (\d+)")


def started(model: str, processes: int = 1, *, runtime: str = "numpy") -> tuple[subprocess.Popen, int]:
    """Returns a running server and its port."""
    command = [sys.executable, "-m", "textrnn.cli", "serve", model, "--port", "0", "--processes", str(processes)]
    command += ["--runtime", runtime]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            return process, int(found[1])
    raise RuntimeError("the server did not start")


def processor_seconds(port: int) -> float:
    """Returns what the server has used, by its own metrics: on a busy machine it says more than the time."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return float(re.search(rb"^process_cpu_seconds_total (\S+)", answer.read(), re.MULTILINE)[1])


class Client(asyncio.Protocol):
    """One client: sends a request, waits for the answer, and sends the next, until there are no more or time is up.

    Args:
        requests: bytes to send, each with its number; clients take from the end.
        answers: where the number of a request, the seconds that it took and the body of its answer go.
        deadline: on the clock of `time.perf_counter`.
    """

    def __init__(self, requests: list[tuple[int, bytes]], answers: list[tuple[int, float, bytes]], deadline: float):
        self._requests, self._answers, self._deadline = requests, answers, deadline
        self._received, self._waits, self.ended = b"", False, asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.Transport):
        """Sends the first request."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes):
        """Sends the next request when an answer is complete; answers are read when all are there."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if end and len(body) == int(LENGTH.search(head)[1]):
            self._answers.append((self._number, time.perf_counter() - self._start, body))
            self._received = b""
            self._waits = False
            self._send()

    def connection_lost(self, exc: Exception | None):
        """Ends; the run fails if an answer is missing."""
        if self._waits:
            self.ended.set_exception(ConnectionError(f"request {self._number} was not answered: {exc}"))
        else:
            self.ended.set_result(None)

    def _send(self):
        if not self._requests or time.perf_counter() >= self._deadline:
            self._transport.close()
            return
        self._number, request = self._requests.pop()
        self._start, self._waits = time.perf_counter(), True
        self._transport.write(request)


async def load(
    port: int, name: str, work: list[tuple[str, str]], *, clients: int, num_texts: int, most_seconds: float
) -> str:
    """Returns one line on a run with so many clients, headlines counted."""
    asked, requests, answers = [work[at : at + num_texts] for at in range(0, len(work), num_texts)], [], []
    for number, pairs in enumerate(asked):
        body = json.dumps({"instances": [text for text, _ in pairs]}, ensure_ascii=False).encode()
        head = f"POST /v1/models/{name}:predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        requests.append((number, head.encode() + body))
    start, used, loop = time.perf_counter(), processor_seconds(port), asyncio.get_running_loop()
    made = [Client(requests, answers, start + most_seconds) for _ in range(clients)]
    for one in made:
        await loop.create_connection(lambda one=one: one, "127.0.0.1", port)
    await asyncio.gather(*(one.ended for one in made))
    elapsed, used = time.perf_counter() - start, processor_seconds(port) - used
    taken, wrong = sorted(seconds for _, seconds, _ in answers), 0
    for number, _, body in answers:
        found = json.loads(body).get("predictions", [{}] * num_texts)
        wrong += sum(one.get("label") != label for one, (_, label) in zip(found, asked[number], strict=True))
    texts = sum(len(asked[number]) for number, _, _ in answers)
    p50, p99 = statistics.median(taken), taken[int(0.99 * (len(taken) - 1))]
    rate = f"{texts / elapsed:6,.0f} a second ({texts / used:,.0f} a processor second)"
    rate += f", p50 {1000 * p50:.1f} ms, p99 {1000 * p99:.1f} ms"
    return f"{clients:3} clients: {rate}, {len(taken):,} requests, {wrong} wrong or refused"


def main():
    """Prints one line for each number of clients and round, and the server's processor seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="headlines-textrnn")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--texts", type=int, default=1, help="headlines a request")
    parser.add_argument("--most", type=int, default=20_000, help="headlines at most, in each round")
    parser.add_argument("--seconds", type=float, default=5, help="at most, for each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--processes", type=int, nargs="+", default=[1], help="of the servers, which take turns")
    parser.add_argument("--runtimes", nargs="+", default=["numpy"], help="of the servers")
    settings = parser.parse_args()
    texts = datasets.load("headlines").train["text"].tolist()
    pairs = list(zip(texts, load_classifier(settings.model).predict(texts).tolist(), strict=True))
    kinds = itertools.product(settings.runtimes, settings.processes)
    servers = {kind: started(settings.model, kind[1], runtime=kind[0]) for kind in kinds}
    try:
        for _ in range(settings.rounds):
            for clients in settings.clients:
                for (runtime, number), (_, port) in servers.items():
                    work = (pairs * (1 + settings.most // len(pairs)))[: settings.most]
                    sizes = {"clients": clients, "num_texts": settings.texts}
                    line = load(port, settings.model, work, **sizes, most_seconds=settings.seconds)
                    print(f"{runtime}, {number} processes, {asyncio.run(line)}", flush=True)
    finally:
        for process, _ in servers.values():
            process.terminate()
            print("exit code", process.wait(60))


if __name__ == "__main__":
    main()
