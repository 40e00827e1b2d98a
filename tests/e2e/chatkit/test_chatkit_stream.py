"""ChatKit's own client on the connector: what is said, seen, stopped and found again in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.chat_page import Watch
from tests.e2e.chatkit.kit import Kit
from tests.e2e.test_page_chat import numbers
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess

Open = Callable[..., Kit]
Visitor = Callable[..., BrowserContext]
SPACING = 4.8  # seconds between two updates at least: in between the client does not listen


def test_conversation_is_streamed_and_goes_on(open_kit: Open) -> None:
    kit = open_kit()
    kit.say("/tokens 60 20")
    kit.running("0003")
    assert "0060" not in kit.text()
    kit.ended()
    assert kit.text() == numbers(60)
    assert kit.ask("/echo and again") == "and again"
    expect(kit.questions).to_have_text(["/tokens 60 20", "/echo and again"])
    (create,), (add,) = kit.operations("threads.create"), kit.operations("threads.add_user_message")
    assert create.headers["authorization"].startswith("Bearer ")
    assert create.headers["idempotency-key"] != add.headers["idempotency-key"]
    assert kit.evaluate("element.state.dropped") == 0
    assert kit.evaluate("states") == ["connected"]


def test_whole_conversation_is_there_after_a_reload(open_kit: Open) -> None:
    kit = open_kit()
    kit.ask("/echo one")
    kit.ask("/echo two")
    kit.reload()
    expect(kit.answers).to_have_text(["one", "two"])
    expect(kit.questions).to_have_text(["/echo one", "/echo two"])


def test_reload_in_the_middle_completes_the_answer_once(open_kit: Open) -> None:
    kit = open_kit()
    kit.say("/tokens 300 30")
    kit.running("0020")
    kit.reload()
    kit.running("0020")
    expect(kit.answers).to_have_count(1)
    expect(kit.answers).to_contain_text("0300", timeout=25_000)
    assert kit.text() == numbers(300)
    expect(kit.answers).to_have_count(1)
    updates = kit.evaluate("element.updates")
    times = [update["at"] / 1000 for update in updates]
    assert all(b - a > SPACING for a, b in pairwise(times)), times
    assert not any(update["responding"] for update in updates)


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def dripping_server(start_server: Launcher, upstream: FaultyUpstream) -> ServerProcess:
    """A server whose default model is one that drips on a real socket."""
    server = start_server()
    url = upstream.base_url("ok", tokens=2000, delay_ms=20)
    add_models(server, {"drips": {"base_url": url, "model": "m", "default": True}})
    return server


def test_stop_closes_the_socket_of_the_model(
    open_kit: Open, upstream: FaultyUpstream, dripping_server: ServerProcess
) -> None:
    upstream.forget()
    kit = open_kit(url=dripping_server.url)
    kit.say("count")
    kit.running("0010")
    assert upstream.state()["open"] == 1
    begun = time.monotonic()
    kit.stop.click()
    upstream.seconds_until(open=0, hung_up=1)
    assert time.monotonic() - begun < 2
    kit.ended()
    expect(kit.stop).to_be_hidden()
    expect(kit.alerts).to_have_count(0)
    said = kit.text()
    kit.reload()
    kit.running("0010")
    stored = kit.text()
    assert stored == numbers(len(stored.split()))
    assert stored.startswith(said)


def test_reload_leaves_the_model_at_work(
    open_kit: Open, upstream: FaultyUpstream, dripping_server: ServerProcess
) -> None:
    upstream.forget()
    kit = open_kit(url=dripping_server.url)
    kit.say("count")
    kit.running("0010")
    kit.page.goto("about:blank")
    time.sleep(1)
    assert (upstream.state()["open"], upstream.state()["hung_up"]) == (1, 0)


def test_two_tabs_show_one_conversation(open_kit: Open, visitor: Visitor) -> None:
    context = visitor(permissions=["local-network-access"])
    first = open_kit(context)
    first.ask("/echo one")
    thread = first.evaluate("element.state.thread.id")
    second = open_kit(
        context,
        prepare=lambda page: page.add_init_script(f"sessionStorage.setItem('openThread', '{thread}')"),
    )
    expect(second.answers).to_have_text(["one"])
    first.say("/tokens 120 30")
    expect(second.questions).to_have_count(2, timeout=8_000)
    expect(second.answers).to_have_count(2, timeout=8_000)
    first.ended()
    expect(second.answers.last).to_contain_text("0120", timeout=8_000)
    assert second.text() == first.text() == numbers(120)
    assert second.ask("/echo from the other side") == "from the other side"
    expect(first.answers.last).to_have_text("from the other side", timeout=8_000)
    assert not any(update["responding"] for update in first.evaluate("element.updates"))


def test_new_title_reaches_the_other_tab(open_kit: Open, visitor: Visitor) -> None:
    context = visitor(permissions=["local-network-access"])
    kit = open_kit(context)
    kit.ask("/echo one")
    thread = kit.evaluate("element.state.thread.id")
    renamed = context.request.patch(
        f"{kit.url}/api/threads/{thread}", data={"title": "Named elsewhere"}, headers={"Origin": kit.url}
    )
    assert renamed.status == 200
    expect(kit.find("header")).to_have_text("Named elsewhere", timeout=8_000)


def test_client_tool_is_run_once_and_its_result_answered(start_server: Launcher, open_kit: Open) -> None:
    server = start_server(CHAT_RESPONDERS="asks=tests.e2e.chatkit.responders.asks_the_page")
    add_models(server, {"asks": {"provider": "python", "api_key": "", "model": "asks", "default": True}})
    kit = open_kit(url=server.url)
    kit.say("where am I?")
    expect(kit.answers).to_have_text("The page says: {'name': 'locate', 'params': {'exact': True}}")
    assert len(kit.operations("threads.add_client_tool_output")) == 1


def test_stranger_sees_nothing_of_the_thread(open_kit: Open, watch: Watch) -> None:
    watch.expect("404")
    owner = open_kit()
    owner.ask("/echo private words")
    thread = owner.evaluate("element.state.thread.id")
    stranger = open_kit(
        prepare=lambda page: page.add_init_script(f"sessionStorage.setItem('openThread', '{thread}')")
    )
    expect(stranger.alerts).not_to_have_count(0)
    expect(stranger.answers).to_have_count(0)


@pytest.mark.parametrize("options", [{}, {"uploadUrl": "/api/attachments"}], ids=["two phases", "direct"])
def test_file_is_uploaded_in_the_name_of_the_secret(open_kit: Open, options: dict[str, str]) -> None:
    kit = open_kit(**options)
    with kit.page.expect_request("**/api/attachments**") as uploaded:
        assert kit.send_file("notes.txt", "text/plain", "hello") == ["notes.txt"]
    assert uploaded.value.headers["authorization"].startswith("Bearer ")
    kit.reload()
    kit.questions.wait_for()
    assert kit.evaluate("element.state.items[0].attachments[0].mime_type") == "text/plain"
