"""Pictures of a thread that says where pictures may come from: no other host is asked, and what is left out can be seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.scripted import Scripted
from tests.servers import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

MADE = "2026-11-29T10:00:00Z"
DATA = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
ADDRESSES = {
    "named": "https://pictures.example/a.png",
    "capital": "https://PICTURES.example/b.png",
    "port": "https://pictures.example:8443/c.png",
    "below": "https://cdn.wide.example/d.png",
    "own": "/e.png",
    "data": DATA,
    "other": "https://other.example/f.png",
    "under": "https://sub.pictures.example/g.png",
    "user": "https://pictures.example@other.example/h.png",
    "suffix": "https://notpictures.example/i.png",
    "wide": "https://wide.example/j.png",
}
ALLOWED = ["named", "capital", "port", "below", "own", "data"]


def widget(names: list[str]) -> dict[str, Any]:
    rows = [{"type": "Image", "src": ADDRESSES[name], "alt": name} for name in names]
    status = {"text": "From elsewhere", "favicon": ADDRESSES["other"]}
    return {
        "type": "widget",
        "id": "w1",
        "thread_id": "t1",
        "created_at": MADE,
        "widget": {"type": "Card", "children": rows, "status": status},
    }


def thread(domains: list[str] | None) -> dict[str, Any]:
    return {
        "id": "t1",
        "title": "Pictures",
        "created_at": MADE,
        "status": {"type": "active"},
        "allowed_image_domains": domains,
    }


@pytest.fixture
def chat(visitor: Callable[..., BrowserContext], watch: Watch) -> Scripted:
    page = visitor().new_page()
    chat = Scripted(page, json.dumps({"composer": {"placeholder": "Ask"}}))
    watch.over(page, chat.url)
    watch.expect(r"Failed to load resource|Content Security Policy|policy: img-src|request to another host")
    chat.open()
    chat.says(items={"t1": [widget(list(ADDRESSES))]})
    return chat


KEEP = """() => {
  const { set, get } = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src');
  window.loaded = [];
  const note = (value) => window.loaded.push(new URL(value, location).href);
  Object.defineProperty(HTMLImageElement.prototype, 'src', { get, set(value) { note(value); set.call(this, value); } });
  const { setAttribute } = Element.prototype;
  Element.prototype.setAttribute = function (name, value) {
    if (name === 'src' && this instanceof HTMLImageElement) note(value);
    return setAttribute.call(this, name, value);
  };
}"""


def loaded(chat: Scripted) -> set[str]:
    """The names of the pictures that were given to an image."""
    sources = set(chat.page.evaluate("window.loaded"))
    return {
        name
        for name, address in ADDRESSES.items()
        if chat.page.evaluate("a => new URL(a, location).href", address) in sources
    }


def test_pictures_come_from_the_domains_that_the_thread_names(chat: Scripted) -> None:
    chat.says(threads=[thread(["Pictures.example", "*.wide.example", "not a domain"])])
    chat.page.evaluate(KEEP)
    chat.call("element.setThreadId('t1')")
    chat.find(".w-image").last.wait_for()
    assert loaded(chat) == set(ALLOWED)
    left = chat.find(".w-missing-note").filter(has_text="suffix")
    expect(left.get_by_role("link")).to_have_attribute("href", ADDRESSES["suffix"])


def test_no_domains_at_all_leaves_the_pages_own(chat: Scripted) -> None:
    chat.says(threads=[thread([])])
    chat.page.evaluate(KEEP)
    chat.call("element.setThreadId('t1')")
    chat.find(".w-image").last.wait_for()
    assert loaded(chat) == {"own", "data"}


def test_thread_that_names_none_has_all(chat: Scripted) -> None:
    chat.says(threads=[thread(None)])
    chat.page.evaluate(KEEP)
    chat.call("element.setThreadId('t1')")
    chat.find(".w-image").last.wait_for()
    assert loaded(chat) == set(ADDRESSES)


def test_domains_that_change_hold_for_what_is_shown(chat: Scripted) -> None:
    chat.says(threads=[thread(["pictures.example"])])
    chat.page.evaluate(KEEP)
    chat.call("element.setThreadId('t1')")
    chat.find(".w-image").last.wait_for()
    assert "other" not in loaded(chat)
    chat.page.evaluate("window.loaded.length = 0")
    chat.says(answer=[{"type": "thread.updated", "thread": thread(["other.example"])}])
    chat.say("on")
    wait_until(lambda: loaded(chat) - {"own"} == {"other", "user"}, "the pictures of the other domain")
    expect(chat.find(".w-missing-note").filter(has_text="named")).to_have_count(1)
