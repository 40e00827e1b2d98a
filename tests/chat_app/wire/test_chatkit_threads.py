"""Threads and streams in ChatKit's format, as a turn changes them."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from chat_app.domain.events import StreamOptions, ThreadUpdated
from chat_app.domain.shapes import ThreadInfo
from chat_app.streaming.log import Record
from chat_app.wire import chatkit, chatkit_events


def test_thread_tells_its_picture_hosts_with_all_that_it_told_before() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    encoder = chatkit_events.Encoder(
        "trn_1", ThreadInfo("thr_1", "A title", "active", now, now), chatkit.Shapes(str)
    )
    changes = [ThreadUpdated(image_domains=["pictures.example"]), ThreadUpdated("Another")]
    frames = [encoder.frame(Record(n, event)).split(b"data: ")[1] for n, event in enumerate(changes, 1)]
    told = [orjson.loads(frame)["thread"] for frame in frames]
    assert [(t["title"], t["allowed_image_domains"]) for t in told] == [
        ("A title", ["pictures.example"]),
        ("Another", ["pictures.example"]),
    ]


def test_answer_that_is_not_to_be_stopped_says_so() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    encoder = chatkit_events.Encoder(
        "trn_1", ThreadInfo("thr_1", "", "active", now, now), chatkit.Shapes(str)
    )
    frame = encoder.frame(Record(1, StreamOptions(False))).split(b"data: ")[1]
    assert orjson.loads(frame) == {"type": "stream_options", "stream_options": {"allow_cancel": False}}
