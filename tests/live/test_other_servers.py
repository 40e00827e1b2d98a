"""What must not depend on the server: daphne has no lifespan and tells nobody that the process has begun."""

from __future__ import annotations

import pytest

from tests.live.clients import Caller, bearer, issue, open_socket
from tests.servers import Launcher


@pytest.mark.parametrize("command", ["serve", "daphne"])
def test_revoked_session_closes_its_socket_though_no_turn_ever_ran(
    start_server: Launcher, command: str
) -> None:
    server = start_server(command)
    user, key = issue(server, "u"), Caller(server, bearer(server.backend_key))
    with open_socket(server, f"/ws/chat/{user.secret}") as socket:
        assert socket.receive()["type"] == "ready"
        assert key.call("DELETE", f"/api/sessions/{user.id}").status_code == 204
        assert socket.close_code(5) == 4401
