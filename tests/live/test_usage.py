"""The usage page on started servers: what was said through the API is counted there, on either database."""

from __future__ import annotations

import csv
import io

import pytest

from tests.live.cast import log_in
from tests.live.clients import Caller, issue
from tests.servers import Launcher, PostgresProcess

PAGE = "/admin/chat_app/usage/"


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_turns_are_counted_where_they_are_shown(
    database: str, request: pytest.FixtureRequest, start_server: Launcher
) -> None:
    settings = {}
    if database == "postgres":
        postgres: PostgresProcess = request.getfixturevalue("postgres_process")
        settings["DATABASE_URL"] = postgres.database()
    server = start_server(port=None, **settings)
    who = issue(server, "counted", model="demo")
    usages = [who.ask(f"/echo {n} words")["usage"] for n in range(3)]
    who.post("/api/chat", {"message": "/fail upstream_down"})
    staff = Caller(server, {"Cookie": log_in(server)})
    for span in ("24h", "7d", "90d"):
        lines = list(csv.DictReader(io.StringIO(staff.get(f"{PAGE}?range={span}&csv=days").text)))
        assert sum(int(line["turns"]) for line in lines) == 4
        assert sum(int(line["failed"]) for line in lines) == 1
        for name, column in (("input_tokens", "tokens_in"), ("output_tokens", "tokens_out")):
            assert sum(int(line[column]) for line in lines) == sum(usage[name] for usage in usages)
        assert 0 < int(lines[-1]["first_token_p50_ms"]) <= int(lines[-1]["first_token_p95_ms"]) < 10_000
    for name, subject in (("users", "ext:counted"), ("sessions", who.id), ("keys", "env")):
        (line,) = csv.reader(io.StringIO(staff.get(f"{PAGE}?csv={name}").text.split("\n", 1)[1]))
        assert line[0] == subject
    page = staff.get(f"{PAGE}?owner=ext:counted&model=demo")
    assert page.text.count("<figcaption") == 6
    assert "style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
