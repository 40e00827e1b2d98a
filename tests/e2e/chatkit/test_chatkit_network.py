"""What ChatKit's own client makes of a bad network when the connector is in between: nothing lost, nothing said twice."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Route, expect

from tests.e2e.cable import Cable
from tests.e2e.chat_page import Watch
from tests.e2e.chatkit.kit import Kit
from tests.e2e.test_page_chat import numbers
from tests.servers import Launcher, ServerProcess

Open = Callable[..., Kit]
LOST = r"net::ERR_|WebSocket connection"
EXPIRE = (
    "from django.utils import timezone\nfrom sessions_app.models import ChatSession\n"
    "ChatSession.objects.update(expires_at=timezone.now())"
)
AWAY = {"message": "Full just now.", "code": "unavailable", "retryable": True, "request_id": "r"}


def test_answer_goes_on_after_three_seconds_without_a_network(
    open_kit: Open, cable: Cable, watch: Watch
) -> None:
    watch.expect(LOST)
    kit = open_kit(url=cable.url)
    kit.say("/tokens 240 30")
    kit.running("0020")
    cable.cut()
    before = kit.text()
    kit.page.wait_for_timeout(3_000)
    assert kit.text() == before
    cable.mend()
    kit.ended()
    assert kit.text() == numbers(240)
    expect(kit.questions).to_have_count(1)
    expect(kit.answers).to_have_count(1)
    expect(kit.alerts).to_have_count(0)
    assert "reconnecting" in kit.evaluate("states")
    assert {request.headers["idempotency-key"] for request in kit.operations("threads.create")} == {
        kit.operations("threads.create")[0].headers["idempotency-key"]
    }
    kit.reload()
    assert kit.text() == numbers(240)
    expect(kit.questions).to_have_count(1)


def test_answer_that_ended_meanwhile_is_shown_whole(open_kit: Open, cable: Cable, watch: Watch) -> None:
    watch.expect(LOST)
    kit = open_kit(url=cable.url)
    kit.say("/tokens 40 30")
    kit.running("0005")
    cable.cut()
    kit.page.wait_for_timeout(2_500)
    cable.mend()
    kit.ended()
    assert kit.text() == numbers(40)
    expect(kit.answers).to_have_count(1)
    expect(kit.alerts).to_have_count(0)


def test_many_cuts_in_one_answer_leave_no_trace(open_kit: Open, cable: Cable, watch: Watch) -> None:
    watch.expect(LOST)
    kit = open_kit(url=cable.url)
    kit.say("/tokens 300 25")
    for mark in ("0005", "0040", "0090", "0150"):
        kit.running(mark)
        cable.cut()
        cable.mend()
    kit.ended()
    assert kit.text() == numbers(300)
    expect(kit.answers).to_have_count(1)


def test_stop_while_the_network_is_lost_reaches_the_turn_later(
    open_kit: Open, cable: Cable, watch: Watch
) -> None:
    watch.expect(LOST)
    kit = open_kit(url=cable.url)
    kit.say("/tokens 2000 25")
    kit.running("0010")
    cable.cut()
    kit.page.wait_for_timeout(500)
    kit.stop.click()
    kit.ended()
    with kit.page.expect_response("**/cancel", timeout=20_000) as cancelled:
        cable.mend()
    assert cancelled.value.status == 202


def test_answer_that_is_given_up_comes_when_the_network_is_back(
    open_kit: Open, cable: Cable, watch: Watch
) -> None:
    watch.expect(LOST)
    kit = open_kit(url=cable.url, timing={"patience": 1_000})
    kit.say("/tokens 80 25")
    kit.running("0010")
    cable.cut()
    kit.ended()
    expect(kit.alerts).to_contain_text("The connection was lost")
    cable.mend()
    expect(kit.answers).to_contain_text("0080", timeout=25_000)
    assert kit.text() == numbers(80)
    expect(kit.answers).to_have_count(1)


def test_refusal_at_the_start_is_waited_out(open_kit: Open, watch: Watch) -> None:
    watch.expect("503")
    kit = open_kit()
    times = 0

    def busy_twice(route: Route) -> None:
        nonlocal times
        times += 1
        if times <= 2:
            route.fulfill(status=503, json=AWAY)
        else:
            route.continue_()

    kit.page.route("**/chatkit", busy_twice)
    assert kit.ask("/echo patience") == "patience"
    creates = kit.operations("threads.create")
    assert len(creates) == 3
    assert len({request.headers["idempotency-key"] for request in creates}) == 1
    assert kit.evaluate("states") == ["connected", "retrying", "connected"]


def test_server_that_stays_away_is_told_in_its_own_words(open_kit: Open, watch: Watch) -> None:
    watch.expect("503")
    kit = open_kit()
    kit.page.route("**/chatkit", lambda route: route.fulfill(status=503, json=AWAY))
    kit.say("/echo patience")
    expect(kit.alerts).to_have_text("Full just now.", timeout=10_000)
    assert len(kit.operations("threads.create")) == 3


def test_refused_message_is_told_too(open_kit: Open, watch: Watch) -> None:
    watch.expect("400")
    kit = open_kit()
    kit.say("x" * 100_001)
    expect(kit.alerts).not_to_have_count(0)
    expect(kit.answers).to_have_count(0)


def test_revoked_session_is_renewed_without_a_word(open_kit: Open, watch: Watch) -> None:
    watch.expect("401")
    kit = open_kit()
    kit.ask("/echo before")
    bearer = kit.asked[-1].headers["authorization"]
    ended = kit.page.request.delete(f"{kit.url}/api/sessions/current", headers={"Authorization": bearer})
    assert ended.status in (200, 204)
    assert kit.ask("/echo after") == "after"
    expect(kit.questions).to_have_text(["/echo before", "/echo after"])
    expect(kit.alerts).to_have_count(0)
    assert kit.asked[-1].headers["authorization"] != bearer
    kit.reload()
    expect(kit.answers).to_have_text(["before", "after"])


def test_session_that_is_revoked_in_the_middle_of_an_answer_lets_it_be_seen_whole(
    open_kit: Open, watch: Watch
) -> None:
    watch.expect("401")
    kit = open_kit()
    kit.say("/tokens 500 25")
    kit.running("0005")
    bearer = kit.asked[-1].headers["authorization"]
    kit.page.request.delete(f"{kit.url}/api/sessions/current", headers={"Authorization": bearer})
    expect(kit.alerts).to_contain_text("The session has ended")
    expect(kit.answers).to_contain_text("0500", timeout=30_000)
    assert kit.text() == numbers(500)


def test_session_that_ends_in_the_middle_of_an_answer_is_renewed(
    start_server: Launcher, open_kit: Open, watch: Watch
) -> None:
    watch.expect(LOST + "|401")
    server = start_server()
    with Cable(server.port) as cable:
        kit = open_kit(url=cable.url)
        kit.say("/tokens 3000 25")
        kit.running("0005")
        server.manage("shell", "-c", EXPIRE)
        cable.cut()
        cable.mend()
        before = kit.text()
        expect(kit.answers).not_to_have_text(before)
        kit.stop.click()
        kit.ended()
        said = kit.text()
        assert said == numbers(len(said.split()))
        expect(kit.alerts).to_have_count(0)
        bearers = [request.headers["authorization"] for request in kit.operations("threads.create")]
        assert len(set(bearers)) == 2
        assert kit.ask("/echo after") == "after"


def test_fallback_answers_where_the_first_is_away(
    start_server: Launcher, open_kit: Open, watch: Watch, live_server_process: ServerProcess
) -> None:
    watch.expect("503|another host")
    other = start_server(CORS_ALLOWED_ORIGINS=live_server_process.url)
    away = f"{live_server_process.url}/chatkit"
    kit = open_kit(
        fallbackUrl=f"{other.url}/chatkit",
        prepare=lambda page: page.route(away, lambda route: route.fulfill(status=503, json=AWAY)),
    )
    assert kit.ask("/echo from the other") == "from the other"
    assert kit.evaluate("states")[-1] == "fallback"
    kit.page.unroute(away)
    assert kit.ask("/echo still there") == "still there"
    kit.reload()
    expect(kit.answers).to_have_text(["from the other", "still there"])
    assert kit.ask("/echo and after") == "and after"


def test_restart_is_outlived_and_what_outlives_the_drain_is_kept(
    start_server: Launcher, open_kit: Open, watch: Watch
) -> None:
    watch.expect(LOST + r"|status of 50\d")
    server = start_server(DRAIN_SECONDS="4")
    kit = open_kit(url=server.url)
    kit.say("/tokens 60 25")
    kit.running("0005")
    assert server.stop() == 0
    kit.ended()
    assert kit.text() == numbers(60)
    expect(kit.alerts).to_have_count(0)
    server.start()
    kit.say("/tokens 900 20")
    kit.running("0005")
    assert server.stop() == 0
    kit.ended()
    expect(kit.alerts).to_contain_text("cut off")
    said = kit.text()
    assert said == numbers(len(said.split()))
    server.start()
    kit.reload()
    assert kit.text() == said
