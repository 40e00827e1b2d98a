"""What a responder does beside answering turns: actions that want no stream, feedback, dictation.

Which responder that is follows from the thread: the model that was asked in it last, else the speaker's own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from chat_app.chat import catalog, openings, policy
from chat_app.chat.asks import Identify
from chat_app.chat.runner import RUNNER
from chat_app.domain.errors import ChatError, InvalidInput, NotFound, UpstreamError
from chat_app.domain.events import ItemData, ItemDone
from chat_app.domain.prompt import Given, Prompt
from chat_app.domain.turn import ACTIVE, HIDDEN
from chat_app.models import Item, Thread, Turn
from chat_app.providers.python import provider as python
from chat_app.providers.python.own_events import OwnEvents
from chat_app.streaming.control import CONTROL
from chat_app.streaming.shared import LOG
from sessions_app.db import db
from sessions_app.principal import Principal

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hook:
    """A method of a responder, and on whose behalf it is called."""

    method: Callable[..., Any]
    prompt: Prompt

    async def call(self, *arguments: Any) -> Any:
        """What the method returns. Its ChatErrors pass; anything else that it raises is logged, and told as a broken model."""
        try:
            if inspect.iscoroutinefunction(self.method):
                return await self.method(self.prompt, *arguments)
            return await db(self.method, self.prompt, *arguments)
        except ChatError:
            raise
        except Exception as error:
            logger.error("responder.hook_failed", hook=self.method.__name__, exc_info=error)
            raise UpstreamError("The model's code failed on this server.") from error


def find(identify: Identify, thread_id: str | None, name: str, given: Given | None = None) -> Hook | None:
    """The method of that name of the responder that this thread is answered by, None where it has none. Sync. Raises NotFound
    for a thread that is not this speaker's, and what the choice of a model raises."""
    principal = identify()
    policy.may_chat(principal)
    catalogue = catalog.catalogue()
    asked = _asked_last(principal, thread_id) if thread_id is not None else None
    try:
        model_id = policy.model_for(principal, catalogue, asked)
    except ChatError:
        if asked is None:
            raise
        model_id = policy.model_for(principal, catalogue, None)  # the one asked last is switched off
    for route in catalogue.candidates(model_id, guest=principal.guest):
        if route.config.kind == "python":
            method = python.hook(route.config.model, name)
            prompt = Prompt((), principal.owner, thread_id)
            found = replace(prompt, given=given) if given is not None else prompt
            return Hook(method, found) if method is not None else None
    return None


def _asked_last(principal: Principal, thread_id: str) -> str | None:
    row = Thread.objects.filter(pk=thread_id).values_list("owner", "head_id").first()
    owner, head_id = row or (None, None)
    policy.owns_thread(principal, owner)
    return Turn.objects.filter(pk=head_id).values_list("requested_model", flat=True).first()


async def sync_action(
    identify: Identify, thread_id: str, item_id: str | None, action: Mapping[str, Any]
) -> ItemData | None:
    """Hand an action to the responder and store the item that it gives back in the sender's place. Also while a turn runs.

    Raises NotFound, InvalidInput where the model takes no such actions, ThreadClosed."""

    def prepare() -> tuple[ItemData | None, str | None]:
        principal = identify()
        row = Thread.objects.filter(pk=thread_id).values_list("owner", "status", "status_reason").first()
        policy.owns_thread(principal, row[0] if row else None)
        assert row is not None
        policy.may_write(row[1], row[2])
        running = Turn.objects.filter(thread_id=thread_id, state__in=ACTIVE).values_list("pk", flat=True)
        return _sender(thread_id, item_id) if item_id else None, running.first()

    sender, running = await db(prepare)
    if item_id and sender is None:
        sender = _shown(running, item_id)
    given = Given("action", sender, action)
    hook = await db(find, identify, thread_id, "sync_action", given)
    if hook is None:
        raise InvalidInput("The model of this thread does not take actions.")
    item = await hook.call()
    if item is None:
        return None
    moment = sender.created_at if sender is not None else None
    changed = replace(_checked(item), created_at=item.created_at or moment)
    if running is not None:
        if RUNNER.change(running, changed):
            return changed
        await RUNNER.stored(running)  # what is written of the answer then would be the item as it was
    return await db(_store, thread_id, changed, sender)


def _sender(thread_id: str, item_id: str) -> ItemData | None:
    """The stored widget of that id, None where it may be one of an answer that is being written."""
    row = Item.objects.filter(pk=item_id, thread_id=thread_id, on_path=True).first()
    if row is None or row.kind in HIDDEN:
        return None
    if row.kind != "widget":
        raise InvalidInput("The item is of another kind.", fields={"item_id": ["It is of another kind."]})
    return openings.data(row)


def _shown(running: str | None, item_id: str) -> ItemData:
    """The widget of that id of the answer that is being written here, whole. Raises NotFound."""
    held = LOG.find(running) if running is not None else None
    if held is not None and item_id not in held.view.open_ids:
        for item in held.view.items:
            if item.id == item_id and item.kind == "widget":
                return item
    raise NotFound


def _checked(item: Any) -> ItemData:
    """What the method gave, fit to store and to send."""
    try:
        checked = OwnEvents().checked(ItemDone(item))
        assert isinstance(checked, ItemDone)
        if checked.item.kind in HIDDEN:
            raise ValueError("what takes a widget's place is shown")
    except (TypeError, ValueError) as error:
        logger.error("responder.hook_failed", hook="sync_action", exc_info=error)
        raise UpstreamError("The model's code failed on this server.") from error
    return checked.item


def _store(thread_id: str, item: ItemData, sender: ItemData | None) -> ItemData:
    """Raises NotFound for a sender that has gone meanwhile, by a retry say."""
    rows = Item.objects.filter(pk=item.id, thread_id=thread_id, on_path=True).exclude(kind="user_message")
    if not rows.update(kind=item.kind, text=item.text, data=dict(item.data)):
        if sender is not None and item.id == sender.id:
            raise NotFound
        logger.error("responder.hook_failed", hook="sync_action", gave="an item that is not there")
        raise UpstreamError("The model's code failed on this server.")
    CONTROL.publish(f"thread:{thread_id}", {"type": "items"})
    return openings.data(rows.get())
