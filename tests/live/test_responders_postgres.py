"""More sync responders at once than there are threads for them, each with a connection to PostgreSQL in its hand: the server's
own work goes on, and every answer comes.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chat_app.providers.python.handover import THREADS
from tests.live.clients import Caller, issue
from tests.live.routes import add_models
from tests.servers import Launcher, wait_until

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
