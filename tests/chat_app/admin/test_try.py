"""Staff try a model on a real server: a streamed answer of exactly this model, for those alone who may change models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
import requests

from tests.servers import Launcher, ServerProcess

SETUP = """
from django.contrib.auth.models import Permission, User
from chat_app.models import Fallback, ModelConfig
for name, codename in (("operator", "change_modelconfig"), ("clerk", "view_modelconfig")):
    user = User.objects.create_user(name, password="tests-only", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename=codename))
User.objects.create_user("visitor", password="tests-only")
ModelConfig.objects.create(
    id="dead_end", label="Dead end", provider="openai", base_url="http://127.0.0.1:9/v1", model="m", enabled=False
)
Fallback.objects.create(model_id="dead_end", to_id="demo")
ModelConfig.objects.filter(pk="openai").update(provider="gopher")
"""


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> Iterator[ServerProcess]:
    process = start_server()
    process.manage("shell", "-v0", "-c", SETUP)
    yield process
    process.stop()


def sign_in(server: ServerProcess, name: str, password: str = "tests-only") -> requests.Session:
    browser = requests.Session()
    page = browser.get(f"{server.url}/admin/login/").text
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', page)
    assert token
    form = {"username": name, "password": password, "csrfmiddlewaretoken": token[1], "next": "/healthz"}
    done = browser.post(
        f"{server.url}/admin/login/", form, headers={"Origin": server.url}, allow_redirects=False
    )
    # Who is no staff is not let in here; the page at `/` would sign them in.
    assert done.status_code == (200 if name == "visitor" else 302)
    return browser


def ask(
    server: ServerProcess,
    browser: requests.Session,
    message: str = "/echo hello there",
    model: str = "demo",
    origin: str = "",
) -> requests.Response:
    address = f"{server.url}/admin/chat_app/modelconfig/{model}/try/stream"
    return browser.post(
        address, json={"message": message}, headers={"Origin": origin or server.url}, stream=True
    )


def events(response: requests.Response) -> list[tuple[str, dict[str, object]]]:
    assert response.status_code == 200, response.text
    frames = [frame for frame in response.text.split("\n\n") if frame.startswith("id:")]
    return [(f.split("event: ")[1].split("\n")[0], json.loads(f.split("data: ")[1])) for f in frames]


@pytest.fixture(scope="module")
def operator(server: ServerProcess) -> requests.Session:
    return sign_in(server, "operator")


def test_operator_gets_the_models_own_answer(server: ServerProcess, operator: requests.Session) -> None:
    told = events(ask(server, operator))
    assert told[0][0] == "turn"
    assert (told[0][1]["model"], "thread_id" in told[0][1]) == ("demo", False)
    assert "".join(str(event["text"]) for kind, event in told if kind == "delta") == "hello there"
    assert (told[-1][0], told[-1][1]["model"]) == ("completed", "demo")
    assert told[-1][1]["usage"]


def test_answer_comes_as_it_is_written(server: ServerProcess, operator: requests.Session) -> None:
    response = ask(server, operator, "/tokens 2000 50")
    frames = response.iter_content(chunk_size=None)
    seen = b""
    while b"event: delta" not in seen:
        seen += next(frames)
    assert b"event: completed" not in seen
    response.close()


def test_stop_ends_the_answer_with_what_was_said(server: ServerProcess, operator: requests.Session) -> None:
    response = ask(server, operator, "/tokens 2000 50")
    address = f"{server.url}/api/turns/{response.headers['X-Turn-Id']}/cancel"
    assert operator.post(address, headers={"Origin": server.url}).status_code == 202
    assert events(response)[-1][0] == "cancelled"


def test_failure_is_told_and_no_fallback_answers(server: ServerProcess, operator: requests.Session) -> None:
    told = events(ask(server, operator, model="dead_end"))
    assert [kind for kind, _ in told] == ["turn", "failed"]
    assert told[-1][1]["code"] == "upstream_down"


def test_id_as_the_admin_quotes_it_is_understood(server: ServerProcess, operator: requests.Session) -> None:
    assert events(ask(server, operator, model="dead_5Fend"))[-1][0] == "failed"


def test_model_that_lacks_something_is_refused_in_words(
    server: ServerProcess, operator: requests.Session
) -> None:
    refused = ask(server, operator, model="openai")
    assert (refused.status_code, refused.json()["code"]) == (503, "not_configured")
    assert "no provider of the kind" in refused.json()["detail"]


def test_unknown_model_and_empty_message_are_refused(
    server: ServerProcess, operator: requests.Session
) -> None:
    assert ask(server, operator, model="nobody").json()["code"] == "unknown_model"
    assert ask(server, operator, " ").json()["code"] == "invalid"


def test_turn_belongs_to_no_thread_even_where_the_browser_has_a_session(server: ServerProcess) -> None:
    browser = sign_in(server, "operator")
    made = browser.post(f"{server.url}/api/custom/session", json={}, headers={"Origin": server.url})
    assert made.status_code == 200
    turn_id = ask(server, browser).headers["X-Turn-Id"]
    turn = browser.get(f"{server.url}/api/turns/{turn_id}").json()
    assert turn["requested_model"] == "demo"
    assert "thread_id" not in turn
    assert browser.get(f"{server.url}/api/threads").json()["data"] == []


@pytest.mark.parametrize(("name", "status"), [("clerk", 403), ("visitor", 401)])
def test_who_may_not_change_models_is_refused(server: ServerProcess, name: str, status: int) -> None:
    assert ask(server, sign_in(server, name)).status_code == status


def test_signed_in_visitor_is_refused(server: ServerProcess) -> None:
    token = requests.post(
        f"{server.url}/api/auth/token", json={"username": "visitor", "password": "tests-only"}, timeout=10
    ).json()["token"]
    browser = requests.Session()
    browser.headers["Authorization"] = f"Bearer {token}"
    assert ask(server, browser).json()["code"] == "forbidden"


def test_guest_is_refused(server: ServerProcess) -> None:
    browser = requests.Session()
    assert (
        browser.post(f"{server.url}/api/custom/session", json={}, headers={"Origin": server.url}).status_code
        == 200
    )
    assert ask(server, browser).json()["code"] == "forbidden"


def test_backend_key_is_refused(server: ServerProcess) -> None:
    browser = requests.Session()
    browser.headers["Authorization"] = f"Bearer {server.backend_key}"
    assert ask(server, browser).json()["code"] == "forbidden"


def test_page_of_another_origin_is_refused(server: ServerProcess, operator: requests.Session) -> None:
    assert ask(server, operator, origin="https://evil.example").status_code == 403


def test_key_is_in_no_log_line(server: ServerProcess) -> None:
    key = "sk-tests-only-never-to-be-logged"
    browser = sign_in(server, server.admin, server.password)
    address = f"{server.url}/admin/chat_app/modelconfig/demo/change/"
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)', browser.get(address).text)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "new_api_key": key, "label": ""}
    assert browser.post(address, form, headers={"Origin": server.url}).status_code in (200, 400)
    assert key not in server.logs()
