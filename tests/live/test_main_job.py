"""The main job on real input: a conversation with a model server that others wrote, over REST, SSE and WebSocket.

The model server counts a token for each byte of its prompt: usage that equals our own sum proves that the earlier turns were
in the prompt, to the byte.
"""

from __future__ import annotations

import re
from itertools import cycle

import pytest

from tests.live.clients import Session, issue
from tests.live.doors import DOORS
from tests.live.routes import add_models
from tests.servers import Launcher, ServerProcess
from tests.upstream.model_server import ModelServer

pytestmark = pytest.mark.serial  # measures time or memory

MODEL = "main-job"
QUESTIONS = [
    "Hello, who are you?",
    "Grüße aus Köln, 👩‍🚀 שלום",
    "And then?\n\n- one\n- two",
    "What was my first question?",
    "Thank you.",
]


@pytest.fixture(scope="module")
def server(start_server: Launcher, model_server: ModelServer) -> ServerProcess:
    server = start_server()
    row = {
        "base_url": model_server.base_url,
        "model": model_server.model,
        "parameters": dict(model_server.parameters),
        "system_prompt": "You speak in small letters.",
        "price_in": "1000",
        "price_out": "2000",
    }
    add_models(server, {MODEL: row})
    return server


@pytest.fixture
def user(server: ServerProcess) -> Session:
    return issue(server, "main-job", model=MODEL)


@pytest.mark.parametrize("ways", [*([name] for name in DOORS), list(DOORS)], ids="-".join)
def test_conversation_has_its_earlier_turns_in_the_prompt(
    user: Session, model_server: ModelServer, ways: list[str]
) -> None:
    said = [("system", "You speak in small letters.")]
    for question, way in zip(QUESTIONS, cycle(ways), strict=False):
        said.append(("user", question))
        answer = DOORS[way](user, question)
        assert answer.code == ""
        assert re.fullmatch("[a-z ]+", answer.text)
        turn = user.turn(answer.turn_id)
        assert (turn["state"], turn["model"], turn["text"]) == ("completed", MODEL, answer.text)
        usage = turn["usage"]
        assert (usage["input_tokens"], usage["estimated"]) == (model_server.prompt_tokens(said), False)
        assert usage["output_tokens"] == 24
        assert usage["cost"] == f"{(usage['input_tokens'] * 1000 + 24 * 2000) / 1e6:.6f}"
        said.append(("assistant", answer.text))
    kept = [(item["type"].partition("_")[0], item["text"]) for item in user.items(user.thread_id)]
    assert kept == said[1:]


def test_tokens_of_a_real_model_arrive_one_by_one(user: Session) -> None:
    asked = {"message": "Hello", "events": True}
    with user.post("/api/chat/stream", asked, stream=True) as answer:
        pieces = b"".join(answer.iter_content(None)).count(b"event: delta")
    assert pieces > 5
