"""`<openai-chatkit>` on a page of somebody else's, for tests: what it is told, what it tells, and what it asks the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.e2e.element import Element

if TYPE_CHECKING:
    from playwright.sync_api import Page, Request, Route

FOLDER = "/dropin/"
EVENTS = (
    "ready error effect deeplink log message.sent response.start response.end history.open history.close "
    "thread.change thread.load.start thread.load.end tool.change"
)
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chat</title><link rel="icon" href="data:,">
<style>html, body {{ height: 100%; margin: 0 }} openai-chatkit {{ height: 100vh }}</style>
<script src="{script}"></script></head>
<body><main><openai-chatkit></openai-chatkit></main><script src="page.js"></script></body></html>"""
SCRIPT = """
const element = document.querySelector('openai-chatkit');
window.told = [];
for (const name of '%(events)s'.split(' ')) {
  element.addEventListener(`chatkit.${name}`, ({ detail }) => window.told.push([name, detail?.error?.message ?? detail]));
}
element.addEventListener('chatkit.thread.change', ({ detail: { threadId } }) => {
  if (threadId) sessionStorage.setItem('thread', threadId);
  else sessionStorage.removeItem('thread');
});
async function getClientSecret() {
  const answer = await fetch('/api/custom/session', { method: 'POST' });
  if (!answer.ok) throw new Error((await answer.json()).detail);
  return (await answer.json()).client_secret;
}
const given = %(options)s;
const options = { api: { getClientSecret }, initialThread: sessionStorage.getItem('thread'), ...given };
window.setting = customElements.whenDefined('openai-chatkit').then(() => element.setOptions(options));
"""

CALL = """async () => {
  const element = document.querySelector('openai-chatkit');
  try { return await (%s); } catch (error) { return `${error.name}: ${error.message}`; }
}"""


class Chat(Element):
    """One tab. `told` are the element's events as [name without prefix, detail]."""

    def __init__(self, page: Page, url: str, options: str = "{}") -> None:
        super().__init__(page, url)
        self.options = options
        self.asked: list[Request] = []
        self.script = f"{url}/static/chat_app/chatkit.js"
        page.route(f"{url}{FOLDER}*", self._serve)
        page.on("request", self._note)

    def _serve(self, route: Route) -> None:
        if route.request.url.endswith(".js"):
            script = SCRIPT % {"events": EVENTS, "options": self.options}
            route.fulfill(body=script, content_type="text/javascript; charset=utf-8")
        else:
            route.fulfill(body=PAGE.format(script=self.script), content_type="text/html")

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.url.rstrip("/").endswith("/chatkit"):
            self.asked.append(request)

    def open(self, ready: bool = True) -> None:
        self.page.goto(f"{self.url}{FOLDER}chat.html")
        if ready:
            self.ready()

    @property
    def told(self) -> list[list[Any]]:
        told: list[list[Any]] = self.page.evaluate("window.told")
        return told

    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def call(self, code: str) -> Any:
        """`code` with `element`, awaited. An error's message in place of what it gave, where it throws."""
        return self.page.evaluate(CALL % code)

    @property
    def thread_id(self) -> str | None:
        thread_id: str | None = self.page.evaluate("sessionStorage.getItem('thread')")
        return thread_id

    def operations(self, kind: str) -> list[Any]:
        """The params of each request of one operation."""
        bodies = [request.post_data_json or {} for request in self.asked]
        return [body["params"] for body in bodies if body.get("type") == kind]
