"""Responders and their connections to PostgreSQL: many in hand leave the server its own, and broken ones are replaced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chat_app.providers.python.handover import THREADS
from tests.live.chatkit.client import Client
from tests.live.chatkit.conftest import same
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


def test_chatkit_server_keeps_its_items_in_postgresql(start_server: Launcher, postgres_url: str) -> None:
    named = {"CHAT_RESPONDERS": "shop=tests.live.chatkit.servers.Shop"}
    server = start_server(DATABASE_URL=postgres_url, **named)
    add_models(server, {"shop": {"provider": "python", "api_key": "", "model": "shop"}})
    client = Client(issue(server, "shopper", model="shop"))
    thread = client.say("widget")
    client.act(thread.thread["id"], thread.of_kind("widget")[0]["id"], "buy", {"n": 2}).all()
    add = "await DjangoStore().add_thread_item(t, HiddenContextItem(id=f'n{n}', thread_id=t, created_at=now(), content=n), 0)"
    code = f"""
import asyncio
from datetime import datetime
from chatkit.types import HiddenContextItem
from chat_app.models import Item, Thread
from chat_app.responders.chatkit_store import DjangoStore, speaking
t, now = {thread.thread["id"]!r}, datetime.now
owner = Thread.objects.get(pk=t).owner
async def add(n):
    async with speaking(owner):
        {add}
async def main():
    await asyncio.gather(*(add(n) for n in range(10)))
asyncio.run(main())
print(Item.objects.filter(thread=t).count())"""
    assert server.manage("shell", "-c", code).strip().endswith("14")
    same(client, thread.thread["id"])
