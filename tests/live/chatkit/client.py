"""A ChatKit client that keeps to the official one's rules and forgives less: one frame, its retries, paging and tools.

It asserts that what it is sent is sound (`strict.py`) and keeps the threads that it is told of (`folded.py`); what a thread
should hold is the tests' business.
"""

from __future__ import annotations

import json
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

import requests

from tests.live.chatkit import strict
from tests.live.chatkit.folded import Folded, Json
from tests.live.clients import Caller

TRIES = 6  # one and five more
PATIENCE = 0.02  # of the official client's one second
PAGE = 9999
STREAM = {"Accept": "text/event-stream"}
CONNECTOR = {"X-Chat-Connector": "details"}


class Refused(Exception):
    """A status that the client takes for final, and what its body says."""

    def __init__(self, answer: requests.Response) -> None:
        self.status = answer.status_code
        self.headers = answer.headers
        self.body = strict.problem(answer.text)
        super().__init__(f"{self.status} {self.body['message']}")


class GaveUp(Exception):
    """Every try was answered by a status that asks for another."""


class Client:
    """One frame of one user. `tools` are what the page can do: name -> function of the arguments. With `connected` it speaks by
    way of the connector, which says which requests are the same and what the end of a stream means."""

    def __init__(
        self,
        who: Caller,
        *,
        headers: Mapping[str, str] | None = None,
        tools: Mapping[str, Callable[[Any], Any]] | None = None,
        connected: bool = False,
    ) -> None:
        self.who = who
        self.frame = str(uuid.uuid4())
        self.connected = connected
        self.headers = {**(CONNECTOR if connected else {}), **(headers or {})}
        self.tools = dict(tools or {})
        self.threads: dict[str, Folded] = {}
        self.fired: list[Json] = []  # every call of a tool, as the item that told of it
        self.tries = 0

    # What the official client sends

    def create(self, text: str, **message: Any) -> Stream:
        return self.stream("threads.create", input=said(text, **message))

    def add(self, thread_id: str, text: str, **message: Any) -> Stream:
        return self.stream("threads.add_user_message", thread_id=thread_id, input=said(text, **message))

    def act(self, thread_id: str, item_id: str | None, kind: str, payload: Any = None) -> Stream:
        action = {"type": kind, "payload": payload}
        sender = {} if item_id is None else {"item_id": item_id}
        return self.stream("threads.custom_action", thread_id=thread_id, action=action, **sender)

    def retry(self, thread_id: str, item_id: str) -> Stream:
        return self.stream("threads.retry_after_item", thread_id=thread_id, item_id=item_id)

    def tool_output(self, thread_id: str, result: Any) -> Stream:
        return self.stream("threads.add_client_tool_output", thread_id=thread_id, result=result)

    def answer(self, thread_id: str, item_id: str, answers: Any, status: str = "answered") -> Stream:
        given = {"status": status, "answers": answers}
        return self.stream("threads.add_structured_input", thread_id=thread_id, item_id=item_id, input=given)

    def say(self, text: str, thread_id: str | None = None, **message: Any) -> Folded:
        """A message and all that comes of it, tools and their results too: the thread."""
        stream = self.create(text, **message) if thread_id is None else self.add(thread_id, text, **message)
        return stream.to_the_end()

    # How it sends and reads

    def stream(self, operation: str, **params: Any) -> Stream:
        """The stream of an operation, once a server has agreed to one."""
        key = {"Idempotency-Key": str(uuid.uuid4())} if self.connected else {}
        stream = Stream(self, self._post(operation, params, {**STREAM, **key}), operation, params)
        stream.sent = {**STREAM, **key}
        return stream

    def again(self, stream: Stream, *, behind: bool) -> Stream:
        """The same request once more, as the connector sends it: from the beginning, or `behind` what came."""
        place = {"Last-Event-ID": stream.last_id} if behind and stream.last_id else {}
        response = self._post(stream.operation, stream.params, {**stream.sent, **place})
        return Stream(self, response, stream.operation, stream.params, again=True)

    def join(self, turn_id: str, behind: str = "") -> Stream:
        """A turn that somebody has begun, from its first event or `behind` an id. Raises Refused; the status of an empty answer
        is 204."""
        sent = {**self.headers, **({"Last-Event-ID": behind} if behind else {})}
        response = self.who.get(f"/chatkit/turns/{turn_id}/events", headers=sent, stream=True)
        if response.status_code not in (200, 204):
            raise Refused(response)
        return Stream(self, response, "join", {}, again=True)

    def call(self, operation: str, **params: Any) -> Any:
        """The answer to an operation that does not stream. Raises Refused."""
        response = self._send(operation, params, {})
        if response.status_code != 200:
            raise Refused(response)
        assert response.headers["Content-Type"] == "application/json"
        data = strict.answer(operation, response.text, more=self.told_more)
        return strict.official(data) if self.told_more else data

    @property
    def told_more(self) -> bool:
        """Whether it asks for more than ChatKit's own words."""
        return self.headers.get("X-Chat-Connector") == "details"

    def answered(self, thread_id: str) -> dict[str, Json]:
        """What an element of our own is told of a thread's answers beside ChatKit's own words."""
        own = {"type": "items.list", "params": {"thread_id": thread_id, "limit": PAGE, "order": "asc"}}
        response = self._send(own["type"], own["params"], {})
        rows = strict.answer("items.list", response.text, more=True)["data"]
        return {row["id"]: row["answered"] for row in rows if "answered" in row}

    def read(self, thread_id: str) -> tuple[Json, list[Any]]:
        """A thread as it is opened: itself and all its items, page by page behind the last row that came."""
        thread = self.call("threads.get_by_id", thread_id=thread_id)
        page = thread.pop("items")
        rows = list(page["data"])
        while page["has_more"]:
            assert page["data"], "there is more, and no row to go on behind"
            page = self.page("items.list", thread_id=thread_id, order="asc", after=rows[-1]["id"])
            rows += page["data"]
        assert len({row["id"] for row in rows}) == len(rows)
        return thread, [strict.plain(row) for row in rows]

    def listed(self) -> list[Json]:
        """The history: all of the user's threads, newest first."""
        rows: list[Json] = []
        page: Any = {"has_more": True}
        while page["has_more"]:
            behind = {"after": rows[-1]["id"]} if rows else {}
            page = self.page("threads.list", order="desc", **behind)
            rows += page["data"]
        return rows

    def page(self, operation: str, **params: Any) -> Any:
        """One page, as many rows as the client ever asks for."""
        return self.call(operation, limit=PAGE, **params)

    def folded(self, thread_id: str) -> Folded:
        return self.threads.setdefault(thread_id, Folded())

    def opened(self, thread_id: str) -> Folded:
        """The thread taken over from the server, as after a reload."""
        thread, _ = self.read(thread_id)
        found = self.threads[thread_id] = Folded()
        found.thread = thread
        page = self.call("threads.get_by_id", thread_id=thread_id)["items"]
        found.items = {row["id"]: row for row in page["data"]}
        if self.told_more:
            found.answered = self.answered(thread_id)
        return found

    def _post(self, operation: str, params: Any, headers: Mapping[str, str]) -> requests.Response:
        self.tries = 0
        for n in range(TRIES):
            self.tries += 1
            response = self._send(operation, params, headers)
            kind = response.headers.get("Content-Type", "")
            if response.status_code == 200 and kind.startswith("text/event-stream"):
                return response
            if 400 <= response.status_code < 500:
                raise Refused(response)
            response.close()
            time.sleep(min(2**n, 10) * PATIENCE * random.uniform(0.5, 1))
        raise GaveUp(response.status_code)

    def _send(self, operation: str, params: Any, headers: Mapping[str, str]) -> requests.Response:
        own = {"Accept-Language": "en-GB", "chatkit-frame-instance-id": self.frame}
        body = json.dumps({"type": operation, "params": params}, ensure_ascii=False).encode()
        sent = {**own, **self.headers, **headers}
        return self.who.call("POST", "/chatkit", body, headers=sent, stream=bool(headers))


def said(text: str, **more: Any) -> Json:
    """A message as the composer sends it."""
    plain = {"content": [{"type": "input_text", "text": text}], "attachments": [], "inference_options": {}}
    return {**plain, "quoted_text": "", **more}


class Stream:
    """One answer that is read as it comes. `ended` says whether it came to a clean end; `last_id` is the id of the last frame
    that had one."""

    def __init__(
        self, client: Client, response: requests.Response, operation: str, params: Any, again: bool = False
    ) -> None:
        self.client = client
        self.response = response
        self.operation, self.params = operation, params
        self.sent: Mapping[str, str] = STREAM
        self.turn_id = response.headers.get("X-Turn-Id", "")
        self.thread_id = str(params.get("thread_id") or response.headers.get("X-Thread-Id", ""))
        self.seen: list[Json] = []
        self.pings = 0
        self.ended = False
        self.last_id = ""
        self._calls: list[Json] = []
        self._held = b""
        self.thread = client.folded(self.thread_id)
        if not again:
            self.thread.retry_after(params["item_id"] if operation == "threads.retry_after_item" else None)
            if operation == "threads.add_client_tool_output" and self.turn_id:
                self.thread.tool_answered(params["result"])
        self._events = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def __iter__(self) -> Iterator[Json]:
        return self._events

    def hang_up(self) -> None:
        """Abort the fetch: what Stop, a reload and a lost network look like from here."""
        self.response.close()

    def until(self, kind: str, number: int = 1) -> Json:
        """Read until so many events of a kind (or updates of a kind) have come: the last of them."""
        for event in self._events:
            if kind in (event["type"], event.get("update", {}).get("type")):
                number -= 1
                if not number:
                    return event
        raise AssertionError(f"the stream has ended without {kind}: {self.kinds()}")

    def all(self) -> list[Json]:
        """Read to the end: every event of the stream. What tools were called is left to the caller."""
        for _ in self._events:
            pass
        assert self.ended
        return self.seen

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.seen]

    def to_the_end(self) -> Folded:
        """Read all, then send what the tools returned, as often as it takes: the thread as it is then."""
        self.all()
        results = [self.client.tools[call["name"]](call["arguments"]) for call in self._calls]
        for result in results:
            self.client.tool_output(self.thread_id, result).to_the_end()
        return self.thread

    def _read(self) -> Iterator[Json]:
        for piece in self.response.iter_content(None):
            self._held += piece
            *blocks, self._held = self._held.split(b"\n\n")
            for block in blocks:
                if (event := self._event(block.decode())) is not None:
                    yield event
        assert not self._held, self._held
        self.ended = True

    def _event(self, block: str) -> Json | None:
        data = []
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if name == "id":
                self.last_id = value.removeprefix(" ")
            elif name == "data":
                data.append(value.removeprefix(" "))
            else:
                assert name in ("", "event", "retry"), line
                self.pings += not name
        if not any(data):
            return None
        event: Json = strict.event("\n".join(data), more=self.client.told_more)
        self.seen.append(event)
        self.thread.take(json.loads(json.dumps(event)))
        self._fire(event)
        return event

    def _fire(self, event: Json) -> None:
        """The client looks at `added` and `done` alike, and not at what was called before."""
        if event["type"] in ("thread.item.added", "thread.item.done"):
            item = event["item"]
            if item["type"] == "client_tool_call":
                self._calls.append(item)
                self.client.fired.append(item)
