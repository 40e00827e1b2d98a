"""A model's server that fails, at every door of a started server: one end, the right word, within the route's time, and
nothing left over. Each door of each fault has a route of its own, so that no breaker has an opinion.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import pytest

from chat_app.providers.http import KEEP_ALIVE
from tests.live.clients import issue
from tests.live.crowd import status
from tests.live.faults import AFTER, BEFORE, DOORS, HARMLESS, Fault, Told, knock, replay
from tests.live.held import probed, reset_peak, sockets_out, tasks
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess, wait_until
from tests.upstream.faulty import text_of

pytestmark = pytest.mark.serial  # measures time or memory

FAULTS = [*BEFORE, *AFTER, *HARMLESS]
FLOOD = Fault(
    "200000-tokens",
    "flood",
    text=text_of(200_000),
    knobs={"tokens": 200_000},
    timeouts={"timeout_first_token": 10, "timeout_total": 60},
)
HEALTHY = Fault("healthy", "ok", knobs={"tokens": 3})
SLACK = 4.0  # seconds beyond what a timeout or an answer itself takes; a hang that nobody ends lasts an hour
LONGEST = 8.0  # seconds of the slowest answer here, a byte each 50 ms
KEPT = 2 * KEEP_ALIVE + 5.0  # seconds after which no connection to an upstream is kept any more
GROWTH = 96 * 1024  # KiB; the upstream sends 34 MB an answer, none of which may pile up


def named(faults: Sequence[Fault]) -> list[Any]:
    return [pytest.param(fault, id=fault.name) for fault in faults]


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def server(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    """A production's server, in which nothing falls back by itself. For each fault and door it has a route `<fault>.<door>`
    that stands alone; for a fault that fails also `spared.<fault>.<door>`, with the healthy fallback `spare.<fault>.<door>`."""
    env = {"DEBUG": "0", "ALLOWED_HOSTS": "127.0.0.1", "ALLOWED_PRIVATE_HOSTS": "127.0.0.1", **probed()}
    server = start_server("serve", None, **env)
    rows: dict[str, dict[str, Any]] = {}
    for fault in (*FAULTS, FLOOD):
        for name in (f"{fault.name}.{door}" for door in DOORS):
            rows[name] = fault.row(upstream, name)
            if fault.code:
                rows[f"spared.{name}"] = fault.row(upstream, f"spared.{name}", f"spare.{name}")
                rows[f"spare.{name}"] = HEALTHY.row(upstream, f"spare.{name}")
    add_models(server, rows)
    return server


Held = tuple[int, dict[str, int]]


def held(server: ServerProcess) -> Held:
    """Its sockets that are not its callers', and its tasks."""
    return sockets_out(server), tasks(server)


@pytest.fixture(scope="module", autouse=True)
def at_rest(server: ServerProcess) -> Held:
    """What it holds before the first fault."""
    return held(server)


@dataclass(frozen=True)
class Seen:
    """One turn: what the door told, what its events tell when they are read again, and what is stored."""

    told: Told
    replayed: Told
    routes: list[tuple[str, str | None]]
    turn: Any
    texts: list[str]


def see(server: ServerProcess, door: str, model: str) -> Seen:
    who = issue(server, f"user of {model}", model=model)
    told = knock(door, who)
    texts = [item["text"] for item in who.items(who.thread_id)]
    return Seen(told, *replay(who, told.turn_id), who.turn(told.turn_id), texts)


def at_all_doors(server: ServerProcess, fault: Fault, prefix: str = "") -> dict[str, Seen]:
    """The same fault at every door at once."""
    with ThreadPoolExecutor(len(DOORS)) as pool:
        seen = pool.map(lambda door: see(server, door, f"{prefix}{fault.name}.{door}"), DOORS)
        return dict(zip(DOORS, seen, strict=True))


def check_first_attempt(fault: Fault, turn: Any) -> None:
    """It ended within the route's timeouts, as the server itself has noted."""
    tried = turn["attempts"][0]
    assert tried["code"] == (fault.code or "ok")
    if fault.code:
        assert -0.05 < tried["ms"] / 1000 - fault.after < SLACK, tried


def check(fault: Fault, door: str, seen: Seen) -> None:
    """One end, in time, and the same in what was told, replayed and stored."""
    told, again, turn = seen.told, seen.replayed, seen.turn
    assert len(told.endings) == len(again.endings) == 1, (door, told)
    assert told.seconds < LONGEST + SLACK, (door, told.seconds)
    check_first_attempt(fault, turn)
    assert told.code in (fault.code, None), (door, told)
    assert told.text in (fault.text, None), (door, told)
    assert told.retryable in (fault.retryable, None), (door, told)
    if fault.retry_after and told.endings != ("failed",) and told.code:
        assert told.retry_after == fault.retry_after, (door, told)
    assert (again.code, again.text) == (fault.code, fault.text), (door, again)
    assert seen.texts == [f"Hello by {door}", *([fault.text] if fault.text else [])]
    assert turn["text"] == fault.text
    if fault.code:
        assert again.retryable is turn["error"]["retryable"] is fault.retryable
        assert (turn["state"], turn["error"]["code"]) == ("failed", fault.code)
        assert "secret" not in turn["error"]["detail"]
    else:
        assert (turn["state"], turn["model"], turn.get("error")) == (
            "completed",
            turn["requested_model"],
            None,
        )


@pytest.mark.parametrize("fault", named(FAULTS))
def test_fault_ends_each_turn_once_and_in_time(
    server: ServerProcess, upstream: FaultyUpstream, fault: Fault
) -> None:
    upstream.forget()
    for door, seen in at_all_doors(server, fault).items():
        check(fault, door, seen)
        name = f"{fault.name}.{door}"
        times = max(fault.requests, 1)
        assert seen.routes == [(name, None), (name, fault.code)][:times]
        assert [tried["code"] for tried in seen.turn["attempts"]] == [fault.code or "ok"] * times
        assert upstream.state()["asked"].get(name, 0) == fault.requests
    upstream.seconds_until(open=0)


@pytest.mark.parametrize("fault", named(BEFORE))
def test_fallback_answers_before_the_first_token_and_says_so(
    server: ServerProcess, upstream: FaultyUpstream, fault: Fault
) -> None:
    upstream.forget()
    for door, seen in at_all_doors(server, fault, "spared.").items():
        first, second = f"spared.{fault.name}.{door}", f"spare.{fault.name}.{door}"
        assert (seen.told.text, seen.told.code, len(seen.told.endings)) == (text_of(3), "", 1), door
        assert seen.told.model in (second, None), door
        assert seen.told.seconds < LONGEST + SLACK, door
        check_first_attempt(fault, seen.turn)
        assert (seen.replayed.text, seen.replayed.model) == (text_of(3), second)
        assert seen.routes == [(first, None), (second, fault.code)]
        assert (seen.turn["state"], seen.turn["text"]) == ("completed", text_of(3))
        assert (seen.turn["requested_model"], seen.turn["model"]) == (first, second)
        tried = [(one["model"], one["code"]) for one in seen.turn["attempts"]]
        assert tried == [(first, fault.code), (second, "ok")]
        asked = upstream.state()["asked"]
        assert (asked.get(first, 0), asked[second]) == (min(fault.requests, 1), 1)
    upstream.seconds_until(open=0)


@pytest.mark.parametrize("fault", named(AFTER))
def test_nothing_is_said_twice_after_the_first_token(
    server: ServerProcess, upstream: FaultyUpstream, fault: Fault
) -> None:
    upstream.forget()
    for door, seen in at_all_doors(server, fault, "spared.").items():
        check(fault, door, seen)
        name = f"spared.{fault.name}.{door}"
        assert seen.routes == [(name, None)]
        assert [tried["model"] for tried in seen.turn["attempts"]] == [name]
        assert upstream.state()["asked"] == {f"spared.{fault.name}.{each}": 1 for each in DOORS}
    upstream.seconds_until(open=0)


def test_answer_of_200000_tokens_arrives_whole_and_takes_little_memory(server: ServerProcess) -> None:
    reset_peak(server)
    before = status(server, "VmRSS")
    for door, seen in at_all_doors(server, FLOOD).items():
        check(FLOOD, door, seen)
        assert seen.turn["usage"]["output_tokens"] == 200_000
    grown = status(server, "VmHWM") - before
    print(
        f"{len(DOORS)} answers of 200,000 tokens at once: {before} KiB before, {grown} KiB more at the most"
    )
    assert grown < GROWTH


def test_nothing_is_held_once_the_faults_are_over(
    server: ServerProcess, upstream: FaultyUpstream, at_rest: Held
) -> None:
    """All faults at once, by turns through every door."""
    failing = [(fault, door, f"at-once.{fault.name}") for fault, door in zip(FAULTS, cycle(DOORS))]
    add_models(server, {name: fault.row(upstream, name) for fault, _, name in failing})
    with ThreadPoolExecutor(len(failing)) as pool:
        for fault, door, seen in pool.map(lambda one: (*one[:2], see(server, *one[1:])), failing):
            check(fault, door, seen)
    upstream.seconds_until(open=0)
    wait_until(lambda: held(server) == at_rest, f"what was held at rest, {at_rest},", KEPT)
