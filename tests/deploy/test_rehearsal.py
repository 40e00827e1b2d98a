"""The rehearsal: the whole topology comes up, each part can go and come back, and the script ends all that it started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis

from deploy import rehearse
from tests import parts
from tests.live.clients import Caller
from tests.parts import BASE_DIR
from tests.servers import answers, environment, wait_until


def up(key: Caller, seconds: float = 30.0) -> None:
    wait_until(lambda: key.get("/readyz").status_code == 200, "the topology", seconds)


def test_both_workers_answer_through_nginx(topology: rehearse.Topology, key: Caller) -> None:
    assert [key.ask(f"/echo {n}")["response"] for n in range(4)] == ["0", "1", "2", "3"]
    for worker in topology.workers:
        assert "/api/chat" in worker.logs()


@pytest.mark.parametrize("name", ["nginx", "worker 1", "worker 2", "PostgreSQL", "Redis"])
def test_part_that_was_killed_is_started_again_in_its_place(
    topology: rehearse.Topology, key: Caller, name: str
) -> None:
    process = topology.processes()[name]
    process.kill() if name != "PostgreSQL" else process.send_signal(signal.SIGQUIT)
    process.wait(10)
    rehearse.revive(topology, name)
    assert topology.processes()[name].pid != process.pid
    up(key)
    assert key.ask("/echo again")["response"] == "again"


def test_postgres_keeps_what_it_has_when_it_is_restarted_without_a_shutdown(
    topology: rehearse.Topology, key: Caller
) -> None:
    with psycopg.connect(topology.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    topology.postgres.restart(immediate=True)
    with psycopg.connect(topology.database_url, autocommit=True) as connection:
        assert connection.execute("SELECT seven FROM kept").fetchone() == (7,)
        connection.execute("DROP TABLE kept")
    up(key)


def test_redis_loses_what_it_has_when_it_is_flushed(topology: rehearse.Topology) -> None:
    with redis.Redis.from_url(topology.redis.url) as client:
        client.set("kept", "no")
        topology.redis.flush()
        assert client.get("kept") is None


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_script_says_how_to_reach_it_and_ends_all_that_it_started(tmp_path: Path) -> None:
    for part in ("nginx", "postgres", "redis"):
        parts.require(part)
    said = tmp_path / "said"
    with said.open("wb") as out:
        script = subprocess.Popen([sys.executable, "-m", "deploy.rehearse"], cwd=BASE_DIR, stdout=out, stderr=out,
                                  env={**environment(tmp_path), "TMPDIR": "/tmp"})  # fmt: skip
    try:
        wait_until(lambda: "Ctrl-C" in said.read_text() or script.poll() is not None, "the rehearsal", 90)
        text = said.read_text()
        url = re.search(r"Chat +(\S+)", text)
        assert url is not None, text
        assert answers(url[1])
        assert f"sign in as {rehearse.ADMIN} / {rehearse.PASSWORD}" in text
        pids = [int(pid) for pid in re.findall(r"kill -9 (\d+)", text)]
        assert len(pids) == 5
        assert all(_alive(pid) for pid in pids)
    finally:
        script.send_signal(signal.SIGINT)
        code = script.wait(60)
    assert code == 0, said.read_text()
    assert not any(_alive(pid) for pid in pids)
