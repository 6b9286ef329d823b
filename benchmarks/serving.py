"""Load on `textrnn serve` over the loopback: requests a second, how long they take, and whether any is lost.

`python benchmarks/serving.py --clients 32 --seconds 10`: each client sends one headline (or `--texts` of them), waits
for the answer, and sends the next; each answer is compared with that of the classifier. It ends after a number of
headlines or of seconds.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
import urllib.request

from textrnn import datasets, load_classifier


def started(model: str, processes: int = 1) -> tuple[subprocess.Popen, int]:
    """Returns a running server and its port."""
    command = [sys.executable, "-m", "textrnn.cli", "serve", model, "--port", "0", "--processes", str(processes)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    for line in process.stderr:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
            return process, int(found[1])
    raise RuntimeError("the server did not start")


def processor_seconds(port: int) -> float:
    """Returns what the server has used, by its own metrics: on a busy machine it says more than the time."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return float(re.search(rb"^process_cpu_seconds_total (\S+)", answer.read(), re.MULTILINE)[1])


async def client(
    port: int, name: str, work: list[tuple[str, str]], deadline: float, seconds: list[float], *, num_texts: int
) -> int:
    """Sends texts, some a request, until there are no more or time is up; returns how many answers were wrong."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    wrong = 0
    while len(work) >= num_texts and time.perf_counter() < deadline:
        texts, labels = zip(*(work.pop() for _ in range(num_texts)), strict=True)
        body = json.dumps({"instances": texts}, ensure_ascii=False).encode()
        head = f"POST /v1/models/{name}:predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        start = time.perf_counter()
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", answer)[1])
        found = json.loads(await reader.readexactly(length)).get("predictions", [{}] * num_texts)
        seconds.append(time.perf_counter() - start)
        wrong += sum(one.get("label") != label for one, label in zip(found, labels, strict=True))
    writer.close()
    return wrong


async def load(
    port: int, name: str, work: list[tuple[str, str]], *, clients: int, num_texts: int, most_seconds: float
) -> str:
    """Returns one line on a run with so many clients, headlines counted."""
    taken, start, used = [], time.perf_counter(), processor_seconds(port)
    deadline = start + most_seconds
    runs = (client(port, name, work, deadline, taken, num_texts=num_texts) for _ in range(clients))
    wrong, texts = sum(await asyncio.gather(*runs)), num_texts * len(taken)
    elapsed, taken = time.perf_counter() - start, sorted(taken)
    p50, p99 = statistics.median(taken), taken[int(0.99 * (len(taken) - 1))]
    used = processor_seconds(port) - used
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
    settings = parser.parse_args()
    texts = datasets.load("headlines").train["text"].tolist()
    pairs = list(zip(texts, load_classifier(settings.model).predict(texts).tolist(), strict=True))
    servers = {number: started(settings.model, number) for number in settings.processes}
    try:
        for _ in range(settings.rounds):
            for clients in settings.clients:
                for number, (_, port) in servers.items():
                    work = (pairs * (1 + settings.most // len(pairs)))[: settings.most]
                    sizes = {"clients": clients, "num_texts": settings.texts}
                    line = load(port, settings.model, work, **sizes, most_seconds=settings.seconds)
                    print(f"{number} processes, {asyncio.run(line)}", flush=True)
    finally:
        for process, _ in servers.values():
            process.terminate()
            print("exit code", process.wait(60))


if __name__ == "__main__":
    main()
