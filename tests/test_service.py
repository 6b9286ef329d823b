"""`textrnn serve` by its real server: the REST form of TensorFlow Serving, its limits, and clients that misbehave."""

import asyncio
import base64
import contextlib
import importlib.util
import json
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from click.testing import CliRunner

from textrnn import cli, saving

pytest.importorskip("starlette", reason="the extra `serve` is not installed")
from textrnn.web import connections, gathering, service

ROOT = Path(__file__).parents[1]
NAME = "headlines-textrnn"
TEXTS = ["国足客场一球小胜", "央行宣布下调存款准备金率", "小狗救了警察", "x" * 200]
PATH = f"/v1/models/{NAME}:predict"
CLIENT = httpx.Client(timeout=120)  # a new one takes longer than an answer


@pytest.fixture(scope="module")
def classifier():
    return saving.load_classifier(ROOT / "models" / NAME)


@contextlib.contextmanager
def serving(classifier):
    """A server in a thread of this process; yields its address."""
    listener = service.bound_socket("127.0.0.1", 0)
    listener.listen()
    server = service.server_of(service.Service(classifier, name=NAME))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def address(classifier):
    with serving(classifier) as found:
        yield found


@contextlib.contextmanager
def process(*args):
    """`textrnn serve` as a process of its own, and its port."""
    command = [sys.executable, "-m", "textrnn.cli", "serve", NAME, "--port", "0", *args]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    try:
        yield running, next(int(found[1]) for line in running.stderr if (found := re.search(r":(\d+)/v1/", line)))
    finally:
        running.kill()
        running.communicate()


def ask(address, body):
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return CLIENT.post(address + PATH, content=content)


def connected(address):
    url = httpx.URL(address)
    return socket.create_connection((url.host, url.port), timeout=20)


# ---- answers ---------------------------------------------------------------------------------------------------------


def answers_of(post, texts):
    """A client of TensorFlow Serving's REST form: label and probabilities of each text."""
    found = json.loads(post(json.dumps({"signature_name": "serving_default", "instances": texts})))["predictions"]
    return [one["label"] for one in found], np.array([one["probabilities"] for one in found])


@pytest.mark.slow
def test_the_same_client_gets_the_same_answers_from_tensorflow_s_own_signature(address, classifier):
    import tensorflow as tf

    graph = tf.saved_model.load(str(ROOT / "models" / NAME))

    def tensorflow_serving(body):
        asked = json.loads(body)
        answer = graph.signatures[asked["signature_name"]](text=tf.constant(asked["instances"]))
        columns = {name: value.numpy() for name, value in answer.items()}
        columns["label"] = [label.decode() for label in columns["label"]]
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return json.dumps({"predictions": rows}, default=lambda value: value.tolist())

    labels, probs = answers_of(lambda body: ask(address, body.encode()).text, TEXTS)
    other_labels, other_probs = answers_of(tensorflow_serving, TEXTS)
    assert labels == other_labels == classifier.predict(TEXTS).tolist()
    np.testing.assert_allclose(probs, other_probs, atol=1e-5)


@pytest.mark.slow
def test_rows_and_columns_and_named_inputs_say_the_same(address):
    rows = ask(address, {"instances": TEXTS}).json()["predictions"]
    assert ask(address, {"instances": [{"text": text} for text in TEXTS]}).json()["predictions"] == rows
    columns = ask(address, {"inputs": {"text": TEXTS}}).json()["outputs"]
    assert ask(address, {"inputs": TEXTS}).json()["outputs"] == columns
    packed = [{"b64": base64.b64encode(text.encode()).decode()} for text in TEXTS]
    assert ask(address, {"instances": packed, "signature_name": ""}).json()["predictions"] == rows
    assert ask(address, {"inputs": {"text": packed}}).json()["outputs"] == columns
    assert {name: [row[name] for row in rows] for name in rows[0]} == columns
    assert [row["score"] for row in rows] == [max(row["probabilities"]) for row in rows]
    assert CLIENT.post(address + PATH.replace(":", "/versions/1:"), json={"inputs": TEXTS}).json()["outputs"] == columns


@pytest.mark.slow
def test_clients_at_once_get_their_own_answers_in_common_batches(classifier):
    texts = [text * (1 + number % 3) for number in range(100) for text in TEXTS]
    with serving(classifier) as address, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda text: ask(address, {"instances": [text]}).json()["predictions"][0], texts))
        many = ask(address, {"instances": texts}).json()["predictions"]
        metrics = CLIENT.get(f"{address}/metrics").text
    assert [one["label"] for one in found] == classifier.predict(texts).tolist()
    np.testing.assert_allclose(
        [one["probabilities"] for one in many], [one["probabilities"] for one in found], atol=1e-5
    )
    numbers = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert float(numbers["textrnn_texts_total"]) == 2 * len(texts)
    assert float(numbers['textrnn_requests_total{status="200"}']) == len(texts) + 1
    assert float(numbers["textrnn_batch_texts_count"]) < len(texts)
    assert float(numbers["textrnn_waiting_characters"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "body: expected JSON in UTF-8: "),
        (b"\xff", 400, "body: expected JSON in UTF-8: "),
        (b"[" * 100_000, 400, "body: expected JSON in UTF-8: "),
        (b"", 400, "body: expected JSON in UTF-8: "),
        ([], 400, 'body: expected an object with "instances" or "inputs"'),
        ({"instances": ["a"], "inputs": ["a"]}, 400, 'body: expected an object with "instances" or "inputs"'),
        ({"instances": "国足"}, 400, "instances: expected a list of at least one text"),
        ({"instances": []}, 400, "instances: expected a list of at least one text"),
        ({"inputs": {"text": "国足"}}, 400, "inputs: expected a list of at least one text"),
        ({"instances": ["a"], "signature_name": "other"}, 400, "signature_name: expected 'serving_default'"),
        ({"instances": ["a", 1]}, 422, "texts: item 1: expected a string, got 1"),
        ({"instances": [{"txt": "a"}]}, 422, "texts: item 0: expected a string, got {'txt': 'a'}"),
        ({"instances": [{"b64": "国"}]}, 422, "texts: b64: expected UTF-8 in Base64, got '国': "),
        ({"instances": [{"b64": "/w=="}]}, 422, "texts: b64: expected UTF-8 in Base64, got '/w==': "),
        ({"instances": [{"b64": None}]}, 422, "texts: b64: expected UTF-8 in Base64, got None: "),
        ({"instances": ["a", " "]}, 422, "texts: item 1: expected a text, got an empty one"),
        (b'{"instances": ["\\ud800"]}', 422, "texts: item 0: character 0 is half of a surrogate pair"),
        ({"instances": ["a", "长" * 10_001]}, 422, "texts: item 1: expected at most 10,000 characters, got 10,001"),
        ({"instances": ["a"] * 4097}, 413, "expected at most 4,096 texts in a request, got 4,097"),
        (b" " * (2**20 + 1), 413, "body: expected at most 1,048,576 bytes"),
        (iter([b" " * 2**19] * 3), 413, "body: expected at most 1,048,576 bytes"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_words(address, body, status, words):
    answer = CLIENT.post(address + PATH, content=body) if hasattr(body, "__next__") else ask(address, body)
    assert answer.status_code == status
    assert answer.json()["error"].startswith(words)


@pytest.mark.slow
def test_other_paths_say_what_there_is(address):
    assert CLIENT.get(f"{address}/healthz").text == "ok\n"
    state = CLIENT.get(f"{address}/v1/models/{NAME}").json()["model_version_status"][0]
    assert (state["state"], state["version"]) == ("AVAILABLE", "1")
    for wrong in ("/v1/models/other", "/v1/models/other:predict"):
        answer = CLIENT.request("POST" if ":" in wrong else "GET", address + wrong, json={"instances": ["a"]})
        assert answer.status_code == 404
        assert answer.json() == {"error": f"expected the model '{NAME}', got 'other'"}
    assert CLIENT.get(f"{address}/nothing").status_code == 404
    for method in ("GET", "PUT"):
        answer = CLIENT.request(method, address + PATH)
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert answer.json()["error"].startswith("expected POST /v1/models/NAME:predict, GET ")


@pytest.mark.slow
@pytest.mark.parametrize("waits", ["", "Expect: 100-continue\r\n"])
def test_a_body_that_is_too_large_by_its_head_is_refused_before_it_is_sent(address, waits):
    with connected(address) as client:
        client.sendall(f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: {2**20 + 1}\r\n{waits}\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))  # it also hangs up
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"expected at most 1,048,576 bytes" in answer


# ---- too much, too slow, broken --------------------------------------------------------------------------------------


class Held:
    """A classifier that answers when it may."""

    def __init__(self, classifier):
        self.classifier, self.label_names, self.network = classifier, classifier.label_names, classifier.network
        self.begun, self.may, self.broken = threading.Event(), threading.Event(), False

    def predict_proba(self, texts):
        """Returns the probabilities, or fails."""
        self.begun.set()
        assert self.may.wait(60)
        if self.broken:
            raise MemoryError
        return self.classifier.predict_proba(texts)


@pytest.mark.slow
def test_with_too_much_waiting_requests_are_refused_and_what_waits_too_long_is_told_so(classifier, monkeypatch, capfd):
    monkeypatch.setattr(service, "MAX_WAITING", 20)
    monkeypatch.setattr(service, "ANSWER_SECONDS", 1.5)
    held = Held(classifier)
    with serving(held) as address, ThreadPoolExecutor(2) as pool:
        first = pool.submit(ask, address, {"instances": ["客队补时绝杀"] * 3})
        assert held.begun.wait(20)
        refused = ask(address, {"instances": ["客队补时绝杀"] * 3})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json()["error"] == "18 characters are waiting for an answer already: try again later"
        assert CLIENT.get(f"{address}/healthz").text == "ok\n"
        late = first.result()
        assert (late.status_code, late.headers["retry-after"]) == (503, "1")
        assert late.json()["error"] == "no answer within 1.5 seconds: try again later"
        held.may.set()
        assert ask(address, {"instances": TEXTS[:1]}).json()["predictions"][0]["label"] == "sports"
        held.broken = True
        assert ask(address, {"instances": TEXTS}).status_code == 500
        held.broken = False
        assert ask(address, {"instances": TEXTS}).status_code == 200
    assert "textrnn serve: a batch failed: MemoryError()" in capfd.readouterr().err


def test_a_long_request_does_not_hold_up_a_short_one():
    order = []

    async def both():
        gatherer = gathering.Gatherer(
            lambda texts: texts, num_threads=1, batch_texts=64, max_waiting=10**6, patience=60
        )

        async def one(name, texts):
            answers = await gatherer.ask(texts)
            order.append((name, len(answers)))

        async with gatherer.at_work():
            await asyncio.gather(one("long", ["a"] * 1000), one("short", ["b"]))

    asyncio.run(both())
    assert order == [("short", 1), ("long", 1000)]


@pytest.mark.long
def test_slow_clients_and_broken_ones_are_let_go_and_do_not_stop_the_others(classifier, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1)
    monkeypatch.setattr(service, "BODY_SECONDS", 1)
    head = f"POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n".encode()
    with serving(classifier) as address, contextlib.ExitStack() as stack:
        silent, half_head, half_body, gone = (stack.enter_context(connected(address)) for _ in range(4))
        half_head.sendall(head[:30])
        half_body.sendall(head + b'{"inst')
        gone.sendall(head + b'{"inst')
        gone.close()
        assert ask(address, {"instances": TEXTS}).status_code == 200
        assert silent.recv(100) == b""
        assert half_head.recv(100) == b""
        answer = b"".join(iter(lambda: half_body.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"body: expected all of it within 1 seconds" in answer
        with connected(address) as nonsense:
            nonsense.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
            assert nonsense.recv(100).startswith(b"HTTP/1.1 400 ")
        with httpx.Client() as client:  # a connection that is used again after longer than a head may take
            for _ in range(2):
                assert client.post(address + PATH, json={"instances": TEXTS}).status_code == 200
                time.sleep(1.2)


@pytest.mark.long
def test_of_too_many_connections_the_silent_ones_end(classifier, monkeypatch):
    monkeypatch.setattr(service, "num_connections", lambda: 20)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 60)
    with serving(classifier) as address, contextlib.ExitStack() as stack:
        held = [stack.enter_context(connected(address)) for _ in range(60)]
        assert ask(address, {"instances": TEXTS}).status_code == 200
        for one in held[:39]:
            with contextlib.suppress(ConnectionResetError):
                assert one.recv(1) == b""
        held[-1].settimeout(0.2)
        with pytest.raises(TimeoutError):  # still open
            held[-1].recv(1)


@pytest.mark.long
def test_ten_thousand_open_sockets_do_not_stop_the_others():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] < 11_000:
        pytest.skip("this system does not let a process open 11,000 files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (11_000, before[1]))
    try:
        with process() as (running, port), contextlib.ExitStack() as stack:
            address = f"http://127.0.0.1:{port}"
            for number in range(10_000):
                one = stack.enter_context(connected(address))
                if number % 2:
                    one.send(b"POST /v1/models/headlines-textrnn:predict HTTP/1.1\r\n")
                if number % 1000 == 0:
                    assert ask(address, {"instances": TEXTS}).status_code == 200
            assert ask(address, {"instances": TEXTS}).status_code == 200
            assert running.poll() is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


# ---- the command and its page ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_what_was_asked_before_the_end_is_answered_and_the_exit_code_is_0(told):
    with process("--name", "mine") as (running, port), ThreadPoolExecutor() as pool:
        url = f"http://127.0.0.1:{port}/v1/models/mine:predict"
        with pytest.raises(ConnectionRefusedError):  # this machine alone
            socket.create_connection(("127.0.0.2", port), timeout=5)
        assert CLIENT.post(url, json={"instances": TEXTS}).status_code == 200
        asked = pool.submit(CLIENT.post, url, json={"instances": TEXTS * 200})
        while b"textrnn_waiting_characters 0.0" in CLIENT.get(f"http://127.0.0.1:{port}/metrics").content:
            time.sleep(0.01)
        running.send_signal(told)
        assert len(asked.result().json()["predictions"]) == 800
        assert running.wait(20) == 0
        assert running.stderr.read() == "textrnn serve: ended\n"


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "used"), [((), "onnx"), (("--runtime", "numpy"), "numpy")])
def test_onnx_runtime_answers_where_it_is_installed_and_numpy_where_it_is_wanted(classifier, wanted, used):
    command = [sys.executable, "-m", "textrnn.cli", "serve", NAME, "--port", "0", *wanted]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") as running:
        try:
            assert running.stderr.readline() == f"textrnn serve: loading {NAME} (runtime {used}) …\n"
            port = re.search(r":(\d+)/v1/", running.stderr.readline())[1]
            found = ask(f"http://127.0.0.1:{port}", {"instances": TEXTS}).json()["predictions"]
            loaded = "libonnxruntime" in Path(f"/proc/{running.pid}/maps").read_text()
        finally:
            running.kill()
    np.testing.assert_allclose([one["probabilities"] for one in found], classifier.predict_proba(TEXTS), atol=1e-5)
    assert loaded == (used == "onnx")


def test_what_the_runtime_lacks_is_named_before_the_model_is_read(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'^runtime="onnx" needs ONNX, which is not installed: .*\[onnx\]'):
        saving.load_classifier(NAME, runtime="onnx")


@pytest.mark.slow
def test_the_example_of_the_page_says_what_it_shows(address):
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    command, body, url, shown = re.search(r"\$ textrnn (.+)\n\$ curl -d '(.+)' http://(\S+)\n(.+)…\n", page).groups()
    assert cli.main.commands["serve"].make_context("serve", command.split()[1:]).params["port"] == 8501
    answer = CLIENT.post(f"{address}/{url.partition('/')[2]}", content=body.encode())
    assert answer.text.startswith(shown)


def test_a_taken_port_and_a_name_that_no_path_holds_are_refused_before_anything_is_loaded(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(cli.main, ["serve", NAME, "--port", str(port)])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert re.search(rf"port {port} of 127\.0\.0\.1: .*; give another host or port", done.stderr)
    done = CliRunner().invoke(cli.main, ["serve", NAME, "--name", "我的 model"])
    assert "name: expected letters, digits, '.', '_' and '-', got '我的 model'" in done.stderr


@pytest.mark.soak
def test_the_steps_of_the_dockerfile_make_a_service_in_an_empty_folder(tmp_path):
    """What Docker would do, in an environment and a folder of the test's own in place of the image."""
    root, context = tmp_path / "image", tmp_path / "context"
    venv.create(root / "venv", with_pip=True)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", ROOT, "--no-deps", "--wheel-dir", context / "dist"]
    subprocess.run(build, check=True)
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    variables["PATH"] = f"{root / 'venv' / 'bin'}{os.pathsep}{variables['PATH']}"

    def inside(text):
        return text.replace("/service", str(root / "service"))

    command, seen = None, []
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines():
        step, _, rest = line.partition(" ")
        if step in ("FROM", "USER", "EXPOSE", "#"):
            continue
        seen.append(step)
        if step == "WORKDIR":
            Path(inside(rest)).mkdir(parents=True)
        elif step == "COPY":
            source, target = shlex.split(rest)
            for path in context.glob(source):
                shutil.copy(path, inside(target))
        elif step == "RUN":
            subprocess.run(inside(rest), shell=True, check=True, cwd=root / "service", env=variables)
        else:
            assert step == "CMD", line
            command = json.loads(rest)
    assert seen == ["WORKDIR", "COPY", "RUN", "CMD"]
    size = sum(path.stat().st_size for path in (root / "venv" / "lib").rglob("*") if path.is_file()) / 1e6
    print(f"installed: {size:.0f} MB")
    assert size < 300
    command[command.index("0.0.0.0")] = "127.0.0.1"
    running = subprocess.Popen(
        [*command, "--port", "0"], env=variables, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    try:
        port = next(int(found[1]) for line in running.stderr if (found := re.search(r":(\d+)/v1/", line)))
        answer = ask(f"http://127.0.0.1:{port}", {"instances": TEXTS}).json()["predictions"]
        assert [one["label"] for one in answer][:2] == ["sports", "finance"]
        running.terminate()
        assert running.wait(20) == 0
    finally:
        running.kill()
        running.communicate()
