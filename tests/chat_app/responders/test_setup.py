"""Settings name the responders: what a bad name says, and the database connections of their threads."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from django.db import connection

from chat_app import checks
from chat_app.models import Thread
from chat_app.providers.python import provider as python
from chat_app.responders import setup
from tests.servers import run_python


@pytest.fixture(autouse=True)
def _table_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(python, "_table", python._table)


def greet(prompt: object) -> str:
    return "hello"


def test_check_names_each_responder_that_is_not_there(settings: Any) -> None:
    entries = {"lost": "nowhere.at.all", "good": f"{__name__}.greet", "direct": greet}
    settings.CHAT_RESPONDERS = entries
    setup.plug_in()
    found = checks.responders_are_there(None)
    assert [(message.id, "“lost”" in message.msg) for message in found] == [("chat_app.W001", True)]
    assert "lost" in str(found[0].hint)


def test_no_responders_need_no_check() -> None:
    assert checks.responders_are_there(None) == []


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_thread_of_a_responder_leaves_no_connection_open() -> None:
    left: list[bool] = []

    def work() -> None:
        with setup.own_connections():
            Thread.objects.count()
            left.append(connection.connection is None)
        left.append(connection.connection is None)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert left == [False, True]


def test_server_that_runs_no_agent_does_not_load_the_sdk() -> None:
    code = (
        "import chatbackend.asgi, sys; print([n for n in ('agents', 'openai', 'torch') if n in sys.modules])"
    )
    assert run_python(["-c", code], os.environ).strip() == "[]"
