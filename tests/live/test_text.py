"""Text of every script goes in and comes out to the letter, by every way in and out of a started server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live.clients import Session, events, issue, open_socket, plain_text
from tests.servers import ServerProcess

TEXTS = {
    "plain": "hello",
    "arabic": "مرحبا بالعالم، كيف الحال؟",
    "hebrew with marks": "\u200fשָׁלוֹם\u200f (world) \u202eabc\u202c",
    "combining": "e\u0301 a\u030a\u0327 n\u0303 Z\u0351\u036b\u0343\u036a\u0302\u036b",
    "composed and not": "\u00e9 \u0065\u0301 \u212b \u00c5",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 ❤️ 1️⃣",
    "beyond the plane": "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠜎 \U0010ffff",
    "controls": "bell\x07 esc\x1b[31m del\x7f bom\ufeff tab\tend",
    "separators": "a\u2028b\u2029c\u0085d\u00a0e\u3000f",
    "markup": "<script>alert('x')</script> & \"quoted\" \\u0041 %00 {{7*7}} '; drop table",
    "lines": "one\n\ntwo\n  three\n",
    "looks like frames": "data: x\n\nevent: error\ndata: [DONE]\n\nid: 7",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_text_round_trips_to_the_letter(live: ServerProcess, user: Session, text: str) -> None:
    said = f"/echo {text}"
    assert user.ask(said)["response"] == text
    assert [item["text"] for item in user.items(user.thread_id)] == [said, text]

    with user.post("/api/chat/stream?events=1", {"message": said}, stream=True) as answer:
        told = list(events(answer))
    assert "".join(event.data["text"] for event in told if event.type == "delta") == text
    assert told[-1].type == "completed"
    assert told[-1].data["text"] == text
    assert user.turn(told[-1].data["turn_id"])["text"] == text

    plain = user.post("/api/custom/stream", {"text": said})
    assert plain_text(plain.content.decode()) == text

    with open_socket(live, f"/ws/chat/{user.secret}") as channel:
        channel.until("ready")
        channel.send(type="message", text=said, id=text[:20])
        deltas = ""
        while (message := channel.receive())["type"] != "response":
            deltas += message["text"] if message["type"] == "delta" else ""
        assert (deltas, message["text"], message["id"]) == (text, text, text[:20])

    exported = user.get(f"/api/threads/{user.thread_id}/export?as=json").json()
    assert [item["text"] for item in exported["items"]] == [said, text] * 4
    assert text in user.get(f"/api/threads/{user.thread_id}/export").content.decode()


@pytest.mark.parametrize("text", [text for text in TEXTS.values() if "\n" not in text])
def test_title_round_trips_to_the_letter(user: Session, text: str) -> None:
    made = user.post("/api/threads", {"title": text}).json()
    assert made["title"] == text
    assert user.get(f"/api/threads/{made['id']}").json()["title"] == text
    found = user.get("/api/threads", params={"q": text}).json()["data"]
    assert made["id"] in [thread["id"] for thread in found]


@pytest.mark.parametrize("user_id", ["مستخدم", "👩‍👩‍👧‍👦", "e\u0301", "a/b c:d", "\u202e1", 42, -7, 10**17])
def test_user_id_round_trips_to_the_letter(live: ServerProcess, user_id: Any) -> None:
    session = issue(live, user_id)
    assert session.get("/api/sessions/current").json()["user_id"] == str(user_id)
