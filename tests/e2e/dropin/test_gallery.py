"""The gallery in `examples/`: every item and widget on the real element, in both themes, narrow and wide, read by axe-core."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import parts
from tests.e2e.chat_page import Watch
from tests.e2e.examples import bundles
from tests.parts import BASE_DIR

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

AXE = Path(bundles.__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
GROUPS = 11
LOOKS = [
    ("light", 1440, "ltr"),
    ("dark", 1440, "ltr"),
    ("light", 768, "ltr"),
    ("dark", 360, "ltr"),
    ("light", 360, "rtl"),
]
RUN = """async () => {
  const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.flat().join(' ')).join(' | ')}`);
}"""


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture(scope="module")
def files() -> Iterator[str]:
    """The repository's files, as any web server has them."""
    handler = functools.partial(Handler, directory=str(BASE_DIR))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def settled(page: Page) -> None:
    """Wait until a group is drawn and whatever it loads late has come."""
    page.locator("openai-chatkit .frame[data-phase=ready] .message").first.wait_for()
    page.wait_for_load_state("networkidle")


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("theme", "width", "direction"), LOOKS)
def test_gallery_is_without_a_violation(
    theme: str, width: int, direction: str, files: str, visitor: Callable[..., BrowserContext], watch: Watch
) -> None:
    parts.require("examples_packages")
    page = visitor(viewport={"width": width, "height": 1000}).new_page()
    page.emulate_media(reduced_motion="reduce")
    watch.over(page, files)
    page.goto(f"{files}/examples/gallery/?theme={theme}&dir={direction}")
    page.add_script_tag(path=AXE)
    groups = page.locator("#groups button, #groups a")
    assert groups.count() == GROUPS
    found: list[str] = []
    for number in range(GROUPS):
        groups.nth(number).click()
        page.wait_for_timeout(200)
        settled(page)
        name = groups.nth(number).inner_text()
        found += [f"{name}: {violation}" for violation in page.evaluate(RUN)]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    assert found == []
