"""How the chat page fits: narrow and wide, light and dark, by keyboard, with little motion.

Screenshots go to pytest's folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from chat_app.views import pages
from tests.e2e.chat_page import ChatPage
from tests.parts import BASE_DIR

Open = Callable[..., ChatPage]
Visitor = Callable[..., BrowserContext]
STATIC = BASE_DIR / "chat_app" / "static" / "chat_app"
SIZES = [(360, 740), (768, 1024), (1440, 900)]
ANSWER = (
    "/echo ## A heading\n\nWords with `code`, a [link](https://example.com/) and **weight**.\n\n"
    "| Column | Another | A third one |\n|---|---|---|\n| cell | a longer cell with words | 42 |\n\n"
    "```python\ndef answer(question: str) -> str:\n"
    "    return question[::-1]  # a comment that is long enough to scroll\n```\n\n"
    "1. one\n2. two\n\n> A quotation.\n\nAnUnbreakableWord" + "x" * 200
)
FITS = """() => {
  const root = document.querySelector('openai-chatkit').shadowRoot;
  const wide = [...root.querySelectorAll('.scroll *, .head *, .foot *')].filter((element) =>
    !element.closest('.table, pre, .menu, .hidden') && element.getBoundingClientRect().right > innerWidth + 1);
  return {
    page: document.documentElement.scrollWidth <= innerWidth,
    wide: wide.map((element) => element.className || element.localName),
    composer: root.querySelector('.composer-slot').getBoundingClientRect().bottom <= innerHeight,
  };
}"""
CONTRAST = """() => {
  const root = document.querySelector('openai-chatkit').shadowRoot;
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const shade = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  for (const element of root.querySelectorAll('.frame *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
    if (element.closest('.hidden, :disabled')) continue;
    const [a, b] = [shade(rgba(getComputedStyle(element).color)), shade(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${element.className || element.localName} ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_page_fits_and_can_be_read(
    open_chat: Open, visitor: Visitor, tmp_path: Path, scheme: str, width: int, height: int
) -> None:
    chat = open_chat(visitor(viewport={"width": width, "height": height}, color_scheme=scheme))
    chat.page.screenshot(path=tmp_path / "empty.png")
    assert chat.page.evaluate(CONTRAST) == []
    chat.ask(ANSWER)
    expect(chat.prose.locator(".hljs-keyword").first).to_be_attached()
    assert chat.page.evaluate(FITS) == {"page": True, "wide": [], "composer": True}
    assert chat.page.evaluate(CONTRAST) == []
    chat.page.screenshot(path=tmp_path / "answer.png")


def test_history_is_a_drawer_on_a_narrow_screen(open_chat: Open, visitor: Visitor) -> None:
    chat = open_chat(visitor(viewport={"width": 360, "height": 740}))
    chat.ask("/echo something")
    expect(chat.history).to_be_hidden()
    chat.button("Conversations").click()
    expect(chat.history).to_be_in_viewport()
    expect(chat.find(".history-close")).to_be_focused()
    chat.page.keyboard.press("Escape")
    expect(chat.history).to_be_hidden()
    expect(chat.button("Conversations")).to_be_focused()


def test_history_folds_on_a_wide_screen_and_stays_so(open_chat: Open) -> None:
    chat = open_chat()
    expect(chat.find(".panel.history")).to_be_in_viewport()
    chat.button("Conversations").click()
    expect(chat.find(".panel.history")).not_to_be_in_viewport()
    chat.reload()
    expect(chat.find(".panel.history")).not_to_be_in_viewport()


def test_theme_is_chosen_and_kept(open_chat: Open, visitor: Visitor) -> None:
    chat = open_chat(visitor(color_scheme="light"))
    ground = "getComputedStyle(document.querySelector('openai-chatkit')).backgroundColor"
    light = chat.page.evaluate(ground)
    chat.button("Theme: as the system").click()
    chat.button("Theme: light").click()
    expect(chat.button("Theme: dark")).to_be_visible()
    dark = chat.page.evaluate(ground)
    assert dark != light
    chat.reload()
    assert chat.page.evaluate(ground) == dark


def test_whole_conversation_can_be_had_by_keyboard(open_chat: Open) -> None:
    chat = open_chat()
    expect(chat.input).to_be_focused()
    chat.page.keyboard.type("/echo by hand")
    chat.page.keyboard.press("Enter")
    chat.ended()
    expect(chat.input).to_be_focused()
    seen = set()
    for _ in range(40):
        chat.page.keyboard.press("Shift+Tab")
        seen.add(
            chat.page.evaluate(
                "(() => { const e = document.querySelector('openai-chatkit').shadowRoot.activeElement;"
                " return e && (e.getAttribute('aria-label') || e.textContent.trim()); })()"
            )
        )
    assert {"Copy", "Good answer", "Answer again", "New chat", "Search conversations"} <= seen


def test_prompt_is_asked_with_one_click(open_chat: Open) -> None:
    chat = open_chat()
    chat.find(".prompt").first.click()
    chat.ended()
    expect(chat.questions).to_have_count(1)
    expect(chat.find(".prompts")).to_be_hidden()


def test_nothing_moves_for_those_who_want_little_motion(open_chat: Open, visitor: Visitor) -> None:
    chat = open_chat(visitor(reduced_motion="reduce"))
    chat.say("/tokens 200 30")
    chat.running("0002")
    moving = (
        "document.querySelector('openai-chatkit').shadowRoot.getAnimations()"
        ".filter((a) => a.playState === 'running').length"
    )
    assert chat.page.evaluate(moving) == 0


def test_preloaded_modules_are_those_that_the_page_needs(open_chat: Open) -> None:
    chat = open_chat()
    chat.ask("/echo ```python\nx = 1\n```")
    expect(chat.prose.locator(".hljs-number")).to_be_attached()
    names = chat.page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => new URL(entry.name).pathname)"
        ".filter((path) => path.endsWith('.js')).map((path) => path.replace('/static/chat_app/', ''))"
    )
    assert set(names) - {"chatkit.js", "page.js", "vendor/highlight.min.js"} == set(pages.MODULES)
    assert len(names) == len(set(names))


def test_vendored_files_are_as_the_manifest_says() -> None:
    listed = json.loads((STATIC / "vendor" / "vendor.json").read_text())["files"]
    there = {path.name for path in (STATIC / "vendor").iterdir() if path.suffix in (".js", ".json")}
    assert {entry["file"] for entry in listed} == there - {"vendor.json"}
    for entry in listed:
        data = (STATIC / "vendor" / entry["file"]).read_bytes()
        assert sha256(data).hexdigest() == entry["sha256"], entry["file"]
        assert entry["version"].encode() in data
        assert b"sourceMappingURL" not in data
        assert all((STATIC / "vendor" / name).read_text().strip() for name in entry["licence_files"])


def test_own_modules_stay_short_and_make_no_markup() -> None:
    for path in STATIC.rglob("*.js"):
        if {"vendor", "built"} & set(path.parts):
            continue
        text = path.read_text()
        assert len(text.splitlines()) <= 350, path
        for word in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
        ):
            assert word not in text, f"{word} in {path}"
