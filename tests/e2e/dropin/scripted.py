"""A tab with `<openai-chatkit>` whose server is a script in the page (scripted.js), under the strict policy of our own pages.

Served from the working tree by routes: no server runs, and what is not there is a 404. What it says is the tests' business.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from chat_app.views.pages import CSP
from tests.e2e.dropin.chat import EVENTS, FOLDER, Chat

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

ROOT = Path(__file__).parents[3]
ORIGIN = "http://dropin.test"
FOLDERS = {"static": ROOT / "chat_app" / "static", "gallery": ROOT / "examples" / "gallery"}
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".html": "text/html"}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chat</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="page.css"><script src="/static/chat_app/chatkit.js"></script></head>
<body><main><openai-chatkit></openai-chatkit></main><script type="module" src="page.js"></script></body></html>"""
STYLE = "html, body { height: 100%; margin: 0 } openai-chatkit { height: 100vh }"
SCRIPT = """
import { scriptedFetch } from './scripted.js';
const element = document.querySelector('openai-chatkit');
window.told = [];
for (const name of '%(events)s'.split(' ')) {
  element.addEventListener(`chatkit.${name}`, ({ detail }) => window.told.push([name, detail?.error?.message ?? detail]));
}
window.apply = async (options) => {
  await customElements.whenDefined('openai-chatkit');
  element.setOptions({ api: { url: '/chatkit', fetch: scriptedFetch }, ...options });
};
window.apply(%(options)s);
"""


class Scripted(Chat):
    """One such tab; `left` are the addresses that it went to after its own."""

    def __init__(self, page: Page, options: str = "{}") -> None:
        page.route("**/*", self._file)
        super().__init__(page, ORIGIN, options)
        self.left: list[str] = []

    def open(self, ready: bool = True) -> None:
        super().open(ready)
        self.page.on("framenavigated", lambda frame: self.left.append(frame.url))
        self.page.on("popup", lambda popup: self.left.append(f"popup {popup.url}"))
        self.page.on("download", lambda download: self.left.append(f"download {download.url}"))

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(self.url + FOLDER)
        own = {
            "chat.html": PAGE,
            "page.css": STYLE,
            "page.js": SCRIPT % {"events": EVENTS, "options": self.options},
            **{
                file: Path(__file__).with_name(file).read_text()
                for file in ("scripted.js", "poison.js", "hostile.js")
            },
        }
        kind = f"{TYPES['.' + name.rpartition('.')[2]]}; charset=utf-8" if name in own else "text/plain"
        headers = {"Content-Security-Policy": CSP}
        route.fulfill(
            status=200 if name in own else 404, body=own.get(name, ""), content_type=kind, headers=headers
        )

    def _file(self, route: Route) -> None:
        _, top, rest = [*route.request.url.removeprefix(self.url).split("?")[0].split("/", 2), "", ""][:3]
        file = FOLDERS[top] / rest if top in FOLDERS else None
        if file and file.is_file():
            route.fulfill(path=file, content_type=TYPES.get(file.suffix, "application/octet-stream"))
        else:
            route.fulfill(status=404, body="")

    def says(self, **parts: Any) -> None:
        """What the server says from now on: `threads`, `items` by thread, `answer` as events."""
        self.page.evaluate("parts => Object.assign(window.scripted, parts)", parts)
