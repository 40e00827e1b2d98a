"""Speech to text by OpenAI's API, against an upstream that hears and one that does not want to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chat_app.domain.errors import UpstreamBusy, UpstreamDown, UpstreamError, UpstreamRefused, UpstreamTimeout
from chat_app.providers.base import RouteConfig, Timeouts
from chat_app.providers.openai.transcribe import transcribe, url
from tests.chat_app.providers.conftest import SHORT
from tests.upstream.faulty import closed_ports
from tests.upstream.transcriptions import WEBM, Upstream, listening


@pytest.fixture
async def hearing() -> AsyncIterator[Upstream]:
    async with listening() as running:
        yield running


def route(base_url: str, timeouts: Timeouts = SHORT, **parameters: Any) -> RouteConfig:
    return RouteConfig("ears", "openai", base_url, "whisper-1", "sk-tests", parameters, timeouts)


async def of(base_url: str, audio: bytes = WEBM, **parameters: Any) -> str:
    return await transcribe(
        route(base_url, **parameters), audio, name="dictation.webm", media_type="audio/webm"
    )


async def test_recording_goes_out_as_a_form_and_its_words_come_back(hearing: Upstream) -> None:
    asked: dict[str, Any] = {
        "language": "de",
        "temperature": 0.2,
        "api": "chat",
        "response_format": "srt",
        "stream": True,
    }
    assert await of(hearing.base_url(), **asked) == "Hello there."
    assert hearing.heard.forms == [
        {
            "model": "whisper-1",
            "language": "de",
            "temperature": "0.2",
            "file": ("dictation.webm", "audio/webm", WEBM),
        }
    ]
    assert hearing.heard.authorization == "Bearer sk-tests"


async def test_large_recording_arrives_whole(hearing: Upstream) -> None:
    audio = WEBM + b"x" * 8 * 1024 * 1024
    await of(hearing.base_url(), audio)
    assert hearing.heard.forms[0]["file"][2] == audio


async def test_silence_is_an_empty_text_and_no_error(hearing: Upstream) -> None:
    assert await of(hearing.base_url("silence")) == ""


async def test_text_is_cleaned(hearing: Upstream) -> None:
    assert await of(hearing.base_url("dirty")) == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("reset", UpstreamDown),
        ("hang", UpstreamTimeout),
        ("hang_after_headers", UpstreamTimeout),
        ("hang_midway", UpstreamTimeout),
        ("nonsense", UpstreamError),
        ("other", UpstreamError),
        ("html", UpstreamError),
        ("endless", UpstreamError),
        ("400", UpstreamRefused),
        ("401", UpstreamRefused),
        ("404", UpstreamRefused),
        ("429", UpstreamBusy),
        ("500", UpstreamDown),
        ("504", UpstreamTimeout),
    ],
)
async def test_fault_becomes_ours_without_its_words(
    hearing: Upstream, fault: str, kind: type[UpstreamError]
) -> None:
    with pytest.raises(UpstreamError) as caught:
        await of(hearing.base_url(fault))
    assert type(caught.value) is kind
    assert caught.value.of_request is (fault == "400")
    assert "secret" not in caught.value.detail


async def test_upstream_that_refuses_connections_is_down() -> None:
    with pytest.raises(UpstreamDown):
        await of(f"http://127.0.0.1:{next(closed_ports())}/v1")


async def test_address_that_may_not_be_reached_is_refused() -> None:
    with pytest.raises(UpstreamRefused):
        await of("http://10.1.2.3/v1")


@pytest.mark.parametrize(
    ("base_url", "where"),
    [
        ("https://h/v1", "https://h/v1/audio/transcriptions"),
        ("https://h/v1/", "https://h/v1/audio/transcriptions"),
        ("https://h/v1/responses", "https://h/v1/audio/transcriptions"),
        ("https://h/v1/audio/transcriptions", "https://h/v1/audio/transcriptions"),
        ("https://h/d?api-version=1", "https://h/d/audio/transcriptions?api-version=1"),
    ],
)
def test_recordings_go_where_the_base_url_says(base_url: str, where: str) -> None:
    assert str(url(route(base_url))) == where
