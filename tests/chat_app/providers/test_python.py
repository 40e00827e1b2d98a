"""Python that answers a turn itself: every shape of callable, what it may yield, and what keeps it from working."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from chat_app.domain.errors import Forbidden, NotConfigured, UpstreamDown
from chat_app.domain.events import (
    ClientEffect,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
)
from chat_app.domain.prompt import Prompt
from chat_app.providers.base import EventChunk, RouteConfig, TextChunk, UsageChunk
from chat_app.providers.python import provider as python
from chat_app.providers.registry import provider
from tests.chat_app.providers.conftest import prompt
from tests.chat_app.providers.played import chunks, route, stream

CARD = ItemData("card", "widget", data={"n": 1})


def function(prompt: Prompt, end: str = "!") -> str:
    return prompt.last_user_text + end


async def coroutine(prompt: Prompt, end: str = "!") -> str:
    await asyncio.sleep(0)
    return prompt.last_user_text + end


def generator(prompt: Prompt, end: str = "!") -> Iterator[str]:
    yield prompt.last_user_text
    yield end


async def async_generator(prompt: Prompt, end: str = "!") -> AsyncIterator[str]:
    yield prompt.last_user_text
    await asyncio.sleep(0)
    yield end


async def returns_a_generator(prompt: Prompt, end: str = "!") -> AsyncIterator[str]:
    return async_generator(prompt, end)


class Object:
    def respond(self, prompt: Prompt, end: str = "!") -> Iterator[str]:
        return generator(prompt, end)


class Async:
    def __init__(self) -> None:
        self.said = 0

    async def respond(self, prompt: Prompt, end: str = "!") -> AsyncIterator[str]:
        self.said += 1
        yield f"{prompt.last_user_text}{end * self.said}"


class Callable_:
    async def __call__(self, prompt: Prompt, end: str = "!") -> str:
        return prompt.last_user_text + end


SHAPES = [
    function,
    coroutine,
    generator,
    async_generator,
    returns_a_generator,
    lambda prompt, end="!": async_generator(prompt, end),
    Object,
    Object(),
    Async,
    Callable_(),
    f"{__name__}.function",
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: getattr(shape, "__name__", str(shape)[:30]))
async def test_every_shape_gets_the_prompt_and_its_parameters(shape: Any) -> None:
    for _ in range(2):  # a class is made anew for each answer
        said = await chunks(shape, end="?")
        assert "".join(chunk.text for chunk in said if isinstance(chunk, TextChunk)) == "ask?"


async def test_events_pass_in_order_as_they_were_made() -> None:
    events = [
        Progress("Looking", "search"),
        Notice("warning", "Slow", "Note"),
        ClientEffect("confetti", {"n": [1, None, True, 2.5]}),
        ItemAdded(CARD),
        ItemUpdated(ItemData("card", "widget", data={"n": 2}), {"type": "widget.root.updated"}),
        ItemDone(ItemData("card", "widget", "whole", {"n": 3})),
        ItemRemoved("card"),
        UsageChunk(1, 2),
    ]
    said = await chunks(lambda prompt: iter(events))
    assert said == [*map(EventChunk, events[:-1]), events[-1]]  # type: ignore[arg-type]


async def test_all_text_is_fit_to_store() -> None:
    def broken(prompt: Prompt) -> Iterator[Any]:
        yield "a\0b\ud83d"
        yield "\ude00\ud800"
        yield ItemDone(ItemData("1", "widget", "\0", {"k\0": ["\ud800", ("x",)]}))

    text, more, item, rest = await chunks(broken)
    assert [text, more, rest] == [TextChunk("a\ufffdb"), TextChunk("\U0001f600"), TextChunk("\ufffd")]
    assert isinstance(item, EventChunk)
    assert item.event == ItemDone(ItemData("1", "widget", "\ufffd", {"k\ufffd": ["\ufffd", ["x"]]}))


@pytest.mark.parametrize(
    ("said", "told"), [("a\0b\ud800", "a\ufffdb\ufffd"), (ValueError("as it came"), "as it came")]
)
async def test_failure_is_told_in_text_fit_to_store(said: Any, told: str) -> None:
    async def fails(prompt: Prompt) -> str:
        raise UpstreamDown(said)

    with pytest.raises(UpstreamDown) as caught:
        await chunks(fails)
    assert caught.value.detail == told


async def test_counts_are_within_what_a_row_can_hold() -> None:
    said = await chunks(lambda prompt: iter(["x", UsageChunk(10**30, -1)]))
    assert said[1] == UsageChunk(2**31 - 1, 0)


async def test_data_that_its_author_changes_later_stays_as_it_was() -> None:
    data, changed = {"n": 1}, threading.Event()

    def changes(prompt: Prompt) -> Iterator[Any]:
        yield "first"
        yield ItemAdded(ItemData("1", "widget", data=data))
        data["n"] = 2
        changed.set()

    answer = stream(changes)
    await anext(answer)
    assert await asyncio.to_thread(changed.wait, 5)  # the author runs ahead
    item = await anext(answer)
    await answer.aclose()
    assert isinstance(item, EventChunk)
    assert isinstance(item.event, ItemAdded)
    assert item.event.item.data == {"n": 1}


RUBBISH: list[tuple[Any, str]] = [
    (7, "int"),
    (b"bytes", "bytes"),
    ({"a": 1}, "dict"),
    (None, "NoneType"),
    (ItemAdded("card"), "ItemData"),  # type: ignore[arg-type]
    (ItemAdded(ItemData("", "widget")), "id"),
    (ItemAdded(ItemData("1", "Widget!")), "kind"),
    (ItemAdded(ItemData("1", "user_message")), "user_message"),
    (ItemAdded(ItemData("1", "widget", data={"at": object()})), "JSON"),
    (ItemAdded(ItemData("1", "widget", data={"n": float("nan")})), "JSON"),
    (ItemAdded(ItemData("1", "widget", data={1: 2})), "int"),  # type: ignore[dict-item]
    (ItemUpdated(CARD, {}), "not open"),
    (ItemRemoved("card"), "not there"),
    (Notice("loud", "x"), "level"),  # type: ignore[arg-type]
    (Progress(5), "int"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("value", "named"), RUBBISH, ids=[named for _, named in RUBBISH])
async def test_what_is_no_answer_is_refused_by_name(value: Any, named: str) -> None:
    with pytest.raises((TypeError, ValueError), match=named):
        await chunks(lambda prompt: iter([value]))


async def test_item_added_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="added before"):
        await chunks(lambda prompt: iter([ItemAdded(CARD), ItemAdded(CARD)]))


@pytest.mark.parametrize("is_async", [True, False])
async def test_chat_error_and_bug_pass_as_they_are(is_async: bool) -> None:
    def sync_one(prompt: Prompt, error: Exception) -> Iterator[str]:
        yield "half"
        raise error

    async def async_one(prompt: Prompt, error: Exception) -> AsyncIterator[str]:
        yield "half"
        raise error

    for error in (Forbidden("Not for you."), KeyError("a bug")):
        with pytest.raises(type(error)) as caught:
            await chunks(async_one if is_async else sync_one, error=error)
        assert caught.value is error


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()])
@pytest.mark.parametrize("is_async", [True, False])
async def test_exit_and_self_made_cancellation_end_the_answer_alone(
    error: BaseException, is_async: bool
) -> None:
    def sync_one(prompt: Prompt) -> str:
        raise error

    async def async_one(prompt: Prompt) -> str:
        raise error

    with pytest.raises(RuntimeError):
        await chunks(async_one if is_async else sync_one)


MISSING: list[tuple[str, Any, dict[str, Any], str]] = [
    ("", function, {}, "names no responder"),
    ("other", function, {}, "has no “other”"),
    ("it", "tests.nowhere.function", {}, r"cannot be imported \(ModuleNotFoundError\)"),
    ("it", "tests.chat_app.providers.played.nothing", {}, r"cannot be imported \(AttributeError\)"),
    ("it", "tests.chat_app.providers.played.__name__", {}, "not callable"),
    ("it", function, {"colour": 1}, "unexpected keyword argument 'colour'"),
    ("it", Async, {"colour": 1}, "unexpected keyword argument 'colour'"),
    ("it", lambda prompt, tone: "", {}, "missing a required argument: 'tone'"),
]


@pytest.mark.parametrize(("name", "responder", "parameters", "said"), MISSING, ids=[m[3] for m in MISSING])
async def test_route_says_what_it_misses(
    name: str, responder: Any, parameters: dict[str, Any], said: str
) -> None:
    python.configure({"it": responder})
    config = RouteConfig("m", "python", model=name, parameters=parameters)
    assert re.search(said, provider("python").missing(config) or "")


async def test_name_that_is_not_there_is_not_configured() -> None:
    python.configure({})
    with pytest.raises(NotConfigured):
        await anext(provider("python").stream(route(), prompt("x")))
