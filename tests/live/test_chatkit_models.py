"""What models do for ChatKit beside answering, on a started server: titles of new threads, and dictation."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
import requests

from tests.live.clients import Session, issue
from tests.live.routes import add_models
from tests.servers import Launcher, ServerProcess, wait_until
from tests.upstream.transcriptions import MP4, WEBM, Upstream, listening

ECHO = {"provider": "demo", "api_key": "", "parameters": {"delay_ms": 0, "script": "/echo “Trains to Bern.”"}}


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> ServerProcess:
    server = start_server(TITLE_MODEL="namer", TRANSCRIPTION_MODEL="ears")
    add_models(server, {"namer": ECHO})
    return server


@pytest.fixture
async def hearing(server: ServerProcess) -> AsyncIterator[Upstream]:
    async with listening() as running:
        yield running


async def dictate(who: Session, audio: bytes, mime_type: str, **model: Any) -> requests.Response:
    """Make the model that hears what is told of it, and say something."""
    await asyncio.to_thread(make_ears, who.server, model)
    params = {"audio_base64": base64.b64encode(audio).decode(), "mime_type": mime_type}
    return await asyncio.to_thread(who.post, "/chatkit", {"type": "input.transcribe", "params": params})


def make_ears(server: ServerProcess, columns: dict[str, Any]) -> None:
    row = {"provider": "openai", "model": "whisper-1", "api_key_env": "", "enabled": True, **columns}
    code = f"ModelConfig.objects.update_or_create(id='ears', defaults={row!r})"
    server.manage("shell", "-c", f"from chat_app.models import ModelConfig; {code}")


def titles(who: Session) -> list[str]:
    return [thread["title"] for thread in who.get("/api/threads").json()["data"]]


def test_new_thread_gets_its_title_of_the_model(server: ServerProcess) -> None:
    who = issue(server, "traveller", model="demo")
    who.ask("how do I get to Bern?")
    wait_until(lambda: titles(who) == ["Trains to Bern"], "the title", 5)


async def test_what_is_said_becomes_text(server: ServerProcess, hearing: Upstream) -> None:
    who = issue(server, "speaker")
    answer = await dictate(who, WEBM, "audio/webm;codecs=opus", base_url=hearing.base_url())
    assert (answer.status_code, answer.json()) == (200, {"text": "Hello there."})
    assert hearing.heard.forms[0]["file"] == ("dictation.webm", "audio/webm", WEBM)
    models = await asyncio.to_thread(who.get, "/api/models")
    assert "ears" not in {model["id"] for model in models.json()["data"]}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [("500", 503, "upstream_down"), ("nonsense", 502, "upstream_error"), ("400", 400, "invalid")],
)
async def test_model_that_does_not_hear_is_told(
    server: ServerProcess, hearing: Upstream, fault: str, status: int, code: str
) -> None:
    answer = await dictate(issue(server, "speaker"), MP4, "audio/mp4", base_url=hearing.base_url(fault))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "secret" not in answer.text


async def test_recording_of_another_kind_is_refused(server: ServerProcess, hearing: Upstream) -> None:
    answer = await dictate(issue(server, "speaker"), WEBM, "audio/wav", base_url=hearing.base_url())
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert hearing.heard.forms == []


async def test_dictation_that_is_switched_off_is_told(server: ServerProcess, hearing: Upstream) -> None:
    answer = await dictate(issue(server, "speaker"), WEBM, "audio/webm", enabled=False)
    assert (answer.status_code, answer.json()["code"]) == (503, "not_configured")
