"""The page in the browser: its answers, what it refuses, and how it behaves in a real Chromium."""

import asyncio
import contextlib
import http.client
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from textrnn import cards, demo, networks, options, saving, tracing
from textrnn.demo import app as demo_app
from textrnn.demo.reader import NUM_UNITS, Reader
from textrnn.preprocessing import TextEncoder

pytestmark = pytest.mark.slow

NAME = "headlines-textrnn"
TEXT = "小狗救了警察"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
FLAGS = [*FLAGS.split(), "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def reader(root):
    return Reader(root / "models" / NAME)


@pytest.fixture(scope="module")
def app(reader):
    return demo_app.build_app({NAME: reader})


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A network without an LSTM that reads eight characters at a time, with markup in a class and in its card."""
    encoder = TextEncoder.from_texts(["警察救了小狗，"], max_length=8)
    model = networks.build_textcnn(encoder, ["<b>甲</b>", "乙"], embed_dim=4, filters=4)
    folder = tmp_path_factory.mktemp("models") / "我的 model"
    saving.save_classifier(model, folder, card={**dict.fromkeys(cards.CARD_FIELDS), "limits": "<i>none"})
    card = folder / cards.EXTRA / "card.json"
    card.write_text(card.read_text("utf-8").replace("<i>none", "<i>none\\ud83d"), "utf-8")  # a stranger's may be odd
    return folder


def ask(app, method, path, **request):
    """Sends one request to the app within this process."""

    async def send():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.request(method, path, **request)

    return asyncio.run(send())


# ---- answers ---------------------------------------------------------------------------------------------------------


def test_an_answer_is_what_the_model_and_the_tracer_say(app, root):
    answer = ask(app, "POST", "/api/predict", json={"model": NAME, "text": TEXT}).json()
    classifier = saving.load_classifier(root / "models" / NAME)
    network = saving.load_network(root / "models" / NAME)
    probs = classifier.predict_proba([TEXT])[0]
    assert (answer["model"], answer["text"], answer["label"]) == (NAME, TEXT, classifier.label_names[probs.argmax()])
    np.testing.assert_allclose(answer["probabilities"], probs, atol=2e-5)
    assert answer["score"] == max(answer["probabilities"])
    assert answer["characters"] == list(TEXT)
    prefixes = classifier.predict_proba([TEXT[:end] for end in range(1, len(TEXT) + 1)])
    np.testing.assert_allclose(answer["prefixes"], prefixes, atol=2e-5)
    assert prefixes.argmax(axis=1).tolist() != [probs.argmax()] * len(TEXT)  # it changes its mind on the way
    saliency = tracing.saliency(network, TEXT)
    assert answer["decided"] == answer["label"]
    np.testing.assert_allclose(answer["left_out"], saliency["left_out"], atol=2e-5)
    (traces,) = tracing.trace_lstm(network, TEXT)
    assert [lstm["name"] for lstm in answer["lstms"]] == list(traces)
    for lstm, backwards in zip(answer["lstms"], (False, True), strict=True):
        trace, units = traces[lstm["name"]], lstm["units"]
        for kind in options.KINDS:
            np.testing.assert_allclose(lstm[kind], getattr(trace, kind)[:, units].T, atol=2e-5)
        assert lstm["backwards"] is backwards
        cell = np.vstack([0 * trace.cell[:1], trace.cell[::-1] if backwards else trace.cell])
        way = np.abs(cell[1:] - cell[:-1]).sum(axis=0)
        assert len(units) == NUM_UNITS
        assert way[units].tolist() == sorted(way, reverse=True)[:NUM_UNITS]


def test_two_headlines_beside_each_other_are_shown_by_the_same_units(reader):
    one, two = reader.read("警察救了小狗", beside=TEXT), reader.read(TEXT, beside="警察救了小狗")
    alone = [reader.read(text)["lstms"][0]["units"] for text in ("警察救了小狗", TEXT)]
    assert [lstm["units"] for lstm in one["lstms"]] == [lstm["units"] for lstm in two["lstms"]]
    assert alone[0] != alone[1]


def test_of_a_long_text_all_is_answered_and_its_head_is_shown_and_a_network_without_an_lstm_has_no_gates(small_model):
    text = "警察救了小狗，小狗救了警察"
    answer = Reader(small_model).read(text)
    assert (answer["num_characters"], answer["characters"]) == (len(text), list("警察救了小狗,小"))
    assert len(answer["prefixes"]) == len(answer["left_out"]) == 8
    probs = saving.load_classifier(small_model).predict_proba([text, text[:8]])
    np.testing.assert_allclose([answer["probabilities"], answer["prefixes"][-1]], probs, atol=2e-5)
    assert np.abs(probs[0] - probs[1]).max() > 1e-4
    assert answer["lstms"] == []


def test_the_models_are_listed_with_what_their_cards_say(app, reader):
    about = ask(app, "GET", "/api/models").json()
    assert about["max_characters"] == demo_app.MAX_CHARACTERS
    assert about["models"] == [
        {
            "name": NAME,
            "labels": reader.label_names,
            "max_length": 28,
            "licence": reader.card["licence"],
            "limits": reader.card["limits"],
        }
    ]


def test_markup_is_data_like_any_text(app):
    text = "<script>f(1)</script>&amp;"
    response = ask(app, "POST", "/api/predict", json={"model": NAME, "text": text})
    assert response.headers["content-type"] == "application/json"
    assert (response.json()["text"], "".join(response.json()["characters"])) == (text, text)


# ---- what is refused -------------------------------------------------------------------------------------------------


def asking(**fields):
    return json.dumps({"model": NAME, "text": TEXT, **fields}).encode()


REFUSED = {
    "no text": (asking(text=""), 400, "empty", "text: expected a text, got an empty one"),
    "nothing visible": (asking(text=" \t\u3000\u200b\x00"), 400, "empty", "got an empty one"),
    "501 characters": (asking(text="字" * 501), 400, "too_long", "text: expected at most 500 characters, got 501"),
    "100,000 characters": (asking(text="字" * 100_000), 413, "too_big", "expected at most 16384 bytes"),
    "half a surrogate pair": (asking(text="一\ud83d"), 400, "surrogate", "text: half of a surrogate pair"),
    "nothing to compare with": (asking(beside=" "), 400, "empty", "beside: expected a text"),
    "no JSON": (b"text=1", 400, "not_json", "expected JSON in UTF-8"),
    "half of a JSON": (asking()[:-1], 400, "not_json", "expected JSON"),
    "an empty body": (b"", 400, "not_json", "expected JSON"),
    "not UTF-8": (b'{"model": "' + "标题".encode("gbk"), 400, "not_json", "'utf-8' codec can't decode"),
    "JSON of great depth": (b"[" * 16_000, 400, "not_json", "expected JSON"),
    "a number of great length": (b"1" * 16_000, 400, "not_json", "expected JSON"),
    "a list": (b"[]", 400, "wrong_fields", "got list"),
    "nested lists": (b"[" * 400 + b"]" * 400, 400, "wrong_fields", "got list"),
    "a field too few": (b'{"text": "a"}', 400, "wrong_fields", "got the fields ['text']"),
    "a field too many": (asking(path="/etc/passwd"), 400, "wrong_fields", "got the fields ['model', 'text', 'path']"),
    "a number as text": (asking(text=1), 400, "wrong_fields", "text: expected a string, got int"),
    "a list as model": (asking(model=[NAME]), 400, "wrong_fields", "model: expected a string, got list"),
    "an unknown model": (asking(model="mine"), 404, "unknown_model", f"model: expected one of ['{NAME}'], got 'mine'"),
    "a path as model": (asking(model=f"../models/{NAME}"), 404, "unknown_model", "got '../models/"),
    "a strange model": (asking(model="\ud83d" * 900), 404, "unknown_model", r"got '\ud83d\ud83d"),
}


def assert_refused(response, status, code, message):
    assert response.status_code == status
    assert response.json()["code"] == code
    assert message in response.json()["error"]
    assert len(response.content) < 500
    assert response.headers["content-security-policy"].startswith("default-src 'self';")


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_question_is_refused_in_words(app, case):
    body, *expected = REFUSED[case]
    assert_refused(
        ask(app, "POST", "/api/predict", content=body, headers={"Content-Type": "application/json"}), *expected
    )


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/api/predict", {}, 405, "wrong_method"),
        ("PUT", "/api/predict", {}, 405, "wrong_method"),
        ("OPTIONS", "/api/predict", {"Origin": "http://evil.example"}, 405, "wrong_method"),
        ("POST", "/", {}, 405, "wrong_method"),
        ("POST", "/api/predict", {"Content-Type": "text/plain"}, 415, "wrong_type"),
        ("POST", "/api/predict", {}, 415, "wrong_type"),
        ("GET", "/app.py", {}, 404, "unknown_address"),
        ("GET", "/static/page.js", {}, 404, "unknown_address"),
        ("GET", "/../app.py", {}, 404, "unknown_address"),
        ("GET", "/%2e%2e/app.py", {}, 404, "unknown_address"),
        ("GET", "//etc/passwd", {}, 404, "unknown_address"),
        ("GET", "/", {"Host": "evil.example"}, 400, "wrong_host"),
        ("GET", "/", {"Host": "127.0.0.1.evil.example:8000"}, 400, "wrong_host"),
        ("GET", "/api/models", {"Host": "localhost:80@evil.example"}, 400, "wrong_host"),
        ("POST", "/api/predict", {"Host": "192.168.1.5:8000"}, 400, "wrong_host"),
    ],
)
def test_what_the_page_does_not_have_is_refused_in_words(app, method, path, headers, status, code):
    request = httpx.Request(method, "http://127.0.0.1:8000", headers=headers)
    url = httpx.URL("http://127.0.0.1:8000", raw_path=path.encode())
    response = ask(app, method, url, headers=dict(request.headers))
    assert_refused(response, status, code, "")
    assert ("allow" in response.headers) == (status == 405)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "127.0.0.1"])
def test_this_machine_may_be_called_by_both_its_names(app, host):
    response = ask(app, "GET", "/", headers={"Host": host})
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"


def test_a_body_without_end_is_not_read_to_its_end(app):
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1024
            yield b" " * 1024

    response = ask(app, "POST", "/api/predict", content=endless(), headers={"Content-Type": "application/json"})
    assert_refused(response, 413, "too_big", "expected at most 16384 bytes")
    assert sent == 17 * 1024


def test_serve_refuses_what_it_cannot_show_before_it_loads_anything(root, monkeypatch):
    folder = root / "models" / NAME
    with pytest.raises(ValueError, match="folders: expected at least one saved model, got none"):
        demo.serve([])
    with pytest.raises(ValueError, match=f"folders: expected different names, got '{NAME}' more than once"):
        demo.serve([folder, f"{folder}/"])
    with pytest.raises(ValueError, match="port: expected at most 65535, got 65536"):
        demo.serve(folder, port=65536)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1: .*; take another port"):
            demo.serve(root / "nothing here", port=port)
    with pytest.raises(FileNotFoundError, match=r"models: expected a model folder with .*card\.json, found none"):
        demo.serve(root / "models", port=0)
    monkeypatch.setitem(sys.modules, "uvicorn", None)  # as Python has it for a module that is not there
    with pytest.raises(ImportError, match=r"^the page needs uvicorn, which is not installed: .*\[demo\]"):
        demo.serve(folder)


# ---- the real server -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(root, small_model):
    """The address of `textrnn demo` with two models, a process of its own; Ctrl-C ends it without a traceback."""
    models = [str(root / "models" / NAME), str(small_model)]
    command = [sys.executable, "-m", "textrnn.cli", "demo", *models, "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace")
    told = []
    found = threading.Event()

    def listen():
        for line in process.stderr:
            told.append(line)
            if "the page is at" in line:
                found.set()
        found.set()

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        assert found.wait(120), told
        assert process.poll() is None, told
        yield re.search(r"http://127\.0\.0\.1:\d+/", told[-1])[0]
        process.send_signal(signal.SIGINT)
        process.wait(20)
    finally:
        process.kill()
        process.wait()
        listener.join()
    assert process.returncode in (0, 130), told
    assert "Traceback" not in "".join(told)


@pytest.mark.long
def test_the_server_listens_to_this_machine_alone_and_hangs_up_on_too_much(address):
    port = urlsplit(address).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.putrequest("POST", "/api/predict")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders(b"{")
    response = connection.getresponse()
    assert (response.status, json.load(response)["code"]) == (413, "too_big")
    connection.close()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
        raw.sendall(b"POST /api/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")
        raw.sendall(b"Transfer-Encoding: chunked\r\n\r\n")
        sent, chunk = 0, b"10000\r\n" + b" " * 65536 + b"\r\n"
        with contextlib.suppress(ConnectionError):
            while sent < 2**30:
                sent += raw.send(chunk)
                time.sleep(0.01)
        assert sent < 2**24
    with pytest.raises(http.client.HTTPException):  # a request without a host
        http.client.HTTPConnection("127.0.0.1", port, timeout=10).getresponse()
    response = httpx.get(f"{address}api/models", headers={"Host": "evil.example"})
    assert response.json()["code"] == "wrong_host"
    assert [about["name"] for about in httpx.get(f"{address}api/models").json()["models"]] == [NAME, "我的 model"]


# ---- the page in a real browser --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium found; Debian: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser, address):
    """A function that opens the page; at the end of the test nothing went to another host, and nothing failed."""
    contexts, asked, wrong = [], [], []

    def open_(**settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **settings})
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.goto(address)
        page.wait_for_selector("#reading-1 .bars")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []
    assert f"{address}api/predict" in asked
    assert [url for url in asked if not url.startswith(address)] == []


def read(page, text, number=1):
    """Types a headline and waits for its answer."""
    page.fill(f"#text-{number}", text)
    page.wait_for_function(
        "([id, text]) => document.querySelector(id)?.innerText === text", arg=[f"#reading-{number} h2", text]
    )
    page.wait_for_selector(f"#reading-{number}:not([aria-busy])")


def bars(page, number=1):
    return page.eval_on_selector_all(
        f"#reading-{number} .bars li", "items => items.map(item => [...item.children].map(part => part.innerText))"
    )


def percent(prob):
    return "<1%" if 0 < prob < 0.01 else f"{round(100 * prob)}%"


@pytest.mark.long
def test_a_typed_headline_is_answered_and_the_slider_shows_the_network_change_its_mind(open_page, address, tmp_path):
    page = open_page()
    answer = httpx.post(f"{address}api/predict", json={"model": NAME, "text": TEXT}, timeout=20).json()
    labels = httpx.get(f"{address}api/models").json()["models"][0]["labels"]
    page.focus("#text-1")
    page.keyboard.press("Control+A")
    page.keyboard.type(TEXT)
    page.wait_for_function("text => document.querySelector('#reading-1 h2').innerText === text", arg=TEXT)
    assert page.inner_text("#verdict") == f"{answer['label']}, {percent(answer['score'])}"
    assert bars(page) == [[n, "", percent(p)] for n, p in zip(labels, answer["probabilities"], strict=True)]

    page.focus("#slider-1")
    page.keyboard.press("Home")
    seen = []
    for end, probs in enumerate(answer["prefixes"], start=1):
        assert page.input_value("#slider-1") == str(end)
        assert [share for *_, share in bars(page)] == [percent(prob) for prob in probs]
        seen.append(page.inner_text("#reading-1 .best .name"))
        told = page.get_attribute("#slider-1", "aria-valuetext")
        assert f"After {end} of 6 characters, “{TEXT[:end]}”: {seen[-1]}" in told
        page.keyboard.press("ArrowRight")
    assert len(set(seen)) > 1
    assert seen[-1] == answer["label"]
    assert f"“{TEXT[0]}” {seen[0]}" in page.inner_text("#reading-1 .inside")

    third = page.locator("#reading-1 figure").nth(1).locator(".letter").nth(2).bounding_box()
    page.mouse.move(third["x"] + third["width"] / 2, third["y"])
    assert page.input_value("#slider-1") == "3"

    heat = page.locator("#reading-1 figure").nth(1)
    for place, lstm in enumerate(answer["lstms"]):
        page.select_option("#direction", index=place)
        for kind in options.KINDS:
            page.select_option("#kind", kind)
            numbers = [
                float(title.split(": ")[1].replace("−", "-")) for title in heat.locator("title").all_text_contents()
            ]
            np.testing.assert_allclose(numbers, np.ravel(lstm[kind]), atol=0.0051)
    titles = page.locator("#reading-1 .bar title").all_text_contents()
    numbers = [float(title.split(": ")[1].replace("−", "-")) for title in titles]
    np.testing.assert_allclose(numbers, answer["left_out"], atol=0.0051)
    below = page.locator("#reading-1 .bar.against").count()
    assert below == sum(value < 0 for value in answer["left_out"])
    page.click("#reading-1 .numbers summary")
    page.wait_for_selector("#reading-1 .numbers tbody tr")  # drawn when it is opened
    assert page.locator("#reading-1 .numbers tbody tr").count() == len(TEXT)
    page.screenshot(path=tmp_path / "light.png", full_page=True)


@pytest.mark.long
def test_two_orders_stand_side_by_side_and_models_can_be_switched(open_page, tmp_path):
    page = open_page()
    page.check("input[value=two]")
    page.wait_for_selector("#reading-2 .bars")
    page.click("text=警察救了小狗 / 小狗救了警察")
    page.wait_for_function("() => document.querySelector('#reading-2 h2')?.innerText === '小狗救了警察'")
    page.wait_for_selector("#readings:not(:has([aria-busy]))")
    one, two = bars(page, 1), bars(page, 2)
    assert one != two
    verdict = page.inner_text("#verdict")
    assert verdict.startswith("The same characters in another order: politics, ")
    assert re.search(r" and society, \d+%\.$", verdict)
    units = [page.locator(f"#reading-{n} figure").nth(1).locator(".axis").all_text_contents() for n in (1, 2)]
    assert units[0] == units[1]
    boxes = [page.locator(f"#reading-{number}").bounding_box() for number in (1, 2)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]
    page.screenshot(path=tmp_path / "two.png", full_page=True)
    page.select_option("#model", "我的 model")
    page.wait_for_function("verdict => document.querySelector('#verdict').innerText !== verdict", arg=verdict)
    page.wait_for_selector("#readings:not(:has([aria-busy]))")
    assert [name for name, *_ in bars(page, 1)] == ["<b>甲</b>", "乙"]
    assert page.inner_text("#about-model") == "<i>none?"
    assert page.inner_text("#reading-2 .note") == "This network has no LSTM to look into."
    assert not page.is_visible("#kind")
    read(page, "警察救了小狗，小狗救了警察", 1)
    assert "The answer is that of all 13, in parts" in page.inner_text("#reading-1 .note >> nth=0")
    read(page, "警察ＡB", 2)
    assert "full width as half width, capitals as small letters" in page.inner_text("#reading-2 .note >> nth=0")
    page.screenshot(path=tmp_path / "without-lstm.png", full_page=True)


@pytest.mark.long
def test_on_a_phone_in_the_dark_it_speaks_chinese_and_nothing_is_wider_than_the_screen(open_page, tmp_path):
    page = open_page(
        viewport={"width": 360, "height": 740}, locale="zh-CN", color_scheme="dark", has_touch=True, is_mobile=True
    )
    read(page, "国足客场一球小胜")
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert page.inner_text("#verdict").startswith("体育，")
    assert page.inner_text("h1") == "循环神经网络如何读标题"
    words = page.inner_text("body")
    assert "undefined" not in words
    page.tap("#reading-1 figure:nth-of-type(1) .letter:nth-of-type(4)")
    assert page.input_value("#slider-1") != "8"
    for mode in ("one", "two"):
        page.check(f"input[value={mode}]")
        page.wait_for_selector(f"#reading-{1 if mode == 'one' else 2} .bars")
        page.wait_for_selector("#readings:not(:has([aria-busy]))")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        page.screenshot(path=tmp_path / f"phone-{mode}.png", full_page=True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 19, 23)"
    page.tap("#language")
    assert page.get_attribute("html", "lang") == "en"
    assert "How a recurrent network reads a headline" in page.inner_text("h1")
    assert page.locator("#reading-1 .name").first.inner_text() == "education"


@pytest.mark.long
def test_bad_input_is_answered_on_the_page_and_markup_is_never_run(open_page, tmp_path):
    page = open_page()
    markup = "<img src=x onerror=alert(1)>"
    read(page, markup)
    assert page.locator("main img").count() == 0
    letters = page.locator("#reading-1 figure").first.locator(".letter").all_text_contents()
    assert "".join(letters) == markup.replace(" ", "␣")
    page.screenshot(path=tmp_path / "markup.png", full_page=True)
    for text, words in (
        ("", "Type a headline"),
        ("字" * 100_000, "That is 100000 characters; at most 500 are read here."),
        ("\u200b", "Type a headline"),  # nothing that can be seen, says the server
    ):
        page.fill("#text-1", text)
        page.wait_for_selector(f"#problem-1:has-text('{words}')")
        assert page.get_attribute("#text-1", "aria-invalid") == "true"
        assert not page.is_visible("#reading-1")
        assert page.inner_text("#verdict") == ""
    read(page, TEXT)
    assert not page.is_visible("#problem-1")
    ask_again = "document.querySelector('#text-1').dispatchEvent(new Event('input'))"
    page.evaluate("document.querySelector('#text-1').value = '一\\ud83d'; " + ask_again)
    page.wait_for_selector("#problem-1:has-text('half a character')")
    page.evaluate("document.querySelector('#model').options[0].value = 'gone'")
    page.fill("#text-1", TEXT)
    page.wait_for_selector("#problem-1:has-text('This model is no longer here')")
    page.context.set_offline(True)
    page.fill("#text-1", TEXT + "了")
    page.wait_for_selector("#problem-1:has-text('does not answer')")
    page.click("#language")
    assert "没有回应" in page.inner_text("#problem-1")
    page.context.set_offline(False)
    page.route("**/api/models", lambda route: route.abort())
    page.reload()
    page.wait_for_selector("#page-problem:has-text('does not answer')")


@pytest.mark.long
def test_all_can_be_reached_by_keyboard_and_has_a_name(open_page):
    page = open_page()
    page.check("input[value=two]")
    page.wait_for_selector("#reading-2 .bars")
    page.wait_for_selector("#readings:not(:has([aria-busy]))")
    page.focus("#language")
    page.keyboard.press("Shift+Tab")
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        about = page.evaluate(
            """() => {
              const at = document.activeElement;
              const names = [at.ariaLabel, ...[...(at.labels ?? [])].map((label) => label.innerText), at.innerText];
              const { outlineWidth, outlineStyle } = getComputedStyle(at);
              return [at.id || at.name || at.tagName, names.some((name) => name?.trim()), outlineStyle, outlineWidth];
            }"""
        )
        if reached and about[0] in ("BODY", "language"):
            break
        reached.append(about)
    ids = [name for name, *_ in reached]
    for wanted in (
        "language",
        "model",
        "mode",
        "text-1",
        "text-2",
        "kind",
        "direction",
        "slider-1",
        "slider-2",
    ):
        assert wanted in ids
    assert ids.count("BUTTON") == 4
    assert ids.count("SUMMARY") == 3
    assert all(named and (style, width) == ("solid", "3px") for _, named, style, width in reached), reached


def luminance(colour):
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


@pytest.mark.long
def test_every_word_stands_out_from_what_is_behind_it_in_light_and_dark(open_page):
    page = open_page()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert_readable(page)


def assert_readable(page):
    page.fill("#text-1", "")
    page.wait_for_selector("#problem-1:has-text('Type')")
    problem = page.evaluate("getComputedStyle(document.querySelector('#problem-1')).color")
    read(page, TEXT)
    found = page.evaluate(
        """() => [...document.querySelectorAll("main *, header *")]
          .filter((element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3))
          .map((element) => {
            let behind = element;
            while (getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
            const style = getComputedStyle(element);
            return [
              element.textContent, element.closest("svg") ? style.fill : style.color,
              getComputedStyle(behind).backgroundColor,
            ];
          })"""
    )
    assert len(found) > 60
    surface = next(behind for text, _, behind in found if text == TEXT)
    for text, colour, behind in [*found, ("problem", problem, surface)]:
        light, dark = sorted([luminance(colour), luminance(behind)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, colour, behind)
