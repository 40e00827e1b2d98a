"""A page with the drop-in's composer alone, on a chat that is made up: what its tests drive. Its files come from the static
folder by a small server of this module; what the composer asks of the chat is recorded in the page as `log`.
"""

from __future__ import annotations

import mimetypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests import parts
from tests.e2e.chat_page import Watch
from tests.servers import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Locator, Page

STATIC = parts.BASE_DIR / "chat_app" / "static" / "chat_app"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; media-src blob:; "
    "require-trusted-types-for 'script'; trusted-types dompurify"
)
HTML = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Composer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css"></head><body><main><div id="chat"></div></main>
<script type="module" src="/harness.js"></script></body></html>"""
CSS = "body { margin: 0; } #chat { block-size: 100vh; }"
FRAME = """.frame { display: grid; grid-template-rows: 1fr auto; block-size: 100vh; padding: 16px; } .talk { padding: 8px; }"""
HARNESS = """
import { Composer } from '/static/chatkit/composer/index.js';
import { tagChip } from '/static/chatkit/composer/tags.js';
import { selectionReply } from '/static/chatkit/composer/quote.js';
import { icon } from '/static/chatkit/icons.js';
import { loadLocale } from '/static/chatkit/locale.js';
import { normalised } from '/static/chatkit/options.js';
import { initial } from '/static/chatkit/store.js';
import { h } from '/static/view/dom.js';

const SHEETS = ['tokens', 'base', 'controls', 'overlay', 'composer', 'composer-files', 'tags'];
const host = document.querySelector('#chat');
const root = host.attachShadow({ mode: 'open' });
const log = (window.log = {});
const nothing = () => ({
  sent: [], events: [], errors: [], said: [], removed: [], uploads: [], stops: 0, calls: [], recordings: [],
});

async function style(name, address = `/static/chatkit/styles/${name}.css`) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(await (await fetch(address)).text());
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

const overlays = h('div', { class: 'overlays' });
const drafts = (window.drafts = new Map());
const words = await loadLocale(new URLSearchParams(location.search).get('locale') ?? 'en');
host.setAttribute('dir', words.dir);
const kit = (window.kit = {
  ...words, root, host, overlays, icon, style,
  chat: {
    send: (message) => {
      log.sent.push(structuredClone(message));
      return window.failing ? Promise.reject(new Error('Refused.')) : Promise.resolve();
    },
    stop: () => (log.stops += 1),
  },
  files: {
    upload: (file, { onProgress, signal }) => new Promise((resolve, reject) => {
      const upload = { name: file.name, onProgress, aborted: false, reject: (text) => reject(new Error(text)) };
      const type = file.type.startsWith('image/') ? 'image' : 'file';
      const attachment = { type, id: `att_${file.name}`, name: file.name, mime_type: file.type, preview_url: '/preview.png' };
      upload.resolve = () => resolve(attachment);
      signal.addEventListener('abort', () => { upload.aborted = true; reject(signal.reason); });
      log.uploads.push(upload);
    }),
    remove: async (id) => { log.removed.push(id); },
    transcribe: async (blob) => {
      log.recordings.push({ size: blob.size, type: blob.type });
      if (window.deaf) throw Object.assign(new Error('The recording is too long.'), { status: 413 });
      return 'spoken words';
    },
  },
  emit: (name, detail) => log.events.push([name, detail]),
  report: (error) => log.errors.push(error.message),
  announce: (text) => log.said.push(text),
  drafts: {
    get: (id) => drafts.get(id),
    set: (id, value) => (value ? drafts.set(id, value) : drafts.delete(id)),
  },
});
root.append(h('div', { class: 'frame' }, h('div', { class: 'talk' })), overlays);
for (const sheet of SHEETS) await style(sheet);
await style('frame', '/frame.css');
const talk = root.querySelector('.talk');
talk.append(
  h('p', { 'data-quotable': '', class: 'answer' }, 'The first answer has a passage in it.'),
  h('p', { class: 'other' }, 'Not to be quoted.'));
selectionReply(kit, talk);

/** A composer of a visitor who has never been here. */
window.fresh = () => {
  window.composer?.destroy();
  window.composer = undefined;
  localStorage.clear();
  drafts.clear();
  Object.assign(log, nothing());
  window.failing = window.deaf = window.forbidden = false;
  again();
};

/** The same visitor comes back. */
window.again = () => {
  window.composer?.destroy();
  kit.options = normalised({ api: { url: '/chatkit' } });
  kit.store = { state: { ...initial(), phase: 'ready' } };
  window.composer = kit.composer = new Composer(kit);
  root.querySelector('.frame').append(composer.element);
  getSelection().removeAllRanges();
};
fresh();

Object.assign(window, {
  tagChip, host,
  mark: (selector, from, to) => {
    const words = root.querySelector(selector).firstChild;
    getSelection().setBaseAndExtent(words, from, words, to);
  },
  content: () => composer.field.content(),
  update: (patch) => composer.render((kit.store.state = { ...kit.store.state, ...patch })),
  setOptions: (options) => {
    kit.options = normalised({ api: { url: '/chatkit' }, ...options });
    composer.render(kit.store.state);
  },
  file: (name, type, size = 10) => new File(['x'.repeat(size)], name, { type }),
  give: (type, files, text = '') => {
    const data = new DataTransfer();
    for (const file of files) data.items.add(file);
    if (text) data.setData('text/plain', text);
    const at = type === 'paste' ? composer.field.element : host;
    const how = { bubbles: true, cancelable: true, composed: true };
    at.dispatchEvent(type === 'paste' ? new ClipboardEvent(type, { ...how, clipboardData: data })
      : new DragEvent(type, { ...how, dataTransfer: data }));
  },
});
document.body.dataset.ready = '';
"""


class Files(BaseHTTPRequestHandler):
    """The page and what it is made of."""

    protocol_version = "HTTP/1.1"
    pages = {
        "/": (HTML, "text/html"),
        "/page.css": (CSS, "text/css"),
        "/frame.css": (FRAME, "text/css"),
        "/harness.js": (HARNESS, "text/javascript"),
    }

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        file = STATIC / path.removeprefix("/static/")
        body, kind = self.pages.get(path, ("", "text/plain"))
        content = body.encode()
        if path.startswith("/static/") and file.is_file():
            content = file.read_bytes()
            kind = "text/javascript" if file.suffix == ".js" else (mimetypes.guess_type(file.name)[0] or kind)
        self.send_response(200 if content else 204)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        if path == "/":
            self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        """Nothing is logged."""


@contextmanager
def composer_server() -> Iterator[str]:
    """The address of a server for the page; of this machine, so that a browser lets it have a microphone."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class ComposerPage:
    """A tab with the composer; `watch` fails the test for what its console says."""

    def __init__(self, context: BrowserContext, watch: Watch, server: str, query: str = "") -> None:
        self.page: Page = context.new_page()
        watch.over(self.page, server)
        self.page.goto(f"{server}/{query}")
        self.wait_ready()

    def wait_ready(self) -> None:
        self.page.wait_for_selector("body[data-ready]")

    def run(self, script: str, value: Any = None) -> Any:
        return self.page.evaluate(script, value)

    def wait(self, script: str) -> None:
        """Until an expression holds. Asked from here, as the page's policy lets nothing in it read scripts from text."""
        wait_until(lambda: bool(self.page.evaluate(script)), script)

    def options(self, script: str) -> None:
        """`setOptions`, with options written in JavaScript, for they have functions in them."""
        self.page.evaluate(f"setOptions({script})")

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("textbox")

    @property
    def sent(self) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = self.page.evaluate("log.sent")
        return sent

    @property
    def content(self) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = self.page.evaluate("content()")
        return content

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def find(self, selector: str) -> Locator:
        return self.page.locator(selector)

    def type(self, text: str) -> None:
        self.field.press_sequentially(text)
