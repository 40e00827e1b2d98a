"""The drop-in on a bad network: nothing lost, nothing said twice, nothing claimed that is not so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.cable import Cable
from tests.e2e.chat_page import Watch
from tests.e2e.dropin.conftest import OpenDropin
from tests.upstream.faulty import text_of

if TYPE_CHECKING:
    from playwright.sync_api import Route

LOST = r"Failed to load resource: net::ERR_|net::ERR_|chatkit:|connect:"
FOLLOW = "{ thread: { autoScroll: true } }"


def test_answer_goes_on_after_the_network_was_lost(
    open_dropin: OpenDropin, cable: Cable, watch: Watch
) -> None:
    watch.expect(LOST)
    chat = open_dropin(FOLLOW, url=cable.url)
    chat.say("/tokens 300 20")
    chat.running("0020")
    cable.cut()
    chat.find(".banner").get_by_text("Connection lost").wait_for()
    cable.mend()
    chat.running("0300")
    chat.ended()
    assert chat.text() == text_of(300).strip()
    assert chat.find(".banner").is_hidden()
    chat.reload()
    chat.running("0300")
    assert chat.questions.count() == 1


def test_answer_that_ended_meanwhile_is_whole(open_dropin: OpenDropin, cable: Cable, watch: Watch) -> None:
    watch.expect(LOST)
    chat = open_dropin(FOLLOW, url=cable.url)
    chat.say("/tokens 60 20")
    chat.running("0010")
    cable.cut()
    chat.page.wait_for_timeout(2_000)
    cable.mend()
    chat.running("0060")
    chat.ended()
    assert chat.text() == text_of(60).strip()
    assert chat.answers.count() == 1


def test_message_without_a_network_is_kept_and_goes_by_itself(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect(LOST)
    chat = open_dropin()
    chat.ask("/echo first")
    chat.page.context.set_offline(True)
    chat.find(".banner").get_by_text("You are offline").wait_for()
    chat.say("/echo second")
    assert chat.input.inner_text() == "/echo second"
    assert chat.questions.count() == 1
    chat.page.context.set_offline(False)
    chat.running("second")
    assert chat.find(".banner").is_hidden()
    assert chat.questions.count() == 2
    assert chat.input.inner_text().strip() == ""


def test_message_that_waits_for_the_network_is_a_draft_after_a_reload(
    open_dropin: OpenDropin, watch: Watch
) -> None:
    watch.expect(LOST)
    chat = open_dropin()
    chat.ask("/echo first")
    chat.page.context.set_offline(True)
    chat.find(".banner").get_by_text("You are offline").wait_for()
    chat.say("/echo second")
    chat.page.goto("about:blank")
    chat.page.context.set_offline(False)
    chat.open()
    chat.find(".field").filter(has_text="/echo second").wait_for()
    assert chat.questions.all_inner_texts() == ["/echo first"]


def test_secret_that_ends_is_renewed_without_a_word(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("401")
    chat = open_dropin()
    chat.ask("/echo first")
    times = iter(range(100))

    def refuse_once(route: Route) -> None:
        if next(times) == 0:
            route.fulfill(status=401, json={"code": "unauthorized", "detail": "The session has ended."})
        else:
            route.continue_()

    chat.page.route("**/chatkit", refuse_once)
    assert chat.ask("/echo second") == "second"
    assert chat.find(".notice:visible").count() == chat.find(".error-note:visible").count() == 0
