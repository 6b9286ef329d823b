"""`textrnn demo`: what its server sends and refuses, and how the page behaves in a real Chromium."""

import re
import signal
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
from conftest import axe_faults, traces_of

from textrnn import cards, networks, options, saving, web
from textrnn.preprocessing import TextEncoder
from textrnn.web import demo as web_demo

pytestmark = pytest.mark.slow

NAME = "headlines-textrnn"
TEXT = "小狗救了警察"
PAGE = web.Page(b"<p>page", "default-src 'none'", 0.0, 0)


@pytest.fixture(scope="module")
def classifier(root):
    return saving.load_classifier(root / "models" / NAME)


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """A network of two layers that reads eight characters at a time, with markup in a class and in its card."""
    encoder = TextEncoder.from_texts(["警察救了小狗，"], max_length=8)
    settings = {"num_layers": 2, "bidirectional": False, "embed_dim": 4, "units": 4}
    model = networks.build_textrnn(encoder, ["<b>甲</b>", "乙"], **settings)
    folder = tmp_path_factory.mktemp("models") / "我的 model"
    saving.save_classifier(model, folder, card={**dict.fromkeys(cards.CARD_FIELDS), "limits": "<i>none"})
    card = folder / cards.EXTRA / "card.json"
    card.write_text(card.read_text("utf-8").replace("<i>none", "<i>none\\ud83d"), "utf-8")  # a stranger's may be odd
    return folder


# ---- the server ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port():
    """The port of a server in this process, with one page."""
    server = web_demo.bound_server(0, {"/": PAGE})
    server.server_activate()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def sent(port, request):
    """Returns the status line, the headers and the body that a request as it is gets."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(request)
        raw.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode("latin-1").split("\r\n")
    return status, dict(header.split(": ", 1) for header in headers), body


@pytest.mark.parametrize(
    ("line", "host", "status"),
    [
        ("GET / HTTP/1.1", "127.0.0.1:8000", 200),
        ("GET /?a=1 HTTP/1.1", "localhost:8000", 200),
        ("HEAD / HTTP/1.1", "LOCALHOST", 200),
        ("GET /2 HTTP/1.1", "127.0.0.1", 404),
        ("GET /demo.py HTTP/1.1", "127.0.0.1", 404),
        ("GET /../demo.py HTTP/1.1", "127.0.0.1", 404),
        ("GET //etc/passwd HTTP/1.1", "127.0.0.1", 404),
        ("GET http://127.0.0.1/ HTTP/1.1", "127.0.0.1", 404),
        ("POST / HTTP/1.1", "127.0.0.1", 501),
        ("OPTIONS / HTTP/1.1", "127.0.0.1", 501),
        ("GET / HTTP/1.1", "evil.example", 400),
        ("GET / HTTP/1.1", "127.0.0.1.evil.example:8000", 400),
        ("GET / HTTP/1.1", "localhost:80@evil.example", 400),
        ("GET / HTTP/1.1", "192.168.1.5:8000", 400),
        ("GET / HTTP/1.1", "localhost\r\nHost: localhost", 400),
        ("GET / HTTP/1.0", None, 400),
        ("GET / HTTP/9.9", "localhost", 505),
        ("nonsense", "localhost", 400),
        ("GET /" + "a" * 70_000 + " HTTP/1.1", "localhost", 414),
    ],
)
def test_pages_go_to_those_who_ask_this_machine_by_its_name(port, line, host, status):
    request = f"{line}\r\n" + (f"Host: {host}\r\n" if host else "") + "\r\n"
    answer, headers, body = sent(port, request.encode())
    assert answer.split()[1] == str(status)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == ("text/html" if status == 200 else "text/plain") + "; charset=utf-8"
    assert body == (b"" if line.startswith("HEAD") else PAGE.html) if status == 200 else len(body) < 200


def test_a_page_cannot_be_shown_inside_another_one(port):
    _, headers, _ = sent(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert headers["Content-Security-Policy"] == f"{PAGE.policy}; frame-ancestors 'none'"


def test_serve_refuses_what_it_cannot_show_before_it_loads_anything(root):
    folder = root / "models" / NAME
    with pytest.raises(ValueError, match="folders: expected at least one saved model, got none"):
        web.serve([])
    with pytest.raises(ValueError, match=f"folders: expected different names, got '{NAME}' more than once"):
        web.serve([folder, f"{folder}/"])
    with pytest.raises(ValueError, match="port: expected at most 65535, got 65536"):
        web.serve(folder, port=65536)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} of 127.0.0.1: .*; take another port"):
            web.serve(root / "nothing here", port=port)
    with pytest.raises(FileNotFoundError, match=r"models: expected a model folder with .*card\.json, found none"):
        web.serve(root / "models", port=0)


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
def test_the_server_listens_to_this_machine_alone_and_shows_every_model(address):
    port = urlsplit(address).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=5)
    first, second = (httpx.get(f"{address}{path}", timeout=60) for path in ("", "2"))
    assert '"name": "headlines-textrnn"' in first.text
    assert '"name": "\\u6211\\u7684 model"' in second.text
    assert len(second.content) < len(first.content) < 10e6
    assert httpx.get(address, headers={"Host": "evil.example"}).status_code == 400


# ---- the page in a real browser --------------------------------------------------------------------------------------


@pytest.fixture
def open_page(browser, address):
    """A function that opens the page; at the end of the test nothing went to another host, and nothing failed."""
    contexts, asked, wrong = [], [], []

    def open_(seen="", **settings):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **settings})
        contexts.append(context)
        context.on("request", lambda request: asked.append(request.url))
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text))
        page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
        page.goto(address + seen)
        page.wait_for_selector("#reading-1:not([aria-busy]) .bars")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []
    assert [url for url in asked if not url.startswith((address, "data:"))] == []


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


def numbers_of(titles):
    return [float(title.split(": ")[1].replace("−", "-")) for title in titles.all_text_contents()]


@pytest.mark.long
def test_a_typed_headline_is_answered_and_the_slider_shows_the_network_change_its_mind(open_page, classifier, tmp_path):
    page = open_page()
    labels = classifier.label_names
    probs, *prefixes = classifier.predict_proba([TEXT, *(TEXT[:end] for end in range(1, len(TEXT) + 1))])
    page.focus("#text-1")
    page.keyboard.press("Control+A")
    page.keyboard.type(TEXT)
    page.wait_for_function("text => document.querySelector('#reading-1 h2').innerText === text", arg=TEXT)
    assert page.inner_text("#verdict") == f"{labels[probs.argmax()]}, {percent(probs.max())}"
    assert bars(page) == [[n, "", percent(p)] for n, p in zip(labels, probs, strict=True)]

    page.focus("#slider-1")
    page.keyboard.press("Home")
    seen = []
    for end, after in enumerate(prefixes, start=1):
        assert page.input_value("#slider-1") == str(end)
        assert [share for *_, share in bars(page)] == [percent(prob) for prob in after]
        seen.append(page.inner_text("#reading-1 .best .name"))
        told = page.get_attribute("#slider-1", "aria-valuetext")
        assert f"After {end} of 6 characters, “{TEXT[:end]}”: {seen[-1]}" in told
        page.keyboard.press("ArrowRight")
    assert len(set(seen)) > 1
    assert seen[-1] == labels[probs.argmax()]
    assert f"“{TEXT[0]}” {seen[0]}" in page.inner_text("#reading-1 .changes")

    third = page.locator("#reading-1 figure").nth(1).locator(".letter").nth(2).bounding_box()
    page.mouse.move(third["x"] + third["width"] / 2, third["y"])
    assert page.input_value("#slider-1") == "3"

    for order in ("moves", "adds"):
        page.select_option("#order", order)
        heat = page.locator("#reading-1 figure").nth(1)
        for place, trace in enumerate(traces_of(classifier.folder, TEXT).values()):
            page.select_option("#direction", index=place)
            units = [int(name.removeprefix("#")) for name in heat.locator(".unit").all_text_contents()]
            for index, kind in enumerate(options.KINDS):
                page.select_option("#kind", kind)
                np.testing.assert_allclose(
                    numbers_of(heat.locator("title")), trace[:, index, units].T.ravel(), atol=0.0051
                )
            if order == "moves":
                cell = trace[:: -1 if place else 1, options.KINDS.index("cell")]
                way = np.abs(np.diff(cell, axis=0, prepend=0)).sum(axis=0)
                assert units == np.argsort(-way, kind="stable")[:8].tolist()
    left = classifier.network.encoder.encode([TEXT[:step] + TEXT[step + 1 :] for step in range(len(TEXT))])
    lost = np.log(probs / classifier.network.probs(left))[:, probs.argmax()]
    np.testing.assert_allclose(numbers_of(page.locator("#reading-1 .bar title")), lost, atol=0.0051)
    assert page.locator("#reading-1 .bar.against").count() == (lost < 0).sum()
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
    page.select_option("#model", label="我的 model")  # another page, which shows the same headlines
    page.wait_for_function("() => document.querySelector('#reading-2 .name')?.innerText === '<b>甲</b>'")
    page.wait_for_selector("#readings:not(:has([aria-busy]))")
    assert [name for name, *_ in bars(page, 1)] == ["<b>甲</b>", "乙"]
    assert page.inner_text("#about-model") == "<i>none?"
    assert page.inner_text("#reading-1 h2") == "警察救了小狗"
    assert page.locator("#direction option").all_text_contents() == [
        "lstm_1: forward, from the start",
        "lstm_2: forward, from the start",
    ]
    read(page, "警察救了小狗，小狗救了警察", 1)
    assert "The answer is that of all 13, in parts" in page.inner_text("#reading-1 .note >> nth=0")
    read(page, "警察ＡB", 2)
    assert "full width as half width, capitals as small letters" in page.inner_text("#reading-2 .note >> nth=0")
    page.screenshot(path=tmp_path / "layers.png", full_page=True)


@pytest.mark.long
def test_every_number_of_the_cell_opens_and_a_gate_set_by_hand_changes_what_follows(open_page, classifier, tmp_path):
    page = open_page()
    read(page, TEXT)
    page.fill("#slider-1", "3")
    page.select_option("#unit-1", "7")
    trace = traces_of(classifier.folder, TEXT)["bidirectional_1/forward"]
    now = dict(zip(options.KINDS, trace[2, :, 7], strict=True))
    assert "The cell of unit 7 at “救”, character 3 of 6" in page.inner_text("#reading-1 .cell")
    said = page.inner_text("#reading-1 .formula").replace("−", "-")
    expected = [now[kind] for kind in ("forget_gate", "input_gate", "candidate", "cell", "output_gate", "output")]
    expected[1:1] = [trace[1, options.KINDS.index("cell"), 7]]
    expected.insert(6, np.tanh(now["cell"]))
    np.testing.assert_allclose([float(one) for one in re.findall(r"-?\d+\.\d\d", said)], expected, atol=0.0051)

    for kind in ("input_gate", "forget_gate", "candidate", "output_gate"):
        page.focus(f"#z-{kind}-1")
        page.keyboard.press("Enter")
        assert page.get_attribute(f"#z-{kind}-1", "aria-expanded") == "true"
        amounts = page.locator("#reading-1 .sum td:last-child").all_text_contents()
        *terms, z = [float(amount.replace("−", "-")) for amount in amounts]
        assert len(terms) == 10  # the bias, eight, and the rest
        assert sum(terms) == pytest.approx(z, abs=0.0051)
        gate = np.tanh(z) if kind == "candidate" else 1 / (1 + np.exp(-z))
        assert gate == pytest.approx(now[kind], abs=0.001)
    names = page.locator("#reading-1 .sum th[scope=row]").all_text_contents()
    assert any("救" in name for name in names)

    before = page.locator("#reading-1 figure").nth(1).locator("title").all_text_contents()
    for kind, value in (("output_gate", "0"), ("forget_gate", "0"), ("candidate", "-1"), ("input_gate", "1")):
        page.locator(f"#change-{kind}-1").fill(value)
        page.locator(f"#change-{kind}-1").dispatch_event("change")
    assert "c = forget gate 0.00 × memory before" in page.inner_text("#reading-1 .formula")
    assert "candidate −1.00 = −1.00; h = output gate 0.00" in page.inner_text("#reading-1 .formula")
    assert page.locator("#reading-1 figure").nth(1).locator("title").all_text_contents() != before
    assert "With unit 7 at “救”: output gate = 0.00" in page.inner_text("#reading-1 .what-if [role=status]")
    page.screenshot(path=tmp_path / "cell.png", full_page=True)
    seen = page.inner_text("#reading-1")
    page.wait_for_function("() => location.hash.includes('set1=')")
    again = open_page("#" + page.url.partition("#")[2])
    assert again.inner_text("#reading-1") == seen  # what a link shows
    page.click("#undo-1")
    assert page.locator("#reading-1 figure").nth(1).locator("title").all_text_contents() == before

    page.fill("#slider-1", "3")
    page.click("#swap-1")
    page.wait_for_function("() => document.querySelector('#reading-1 h2').innerText === '小狗了救警察'")
    page.fill("#slider-1", "1")
    page.click("#take_out-1")
    page.wait_for_function("() => document.querySelector('#reading-1 h2').innerText === '狗了救警察'")


def losses_of(network, place):
    """What the memory at a place of `TEXT` loses of each unit, by the LSTM, when each character is taken out."""
    whole = network.cells(network.encoder.encode([TEXT]))[0, place]
    left = network.cells(network.encoder.encode([TEXT[:step] + TEXT[step + 1 :] for step in range(len(TEXT))]))
    nothing = np.zeros((len(TEXT), 1, *whole.shape))
    left = np.concatenate([nothing, left[:, : len(TEXT) - 1], nothing], axis=1)  # before all, and behind all
    steps = np.arange(len(TEXT))
    forward, backward = left[steps, np.where(place < steps, place + 1, place)], left[steps, place + (place <= steps)]
    return whole, np.stack([whole[0] - forward[:, 0], whole[1] - backward[:, 1]])


@pytest.mark.long
def test_what_the_memory_still_holds_opens_and_what_moves_a_unit_most_is_read_at_its_place(open_page, classifier):
    page = open_page()
    read(page, TEXT)
    page.fill("#slider-1", "4")
    page.select_option("#unit-1", "7")
    assert page.locator("#reading-1 .movers").count() == 0  # drawn when it is opened
    page.focus("#memory-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#reading-1 .movers")
    assert page.evaluate("document.activeElement.id") == "memory-1"
    together, alone = (page.locator("#reading-1 .memory-panel figure").nth(number) for number in (0, 1))
    whole, losses = losses_of(classifier.network, 3)
    for way in (0, 1):
        page.select_option("#direction", index=way)
        shares = np.linalg.norm(losses[way], axis=1) / np.linalg.norm(whole[way])
        np.testing.assert_allclose(numbers_of(together.locator("title")), shares, atol=0.0051)
        np.testing.assert_allclose(numbers_of(alone.locator("title")), losses[way][:, 7], atol=0.0051)
        most = np.where(np.arange(len(TEXT)) == 3, 0, shares).argmax()
        said = page.inner_text("#reading-1 .memory-panel .readout")
        assert said.startswith(f"At “{TEXT[3]}” the memory hangs most on “{TEXT[most]}”, the character itself aside: ")
        assert f"without it the memory moves by {shares[most]:.2f} of its length." in said
    page.fill("#slider-1", "1")
    assert "memory at “小”" in together.inner_text()
    page.wait_for_function("() => location.hash.includes('memory=1')")
    again = open_page("#" + page.url.partition("#")[2])
    assert again.inner_text("#reading-1") == page.inner_text("#reading-1")  # what a link shows

    page.focus(".movers button >> nth=0")
    told = page.inner_text(".movers button >> nth=0")
    value, character, text = re.fullmatch(r"([+−][\d.]+) at “(.)” (.+)", " ".join(told.split())).groups()
    page.keyboard.press("Enter")
    page.wait_for_function("text => document.querySelector('#reading-1 h2').innerText === text", arg=text)
    page.wait_for_selector("#reading-1:not([aria-busy])")
    assert page.inner_text("#cell-1").startswith(f"The cell of unit 7 at “{character}”")
    assert f"= {value.lstrip('+')}; h =" in page.inner_text("#reading-1 .formula")
    assert page.evaluate("document.activeElement.id").startswith("mover-1-up-")

    without = open_page("2#text1=警察救小狗&memory=1&lang=zh")
    assert "制作这个页面时没有提供数据" in without.inner_text("#reading-1 .memory-panel")


@pytest.mark.long
@pytest.mark.parametrize(
    "seen",
    [
        "#text1=<img src=x onerror=alert(1)>&unit=-1&sum=__proto__&kind=constructor&set1=0,0,0,cell,9&at1=-3",
        "#text1=%F0%9F&text2=%00&unit=1e9&at1=NaN&set1=9,9,9,input_gate,0.5&set1=0,0,1.5,input_gate,1&lang=xx",
        "#text1=警察&set1=0,0,0,input_gate,NaN&set1=0,0,0,constructor,1&set1=,,,,&unit=x&count=1&order=z&direction=q",
    ],
)
def test_an_address_of_a_stranger_shows_no_more_than_a_text(open_page, seen):
    page = open_page(seen)
    assert page.locator("main img").count() == 0
    assert page.inner_text("#reading-1 .what-if [role=status]") == "Nothing is changed yet."
    assert re.match(r"The cell of unit \d+ at", page.inner_text("#cell-1"))


@pytest.mark.long
def test_on_a_phone_in_the_dark_it_speaks_chinese_and_nothing_is_wider_than_the_screen(open_page, tmp_path):
    page = open_page(
        viewport={"width": 320, "height": 740}, locale="zh-CN", color_scheme="dark", has_touch=True, is_mobile=True
    )
    read(page, "国足客场一球小胜")
    page.tap("#memory-1")
    page.wait_for_selector("#reading-1 .movers")
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
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        page.screenshot(path=tmp_path / f"phone-{mode}.png", full_page=True)
        assert axe_faults(page) == []
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
        ("\u200b", "Type a headline"),  # nothing that can be seen
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
    page.click("#language")
    assert "半个字符" in page.inner_text("#problem-1")


@pytest.mark.long
def test_a_page_that_is_not_whole_says_so(browser, root, tmp_path):
    whole = web.build_page(root / "models" / NAME).html
    path = tmp_path / "page.html"
    path.write_bytes(whole.replace(b'id="weights">H4sI', b'id="weights">AAAA'))
    assert path.read_bytes() != whole
    page = browser.new_page(locale="en-US")
    page.goto(path.as_uri())
    page.wait_for_selector("#page-problem:has-text('needs a browser of 2023 or later, and all of its file')")
    page.close()


@pytest.mark.long
def test_all_can_be_reached_by_keyboard_and_has_a_name(open_page):
    page = open_page()
    page.check("input[value=two]")
    page.wait_for_selector("#reading-2 .bars")
    page.wait_for_selector("#readings:not(:has([aria-busy]))")
    page.click("#memory-1")
    page.wait_for_selector("#reading-2 .movers")
    page.focus("#language")
    page.keyboard.press("Shift+Tab")
    reached = []
    for _ in range(120):
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
        "order",
        "count",
        "slider-1",
        "slider-2",
        "unit-1",
        "z-candidate-1",
        "z-forget_gate-2",
        "change-input_gate-2",
        "memory-2",
    ):
        assert wanted in ids
    assert sum(name.startswith("mover-2") for name in ids) > 0
    assert ids.count("BUTTON") == 4  # the examples
    assert ids.count("SUMMARY") == 1
    assert all(named and (style, width) == ("solid", "3px") for _, named, style, width in reached), reached


def luminance(colour):
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


@pytest.mark.long
def test_every_word_stands_out_from_what_is_behind_it_in_light_and_dark(open_page):
    page = open_page()
    page.click("#z-input_gate-1")
    page.click("#memory-1")
    page.click("#guide summary")
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
          .filter((element) => element.checkVisibility())
          .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
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
    assert len(found) > 90
    surface = next(behind for text, _, behind in found if text == TEXT)
    for text, colour, behind in [*found, ("problem", problem, surface)]:
        light, dark = sorted([luminance(colour), luminance(behind)], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, colour, behind)
