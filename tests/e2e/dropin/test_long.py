"""Long threads and long answers in the drop-in: whole, in order, a page at a time. How fast it is, `make bench` says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.scripted import Scripted

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

ITEMS = 2000
TOKENS = 20_000
OPTIONS = {"thread": {"autoScroll": True}}
LAST = """() => {
  const scroll = document.querySelector('openai-chatkit').shadowRoot.querySelector('.scroll');
  return scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
}"""
# Each entry's first word, in the order of the page.
WORDS = """() => [...document.querySelector('openai-chatkit').shadowRoot.querySelectorAll('.items .message')]
  .map((message) => Number(message.querySelector('.bubble, .answer-text').textContent.trim().split(' ')[0]))"""

LOAD_ALL = """async () => {
  const root = document.querySelector('openai-chatkit').shadowRoot;
  const [button, items] = [root.querySelector('.earlier'), root.querySelector('.items')];
  while (!button.hidden) {
    const before = items.querySelectorAll('.message').length;
    button.click();
    while (items.querySelectorAll('.message').length === before) await new Promise((go) => setTimeout(go, 5));
  }
}"""

# Made in the page: 20,000 objects take Playwright longer than all the rest.
BURST = """(count) => {
  const type = 'assistant_message.content_part.text_delta';
  const delta = (n) => ({ type, content_index: 0, delta: `${n}${n % 40 === 39 ? '\\n\\n' : ' '}` });
  const grown = Array.from({ length: count }, (_, n) => ({ type: 'thread.item.updated', item_id: 'answer', update: delta(n) }));
  const item = { id: 'answer', thread_id: 'made', type: 'assistant_message', content: [] };
  window.scripted.answer = [{ type: 'thread.item.added', item }, ...grown];
}"""


def said(number: int) -> dict[str, Any]:
    common = {"id": f"item_{number}", "thread_id": "long", "created_at": "2026-01-01T00:00:00Z"}
    if number % 2:
        text = f"{number} **is odd**\n\n- one\n- two"
        return {**common, "type": "assistant_message", "content": [{"type": "output_text", "text": text}]}
    return {**common, "type": "user_message", "content": [{"type": "input_text", "text": f"{number} even"}]}


def opened(visitor: Callable[..., BrowserContext], watch: Watch) -> Scripted:
    chat = Scripted(visitor().new_page(), json.dumps(OPTIONS))
    watch.over(chat.page, chat.url)
    chat.open()
    return chat


def shown_more_than(chat: Scripted, count: int) -> None:
    chat.find(".message").nth(count).wait_for(state="attached")


def test_long_thread_is_loaded_a_page_at_a_time(visitor: Callable[..., BrowserContext], watch: Watch) -> None:
    chat = opened(visitor, watch)
    chat.says(items={"long": [said(n) for n in range(ITEMS)]})
    chat.call("element.setThreadId('long')")
    chat.find(".message").last.wait_for()
    page = chat.page.evaluate(WORDS)
    assert page == list(range(ITEMS - len(page), ITEMS))
    assert len(page) <= 100
    assert chat.page.evaluate(LAST)
    chat.find(".scroll").evaluate("(scroll) => scroll.scrollTo(0, 0)")
    shown_more_than(chat, len(page))
    chat.page.evaluate(LOAD_ALL)
    assert chat.page.evaluate(WORDS) == list(range(ITEMS))
    operations = [asked["type"] for asked in chat.page.evaluate("window.asked")]
    assert operations.count("items.list") >= ITEMS // 100
    chat.says(answer=[{"type": "thread.item.done", "item": {**said(1), "id": "newest"}}])
    chat.say("2000 more")
    shown_more_than(chat, ITEMS + 1)
    assert chat.page.evaluate(WORDS) == [*range(ITEMS), ITEMS, 1]
    chat.page.wait_for_function(LAST)


def test_earlier_messages_leave_what_is_read_where_it_is(
    visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    chat = opened(visitor, watch)
    chat.says(items={"long": [said(n) for n in range(400)]})
    chat.call("element.setThreadId('long')")
    chat.find(".message").last.wait_for()
    top = """() => {
      const root = document.querySelector('openai-chatkit').shadowRoot;
      const { top } = root.querySelector('.scroll').getBoundingClientRect();
      const first = [...root.querySelectorAll('.items .message')].find((one) => one.getBoundingClientRect().bottom > top + 1);
      return [first.textContent.trim().split(' ')[0], Math.round(first.getBoundingClientRect().top - top)];
    }"""
    chat.find(".scroll").hover()
    for _ in range(12):
        chat.page.mouse.wheel(0, -300)
        chat.page.wait_for_timeout(60)
    chat.page.wait_for_timeout(300)
    before = chat.page.evaluate(top)
    count = len(chat.page.evaluate(WORDS))
    chat.find(".earlier").evaluate("(button) => button.click()")
    shown_more_than(chat, count)
    chat.page.wait_for_timeout(300)
    word, at = chat.page.evaluate(top)
    assert word == before[0]
    assert abs(at - before[1]) <= 2


def test_burst_of_events_arrives_whole_and_in_order(
    visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    chat = opened(visitor, watch)
    chat.page.evaluate(BURST, TOKENS)
    chat.say("All at once")
    chat.running(str(TOKENS - 1))
    chat.ended()
    assert chat.answers.last.inner_text().split() == [str(n) for n in range(TOKENS)]
    assert chat.answers.count() == 1
    chat.page.wait_for_function(LAST)
