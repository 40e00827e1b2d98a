"""Which files the drop-in's script loads, and from where: what is built for visitors, or the sources for who writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.e2e.dropin.widgets_page import POLICY, TYPES

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

ORIGIN = "https://page.test"
SERVER = "https://chat.test"
FILES = f"{SERVER}/assets/v2/chat_app/"  # another origin, another STATIC_URL
STATIC = parts.BASE_DIR / "chat_app" / "static" / "chat_app"
BY_URL = "{ api: { url: '/chatkit' } }"
START = """(options) => new Promise((resolve) => {
  const element = document.querySelector('openai-chatkit');
  element.addEventListener('chatkit.ready', resolve, { once: true });
  element.setOptions(options);
})"""
OpenScript = Callable[..., "Opened"]


class Opened:
    """A page with the script on it. `files`: what it loaded, by its path beside the script; `asked`: all else."""

    def __init__(self, page: Page, attributes: str) -> None:
        self.page, self.files, self.asked = page, list[str](), list[str]()
        tag = f'<script src="{FILES}chatkit.js" {attributes}></script>'
        self.html = f"<!doctype html><title>Parts</title>{tag}<openai-chatkit></openai-chatkit>"
        page.route("**/*", self._serve)
        page.goto(f"{ORIGIN}/")
        page.evaluate("customElements.whenDefined('openai-chatkit').then(() => {})")

    def _serve(self, route: Route) -> None:
        url = route.request.url
        shared = {"Access-Control-Allow-Origin": "*"}
        if url == f"{ORIGIN}/":
            policy = {"Content-Security-Policy": POLICY.replace("'self'", f"'self' {SERVER}")}
            route.fulfill(body=self.html, content_type="text/html", headers=policy)
        elif url.startswith(FILES):
            file = STATIC / url.removeprefix(FILES)
            self.files.append(url.removeprefix(FILES))
            route.fulfill(path=file, content_type=TYPES[file.suffix], headers=shared)
        else:
            self.asked.append(url)
            if route.request.method != "POST":  # else the server is still thinking
                route.fulfill(status=404, headers=shared)

    def start(self, options: str) -> None:
        """Give the element its options, and wait until it is up."""
        self.page.evaluate(f"({START})({options})")


@pytest.fixture
def open_script(visitor: Callable[..., BrowserContext]) -> OpenScript:
    """`open_script(attributes="")`: a page with the drop-in's script, its tag with these attributes."""
    return lambda attributes="": Opened(visitor().new_page(), attributes)


def test_script_loads_one_module_and_one_sheet(open_script: OpenScript) -> None:
    opened = open_script()
    opened.start(BY_URL)
    assert opened.files == ["chatkit.js", "chatkit/built/element.js", "chatkit/built/styles/chat.css"]
    styled = "getComputedStyle(document.querySelector('openai-chatkit').shadowRoot.querySelector('.frame')).display"
    assert opened.page.evaluate(styled) == "grid"


def test_script_fetches_parts_when_they_are_needed(open_script: OpenScript) -> None:
    opened = open_script()
    opened.start(
        "{ api: { url: '/chatkit' }, locale: 'de-DE', theme: { color: { accent: { primary: '#258', level: 1 } } } }"
    )
    assert sorted(opened.files[2:]) == [
        "chatkit/built/strings/de-DE.js",
        "chatkit/built/styles/chat.css",
        "chatkit/built/theme.js",
    ]


def test_message_needs_no_part_but_these(open_script: OpenScript) -> None:
    opened = open_script()
    opened.start(BY_URL)
    opened.page.evaluate("void document.querySelector('openai-chatkit').sendUserMessage({ text: 'Hello' })")
    opened.page.locator(".from-user").wait_for()
    opened.page.evaluate("fetch('/after')")  # what was asked for before this is known when this is answered
    assert opened.files == ["chatkit.js", "chatkit/built/element.js", "chatkit/built/styles/chat.css"]


def test_script_asks_the_server_that_served_it(open_script: OpenScript) -> None:
    opened = open_script()
    opened.start("{ api: { getClientSecret: async () => 'secret' } }")
    assert "chatkit/built/connect/index.js" in opened.files
    with opened.page.expect_request(f"{SERVER}/chatkit"):
        opened.page.evaluate(
            "void document.querySelector('openai-chatkit').sendUserMessage({ text: 'Hello' })"
        )
    assert {url for url in opened.asked if not url.startswith(SERVER)} == set()


def test_script_that_is_told_so_loads_the_sources(open_script: OpenScript) -> None:
    opened = open_script('data-parts="source"')
    opened.start(BY_URL)
    assert {"chatkit/element.js", "chatkit/dress.js", "chatkit/styles/tokens.css"} <= set(opened.files)
    assert not [file for file in opened.files if "/built/" in file]


@pytest.mark.parametrize("parts_of", ["", 'data-parts="source"'])
def test_icons_that_few_need_are_found(open_script: OpenScript, parts_of: str) -> None:
    opened = open_script(parts_of)
    with opened.page.expect_response(f"{FILES}vendor/lucide.json"):
        opened.start(
            "{ api: { url: '/chatkit' }, startScreen: { prompts: [{ label: 'Go', prompt: 'Go', icon: 'lucide:zap-off' }] } }"
        )
