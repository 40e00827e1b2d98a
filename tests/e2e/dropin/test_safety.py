"""Nothing that a model, a server or a person writes can run, load, lead astray or break the drop-in, in any of its fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.corpus import (
    ADDRESSES,
    DEEP,
    KEYS,
    LINE,
    MARKDOWN,
    NESTED,
    POLLUTION,
    STYLES,
)
from tests.e2e.dropin.scripted import Scripted

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

HOSTILE = {"payloads": [*MARKDOWN, *ADDRESSES, *STYLES, *KEYS], "pollution": POLLUTION}
# What a page says of values that it leaves out, and pictures that are not there.
EXPECTED = r"chatkit: .* is ignored|Failed to load resource|chatkit: (Error|ChatKitError): "
READY = {"composer": {"placeholder": "Ask"}, "thread": {"autoScroll": True}}


@pytest.fixture
def chat(visitor: Callable[..., BrowserContext], watch: Watch) -> Iterator[Scripted]:
    page = visitor().new_page()
    page.set_default_timeout(30_000)
    chat = Scripted(page, json.dumps(READY))
    watch.over(page, chat.url)
    watch.expect(EXPECTED)
    chat.open()
    for name in ("poison", "hostile"):
        page.evaluate("url => import(url).then((all) => Object.assign(window, all))", f"/dropin/{name}.js")
    yield chat
    assert chat.page.evaluate("window.audit()") == []
    assert chat.left == []
    still_works(chat)


def still_works(chat: Scripted) -> None:
    """One can begin anew, write and be answered."""
    chat.says(answer=[added([part("All is well.")])], json={})
    chat.page.evaluate(f"window.apply({json.dumps(READY)})")
    chat.call("element.setThreadId(null)")
    chat.say("Are you there?")
    chat.running("All is well.")
    assert chat.questions.last.inner_text() == "Are you there?"


def part(text: str, *annotations: Any) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": list(annotations)}


def added(content: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    item = {"id": "answer", "thread_id": "made", "type": "assistant_message", "content": content}
    return {"type": "thread.item.done", "item": {**item, "created_at": "2026-01-01T00:00:00Z", **more}}


def fed(chat: Scripted, feed: str, given: Any) -> list[str]:
    """What `feed` of hostile.js found wrong."""
    wrong: list[str] = chat.page.evaluate(f"given => window.{feed}(given)", given)
    return wrong


def test_no_field_of_an_item_runs_anything(chat: Scripted) -> None:
    assert fed(chat, "feedItems", HOSTILE) == []


def test_no_property_of_a_widget_runs_anything(chat: Scripted) -> None:
    assert fed(chat, "feedWidgets", HOSTILE) == []


def test_no_option_and_no_event_runs_anything(chat: Scripted) -> None:
    assert fed(chat, "feedOptions", HOSTILE) == []


def test_no_depth_and_no_length_breaks_the_page(chat: Scripted) -> None:
    assert fed(chat, "feedDepth", {"nested": NESTED, "line": LINE, "depth": DEEP}) == []


def test_markdown_is_harmless_at_every_length(chat: Scripted) -> None:
    assert fed(chat, "feedGrowing", MARKDOWN) == []
