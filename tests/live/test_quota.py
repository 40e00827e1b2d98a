"""Quotas on a started server: the same refusal through every door, never one turn too many, and what a stopped turn used."""

from __future__ import annotations

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.live.clients import Caller, bearer, issue, open_socket
from tests.live.doors import DOORS
from tests.servers import Launcher, PostgresProcess, ServerProcess, wait_until

LIMIT, CROWD = 5, 20
MONTH = 31 * 86_400
SETUP = f"""
from chat_app.models import ModelConfig, Quota
from sessions_app import keys
ModelConfig.objects.filter(pk="demo").update(price_in=1, price_out=2)
for door in {[*DOORS, "socket", "headers"]!r}:
    Quota.objects.create(subject=f"ext:{{door}}", period="month", turns=1)
Quota.objects.create(subject="ext:crowd", period="month", turns={LIMIT})
for n in range(4):  # of each of two users, two that count the same
    Quota.objects.create(subject=f"ext:busy-{{n % 2}}", period="month", turns=100, model_id=["demo", None][n // 2])
Quota.objects.create(subject="ext:stopped", period="month", tokens=10**6, cost=100)
key, text = keys.create("limited")
Quota.objects.create(kind="key", subject=key.pk, period="month", turns=3)
print(text)
"""
USED = """
import json
from chat_app.models import QuotaUse
print(json.dumps([[u.turns, u.tokens, str(u.cost)] for u in QuotaUse.objects.filter(subject={0!r})]))
"""


def limited(server: ServerProcess) -> tuple[ServerProcess, str]:
    """The server with its quotas, made before its first turn, and a backend key that has one."""
    return server, server.manage("shell", "-v0", "-c", SETUP).split()[-1]


@pytest.fixture(scope="module")
def limits(start_server: Launcher) -> tuple[ServerProcess, str]:
    return limited(start_server())


@pytest.fixture(scope="module")
def server(limits: tuple[ServerProcess, str]) -> ServerProcess:
    return limits[0]


def used(server: ServerProcess, subject: str) -> list[Any]:
    rows: list[Any] = json.loads(server.manage("shell", "-v0", "-c", USED.format(subject)).splitlines()[-1])
    return rows


def stored(server: ServerProcess, turn_id: str) -> str:
    """What the row holds of a running turn's text."""
    code = f"from chat_app.models import Turn; print(repr(Turn.objects.get(pk={turn_id!r}).partial))"
    return server.manage("shell", "-v0", "-c", code).splitlines()[-1]


@pytest.mark.parametrize("name", DOORS)
def test_limit_is_the_same_through_every_door(server: ServerProcess, name: str) -> None:
    who = issue(server, name, model="demo")
    first, second = (DOORS[name](who, "/echo hello") for _ in range(2))
    assert (first.text, first.code) == ("hello", "")
    assert (second.text, second.code, second.turn_id) == ("", "quota_exceeded", "")
    assert second.detail.startswith("Your allowance for this month is used up until 1 ")
    assert [item["text"] for item in who.items(who.thread_id)] == ["/echo hello", "hello"]
    assert [row[0] for row in used(server, f"ext:{name}")] == [1]


@pytest.mark.parametrize("path", ["/api/chat", "/api/chat/stream"])
def test_refusal_is_a_429_that_says_when_to_come_again(server: ServerProcess, path: str) -> None:
    who = issue(server, "headers", model="demo")
    who.post("/api/chat", {"message": "/echo hello"})
    refused = who.post(path, {"message": "/echo hello", "events": True})
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    assert refused.json()["retryable"] is False
    assert 0 < int(refused.headers["Retry-After"]) <= MONTH


def test_socket_is_told_when_to_come_again_and_stays_open(server: ServerProcess) -> None:
    who = issue(server, "socket", model="demo")
    with open_socket(server, f"/ws/chat/{who.secret}") as socket:
        socket.send(type="message", id="1", text="/echo hello")
        socket.until("response")
        socket.send(type="message", id="2", text="/echo hello")
        error = socket.until("error")
        assert (error["id"], error["code"]) == ("2", "quota_exceeded")
        assert 0 < error["retry_after"] <= MONTH
        assert socket.alive()


def test_stopped_turn_is_charged_what_it_used(server: ServerProcess) -> None:
    who = issue(server, "stopped", model="demo")
    with open_socket(server, f"/ws/chat/{who.secret}") as socket:
        socket.send(type="message", id="1", text="/tokens 5000 100")
        turn_id = socket.until("delta")["turn_id"]
        socket.send(type="cancel")
        socket.until("response")
    usage = who.turn(turn_id)["usage"]
    assert usage["output_tokens"] > 0
    assert float(usage["cost"]) > 0
    assert used(server, "ext:stopped") == [[1, usage["total_tokens"], usage["cost"]]]


def test_key_is_counted_over_the_sessions_of_all_its_users(limits: tuple[ServerProcess, str]) -> None:
    server, key = limits
    users = [issue(server, f"of-the-key-{n}", key, model="demo") for n in range(2)]
    for user in users:
        assert user.ask("/echo hello")["response"] == "hello"
    itself = Caller(server, bearer(key))
    assert itself.ask("/echo once", model="demo")["response"] == "once"
    refusals = [who.post("/api/chat", {"message": "x", "model": "demo"}) for who in (*users, itself)]
    assert {answer.json()["code"] for answer in refusals} == {"quota_exceeded"}
    assert issue(server, "of-the-key-0", model="demo").ask("/echo other key")["response"] == "other key"


def test_turn_of_a_killed_worker_is_charged_for_what_it_had_said(start_server: Launcher) -> None:
    first, _ = limited(start_server())
    who = issue(first, "stopped", model="demo")
    turn_id, _ = who.begin("/tokens 5000 20")
    wait_until(lambda: len(stored(first, turn_id)) > 20, "a checkpoint")
    first.signal(signal.SIGKILL)
    kept = {name: first.env[name] for name in ("DATA_DIR", "ENCRYPTION_KEYS")}
    second = start_server(port=None, **kept, DATABASE_URL=first.env["DATABASE_URL"] + "?")
    turn = replace(who, server=second).ended(turn_id, 40)
    assert (turn["state"], turn["usage"]["estimated"]) == ("interrupted", True)
    ((turns, tokens, _),) = used(second, "ext:stopped")
    assert (turns, tokens) == (1, turn["usage"]["total_tokens"])
    assert tokens > 5


@pytest.fixture(scope="module")
def grown(start_server: Launcher, postgres_process: PostgresProcess) -> tuple[ServerProcess, str]:
    return limited(start_server(DATABASE_URL=postgres_process.database()))


@pytest.mark.parametrize("database", ["limits", "grown"])
def test_of_many_turns_at_once_no_more_begin_than_the_limit(
    database: str, request: pytest.FixtureRequest
) -> None:
    server, _ = request.getfixturevalue(database)
    users = [issue(server, "crowd", model="demo") for _ in range(CROWD)]
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(lambda who: who.post("/api/chat", {"message": "/echo x"}), users))
    assert sorted(answer.status_code for answer in answers) == [200] * LIMIT + [429] * (CROWD - LIMIT)
    assert [row[0] for row in used(server, "ext:crowd")] == [LIMIT]


@pytest.mark.parametrize("database", ["limits", "grown"])
def test_turns_that_begin_and_end_at_once_are_all_added_up(
    database: str, request: pytest.FixtureRequest
) -> None:
    server, _ = request.getfixturevalue(database)
    users = [issue(server, f"busy-{n % 2}", model="demo") for n in range(8)]
    with ThreadPoolExecutor(len(users)) as pool:
        usages = list(pool.map(lambda who: [who.ask("/echo x")["usage"] for _ in range(10)], users))
    for n in range(2):
        tokens = sum(usage["total_tokens"] for told in usages[n::2] for usage in told)
        cost = sum(Decimal(usage["cost"]) for told in usages[n::2] for usage in told)
        assert used(server, f"ext:busy-{n}") == [[40, tokens, str(cost)]] * 2
