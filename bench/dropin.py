"""The drop-in in a browser: how long it keeps the page from all else, what it holds in memory, what it makes a visitor load.

The page is `bench/page/`, with a ChatKit server of its own in it, so that no network and no server of ours is measured here.
"""

from __future__ import annotations

import gzip
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench import venv
from bench.servers import ROOT, Desk, Running

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

STATIC = ROOT / "chat_app" / "static"
APP = STATIC / "chat_app"
FETCHED = ("highlight.min.js", "lucide.json")  # what others wrote and nothing built holds
PAGE = Path(__file__).with_name("page")
ITEMS = 2000
TOKENS = 20_000
PER_SECOND = 2000
MB = 1_000_000
ARGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


class _Files(SimpleHTTPRequestHandler):
    """The page, and what it loads from `/static/`."""

    def translate_path(self, path: str) -> str:
        path = urlsplit(path).path
        folder = ROOT / "chat_app" if path.startswith("/static/") else PAGE
        return str(folder / path.lstrip("/"))

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are counted in the browser."""


@dataclass(frozen=True, slots=True)
class DropIn:
    """The files of the page on the desk's port. The browser is started by whoever measures."""

    name: str = "drop-in"

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Serve them. venv.Absent without Playwright or a browser."""
        _browser()
        with ThreadingHTTPServer(("127.0.0.1", desk.port), partial(_Files)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield Running(desk.port, os.getpid())
            finally:
                server.shutdown()


def _browser() -> str:
    from tests import parts

    try:
        import playwright  # noqa: F401
    except ImportError:
        raise venv.Absent("Playwright is not installed") from None
    path = parts.chromium_path()
    if path is None:
        raise venv.Absent("no Chromium is installed")
    return path


@contextmanager
def _opened(server: Running) -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_browser(), args=ARGS)
        page = chromium.new_page(viewport={"width": 480, "height": 800})
        page.set_default_timeout(120_000)
        yield page
        chromium.close()


def long_answer(desk: Desk, server: Running) -> dict[str, float]:
    """An answer at a pace into a long thread that is loaded to its beginning."""
    tokens = TOKENS // 4 if desk.quick else TOKENS
    how = {"items": ITEMS, "tokens": tokens, "perSecond": PER_SECOND, "initialThread": "long"}
    with _opened(server) as page:
        tools = page.context.new_cdp_session(page)
        page.goto(f"http://127.0.0.1:{server.port}/index.html")
        page.wait_for_function("window.bench")
        page.evaluate("how => bench.open(how)", how)
        first = _heap(tools)
        loading = page.evaluate("bench.loadLongest()")
        before = _heap(tools)
        with _traced(page, desk) as tasks:
            asked = page.evaluate("bench.ask()")
        after = _heap(tools)
        page.evaluate("bench.close()")
        closed = _heap(tools)
    if not asked["whole"]:
        raise AssertionError("the answer is not whole")
    took = sum(wall for wall, _ in tasks)
    return {
        "longest_ms": asked["longest"],
        "longest_cpu_ms": max(cpu for _, cpu in tasks),
        "disturbed": (took - sum(cpu for _, cpu in tasks)) / took,
        "loading_ms": loading,
        "heap_first_mb": first,
        "heap_before_mb": before,
        "heap_after_mb": after,
        "heap_closed_mb": closed,
    }


@contextmanager
def _traced(page: Page, desk: Desk) -> Iterator[list[tuple[float, float]]]:
    """The tasks of the page's main thread while the block lasts: milliseconds on the clock and of the CPU."""
    browser, file = page.context.browser, desk.folder / "trace.json"
    assert browser is not None
    tasks: list[tuple[float, float]] = []
    browser.start_tracing(page=page, path=file, categories=["toplevel"])
    yield tasks
    browser.stop_tracing()
    events = json.loads(file.read_bytes())["traceEvents"]
    main = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    for event in events:
        if event["name"] == "ThreadControllerImpl::RunTask" and (event["pid"], event["tid"]) in main:
            tasks.append((event.get("dur", 0) / 1000, event.get("tdur", 0) / 1000))


def _heap(tools: CDPSession) -> float:
    tools.send("HeapProfiler.collectGarbage")
    used: float = tools.send("Runtime.getHeapUsage")["usedSize"]
    return used / MB


def weight(desk: Desk, server: Running) -> dict[str, float]:
    """What is loaded up to the end of a first answer, each file by itself with gzip -9. `first_secret`: with `getClientSecret`,
    which needs the connector. `later`: what is fetched by who needs it, such as widgets; one language of all."""
    first = _loaded(server, secret=False)
    first_secret = _loaded(server, secret=True)
    built = APP / "chatkit" / "built"
    languages = set((built / "strings").glob("*.js"))
    whole = {*built.rglob("*.js"), *built.rglob("*.css"), *(APP / "vendor" / name for name in FETCHED)}
    later = whole - first - languages
    return {
        "first_kb": _kb(first),
        "first_files": len(first),
        "first_secret_kb": _kb(first_secret),
        "first_secret_files": len(first_secret),
        "later_kb": _kb(later) + max(_kb({file}) for file in languages),
    }


def _loaded(server: Running, *, secret: bool) -> set[Path]:
    """The static files that a page has loaded when its first answer is there."""
    how = {"items": 0, "tokens": 12, "perSecond": 1000, "secret": secret}
    files: set[str] = set()
    with _opened(server) as page:
        page.on("requestfinished", lambda request: files.add(urlsplit(request.url).path))
        page.goto(f"http://127.0.0.1:{server.port}/index.html")
        page.wait_for_function("window.bench")
        page.evaluate("how => bench.open(how)", how)
        if not page.evaluate("bench.ask()")["whole"]:
            raise AssertionError("the answer is not whole")
        page.wait_for_load_state("networkidle")
    return {STATIC / path.removeprefix("/static/") for path in files if path.startswith("/static/")}


def _kb(files: set[Path]) -> float:
    return sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) / 1000
