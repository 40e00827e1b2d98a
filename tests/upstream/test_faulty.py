"""The faulty upstream as a process of its own, as tests of whole servers use it."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.upstream.faulty import text_of


@pytest.fixture(scope="module")
def roots() -> Iterator[list[str]]:
    command = [sys.executable, "-m", "tests.upstream.faulty", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        yield re.findall(r"https?://127\.0\.0\.1:\d+", said)
        process.terminate()


@pytest.fixture
def root(roots: list[str]) -> str:
    return roots[0]


def call(url: str, body: Any = None, method: str | None = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def test_state_tells_the_newest_request_and_forgets_on_demand(root: str) -> None:
    asked = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}
    answer = call(f"{root}/ok/v1/chat/completions?tokens=3", asked)
    assert "".join(re.findall(r'"content": "(.*?)"', answer)) == text_of(3)
    state = json.loads(call(f"{root}/_state"))
    assert (state["body"], state["fault"], state["open"], state["requests"]) == (asked, "ok", 0, 1)
    assert state["asked"] == {"tiny": 1}
    assert json.loads(call(f"{root}/_state", method="DELETE"))["requests"] == 0


def test_status_is_the_one_in_the_address(root: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(f"{root}/429/v1/chat/completions?retry_after=3", {})
    assert (caught.value.code, caught.value.headers["Retry-After"]) == (429, "3")


def test_certificate_is_trusted_by_nobody(roots: list[str]) -> None:
    with pytest.raises(urllib.error.URLError) as caught:
        call(f"{roots[1]}/_state")
    assert isinstance(caught.value.reason, ssl.SSLCertVerificationError)


@pytest.mark.parametrize(("fault", "tokens"), [("flood", 12_000), ("byte_by_byte", 2)])
def test_healthy_answers_say_their_tokens_however_they_are_written(
    root: str, fault: str, tokens: int
) -> None:
    answer = call(f"{root}/{fault}/v1/chat/completions?tokens={tokens}", {})
    assert "".join(re.findall(r'"content": "(.*?)"', answer)) == text_of(tokens)
    assert answer.endswith("data: [DONE]\n\n")
