"""Dictation: by the model that TRANSCRIPTION_MODEL names, for who may, as much as fits, and a clear error for the rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from chat_app import checks
from chat_app.chat import catalog, dictation
from chat_app.domain.errors import (
    Forbidden,
    InvalidInput,
    NotConfigured,
    RateLimited,
    TooLarge,
    UpstreamDown,
)
from chat_app.models import ModelConfig
from chat_app.providers import http
from sessions_app.db import db
from tests.upstream.transcriptions import MP4, OGG, WEBM, Upstream, listening

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
OPUS = "audio/webm;codecs=opus"


@pytest.fixture
async def hearing() -> AsyncIterator[Upstream]:
    async with listening() as running:
        yield running
    await http.close()


@pytest.fixture
def ears(hearing: Upstream, settings: Any) -> ModelConfig:
    """The model that hears, as the settings name it."""
    settings.TRANSCRIPTION_MODEL = "ears"
    return ModelConfig.objects.create(
        id="ears", label="Ears", provider="openai", base_url=hearing.base_url(), model="whisper-1", api_key="sk-tests"
    )  # fmt: skip


async def change(**columns: Any) -> None:
    await db(ModelConfig.objects.filter(pk="ears").update, **columns)


@pytest.mark.parametrize(
    ("audio", "said", "name"),
    [
        (WEBM, OPUS, "dictation.webm"),
        (WEBM, 'Audio/WebM; codecs="opus"', "dictation.webm"),
        (MP4, "audio/mp4", "dictation.mp4"),
        (OGG, "audio/ogg;codecs=opus", "dictation.ogg"),
        (MP4, OPUS, "dictation.mp4"),
    ],
)
async def test_recording_becomes_text(
    ears: ModelConfig, hearing: Upstream, audio: bytes, said: str, name: str
) -> None:
    assert await dictation.transcribe("ext:1", audio, said) == "Hello there."
    (form,) = hearing.heard.forms
    assert (form["model"], form["file"][0], form["file"][2]) == ("whisper-1", name, audio)
    assert hearing.heard.authorization == "Bearer sk-tests"


@pytest.mark.parametrize("mime_type", ["", "audio/wav", "video/webm", "audio/webm;x=1", "audio/webm\r\nX: y"])
async def test_other_type_is_refused_by_name(ears: ModelConfig, hearing: Upstream, mime_type: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await dictation.transcribe("ext:1", WEBM, mime_type)
    assert list(caught.value.fields or ()) == ["mime_type"]
    assert hearing.heard.forms == []


@pytest.mark.parametrize("audio", [b"", b"RIFF" + b"\0" * 60, b"\0" * 60])
async def test_recording_that_is_none_is_refused(ears: ModelConfig, hearing: Upstream, audio: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        await dictation.transcribe("ext:1", audio, OPUS)
    assert list(caught.value.fields or ()) == ["audio_base64"]
    assert hearing.heard.forms == []


async def test_recording_that_the_model_cannot_read_is_the_callers_fault(
    ears: ModelConfig, hearing: Upstream
) -> None:
    await change(base_url=hearing.base_url("400"))
    with pytest.raises(InvalidInput):
        await dictation.transcribe("ext:1", WEBM, OPUS)


async def test_recording_that_is_too_long_is_refused(ears: ModelConfig, settings: Any) -> None:
    settings.CHAT = {**settings.CHAT, "MAX_AUDIO": len(WEBM)}
    assert await dictation.transcribe("ext:1", WEBM, OPUS)
    with pytest.raises(TooLarge):
        await dictation.transcribe("ext:1", WEBM + b"x", OPUS)


async def test_model_that_is_down_is_told_as_it_is(ears: ModelConfig, hearing: Upstream) -> None:
    await change(base_url=hearing.base_url("500"))
    with pytest.raises(UpstreamDown):
        await dictation.transcribe("ext:1", WEBM, OPUS)


@pytest.mark.parametrize(
    "columns", [{"enabled": False}, {"provider": "demo"}, {"base_url": ""}, {"id": "other"}], ids=str
)
async def test_model_that_is_not_there_is_not_configured(ears: ModelConfig, columns: dict[str, Any]) -> None:
    await change(**columns)
    with pytest.raises(NotConfigured):
        await dictation.transcribe("ext:1", WEBM, OPUS)


async def test_without_the_setting_it_is_not_configured(ears: ModelConfig, settings: Any) -> None:
    settings.TRANSCRIPTION_MODEL = None
    with pytest.raises(NotConfigured, match="not configured"):
        await dictation.transcribe("ext:1", WEBM, OPUS)


async def test_guest_may_dictate_where_the_model_is_open_to_guests(ears: ModelConfig) -> None:
    assert await dictation.transcribe("guest:1", WEBM, OPUS)
    await change(guests=False)
    assert await dictation.transcribe("ext:1", WEBM, OPUS)
    with pytest.raises(Forbidden):
        await dictation.transcribe("guest:1", WEBM, OPUS)


async def answers_of(asked: list[Coroutine[Any, Any, str]], refused: int, hearing: Upstream) -> list[Any]:
    """How each ends: the upstream answers nobody until so many are refused."""
    tasks = [asyncio.ensure_future(one) for one in asked]
    async with asyncio.timeout(20):
        while sum(task.done() for task in tasks) < refused:
            await asyncio.sleep(0.01)
    hearing.heard.release.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_recordings_at_once_are_bounded(ears: ModelConfig, hearing: Upstream) -> None:
    await change(base_url=hearing.base_url("held"))
    room = dictation.AT_ONCE + dictation.WAITING
    asked = [dictation.transcribe(f"ext:{n}", WEBM, OPUS) for n in range(room + 5)]
    answers = await answers_of(asked, 5, hearing)
    refused = [getattr(answer, "code", answer) for answer in answers if not isinstance(answer, str)]
    assert refused == ["upstream_busy"] * 5
    assert hearing.heard.most_at_once <= dictation.AT_ONCE
    assert len(dictation._places) == 0


async def test_one_person_does_not_take_all_places(ears: ModelConfig, hearing: Upstream) -> None:
    await change(base_url=hearing.base_url("held"))
    greedy = [dictation.transcribe("ext:1", WEBM, OPUS) for _ in range(6)]
    other = dictation.transcribe("ext:2", WEBM, OPUS)
    answers = await answers_of([*greedy, other], 6 - dictation.EACH, hearing)
    assert [isinstance(answer, str) for answer in answers].count(True) == dictation.EACH + 1
    assert isinstance(answers[-1], str)
    assert all(isinstance(answer, str | RateLimited) for answer in answers)


# The row that hears is no model to chat with


def test_model_that_hears_is_in_no_list_and_no_choice(settings: Any) -> None:
    settings.TRANSCRIPTION_MODEL = "ears"
    ModelConfig.objects.create(id="ears", provider="demo")
    found = catalog.catalogue()
    assert "ears" not in found.routes
    assert found.check("ears") == "unknown"


def test_check_names_a_model_that_is_not_there(settings: Any) -> None:
    settings.TRANSCRIPTION_MODEL = "ears"
    ModelConfig.objects.create(id="ears", provider="openai")
    assert checks.dictation_has_a_model(None, databases=["default"]) == []
    ModelConfig.objects.update(enabled=False)
    (found,) = checks.dictation_has_a_model(None, databases=["default"])
    assert (found.id, "“ears”" in found.msg) == ("chat_app.W002", True)
    assert checks.dictation_has_a_model(None) == []
    settings.TRANSCRIPTION_MODEL = None
    assert checks.dictation_has_a_model(None, databases=["default"]) == []
