"""Several processes that train one network: TensorFlow's MultiWorkerMirroredStrategy adds up what each has found."""

import contextlib
import hashlib
import io
import json
import re
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from textrnn.checks import check_number, check_workers
from textrnn.training.optimizers import merged

HEARTBEAT = 10  # seconds without a sign of life after which a worker counts as gone
APART = 1_000_003  # between the seeds of two workers' dropout
GONE = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
    tf.errors.UnknownError,
)


class Workers:
    """The processes that train one network, of which this is one; without arguments, this process alone.

    Each has the whole network, and of every batch its own share of the rows. What the shares say of loss and gradients
    is added up by `tf.distribute.MultiWorkerMirroredStrategy`; then each moves its weights by the same sum, so that
    these stay equal. Of a machine with several GPUs a worker uses the first; give it another with
    `CUDA_VISIBLE_DEVICES`.

    TensorFlow's server listens on its port at every address of the machine, and asks nobody for a password: the ports
    belong behind a firewall, or the workers on one machine.

    Args:
        index: which of `addresses` is this process, from 0. Worker 0 is the one that writes checkpoints and logs.
        addresses: `host:port` of every process, the same list in each.
        wait: seconds in which all of them have to be there.

    Attributes:
        index: as given.
        addresses: as given.

    Raises:
        ValueError: an address is malformed or there twice, or there is none of the number `index`.
        OSError: the port of this process is taken, a host is unknown, or not all came in time.
        RuntimeError: TensorFlow has been at work in this process already.
    """

    def __init__(self, index: int = 0, addresses: Sequence[str] = (), *, wait: float = 300):
        check_number("wait", wait, "a number of seconds above 0", lambda seconds: 0 < seconds < 1e6)
        if addresses or index:
            check_workers(index, addresses)
        self.index, self.addresses, self._strategy = index, tuple(addresses), None
        if len(self.addresses) > 1:
            _check_idle()
            meet(index, self.addresses, wait)
            self._strategy = _strategy(index, self.addresses, wait)
            self._added = tf.function(self.sum, reduce_retracing=True)

    @property
    def num_workers(self) -> int:
        """How many there are."""
        return max(1, len(self.addresses))

    def share(self, rows: np.ndarray) -> tuple[np.ndarray, float]:
        """Returns the rows of a batch that are this worker's, and which part of the batch they are.

        Where there are fewer rows than workers, one that has none gets a row whose part is 0.

        >>> Workers().share(np.array([7, 4, 9]))
        (array([7, 4, 9]), 1.0)
        """
        own = rows[self.index :: self.num_workers]
        return (own, len(own) / len(rows)) if len(own) else (rows[:1], 0.0)

    def sum(self, values: list) -> list:
        """Returns tensors added up over all workers, and sparse gradients joined; `None` stays, inside a graph alone.

        Args:
            values: tensors or `tf.IndexedSlices`, of the same shapes in each worker.
        """
        if self._strategy is None:
            return values
        known = [value for value in values if value is not None]
        found = iter(self._strategy.run(_all_reduce, args=(known,)))
        return [value if value is None else next(found) for value in values]

    def joined(self, own: np.ndarray, num_rows: int) -> np.ndarray:
        """Returns an array `(num_rows, …)`, in every worker, from the rows that each has by `share`."""
        if self._strategy is None:
            return own
        whole = np.zeros((num_rows, *own.shape[1:]), own.dtype)
        if self.index < num_rows:
            whole[self.index :: self.num_workers] = own
        return self._sum_of(whole)

    def check_alike(self, identity: dict[str, Any]):
        """Raises `ValueError`, in every worker, unless all were given the same settings and the same data.

        Args:
            identity: JSON values by names, the same names in every worker.
        """
        if self._strategy is None:
            return
        digests = [hashlib.sha256(json.dumps(value).encode()).digest() for value in identity.values()]
        own = np.frombuffer(b"".join(digests), "int32").reshape(1, len(digests), -1)
        found = self.joined(own, self.num_workers)
        for index, differs in enumerate((found != found[0]).any(axis=2)):
            if names := [name for name, one in zip(identity, differs, strict=True) if one]:
                raise ValueError(
                    f"workers: worker {index} ({self.addresses[index]}) has other values than worker 0 for "
                    f"{', '.join(names)}; give all the same settings and the same files"
                )

    def from_chief(self, arrays: dict[str, np.ndarray], state: Any) -> tuple[dict[str, np.ndarray], Any]:
        """Returns the arrays, and the JSON value, that worker 0 was called with."""
        if self._strategy is None:
            return arrays, state
        np.savez(content := io.BytesIO(), about=np.array(json.dumps(state)), **arrays)
        content = content.getvalue() if self.index == 0 else b""
        (size,) = self._sum_of(np.array([len(content)], "int64"))
        numbers = np.frombuffer(content + bytes(-len(content) % 4), "int32") if self.index == 0 else None
        numbers = self._sum_of(np.zeros(-(-size // 4), "int32") if numbers is None else numbers)
        with np.load(io.BytesIO(numbers.tobytes()[:size]), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return arrays, json.loads(str(arrays.pop("about")))

    def draw_apart(self, model: keras.Model):
        """Has dropout draw other numbers than in the other workers; those of worker 0 are as they were."""
        for variable in model.variables if self.index else ():
            if variable.path.endswith("seed_generator_state"):
                seed, count = variable.numpy().tolist()
                variable.assign(np.array([seed + self.index * APART, count], variable.dtype))

    def _sum_of(self, array: np.ndarray) -> np.ndarray:
        (found,) = self._added([tf.constant(array)])
        return found.numpy()

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Raises `ConnectionError` where TensorFlow finds, inside, that another worker is gone."""
        try:
            yield
        except GONE as error:
            if self._strategy is None:
                raise
            raise ConnectionError(self._who(str(error))) from error

    def _who(self, message: str) -> str:
        found = {int(number) for number in re.findall(r"/task:(\d+)", message)} - {self.index}
        names = [f"worker {index} ({self.addresses[index]})" for index in sorted(found) if index < self.num_workers]
        who = names[0] if len(names) == 1 else "another worker"
        return f"{who} is gone, so worker {self.index} stops; start all of them again, with resume to go on"


def _all_reduce(values: list) -> list:
    values = [merged(value) if isinstance(value, tf.IndexedSlices) else value for value in values]  # fewer bytes
    values = tf.nest.map_structure(tf.identity, values, expand_composites=True)  # gives each the device of this worker
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)


def _check_idle():
    """Raises `RuntimeError` if TensorFlow has begun to work; later, the others would wait for this process in vain."""
    try:  # to give the processor the one device that it has anyway, which is refused then
        processor, *_ = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()])
    except RuntimeError:
        what = "TensorFlow has begun to work in this process"
        raise RuntimeError(f"Workers: {what}; make Workers before networks, tensors and trainings") from None


def meet(index: int, addresses: Sequence[str], wait: float):
    """Returns once something listens at the addresses of all workers, as this process does meanwhile at its own.

    TensorFlow would wait as well, but in a call that neither a limit nor Ctrl-C ends.

    Raises:
        OSError: the port of this process is taken, a host is unknown, or the others did not come in time.
    """
    places = [(address.rpartition(":")[0], int(address.rpartition(":")[2])) for address in addresses]
    for host, _ in places:
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            raise OSError(f"workers: no machine of the name {host} is found: {error.strerror}") from None
    end = time.monotonic() + wait
    try:
        listening = socket.create_server(("", places[index][1]))  # at all addresses, as TensorFlow will
    except OSError as error:
        what = f"worker {index} cannot listen at {addresses[index]}: {error.strerror}"
        raise OSError(f"{what}; give another port, in every worker") from None
    with listening:
        missing = [number for number in range(len(addresses)) if number != index]
        while missing := [number for number in missing if not _answers(places[number])]:
            if time.monotonic() > end:
                who = ", ".join(f"worker {number} ({addresses[number]})" for number in missing)
                raise ConnectionError(f"worker {index} waited {wait:g} s, and there was no {who}; start all of them")
            time.sleep(0.1)


def _answers(place: tuple[str, int]) -> bool:
    try:
        socket.create_connection(place, timeout=1).close()
    except OSError:
        return False
    return True


def _strategy(index: int, addresses: Sequence[str], wait: float) -> tf.distribute.Strategy:
    """Returns TensorFlow's strategy once all workers are there."""
    # No public name sets how long TensorFlow waits (an hour, if nobody says); the version is pinned.
    from tensorflow.compiler.xla.tsl.protobuf import coordination_config_pb2
    from tensorflow.python.eager import context

    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(addresses)}),
        task_type="worker",
        task_id=index,
        num_accelerators={"GPU": min(1, len(tf.config.list_physical_devices("GPU")))},
        rpc_layer="grpc",
    )
    context.context().configure_coordination_service(
        service_type="standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=round(1000 * wait),
        heartbeat_timeout_in_ms=1000 * HEARTBEAT,
        coordinated_jobs=[coordination_config_pb2.CoordinatedJob(name="worker", num_tasks=len(addresses))],
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except GONE as error:
        raise ConnectionError(
            f"worker {index} waited {wait:g} s and not all of {', '.join(addresses)} came: {error.message}"
        ) from error
