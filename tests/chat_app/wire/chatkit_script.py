"""One event of each kind, and of each kind of item, as a turn of ChatKit's may have them: what the golden lines are made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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
    Snapshot,
    TextDelta,
    ThreadUpdated,
)
from chat_app.domain.shapes import ThreadInfo
from tests.chat_app.scripts import ANSWER, USAGE
from tests.live.chatkit import shapes

MADE = datetime(2026, 11, 22, 14, 49, 50, 790000, UTC)
INFO = ThreadInfo("thr_1", "A title", "active", MADE, MADE, allowed_image_domains=["pictures.example"])
SECRET = "for-the-model-alone"
SAID = 'Grüße "שלום" 👩‍👩‍👧\n'


def item(name: str, kind: str, text: str = "", /, **data: Any) -> ItemData:
    return ItemData(name, kind, text, data, "demo", MADE)


HIDDEN = item("hid_1", "hidden_context_item", SECRET, content=SECRET)
OPEN, WHOLE = item("msg_1", ANSWER), item("msg_1", ANSWER, SAID)
NOTED = item("msg_2", ANSWER, "As they say", annotations=[shapes.annotation()])
CALL = item("itm_1", "client_tool_call", **shapes.call(city="X", nothing=None))
OTHERS = [item(f"itm_{name}", kind, **(data[0] if data else {})) for _, name, kind, *data in shapes.ALL]
WIDGET = OTHERS[0]
PICTURE = item("itm_p", "generated_image", image={"id": "i", "attachment_id": "att_1"})
EVENTS: list[Event | Snapshot] = [
    RouteChosen("demo", 1),
    ThreadUpdated("Better", "locked", "Enough"),
    ThreadUpdated(image_domains=["a.example"]),
    ItemAdded(OPEN),
    TextDelta("msg_1", SAID),
    Progress("Looking it up", "search"),
    Progress("Still looking"),
    Notice("warning", "Slow *today*.", "Note"),
    ClientEffect("confetti", {"n": 3, "nothing": None}),
    ItemDone(WHOLE),
    ItemDone(WHOLE),
    ItemDone(NOTED),
    ItemAdded(WIDGET),
    ItemUpdated(WIDGET, {"type": "widget.root.updated", "widget": shapes.card()}),
    ItemDone(WIDGET),
    *(ItemDone(other) for other in OTHERS[1:]),
    ItemAdded(CALL),
    ItemUpdated(CALL, {"type": "anything"}),
    ItemDone(CALL),
    ItemDone(CALL),
    ItemDone(PICTURE),
    ItemUpdated(
        PICTURE, {"type": "generated_image.updated", "image": PICTURE.data["image"], "progress": 0.5}
    ),
    ItemAdded(HIDDEN),
    TextDelta("hid_1", SECRET),
    ItemUpdated(HIDDEN, {"type": SECRET}),
    ItemDone(HIDDEN),
    ItemRemoved("hid_1"),
    ItemDone(item("itm_h", "sdk_hidden_context", content=SECRET), earlier=True),
    ItemDone(item("itm_u", "of_an_unknown_kind", n=1)),
    ItemDone(item("itm_e", "widget", **shapes.widget()), earlier=True),
    ItemRemoved("itm_f", earlier=True),
    ItemRemoved("itm_w"),
    Snapshot("running", "demo", SAID, (HIDDEN, OPEN, CALL, WIDGET), frozenset({"msg_1", "itm_1"})),
    Completed(SAID, "demo", USAGE),
    Failed("upstream_timeout", "The model took too long to answer.", True, "half"),
    Cancelled("half", USAGE),
    Interrupted("half"),
]
