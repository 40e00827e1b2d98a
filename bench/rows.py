"""The rows of the bench: who takes part, what is asked, what is compared with what.

The targets are those of `docs/performance.md`. A row says what it wants of a ratio; it never asserts a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bench import dropin, hops, measures
from bench.grown import Grown
from bench.product import Product
from bench.relays import LiteLLM, RelayPeer, RelayProduct
from bench.servers import Contender, Desk, Peer, Running

Measure = Callable[[Desk, Running], dict[str, float]]

BARE = Peer("bare ASGI", "bare")
EXAMPLE_2 = Peer("example 2 (FastAPI)", "fastapi_sse")
EXAMPLE_4 = Peer("example 4 (FastAPI)", "fastapi_ws")
EXAMPLE_7 = Peer("example 7 (SQLAlchemy)", "fastapi_sessions", stores=True)
PRODUCT = Product()
BARE_CHATKIT = Peer("bare ASGI", "bare_chatkit")
SDK_SQLITE = Peer(
    "ChatKit SDK, SQLite", "fastapi_chatkit", env=(("CHATKIT_STORE", "sqlite"),), home="chatkit"
)
SDK_MEMORY = Peer(
    "ChatKit SDK, in memory", "fastapi_chatkit", env=(("CHATKIT_STORE", "memory"),), home="chatkit"
)
OPENAI_SDK = RelayPeer("openai SDK (FastAPI)", "fastapi_openai")
LITELLM = LiteLLM()
RELAY = RelayProduct()
ONE_WORKER, TWO_WORKERS = Grown("one worker"), Grown("two workers", workers=2)
DROP_IN = dropin.DropIn()
PAIR, LAYER = Grown("product", workers=2, alone=True), hops.Layer()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a row: a server and how it is measured there."""

    name: str
    contender: Contender
    measure: Measure


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wanted of `subject`: its metric over that of `against`, or the metric itself where that is empty."""

    subject: str
    against: str
    floor: float
    goal: float
    better: Literal["more", "less"] = "more"

    def judge(self, value: float) -> str:
        """`goal`, `floor` or `below`."""
        sign = 1 if self.better == "more" else -1
        return (
            "goal"
            if sign * value >= sign * self.goal
            else "floor"
            if sign * value >= sign * self.floor
            else "below"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its first metric is the one that is judged."""

    key: str
    title: str
    metrics: tuple[str, ...]
    entries: tuple[Entry, ...]
    verdicts: tuple[Verdict, ...] = ()


def _same(measure: Measure, *contenders: Contender) -> tuple[Entry, ...]:
    return tuple(Entry(contender.name, contender, measure) for contender in contenders)


STREAM = ("tokens_per_cpu_s", "tokens_per_s", "tokens_per_frame", "first_p50_ms")
REQUESTS = ("answers_per_s", "answers_per_cpu_s", "whole_p50_ms", "whole_p99_ms")
PACED = ("cpu_share", "tokens_per_frame")
SIZE = ("cpu_ms", "whole_p50_ms")
HOP = (
    "hop_ms_per_1000",
    "kept_ms_per_1000",
    "alone_ms_per_1000",
    "send_ms_per_1000",
    "receive_ms_per_1000",
    "tokens_per_s",
)

ROWS: tuple[Row, ...] = (
    Row(
        "sse",
        "SSE stream, burst, 32 connections, turns of 2,000 tokens",
        STREAM,
        _same(measures.burst(2000), BARE, EXAMPLE_2, PRODUCT),
        (Verdict("product", EXAMPLE_2.name, 1.0, 1.2), Verdict("product", BARE.name, 0.6, 0.8)),
    ),
    Row(
        "sse200",
        "SSE stream, burst, 32 connections, turns of 200 tokens",
        STREAM,
        _same(measures.burst(200), BARE, EXAMPLE_2, PRODUCT),
    ),
    Row(
        "ws",
        "WebSocket stream, burst, 32 connections, turns of 2,000 tokens",
        STREAM,
        _same(measures.socket_burst(2000), BARE, EXAMPLE_4, PRODUCT),
        (Verdict("product", BARE.name, 0.8, 0.9),),
    ),
    Row(
        "chatkit",
        "ChatKit stream, burst, 32 connections, turns of 2,000 tokens",
        STREAM,
        _same(measures.chatkit_burst(2000), BARE_CHATKIT, SDK_SQLITE, PRODUCT),
        (Verdict("product", SDK_SQLITE.name, 5.0, 7.0), Verdict("product", BARE_CHATKIT.name, 0.6, 0.8)),
    ),
    Row(
        "chatkitturn",
        "ChatKit, a stored turn of one token, 16 connections: server CPU, in ms",
        ("cpu_ms", "answers_per_s", "whole_p50_ms", "whole_p99_ms"),
        _same(measures.chatkit_turns(measures.REQUESTERS, 1), BARE_CHATKIT, SDK_SQLITE, PRODUCT),
        (Verdict("product", SDK_SQLITE.name, 1 / 3, 1 / 5, "less"),),
    ),
    Row(
        "chatkitfirst",
        "ChatKit, first token, 1 connection",
        ("first_p50_ms", "first_p99_ms"),
        _same(measures.chatkit_turns(1, 20), BARE_CHATKIT, SDK_MEMORY, PRODUCT),
        (Verdict("product", SDK_MEMORY.name, 0.4, 0.15, "less"),),
    ),
    Row(
        "sessions",
        "POST /api/sessions, 16 connections",
        REQUESTS,
        _same(measures.new_sessions, EXAMPLE_7, PRODUCT),
        (Verdict("product", EXAMPLE_7.name, 1.2, 1.7),),
    ),
    Row(
        "chat",
        "POST /api/chat, instant model, 16 connections",
        REQUESTS,
        _same(measures.chats, EXAMPLE_7, PRODUCT),
        (Verdict("product", EXAMPLE_7.name, 1.0, 2.0),),
    ),
    Row(
        "first",
        "First token over SSE, 1 connection",
        ("first_p50_ms", "first_p99_ms"),
        _same(measures.first_token, BARE, EXAMPLE_2, PRODUCT),
    ),
    Row(
        "late100",
        "100 streams, a token each 10 ms: lateness of a token, p99",
        ("late_p99_ms", "late_p50_ms", *PACED),
        _same(measures.paced(100, ramp=2), BARE, EXAMPLE_2, PRODUCT),
        (Verdict("product", "", 5.0, 3.0, "less"),),
    ),
    Row(
        "late500",
        "500 streams, a token each 10 ms: share of the tokens delivered in time",
        ("delivered", "late_p99_ms", *PACED),
        _same(measures.paced(500, ramp=6), BARE, EXAMPLE_2, PRODUCT),
        (Verdict("product", "", 0.95, 0.98),),
    ),
    Row(
        "idle",
        "Idle WebSockets: memory of one, in KiB",
        ("kib_a_socket",),
        _same(measures.idle, BARE, EXAMPLE_4, PRODUCT),
        (Verdict("product", "", 30.0, 25.0, "less"),),
    ),
    Row(
        "long",
        "A long turn, 1 connection: server CPU for 1,000 tokens",
        ("cpu_ms_per_1000", "tokens_per_s", "tokens_per_frame"),
        (
            Entry("turns of 1,000", PRODUCT, measures.turns_of(1000, 200)),
            Entry("turns of 100,000", PRODUCT, measures.turns_of(100_000, 4)),
        ),
        (Verdict("turns of 100,000", "turns of 1,000", 1.2, 1.05, "less"),),
    ),
    Row(
        "relay",
        "Relay of a model server, burst, turns of 1,000 tokens, 1 connection: server CPU for 1,000 tokens",
        ("cpu_ms_per_1000", "tokens_per_s", "tokens_per_frame"),
        (
            Entry(OPENAI_SDK.name, OPENAI_SDK, measures.turns_of(1000, 40, warm=4)),
            Entry(LITELLM.name, LITELLM, measures.turns_of(1000, 16, warm=4)),
            Entry(RELAY.name, RELAY, measures.turns_of(1000, 400, warm=20)),
        ),
        (
            Verdict(RELAY.name, OPENAI_SDK.name, 1 / 15, 1 / 30, "less"),
            Verdict(RELAY.name, LITELLM.name, 1 / 50, 1 / 100, "less"),
        ),
    ),
    Row(
        "relayfirst",
        "Relay of a model server, 1 connection: what it adds to the time to the first token",
        ("added_p50_ms", "direct_p50_ms", "first_p50_ms", "first_p99_ms"),
        (
            Entry(OPENAI_SDK.name, OPENAI_SDK, measures.first_added(300)),
            Entry(LITELLM.name, LITELLM, measures.first_added(80)),
            Entry(RELAY.name, RELAY, measures.first_added(300)),
        ),
        (Verdict(RELAY.name, OPENAI_SDK.name, 0.4, 0.25, "less"),),
    ),
    Row(
        "twoworkers",
        "SSE stream on Redis and PostgreSQL, burst, 32 connections, turns of 2,000 tokens: CPU of the workers",
        STREAM,
        _same(measures.burst(2000), ONE_WORKER, TWO_WORKERS),
        (Verdict(TWO_WORKERS.name, ONE_WORKER.name, 0.85, 0.95),),
    ),
    Row(
        "hop",
        "Hop to a follower on another worker, 20 turns, a token each 20 ms: CPU of both",
        HOP,
        (Entry(LAYER.name, LAYER, hops.by_layer), Entry(PAIR.name, PAIR, hops.across)),
        (Verdict(PAIR.name, LAYER.name, 1 / 5, 1 / 7, "less"),),
    ),
    Row(
        "page",
        "First page of a thread: server CPU of a request, in ms",
        SIZE,
        (
            Entry("10 items", PRODUCT, measures.first_page(10)),
            Entry("10,000 items", PRODUCT, measures.first_page(10_000)),
        ),
        (Verdict("10,000 items", "10 items", 1.5, 1.1, "less"),),
    ),
    Row(
        "turn",
        "A new turn in a thread: server CPU of a request, in ms",
        SIZE,
        (
            Entry("10 items", PRODUCT, measures.next_turn(10)),
            Entry("10,000 items", PRODUCT, measures.next_turn(10_000)),
        ),
        (Verdict("10,000 items", "10 items", 1.5, 1.1, "less"),),
    ),
    Row(
        "dropin",
        "Drop-in in Chromium, an answer of 20,000 tokens, 2,000 a second, in a thread of 2,000 items",
        (
            "longest_ms",
            "longest_cpu_ms",
            "loading_ms",
            "heap_first_mb",
            "heap_before_mb",
            "heap_after_mb",
            "heap_closed_mb",
        ),
        _same(dropin.long_answer, DROP_IN),
        (Verdict(DROP_IN.name, "", 100.0, 50.0, "less"),),
    ),
    Row(
        "dropinweight",
        "Drop-in, what a first answer makes a visitor load, gzip",
        ("first_kb", "first_files", "first_secret_kb", "first_secret_files", "later_kb"),
        _same(dropin.weight, DROP_IN),
        (Verdict(DROP_IN.name, "", 150.0, 120.0, "less"),),
    ),
)
