"""Files in ChatKit's client on a started server: announced or sent at once, into a message, to the model, away again."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.live.chatkit import strict
from tests.live.chatkit.client import Client, Refused
from tests.live.chatkit.conftest import NewClient, same
from tests.live.chatkit.player import script
from tests.pictures import PNG


def two_phase(client: Client, data: bytes, name: str, mime_type: str, method: str = "") -> Any:
    """The attachment of a file that was announced and then uploaded as its descriptor says."""
    made = client.call("attachments.create", name=name, size=len(data), mime_type=mime_type)
    upload = made["upload_descriptor"]
    assert upload["method"] in ("POST", "PUT")
    if (method or upload["method"]) == "PUT":
        answer = requests.put(upload["url"], data=data, headers=upload["headers"], timeout=10)
    else:
        answer = requests.post(upload["url"], files={"file": (name, data, mime_type)}, timeout=10)
    assert answer.ok, answer.text
    return made


def direct(client: Client, data: bytes, name: str, mime_type: str) -> Any:
    """The attachment of a file that was sent at once."""
    url = client.who.server.url + "/api/attachments"
    answer = requests.post(
        url, files={"file": (name, data, mime_type)}, headers=client.who.headers, timeout=10
    )
    assert answer.status_code == 201
    return strict.answer("attachments.create", answer.text)


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_announced_files_go_into_a_message_and_before_the_model(client: Client, method: str) -> None:
    picture = two_phase(client, PNG, "a.png", "image/png", method)
    notes = two_phase(client, b"buy milk", "notes.txt", "text/plain", method)
    thread = client.say(script(["files"]), attachments=[picture["id"], notes["id"]])
    shown = next(iter(thread.items.values()))["attachments"]
    assert [(own["id"], own["name"], own["type"]) for own in shown] == [
        (picture["id"], "a.png", "image"),
        (notes["id"], "notes.txt", "file"),
    ]
    assert all("upload_descriptor" not in own for own in shown)
    heard = json.loads(thread.texts()[1])
    assert heard["files"] == [["a.png", "image/png", len(PNG)]]
    assert "buy milk" in heard["text"]
    same(client, thread.thread["id"])


def test_file_that_is_sent_at_once_is_an_attachment_too(client: Client) -> None:
    picture = direct(client, PNG, "b.png", "image/png")
    thread = client.say(script(["text", "seen"]), attachments=[picture["id"]])
    same(client, thread.thread["id"])


def test_picture_is_shown_in_a_frame_without_cookies(client: Client) -> None:
    made = two_phase(client, PNG, "a.png", "image/png")
    for url in (made["preview_url"], client.call("attachments.get_preview", attachment_id=made["id"])["url"]):
        answer = requests.get(url, timeout=10)
        assert (answer.status_code, answer.content) == (200, PNG)
        assert urlsplit(url).netloc == urlsplit(client.who.server.url).netloc
    thread = client.say("look", attachments=[made["id"]])
    shown = next(iter(thread.items.values()))["attachments"][0]["preview_url"]
    assert requests.get(shown, timeout=10).content == PNG


def test_message_of_a_file_alone_is_a_message(client: Client) -> None:
    notes = two_phase(client, b"buy milk", "notes.txt", "text/plain")
    thread = client.say("", content=[], attachments=[notes["id"]])
    assert thread.thread["title"] == "notes.txt"
    same(client, thread.thread["id"])


def test_file_is_used_once_deleted_once_and_nobody_elses(client: Client, new_client: NewClient) -> None:
    notes = two_phase(client, b"buy milk", "notes.txt", "text/plain")
    stranger = new_client()
    for operation in ("attachments.delete", "attachments.get_preview"):
        with pytest.raises(Refused) as refused:
            stranger.call(operation, attachment_id=notes["id"])
        assert refused.value.status == 404
    with pytest.raises(Refused) as refused:
        stranger.create("mine now", attachments=[notes["id"]])
    assert refused.value.status == 404
    other = two_phase(client, b"x", "other.txt", "text/plain")
    assert client.call("attachments.delete", attachment_id=other["id"]) == {}
    client.say("one", attachments=[notes["id"]])
    for again in (notes["id"], other["id"], "att_of_nobody"):
        with pytest.raises(Refused) as refused:
            client.create("two", attachments=[again])
        assert refused.value.status in (400, 404)
    assert len(client.listed()) == 1
    assert stranger.listed() == []


def test_file_that_was_not_uploaded_yet_is_refused_with_the_message(client: Client) -> None:
    made = client.call("attachments.create", name="a.txt", size=3, mime_type="text/plain")
    with pytest.raises(Refused) as refused:
        client.create("early", attachments=[made["id"]])
    assert refused.value.status == 400
    assert client.listed() == []


@pytest.mark.parametrize("size", [-1, 10**12])
def test_size_that_cannot_be_is_refused(client: Client, size: int) -> None:
    with pytest.raises(Refused) as refused:
        client.call("attachments.create", name="a.txt", size=size, mime_type="text/plain")
    assert refused.value.status in (400, 413)


def test_retry_has_the_files_again(client: Client) -> None:
    picture = two_phase(client, PNG, "a.png", "image/png")
    thread = client.say(script(["files"]), attachments=[picture["id"]])
    client.retry(thread.thread["id"], next(iter(thread.items))).all()
    assert json.loads(thread.texts()[1])["files"] == [["a.png", "image/png", len(PNG)]]
    same(client, thread.thread["id"])
