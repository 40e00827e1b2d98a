"""`<openai-chatkit>` in a tab, for tests: its places by name, and what one does there. No feature is asserted here."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

TAGS = ":is(openai-chatkit, own-chatkit)"


class Element:
    """One tab with the element on a page of `url`."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def reload(self) -> None:
        self.page.reload()
        self.ready()

    def ready(self) -> None:
        self.find(".frame[data-phase=ready]").wait_for()

    def find(self, selector: str) -> Locator:
        return self.page.locator(f"{TAGS} {selector}")

    @property
    def input(self) -> Locator:
        return self.find(".composer-slot [role=textbox]")

    @property
    def questions(self) -> Locator:
        return self.find(".from-user .bubble")

    @property
    def answers(self) -> Locator:
        return self.find(".from-model .answer-text")

    @property
    def stop(self) -> Locator:
        return self.page.get_by_role("button", name="Stop", exact=False)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def say(self, text: str) -> None:
        """Type and send; what is typed is gone from the field once it is sent."""
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str) -> str:
        """Say something and wait for the end of the answer. -> its text"""
        before = self.answers.count()
        self.say(text)
        self.answers.nth(before).wait_for()
        self.ended()
        return self.text()

    def text(self) -> str:
        """The newest answer."""
        return self.answers.last.inner_text().strip()

    def running(self, words: str) -> None:
        """Wait until the newest answer has said `words`."""
        self.answers.last.filter(has_text=words).wait_for()

    def ended(self, timeout: float = 30_000) -> None:
        """Wait until the newest item is an answer that is not being written any more."""
        done = self.find(".message[data-last]:not(.from-user):not([aria-busy])")
        done.wait_for(state="attached", timeout=timeout)
