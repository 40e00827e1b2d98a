"""A ChatKit server as a responder: how it is made, what it is asked, and what its failures are told as."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from chatkit.errors import CustomStreamError, ErrorCode, StreamError
from chatkit.server import ChatKitServer
from chatkit.types import StreamOptions as KitOptions
from chatkit.types import SyncCustomActionResponse, TranscriptionResult, WidgetItem

from chat_app.chat import hooks
from chat_app.domain.errors import ChatError, InvalidInput
from chat_app.domain.events import Completed, Failed, ItemData, RouteChosen, StreamOptions
from chat_app.domain.prompt import Given, Message, Prompt
from chat_app.models import Thread
from chat_app.providers.python import provider as python
from chat_app.responders.chatkit_items import from_item
from chat_app.responders.chatkit_server import RequestContext, chatkit_responder
from chat_app.responders.chatkit_store import DjangoAttachments, DjangoStore
from sessions_app.db import db
from tests.chat_app.chat.routes import route
from tests.chat_app.responders.sdk import (
    OWNER,
    Scripted,
    answered,
    begin,
    card,
    done,
    execute,
    item,
    rows,
    said,
)

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


async def nothing(*_: Any) -> Any:
    return
    yield


class Full(Scripted):
    """A server that has all a server may have."""

    def __init__(self, store: Any = None) -> None:
        super().__init__(nothing, store)
        self.heard: list[Any] = []

    async def action(self, thread: Any, action: Any, sender: Any, context: Any) -> Any:
        self.heard.append((thread.id, action.type, action.payload, sender, context))
        yield done(said("a", f"did {action.type}"))

    async def sync_action(self, thread: Any, action: Any, sender: Any, context: Any) -> Any:
        self.heard.append((thread.id, action.type, action.payload, sender, context))
        if sender is None:
            return SyncCustomActionResponse()
        sender.widget.children[0].value = str(action.payload)
        return SyncCustomActionResponse(updated_item=sender)

    async def add_feedback(self, thread_id: str, item_ids: Any, feedback: Any, context: Any) -> None:
        self.heard.append((thread_id, item_ids, feedback, context.user_id))

    async def transcribe(self, audio_input: Any, context: Any) -> Any:
        return TranscriptionResult(text=f"{audio_input.data!r} as {audio_input.media_type}")


def widget() -> ItemData:
    return from_item(card("wdg_1", "one"))


PRESS = {"type": "press", "payload": {"n": 1}}


def test_action_reaches_the_server_with_its_sender() -> None:
    server = Full()
    spec = begin(server, Given("action", widget(), PRESS))
    assert execute(spec)[-1].text == "did press"
    thread_id, kind, payload, sender, context = server.heard[0]
    assert (thread_id, kind, payload) == (spec.thread_id, "press", {"n": 1})
    assert isinstance(sender, WidgetItem)
    assert sender.id == "wdg_1"
    assert context["turn_id"] == spec.turn_id


def test_action_of_the_front_end_itself_has_no_sender() -> None:
    server = Full()
    execute(begin(server, Given("action", None, {"type": "press", "payload": None})))
    assert server.heard[0][1:4] == ("press", None, None)


@pytest.mark.parametrize(
    "given",
    [
        Given("tool_output", from_item(item("client_tool_call", "tc", call_id="c", name="n", arguments={}))),
        Given("structured_input", from_item(item("structured_input", "q", status="answered", inputs=[]))),
    ],
)
def test_what_is_no_message_is_answered_without_one(given: Given) -> None:
    heard: list[Any] = []

    async def respond(server: Any, thread: Any, question: Any) -> Any:
        heard.append(question)
        yield done(said("a", "so"))

    assert isinstance(execute(begin(Scripted(respond), given))[-1], Completed)
    assert heard == [None]


def test_message_comes_with_its_choices_quote_and_files() -> None:
    heard: list[Any] = []

    async def respond(server: Any, thread: Any, question: Any) -> Any:
        heard.append(question)
        yield done(said("a", "so"))

    file = {"id": "atc_1", "name": "a.txt", "mime_type": "text/plain", "type": "file", "size": 3}
    data = {
        "quoted_text": "this",
        "inference_options": {"model": "m", "tool_choice": {"id": "t"}},
        "attachments": [file],
    }
    execute(begin(Scripted(respond), Given("message", ItemData("msg_1", "user_message", "hello", data))))
    question = heard[0]
    assert (question.content[0].text, question.quoted_text) == ("hello", "this")
    assert (question.inference_options.model, question.inference_options.tool_choice.id) == ("m", "t")
    assert [f.id for f in question.attachments] == ["atc_1"]


def test_context_is_a_mapping_with_attributes() -> None:
    context = RequestContext.of(Prompt((), "ext:42:a", "thr_1", "trn_1"))
    assert (context["user_id"], context.get("user_id"), context.user_id) == ("42:a",) * 3
    assert (context.owner, context.thread_id, context["turn_id"]) == ("ext:42:a", "thr_1", "trn_1")
    assert isinstance(context, dict)
    with pytest.raises(AttributeError):
        _ = context.nothing


@pytest.mark.parametrize("late", [False, True])
def test_context_may_be_the_authors_own(late: bool) -> None:
    server = Scripted(nothing)

    async def later(prompt: Prompt) -> str:
        return f"for {prompt.owner}"

    spec = begin(server)
    own: Any = later if late else (lambda prompt: f"for {prompt.owner}")
    python.configure({"it": chatkit_responder(server, own)})
    execute(spec)
    assert server.contexts == [f"for {OWNER}"]


def test_method_may_be_a_coroutine_that_returns_the_events() -> None:
    class Late(Scripted):
        async def respond(self, thread: Any, input_user_message: Any, context: Any) -> Any:  # type: ignore[override]
            async def events() -> Any:
                yield done(said("a", "late"))

            return events()

    assert execute(begin(Late(nothing)))[-1].text == "late"


def test_server_that_is_not_to_be_stopped_says_so_first() -> None:
    class Firm(Scripted):
        def get_stream_options(self, thread: Any, context: Any) -> Any:
            return KitOptions(allow_cancel=False)

    events = execute(begin(Firm(nothing)))
    assert events[1] == StreamOptions(allow_cancel=False)


# How it is made


class Plain(ChatKitServer[Any]):
    respond = nothing  # type: ignore[assignment]


class Bare(Plain):
    def __init__(self) -> None:
        super().__init__(None)  # type: ignore[arg-type]


class Positional(Plain):
    def __init__(self, data: Any) -> None:
        super().__init__(data)


def make_one() -> Plain:
    return Plain(None)  # type: ignore[arg-type]


def make_with(store: Any) -> Plain:
    return Plain(store)


@pytest.mark.parametrize("target", [Plain, Bare, Positional, make_one, make_with])
def test_server_is_made_with_our_store_whatever_it_asks_for(target: Any) -> None:
    server = chatkit_responder(target).server
    assert isinstance(server.store, DjangoStore)
    assert isinstance(server.attachment_store, DjangoAttachments) == (target is Plain)


def test_what_makes_no_server_is_refused() -> None:
    with pytest.raises(TypeError, match="no ChatKitServer"):
        chatkit_responder(lambda: {})  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match="more than a store"):
        chatkit_responder(lambda one, two: Bare())


# What is asked beside turns


@pytest.fixture
def full() -> Full:
    return Full()


def beside(server: Any, name: str, prompt: Prompt) -> hooks.Hook | None:
    python.configure({"it": chatkit_responder(server)})
    method = python.hook("it", name)
    return hooks.Hook(method, prompt) if method is not None else None


async def test_sync_action_gives_the_item_that_takes_the_senders_place(full: Full) -> None:
    thread = await db(Thread.objects.create, owner=OWNER)
    hook = beside(full, "sync_action", Prompt((), OWNER, thread.pk, given=Given("action", widget(), PRESS)))
    given = await hook.call()  # type: ignore[union-attr]
    assert (given.id, given.kind) == ("wdg_1", "widget")
    assert given.data["widget"]["children"][0]["value"] == "{'n': 1}"
    alone = beside(full, "sync_action", Prompt((), OWNER, thread.pk, given=Given("action", None, PRESS)))
    assert await alone.call() is None  # type: ignore[union-attr]


async def test_feedback_and_dictation_reach_the_server(full: Full) -> None:
    feedback = beside(full, "feedback", Prompt((), OWNER, "thr_1"))
    await feedback.call(["a", "b"], "positive")  # type: ignore[union-attr]
    assert full.heard == [("thr_1", ["a", "b"], "positive", "1")]
    dictation = beside(full, "transcribe", Prompt((), OWNER))
    said = await dictation.call(b"x", "audio/webm;codecs=opus")  # type: ignore[union-attr]
    assert said == "b'x' as audio/webm"


async def test_strangers_thread_is_not_found_beside_turns_too(full: Full) -> None:
    thread = await db(Thread.objects.create, owner="ext:2")
    hook = beside(full, "sync_action", Prompt((), OWNER, thread.pk, given=Given("action", None, PRESS)))
    with pytest.raises(ChatError) as caught:
        await hook.call()  # type: ignore[union-attr]
    assert caught.value.code == "not_found"


@pytest.mark.parametrize("name", ["sync_action", "feedback", "transcribe"])
def test_what_a_server_does_not_do_is_left_to_others(name: str) -> None:
    assert beside(Scripted(nothing), name, Prompt(())) is None


# What it fails with


def failure(error: BaseException, *spares: Any) -> tuple[Failed, list[Any]]:
    async def respond(*_: Any) -> Any:
        raise error
        yield

    spec = begin(Scripted(respond))
    events = execute(replace(spec, candidates=[*spec.candidates, *spares]))
    ending = events[-1]
    assert isinstance(ending, Failed)
    return ending, events


@pytest.mark.parametrize(
    ("error", "detail", "retryable"),
    [
        (CustomStreamError("Not before noon.", allow_retry=True), "Not before noon.", True),
        (CustomStreamError("Never."), "Never.", False),
        (StreamError(ErrorCode.STREAM_ERROR), "The answer could not be given.", True),
        (StreamError(ErrorCode.STREAM_ERROR, allow_retry=False), "The answer could not be given.", False),
    ],
)
def test_failure_that_the_server_tells_is_told_and_answered_by_no_other_model(
    error: Exception, detail: str, retryable: bool
) -> None:
    ending, events = failure(error, route("spare", "/echo instead"))
    assert (ending.detail, ending.retryable) == (detail, retryable)
    assert sum(isinstance(event, RouteChosen) for event in events) == 1


def test_bug_of_the_server_is_a_broken_model_and_another_one_answers() -> None:
    ending, _ = failure(KeyError("a secret"))
    assert (ending.code, ending.retryable) == ("upstream_error", True)
    assert "secret" not in ending.detail

    async def respond(*_: Any) -> Any:
        raise KeyError("bug")
        yield

    spec = begin(Scripted(respond))
    events = execute(replace(spec, candidates=[*spec.candidates, route("spare", "/echo instead")]))
    assert events[-1].text == "instead"


@pytest.mark.parametrize("error", [NotImplementedError("tag_to_message_content")])
def test_what_the_server_lacks_is_a_sentence(error: Exception) -> None:
    ending, _ = failure(error)
    assert (ending.code, ending.retryable) == (InvalidInput.code, False)
    assert "tag_to" not in ending.detail


def test_server_without_actions_says_so() -> None:
    ending = execute(begin(Scripted(nothing), Given("action", None, PRESS)))[-1]
    assert isinstance(ending, Failed)
    assert (ending.code, ending.detail) == ("invalid", "The model of this thread does not take actions.")


def test_failure_keeps_what_was_said_before_it() -> None:
    async def respond(*_: Any) -> Any:
        yield done(said("a", "half"))
        raise CustomStreamError("Enough.")

    events, left, _ = answered(respond)
    assert (events[-1].detail, events[-1].text) == ("Enough.", "half")
    assert [row.text for row in left] == ["half"]


def test_widget_that_the_sdk_cannot_read_sends_no_action() -> None:
    broken = ItemData("wdg_1", "widget", data={})
    ending = execute(begin(Full(), Given("action", broken, PRESS)))[-1]
    assert isinstance(ending, Failed)
    assert ending.code == "invalid"


async def test_prompt_of_nobody_in_no_thread_is_answered() -> None:
    async def respond(server: Any, thread: Any, question: Any) -> Any:
        yield done(said("a", f"you said {question.content[0].text}"))

    responder = chatkit_responder(Scripted(respond))
    events = [event async for event in responder.respond(Prompt((Message("user", "hi"),)))]
    assert events[0].item.text == "you said hi"


def test_answer_leaves_rows_in_order(full: Full) -> None:
    spec = begin(full, Given("action", widget(), PRESS))
    execute(spec)
    assert [row.text for row in rows(spec)] == ["did press"]
