"""Responders and their connections to PostgreSQL: many in hand leave the server its own, and broken ones are replaced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chat_app.providers.python.handover import THREADS
from tests.live.clients import Caller, issue
from tests.live.routes import add_models
from tests.servers import Launcher, PostgresProcess, wait_until

TURNS = THREADS + 16


def test_responders_that_hold_connections_leave_the_server_its_own(
    start_server: Launcher, postgres_url: str, tmp_path: Path
) -> None:
    server = start_server(
        DATABASE_URL=postgres_url, CHAT_RESPONDERS="holds=tests.live.responders.holds_a_connection"
    )
    row = {"provider": "python", "api_key": "", "model": "holds", "parameters": {"traces": str(tmp_path)}}
    add_models(server, {"holds": row})
    whos = [issue(server, f"holder-{n}", model="holds") for n in range(TURNS)]
    with ThreadPoolExecutor(TURNS) as pool:
        answers = [pool.submit(who.ask, "go") for who in whos]
        try:
            wait_until(lambda: len(list(tmp_path.iterdir())) == THREADS, "the holders", 9)
            for who in whos[:5]:
                assert who.get("/api/threads").status_code == 200
            assert Caller(server).get("/readyz").status_code == 200
        finally:
            (tmp_path / "let go").touch()
    assert {(answer.result()["model"], answer.result()["response"]) for answer in answers} == {("holds", "1")}


def test_example_answers_again_when_the_database_has_restarted(start_server: Launcher) -> None:
    postgres = PostgresProcess()
    try:
        server = start_server(
            DATABASE_URL=postgres.database(), CHAT_RESPONDERS="search=examples.responder_search.answer"
        )
        add_models(server, {"search": {"provider": "python", "api_key": "", "model": "search"}})
        who = issue(server, "searcher", model="search")
        assert who.ask("elm")["response"] == "You never said that here."
        postgres.stop()
        postgres.start()
        wait_until(lambda: who.post("/api/chat", {"message": "elm"}).status_code == 200, "an answer", 20)
        assert who.ask("elm")["response"].startswith("You said it")
    finally:
        postgres.remove()
