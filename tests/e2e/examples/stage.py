"""One example in one browser tab: opening it, talking to its stand-in element, and what its console said.

Nothing here knows an example's logic, nor how a server is started.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.e2e.examples.servers import Credentials

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

Frame = dict[str, Any]

TIMEOUT_MS = 15_000

_HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Example</title>
<link rel="icon" href="data:,"><meta name="chat-backend" content=""></head>
<body><div id="root"></div><script src="{script}"></script></body></html>"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the stand-in showed for one message, and the id of the turn that the server gave with it."""

    turn: str
    text: str


class Stage:
    """A tab with one example in it. `errors` and `warnings` are the console's lines, `errors` with uncaught ones too."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.warnings: list[str] = []
        self.logs: list[str] = []
        kinds = {"error": self.errors, "warning": self.warnings, "log": self.logs}
        page.set_default_timeout(TIMEOUT_MS)
        page.on("console", lambda line: kinds.get(line.type, []).append(line.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open_direct(self, server: str, example: int, bundles: Path) -> None:
        """Open the example as a page of the backend's own origin: page and script from here, all else from the server."""
        folder = f"{server}/examples/"

        def serve(route: Route) -> None:
            name = route.request.url.removeprefix(folder)
            if name.endswith(".js"):
                route.fulfill(path=bundles / name, content_type="text/javascript; charset=utf-8")
            else:
                route.fulfill(body=_HTML.format(script=f"example-{example}.js"), content_type="text/html")

        self.page.route(f"{folder}*", serve)
        self.page.goto(f"{folder}{example}.html")

    def wait_state(self, state: str) -> None:
        """Wait until the stand-in has asked for its client secret: `ready`, or `failed`."""
        either = "openai-chatkit[data-state=ready], openai-chatkit[data-state=failed]"
        element = self.page.wait_for_selector(either, state="attached")
        assert element is not None
        assert element.get_attribute("data-state") == state, [*self.warnings, *self.errors]

    @property
    def secret(self) -> str:
        """The client secret that the page gave to the stand-in."""
        secret = self.page.eval_on_selector("openai-chatkit", "element => element.secret")
        assert isinstance(secret, str)
        return secret

    def renew(self) -> None:
        """Start a new chat in the stand-in, which asks the page for a client secret once more."""
        before = self.secret
        self.page.get_by_role("button", name="New chat").click()
        self.page.wait_for_function(
            "before => { const element = document.querySelector('openai-chatkit');"
            " return element.dataset.state === 'failed' || element.secret !== before }",
            arg=before,
        )
        self.wait_state("ready")

    def wait_frame(self, frames: list[Frame], kind: str, count: int = 1) -> Frame:
        """Wait for the `count`-th frame of a type among those that a socket of this tab received, and return it."""
        for _ in range(TIMEOUT_MS // 25):
            found = [frame for frame in frames if frame["type"] == kind]
            if len(found) >= count:
                return found[count - 1]
            self.page.wait_for_timeout(25)
        raise AssertionError(f"no {kind} frame number {count}: {frames}")

    def say(self, text: str) -> Answer:
        """Send a message through the stand-in and wait for the end of its answer."""
        line = self.page.locator("li[data-role=assistant]").nth(
            self.page.locator("li[data-role=assistant]").count()
        )
        self.page.get_by_label("Message").fill(text)
        self.page.get_by_label("Message").press("Enter")
        line.and_(self.page.locator("[data-turn], [data-failed]")).wait_for(state="attached")
        assert line.get_attribute("data-failed") is None, line.get_attribute("data-failed")
        turn = line.get_attribute("data-turn")
        assert turn
        assert turn != "null", "the browser was not shown X-Turn-Id"
        return Answer(turn, line.text_content() or "")


# Records each state of the grey panel in which example 2 shows the streamed text, from before the page's first script.
WATCH_PANEL = """
window.panelStates = [];
new MutationObserver(() => {
  const text = document.querySelector('.bg-gray-100')?.textContent ?? '';
  if (text !== window.panelStates.at(-1)) window.panelStates.push(text);
}).observe(document, { subtree: true, childList: true, characterData: true });
"""


def panel_states(stage: Stage, whole: str) -> list[str]:
    """Every text that example 2's panel showed for its last message, once it shows `whole`."""
    stage.page.wait_for_function("whole => window.panelStates.at(-1) === whole", arg=whole)
    states: list[str] = stage.page.evaluate("window.panelStates")
    last_empty = max(index for index, state in enumerate(states) if not state)
    return states[last_empty + 1 :]


def divert(page: Page, server: str, times: int) -> None:
    """Let the page's first `times` requests for a session be answered by another server, whose answer is passed on whole."""

    def ask_other(route: Route) -> None:
        headers = {**route.request.headers, "origin": server}
        route.fulfill(response=route.fetch(url=f"{server}/api/custom/session", headers=headers))

    page.route("**/api/custom/session", ask_other, times=times)


def log_in(page: Page, server: str, login: Credentials) -> None:
    """Log in as a person would, at the admin's form in another tab."""
    page = page.context.new_page()
    page.goto(f"{server}/admin/login/")
    page.locator("input[name=username]").fill(login.username)
    page.locator("input[name=password]").fill(login.password)
    with page.expect_navigation(url=lambda url: "/login/" not in url):
        page.locator("[type=submit]").click()
    page.close()


def get(server: str, path: str, bearer: str) -> dict[str, Any]:
    """GET a JSON object of the server in the name of a client secret or a backend key."""
    response = requests.get(f"{server}{path}", headers={"Authorization": f"Bearer {bearer}"}, timeout=10)
    assert response.status_code == 200, f"{path}: {response.status_code} {response.text}"
    body = response.json()
    assert isinstance(body, dict)
    return body


def without_ids(errors: list[str]) -> list[str]:
    """Console lines without what differs from run to run: ports and tokens in addresses."""
    return [re.sub(r"(wss?|https?)://\S+", r"\1://…", line) for line in errors]
