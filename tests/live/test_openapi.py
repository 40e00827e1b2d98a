"""The OpenAPI document against a started server: whatever it allows to be sent is answered as it says, and never by a 5xx
but a documented 503. Seeded, so that a run can be repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.live.clients import Headers, Session, bearer, issue
from tests.live.files import attached
from tests.pictures import PNG
from tests.servers import Launcher, ServerProcess

EXAMPLES = 30  # for each operation
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Made-up tokens and links are never good, and OpenAI's own sessions are not configured here.
NEVER_WORK = {
    "POST /api/auth/token",
    "POST /api/auth/refresh",
    "POST /api/auth/revoke",
    "POST /api/chatkit/session",
    "POST /api/attachments/{attachment_id}/upload",
    "PUT /api/attachments/{attachment_id}/upload",
}
FAST = "from chat_app.models import ModelConfig; ModelConfig.objects.filter(pk='demo').update(parameters={'delay_ms': 0})"


@pytest.fixture(scope="module")
def served(start_server: Launcher) -> ServerProcess:
    """A server of its own, whose model answers as fast as it can."""
    server = start_server()
    server.manage("shell", "-c", FAST)
    return server


@pytest.fixture(scope="module")
def visitor(served: ServerProcess) -> Visitor:
    """A user, and one of everything that a path can name."""
    owner = issue(served, "owner")
    said = owner.ask("/echo hi")
    picture = attached(owner, PNG)
    things = {
        "token": picture["preview_url"].partition("token=")[2],
        "thread_id": said["thread_id"],
        "turn_id": said["turn_id"],
        "item_id": owner.items(said["thread_id"])[1]["id"],
        "attachment_id": picture["id"],
        "session": owner.id,
        "model": "gpt2",
    }
    return Visitor(served, owner, things)


@dataclass(frozen=True)
class Visitor:
    """Makes each call as somebody who may make it, half of them about something that is there."""

    server: ServerProcess
    owner: Session
    things: dict[str, str]
    seen: dict[str, set[int]] = field(default_factory=dict)

    def call(self, case: Case) -> None:
        """Send one case. Raises schemathesis' FailureGroup for an answer that the document does not allow."""
        for name, value in case.path_parameters.items():
            if len(str(value)) % 2:
                case.path_parameters[name] = self._thing(name, case.method)
        if case.query.get("token") and len(case.path_parameters["attachment_id"]) % 2 == 0:
            case.query["token"] = self.things["token"]
        case.cookies.clear()
        case.headers.pop(
            "X-Auth-Token", None
        )  # a made-up one is a bad credential; those are other tests' business
        answer = case.call(headers=dict(self._speaker(case.path)), timeout=30)
        assert answer.status_code < 500 or answer.status_code == 503
        case.validate_response(answer, checks=CHECKS)
        self.seen.setdefault(case.operation.label, set()).add(answer.status_code)

    def _thing(self, name: str, method: str) -> str:
        if method != "DELETE":
            return self.things[name]
        if name == "session":
            return issue(self.server, "passer-by").id
        if name == "attachment_id":
            return str(attached(self.owner, PNG)["id"])
        return str(self.owner.post("/api/threads").json()["id"])

    def _speaker(self, path: str) -> Headers:
        if path.endswith("sessions") or path == "/api/sessions/{session}":
            return bearer(self.server.backend_key)
        if "current" in path or path == "/api/custom/session":
            return issue(self.server, "passer-by").headers
        return self.owner.headers


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good calls", "bad calls"]
)
def test_answers_are_as_documented(
    served: ServerProcess, visitor: Visitor, subtests: pytest.Subtests, mode: GenerationMode
) -> None:
    document = schemathesis.openapi.from_url(f"{served.url}/api/schema?format=json")
    for found in document.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()

        @seed(1)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def explore(case: Case) -> None:
            visitor.call(case)

        with subtests.test(operation.label):
            explore()
    worked = {label for label, statuses in visitor.seen.items() if min(statuses) < 300}
    assert worked == visitor.seen.keys() - NEVER_WORK


def test_tokens_are_answered_as_documented(served: ServerProcess) -> None:
    document = schemathesis.openapi.from_url(f"{served.url}/api/schema?format=json")
    given: Any = {"username": served.admin, "password": served.password}
    for path, status in (("/api/auth/token", 200), ("/api/auth/refresh", 200), ("/api/auth/revoke", 204)):
        answer = (
            document[path]["POST"]
            .Case(body=given, media_type="application/json")
            .call_and_validate(checks=CHECKS)
        )
        assert answer.status_code == status
        given = {"refresh": answer.json()["refresh"]} if status == 200 else {}
