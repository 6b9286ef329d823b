"""One thread of BLAS for each batch: two threads on one small product wait for each other longer than they compute."""

import functools
import os
import threading
from collections.abc import Sequence

from threadpoolctl import LibController, ThreadpoolController


class OneThread:
    """A context in which BLAS, the library below NumPy's products, uses one thread; for one batch, not for many.

    The number is one for the whole process. Of several threads of Python the first that enters sets it and the last
    that leaves puts it back, so that none waits for another.

    A process that forks waits until the other threads have left, so that its child does not inherit a lock that BLAS
    has closed for a moment and that nobody there would open. Meanwhile no thread enters; none may enter twice.
    """

    def __init__(self):
        self._inside, self._numbers = [], []  # the threads inside; how many threads each library used before
        self._renew_locks()
        if hasattr(os, "register_at_fork"):  # where processes fork
            os.register_at_fork(
                before=self._before_fork, after_in_parent=lambda: self._gate.release(), after_in_child=self._renew_locks
            )

    def _renew_locks(self):
        self._gate, self._left = threading.RLock(), threading.Condition()

    def __enter__(self):
        with self._gate, self._left:
            if not self._inside:
                self._numbers = [library.num_threads for library in _libraries()]
                _set_threads([1] * len(self._numbers))
            self._inside.append(threading.get_ident())

    def __exit__(self, *_):
        with self._left:
            self._inside.remove(threading.get_ident())
            if not self._inside:
                _set_threads(self._numbers)
            self._left.notify_all()

    def _before_fork(self):
        self._gate.acquire()
        with self._left:
            # Who forks in the middle of a batch, in a handler of a signal say, does not wait for itself.
            self._left.wait_for(lambda: set(self._inside) <= {threading.get_ident()})


@functools.cache
def _libraries() -> list[LibController]:
    """Returns the BLAS libraries of this process; looking for them takes a few milliseconds."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _set_threads(numbers: Sequence[int]):
    for library, number in zip(_libraries(), numbers, strict=True):
        # threadpoolctl 3.8 lets one thread of Python alone set the number; whoever else asks is ignored, silently.
        let_go = getattr(library, "clear_controlling_thread", lambda force: None)
        let_go(force=True)
        library.set_num_threads(number)
        let_go(force=True)


one_thread = OneThread()


def num_cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
