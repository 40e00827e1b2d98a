"""Settings name the responders: what a bad name says, and the database connections of their threads."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest
from chatkit.server import ChatKitServer
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


class Server(ChatKitServer[Any]):
    def respond(self, *_: Any) -> Any:
        raise NotImplementedError


def make() -> Server:
    return Server(None)  # type: ignore[arg-type]


def make_of(store: Any) -> Server:
    return Server(store)


def breaks() -> Server:
    raise KeyError("no server today")


@pytest.mark.parametrize("target", [Server, make(), make, make_of, f"{__name__}.make"])
def test_chatkit_server_is_a_responder_in_every_shape(settings: Any, target: Any) -> None:
    settings.CHAT_RESPONDERS = {"it": target}
    setup.plug_in()
    assert python.problem("it") is None
    method = python.hook("it", "respond")
    assert type(getattr(method, "__self__", None)).__name__ == "ChatKitResponder"


def test_server_that_cannot_be_made_is_told_of(settings: Any) -> None:
    settings.CHAT_RESPONDERS = {"it": breaks}
    setup.plug_in()
    assert python.problem("it") == "The responder “it” cannot be made (KeyError)."


def test_other_responders_are_as_they_were() -> None:
    assert setup.adapted(greet) is greet
    assert setup.adapted(_no_prompt_at_all) is _no_prompt_at_all


def _no_prompt_at_all(*words: str) -> str:
    return ""


@pytest.mark.parametrize("named", ["", "it=examples.python_model.shout"])
def test_server_that_runs_no_chatkit_server_does_not_load_its_sdk(named: str) -> None:
    code = (
        "import chatbackend.asgi, sys; from chat_app.providers.python import provider as p; p.problem('it');"
        "print([n for n in sys.modules if n.split('.')[0] in ('chatkit', 'agents', 'openai')])"
    )
    assert run_python(["-c", code], {**os.environ, "CHAT_RESPONDERS": named}).strip() == "[]"
