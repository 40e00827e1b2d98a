"""Clients that do all that the contract asks of one: they say a message with an idempotency key, follow its typed events,
and come back behind the last number whenever a connection ends before the turn does, to another worker if they know one.

What they saw goes to the ledger; how each of their requests was answered, to the traffic.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.ledger import Broken, Ledger, Link, View
from tests.servers import BACKEND_KEY

SILENCE = 40.0  # seconds without a byte after which a connection is dead: the server says something each 15
CONNECT = 3.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
PASSING = (429, 500, 502, 503, 504)  # statuses after which a client tries again
NO_ANSWER = 0


def now() -> float:
    return asyncio.get_running_loop().time()


@dataclass(frozen=True)
class Answer:
    """How one request was answered. `status` 0: not at all. `begun` and `took` are seconds."""

    what: str
    base: str
    status: int
    begun: float
    took: float
    detail: str = ""

    @property
    def at(self) -> float:
        return self.begun + self.took


@dataclass
class Traffic:
    """Every request and its answer, in order of their answers."""

    answers: list[Answer] = field(default_factory=list)

    def note(self, what: str, base: str, status: int, begun: float, detail: str = "") -> None:
        self.answers.append(Answer(what, base, status, begun, now() - begun, detail))

    def failures(self, since: float = 0.0) -> list[Answer]:
        """Those with a status of 5xx."""
        return [one for one in self.answers if one.status >= 500 and one.begun >= since]

    def burst(self, since: float) -> float:
        """Seconds from the first 5xx since then to the last."""
        failed = [one.at for one in self.failures(since)]
        return max(failed) - min(failed) if failed else 0.0

    def slowest(self, since: float = 0.0) -> float:
        return max((one.took for one in self.answers if one.begun >= since), default=0.0)

    def told(self) -> dict[str, int]:
        """How many answers of each status."""
        counts: dict[str, int] = {}
        for one in self.answers:
            counts[str(one.status)] = counts.get(str(one.status), 0) + 1
        return counts


class Person:
    """Somebody with a session. `bases` are the addresses that they know; they stay at one until it fails them."""

    def __init__(self, crowd: Crowd, name: str, secret: str, session_id: str, bases: Sequence[str]) -> None:
        self.crowd, self.name, self.secret = crowd, name, secret
        self.thread_id = "thr_" + session_id.partition("_")[2]
        self.bases, self._at = list(bases), 0
        self.http, self.ledger, self.traffic = crowd.http, crowd.ledger, crowd.traffic
        self._failed = 0
        self._stream: aiohttp.ClientResponse | None = None

    @property
    def base(self) -> str:
        return self.bases[self._at % len(self.bases)]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def go(self, *bases: str) -> None:
        """Know these addresses from now on, and begin with the first."""
        self.bases, self._at = list(bases), 0

    def also_at(self, *bases: str) -> Person:
        """The same person at another window, with other addresses."""
        session = "ses_" + self.thread_id.partition("_")[2]
        return Person(self.crowd, f"{self.name}'", self.secret, session, bases)

    async def say(self, text: str) -> View:
        """Say a message and read its answer to the end."""
        view, stream = await self.begin(text)
        return await self.read(view, stream)

    async def begin(self, text: str) -> tuple[View, aiohttp.ClientResponse]:
        """Say a message until it is taken. -> what is shown of its turn, and the stream of it."""
        key = f"{self.name}-{self.crowd.random.getrandbits(64):016x}"
        body = {"message": text, "session_id": self.secret, "events": True}
        while True:
            stream = await self._send("POST", "/api/chat/stream", json=body, headers={"Idempotency-Key": key})
            if stream is None:
                continue
            assert stream.status == 200, f"{self.name}: {stream.status} {await stream.text()}"
            turn_id = stream.headers["X-Turn-Id"]
            self.ledger.said(key, self.thread_id, text, turn_id)
            return self.ledger.view(turn_id, self.name), stream

    async def read(self, view: View, stream: aiohttp.ClientResponse | None = None) -> View:
        """Follow a turn to its end, over as many connections as it takes; the first may be open already."""
        while not view.ended:
            headers = {"Last-Event-ID": str(view.seq)} if view.kinds else {}
            if stream is None:
                stream = await self._send("GET", f"/api/turns/{view.turn_id}/events", headers=headers)
                if stream is None:
                    continue
            if stream.status == 204:
                raise Broken(view.story("204, and no end was shown"))
            assert stream.status == 200, view.story(f"{stream.status} {await stream.text()}")
            await self._drain(view, stream)
            stream = None
            if not view.ended:
                await self._elsewhere()
        return view

    async def follow(self, turn_id: str) -> View:
        """Follow a turn that somebody else has begun."""
        return await self.read(self.ledger.view(turn_id, self.name))

    async def stop(self, turn_id: str) -> None:
        """Ask for the end of a turn."""
        answer = await self._send("POST", f"/api/turns/{turn_id}/cancel", json={})
        assert answer is not None
        assert answer.status == 202, await answer.text()
        answer.release()

    def hang_up(self) -> None:
        """Cut the connection on which an answer is being read, as a lost network does."""
        if self._stream is not None:
            self._stream.close()

    async def get(self, path: str) -> Any:
        """The JSON of a GET that must be answered; asked again until it is."""
        while True:
            answer = await self._send("GET", path)
            if answer is not None:
                async with answer:
                    assert answer.status == 200, f"{path}: {answer.status} {await answer.text()}"
                    return await answer.json()

    async def look(self, path: str) -> int:
        """One GET, whatever becomes of it. -> its status"""
        begun, base = now(), self.base
        try:
            async with self.http.get(base + path, headers=self.headers) as answer:
                detail = (await answer.text())[:300]
                self.traffic.note(
                    f"GET {path}", base, answer.status, begun, detail if answer.status >= 400 else ""
                )
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.traffic.note(f"GET {path}", base, NO_ANSWER, begun, type(error).__name__)
            return NO_ANSWER

    async def turn(self, turn_id: str) -> Any:
        return await self.get(f"/api/turns/{turn_id}")

    async def ended(self, turn_id: str, seconds: float = 30.0) -> Any:
        """The stored turn once it has ended."""
        async with asyncio.timeout(seconds):
            while (turn := await self.turn(turn_id))["state"] in ("queued", "running"):
                await asyncio.sleep(0.1)
        return turn

    async def items(self) -> list[Any]:
        """All items of this person's thread."""
        found: list[Any] = []
        after = ""
        while True:
            page = await self.get(f"/api/threads/{self.thread_id}/items?limit=100{after}")
            found += page["data"]
            if not page["has_more"]:
                return found
            after = f"&after={page['next']}"

    async def _send(self, method: str, path: str, **given: Any) -> aiohttp.ClientResponse | None:
        """One request. None where it was not answered, or refused for now: the client has rested then, and gone elsewhere."""
        what, base, begun = f"{method} {path.split('?')[0]}", self.base, now()
        headers = {**self.headers, **given.pop("headers", {})}
        try:
            answer = await self.http.request(method, base + path, headers=headers, **given)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.traffic.note(what, base, NO_ANSWER, begun, type(error).__name__)
            await self._elsewhere()
            return None
        detail = (await answer.text())[:300] if answer.status >= 400 else ""
        self.traffic.note(what, base, answer.status, begun, detail)
        if answer.status in PASSING:
            await self._elsewhere()
            return None
        return answer

    async def _drain(self, view: View, stream: aiohttp.ClientResponse) -> None:
        """Take what one connection brings, to its end."""
        link = Link(self.base, view.seq, now())
        view.links.append(link)
        self._stream = stream
        try:
            async for data in events(stream):
                moment = now()
                link.first = link.first or moment
                link.events += 1
                self._failed = 0
                view.take_at(data, moment)
            link.how = "closed"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            link.how = type(error).__name__
        finally:
            link.ended = now()
            stream.close()

    async def _elsewhere(self) -> None:
        """Rest a little, longer each time, and go to the next address."""
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**self._failed)
        self._failed += 1
        self._at += 1
        await asyncio.sleep(pause * self.crowd.random.uniform(0.5, 1.0))


async def events(stream: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """The `data` of the typed events of a stream; comments are left out, and so is a frame without its end."""
    held = b""
    async for piece in stream.content.iter_any():
        *blocks, held = (held + piece).split(b"\n\n")
        for block in blocks:
            for line in block.split(b"\n"):
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])


class Crowd:
    """People on one event loop, with one ledger and one traffic. `random` is seeded."""

    def __init__(self, http: aiohttp.ClientSession, sockets: aiohttp.ClientSession, seed: int) -> None:
        self.http, self.sockets, self.random = http, sockets, random.Random(seed)
        self.ledger, self.traffic = Ledger(), Traffic()
        self.people: list[Person] = []
        self._stored: dict[str, Any] = {}

    async def person(self, *bases: str) -> Person:
        """Somebody new, with a session that was issued at the first address."""
        name = f"p{len(self.people)}-{self.random.getrandbits(32):08x}"
        body, key = {"user_id": name, "model": "demo"}, {"Authorization": f"Bearer {BACKEND_KEY}"}
        async with self.http.post(bases[0] + "/api/sessions", json=body, headers=key) as answer:
            assert answer.status == 201, await answer.text()
            given = await answer.json()
        person = Person(self, name, given["session_id"], given["id"], bases)
        self.people.append(person)
        return person

    async def check(self, people: Sequence[Person] | None = None, *, afresh: bool = False) -> dict[str, Any]:
        """Everything that anybody saw against what is stored now; the stored turns by id. For when all turns have ended.

        A turn that was checked before is not asked for again, unless `afresh`.
        """
        if afresh:
            self._stored.clear()
        await asyncio.gather(*(self._check(person) for person in (self.people if people is None else people)))
        return self._stored

    async def _check(self, person: Person) -> None:
        messages = self.ledger.messages.values()
        ids = [turn_id for one in messages if one.thread_id == person.thread_id for turn_id in one.turns]
        for turn_id in ids:
            if turn_id not in self._stored:
                self._stored[turn_id] = turn = await person.turn(turn_id)
                assert turn["state"] not in ("queued", "running"), turn
                self.ledger.check_turn(turn)
        if ids:
            self.ledger.check_messages(person.thread_id, await person.items(), self._stored)


@asynccontextmanager
async def crowd(seed: int) -> AsyncIterator[Crowd]:
    """People, for an `async with`."""
    patient = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT
    )  # a socket may be silent for as long as it likes
    watchful = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=SILENCE)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=watchful) as http,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=patient) as sockets,
    ):
        yield Crowd(http, sockets, seed)
