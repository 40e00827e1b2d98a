"""The drop-in's theme in Chromium: what any theme leaves legible, and what no value of a theme can do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import parts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

STATIC = parts.BASE_DIR / "chat_app" / "static" / "chat_app"
TOKENS = STATIC / "chatkit" / "styles" / "tokens.css"
ORIGIN = "http://theme.localhost"
TYPES = {".js": "text/javascript", ".css": "text/css"}

GROUNDS = ["bg", "bg-side", "bg-raised", "bg-soft", "bg-hover", "bg-code"]
MEANINGS = ["success", "danger", "warning", "info", "discovery", "caution"]
CODES = ["comment", "keyword", "string", "number", "title", "type"]
PAIRS = [
    *[
        [words, ground]
        for ground in GROUNDS
        for words in ("text", "text-soft", "text-faint", "accent-strong", *MEANINGS)
    ],
    *[
        pair
        for name in MEANINGS
        for pair in ([name, f"{name}-soft"], ["text", f"{name}-soft"], [f"on-{name}", name])
    ],
    *[[f"code-{name}", "bg-code"] for name in CODES],
    ["on-accent", "accent"],
    ["on-accent", "accent-hover"],
    ["on-accent-soft", "accent-soft"],
    ["accent-strong", "accent-soft"],
    ["on-bubble", "bubble"],
]
GREYS = [
    {"grayscale": {"hue": hue, "tint": tint, "shade": shade}}
    for tint in range(10)
    for shade in range(-4, 5)
    for hue in ((30, 220) if shade % 2 else (140, 300))
]
ACCENTS = [
    "#000",
    "white",
    "#ffd400",
    "rgb(127 127 127)",
    "#2563eb",
    "oklch(0.7 0.2 40 / 0.9)",
    "#00ffff",
    "hsl(300 100% 50%)",
]
SURFACES = [
    ("#fdf6e3", "#333"),
    ("#0a2540", "#e6edf5"),
    ("#888888", "#111111"),
    ("#777777", "#777777"),
    ("red", "white"),
    ("#fff", "#ccc"),
]
ACCENTED = [{"accent": {"primary": primary, "level": level}} for primary in ACCENTS for level in range(4)]
SURFACED = [
    {"surface": {"background": ground, "foreground": words}, "accent": {"primary": "#2563eb", "level": level}}
    for ground, words in SURFACES
    for level in (1, 3)
]

# The colours as they are painted: of a box in a shadow root, which has the sheets that the element has.
MEASURE = """async ({pairs, colours, schemes, tokens}) => {
  const {themeSheet} = await import('/chatkit/theme.js');
  const host = document.body.appendChild(document.createElement('div'));
  const root = host.attachShadow({mode: 'open'});
  const [base, own] = [new CSSStyleSheet(), new CSSStyleSheet()];
  base.replaceSync(tokens);
  root.adoptedStyleSheets = [base, own];
  const names = [...new Set(pairs.flat())];
  const boxes = names.map((name) => {
    const box = root.appendChild(document.createElement('i'));
    box.style.setProperty('color', `var(--${name})`);
    return box;
  });
  const light = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = (box) => {
    const [r, g, b] = getComputedStyle(box).color.match(/[\\d.]+/g).map(Number).map(light);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const color of colours) for (const colorScheme of schemes) {
    own.replaceSync(themeSheet({colorScheme, color}));
    const seen = Object.fromEntries(names.map((name, at) => [name, luminance(boxes[at])]));
    for (const [a, b] of pairs) {
      const ratio = (Math.max(seen[a], seen[b]) + 0.05) / (Math.min(seen[a], seen[b]) + 0.05);
      if (!(ratio >= 4.5)) found.push([a, b, ratio, colorScheme, JSON.stringify(color)]);
    }
  }
  host.remove();
  return found;
}"""


@pytest.fixture(scope="module")
def themed(chat_browser: Browser) -> Iterator[Page]:
    """A page at an origin of its own, which has the drop-in's files and no server."""
    page = chat_browser.new_page()

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        file = STATIC / path.lstrip("/")
        if path == "/":
            route.fulfill(content_type="text/html", body="<!doctype html><title>theme</title>")
        elif file.is_file():
            route.fulfill(content_type=TYPES[file.suffix], body=file.read_text())
        else:
            route.fulfill(status=404, body="")

    page.route("**", answer)
    page.goto(f"{ORIGIN}/")
    yield page
    page.close()


def sheet(page: Page, theme: Any) -> str:
    found = page.evaluate("async (theme) => (await import('/chatkit/theme.js')).themeSheet(theme)", theme)
    assert isinstance(found, str)
    return found


def warnings(page: Page, theme: Any) -> list[str]:
    said: list[str] = []

    def hear(message: Any) -> None:
        said.append(message.text)

    page.on("console", hear)
    sheet(page, theme)
    page.evaluate(
        "async (theme) => { const t = await import('/chatkit/theme.js'); t.installFonts(t.fontsOf(theme)); }",
        theme,
    )
    page.remove_listener("console", hear)
    return said


@pytest.mark.parametrize(
    "colours", [[{}], GREYS, ACCENTED, SURFACED], ids=["none", "greys", "accents", "surfaces"]
)
def test_words_are_legible_under_any_theme(themed: Page, colours: list[dict[str, Any]]) -> None:
    asked = {"pairs": PAIRS, "colours": colours, "schemes": ["light", "dark"], "tokens": TOKENS.read_text()}
    assert themed.evaluate(MEASURE, asked) == []


def test_tokens_are_what_the_palette_finds_for_no_theme(themed: Page) -> None:
    pairs = themed.evaluate(
        """async () => {
          const [{palette}, {hex}] = await Promise.all([import('/chatkit/palette.js'), import('/chatkit/colour.js')]);
          const [light, dark] = [palette('light'), palette('dark')];
          return Object.keys(light).map((name) => `--${name}: light-dark(${hex(light[name])}, ${hex(dark[name])});`);
        }"""
    )
    text = TOKENS.read_text()
    assert [line for line in pairs if line not in text] == []


@pytest.mark.parametrize("radius", ["pill", "round", "soft", "sharp"])
@pytest.mark.parametrize("density", ["compact", "normal", "spacious"])
def test_a_theme_sets_only_properties_that_the_tokens_have(themed: Page, radius: str, density: str) -> None:
    theme = {
        "radius": radius,
        "density": density,
        "typography": {"baseSize": 14, "fontFamily": "Inter, serif"},
    }
    text = sheet(themed, {**theme, "color": {"grayscale": {"hue": 200, "tint": 3}}})
    known = {
        line.split(":")[0].strip()
        for line in TOKENS.read_text().splitlines()
        if line.strip().startswith("--")
    }
    named = {line.split(":")[0].strip() for line in text.splitlines() if line.strip().startswith("--")}
    assert named
    assert named <= known
    assert '--sans: "Inter", serif, ui-sans-serif' in text


@pytest.mark.parametrize(
    "theme",
    [
        {"typography": {"fontFamily": "x; } * { display: none } :host { --a: y"}},
        {"typography": {"fontFamily": '"x'}},
        {"typography": {"fontFamily": "'a\", b'"}},
        {"typography": {"fontFamily": "x\\"}},
        {"typography": {"fontFamily": "url(http://elsewhere.example/)"}},
        {"typography": {"fontFamilyMono": "x/*"}},
        {"typography": {"baseSize": "16px; color: red"}},
        {"typography": {"baseSize": 40}},
        {"radius": "pill; color: red"},
        {"radius": "constructor"},
        {"density": {"toString": "normal"}},
        {"colorScheme": "light; color: red"},
        {"color": {"accent": {"primary": "red; } * { display: none", "level": 1}}},
        {"color": {"accent": {"primary": "url(http://elsewhere.example/)", "level": 1}}},
        {"color": {"accent": {"primary": "var(--bg)", "level": 1}}},
        {"color": {"accent": {"primary": "currentcolor", "level": 1}}},
        {"color": {"surface": {"background": "transparent"}}},
        {"color": {"grayscale": {"hue": "0; } *", "tint": 3}}},
        {"color": "red"},
        "sepia",
        ["light"],
    ],
    ids=json.dumps,
)
def test_a_value_that_is_not_valid_changes_nothing_and_is_told_of(themed: Page, theme: Any) -> None:
    said = warnings(themed, theme)
    assert sheet(themed, theme) == sheet(themed, "light")
    assert len(said) == 1
    assert said[0].startswith("chatkit: theme")


def test_the_same_value_is_told_of_once(themed: Page) -> None:
    theme = {"radius": "very round"}
    assert [len(warnings(themed, theme)) for _ in range(2)] == [1, 0]


def test_fonts_are_put_into_the_document_once(themed: Page) -> None:
    inter = {"family": "Inter Test", "src": "/inter.woff2", "weight": "100 900", "style": "normal"}
    theme = {
        "typography": {
            "fontSources": [inter, {**inter, "style": "italic", "unicodeRange": "U+0000-00FF, U+0131"}]
        }
    }
    assert warnings(themed, theme) == warnings(themed, theme) == []
    faces = themed.evaluate(
        "[...document.fonts].filter((f) => /Inter Test/.test(f.family)).map((f) => [f.weight, f.style])"
    )
    assert sorted(faces) == [["100 900", "italic"], ["100 900", "normal"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"src": "javascript:alert(1)"},
        {"src": "http://["},
        {"src": 7},
        {"family": "x'; } * {"},
        {"weight": "bold; src: url(http://elsewhere.example/)"},
        {"style": "slanted"},
        {"display": "none"},
        {"unicodeRange": "U+0-7F; src: url(x)"},
    ],
    ids=json.dumps,
)
def test_a_font_that_is_not_valid_is_left_out(themed: Page, wrong: dict[str, Any]) -> None:
    before = themed.evaluate("document.fonts.size")
    font = {"family": "Wrong", "src": "/wrong.woff2", **wrong}
    said = warnings(themed, {"typography": {"fontSources": [font]}})
    assert themed.evaluate("document.fonts.size") == before
    assert "fontSources[0]" in said[0]


def test_a_data_url_cannot_close_the_url_around_it(themed: Page) -> None:
    asked: list[str] = []
    themed.on("request", lambda request: asked.append(request.url))
    font = {"family": "Inline", "src": 'data:font/woff2,x"), url("http://elsewhere.example/x'}
    warnings(themed, {"typography": {"fontSources": [font]}})
    themed.evaluate("document.fonts.load('16px Inline').catch(() => null)")
    assert [url for url in asked if "elsewhere" in url and not url.startswith("data:")] == []


def test_the_styles_are_small_files_of_css_that_parse() -> None:
    files = sorted((STATIC / "chatkit" / "styles").glob("*.css"))
    assert files
    for file in files:
        text = file.read_text()
        assert text.startswith("/*"), file.name
        assert text.count("{") == text.count("}"), file.name


def test_styles_do_not_lean_on_a_pages_root_size() -> None:
    for file in Path(STATIC / "chatkit" / "styles").glob("*.css"):
        assert not re.search(r"\d(rem)\b", file.read_text()), file.name
