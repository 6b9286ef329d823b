"""What a second worker brings: steps of one process with whole batches beside steps of two with half of each.

`python benchmarks/parallel.py` starts three processes with one thread each, one alone and two that train together, and
has them take turns; it prints medians over the rounds, seconds and processor seconds for each step, and the bytes that
the two send for it, as the system counts them (`ss`).
"""

import argparse
import math
import multiprocessing
import os
import re
import socket
import statistics
import subprocess
import time

ONE_THREAD = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
SETTINGS = {"epochs": 4, "batch_size": 128}


def train_by_turns(pipe, index: int, addresses: list[str], rows: int | None):
    """Builds the recommended network, and for each number that comes takes so many steps and answers with the times."""
    from textrnn import datasets, training
    from textrnn.training.rows import count_evidence, rows_to_learn
    from textrnn.training.step import targets_of

    workers = training.Workers(index, addresses)
    train = datasets.load("headlines").train[:rows]
    settings = training.recipe(len(train)).changed(**SETTINGS)
    model = training.recommended_textrnn(train, settings=settings)
    data = rows_to_learn(model, train, sample_weight=None, folder=None)
    count_evidence(model, data)
    step, targets = training.training_step(model, adversarial=settings.adversarial, workers=workers), targets_of(model)
    batches = [
        batch
        for epoch in range(100)
        for batch in training.draw_batches(data.lengths, batch_size=settings.batch_size, seed=0, epoch=epoch)
        if len(batch) == settings.batch_size
    ]
    pipe.send(sum(math.prod(weight.shape) for weight in model.trainable_weights))
    while num_steps := pipe.recv():
        begin, busy = time.perf_counter(), time.process_time()
        for batch in batches[:num_steps]:
            own, part = workers.share(batch)
            training.learn_batch(step, data.batch(own), targets(data.label_ids[own]), epoch=0, part=part)
        del batches[:num_steps]
        pipe.send(((time.perf_counter() - begin) / num_steps, (time.process_time() - busy) / num_steps))


def bytes_sent(addresses: list[str]) -> int:
    """Returns what all connections that begin or end at the ports of `addresses` have sent."""
    ports = " or ".join(f"sport = :{port} or dport = :{port}" for port in (one.rpartition(":")[2] for one in addresses))
    found = subprocess.run(["ss", "-tinH", f"( {ports} )"], capture_output=True, text=True, check=True).stdout
    return sum(map(int, re.findall(r"bytes_sent:(\d+)", found)))


def main():
    """Prints what each round took, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=15, help="in a round")
    parser.add_argument("--rows", type=int, help="of the training set; all unless given")
    settings = parser.parse_args()
    os.environ.update(ONE_THREAD)
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    for probe in probes:
        probe.close()
    context, pipes = multiprocessing.get_context("spawn"), []
    for place in ((0, []), (0, addresses), (1, addresses)):
        here, there = context.Pipe()
        context.Process(target=train_by_turns, args=(there, *place, settings.rows), daemon=True).start()
        pipes.append(here)
    weights, *_ = [pipe.recv() for pipe in pipes]
    print(f"weights that learn: {weights:,}; load {os.getloadavg()[0]:.1f}")
    found = []
    for number in range(-1, settings.rounds):  # the first round makes the graphs
        taken = []
        for group in (pipes[:1], pipes[1:]):
            before = bytes_sent(addresses)
            for pipe in group:
                pipe.send(settings.steps)
            times = [pipe.recv() for pipe in group]
            sent = (bytes_sent(addresses) - before) / settings.steps / 2  # by each
            taken += [max(seconds for seconds, _ in times), sum(busy for _, busy in times), sent]
        if number >= 0:
            found.append(taken)
            print(" ".join(f"{value:.3f}" for value in (*taken[:2], *taken[3:5])), f"{taken[5]:,.0f} bytes", flush=True)
    one, one_busy, _, two, two_busy, sent = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"one worker {one:.3f} s a step ({one_busy:.3f} of a processor); two {two:.3f} s ({two_busy:.3f} of both)")
    print(f"two: {one / two:.2f}x as fast; each sends {sent / 1e6:.2f} MB a step; load {os.getloadavg()[0]:.1f}")
    for pipe in pipes:
        pipe.send(0)


if __name__ == "__main__":
    main()
