"""The simulator's phones and the public page in a real browser."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from helpline.simulator.app import create_app
from helpline.simulator.network import Account, Network, Phone
from tests.conftest import ACCOUNT, NUMBERS, TOKEN
from tests.world import World

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
SHOTS = os.environ.get("HELPLINE_TEST_SHOTS")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium was found on this machine"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SAM, PERSON = "+12025550111", "+12025550150"
SIZES = {"phone": {"width": 360, "height": 740}, "desk": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def network() -> Iterator[tuple[Network, str]]:
    phones = [Phone(PERSON, "Somebody", "person"), Phone(SAM, "Sam", "peer")]
    app = create_app(Account(ACCOUNT, TOKEN, NUMBERS, "http://127.0.0.1:9/none"), phones)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield app.extensions["network"], f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def open_page(browser: Browser, url: str, size: str, scheme: str = "light") -> Page:
    """A page that must make no request to anywhere else and raise no error."""
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.on(
        "request",
        lambda request: request.url.startswith("http://127.0.0.1") or pytest.fail(request.url),
    )
    page.goto(url)
    return page


def shoot(page: Page, name: str) -> None:
    """A screenshot to look at, where a folder for them is named."""
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


@pytest.mark.parametrize("size", SIZES)
def test_a_text_can_be_written_and_is_seen_live(
    browser: Browser, network: tuple[Network, str], size: str
) -> None:
    net, url = network
    page = open_page(browser, url, size)
    phone = page.locator("#phone-12025550150")
    expect(page.locator("#connection")).to_have_text("live")
    phone.get_by_role("textbox").fill("hi, is anyone there? 😭")
    expect(phone.locator(".cost")).to_contain_text("1 segment (UCS-2)")
    phone.get_by_role("textbox").press("Enter")
    expect(phone.locator("li.mine")).to_contain_text("is anyone there?")
    net.accept(NUMBERS[0], PERSON, "We have your text.", [], "")
    expect(phone.locator("li").last).to_contain_text("We have your text.")
    expect(phone.locator("li").last).to_contain_text("✓✓ delivered")
    shoot(page, f"phones-{size}")


class Answers(BaseHTTPRequestHandler):
    """A helpline of two sentences: greets, asks for a key, thanks."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        said = "<Say>Thank you for pressing.</Say>"
        if "Digits=1" not in asked:
            ask = "<Say>Press 1, please.</Say>"
            said = f'<Gather numDigits="1" timeout="60" action="/key">{ask}</Gather>'
        body = f"<Response>{said}</Response>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def voice() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/voice"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("size", SIZES)
def test_a_phone_calls_hears_presses_and_ends(
    browser: Browser, network: tuple[Network, str], voice: str, size: str
) -> None:
    net, url = network
    net.exchange.voice_url, net.exchange.pace = voice, 0.1
    page = open_page(browser, url, size)
    expect(page.locator("#connection")).to_have_text("live")
    phone = page.locator("#phone-12025550150")
    phone.get_by_role("button", name="Call", exact=True).click()
    expect(phone.locator(".heard")).to_contain_text("Press 1, please.")
    shoot(page, f"call-{size}")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
    phone.get_by_label("Keys").get_by_role("button", name="1", exact=True).click()
    expect(phone.locator(".heard")).to_contain_text("Thank you for pressing.")
    expect(phone.locator(".state")).to_contain_text("ended")
    expect(phone.get_by_role("button", name="Call", exact=True)).to_be_enabled()


def test_a_phone_rings_and_is_answered_or_declined(
    browser: Browser, network: tuple[Network, str], voice: str
) -> None:
    net, url = network
    net.exchange.pace = 0.1
    page = open_page(browser, url, "desk")
    expect(page.locator("#connection")).to_have_text("live")
    sam = page.locator("#phone-12025550111")
    first = net.exchange.place(NUMBERS[0], SAM, voice)
    sam.get_by_role("button", name="Decline").click()
    expect(sam.locator(".state")).to_contain_text("busy")
    assert first.status == "busy"
    second = net.exchange.place(NUMBERS[0], SAM, voice)
    sam.get_by_role("button", name="Answer").click()
    expect(sam.locator(".heard")).to_contain_text("Press 1, please.")
    shoot(page, "answered")
    sam.get_by_role("button", name="End call").click()
    expect(sam.locator(".state")).to_contain_text("ended")
    assert second.status == "completed"
    sam.get_by_label("when called").select_option("a voicemail box answers")
    expect.set_options(timeout=10_000)
    third = net.exchange.place(NUMBERS[0], SAM, voice)
    expect(sam.locator(".state")).to_contain_text("connected")
    assert third.status == "in-progress"


def test_threads_are_kept_apart_by_number(browser: Browser, network: tuple[Network, str]) -> None:
    net, url = network
    page = open_page(browser, url, "desk", "dark")
    expect(page.locator("#connection")).to_have_text("live")
    sam = page.locator("#phone-12025550111")
    net.accept(NUMBERS[0], SAM, "Reply 1 to take it", [], "")
    net.accept(NUMBERS[1], SAM, "hello from a relay", [], "")
    relay = sam.get_by_role("button", name=NUMBERS[1])
    expect(sam.locator("li")).to_have_count(1)
    relay.click()
    expect(sam.locator("li")).to_contain_text("hello from a relay")
    expect(relay).to_have_attribute("aria-pressed", "true")
    shoot(page, "threads-dark")


def test_a_picture_is_shown(browser: Browser, network: tuple[Network, str]) -> None:
    net, url = network
    page = open_page(browser, url, "desk")
    expect(page.locator("#connection")).to_have_text("live")
    phone = page.locator("#phone-12025550150")
    phone.get_by_label("Picture").select_option("tea")
    phone.get_by_role("button", name="Send").click()
    expect(phone.locator("li img")).to_be_visible()
    assert next(iter(net.texts.values())).media[0].endswith("/tea.svg")


def test_nothing_sticks_out_on_a_narrow_screen(
    browser: Browser, network: tuple[Network, str]
) -> None:
    page = open_page(browser, network[1], "phone")
    expect(page.locator(".phone").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_public_page(browser: Browser, world: World, size: str, scheme: str) -> None:
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        page = open_page(browser, f"http://127.0.0.1:{server.port}/privacy", size, scheme)
        expect(page.get_by_role("heading", name="Privacy")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
        shoot(page, f"about-{size}-{scheme}")
        page.context.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("size", SIZES)
def test_a_message_can_be_heard_and_later_is_said_to_be_gone(
    browser: Browser, world: World, size: str
) -> None:
    world.volunteer(SAM, role="lead")
    call = world.call(PERSON)
    world.pass_time(25)
    world.press(call, "1")
    world.pass_time(15)
    world.press(call, "#")
    world.pass_time(10)
    link = next(text for text in world.inbox(SAM) if "/v/voicemail/" in text)
    path = link[link.index("/v/voicemail/") :].strip()
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        page = open_page(browser, f"http://127.0.0.1:{server.port}{path}", size)
        expect(page.locator("audio")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]
        shoot(page, f"voicemail-{size}")
        world.wait(31 * 86_400)
        page.reload()
        expect(page.get_by_text("has been deleted")).to_be_visible()
        page.context.close()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
