"""Lists that stream: shown as if they had been there at once, whatever becomes of them; and what a piece of them costs."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.e2e.dropin.widgets_page import WidgetsPage

COMPARE = """async ([texts, sizes]) => {
  const { StreamedMarkdown } = await import('/static/chat_app/render/stream.js');
  const differ = [];
  for (const text of texts) {
    const whole = document.createElement('div');
    new StreamedMarkdown(whole).update(text, true);
    for (const size of sizes) {
      const parts = document.createElement('div');
      const streamed = new StreamedMarkdown(parts);
      const steps = [];
      for (let end = size; end < text.length; end += size) {
        streamed.update(text.slice(0, end));
        if (end % 13 < size) steps.push([text.slice(0, end), parts.innerHTML]);
      }
      streamed.update(text, true);
      if (whole.innerHTML !== parts.innerHTML) differ.push([size, text, whole.innerHTML, parts.innerHTML]);
      if (text.includes(']: ')) continue; // what is defined later is known at the end only
      for (const [before, shown] of steps) {
        const host = document.createElement('div');
        new StreamedMarkdown(host).update(before);
        if (host.innerHTML !== shown) differ.push([size, before, host.innerHTML, shown]);
      }
    }
  }
  return differ;
}"""
HARD = [
    "- a\n- b\n- c\n- d\n\n- e\n- f\n- g\n",
    "1. a\n\n2. b\n\n3. c\n\n4. d\n\n5. e\n6. f\n",
    "- a\n- b\n- c\n---\nafter\n",
    "- a\n- b\n- c\n- d\n-5 degrees\n",
    "- a\n- b\n- c\n- \n- d\n- e\n- f\n",
    "- a\n- b\n- c\n-\n\n- d\n- e\n- f\n",
    "- a\n- b\n- c\n* d\n* e\n* f\n* g\n",
    "7. a\n8. b\n9. c\n10. d\n11) e\n12) f\n13) g\n14) h\n",
    "- a\n- b\n\n\n- c\n\n-\n---\n- d\n",
    "- x\n- a\n\n- b\n\n---\n",
    "- a\n- <b>b\n- c\n- d</b>\n- e\n- f\n",
    "- a\n- b\n- c\n- ```js\n  let x;\n\n  let y;\n  ```\n- d\n- e\n- f\n",
    "- a\n  - a1\n  - a2\n- b\n  1. b1\n\n  2. b2\n- c\n- d\n- e\n",
    "- [ ] a\n- [x] b\n- [ ] c\n\n- [x] d\n- e\n- f\n- g\n",
    "- [r]\n- b\n- c\n- d\n- e\n\n[r]: https://example.com/\n\n- [r]\n- x\n- y\n- z\n",
    " - a\n - b\n  - c\n   - d\n    - e\n - f\n - g\n",
    "- a\nlazy\n- b\nlazy\n- c\n- d\n> quote\n- e\n",
    "- a\r\n- b\r\n- c\r\n- d\r\n- e\r\n",
    "- שלום\n- مرحبا\n- c\n- d\n- e\n",
]
PIECES = [
    "- one *two* `three`\n",
    "- four\n",
    "* star\n",
    "+ plus\n",
    "1. first\n",
    "2. second **bold**\n",
    "  - inside\n",
    "    deeper\n",
    "   1. within\n",
    "\n",
    "\n\n",
    "lazy words\n",
    "  more words\n",
    "- [x] done\n",
    "- \n",
    "-\n",
    "---\n",
    "- - nested\n",
    "- # heading\n",
    "- > quote\n",
    "- ```\n",
    "  ```\n",
    "- <b>open\n",
    "- a | b\n",
    "- [link](https://example.com) and [r]\n",
    "\nparagraph\n\n",
]


def documents(count: int, seed: int) -> list[str]:
    """Lists of every kind, their pieces thrown together, mostly of one kind in a row as lists are."""
    found = []
    dice = random.Random(seed)
    for _ in range(count):
        usual = dice.sample(PIECES, 3)
        rows = [dice.choice(usual if dice.random() < 0.75 else PIECES) for _ in range(dice.randint(4, 22))]
        found.append("".join(rows).rstrip("\n") if dice.random() < 0.3 else "".join(rows))
    return found


@pytest.fixture(scope="module")
def opened(chat_browser: object) -> Iterator[WidgetsPage]:
    """One tab for all tests of this file."""
    page = chat_browser.new_page()  # type: ignore[attr-defined]
    page.set_default_timeout(60_000)
    yield WidgetsPage(page)
    page.close()


def test_lists_that_change_their_kind_look_as_if_rendered_at_once(opened: WidgetsPage) -> None:
    assert opened.page.evaluate(COMPARE, [HARD, [1, 2, 5]]) == []


@pytest.mark.parametrize("seed", range(2))
def test_random_lists_look_as_if_rendered_at_once(opened: WidgetsPage, seed: int) -> None:
    assert opened.page.evaluate(COMPARE, [documents(40, seed), [1, 4]]) == []


COST = """async ([item, many]) => {
  const { StreamedMarkdown } = await import('/static/chat_app/render/stream.js');
  const host = document.createElement('div');
  const markdown = new StreamedMarkdown(host);
  let text = '';
  let changed = 0;
  for (let n = 1; n <= many; n += 1) markdown.update((text += item.replace('#', n)));
  const observer = new MutationObserver(() => undefined);
  observer.observe(host, { childList: true, subtree: true });
  for (const piece of ['- 1. ', 'word ', 'and ', 'more ']) markdown.update((text += piece));
  for (const { addedNodes } of observer.takeRecords()) for (const node of addedNodes) changed += node.textContent.length;
  return [host.querySelectorAll('li').length, changed];
}"""


@pytest.mark.parametrize(
    "item", ["- Item # has some words\n", "- Item # has some words\n\n"], ids=["tight", "loose"]
)
def test_piece_of_a_long_list_costs_what_it_costs_in_a_short_one(opened: WidgetsPage, item: str) -> None:
    [few, little] = opened.page.evaluate(COST, [item, 20])
    [many, much] = opened.page.evaluate(COST, [item, 600])
    assert few >= 20
    assert many >= 600
    assert much < 1.5 * little
