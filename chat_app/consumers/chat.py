"""What waits for a model without streaming, and what touches a running turn: these hold neither a thread nor a connection
while they wait, which is why they are consumers and not views."""

from __future__ import annotations

from chat_app.chat import turns
from chat_app.consumers.base import HttpConsumer
from chat_app.consumers.parting import outcome
from chat_app.consumers.stream import ask_of, turn_headers
from chat_app.domain.events import Failed, Interrupted
from chat_app.wire import native, problems, requests


class Chat(HttpConsumer):
    """`POST /api/chat`: the whole answer in one response."""

    async def respond(self) -> None:
        fields, ask = ask_of(self)
        begun = await turns.start_turn(self.identify(fields.get("session_id")), ask)
        self.when_gone(lambda: turns.abandon(begun))
        event = await outcome(begun)
        headers = {key.decode(): value.decode() for key, value in turn_headers(begun)}
        if isinstance(event, Interrupted):
            event = Failed(event.code, "The answer was cut off; please try again.", event.retryable)
        if isinstance(event, Failed):
            problem = problems.of_code(event.code, event.detail, event.retryable, event.retry_after)
            body = problem.with_id(self.scope.get("request_id", ""))
            await self.send_json(problem.status, body, {**headers, **problem.headers})
            return
        session = fields.get("session_id") or self._bearer_session(begun)
        answer = native.chat_answer(event, begun.turn_id, session_id=session, thread_id=begun.thread_id)
        await self.send_json(200, answer, headers)

    def _bearer_session(self, begun: turns.Begun) -> str | None:
        """The client secret that came as Bearer: what goes on as `session_id`. A cookie's is not for the page to read."""
        given = self.scope["identify"].credentials
        alone = begun.principal.kind == "session" and given.auth_token is None
        return given.bearer if alone else None


class TurnState(HttpConsumer):
    """`GET /api/turns/{id}`: the turn as it stands this moment."""

    methods = ("GET",)

    async def respond(self) -> None:
        token = requests.query(self.scope["query_string"]).get("session_id")
        info = await turns.get(self.identify(token), self.path("turn_id") or "")
        await self.send_json(200, native.turn(info))


class TurnCancel(HttpConsumer):
    """`POST /api/turns/{id}/cancel`: 202 and the turn; its end is an event of the turn."""

    async def respond(self) -> None:
        token = requests.query(self.scope["query_string"]).get("session_id")
        info = await turns.cancel(self.identify(token), self.path("turn_id") or "")
        await self.send_json(202, native.turn(info))


class TurnRetry(HttpConsumer):
    """`POST /api/turns/{id}/retry`: 202 and the new turn, to be followed by its id."""

    async def respond(self) -> None:
        fields = requests.check(requests.RetryBody, self.fields())
        identify = self.identify(requests.query(self.scope["query_string"]).get("session_id"))
        key = self.header(b"idempotency-key")
        begun = await turns.retry(identify, self.path("turn_id") or "", fields.get("model"), key)
        info = await turns.get(lambda: begun.principal, begun.turn_id)
        await self.send_json(202, native.turn(info), {k.decode(): v.decode() for k, v in turn_headers(begun)})
