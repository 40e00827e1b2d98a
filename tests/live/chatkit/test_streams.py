"""Every event and every kind of item on a started server, and the thread that is read back: the fold of what was sent."""

from __future__ import annotations

from typing import Any

from tests.live.chatkit import shapes
from tests.live.chatkit.client import Client
from tests.live.chatkit.conftest import same
from tests.live.chatkit.player import script

HIDDEN = {"content": "SECRET"}


def kinds(client: Client, *steps: list[Any]) -> list[str]:
    """The kinds of events of a new thread in which this is played, behind the opening."""
    with client.create(script(*steps)) as stream:
        stream.all()
    same(client, stream.thread_id)
    assert stream.thread.errors == []
    return stream.kinds()[3:]


def test_new_thread_begins_with_itself_the_message_and_a_way_to_stop(client: Client) -> None:
    with client.create(script(["text", "hello"])) as stream:
        events = stream.all()
    assert stream.kinds() == [
        "thread.created", "thread.item.done", "stream_options",
        "thread.item.added", "thread.item.updated", "thread.item.updated", "thread.item.done",
    ]  # fmt: skip
    assert events[1]["item"]["content"] == [{"type": "input_text", "text": script(["text", "hello"])}]
    assert events[1]["item"]["inference_options"] == {}
    assert stream.thread.can_stop
    assert stream.thread.texts()[1] == "hello"
    assert stream.response.headers["Content-Type"].startswith("text/event-stream")
    assert "no-transform" in stream.response.headers["Cache-Control"]
    same(client, stream.thread_id)


def test_message_in_a_thread_is_told_without_the_thread(client: Client) -> None:
    thread_id = client.say("hello").thread["id"]
    with client.add(thread_id, script(["text", "again"])) as stream:
        stream.all()
    assert stream.kinds()[:2] == ["thread.item.done", "stream_options"]
    same(client, thread_id)


def test_text_comes_behind_the_part_that_it_belongs_to(client: Client) -> None:
    with client.create(script(["count", 20, 0.002])) as stream:
        events = stream.all()
    updates = [event["update"] for event in events if "update" in event]
    assert updates[0]["type"] == "assistant_message.content_part.added"
    assert "".join(u["delta"] for u in updates[1:]) == "".join(f"{n:04d} " for n in range(1, 21))
    assert stream.thread.orphans == 0


def test_every_kind_of_item_is_shown_and_read_back(client: Client) -> None:
    seen = kinds(client, *shapes.ALL)
    assert seen == ["thread.item.done"] * len(shapes.ALL)
    (thread,) = client.threads.values()
    found = [item["type"] for item in thread.items.values()]
    assert found == ["user_message", *(kind for _, _, kind, *_ in shapes.ALL)]


def test_widget_changes_as_a_whole_by_component_and_by_its_text(client: Client) -> None:
    grown = [shapes.widget(shapes.words(text)) for text in ("", "Hel", "Hello")]
    streamed = {"type": "widget.streaming_text.value_delta", "component_id": "words"}
    other = shapes.words("Bye")
    kinds(
        client,
        ["added", "w", "widget", grown[0]],
        ["updated", {**streamed, "delta": "Hel", "done": False}, "w", "widget", grown[1]],
        ["updated", {**streamed, "delta": "lo", "done": True}, "w", "widget", grown[2]],
        ["updated", {"type": "widget.component.updated", "component_id": "words", "component": other},
         "w", "widget", shapes.widget(other)],
        ["updated", {"type": "widget.root.updated", "widget": shapes.card()}, "w", "widget", shapes.widget()],
    )  # fmt: skip
    (thread,) = client.threads.values()
    assert thread.kinds["widget.streaming_text.value_delta"] == 2
    assert thread.kinds["widget.component.updated"] == thread.kinds["widget.root.updated"] == 1


def test_workflow_gains_and_changes_tasks(client: Client) -> None:
    first, second = shapes.task(status="loading"), shapes.task()
    kinds(
        client,
        ["added", "w", "workflow", shapes.workflow()],
        ["updated", {"type": "workflow.task.added", "task_index": 0, "task": first},
         "w", "workflow", shapes.workflow(first)],
        ["updated", {"type": "workflow.task.updated", "task_index": 0, "task": second},
         "w", "workflow", shapes.workflow(second)],
        ["done", "w", "workflow", shapes.workflow(second, summary={"title": "Done"})],
    )  # fmt: skip


def test_generated_image_shows_how_far_it_is(client: Client) -> None:
    told = {"type": "generated_image.updated", "image": shapes.IMAGE, "progress": 0.5}
    kinds(
        client,
        ["added", "i", "generated_image"],
        ["updated", told, "i", "generated_image", {"image": shapes.IMAGE}],
        ["done", "i", "generated_image", {"image": shapes.IMAGE}],
    )
    (thread,) = client.threads.values()
    assert thread.of_kind("generated_image")[0]["image"] == shapes.IMAGE


def test_annotations_come_with_an_answer_or_one_by_one(client: Client) -> None:
    noted = shapes.annotation()
    told = {
        "type": "assistant_message.content_part.annotation_added",
        "content_index": 0,
        "annotation_index": 0,
    }
    kinds(
        client,
        ["added", "m", "assistant_message"],
        ["delta", "m", "As they say"],
        ["updated", {**told, "annotation": noted}, "m", "assistant_message", {"annotations": [noted]}, "As they say"],
        ["done", "m", "assistant_message", {"annotations": [noted]}, "As they say"],
    )  # fmt: skip
    (thread,) = client.threads.values()
    assert thread.of_kind("assistant_message")[0]["content"] == [shapes.part("As they say", noted)]


def test_answer_of_several_parts_can_grow_part_by_part(client: Client) -> None:
    one, two = shapes.part("One"), shapes.part("Two", shapes.annotation())
    place = "assistant_message.content_part"
    kinds(
        client,
        ["added", "m", "assistant_message", {"content": [one]}],
        ["updated", {"type": f"{place}.added", "content_index": 1, "content": shapes.part("")},
         "m", "assistant_message", {"content": [one, shapes.part("")]}],
        ["updated", {"type": f"{place}.text_delta", "content_index": 1, "delta": "Two"},
         "m", "assistant_message", {"content": [one, shapes.part("Two")]}],
        ["updated", {"type": f"{place}.done", "content_index": 1, "content": two},
         "m", "assistant_message", {"content": [one, two]}],
    )  # fmt: skip
    (thread,) = client.threads.values()
    assert thread.texts()[1] == "OneTwo"


def test_what_passes_is_told_and_not_stored(client: Client) -> None:
    seen = kinds(
        client,
        ["progress", "Looking it up", "search"],
        ["progress", "Still looking"],
        ["notice", "warning", "This is **old**.", "Note"],
        ["notice", "danger", "Careful."],
        ["effect", "confetti", {"n": 3, "nothing": None}],
        ["text", "done"],
    )
    assert seen[:5] == ["progress_update", "progress_update", "notice", "notice", "client_effect"]
    (thread,) = client.threads.values()
    assert thread.effects == [("confetti", {"n": 3, "nothing": None})]
    assert [notice.get("title") for notice in thread.notices] == ["Note", None]
    assert [item["type"] for item in thread.items.values()] == ["user_message", "assistant_message"]


def test_thread_gets_a_title_and_a_status_field_by_field(client: Client) -> None:
    with client.create(
        script(["thread", {"title": "First"}], ["sleep", 0.4], ["thread", {"title": "Better"}])
    ) as s:
        s.until("thread.updated")
        renamed = client.call("threads.update", thread_id=s.thread_id, title="By the person")
        assert renamed["title"] == "By the person"
        s.all()
    assert s.thread.thread["title"] == "Better"
    with client.add(s.thread_id, script(["thread", {"status": "locked", "reason": "Enough"}])) as stream:
        assert stream.all()[-1]["type"] == "thread.updated"
    assert stream.thread.thread["status"] == {"type": "locked", "reason": "Enough"}
    assert stream.thread.thread["title"] == "Better"
    same(client, s.thread_id)


def test_titles_that_follow_each_other_are_stored_in_their_order(client: Client) -> None:
    titles = [["thread", {"title": f"Title {n}", "status": "active"}] for n in range(20)]
    for _ in range(5):
        kinds(client, *titles)


def test_several_messages_and_items_stand_in_the_order_in_which_they_began(client: Client) -> None:
    kinds(
        client,
        ["text", "before "],
        ["added", "w", "widget", shapes.widget()],
        ["text", "and after"],
        ["done", "second", "assistant_message", {}, "another message"],
        ["done", "w", "widget", shapes.widget(shapes.button())],
    )
    (thread,) = client.threads.values()
    assert thread.texts()[1:] == ["before and after", "another message"]
    assert [item["type"] for item in thread.items.values()][1:] == [
        "assistant_message",
        "widget",
        "assistant_message",
    ]


def test_item_that_is_withdrawn_is_gone(client: Client) -> None:
    kinds(
        client,
        ["added", "a", "widget", shapes.widget()],
        ["removed", "a"],
        ["done", "b", "widget", shapes.widget()],
        ["removed", "b"],
        ["text", "nothing to see"],
    )
    (thread,) = client.threads.values()
    assert len(thread.items) == 2


def test_items_of_earlier_turns_are_changed_and_taken_away(client: Client) -> None:
    first = client.say(
        script(["done", "w", "widget", shapes.widget()], ["done", "t", "task", {"task": shapes.task()}])
    )
    thread_id, (shown, gone) = first.thread["id"], list(first.items)[1:]
    changed = shapes.widget(shapes.words("Changed"))
    with client.add(
        thread_id, script(["change", shown, "widget", changed], ["take_away", gone], ["text", "!"])
    ) as s:
        s.all()
    assert "thread.item.replaced" in s.kinds()
    assert first.items[shown]["widget"] == changed["widget"]
    assert gone not in first.items
    same(client, thread_id)


def test_thread_read_in_mid_answer_has_the_changes_of_earlier_items(client: Client) -> None:
    first = client.say(
        script(["done", "w", "widget", shapes.widget()], ["done", "t", "task", {"task": shapes.task()}])
    )
    thread_id, (shown, gone) = first.thread["id"], list(first.items)[1:]
    changed = shapes.widget(shapes.words("Changed"))
    steps: list[list[Any]] = [
        ["change", shown, "widget", changed],
        ["take_away", gone],
        ["text", "!"],
        ["sleep", 1],
    ]
    with client.add(thread_id, script(*steps)) as stream:
        stream.until("thread.item.removed")
        same(client, thread_id)
        stream.all()
    same(client, thread_id)


def test_what_is_for_the_model_alone_is_on_no_event_and_in_no_answer(client: Client) -> None:
    hidden = ["hidden_context_item", HIDDEN, "SECRET"]
    steps: list[list[Any]] = [
        ["keep", {"note": "SECRET"}],
        ["added", "h", *hidden],
        ["updated", {"type": "SECRET"}, "h", *hidden],
        ["done", "h", *hidden],
        ["done", "h", *hidden],
        ["done", "s", "sdk_hidden_context", HIDDEN],
        ["added", "open", *hidden],
        ["removed", "s"],
        ["text", "visible"],
    ]  # fmt: skip
    assert kinds(client, *steps)[0] == "thread.item.added"
    (thread,) = client.threads.values()
    assert len(thread.items) == 2
    client.listed()
    client.call("threads.update", thread_id=thread.thread["id"], title="x")


def test_failure_before_the_first_text_is_an_event_and_the_message_stays(client: Client) -> None:
    with client.create(script(["progress", "Trying"], ["fail", "Come back later."])) as stream:
        *_, last = stream.all()
    assert last == {"type": "error", "code": "custom", "message": "Come back later.", "allow_retry": True}
    assert len(stream.thread.items) == 1
    same(client, stream.thread_id)


def test_failure_after_some_text_keeps_it(client: Client) -> None:
    with client.create(script(["text", "half"], ["done", "w", "widget", shapes.widget()], ["bug"])) as stream:
        *_, last = stream.all()
    assert (last["type"], last["allow_retry"]) == ("error", True)
    assert "author" not in last["message"]
    assert stream.thread.texts()[1] == "half"
    same(client, stream.thread_id)


def test_kind_that_is_not_chatkits_is_not_sent(client: Client) -> None:
    assert kinds(client, ["done", "x", "of_an_unknown_kind", {"n": 1}]) == []
