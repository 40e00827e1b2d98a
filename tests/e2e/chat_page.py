"""The chat page as a person sees it, for tests. No assertion about a feature lives here; `Watch` holds what must be true on
every page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.e2e.element import Element

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Locator, Page, Request

    from tests.servers import ServerProcess

VIOLATIONS = """
window.violations = [];
document.addEventListener('securitypolicyviolation',
  (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


class Watch:
    """Listens to pages; `check()` tells what was wrong. `expect(pattern)` allows console errors that a test provokes."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.expected: list[re.Pattern[str]] = []
        self.pages: list[Page] = []

    def over(self, page: Page, origin: str) -> None:
        host = urlsplit(origin).netloc

        def console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.troubles.append(
                    f"console {message.type}: {message.text} {message.location.get('url', '')}"
                )

        def request(request: Request) -> None:
            target = urlsplit(request.url)
            if target.scheme in ("http", "https", "ws", "wss") and target.netloc != host:
                self.troubles.append(f"request to another host: {request.url}")

        def page_error(error: object) -> None:
            self.troubles.append(f"page error: {error}")

        def dialog(dialog: Dialog) -> None:
            self.troubles.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        page.add_init_script(VIOLATIONS)
        page.on("console", console)
        page.on("pageerror", page_error)
        page.on("request", request)
        page.on("dialog", dialog)
        self.pages.append(page)

    def expect(self, pattern: str) -> None:
        self.expected.append(re.compile(pattern))

    def check(self) -> None:
        for page in self.pages:
            if not page.is_closed():
                self.troubles += [f"policy: {found}" for found in page.evaluate("window.violations ?? []")]
        left = [t for t in self.troubles if not any(pattern.search(t) for pattern in self.expected)]
        assert not left, "\n".join(left)


def open_as_staff(context: BrowserContext, watch: Watch, server: ServerProcess, path: str) -> Page:
    """A new page of the admin at `path`, signed in as staff and watched."""
    page = context.new_page()
    watch.over(page, server.url)
    page.goto(f"{server.url}/admin/login/?next={path}")
    page.fill("#id_username", server.admin)
    page.fill("#id_password", server.password)
    page.click("[type=submit]")
    page.wait_for_url(f"**{path}")
    return page


class ChatPage(Element):
    """One tab with the chat page."""

    def open(self, path: str = "/", ready: bool = True) -> None:
        self.page.goto(self.url + path)
        if ready:
            self.ready()

    def ready(self) -> None:
        super().ready()
        self.picker.wait_for()

    @property
    def picker(self) -> Locator:
        """Who answers."""
        return self.find(".model-trigger")

    @property
    def prose(self) -> Locator:
        """The text of the newest answer."""
        return self.answers.last

    @property
    def banner(self) -> Locator:
        return self.find(".banner")

    @property
    def history(self) -> Locator:
        return self.find(".history-open")

    @property
    def address(self) -> str:
        """What leads to the open thread, as `open` takes it."""
        fragment: str = self.page.evaluate("location.hash")
        return f"/{fragment}"

    def menu_entry(self, name: str) -> Locator:
        return self.page.get_by_role("menuitem", name=name)
