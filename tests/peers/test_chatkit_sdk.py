"""That the peer on ChatKit's own SDK does what browser tests lean on: each of its answers once, by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.peers.sdk import SdkServer, sdk_server
from tests.servers import wait_until


@pytest.fixture(scope="module")
def peer() -> Iterator[SdkServer]:
    with sdk_server(pause=0.002) as running:
        yield running


def call(peer: SdkServer, operation: str, **params: Any) -> requests.Response:
    body = {"type": operation, "params": params}
    return requests.post(peer.chatkit, json=body, headers={"Origin": "http://page.example"}, timeout=20)


def events(peer: SdkServer, operation: str, **params: Any) -> list[Any]:
    answer = call(peer, operation, **params)
    assert answer.headers["Content-Type"].startswith("text/event-stream"), answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    return [json.loads(block.removeprefix("data: ")) for block in answer.text.split("\n\n") if block]


def said(text: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "input_text", "text": text}]
    return {"content": content, "attachments": [], "quoted_text": "", "inference_options": {}, **more}


def begun(peer: SdkServer, text: str, **more: Any) -> tuple[str, list[Any]]:
    told = events(peer, "threads.create", input=said(text, **more))
    assert told[0]["type"] == "thread.created"
    return told[0]["thread"]["id"], told


def words(told: list[Any]) -> str:
    return "".join(event["update"].get("delta", "") for event in told if "update" in event)


def last_item(told: list[Any], kind: str) -> Any:
    return next(e["item"] for e in reversed(told) if e.get("item", {}).get("type") == kind)


def test_words_stream_and_the_thread_is_read_back(peer: SdkServer) -> None:
    options = {"model": "m1", "tool_choice": {"id": "t1"}}
    thread_id, told = begun(peer, "hello", inference_options=options, quoted_text="that")
    assert words(told) == "You said **hello**. By m1. With t1. About: that "
    assert "thread.updated" in [event["type"] for event in told]
    thread = call(peer, "threads.get_by_id", thread_id=thread_id).json()
    assert thread["title"] == "hello"
    assert [item["type"] for item in thread["items"]["data"]] == ["user_message", "assistant_message"]


def test_card_streams_and_its_actions_replace_it(peer: SdkServer) -> None:
    thread_id, told = begun(peer, "card")
    item = last_item(told, "widget")
    assert "widget.streaming_text.value_delta" in [e["update"]["type"] for e in told if "update" in e]
    action = {"type": "add", "payload": {"n": 1}}
    done = events(peer, "threads.custom_action", thread_id=thread_id, item_id=item["id"], action=action)
    assert "Done: add" in json.dumps(last_item(done, "widget"))
    sync = {"type": "sync", "payload": {}}
    answer = call(peer, "threads.sync_custom_action", thread_id=thread_id, item_id=item["id"], action=sync)
    assert "Done at once" in answer.text
    assert ["add", {"n": 1}, item["id"]] in peer.seen()["actions"]


def test_tool_waits_for_the_page_and_says_what_it_returned(peer: SdkServer) -> None:
    thread_id, told = begun(peer, "tool")
    assert last_item(told, "client_tool_call")["status"] == "pending"
    done = events(peer, "threads.add_client_tool_output", thread_id=thread_id, result={"sun": True})
    assert words(done) == "The page returned {'sun': True}. "


def test_questions_are_answered(peer: SdkServer) -> None:
    thread_id, told = begun(peer, "ask")
    item = last_item(told, "structured_input")
    answers = {"size": {"values": ["Large"]}, "note": {"values": ["soon"]}}
    given = {"status": "answered", "answers": answers}
    done = events(peer, "threads.add_structured_input", thread_id=thread_id, item_id=item["id"], input=given)
    assert words(done) == "size: Large; note: soon "


def test_failures_are_told_as_the_sdk_tells_them(peer: SdkServer) -> None:
    _, told = begun(peer, "fail")
    assert (told[-1]["type"], told[-1]["message"], told[-1]["allow_retry"]) == (
        "error",
        "The oven is cold.",
        True,
    )
    _, told = begun(peer, "bug")
    assert (told[-1]["type"], told[-1].get("code")) == ("error", "stream.error")


def test_work_is_shown(peer: SdkServer) -> None:
    _, told = begun(peer, "work")
    kinds = [event["type"] for event in told]
    assert {"progress_update", "client_effect", "notice"} <= set(kinds)
    assert last_item(told, "workflow")["workflow"]["tasks"][0]["status_indicator"] == "complete"


@pytest.mark.parametrize("mime_type", ["text/plain", "image/png"])
def test_file_is_put_in_two_phases_and_reaches_the_answer(peer: SdkServer, mime_type: str) -> None:
    made = call(peer, "attachments.create", name="a.txt", size=5, mime_type=mime_type).json()
    upload = made["upload_descriptor"]
    assert upload["method"] == "PUT"
    assert requests.put(upload["url"], data=b"12345", headers=upload["headers"], timeout=10).ok
    _, told = begun(peer, "look", attachments=[made["id"]])
    assert "a.txt has 5 bytes." in words(told)
    if mime_type == "image/png":
        assert requests.get(made["preview_url"], timeout=10).content == b"12345"
    assert call(peer, "attachments.delete", attachment_id=made["id"]).ok
    assert made["id"] not in peer.seen()["files"]


def test_feedback_dictation_and_history(peer: SdkServer) -> None:
    thread_id, told = begun(peer, "hello")
    ids = [last_item(told, "assistant_message")["id"]]
    assert call(peer, "items.feedback", thread_id=thread_id, item_ids=ids, kind="positive").ok
    assert [ids, "positive"] in peer.seen()["feedback"]
    heard = call(peer, "input.transcribe", audio_base64="UklGRg==", mime_type="audio/webm;codecs=opus").json()
    assert heard["text"] == "audio/webm heard"
    assert call(peer, "threads.update", thread_id=thread_id, title="Other").ok
    listed = call(peer, "threads.list", limit=9999, order="desc").json()["data"]
    assert listed[0]["title"] == "Other"
    assert call(peer, "threads.delete", thread_id=thread_id).ok


def test_hanging_up_is_the_sdks_stop(peer: SdkServer) -> None:
    body = {"type": "threads.create", "params": {"input": said("slow")}}
    before = len(peer.seen()["stopped"])
    with requests.post(peer.chatkit, json=body, stream=True, timeout=10) as answer:
        next(answer.iter_content(2000))
    wait_until(lambda: len(peer.seen()["stopped"]) > before, "the stop", 5)
