"""Streamed Markdown: whatever the cuts, a text ends up as if it had been rendered at once, and finished blocks stay put."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.chat_page import ChatPage

Open = Callable[..., ChatPage]
# The element's own: a second sanitiser would ask for the page's one policy again.
RENDERER = """const renderer = async () =>
  (await import('/static/chat_app/chatkit/built/element.js')).render_stream_StreamedMarkdown;
"""
RENDER_IN = "async () => {" + RENDERER

TEXTS = [
    "A paragraph.\nGoes on.\n\nAnother with `code`, **bold** and [a link](https://example.com).\n",
    "# One\n\nSetext\n===\n\ntext\n---\n\n***\n\n#### Four\nright after\n",
    "- a\n- b\n\n  goes on\n- c\n  - nested\n    1. deep\n\n\n- after a gap\n\ntext\n",
    "1. one\n\n   ```python\n   print('in a list')\n   ```\n\n2. two\n\nend",
    "```python\ndef f():\n    return '```'\n\n\n# still inside\n```\nafter\n\n~~~~\n```\n~~~\n~~~~\n\nlast",
    "```\nnever closed\n\nfor good",
    "| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | `4|5` |\n\nafter\n\n| not a table |\n",
    "> quote\n> > deeper\n\n> again\nlazy\n\nout\n",
    "Uses [ref] before.\n\nMore.\n\n[ref]: https://example.com/late\n\nAnd [ref] after.\n",
    "<div>\nraw\n\n</div>\n\n<b>bold</b> text <br> line\n\n<!-- a\n\nb -->\n\ntail\n",
    "- [ ] open\n- [x] done\n\n~~gone~~ www.example.com me@example.com\n",
    "line one  \nline two\\\nline three\r\n\r\nwindows\r\n",
    "    indented code\n\n    more\n\nnot code\n",
    "שלום עולם\n\nمرحبا **بالعالم**\n\n日本語のテキスト\n\n😀👩‍👩‍👧\n",
]
STREAM = (
    "async ([texts, size]) => {"
    + RENDERER
    + """
  const StreamedMarkdown = await renderer();
  const shown = (host) => host.innerHTML;
  const differ = [];
  for (const text of texts) {
    const [whole, parts] = [document.createElement('div'), document.createElement('div')];
    new StreamedMarkdown(whole).update(text, true);
    const streamed = new StreamedMarkdown(parts);
    for (let end = size; end < text.length; end += size) streamed.update(text.slice(0, end));
    streamed.update(text);
    streamed.update(text, true);
    if (shown(whole) !== shown(parts)) differ.push([text, shown(whole), shown(parts)]);
  }
  return differ;
}"""
)


def test_text_streamed_by_characters_looks_as_if_rendered_at_once(open_chat: Open) -> None:
    assert open_chat().page.evaluate(STREAM, [TEXTS, 1]) == []


def test_text_streamed_in_larger_pieces_looks_as_if_rendered_at_once(open_chat: Open) -> None:
    chat = open_chat()
    for size in (2, 3, 7, 20):
        assert chat.page.evaluate(STREAM, [TEXTS, size]) == []


def test_finished_blocks_are_left_alone(open_chat: Open) -> None:
    kept = open_chat().page.evaluate(
        RENDER_IN
        + """
          const StreamedMarkdown = await renderer();
          const host = document.createElement('div');
          const markdown = new StreamedMarkdown(host);
          markdown.update('# Title\\n\\nFirst.\\n\\nSecond');
          const [title, first, second] = host.children;
          markdown.update('# Title\\n\\nFirst.\\n\\nSecond goes on.');
          return [host.children[0] === title, host.children[1] === first, host.children[2] !== second];
        }"""
    )
    assert kept == [True, True, True]


def test_text_that_is_replaced_is_rendered_anew(open_chat: Open) -> None:
    text = open_chat().page.evaluate(
        RENDER_IN
        + """
          const StreamedMarkdown = await renderer();
          const host = document.createElement('div');
          const markdown = new StreamedMarkdown(host);
          markdown.update('One.\\n\\nTwo.\\n\\nThr');
          markdown.update('Something else');
          return host.textContent.trim();
        }"""
    )
    assert text == "Something else"


def test_code_is_coloured_once_its_fence_closes(open_chat: Open) -> None:
    chat = open_chat()
    chat.say("/slow 30 /echo ```python\ndef f():\n    return 1\n```\n\nand " + "then some more words " * 12)
    colours = chat.prose.locator(".code .hljs-keyword")
    expect(colours.first).to_be_visible()
    expect(chat.find(".from-model").last).to_have_attribute("aria-busy", "true")
    first = colours.first.element_handle()
    chat.ended()
    assert first is not None
    assert first.evaluate("(element) => element.isConnected")


def test_text_of_other_scripts_runs_its_own_way(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo שלום עולם\n\nplain words\n\n- مرحبا")
    direction = "(element) => getComputedStyle(element).direction"
    assert chat.prose.locator("p").nth(0).evaluate(direction) == "rtl"
    assert chat.prose.locator("p").nth(1).evaluate(direction) == "ltr"
    assert chat.prose.locator("ul").evaluate(direction) == "rtl"


def test_long_answer_changes_no_more_of_the_page_towards_its_end(open_chat: Open) -> None:
    changes = open_chat().page.evaluate(
        RENDER_IN
        + """
          const StreamedMarkdown = await renderer();
          const host = document.createElement('div');
          const markdown = new StreamedMarkdown(host);
          const observer = new MutationObserver(() => {});
          observer.observe(host, { childList: true, characterData: true, subtree: true });
          const block = 'Words with **bold** and `code` in them.\\n\\n- one\\n- two\\n\\n```js\\nlet x = 1;\\n```\\n\\n';
          const counts = [];
          let text = '';
          for (let n = 0; n < 60; n += 1) {
            for (const piece of block.match(/.{1,5}|\\n+/gs)) markdown.update((text += piece));
            const records = observer.takeRecords();
            counts.push(records.reduce((sum, one) => sum + one.addedNodes.length + one.removedNodes.length, 0));
          }
          return counts.slice(1);
        }"""
    )
    assert len(set(changes)) == 1
