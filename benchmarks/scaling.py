"""What many workers would bring, by a formula of measured numbers and by a simulation that does not know the formula.

`python benchmarks/scaling.py` prints rows a second of a bulk prediction, and of training steps with the gradients
exchanged after each, for 1 to 1,000 workers. The simulation follows every part and every step, with workers of uneven
speed.
"""

import argparse
import heapq

import numpy as np

PART = 8192  # rows
WORKER_ROWS = 3000  # that one worker answers in a processor second: measured, see RESULTS.md
READ_ROWS, WRITE_ROWS = 155_000, 119_000  # of one process in a second, CSV: measured
STEP_SECONDS, STEP_ROWS = 0.185, 128  # of training on 117,411 titles with the recipe for so many, one core: measured
DENSE_BYTES = 604_000  # of its weights but the tables of vectors
SPARSE_BYTES = 680_000  # of the vectors, each named once, that 128 titles use: mean of 50 batches, counted
WORKERS = (1, 2, 10, 32, 100, 1000)


def bulk_bound(workers: int) -> float:
    """Returns rows a second at best: what the workers compute, or what one process reads and writes."""
    return min(workers * WORKER_ROWS, 1 / (1 / READ_ROWS + 1 / WRITE_ROWS))


def simulated_bulk(workers: int, *, spread: float, seed: int = 0) -> float:
    """Returns rows a second of a run of 40 parts for each worker, at most two at a time for each worker.

    One process reads a part, hands it out, and writes whatever is ready before it reads on, as `scale.bulk` does.

    Args:
        workers: how many.
        spread: standard deviation of the logarithm of the seconds that a part takes.
        seed: of the draws.
    """
    rng, now, free, waiting = np.random.default_rng(seed), 0.0, [0.0] * workers, []
    heapq.heapify(free)
    parts = 40 * workers
    for _ in range(parts):
        now += PART / READ_ROWS
        if len(waiting) >= 2 * workers:
            now = max(now, waiting[0])
            while waiting and waiting[0] <= now:
                heapq.heappop(waiting)
                now += PART / WRITE_ROWS
        seconds = PART / WORKER_ROWS * rng.lognormal(-(spread**2) / 2, spread)
        done = max(now, heapq.heappop(free)) + seconds
        heapq.heappush(free, done)
        heapq.heappush(waiting, done)
    while waiting:
        now = max(now, heapq.heappop(waiting)) + PART / WRITE_ROWS
    return parts * PART / now


def exchange_seconds(workers: int, *, bytes_a_second: float) -> float:
    """Returns what a ring takes to add up all gradients.

    Of the dense ones each worker sends nearly twice their bytes, however many there are; the rows of tables that a
    worker used go once around, past all others. With two workers the sum is what `parallel.py` measures.
    """
    return (workers - 1) * (2 / workers * DENSE_BYTES + SPARSE_BYTES) / bytes_a_second


def simulated_training(workers: int, *, bytes_a_second: float, spread: float, seed: int = 0) -> float:
    """Returns rows a second of 200 steps; each waits for the slowest worker, and then for the exchange."""
    rng = np.random.default_rng(seed)
    steps = STEP_SECONDS * rng.lognormal(-(spread**2) / 2, spread, size=(200, workers)).max(axis=1)
    return workers * STEP_ROWS / (steps.mean() + exchange_seconds(workers, bytes_a_second=bytes_a_second))


def main():
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spread", type=float, default=0.2, help="of a worker's time; assumed")
    parser.add_argument("--gigabits", type=float, nargs="+", default=[1, 10], help="of the network; assumed")
    settings = parser.parse_args()
    print("bulk prediction, rows a second: bound, simulated, share of the workers' time in use")
    for workers in WORKERS:
        found = simulated_bulk(workers, spread=settings.spread)
        print(f"{workers:5} {bulk_bound(workers):10,.0f} {found:10,.0f} {found / workers / WORKER_ROWS:6.0%}")
    print("training, rows a second, each worker 128 rows a step: without waiting, simulated by gigabits a second")
    for workers in WORKERS:
        found = [
            simulated_training(workers, bytes_a_second=gigabits * 1e9 / 8, spread=settings.spread)
            for gigabits in settings.gigabits
        ]
        row = "  ".join(f"{rows:10,.0f}" for rows in (workers * STEP_ROWS / STEP_SECONDS, *found))
        print(f"{workers:5} {row}")


if __name__ == "__main__":
    main()
