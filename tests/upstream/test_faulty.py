"""The faulty upstream as a process of its own, as tests of whole servers use it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.upstream.faulty import text_of


@pytest.fixture(scope="module")
def root() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.upstream.faulty", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said
        yield found[0]
        process.terminate()


def call(url: str, body: Any = None, method: str | None = None) -> str:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def test_state_tells_the_newest_request_and_forgets_on_demand(root: str) -> None:
    asked = {"messages": [{"role": "user", "content": "hi"}]}
    answer = call(f"{root}/ok/v1/chat/completions?tokens=3", asked)
    assert "".join(re.findall(r'"content": "(.*?)"', answer)) == text_of(3)
    state = json.loads(call(f"{root}/_state"))
    assert (state["body"], state["fault"], state["open"], state["requests"]) == (asked, "ok", 0, 1)
    assert json.loads(call(f"{root}/_state", method="DELETE"))["requests"] == 0


def test_status_is_the_one_in_the_address(root: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        call(f"{root}/429/v1/chat/completions?retry_after=3", {})
    assert (caught.value.code, caught.value.headers["Retry-After"]) == (429, "3")
