"""Scripted turns: hypothesis strategies for legal sequences of events, shared by the tests of fold, log and wire."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from chat_app.domain.events import (
    Cancelled,
    ClientEffect,
    Completed,
    Event,
    Failed,
    Interrupted,
    ItemAdded,
    ItemData,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    RouteChosen,
    TextDelta,
    ThreadUpdated,
    UsageData,
)

USAGE = UsageData(12, 34, True, "0.000420")
ANSWER = "assistant_message"
texts = st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1)


@st.composite
def own_items(draw: st.DrawFn, n: int) -> list[Event]:
    """The life of one item that Python made: added and changed, done (perhaps at once), or withdrawn."""
    name = f"itm_{n}"

    def item() -> ItemData:
        return ItemData(
            name, draw(st.sampled_from(["widget", "of_an_unknown_kind"])), data={"n": draw(st.integers(0, 9))}
        )

    changes: list[Event] = [ItemUpdated(item(), {"type": "x"}) for _ in range(draw(st.integers(0, 2)))]
    begun: list[Event] = [ItemAdded(item()), *changes] if draw(st.booleans()) else []
    ends: list[list[Event]] = [[ItemDone(item())], [ItemDone(item()), ItemRemoved(name)]]
    if begun:
        ends += [[], [ItemRemoved(name)]]
    return [*begun, *draw(st.sampled_from(ends))]


def said_or_aside(item: str, text: str) -> list[Event]:
    return [TextDelta(item, text), Progress(text), Notice("info", text), ClientEffect(text)]


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """The events of one whole turn: routes, text in several items, items without text that begin and end in between, asides,
    one terminal event that tells the truth."""
    events: list[Event] = [RouteChosen("demo", 1)]
    texts_of: dict[str, str] = {}
    for n in range(draw(st.integers(0, 3))):
        item = f"msg_{n}"
        texts_of[item] = ""
        events.append(ItemAdded(ItemData(item, ANSWER, model="demo")))
        for text in draw(st.lists(texts, max_size=6)):
            events.append(draw(st.sampled_from(said_or_aside(item, text))))
            if isinstance(events[-1], TextDelta):
                texts_of[item] += text
        fate = draw(st.sampled_from(["done", "open", "removed"]))
        if fate == "done":
            events.append(ItemDone(ItemData(item, ANSWER, texts_of[item], model="demo")))
        elif fate == "removed":
            events.append(ItemRemoved(item))
            del texts_of[item]
    for n in range(draw(st.integers(0, 2))):
        events = woven(draw, events, draw(own_items(n)))
    said = "\n\n".join(text for text in texts_of.values() if text)
    ends: list[Event] = [
        Completed(said, "demo", USAGE),
        Failed("upstream_down", "Down.", True, said),
        Cancelled(said, USAGE),
        Interrupted(said),
    ]
    return [*events, draw(st.sampled_from(ends))]


def woven(draw: st.DrawFn, events: list[Any], more: list[Any]) -> list[Any]:
    """`more` put among `events` in order, all of it behind the first of these."""
    places = sorted(draw(st.lists(st.integers(1, len(events)), min_size=len(more), max_size=len(more))))
    for shift, (place, event) in enumerate(zip(places, more, strict=True)):
        events = [*events[: place + shift], event, *events[place + shift :]]
    return events


ONE_OF_EACH: list[Event] = [
    RouteChosen("gpt2", 2, "upstream_down"),
    ThreadUpdated("A title", "active"),
    ItemAdded(ItemData("msg_1", ANSWER, model="gpt2")),
    TextDelta("msg_1", 'Grüße "שלום" 👩‍👩‍👧\n'),
    Progress("Looking it up", "search"),
    Notice("warning", "Slow today.", "Note"),
    ClientEffect("confetti", {"n": 3}),
    ItemDone(ItemData("msg_1", ANSWER, 'Grüße "שלום" 👩‍👩‍👧\n', model="gpt2")),
    ItemAdded(ItemData("wid_1", "widget", data={"widget": {"type": "Card"}})),
    ItemUpdated(
        ItemData("wid_1", "widget", data={"widget": {"type": "Basic"}}), {"type": "widget.root.updated"}
    ),
    ItemRemoved("wid_1"),
    Completed('Grüße "שלום" 👩‍👩‍👧\n', "gpt2", USAGE),
    Failed("upstream_timeout", "The model took too long to answer.", True, "half"),
    Cancelled("half", USAGE),
    Interrupted("half"),
]
