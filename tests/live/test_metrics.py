"""`/metrics`: who may read it, and that its figures are those of what happened."""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from sessions_app import tokens
from tests.live.cast import be_guest, log_in
from tests.live.clients import Caller, Session, bearer, issue, open_socket, without_request_id
from tests.live.scrape import scrape
from tests.servers import Launcher, ServerProcess, wait_until

TOKEN = "tests-only-metrics-token"
PLAIN_USER = (
    "from django.contrib.auth.models import User; User.objects.create_user('clerk', password='clerk')"
)


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    return start_server(METRICS_TOKEN=TOKEN)


@pytest.fixture
def user(server: ServerProcess) -> Session:
    return issue(server, f"user-{time.monotonic_ns()}", model="demo")


def refused(server: ServerProcess, headers: dict[str, str]) -> None:
    answer = Caller(server, headers).get("/metrics")
    assert answer.status_code == 401, answer.text
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert without_request_id(answer)["code"] == "unauthenticated"


def test_figures_are_shut_to_those_who_run_nothing_here(server: ServerProcess, user: Session) -> None:
    server.manage("shell", "-c", PLAIN_USER)
    name = {"username": "clerk", "password": "clerk"}
    jwt = Caller(server).post("/api/auth/token", name).json()["token"]
    for headers in (
        {},
        bearer("wrong"),
        bearer(TOKEN[:-1]),
        bearer(""),
        bearer(jwt),
        dict(user.headers),
        {"Cookie": be_guest(server)},
        {"X-Auth-Token": TOKEN},
    ):
        refused(server, headers)
    query = Caller(server).get("/metrics", params={"session_id": TOKEN})
    assert query.status_code == 401


def test_figures_are_open_to_the_operator(server: ServerProcess) -> None:
    made = server.manage("create_api_key", "watcher").split()
    key = next(word for word in made if word.startswith(tokens.KEY_PREFIX))
    cookie = {"Cookie": log_in(server)}
    for headers in (bearer(TOKEN), bearer(server.backend_key), bearer(key), cookie):
        assert scrape(server, headers)("process_resident_memory_bytes") > 10_000_000


def test_token_opens_nothing_else(server: ServerProcess) -> None:
    assert Caller(server, bearer(TOKEN)).get("/api/models").status_code == 401


def test_server_without_a_token_takes_no_empty_one(live_server_process: ServerProcess) -> None:
    refused(live_server_process, bearer(""))
    refused(live_server_process, bearer(TOKEN))


def test_turns_are_counted_by_how_they_ended(server: ServerProcess, user: Session) -> None:
    before = scrape(server)
    user.ask("/echo hello")
    assert user.post("/api/chat", {"message": "/fail upstream_refused"}).status_code == 502
    turn, _ = user.begin("/tokens 2000 20")
    wait_until(lambda: scrape(server)("turns_running") == 1, "the running turn", 5)
    user.stop(turn)
    wait_until(lambda: scrape(server)("turns_running") == 0, "the end of the turn", 5)
    after = scrape(server)

    def more(name: str, **labels: str) -> float:
        return after(name, **labels) - before(name, **labels)

    assert more("turns_started_total", trigger="message") == 3
    for state in ("completed", "failed", "cancelled"):
        assert more("turns_ended_total", state=state) == 1
        assert after("turn_seconds_count", state=state) == after("turns_ended_total", state=state)
    assert more("turns_ended_total", state="interrupted") == 0
    assert after("first_token_seconds_count", model="demo") >= 2


def test_time_to_the_first_token_is_the_one_that_a_person_waits(server: ServerProcess, user: Session) -> None:
    def under_a_quarter() -> float:
        return scrape(server)("first_token_seconds_bucket", model="demo", le="0.25")

    user.ask("/echo warm")
    before = under_a_quarter()
    user.ask("/slow 400 /echo hello")
    assert under_a_quarter() == before


def test_open_streams_and_sockets_are_counted_until_they_close(server: ServerProcess, user: Session) -> None:
    wait_until(lambda: scrape(server)("streams_open") == 0, "the end of all streams", 5)
    answer = user.post("/api/chat/stream", {"message": "/tokens 2000 20"}, stream=True)
    with closing(answer), open_socket(server, f"/ws/chat/{user.secret}") as socket:
        socket.until("ready")
        wait_until(lambda: scrape(server)("streams_open") == 1, "the stream", 5)
        assert scrape(server)("sockets_open") == 1
    with open_socket(server, "/ws/nowhere") as nowhere:
        assert nowhere.close_code() == 4404
    wait_until(lambda: scrape(server)("sockets_open") == 0, "the close of the socket", 5)
    wait_until(lambda: scrape(server)("streams_open") == 0, "the end of the stream", 5)
    user.stop(answer.headers["X-Turn-Id"])


def test_process_tells_how_it_is(server: ServerProcess) -> None:
    time.sleep(1.5)
    found = scrape(server)
    assert found("listener_up") == 1
    assert found("draining") == 0
    assert found("checkpoint_age_seconds") < 10
    assert found("event_loop_lag_seconds_count") >= 1
    assert found("sweeps_total") >= 1
    assert found("db_threads", state="busy") <= found("db_threads", state="all")
    assert found("db_queue") >= 0
    assert found("process_open_fds") > 3
    with pytest.raises(KeyError):
        found("log_up")


def test_route_that_is_left_alone_is_named(server: ServerProcess) -> None:
    row = "from chat_app.models import RouteHealth as R; from django.utils import timezone as t; import datetime as d; "
    row += "R.objects.create(model_id='gpt2', state='open', version=1, until=t.now() + d.timedelta(hours=1))"
    server.manage("shell", "-c", row)
    key = Caller(server, bearer(server.backend_key))

    def is_open() -> bool:
        key.get("/api/models")
        try:
            return scrape(server)("route_state", model="gpt2", state="open") == 1
        except KeyError:
            return False

    wait_until(is_open, "the breaker's row", 5)
    assert scrape(server)("route_state", model="gpt2") == 1


def test_connections_to_postgres_are_counted(start_server: Launcher, postgres_url: str) -> None:
    server = start_server(DATABASE_URL=postgres_url)
    issue(server, "pooled", model="demo").ask("/echo hello")
    found = scrape(server)
    assert 1 <= found("db_connections", state="open") <= 52
    assert found("db_connections", state="waiting") == 0


def test_workers_on_one_port_are_told_apart(
    start_server: Launcher, redis_url: str, postgres_url: str
) -> None:
    server = start_server(WORKERS="2", REDIS_URL=redis_url, DATABASE_URL=postgres_url)
    seen: set[str] = set()

    def both() -> bool:
        answer = scrape(server, {**bearer(server.backend_key), "Connection": "close"})
        labels = answer.labels("worker")
        assert len(labels) == 1, "each series of a scrape names its worker"
        seen.update(labels)
        return seen == {"1", "2"}

    wait_until(both, "both workers", 10)
