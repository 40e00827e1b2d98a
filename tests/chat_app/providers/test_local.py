"""Kind `local` on real models made on the spot: limits, Stop, prompts, sampling, failures."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chat_app.domain.errors import (
    NotConfigured,
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.domain.prompt import FilePart, Message, Prompt
from chat_app.providers.base import Chunk, ProgressChunk, RouteConfig, TextChunk, Timeouts, UsageChunk
from chat_app.providers.local import files
from chat_app.providers.local.models import Key, Loaded, Shelf, load_model
from chat_app.providers.local.options import Options
from chat_app.providers.local.provider import LocalProvider
from chat_app.providers.local.run import encode, threads_for, token_limit
from tests.parts import require
from tests.upstream.chunks import text_of
from tests.upstream.local_models import counting_models

PATIENT = Timeouts(first_token=60)


def route(folder: Path, timeouts: Timeouts = PATIENT, **parameters: Any) -> RouteConfig:
    return RouteConfig("m", "local", model=str(folder), parameters=parameters, timeouts=timeouts)


def prompt(*texts: str) -> Prompt:
    return Prompt(tuple(Message("user", text) for text in texts or ("hi",)))


async def read(provider: LocalProvider, to: RouteConfig, asked: Prompt | None = None) -> list[Chunk]:
    return [chunk async for chunk in provider.stream(to, asked or prompt())]


def text(chunks: list[Chunk]) -> str:
    return "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))


@pytest.fixture
async def local() -> AsyncIterator[LocalProvider]:
    provider = LocalProvider()
    yield provider
    await provider.aclose()


@pytest.fixture(scope="session")
def counts() -> Path:
    return counting_models() / "counts"


@pytest.fixture(scope="session")
def endless() -> Path:
    """Computes on and on, 2048 tokens that are no text."""
    return counting_models() / "silent"


@pytest.fixture(scope="session")
def base_model(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny GPT-2 as base models come: without a chat template and without a word on sampling."""
    folder = tmp_path_factory.mktemp("base")
    shutil.copytree(tiny_model, folder, dirs_exist_ok=True)
    (folder / "chat_template.jinja").unlink()
    own = json.loads((folder / "generation_config.json").read_text())
    (folder / "generation_config.json").write_text(json.dumps({**own, "do_sample": False}))
    return folder


async def until_it_computes(job: Any) -> None:
    while not job.generated:
        await asyncio.sleep(0.005)


async def computes_no_more(job: Any) -> None:
    """Once the token under way is done, none is added."""
    await asyncio.sleep(0.5)
    before = job.generated
    await asyncio.sleep(0.5)
    assert job.generated == before


async def test_first_turn_sees_that_the_model_is_loaded_the_next_does_not(
    local: LocalProvider, counts: Path
) -> None:
    first = await read(local, route(counts, max_new_tokens=3))
    second = await read(local, route(counts, max_new_tokens=3))
    assert first[0] == ProgressChunk("Loading counts…")
    assert [text(first), text(second)] == [text_of(3)] * 2
    assert not any(isinstance(chunk, ProgressChunk) for chunk in second)


async def test_usage_counts_the_models_own_tokens(local: LocalProvider, tiny_model: Path) -> None:
    asked = Prompt((Message("system", "Be brief."), Message("user", "Grüße, 👩‍🚀")))
    chunks = await read(local, route(tiny_model, max_new_tokens=7), asked)
    spoken = "system: Be brief.\nuser: Grüße, 👩‍🚀\nassistant: "
    assert chunks[-1] == UsageChunk(len(spoken.encode()), 7)
    assert len(text(chunks)) == 7


@pytest.mark.parametrize("way", ["close", "cancel"])
async def test_stop_ends_the_computation(local: LocalProvider, endless: Path, way: str) -> None:
    reading = asyncio.create_task(read(local, route(endless, max_new_tokens=2048)))
    while not local._jobs:
        await asyncio.sleep(0.01)
    (job,) = local._jobs
    await until_it_computes(job)
    if way == "cancel":
        reading.cancel()
    else:
        await local.aclose()
    await computes_no_more(job)
    assert job.generated < 2000
    ended = asyncio.CancelledError if way == "cancel" else UpstreamDown
    with pytest.raises(ended):
        await reading


async def test_closed_generator_has_stopped_its_job_at_once(local: LocalProvider) -> None:
    async with aclosing(local.stream(route(counting_models() / "slow"), prompt())) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, TextChunk):
                (job,) = local._jobs
                break
    assert not local._jobs
    await computes_no_more(job)


async def test_third_turn_waits_for_a_place_and_says_so_in_vain(local: LocalProvider, endless: Path) -> None:
    to = route(endless, max_new_tokens=2048)
    await read(local, replace(to, parameters={"max_new_tokens": 1}))
    running = [asyncio.create_task(read(local, to)) for _ in range(2)]
    while sum(job.generated > 0 for job in local._jobs) < 2:
        await asyncio.sleep(0.01)
    with pytest.raises(UpstreamBusy) as busy:
        await read(local, replace(to, timeouts=Timeouts(first_token=0.2)))
    assert busy.value.retry_after
    assert busy.value.of_request  # other processes have places of their own
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    chunks = await read(local, route(endless, max_new_tokens=1))
    assert chunks[-1] == UsageChunk(3, 1)


async def test_turn_gives_up_on_a_model_that_is_still_loaded_and_the_next_finds_it(counts: Path) -> None:
    go, loads = threading.Event(), []

    def slowly(key: Key, say: Any) -> Any:
        loads.append(key)
        assert go.wait(20)
        return load_model(key, say)

    local = LocalProvider(Shelf(slowly))
    with pytest.raises(UpstreamBusy, match="still being loaded"):
        await read(local, route(counts, Timeouts(first_token=0.2)))
    go.set()
    assert text(await read(local, route(counts, max_new_tokens=2))) == text_of(2)
    assert len(loads) == 1
    await local.aclose()


async def test_idle_limit_ends_an_answer_that_dries_up(local: LocalProvider) -> None:
    slow = counting_models() / "slow"
    await read(local, route(slow, max_new_tokens=1))
    with pytest.raises(UpstreamTimeout):
        await read(local, route(slow, Timeouts(first_token=30, idle=0.0001)))


async def test_provider_is_used_again_after_it_was_closed(local: LocalProvider, counts: Path) -> None:
    for _ in range(2):
        assert text(await read(local, route(counts, max_new_tokens=2))) == text_of(2)
        await local.aclose()


async def test_base_model_gets_a_transcript_and_ends_with_its_own_line(
    local: LocalProvider, base_model: Path
) -> None:
    chunks = await read(local, route(base_model, max_new_tokens=40))
    assert chunks[-1] == UsageChunk(len(b"User: hi\nAssistant:"), 40)
    assert len(set(text(chunks).replace(" ", ""))) > 3  # drawn, not the likeliest letter again and again


async def test_seed_gives_the_same_answer_whatever_else_is_computed(
    local: LocalProvider, base_model: Path
) -> None:
    seeded = route(base_model, max_new_tokens=30, seed=7)
    alone = text(await read(local, seeded))
    many = await asyncio.gather(*(read(local, seeded), read(local, route(base_model, max_new_tokens=60))) * 3)
    assert {text(chunks) for chunks in many[::2]} == {alone}
    assert text(await read(local, route(base_model, max_new_tokens=30, seed=8))) != alone


@pytest.mark.parametrize("parameters", [{"do_sample": False}, {"temperature": 0}, {"top_k": 1}])
async def test_likeliest_token_is_taken_when_asked_for(
    local: LocalProvider, base_model: Path, parameters: dict[str, Any]
) -> None:
    answers = [await read(local, route(base_model, max_new_tokens=20, **parameters)) for _ in range(2)]
    assert text(answers[0]) == text(answers[1])


async def test_stop_text_of_the_row_ends_the_answer(local: LocalProvider, counts: Path) -> None:
    chunks = await read(local, route(counts, max_new_tokens=100, stop=["0004"]))
    assert text(chunks) == text_of(3)
    assert isinstance(chunks[-1], UsageChunk)
    assert chunks[-1].output_tokens == 4


async def test_prompt_that_is_too_long_keeps_its_end(local: LocalProvider, tiny_model: Path) -> None:
    chunks = await read(local, route(tiny_model, max_new_tokens=4), prompt("x" * 10_000))
    assert chunks[-1] == UsageChunk(8192 - 4, 4)


def test_prompt_and_answer_share_what_the_model_sees(tiny_model: Path) -> None:
    loaded = load_model(Key(str(tiny_model), "cpu", "auto"), lambda _: None)
    assert [token_limit(Options(max_new_tokens=n), 100) for n in (10, 50, 90)] == [10, 50, 50]
    assert token_limit(Options(max_new_tokens=90), None) == 90
    small = replace(loaded, positions=16)
    assert small.tokenizer.decode(encode(small, prompt("abc").messages, 8, plain=False)) == "istant: "[-8:]


def test_a_core_is_left_for_the_event_loop() -> None:
    assert [threads_for(cores) for cores in (1, 2, 4, 8, 64)] == [1, 1, 1, 3, 31]


async def test_files_are_refused_as_a_matter_of_this_request(local: LocalProvider, counts: Path) -> None:
    asked = Prompt((Message("user", "look", (FilePart("a.png", "image/png", b"x"),)),))
    with pytest.raises(UpstreamRefused) as refused:
        await read(local, route(counts), asked)
    assert refused.value.of_request


async def test_bad_parameter_is_refused_and_missing_says_it_before(
    local: LocalProvider, counts: Path
) -> None:
    bad = route(counts, temperature="hot")
    assert "temperature" in (local.missing(bad) or "")
    with pytest.raises(UpstreamRefused, match="temperature"):
        await read(local, bad)


async def test_what_is_missing_is_not_configured(local: LocalProvider, tmp_path: Path) -> None:
    require("local_model")
    with pytest.raises(NotConfigured, match="no folder"):
        await read(local, route(tmp_path / "nowhere"))
    with pytest.raises(NotConfigured, match="gpt2 is not in this machine's cache"):
        await read(local, RouteConfig("m", "local"))


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
async def test_broken_folder_is_refused_in_our_words(
    local: LocalProvider, counts: Path, tmp_path: Path, file: str
) -> None:
    shutil.copytree(counts, tmp_path, dirs_exist_ok=True)
    (tmp_path / file).write_bytes(b"\x00nonsense{")
    for _ in range(2):
        with pytest.raises(UpstreamError) as error:
            await read(local, route(tmp_path))
        assert type(error.value) is UpstreamRefused
        assert str(tmp_path) not in str(error.value)


async def test_missing_gpu_is_said_so(local: LocalProvider, counts: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has one")
    with pytest.raises(UpstreamRefused, match="CUDA"):
        await read(local, route(counts, device="cuda"))


async def test_break_down_of_the_model_is_told_in_our_words_and_logged_by_class(
    local: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UpstreamDown, match="broke down"):
        await read(local, route(counting_models() / "breaks"))
    assert "local model of route m failed: RuntimeError" in caplog.text


async def test_dtype_of_the_row_is_the_models(local: LocalProvider, counts: Path) -> None:
    assert text(await read(local, route(counts, max_new_tokens=5, dtype="bfloat16"))) == text_of(5)
    (entry,) = local._shelf._entries.values()
    loaded = entry.outcome.result()
    assert isinstance(loaded, Loaded)
    assert str(loaded.model.dtype) == "torch.bfloat16"


def test_nothing_is_missing_for_a_folder_that_holds_a_model(counts: Path) -> None:
    assert files.missing(str(counts)) is None
