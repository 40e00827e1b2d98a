"""The rows of several workers: what is counted is what is meant, and a store that is not there is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import hops
from bench.__main__ import measure
from bench.grown import Grown
from bench.machine import LINUX
from bench.rows import Entry, Row
from bench.servers import Desk
from chat_app.domain.events import TextDelta
from chat_app.streaming.log import Record
from chat_app.wire import native
from tests.parts import PARTS, require


@pytest.mark.parametrize("contender", [Grown("two workers", workers=2), hops.Layer()])
def test_contender_whose_store_is_missing_is_named_and_left_out(
    contender: Grown | hops.Layer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(PARTS, "redis", lambda: "redis-server is not installed")
    entry = Entry(contender.name, contender, lambda desk, server: {"cpu_ms": 1.0})
    row = Row("x", "A row", ("cpu_ms",), (entry,))
    assert measure(row, [entry], Desk(tmp_path, tmp_path, 1), 2) == {}
    said = capsys.readouterr().out
    assert said.count(f"A row: without {contender.name}, redis-server is not installed") == 1


def test_tokens_are_counted_where_a_followed_turn_says_them() -> None:
    frame = native.Encoder("trn_1", "thr_1").sse_frame(Record(3, TextDelta("msg_1", "0001 "))).decode()
    [line] = [line for line in frame.splitlines() if "0001 " in line]
    assert line.startswith(hops.TEXT)


@pytest.mark.skipif(not LINUX, reason="the bench needs Linux")
def test_layer_carries_tokens_from_process_to_process(tmp_path: Path) -> None:
    require("redis")
    layer, desk = hops.Layer(), Desk(tmp_path, tmp_path, 1, quick=True)
    with layer.start(desk) as server:
        figures = hops.by_layer(desk, server)
    assert figures["tokens_per_s"] > 0
    assert figures["hop_ms_per_1000"] == figures["send_ms_per_1000"] + figures["receive_ms_per_1000"] > 0
