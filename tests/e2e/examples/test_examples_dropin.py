"""The examples' front ends, unchanged, with the published React package, `chatkit.js` in the place of OpenAI's script, and this
server behind it: a person types, reads, reloads. Nothing but loopback is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.examples.next_server import NextServer
from tests.e2e.examples.servers import Credentials, OpenAIStandIn
from tests.e2e.examples.stage import TIMEOUT_MS, WATCH_PANEL, divert, get, log_in, panel_states

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page, Route

WORDS = "Good morning & 2+2=4, שלום to the 🎈 and to all that is in it"
HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Example</title><link rel="icon" href="data:,">
<style>openai-chatkit {{ height: 60vh }}</style><script src="{backend}/static/chat_app/chatkit.js" async></script></head>
<body><div id="root"></div><script src="{script}"></script></body></html>"""


class DropIn:
    """A tab with an example in it. `secrets` are the client secrets that the page was given, oldest first."""

    def __init__(self, page: Page, origins: set[str]) -> None:
        self.page = page
        self.elsewhere: list[str] = []
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.secrets: list[str] = []
        kinds = {"error": self.errors, "warning": self.warnings}
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", lambda line: kinds.get(line.type, []).append(line.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._look(request.url, request.headers, origins))

    def _look(self, url: str, headers: dict[str, str], origins: set[str]) -> None:
        address = urlsplit(url)
        if address.scheme in ("http", "https", "ws", "wss") and f"http://{address.netloc}" not in origins:
            self.elsewhere.append(url)
        if address.path == "/chatkit" and "authorization" in headers:
            self.secrets.append(headers["authorization"].removeprefix("Bearer "))

    def find(self, selector: str) -> Locator:
        return self.page.locator(f"openai-chatkit {selector}")

    def ready(self) -> None:
        self.find(".frame[data-phase=ready]").wait_for()

    @property
    def answers(self) -> Locator:
        return self.find(".from-model .answer-text")

    def say(self, text: str) -> tuple[str, str]:
        """A message and its whole answer. -> its text, and the id of its turn"""
        before = self.answers.count()
        with self.page.expect_response(lambda response: "x-turn-id" in response.headers) as begun:
            field = self.find("[role=textbox]")
            field.fill(text)
            field.press("Enter")
        self.answers.nth(before).wait_for()
        self.find(".message[data-last]:not([aria-busy])").wait_for(state="attached")
        return self.answers.last.inner_text().strip(), begun.value.headers["x-turn-id"]


@pytest.fixture
def open_example(context: BrowserContext, bundles: Path, server: str) -> Callable[..., DropIn]:
    """Open an example on the backend's own origin; `prepare` gets the page first."""
    own = server

    def open_it(
        example: int,
        server: str = own,
        script: str = "",
        prepare: Callable[[Page], object] = lambda page: None,
    ) -> DropIn:
        dropin = DropIn(context.new_page(), {server})
        folder = f"{server}/dropin-examples/"

        def serve(route: Route) -> None:
            name = route.request.url.removeprefix(folder)
            if name.endswith(".js"):
                route.fulfill(path=bundles / name, content_type="text/javascript; charset=utf-8")
            else:
                body = HTML.format(backend="", script=f"dropin-{example}.js")
                route.fulfill(body=body, content_type="text/html")

        dropin.page.add_init_script(script)
        dropin.page.route(f"{folder}*", serve)
        prepare(dropin.page)
        dropin.page.goto(f"{folder}{example}.html")
        return dropin

    return open_it


Open = Callable[..., DropIn]


def test_example_1_answers_and_a_reload_keeps_it(open_example: Open, server: str) -> None:
    dropin = open_example(1)
    dropin.ready()
    text, turn_id = dropin.say(f"/echo {WORDS}")
    assert text == WORDS
    assert get(server, f"/api/turns/{turn_id}", dropin.secrets[-1])["text"] == WORDS
    dropin.page.reload()
    dropin.ready()
    dropin.answers.filter(has_text="Good morning").wait_for()
    assert dropin.find(".from-user .bubble").all_inner_texts() == [f"/echo {WORDS}"]
    assert dropin.errors == dropin.elsewhere == []


def test_example_2_shows_its_own_stream_beside_the_chat(open_example: Open) -> None:
    dropin = open_example(2, script=WATCH_PANEL)
    dropin.ready()
    with dropin.page.expect_response("**/api/custom/stream") as streamed:
        dropin.say(f"/echo {WORDS}")
    assert streamed.value.status == 200
    stage: Any = dropin
    states = panel_states(stage, WORDS)
    assert len(states) >= 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(states))
    assert dropin.errors == dropin.elsewhere == []


def test_example_3_lets_the_chosen_model_answer(open_example: Open, server: str) -> None:
    dropin = open_example(3)
    dropin.ready()
    for model in ("llama", "custom", "gpt2"):
        dropin.page.locator("select").select_option(model)
        dropin.page.wait_for_timeout(2_100)  # a younger secret counts as the one of this choice
        text, turn_id = dropin.say(f"/echo Hello, {model}")
        turn = get(server, f"/api/turns/{turn_id}", dropin.secrets[-1])
        assert (text, turn["requested_model"]) == (f"Hello, {model}", model)
        dropin.page.get_by_role("button", name="New chat").click()
    assert dropin.errors == dropin.elsewhere == []


def test_example_5_uses_the_custom_backend_while_it_is_up(open_example: Open) -> None:
    dropin = open_example(5)
    dropin.ready()
    assert "Custom" in (dropin.page.locator("strong").text_content() or "")
    assert dropin.say(f"/echo {WORDS}")[0] == WORDS
    assert dropin.errors == dropin.elsewhere == []


def test_example_5_falls_back_on_503_and_a_foreign_secret_is_refused_in_words(
    open_example: Open, down_server: str, openai: OpenAIStandIn
) -> None:
    dropin = open_example(5, server=down_server)
    dropin.ready()
    assert "OpenAI" in (dropin.page.locator("strong").text_content() or "")
    assert openai.asked[-1]["workflow"]["id"] == openai.workflow_id
    field = dropin.find("[role=textbox]")
    field.fill("Hello")
    field.press("Enter")
    # The hosted secret opens OpenAI's host, not this server: nothing is sent there, and it says so.
    dropin.find(".notice.danger").wait_for()
    assert dropin.secrets[-1] == openai.client_secret
    dropin.find("[role=textbox]").filter(has_text="Hello").wait_for()
    assert dropin.elsewhere == []


def test_example_6_chats_as_the_user_of_the_token(
    open_example: Open, server: str, login: Credentials
) -> None:
    tokens: list[str] = []

    def note(route: Route) -> None:
        tokens.append(route.request.headers.get("x-auth-token", ""))
        route.continue_()

    def prepare(page: Page) -> None:
        log_in(page, server, login)
        page.route("**/api/custom/session", note)

    dropin = open_example(6, prepare=prepare)
    dropin.ready()
    text, turn_id = dropin.say(f"/echo {WORDS}")
    assert text == WORDS
    assert get(server, f"/api/turns/{turn_id}", tokens[0])["text"] == WORDS
    assert dropin.errors == dropin.elsewhere == []


def test_example_6_refuses_a_forged_token_in_words(
    open_example: Open, server: str, login: Credentials
) -> None:
    def forge(route: Route) -> None:
        header, payload, _ = route.request.headers["x-auth-token"].split(".")
        route.continue_(headers={**route.request.headers, "x-auth-token": f"{header}.{payload}.{'A' * 43}"})

    def prepare(page: Page) -> None:
        log_in(page, server, login)
        page.route("**/api/custom/session", forge)

    dropin = open_example(6, prepare=prepare)
    dropin.find(".frame[data-phase=failed]").wait_for()
    assert len(dropin.find(".blank p").inner_text().split()) >= 2
    assert any("401" in error for error in dropin.errors)
    assert dropin.elsewhere == []


def test_example_8_waits_for_a_backend_that_answers_503(open_example: Open, down_server: str) -> None:
    dropin = open_example(8, prepare=lambda page: divert(page, down_server, times=2))
    dropin.ready()
    assert dropin.warnings == [f"Attempt {count} failed: Backend temporarily unavailable" for count in (1, 2)]
    assert dropin.say(f"/echo {WORDS}")[0] == WORDS
    assert dropin.elsewhere == []


def test_example_8_says_so_where_the_backend_stays_down(open_example: Open, down_server: str) -> None:
    dropin = open_example(8, server=down_server)
    dropin.find(".frame[data-phase=failed]").wait_for()
    assert dropin.page.locator("body > [role=alert]").text_content() == "Unable to connect to chat service"
    assert "Failed after 3 attempts" in dropin.find(".blank").inner_text()


@pytest.mark.parametrize("example", [1, 2, 3])
def test_example_from_an_origin_of_its_own(
    example: int, context: BrowserContext, bundles: Path, next_server: NextServer
) -> None:
    """Behind the examples' own route handlers: script, chat and socket come from the backend's origin."""
    dropin = DropIn(context.new_page(), {next_server.backend, next_server.url(example)})
    page = HTML.format(backend=next_server.backend, script=f"dropin-{example}.js")
    address = next_server.url(example)
    script = f"{address}/dropin-{example}.js"
    kind = "text/javascript; charset=utf-8"
    dropin.page.goto(f"{address}/")  # signs the visitor in
    dropin.page.route(f"{address}/", lambda route: route.fulfill(body=page, content_type="text/html"))
    dropin.page.route(
        script, lambda route: route.fulfill(path=bundles / script.rpartition("/")[2], content_type=kind)
    )
    dropin.errors.clear()
    dropin.page.goto(f"{address}/")
    dropin.ready()
    assert dropin.say(f"/echo {WORDS}")[0] == WORDS
    dropin.page.reload()
    dropin.answers.filter(has_text="Good morning").wait_for()
    assert dropin.errors == dropin.elsewhere == []
