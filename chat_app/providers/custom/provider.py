"""The kind `custom`: another backend that speaks the contract of the customer's examples, this project included.

How to set up such a row: the base URL is what the examples call the backend's URL, to which `/sessions`, `/chat/stream` and
`/chat` are added: `https://llama.example.com/api`, or `https://api.example.com/gpt2` (example 3). Of another installation of
this project it is `http://host/api`, or `http://host/<model>` to name one of its models. The key is the backend's key, sent
as `Authorization: Bearer`; without one nothing is sent. The upstream model, where set, goes to `/sessions` as `model`.

Parameters of the row go into the body of the chat request as they stand; one that is None is left out, which also takes away
`events`, by which we ask for typed events (other backends ignore it). Two are ours and are not sent:
`stream = false` asks `/chat` alone, for a backend that cannot stream; then the timeout for the first token has to hold for
the whole answer. `sessions = false` asks for no session, and sends the past with each message, for a backend without
`/sessions`. A backend that has no `/chat/stream` (404, 405), or reads its fields in the query (example 7), is found out.

The far side keeps the conversation in its session, and ours is in the prompt. As long as a session has heard what the prompt
holds, the question alone is sent to it; else a new one is told the past in plain words first. `user_id` is the turn's owner.
A stopped answer is stopped there too: by `POST /api/turns/{id}/cancel` where it sent `X-Turn-Id`, and by closing. One that has
not begun is waited for up to two seconds, in the background, since a turn over there has no name before its headers.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Final

from yarl import URL

from chat_app.domain.errors import UpstreamError, UpstreamRefused
from chat_app.domain.prompt import Message, Prompt
from chat_app.providers import http
from chat_app.providers.base import Chunk, ProgressChunk, RouteConfig, TextChunk, Timeouts
from chat_app.providers.custom import message, sessions
from chat_app.providers.custom.answer import answer_for, decode, failure_of
from chat_app.providers.custom.sessions import FarSession, Manner, Memory
from chat_app.providers.statuses import of_request

STOP_SECONDS: Final = 2.0  # to tell the far side that its answer is no longer wanted
MANNER_SECONDS: Final = 300.0  # for which we remember how a backend is asked
MAX_SESSION: Final = 65_536  # bytes of the answer of /sessions
MAX_USER: Final = 200  # characters of a user_id
OURS: Final = ("stream", "sessions")
_TURN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_GONE: Final = (401, 404, 410)


class CustomBackendProvider:
    """Sessions, chat and stream of the examples. It remembers which session has heard what; losing that loses nothing."""

    kind: ClassVar[str] = "custom"

    def __init__(self) -> None:
        self._heard: Memory[FarSession] = Memory()
        self._manners: Memory[Manner] = Memory()

    def missing(self, route: RouteConfig) -> str | None:
        """A base URL that may be used. A key is optional."""
        if not route.base_url.strip():
            return "The base URL is missing, for example https://custom.example.com/api."
        if problem := http.url_problem(route.base_url):
            return problem
        if not (route.api_key.isascii() and route.api_key.strip().isprintable()):
            return "The API key holds a character that no header can carry."
        return None

    async def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """One attempt: text, progress and notices as they come, usage last where the far side counted. Raises UpstreamError."""
        if any(said.files for said in prompt.messages):
            raise of_request(UpstreamRefused("This model takes no files."))
        asking = _Asking(route, prompt, self._heard, self._manners)
        with http.foreign_errors():
            async with await asking.open() as far:
                answer = answer_for(far.content_type, announced=bool(far.header("X-Turn-Id")))
                try:
                    while not answer.ended:
                        for chunk in answer.take(await far.read()):
                            if type(chunk) in (TextChunk, ProgressChunk):
                                far.text_came()
                            yield chunk
                        if answer.failure is not None:
                            raise answer.failure
                    far.whole()
                finally:
                    if not answer.over:
                        asking.stop(far)
        asking.answered(answer.text)
        if answer.usage is not None:
            yield answer.usage


class _Refused(Exception):
    """The far side answered a request with a status that is none of its answers."""

    def __init__(self, refusal: http.Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.status)

    @property
    def code(self) -> str:
        """The far side's word for it, as this project gives one."""
        body = self.refusal.body
        code = body.get("code") if isinstance(body, dict) else None
        return code if isinstance(code, str) else ""

    @property
    def misses_query(self) -> bool:
        """Whether it looked for its fields in the query string: what FastAPI says of example 7's functions."""
        body = self.refusal.body
        detail = body.get("detail") if isinstance(body, dict) else None
        errors = detail if self.refusal.status == 422 and isinstance(detail, list) else []
        places = [error.get("loc") for error in errors if isinstance(error, dict)]
        return any(isinstance(place, list) and place[:1] == ["query"] for place in places)

    def error(self, *, of_session: bool = False) -> UpstreamError:
        """The tree's error. A refused session says nothing against the message, whatever its status."""
        found = failure_of(self.code, self.refusal.retry_after) or self.refusal.error()
        found.of_request = found.of_request and not of_session
        return found


class _Asking:
    """One attempt, up to the answer's headers: a session, the message for it, and how this backend is asked."""

    def __init__(
        self, route: RouteConfig, prompt: Prompt, heard: Memory[FarSession], manners: Memory[Manner]
    ) -> None:
        self.route = route
        self.prompt = prompt
        self.heard = heard
        self.manners = manners
        self.since = asyncio.get_running_loop().time()
        self.backend = sessions.backend(route)
        self.manner = self.known_manner = manners.look(self.backend) or Manner()
        self.session = self._known_session()
        self.knows_past = self.session is not None

    async def open(self) -> http.Exchange:
        """The answer under way. A session that has ended is renewed once, and a backend asked otherwise once."""
        while True:
            if self.session is None and self.route.parameters.get("sessions") is not False:
                self.session = await self._new_session()
            try:
                far = await self._chat()
            except _Refused as refused:
                if not self._otherwise(refused):
                    raise refused.error() from None
            else:
                if self.manner != self.known_manner:
                    self.manners.keep(self.backend, self.manner, time.monotonic() + MANNER_SECONDS)
                return far

    def stop(self, far: http.Exchange) -> None:
        """Nobody waits for this answer any more: say so, beside the closing of its connection."""
        turn_id = far.header("X-Turn-Id")
        if _TURN.fullmatch(turn_id):
            http.errand(self._cancel(turn_id), STOP_SECONDS)

    def answered(self, text: str) -> None:
        """The answer is whole: the session has heard the prompt, and said this."""
        if self.session is not None and self.prompt.thread_id is not None:
            heard = (*self.prompt.messages, Message("assistant", text))
            self.heard.keep(
                sessions.conversation(self.route, self.prompt, heard), self.session, self.session.until
            )

    @property
    def _streams(self) -> bool:
        return self.manner.streams and self.route.parameters.get("stream") is not False

    def _known_session(self) -> FarSession | None:
        """A session that has heard exactly the past. It is no longer known then: whatever comes of this attempt, it has
        heard more."""
        prompt = self.prompt
        past = prompt.messages[:-1]
        if prompt.thread_id is None or not past or self.route.parameters.get("sessions") is False:
            return None
        return self.heard.take(sessions.conversation(self.route, prompt, past))

    async def _new_session(self) -> FarSession:
        owner = self.prompt.owner
        if len(owner) > MAX_USER:
            owner = hashlib.sha256(owner.encode()).hexdigest()
        fields = {"user_id": owner or "nobody"} | ({"model": self.route.model} if self.route.model else {})
        try:
            exchange = await self._post("/sessions", fields, {})
        except _Refused as refused:
            if self.manner.in_query or not refused.misses_query:
                raise refused.error(of_session=True) from None
            self.manner = replace(self.manner, in_query=True)
            return await self._new_session()
        async with exchange:
            given = decode(await exchange.read_all(MAX_SESSION), dict[str, Any])
        secret = given.get("session_id") or given.get("client_secret")
        if not isinstance(secret, str):
            raise UpstreamError("The model's server gave no session.")
        return FarSession(secret, sessions.usable_until(given.get("expires_at")))

    async def _chat(self) -> http.Exchange:
        """Ask. A stop in the meantime waits for the headers, in the background: they name what is to be stopped."""
        streams = self._streams
        asked = {"events": True} | dict(self.route.parameters) if streams else dict(self.route.parameters)
        more = {name: value for name, value in asked.items() if value is not None and name not in OURS}
        fields = {"message": (message.question if self.knows_past else message.with_past)(self.prompt)}
        if self.session is not None:
            fields["session_id"] = self.session.secret
        elif self.route.model:
            more = {"model": self.route.model} | more
        asking = asyncio.create_task(self._post("/chat/stream" if streams else "/chat", fields, more))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            http.errand(self._stop_early(asking), STOP_SECONDS)
            raise

    def _otherwise(self, refused: _Refused) -> bool:
        """Whether to ask once more, and how. Each way is gone once: a session, a path, a place for the fields."""
        status = refused.refusal.status
        if self.knows_past and (status in _GONE or (status == 409 and refused.code == "turn_running")):
            self.session, self.knows_past = None, False
        elif self._streams and status in (404, 405):
            self.manner = replace(self.manner, streams=False)
        elif not self.manner.in_query and refused.misses_query:
            self.manner = replace(self.manner, in_query=True)
        else:
            return False
        return True

    async def _stop_early(self, asking: asyncio.Task[http.Exchange]) -> None:
        try:
            far = await asking
        except _Refused:
            return
        async with far:
            if _TURN.fullmatch(turn_id := far.header("X-Turn-Id")):
                await self._cancel(turn_id)

    async def _cancel(self, turn_id: str) -> None:
        base = URL(self.route.base_url.strip())
        path = base.path.rstrip("/")
        home = path if path.endswith("/api") else "/api"
        fields = {"session_id": self.session.secret} if self.session is not None else {}
        headers = self._headers() | ({"X-Auth-Token": fields["session_id"]} if fields else {})
        exchange = await http.post(
            base.with_path(f"{home}/turns/{turn_id}/cancel", keep_query=True),
            headers=headers,
            body=fields,
            timeouts=Timeouts(STOP_SECONDS, STOP_SECONDS, STOP_SECONDS, STOP_SECONDS),
            wanted=(200, 202, 204),
        )
        async with exchange:
            await exchange.read_all(MAX_SESSION)

    async def _post(self, path: str, fields: Mapping[str, str], more: Mapping[str, Any]) -> http.Exchange:
        base = URL(self.route.base_url.strip())
        url = base.with_path(base.path.rstrip("/") + path, keep_query=True)
        return await http.post(
            url.update_query(fields) if self.manner.in_query else url,
            headers=self._headers(),
            body={**more} if self.manner.in_query else {**more, **fields},
            timeouts=self.route.timeouts,
            since=self.since,
            wanted=(200, 201),
            refused=_Refused,
        )

    def _headers(self) -> dict[str, str]:
        key = self.route.api_key.strip()
        return {"Accept": "text/event-stream, application/json"} | (
            {"Authorization": f"Bearer {key}"} if key else {}
        )
