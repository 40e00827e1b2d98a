"""A turn that runs, in the frames of the protocol, for who did not ask for it: after a reload, in a second tab, elsewhere."""

from __future__ import annotations

import time

import pytest

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client, Refused, Stream
from tests.live.chatkit.conftest import GRACE, NewClient, same
from tests.live.chatkit.player import script
from tests.live.clients import Caller, bearer
from tests.servers import ServerProcess

DELTA = "assistant_message.content_part.text_delta"
STEPS = [["done", "w", "widget", shapes.widget()], ["count", 60, 0.03]]
LONG = script(["count", 1000, 0.02])


def tab(client: Client) -> Client:
    """Another page of the same user's."""
    return Client(client.who, connected=True)


def begun(client: Client, text: str = script(*STEPS), words: int = 5) -> Stream:
    """A stream in mid-answer."""
    stream = client.create(text)
    stream.until(DELTA, words)
    return stream


def test_two_followers_see_the_same_as_who_asked(client: Client) -> None:
    stream = begun(client)
    others = [tab(client), tab(client)]
    joined = [other.join(stream.turn_id) for other in others]
    for one in [*joined, stream]:
        one.all()
    for other, one in zip(others, joined, strict=True):
        assert one.kinds()[:2] == ["thread.item.done", "stream_options"]
        assert other.threads[stream.thread_id].listed() == stream.thread.listed()
        assert one.thread.orphans == 0
    same(client, stream.thread_id)


def test_reload_in_mid_answer_sees_one_whole_answer(new_client: NewClient) -> None:
    client = new_client(connected=True)
    with begun(client) as stream:
        pass
    page = tab(client)
    half = page.opened(stream.thread_id)
    assert half.texts()[1].startswith("0001 ")
    with page.join(stream.turn_id) as joined:
        assert (joined.turn_id, joined.thread_id) == (stream.turn_id, stream.thread_id)
        joined.all()
    words = "".join(f"{n:04d} " for n in range(1, 61))
    assert page.threads[stream.thread_id].texts()[1:] == [words]
    same(page, stream.thread_id)


@pytest.mark.parametrize("cut", [1, 2, 4, 30])
def test_who_is_cut_off_goes_on_behind_the_last_event(client: Client, cut: int) -> None:
    stream = begun(client)
    page = tab(client)
    with page.join(stream.turn_id) as first:
        for _ in range(cut):
            next(iter(first))
    with page.join(stream.turn_id, first.last_id) as rest:
        rest.all()
    deltas = [
        e["update"]["delta"] for e in [*first.seen, *rest.seen] if e.get("update", {}).get("type") == DELTA
    ]
    assert len("".join(deltas)) == 60 * 5
    assert "thread.created" not in rest.kinds()
    same(page, stream.thread_id)
    stream.hang_up()


def test_ended_turn_is_told_whole_and_to_who_has_it_nothing(client: Client) -> None:
    with client.create(script(*STEPS[:1], ["text", "hello"])) as stream:
        stream.all()
    page = tab(client)
    with page.join(stream.turn_id) as joined:
        joined.all()
    assert page.threads[stream.thread_id].listed() == stream.thread.listed()
    assert page.join(stream.turn_id, joined.last_id).all() == []
    over = page.who.get(
        f"/chatkit/turns/{stream.turn_id}/events", headers={"Last-Event-ID": f"{stream.turn_id}:999999"}
    )
    assert (over.status_code, over.content) == (204, b"")


def test_failed_turn_ends_with_its_error_once(client: Client) -> None:
    with client.create(script(["text", "half"], ["fail", "Not now."])) as stream:
        stream.all()
    with tab(client).join(stream.turn_id) as joined:
        joined.all()
    assert joined.kinds()[-1] == "error"
    assert client.join(stream.turn_id, joined.last_id).response.status_code == 204


@pytest.mark.parametrize(
    "place", ["1", "x:y", "trn_other:3", "{turn}:-1", "{turn}:" + "9" * 5000, "{turn}:٣"]
)
def test_place_that_is_none_of_this_turns_is_its_beginning(client: Client, place: str) -> None:
    with client.create(script(["text", "hello"])) as stream:
        stream.all()
    header = place.format(turn=stream.turn_id).encode()
    with client.who.get(
        f"/chatkit/turns/{stream.turn_id}/events", headers={"Last-Event-ID": header}
    ) as answer:
        assert answer.status_code == 200
        assert b'"text":"hello"' in answer.content


@pytest.mark.parametrize("path", ["{turn}", "trn_" + "0" * 26, "x", "%00"])
def test_stranger_is_told_in_the_shape_that_the_client_reads(
    client: Client, new_client: NewClient, path: str
) -> None:
    with client.create(script(["text", "hello"])) as stream:
        stream.all()
    with pytest.raises(Refused) as refused:
        new_client().join(path.format(turn=stream.turn_id))
    assert (refused.value.status, refused.value.body["code"]) == (404, "not_found")


def test_turn_without_a_thread_is_not_there(kit: ServerProcess) -> None:
    key = Caller(kit, bearer(kit.backend_key))
    with key.post("/api/chat/stream", {"message": script(["count", 50, 0.02])}, stream=True) as answer:
        turn_id = answer.headers["X-Turn-Id"]
        refused = key.get(f"/chatkit/turns/{turn_id}/events")
    assert refused.status_code == 403
    assert "client secret" in refused.json()["message"]


def test_hanging_up_on_a_joined_stream_stops_nothing(new_client: NewClient) -> None:
    client = new_client(connected=True)
    with begun(client, script(["count", 150, 0.03])) as stream:
        pass
    page = Client(client.who)  # without the connector, whose end of a POST would be a Stop
    with page.join(stream.turn_id) as joined:
        joined.until(DELTA, 3)
    time.sleep(GRACE + 1.5)
    assert client.who.ended(stream.turn_id)["text"].endswith("0150 ")


def test_who_reads_along_keeps_the_answer_that_another_hangs_up_on(client: Client) -> None:
    stream = begun(client, script(["count", 150, 0.03]))
    with tab(client).join(stream.turn_id) as joined:
        joined.until(DELTA)
        stream.hang_up()
        joined.all()
    assert client.who.turn(stream.turn_id)["state"] == "completed"


def test_stop_elsewhere_ends_the_joined_stream_cleanly(client: Client) -> None:
    stream = begun(client, LONG)
    with tab(client).join(stream.turn_id) as joined:
        joined.until(DELTA)
        client.who.stop(stream.turn_id)
        joined.all()
    assert joined.kinds()[-2:] == ["thread.item.done", "stream_options"]
    stream.hang_up()


def test_what_is_for_the_model_alone_is_on_no_joined_stream(client: Client) -> None:
    hidden = ["h", "hidden_context_item", {"content": "SECRET"}]
    stream = begun(client, script(["done", *hidden], ["added", "i", *hidden[1:]], ["count", 30, 0.02]), 1)
    with tab(client).join(stream.turn_id) as joined:
        joined.all()  # strict.py looks for the secret in every frame
    assert {item["type"] for item in joined.thread.items.values()} == {"user_message", "assistant_message"}
    stream.hang_up()


def test_past_effect_is_not_had_again_and_one_to_come_is(client: Client) -> None:
    steps = script(["effect", "past", {}], ["count", 30, 0.03], ["effect", "new", {}], ["text", "done"])
    stream = begun(client, steps)
    page = tab(client)
    with page.join(stream.turn_id) as joined:
        joined.until(DELTA, 3)
    with page.join(stream.turn_id, joined.last_id) as rest:
        rest.all()
    assert [name for name, _ in rest.thread.effects] == ["new"]
    stream.hang_up()


def test_retry_takes_the_place_of_the_old_answer_for_who_looks_on(client: Client) -> None:
    steps = script(["done", "w", "widget", shapes.widget()], ["sleep", 0.5], ["count", 40, 0.03])
    with client.create(steps) as stream:
        stream.all()
    page = tab(client)
    page.opened(stream.thread_id)
    again = client.retry(stream.thread_id, next(iter(stream.thread.items)))
    with page.join(again.turn_id) as joined:
        joined.until(DELTA, 2)
    with page.join(again.turn_id, joined.last_id) as rest:
        rest.all()
    again.all()
    assert joined.kinds().count("thread.item.removed") == 2
    assert "thread.item.removed" not in rest.kinds()
    same(page, stream.thread_id)
    same(client, stream.thread_id)


def test_revoked_session_ends_the_joined_stream_in_words(client: Client, kit: ServerProcess) -> None:
    stream = begun(client, LONG)
    with client.join(stream.turn_id) as joined:
        joined.until(DELTA)
        assert client.who.call("DELETE", "/api/sessions/current").status_code == 204
        assert joined.all()[-1]["message"] == "The session has ended."
    stream.hang_up()
