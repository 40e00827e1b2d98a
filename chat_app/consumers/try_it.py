"""Staff try one model from its admin page: a one-off turn of exactly this model, as typed events. No fallback answers.

Who may do that is `policy.may_try`'s to say. Hanging up stops the answer.
"""

from __future__ import annotations

from django.contrib.admin.utils import unquote

from chat_app.chat import turns
from chat_app.chat.turns import Ask
from chat_app.consumers.stream import FollowConsumer, turn_headers
from chat_app.wire import native, requests, sse


class TryModel(FollowConsumer):
    """`POST /admin/chat_app/modelconfig/{id}/try/stream` `{message}` -> `text/event-stream` of typed events.

    What keeps the turn from starting is a status with the usual JSON; what happens later is an event.
    """

    async def respond(self) -> None:
        fields = requests.check(requests.AskBody, self.fields())
        ask = Ask(fields["message"], model=unquote(self.path("model") or ""), one_off=True, only_model=True)
        begun = await turns.start_turn(self.identify(), ask)
        following = turns.watch(begun)

        def hang_up() -> None:
            following.follower.close()
            turns.abandon(begun)

        self.when_gone(hang_up)
        await self.start(200, [*sse.HEADERS, *turn_headers(begun)])
        await self.pass_on(following, native.Encoder(begun.turn_id, None).sse_frame, [])
