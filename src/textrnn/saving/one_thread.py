"""One thread of BLAS for each batch: two threads on one small product wait for each other longer than they compute."""

import functools
import os
import threading

from threadpoolctl import ThreadpoolController


class OneThread:
    """A context in which BLAS, the library below NumPy's products, uses one thread.

    The number is one for the whole process. Of several threads of Python the first that enters sets it and the last
    that leaves puts it back, so that none waits for another.
    """

    def __init__(self):
        self._lock, self._inside, self._limits = threading.Lock(), 0, None

    def __enter__(self):
        with self._lock:
            if not self._inside:
                self._limits = _libraries().limit(limits=1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limits.restore_original_limits()

    def before_fork(self):
        """Waits until no thread is changing the number: BLAS holds a lock meanwhile, which a child could not open."""
        self._lock.acquire()

    def after_fork(self):
        """Lets the others go on."""
        self._lock.release()

    def after_fork_in_child(self):
        """Forgets the threads that were inside: the child has none of them."""
        if self._inside:
            self._limits.restore_original_limits()
        self.__init__()


@functools.cache
def _libraries() -> ThreadpoolController:
    """Returns the libraries of this process that compute in threads; looking for them takes a few milliseconds."""
    return ThreadpoolController()


one_thread = OneThread()
if hasattr(os, "register_at_fork"):  # where processes fork
    os.register_at_fork(
        before=one_thread.before_fork,
        after_in_parent=one_thread.after_fork,
        after_in_child=one_thread.after_fork_in_child,
    )


def num_cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
