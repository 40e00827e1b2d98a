"""OpenAI's hosted ChatKit as its REST API shows it, with faults on purpose: a server of its own on a real socket.

`GET /v1/chatkit/threads` and `GET /v1/chatkit/threads/{id}/items`, in pages, as openai-python 2.44 describes them; 401 without
the key `KEY` and 400 without the beta header. `PUT /_state` takes `{"threads": [...], "items": {thread id: [...]}, "faults":
[...], "delay": seconds}`, all of which may be left out; `GET /_state` tells the requests so far. A fault is `{"path": the end
of a path, "status": n, "headers": {...}, "body": text, "times": how often}`; of two on one path the first comes first.

In a test: `with hosted_chatkit() as api: api.set(threads=[...])`. By hand: `python -m tests.upstream.hosted_threads`.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from aiohttp import web

from tests.parts import BASE_DIR

KEY = "sk-tests-only-hosted"


class State:
    """What is there, what goes wrong, and what was asked."""

    def __init__(self) -> None:
        self.threads: list[dict[str, Any]] = []
        self.items: dict[str, list[dict[str, Any]]] = {}
        self.faults: list[dict[str, Any]] = []
        self.delay = 0.0
        self.asked: list[dict[str, Any]] = []
        self.most_at_once = self._now = 0

    async def answer(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/v1/chatkit")
        self.asked.append({"path": path, "query": dict(request.query), "at": time.monotonic()})
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(self.delay)
            return self._fault(path) or self._page(request)
        finally:
            self._now -= 1

    def _fault(self, path: str) -> web.Response | None:
        for fault in self.faults:
            if path.endswith(fault["path"]) and fault.get("times", 1):
                fault["times"] = fault.get("times", 1) - 1
                text = fault.get("body", '{"error": {"message": "secret-of-the-upstream"}}')
                return web.Response(
                    status=fault.get("status", 200), text=text, content_type="application/json",
                    headers=fault.get("headers"),
                )  # fmt: skip
        return None

    def _page(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": {"code": "invalid_api_key"}}, status=401)
        if request.headers.get("OpenAI-Beta") != "chatkit_beta=v1":
            return web.json_response({"error": {"code": "beta_header_missing"}}, status=400)
        thread = request.match_info.get("thread")
        if thread is not None and not any(row["id"] == thread for row in self.threads):
            return web.json_response({"error": {"code": "not_found"}}, status=404)
        rows = self.items.get(thread, []) if thread is not None else self.threads
        query = request.query
        if "user" in query:
            rows = [row for row in rows if row["user"] == query["user"]]
        if query.get("order", "desc") == "desc":
            rows = rows[::-1]
        if "after" in query:
            ids = [row["id"] for row in rows]
            if query["after"] not in ids:
                return web.json_response({"error": {"code": "not_found"}}, status=404)
            rows = rows[ids.index(query["after"]) + 1 :]
        page = rows[: int(query.get("limit", 20))]
        ends = {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        return web.json_response(
            {
                "object": "list",
                "data": page,
                "has_more": len(page) < len(rows),
                "first_id": None,
                "last_id": None,
            }
            | ends
        )


def application() -> web.Application:
    """The API and its two ends for tests."""
    state = State()

    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"asked": state.asked, "most_at_once": state.most_at_once})

    async def change(request: web.Request) -> web.Response:
        vars(state).update(await request.json(), asked=[], most_at_once=0)
        return web.json_response({})

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_get("/v1/chatkit/threads", state.answer)
    app.router.add_get("/v1/chatkit/threads/{thread}/items", state.answer)
    app.router.add_get("/_state", tell)
    app.router.add_put("/_state", change)
    return app


class HostedChatKit:
    """The running API: `base_url` is for OPENAI_BASE_URL."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.base_url = f"{root}/v1"

    def set(self, **state: Any) -> None:
        """What is there from now on, and what goes wrong; the count of requests begins anew."""
        requests.put(f"{self.root}/_state", json=state, timeout=10).raise_for_status()

    def asked(self, end: str = "") -> list[dict[str, Any]]:
        """The requests whose paths end so, in order."""
        return [each for each in self.state()["asked"] if each["path"].endswith(end)]

    def state(self) -> Any:
        return requests.get(f"{self.root}/_state", timeout=10).json()


@contextmanager
def hosted_chatkit() -> Iterator[HostedChatKit]:
    """Start it on a free port, and stop it at the end."""
    command = [sys.executable, "-m", "tests.upstream.hosted_threads", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=BASE_DIR) as process:
        try:
            assert process.stdout is not None
            (root,) = re.findall(r"http://127\.0\.0\.1:\d+", process.stdout.readline())
            yield HostedChatKit(root)
        finally:
            process.terminate()


async def _forever(port: int) -> None:
    runner = web.AppRunner(application(), shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print(f"hosted ChatKit on http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.sleep(float("inf"))


# What it holds


def thread(name: str, user: str = "ann", at: int = 1_760_000_000, **fields: Any) -> dict[str, Any]:
    """A thread as the API shows it."""
    shown = {"id": f"cthr_{name}", "object": "chatkit.thread", "created_at": at, "user": user, "title": None}
    return {**shown, "status": {"type": "active"}, **fields}


def item(kind: str, name: str, at: int = 1_760_000_000, /, **fields: Any) -> dict[str, Any]:
    """An item as the API shows it; the thread's id in it is not read."""
    shown = {"id": f"cthi_{name}", "object": "chatkit.thread_item", "thread_id": "cthr_x", "created_at": at}
    return {**shown, "type": f"chatkit.{kind}", **fields}


def asked(name: str, text: str, at: int = 1_760_000_000, **fields: Any) -> dict[str, Any]:
    """A user's message."""
    content = [{"type": "input_text", "text": text}]
    return item(
        "user_message",
        name,
        at,
        **{"content": content, "attachments": [], "inference_options": None} | fields,
    )


def answered(name: str, text: str, at: int = 1_760_000_000, **fields: Any) -> dict[str, Any]:
    """An assistant's message."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return item("assistant_message", name, at, **{"content": content} | fields)


def many(count: int, *, messages: int = 2, user: str = "ann") -> dict[str, Any]:
    """`count` threads of so many messages, a question and an answer in turn, a minute apart; for `set`."""
    threads = [thread(f"{n:04d}", user, 1_760_000_000 + 60 * n) for n in range(count)]
    items = {
        row["id"]: [
            (answered if m % 2 else asked)(
                f"{row['id'][5:]}_{m}", f"text {m} of {row['id']}", row["created_at"] + m
            )
            for m in range(messages)
        ]
        for row in threads
    }
    return {"threads": threads, "items": items}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8191)
    with suppress(KeyboardInterrupt):
        asyncio.run(_forever(parser.parse_args().port))
