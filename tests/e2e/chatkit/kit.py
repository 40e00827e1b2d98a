"""ChatKit as a person sees it, for tests: a page with the published React package, the stand-in of OpenAI's element and the
connector. No assertion about a feature lives here.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.e2e.element import Element

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Request, Route

HERE = Path(__file__).parent
FOLDER = "/kit/"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ChatKit</title><link rel="icon" href="data:,">
<style>html, body, #root, .chat { height: 100%; margin: 0 }</style>
<script src="chatkit.js"></script></head>
<body><div id="root"></div><script type="module" src="app.js"></script></body></html>"""

SEND_FILE = """async ([name, type, content]) => {
  const element = document.querySelector('openai-chatkit');
  const attachments = await element.setComposerValue({ files: [new File([content], name, { type })] });
  await element.sendUserMessage({ text: '/echo got it', attachments });
}"""


def build(folder: Path) -> Path:
    """Bundle the stand-in (`chatkit.js`) and the page (`app.js`) into `folder`."""
    command = ["node", str(HERE / "build.mjs"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return folder


class Kit(Element):
    """One tab with ChatKit in it, on the server's own origin. `asked` are the tab's operations, oldest first."""

    def __init__(self, page: Page, url: str, bundles: Path) -> None:
        super().__init__(page, url)
        self.asked: list[Request] = []
        page.route(f"{url}{FOLDER}*", lambda route: _serve(route, bundles))
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.url.endswith("/chatkit") and request.method == "POST":
            self.asked.append(request)

    def open(self, path: str = FOLDER) -> None:
        self.page.goto(self.url + path)
        self.ready()

    def ready(self) -> None:
        self.page.locator("openai-chatkit[data-ready]").wait_for()

    def find(self, selector: str) -> Locator:
        return self.page.locator(f"openai-chatkit {selector}")

    @property
    def questions(self) -> Locator:
        return self.find("li[data-type=user_message]")

    @property
    def answers(self) -> Locator:
        return self.find("li[data-type=assistant_message]")

    @property
    def alerts(self) -> Locator:
        return self.find("[role=alert]")

    @property
    def stop(self) -> Locator:
        return self.page.get_by_role("button", name="Stop", exact=True)

    def say(self, text: str) -> None:
        self.page.get_by_label("Message").fill(text)
        self.page.get_by_label("Message").press("Enter")

    def text(self) -> str:
        """The newest answer."""
        return (self.answers.last.text_content() or "").strip()

    def send_file(self, name: str, mime_type: str, content: str) -> list[str]:
        """Send a message with a file. -> the names of the files that the server has put into it"""
        self.page.evaluate(SEND_FILE, [name, mime_type, content])
        self.ended()
        files: list[str] = self.evaluate(
            "element.state.items.flatMap((item) => (item.attachments ?? []).map((file) => file.name))"
        )
        return files

    def ended(self, timeout: float = 30_000) -> None:
        self.find("ol[data-responding=false]").wait_for(timeout=timeout)

    def evaluate(self, code: str) -> Any:
        """`code` with `element`, the stand-in, and `states`, what `onStatus` has said."""
        where = "const element = document.querySelector('openai-chatkit'); const { states } = window;"
        return self.page.evaluate(f"async () => {{ {where} return {code}; }}")

    def operations(self, kind: str) -> list[Request]:
        """The requests of one operation."""
        return [request for request in self.asked if (request.post_data_json or {}).get("type") == kind]


def _serve(route: Route, bundles: Path) -> None:
    name = route.request.url.rpartition("/")[2]
    if name.endswith(".js"):
        route.fulfill(path=bundles / name, content_type="text/javascript; charset=utf-8")
    else:
        route.fulfill(body=PAGE, content_type="text/html")
