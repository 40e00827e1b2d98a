"""Both dialects of the kind `openai` against recorded bytes, cut at every boundary."""

from __future__ import annotations

import json

import pytest

from chat_app.domain.errors import UpstreamBusy, UpstreamError
from chat_app.providers.base import RouteConfig, UsageChunk
from chat_app.providers.openai.answer import Answer
from chat_app.providers.openai.provider import DIALECTS
from chat_app.providers.sse import EventReader
from tests.chat_app.providers.conftest import ask
from tests.upstream.faulty import Upstream
from tests.upstream.recorded import recorded

THOUGHTS = (
    "\n**Adding the numbers**\n\nForty and two are to be added. The sum is 42.\n**Choosing the form**\n\n"
)
RECORDED = {
    "openai": ("Grüße, 😀 and 👩‍🚀!\n\n- שלום\n", UsageChunk(19, 11), ""),
    "gateway": ("Two lines — dash", UsageChunk(7, 3), ""),
    "no_done": ("qx u", UsageChunk(23, 4), ""),
    "thinking": ("42", UsageChunk(5, 4), "Hm, so"),
    "reasoning": (
        "Guten Tag!",
        UsageChunk(14, 31),
        "The user greets me in German.\nA short answer will do. 👩‍🚀",
    ),
    "think_tags": (
        "It makes text <b>bold</b>.",
        UsageChunk(8, 40),
        "\nOkay, so they ask about the <b> tag.\nLet me see: a < b and </thinking> is none.\n",
    ),
    "responses": ("Grüße, 😀 and 👩‍🚀!\n\n- שלום\n", UsageChunk(19, 11), ""),
    "responses_reasoning": ("42", UsageChunk(21, 139), f"{THOUGHTS}A number alone will do."),
    "responses_incomplete": ("Once upon a time", UsageChunk(12, 16), ""),
    "responses_refusal": ("I cannot help with that.", UsageChunk(9, 7), ""),
    "responses_served": ("fyrsvq", UsageChunk(38, 6), ""),
}
WHOLE = {"chat.json": ("uhrirm", UsageChunk(20, 6)), "responses.json": ("ihjhqg", UsageChunk(38, 6))}


def parameters(name: str) -> dict[str, object]:
    """The parameters of a route to what was recorded under that name."""
    api = "responses" if name.startswith("responses") else "chat"
    return {"api": api, "think_tags": name == "think_tags"}


def answer_of(name: str) -> Answer:
    route = RouteConfig("m", "openai", "http://h/v1", "m", parameters=parameters(name))
    return DIALECTS[str(route.parameters["api"])].answer(route)


def read(name: str, *pieces: bytes) -> tuple[str, UsageChunk | None, str, UpstreamError | None]:
    """What an answer that arrives in these pieces says: text, usage, thoughts and failure."""
    answer, reader, text = answer_of(name), EventReader(), ""
    for piece in pieces:
        text += answer.take(reader.feed(piece), last=False)
    if not (answer.ended or answer.failure):
        text += answer.take(reader.finish(), last=True)
    return text, answer.usage, "".join(answer.thoughts), answer.failure


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recording_cut_anywhere_says_the_same(name: str) -> None:
    data, _ = recorded(name)
    for cut in range(len(data) + 1):
        assert read(name, data[:cut], data[cut:]) == (*RECORDED[name], None), cut


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recording_byte_by_byte_says_the_same(name: str) -> None:
    data, _ = recorded(name)
    assert read(name, *(bytes([byte]) for byte in data)) == (*RECORDED[name], None)


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_recording_without_its_second_half_breaks_off(name: str) -> None:
    data, _ = recorded(name)
    text, _, _, failure = read(name, data[: len(data) // 2])
    assert type(failure) is UpstreamError
    assert RECORDED[name][0].startswith(text)


@pytest.mark.parametrize("write", [0, 1, 7, 64])
@pytest.mark.parametrize("name", sorted(RECORDED))
async def test_recording_over_a_socket_gives_its_text_and_usage(
    upstream: Upstream, name: str, write: int
) -> None:
    url = upstream.base_url("recording", name=name, write=write)
    answer = await ask(RouteConfig("m", "openai", url, "m", parameters=parameters(name)))
    assert (answer.text, answer.usage, answer.error) == (RECORDED[name][0], [RECORDED[name][1]], None)


async def test_failed_response_keeps_what_was_said(upstream: Upstream) -> None:
    url = upstream.base_url("recording", name="responses_failed")
    answer = await ask(RouteConfig("m", "openai", url, "m", parameters={"api": "responses"}))
    assert (type(answer.error), answer.text) == (UpstreamBusy, "Half of")
    assert "secret" not in str(answer.error)
    await upstream.until(open=0)


@pytest.mark.parametrize("name", sorted(WHOLE))
async def test_answer_that_does_not_stream_is_read_whole(upstream: Upstream, name: str) -> None:
    url = upstream.base_url("recording", name=name)
    answer = await ask(RouteConfig("m", "openai", url, "m", parameters=parameters(name)))
    assert (answer.pieces, answer.usage, answer.error) == ([WHOLE[name][0]], [WHOLE[name][1]], None)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_object_of_the_other_dialect_is_no_answer(name: str) -> None:
    other = next(one for one in WHOLE if one != name)
    with pytest.raises(UpstreamError, match="did not answer with a stream"):
        answer_of(name).take_object(recorded(other)[0])


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [
        ("chat.json", {"error": {"code": 429, "message": "secret"}}, UpstreamBusy),
        ("chat.json", {"choices": []}, UpstreamError),
        ("chat.json", {"detail": "secret"}, UpstreamError),
        ("responses.json", {"error": {"code": "rate_limit_exceeded"}, "status": "failed"}, UpstreamBusy),
        ("responses.json", {"error": None, "status": "queued", "output": []}, UpstreamError),
        ("responses.json", {"status": "failed"}, UpstreamError),
    ],
)
def test_object_that_is_no_answer_is_an_error(name: str, said: object, kind: type[UpstreamError]) -> None:
    with pytest.raises(UpstreamError) as caught:
        answer_of(name).take_object(json.dumps(said).encode())
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


def test_usage_without_a_count_leaves_the_earlier_one() -> None:
    answer = answer_of("openai")
    counts: tuple[object, ...] = (
        {"prompt_tokens": 3, "completion_tokens": 9},
        None,
        {},
        {"prompt_tokens": None, "cost": 0.1},
    )
    answer.take([(b"", json.dumps({"choices": [], "usage": one}).encode()) for one in counts], last=False)
    assert answer.usage == UsageChunk(3, 9)


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'{"code": "rate_limit_exceeded", "message": "secret"}', UpstreamBusy),
        (b'{"error": {"code": 429, "message": "secret"}}', UpstreamBusy),
        (b'{"message": "secret"}', UpstreamError),
        (b'"secret"', UpstreamError),
        (b"secret", UpstreamError),
    ],
)
def test_event_called_error_is_one_whatever_it_holds(
    name: str, data: bytes, kind: type[UpstreamError]
) -> None:
    answer = answer_of(name)
    answer.take([(b"error", data)], last=False)
    assert type(answer.failure) is kind
    assert "secret" not in str(answer.failure)
