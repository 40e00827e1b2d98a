"""The list of conversations beside the chat, over it where there is no room for both, and what the page puts at its foot."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dropin.chat import Chat
from tests.e2e.dropin.conftest import OpenDropin
from tests.e2e.dropin.test_history import make, rows

if TYPE_CHECKING:
    from playwright.sync_api import Page

OPTIONS = "{ history: { showSearch: true, showExport: true } }"
DOCK = "addEventListener('DOMContentLoaded', () => document.querySelector('openai-chatkit').setAttribute('docked', ''))"
NARROW = {"width": 700, "height": 700}
WIDE = {"width": 1280, "height": 800}
STOPS = ["Close conversations", "Search conversations", "One", "Options for One"]
SEEN = "!element.shadowRoot.querySelector('.panel').inert"
PUT = """(() => {
  const put = (tag, text) => {
    const one = Object.assign(document.createElement(tag), { slot: 'history-end', textContent: text });
    element.append(one);
  };
  put('span', 'Somebody whose name is really very long');
  put('button', 'Dark');
  put('button', 'Sign out');
})()"""


def docked(page: Page) -> None:
    page.add_init_script(DOCK)


@pytest.fixture
def chat(open_dropin: OpenDropin) -> Chat:
    """A docked chat with room for both."""
    return open_dropin(OPTIONS, prepare=docked)


def expanded(chat: Chat) -> str | None:
    return chat.button("Conversations").get_attribute("aria-expanded")


def focused(chat: Chat) -> str:
    name: str = chat.call(
        "(({ ariaLabel, textContent }) => ariaLabel ?? textContent)(element.shadowRoot.activeElement ?? document.activeElement)"
    )
    return name


def history_told(chat: Chat) -> list[str]:
    return [name for name in chat.names() if name.startswith("history")]


def closed(chat: Chat) -> None:
    chat.find(".panel:not([data-open])").wait_for(state="attached")


def test_list_is_there_without_having_been_opened(chat: Chat) -> None:
    chat.find(".history-empty").get_by_text("No conversations yet").wait_for()
    assert expanded(chat) == "true"
    assert history_told(chat) == []
    chat.ask("/echo first")
    rows(chat).first.wait_for()
    assert rows(chat).all_inner_texts() == ["/echo first"]
    assert rows(chat).first.locator(".history-open").get_attribute("aria-current") == "true"
    chat.reload()
    rows(chat).first.wait_for()
    assert history_told(chat) == []
    panel, scroll = chat.find(".panel").bounding_box(), chat.find(".scroll").bounding_box()
    assert panel
    assert scroll
    assert panel["x"] + panel["width"] <= scroll["x"] + 1


def test_conversation_that_is_gone_on_with_is_the_first(chat: Chat) -> None:
    chat.ask("/echo first")
    chat.button("New chat").click()
    chat.ask("/echo second")
    rows(chat).nth(1).locator(".history-open").click()
    chat.running("first")
    assert chat.find(".panel[data-open]").count() == 1  # beside the chat it stays
    assert rows(chat).all_inner_texts() == ["/echo second", "/echo first"]
    chat.ask("/echo third")
    chat.page.wait_for_function(
        "() => document.querySelector('openai-chatkit').shadowRoot.querySelector('.history-row').textContent === '/echo first'"
    )
    assert chat.find(".history-row.current").all_inner_texts() == ["/echo first"]


def test_folding_away_is_kept(chat: Chat) -> None:
    chat.button("Conversations").click()
    closed(chat)
    assert expanded(chat) == "false"
    assert chat.call(SEEN) is False
    assert chat.find(".panel").is_hidden()
    chat.reload()
    assert expanded(chat) == "false"
    assert chat.find(".panel").is_hidden()
    chat.button("Conversations").click()
    chat.find(".panel[data-open]").wait_for()
    assert history_told(chat) == ["history.open"]
    chat.reload()
    chat.find(".panel[data-open]").wait_for()
    assert expanded(chat) == "true"


def test_page_shows_and_hides_it_without_its_being_kept(chat: Chat) -> None:
    chat.call("element.hideHistory()")
    assert chat.find(".panel").is_hidden()
    chat.call("element.showHistory()")
    assert chat.find(".panel").is_visible()
    assert history_told(chat) == ["history.close", "history.open"]
    chat.call("element.hideHistory()")
    chat.reload()
    chat.find(".panel[data-open]").wait_for()


def test_escape_in_the_composer_does_not_fold_it(chat: Chat) -> None:
    chat.input.press("Escape")
    chat.page.wait_for_timeout(200)
    assert chat.find(".panel").is_visible()


def test_without_room_it_lies_over_the_chat_and_keeps_the_focus(chat: Chat) -> None:
    chat.page.set_viewport_size(NARROW)
    closed(chat)
    assert expanded(chat) == "false"
    chat.button("Conversations").click()
    chat.page.wait_for_function(
        "() => document.querySelector('openai-chatkit').shadowRoot.activeElement?.className.includes('history-close')"
    )
    make(chat, ["One"])
    chat.call("element.fetchUpdates()")
    rows(chat).first.wait_for()
    around = []
    for _ in range(6):
        around.append(focused(chat))
        chat.page.keyboard.press("Tab")
    chat.page.keyboard.press("Shift+Tab")
    assert around == [*STOPS, *STOPS[:2]]
    assert focused(chat) == STOPS[1]
    assert chat.find(".head").evaluate("(head) => head.inert")
    chat.page.keyboard.press("Escape")
    closed(chat)
    assert focused(chat) == "Conversations"
    assert not chat.find(".head").evaluate("(head) => head.inert")
    assert chat.input.is_visible()
    assert chat.ask("/echo still here") == "still here"


def test_click_beside_it_closes_it(chat: Chat) -> None:
    chat.page.set_viewport_size(NARROW)
    closed(chat)
    chat.button("Conversations").click()
    chat.find(".scrim").wait_for()
    chat.page.mouse.click(600, 300)
    closed(chat)
    assert focused(chat) == "Conversations"
    assert history_told(chat) == ["history.open", "history.close"]


def test_width_decides_where_it_is_and_tells_nobody(chat: Chat) -> None:
    for size in (NARROW, WIDE, NARROW, WIDE):
        chat.page.set_viewport_size(size)
        chat.page.wait_for_function(
            "wide => document.querySelector('openai-chatkit').shadowRoot.querySelector('.panel').inert !== wide",
            arg=size is WIDE,
        )
    assert history_told(chat) == []
    chat.call("element.removeAttribute('docked')")
    closed(chat)
    chat.call("element.setAttribute('docked', '')")
    chat.find(".panel[data-docked][data-open]").wait_for()


def test_what_lay_over_the_chat_stands_beside_it_once_there_is_room(chat: Chat) -> None:
    chat.page.set_viewport_size(NARROW)
    closed(chat)
    chat.button("Conversations").click()
    chat.page.set_viewport_size(WIDE)
    chat.find(".panel[data-docked][data-open]").wait_for()
    assert not chat.find(".head").evaluate("(head) => head.inert")
    assert chat.ask("/echo within reach") == "within reach"
    chat.page.set_viewport_size(NARROW)
    closed(chat)
    assert history_told(chat) == ["history.open", "history.close"]


def test_foot_is_the_pages(chat: Chat) -> None:
    assert chat.find(".history-foot").is_hidden()
    chat.call(PUT)
    foot = chat.find(".history-foot")
    foot.wait_for()
    button = chat.page.get_by_role("button", name="Sign out")
    panel, box = chat.find(".panel").bounding_box(), button.bounding_box()
    assert panel
    assert box
    assert panel["x"] < box["x"]
    assert box["x"] + box["width"] <= panel["x"] + panel["width"]
    assert box["height"] >= 36
    assert foot.evaluate("(foot) => foot.offsetHeight") < 70  # one row, however long the name
    chat.button("Conversations").click()
    closed(chat)
    assert button.is_hidden()
    chat.button("Conversations").click()
    chat.call("element.replaceChildren()")
    foot.wait_for(state="hidden")


def test_long_list_scrolls_smoothly(chat: Chat) -> None:
    make(chat, [f"Thread {n} {'and a long name ' * (n % 4)}" for n in range(300)])
    chat.call("element.fetchUpdates()")
    rows(chat).first.wait_for()
    ends = time.monotonic() + 60
    while rows(chat).count() < 300 and time.monotonic() < ends:
        chat.find(".history-list").evaluate("(list) => list.scrollTo(0, list.scrollHeight)")
        chat.page.wait_for_timeout(50)
    assert rows(chat).count() == 300
    assert chat.button("Show more").is_hidden()
    longest = chat.find(".history-list").evaluate(
        """async (list) => {
          list.scrollTo(0, 0);
          const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
          await frame();
          const worked = [];
          const note = (entries) => worked.push(...entries.getEntries().map(({ duration }) => duration));
          const tasks = new PerformanceObserver(note);
          tasks.observe({ type: 'longtask' });
          for (let at = 0; at < list.scrollHeight; at += 400) {
            list.scrollTo(0, at);
            await frame();
          }
          await new Promise((resolve) => setTimeout(resolve, 300));
          return Math.max(0, ...worked);
        }"""
    )
    assert longest < 200
