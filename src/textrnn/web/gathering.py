"""Texts of many requests gathered into batches: in one of 16, a text takes a fifth to a third of its time alone."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from textrnn.web.rest import RequestError

GATHER_SECONDS = 0.0005  # within which another request comes, or the batch begins
GATHER_TIMES = 4  # at most
BATCH_CHARACTERS = 8192  # what a batch may take is bounded, and so is what a text waits for it


@dataclass(eq=False)
class _Job:
    """The texts of one request."""

    texts: list[str]
    answered: asyncio.Future
    deadline: float
    missing: int  # answers
    taken: int = 0  # texts that are in a batch
    parts: dict[int, list] = field(default_factory=dict)  # answers by the number of their first text


class Gatherer:
    """Answers the texts of requests in batches, in threads of its own, in turn: a long request does not hold up others.

    Args:
        answer: from texts to a list of answers; called by several threads.
        num_threads: how many batches at a time.
        batch_texts: of a batch, at most.
        max_waiting: characters that may wait; with more, requests are refused.
        patience: seconds that a request may wait, and up to a tenth more.
        seen: is called with the number of texts of each batch.
    """

    def __init__(
        self,
        answer: Callable[[list[str]], list],
        *,
        num_threads: int,
        batch_texts: int,
        max_waiting: int,
        patience: float,
        seen: Callable[[int], None] = lambda number: None,
    ):
        self._answer, self._max_waiting, self._patience, self._seen = answer, max_waiting, patience, seen
        self._num_threads, self._pool = num_threads, ThreadPoolExecutor(num_threads)
        self._batch_texts = batch_texts
        self._jobs: deque[_Job] = deque()
        self._asked: dict[_Job, None] = {}  # not yet answered, the oldest first
        self._some = asyncio.Event()
        self.waiting = 0  # characters

    async def ask(self, texts: list[str]) -> list:
        """Returns the answers to `texts`.

        Raises:
            RequestError: 429, too much is waiting.
            TimeoutError: there was no answer within the patience.
        """
        size = sum(map(len, texts))
        if self.waiting and self.waiting + size > self._max_waiting:
            raise RequestError(429, f"{self.waiting:,} characters are waiting for an answer already: try again later")
        answered = asyncio.get_running_loop().create_future()
        job = _Job(texts, answered, deadline=time.monotonic() + self._patience, missing=len(texts))
        self._jobs.append(job)
        self._asked[job] = None
        self.waiting += size
        self._some.set()
        try:
            return await job.answered
        finally:
            del self._asked[job]
            self.waiting -= size

    @contextlib.asynccontextmanager
    async def at_work(self):
        """Answers within this context."""
        work = (self._work() for _ in range(self._num_threads))
        tasks = [asyncio.create_task(each) for each in (self._let_go(), *work)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            self._pool.shutdown()

    async def _let_go(self):
        """Ends what waits too long; one clock for all, since one for each request takes a tenth of its time."""
        while True:
            await asyncio.sleep(self._patience / 10)
            for job in self._asked:
                if job.deadline > time.monotonic():
                    break
                if not job.answered.done():
                    job.answered.set_exception(TimeoutError())

    async def _work(self):
        loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            seen, times = 0, 0
            while seen < len(self._jobs) < self._batch_texts and times < GATHER_TIMES:
                seen, times = len(self._jobs), times + 1
                await asyncio.sleep(GATHER_SECONDS)
            if not (batch := self._take()):
                continue
            texts = [text for job, start, end in batch for text in job.texts[start:end]]
            self._seen(len(texts))
            try:
                answers = await loop.run_in_executor(self._pool, self._answer, texts)
            except Exception as error:  # of the network: those who asked hear it, and the next batch is tried
                for job, _, _ in batch:
                    if not job.answered.done():
                        job.answered.set_exception(error)
            else:
                self._hand_out(batch, answers)

    def _take(self) -> list[tuple[_Job, int, int]]:
        """Returns the parts of jobs for one batch; a job of which more is left goes to the end."""
        batch, texts, characters = [], 0, 0
        for _ in range(len(self._jobs)):
            if texts >= self._batch_texts or characters >= BATCH_CHARACTERS:
                break
            job = self._jobs.popleft()
            if job.answered.done():  # nobody waits any more
                continue
            start = job.taken
            while job.taken < len(job.texts) and texts < self._batch_texts and characters < BATCH_CHARACTERS:
                characters += len(job.texts[job.taken])
                texts, job.taken = texts + 1, job.taken + 1
            batch.append((job, start, job.taken))
            if job.taken < len(job.texts):
                self._jobs.append(job)
        if not self._jobs:
            self._some.clear()
        return batch

    @staticmethod
    def _hand_out(batch: list[tuple[_Job, int, int]], answers: list):
        at = 0
        for job, start, end in batch:
            job.parts[start] = answers[at : at + end - start]
            at += end - start
            job.missing -= end - start
            if not job.missing and not job.answered.done():
                job.answered.set_result([one for first in sorted(job.parts) for one in job.parts[first]])
