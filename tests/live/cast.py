"""Who calls in the stranger tests: the owner, whose words must stay theirs, and everybody who is somebody else or nobody."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from tests.live.clients import Caller, Headers, Session, bearer, issue
from tests.live.files import attached
from tests.servers import ServerProcess

MARKER = "topsecret-7f3a9c"


@dataclass(frozen=True)
class Cast:
    """The owner and their things; `bad` are headers that must speak for nobody, `strangers` good ones of others."""

    owner: Session
    things: Mapping[str, str]
    bad: Mapping[str, Headers]
    strangers: Mapping[str, Headers]


def log_in(server: ServerProcess) -> str:
    """The value of a `Cookie` header after the admin has logged in."""
    with requests.Session() as browser:
        page = browser.get(server.url + "/admin/login/", timeout=10)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None
        fields = {"username": server.admin, "password": server.password, "csrfmiddlewaretoken": token[1]}
        browser.post(server.url + "/admin/login/", data=fields, timeout=10, allow_redirects=False)
        return f"sessionid={browser.cookies['sessionid']}"


def be_guest(server: ServerProcess) -> str:
    """The `Cookie` header of a new visitor."""
    answer = Caller(server).post("/api/custom/session")
    assert answer.status_code == 200, answer.text
    return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


def claims(jwt: str) -> Any:
    """What a JWT says, unchecked."""
    body = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def forged(jwt: str, **changed: Any) -> str:
    """The same JWT with other claims, signed by nobody."""

    def spell(data: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{spell({'alg': 'none', 'typ': 'JWT'})}.{spell({**claims(jwt), **changed})}."


def make(server: ServerProcess) -> Cast:
    """The whole cast, new."""
    login = log_in(server)
    jwt = Caller(server, {"Cookie": login}).post("/api/auth/token").json()
    number = str(
        claims(jwt["token"])["user_id"]
    )  # the owner has the number of a Django user, in another realm
    other_key = server.manage("create_api_key", f"other {time.time_ns()}", "--realm", "other").strip()
    dead_key = server.manage("create_api_key", f"dead {time.time_ns()}").strip()
    revoke_key(server, dead_key)
    owner = issue(server, number, metadata={"note": MARKER})
    return Cast(
        owner,
        _things(owner),
        _bad(server, owner, login, jwt, dead_key),
        {
            "colleague": issue(server, f"colleague of {number}").headers,
            "namesake of another realm": issue(server, number, other_key).headers,
            "login of the same number": {"Cookie": login},
            "JWT of the same number": bearer(jwt["token"]),
            "JWT in X-Auth-Token": {"X-Auth-Token": jwt["token"]},
            "guest": {"Cookie": be_guest(server)},
            "key of another realm": bearer(other_key),
        },
    )


def revoke_key(server: ServerProcess, key: str) -> None:
    """End a backend key, as the admin's action does."""
    code = "from sessions_app import keys, models, tokens; "
    code += f"keys.revoke(models.ApiKey.objects.get(digest=tokens.digest({key!r})))"
    server.manage("shell", "-c", code)


def _things(owner: Session) -> dict[str, str]:
    """Two threads of the owner's, marked all over: one that is at rest and one in which a turn runs."""
    said = owner.ask(f"/echo {MARKER} an answer")
    assert MARKER in said["response"]
    answer = next(item for item in owner.items(owner.thread_id) if item["type"] == "assistant_message")
    title = owner.call("PATCH", f"/api/threads/{owner.thread_id}", {"title": f"{MARKER} title"})
    assert title.status_code == 200
    busy = owner.post("/api/threads", {"title": f"{MARKER} busy"}).json()["id"]
    running, _ = owner.begin(f"/tokens 100000 500 {MARKER}", thread_id=busy)
    return {
        "thread": owner.thread_id,
        "turn": said["turn_id"],
        "running": running,
        "item": answer["id"],
        "attachment": attached(owner, MARKER.encode(), f"{MARKER}.txt")["id"],
        "session": owner.id,
        "secret": owner.secret,
    }


def _bad(
    server: ServerProcess, owner: Session, login: str, jwt: Mapping[str, str], dead_key: str
) -> dict[str, dict[str, str]]:
    expired, revoked = issue(server, "x", ttl=1), issue(server, "x")
    assert revoked.call("DELETE", "/api/sessions/current").status_code == 204
    time.sleep(1.1)
    wrong = "cs_" + "A" * 43
    cookie = f"{login}; chat_session={owner.secret}"
    return {
        "nobody": {},
        "wrong secret": bearer(wrong),
        "wrong key": bearer("bk_" + "A" * 43),
        "wrong JWT": bearer("x.y.z"),
        "JWT of another signature": bearer(jwt["token"][:-4] + "AAAA"),
        "JWT that signs itself": bearer(forged(jwt["token"])),
        "refresh token": bearer(jwt["refresh"]),
        "no token": {"Authorization": "Bearer"},
        "not a bearer": {"Authorization": "Basic YTpi"},
        "public id of the session": bearer(owner.id),
        "digest of nothing": bearer("'; drop table sessions_app_chatsession; --"),
        "key in X-Auth-Token": {"X-Auth-Token": server.backend_key},
        "expired secret": bearer(expired.secret),
        "revoked secret": bearer(revoked.secret),
        "revoked key": bearer(dead_key),
        "good cookies, wrong bearer": {"Cookie": cookie, **bearer(wrong)},
        "good cookies, wrong X-Auth-Token": {"Cookie": cookie, "X-Auth-Token": "x.y.z"},
        "good secret, wrong X-Auth-Token": {**owner.headers, "X-Auth-Token": wrong},
        "good key, expired secret": {**bearer(server.backend_key), "X-Auth-Token": expired.secret},
    }
