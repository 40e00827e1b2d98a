"""What a ChatKit server yields in a turn: the events that followers see, and the rows that are left."""

from __future__ import annotations

from typing import Any

import pytest
from chatkit.types import (
    AssistantMessageContent,
    AssistantMessageContentPartAdded,
    AssistantMessageContentPartAnnotationAdded,
    AssistantMessageContentPartDone,
    AssistantMessageContentPartTextDelta,
    ClientEffectEvent,
    CustomTask,
    ErrorEvent,
    NoticeEvent,
    ProgressUpdateEvent,
    StreamOptionsEvent,
    ThreadItemAddedEvent,
    ThreadItemRemovedEvent,
    ThreadItemReplacedEvent,
    ThreadItemUpdatedEvent,
    WidgetRootUpdated,
    WidgetStreamingTextValueDelta,
    WorkflowTaskAdded,
    WorkflowTaskUpdated,
)

from chat_app.domain.events import (
    ClientEffect,
    Completed,
    Failed,
    ItemAdded,
    ItemDone,
    ItemRemoved,
    ItemUpdated,
    Notice,
    Progress,
    RouteChosen,
    StreamOptions,
    TextDelta,
)
from chat_app.domain.turn import fold
from chat_app.streaming.log import Record
from chat_app.wire.plain import PlainEncoder
from tests.chat_app.responders.sdk import (
    answered,
    card,
    changed,
    done,
    item,
    note,
    plays,
    said,
)

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def delta(text: str, index: int = 0, name: str = "a") -> ThreadItemUpdatedEvent:
    update = AssistantMessageContentPartTextDelta(content_index=index, delta=text)
    return ThreadItemUpdatedEvent(item_id=name, update=update)


def said_plainly(events: list[Any]) -> str:
    encoder = PlainEncoder()
    return b"".join(encoder.frame(Record(n, event)) for n, event in enumerate(events)).decode()


def test_whole_answer_is_one_item_and_a_text_at_every_door() -> None:
    events, left, _ = answered(plays(done(said("a", "Hello"))))
    assert [type(e) for e in events] == [RouteChosen, ItemDone, Completed]
    assert events[-1].text == "Hello"
    assert said_plainly(events) == "data: Hello\n\nevent: done\ndata:\n\n"
    assert [(row.kind, row.text, row.data, row.model) for row in left] == [
        ("assistant_message", "Hello", {}, "own")
    ]
    assert left[0].pk.startswith("msg_")
    assert left[0].pk == events[1].item.id != "a"


def test_streamed_answer_is_text_from_its_first_word_on() -> None:
    events, left, _ = answered(
        plays(
            ThreadItemAddedEvent(item=said("a", "Hel")),
            delta("lo "),
            delta("there"),
            done(said("a", "Hello there")),
        )
    )
    assert [type(e) for e in events if not isinstance(e, TextDelta)] == [
        RouteChosen,
        ItemAdded,
        ItemDone,
        Completed,
    ]
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == "Hello there"
    assert events[1].item.text == ""
    assert said_plainly(events).startswith("data: Hel")
    assert left[0].text == "Hello there"


def test_answer_in_which_nothing_is_said_yet_is_not_shown() -> None:
    events, left, _ = answered(
        plays(
            ThreadItemAddedEvent(item=said("a")),
            ProgressUpdateEvent(text="on it"),
            ThreadItemAddedEvent(item=said("b")),
        )
    )
    assert [type(e) for e in events] == [RouteChosen, Progress, Completed]
    assert left == []


def test_name_that_a_model_gives_to_all_it_says_is_another_item_each_time() -> None:
    call = item("client_tool_call", "__fake_id__", call_id="c", name="pick", arguments={})
    once = [
        ThreadItemAddedEvent(item=said("__fake_id__")),
        delta("one", name="__fake_id__"),
        done(said("__fake_id__", "one")),
    ]
    twice = [ThreadItemAddedEvent(item=said("__fake_id__", "two")), done(said("__fake_id__", "two"))]
    first = answered(plays(*once, *twice, done(call)))
    second = answered(plays(*once, *twice, done(call)))
    for events, left, _ in (first, second):
        assert [(row.kind, row.text) for row in left] == [
            ("assistant_message", "one"),
            ("assistant_message", "two"),
            ("client_tool_call", ""),
        ]
        assert events[-1].text == "one\n\ntwo"
    assert not {row.pk for row in first[1]} & {row.pk for row in second[1]}


def test_id_of_the_store_stays_through_the_whole_turn() -> None:
    names = []

    async def respond(server: Any, thread: Any, _: Any) -> Any:
        names.append(server.store.generate_item_id("message", thread, {}))
        yield ThreadItemAddedEvent(item=said(names[0]))
        yield delta("hello", name=names[0])
        assert (await server.store.load_thread_items(thread.id, None, 9, "desc", {})).data[
            0
        ].type == "user_message"
        yield done(said(names[0], "hello"))
        assert (await server.store.load_item(thread.id, names[0], {})).id == names[0]

    events, left, _ = answered(respond)
    assert isinstance(events[-1], Completed)
    assert [row.pk for row in left] == names


def test_annotations_come_within_the_answer_and_stay() -> None:
    note = {"source": {"type": "file", "filename": "a.txt", "title": "A"}, "index": 2}
    added = AssistantMessageContentPartAnnotationAdded(content_index=0, annotation_index=0, annotation=note)
    ended = AssistantMessageContentPartDone(content_index=0, content=AssistantMessageContent(text="see"))
    events, left, _ = answered(
        plays(ThreadItemAddedEvent(item=said("a")), delta("see"), changed("a", added), changed("a", ended))
    )
    updates = [e for e in events if isinstance(e, ItemUpdated)]
    assert [u.update["type"] for u in updates] == ["assistant_message.content_part.annotation_added"]
    assert (left[0].text, left[0].data["annotations"][0]["source"]["filename"]) == ("see", "a.txt")


def test_further_parts_of_an_answer_are_kept_apart() -> None:
    part = AssistantMessageContentPartAdded(content_index=1, content=AssistantMessageContent(text=""))
    events, left, _ = answered(
        plays(
            ThreadItemAddedEvent(item=said("a")),
            delta("one"),
            changed("a", part),
            delta("two", 1),
            delta("!", 1),
        )
    )
    assert fold(events).text == events[-1].text == left[0].text == "onetwo!"
    assert [p["text"] for p in left[0].data["content"]] == ["one", "two!"]
    assert [e.update["type"].rpartition(".")[2] for e in events if isinstance(e, ItemUpdated)] == [
        "added",
        "text_delta",
    ]


def test_widget_is_stored_as_its_updates_leave_it_and_fast_ones_are_merged() -> None:
    grown = [
        changed("w", WidgetStreamingTextValueDelta(component_id="t", delta=f"{n},", done=n == 99))
        for n in range(100)
    ]
    events, left, _ = answered(plays(ThreadItemAddedEvent(item=card("w", "")), *grown))
    text = "".join(f"{n}," for n in range(100))
    assert left[0].data["widget"]["children"][0]["value"] == text
    updates = [e for e in events if isinstance(e, ItemUpdated)]
    assert "".join(u.update["delta"] for u in updates) == text
    assert updates[-1].update["done"]
    assert len(updates) < 5


def test_each_update_goes_with_the_item_as_it_was_then() -> None:
    events, left, _ = answered(
        plays(
            ThreadItemAddedEvent(item=card("w", "one")),
            changed("w", WidgetRootUpdated(widget=card("w", "two").widget)),
            ProgressUpdateEvent(text="between"),
            changed("w", WidgetRootUpdated(widget=card("w", "three").widget)),
            done(card("w", "four")),
        )
    )
    shown = [e.item.data["widget"]["children"][0]["value"] for e in events if hasattr(e, "item")]
    assert shown == ["one", "two", "three", "four"]
    assert len(left) == 1


def test_workflow_grows_by_its_tasks_whatever_becomes_of_the_object() -> None:
    async def respond(*_: Any) -> Any:
        flow = item("workflow", "f", workflow={"type": "custom", "tasks": []})
        yield ThreadItemAddedEvent(item=flow)
        task = CustomTask(title="one")
        flow.workflow.tasks.append(task)
        yield changed("f", WorkflowTaskAdded(task=task, task_index=0))
        yield changed("f", WorkflowTaskUpdated(task=CustomTask(title="1"), task_index=0))

    _, left, _ = answered(respond)
    assert [task["title"] for task in left[0].data["workflow"]["tasks"]] == ["1"]


def test_removed_item_leaves_nothing_and_one_nobody_knows_does_no_harm() -> None:
    events, left, _ = answered(
        plays(
            ThreadItemAddedEvent(item=card("w", "x")),
            ThreadItemRemovedEvent(item_id="w"),
            ThreadItemRemovedEvent(item_id="nobody"),
            delta("into the void", name="nobody"),
            done(said("a", "so")),
        )
    )
    assert [type(e) for e in events] == [RouteChosen, ItemAdded, ItemRemoved, ItemDone, Completed]
    assert [row.text for row in left] == ["so"]


def test_replaced_item_of_this_turn_keeps_its_id_and_place() -> None:
    events, left, _ = answered(
        plays(done(card("w", "one")), done(said("a", "so")), ThreadItemReplacedEvent(item=card("w", "two")))
    )
    assert [row.kind for row in left] == ["widget", "assistant_message"]
    assert left[0].data["widget"]["children"][0]["value"] == "two"
    ids = [e.item.id for e in events if isinstance(e, ItemDone)]
    assert ids[0] == ids[2]


def test_what_passes_is_told_and_not_stored() -> None:
    events, left, _ = answered(
        plays(
            ProgressUpdateEvent(text="on it", icon="search"),
            NoticeEvent(level="warning", message="old", title="Note"),
            ClientEffectEvent(name="confetti", data={"n": 3}),
            StreamOptionsEvent(stream_options={"allow_cancel": False}),
            done(said("a", "so")),
        )
    )
    assert events[1:5] == [
        Progress("on it", "search"),
        Notice("warning", "old", "Note"),
        ClientEffect("confetti", {"n": 3}),
        StreamOptions(allow_cancel=False),
    ]
    assert len(left) == 1


def test_hidden_item_is_stored_and_an_answer_of_it_alone_is_whole() -> None:
    events, left, _ = answered(plays(done(note("n", {"secret": None}))))
    assert isinstance(events[-1], Completed)
    assert [(row.kind, row.data) for row in left] == [("hidden_context_item", {"content": {"secret": None}})]


def test_server_that_gives_nothing_has_answered() -> None:
    events, left, _ = answered(plays())
    assert [type(e) for e in events] == [RouteChosen, Completed]
    assert left == []


def test_error_that_the_server_tells_of_ends_the_turn_behind_all_it_said() -> None:
    events, left, _ = answered(
        plays(ErrorEvent(message="Not before noon.", allow_retry=True), done(said("a", "half")))
    )
    ending = events[-1]
    assert isinstance(ending, Failed)
    assert (ending.detail, ending.retryable, ending.text) == ("Not before noon.", True, "half")
    assert [row.text for row in left] == ["half"]
