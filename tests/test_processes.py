"""A loaded classifier answers in threads and in forked and started processes, to which it travels as plain data."""

import multiprocessing
import os
import pickle
import pickletools
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from threadpoolctl import threadpool_info

from textrnn import datasets, saving
from textrnn.saving.numpy_layers import LSTM

pytestmark = pytest.mark.slow

MODEL = Path(__file__).parents[1] / "models" / "headlines-textrnn"
TEXTS = datasets.load("headlines").dev["text"][:40].tolist()
PATIENCE = 15  # seconds for a child, which needs less than one

can_fork = pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork processes"
)


@pytest.fixture(scope="module", params=["numpy", "onnx"])
def classifier(request):
    return saving.load_classifier(MODEL, runtime=request.param)


@pytest.fixture(scope="module")
def expected(classifier):
    return classifier.predict_proba(TEXTS)


def assert_equal(probs, expected):
    np.testing.assert_allclose(probs, expected, atol=1e-6, rtol=0)


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def answer(classifier, queue):
    queue.put((classifier.predict_proba(TEXTS, batch_size=3), blas_threads()))


def asked_in_a_process(classifier, *, method):
    """Returns what another process answers, and with how many threads of BLAS it is left."""
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    process = context.Process(target=answer, args=(classifier, queue))
    process.start()
    reader = threading.Thread(target=lambda: found.append(queue.get()), daemon=True)
    found = []
    reader.start()
    reader.join(PATIENCE if method == "fork" else 4 * PATIENCE)
    process.kill()
    process.join()
    assert found, f"no answer after {PATIENCE} s"
    return found[0]


@can_fork
def test_a_forked_process_answers(classifier, expected):
    probs, threads = asked_in_a_process(classifier, method="fork")
    assert_equal(probs, expected)
    assert threads == blas_threads()


def test_a_started_process_answers(classifier, expected):
    probs, _ = asked_in_a_process(classifier, method="spawn")
    assert_equal(probs, expected)


@can_fork
@pytest.mark.parametrize("batch_size", [2, 256])
def test_a_process_forked_while_other_threads_predict_answers(classifier, expected, batch_size):
    before, ended = blas_threads(), threading.Event()

    def work():
        while not ended.is_set():
            classifier.predict_proba(TEXTS * 4, batch_size=batch_size)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    try:
        for _ in range(3):
            time.sleep(0.02)
            probs, threads = asked_in_a_process(classifier, method="fork")
            assert_equal(probs, expected)
            assert threads == before
    finally:
        ended.set()
        for worker in workers:
            worker.join()
    assert blas_threads() == before


@can_fork
def test_a_process_may_be_forked_in_the_middle_of_a_batch_by_its_own_thread(monkeypatch, expected):
    run, statuses, classifier = LSTM.run, [], saving.load_classifier(MODEL)

    def forks_first(*arguments):
        monkeypatch.setattr(LSTM, "run", run)
        child = os.fork()
        if not child:
            try:
                run(*arguments)
                assert_equal(classifier.predict_proba(TEXTS), expected)
                os._exit(0)
            finally:
                os._exit(1)
        statuses.append(os.waitpid(child, 0)[1])
        return run(*arguments)

    monkeypatch.setattr(LSTM, "run", forks_first)
    assert_equal(classifier.predict_proba(TEXTS), expected)
    assert statuses == [0]


def test_a_pool_of_processes_answers(classifier, expected):
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        parts = list(pool.map(classifier.predict_proba, [TEXTS[:20], TEXTS[20:]]))
    assert_equal(np.concatenate(parts), expected)


def test_processes_of_joblib_answer(classifier, expected):
    work = joblib.Parallel(n_jobs=2)
    parts = work(joblib.delayed(classifier.predict_proba)(texts) for texts in (TEXTS[:20], TEXTS[20:]))
    assert_equal(np.concatenate(parts), expected)


def test_a_classifier_travels_as_data(classifier, expected):
    pickled = pickle.dumps(classifier, protocol=2)
    again = pickle.loads(pickled)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), expected)
    assert (again.folder, again.card, again.label_names) == (classifier.folder, classifier.card, classifier.label_names)
    names = {name for operation, name, _ in pickletools.genops(pickled) if operation.name == "GLOBAL"}
    of_the_kit = {name.partition(" ")[2] for name in names if name.startswith("textrnn.")}
    assert of_the_kit == {"Classifier", type(classifier.network).__name__, "NetworkData", "TextEncoder", "Ngrams"}


def test_eight_threads_at_once_answer_as_one_after_another(classifier, expected):
    before = blas_threads()
    with ThreadPoolExecutor(8) as pool:
        singles = list(pool.map(lambda place: classifier.predict_proba(TEXTS[place]), [*range(len(TEXTS))] * 6))
        tables = list(pool.map(lambda _: classifier.predict_proba(TEXTS * 3), range(16)))
    assert_equal(np.concatenate(singles), np.tile(expected, (6, 1)))
    for table in tables:
        assert_equal(table, np.tile(expected, (3, 1)))
    assert blas_threads() == before
