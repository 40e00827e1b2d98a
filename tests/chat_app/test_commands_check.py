"""`manage.py check_models`: real round trips, to models that answer, fail, hang or are not set up; no key is printed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat_app.models import Fallback, ModelConfig, RouteHealth, Turn
from tests.live.clients import Caller, bearer, issue
from tests.live.routes import FaultyUpstream, faulty_upstream
from tests.parts import BASE_DIR
from tests.servers import Launcher, ServerProcess, wait_until

KEY = "sk-tests-only-abcdefghijkl-WXYZ"


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as process:
        yield process


@pytest.fixture
def only(db: None) -> None:
    """No model is switched on."""
    ModelConfig.objects.update(enabled=False)


def add(row: str, base_url: str, **columns: Any) -> None:
    ModelConfig.objects.create(
        id=row, label=row, provider="openai", base_url=base_url, model="m", api_key=KEY, **columns
    )


def check(*arguments: str) -> tuple[int, str]:
    """Exit code and output."""
    out, code = StringIO(), 0
    try:
        call_command("check_models", *arguments, stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, out.getvalue()


def test_model_that_answers_is_ok_with_its_figures(only: None, upstream: FaultyUpstream) -> None:
    add("fine", upstream.base_url("ok"))
    code, out = check("--json")
    (told,) = json.loads(out)
    assert (code, told["state"], told["kind"], told["output_tokens"]) == (0, "ok", "openai", 20)
    assert 0 <= told["first_text_ms"] <= told["total_ms"]


def test_failures_are_told_with_code_and_sentence_and_no_fallback_answers(
    only: None, upstream: FaultyUpstream
) -> None:
    add("fine", upstream.base_url("ok"))
    add("broken", upstream.base_url("status", code=500))
    add("dead", "http://127.0.0.1:9/v1")
    Fallback.objects.create(model_id="dead", to_id="fine")
    code, out = check()
    lines = {line.split()[0]: line for line in reversed(out.splitlines()) if line}
    assert code == 1
    assert lines["fine"].split()[2] == "ok"
    assert "failed (upstream_down)" in lines["dead"]
    assert "broken: The model's server failed (HTTP 500)." in out
    assert KEY not in out


def test_models_are_asked_at_the_same_time_and_within_their_limit(
    only: None, upstream: FaultyUpstream
) -> None:
    for number in range(6):
        add(f"hangs{number}", upstream.base_url("hang"))
    begun = time.monotonic()
    code, out = check("--timeout", "1", "--json")
    assert time.monotonic() - begun < 4
    assert code == 1
    assert {told["code"] for told in json.loads(out)} == {"upstream_timeout"}


def test_endless_answer_is_enough_after_some_words(only: None, upstream: FaultyUpstream) -> None:
    add("chatty", upstream.base_url("ok", tokens=2000, delay_ms=5))
    code, out = check("--timeout", "8", "--json")
    (told,) = json.loads(out)
    assert (code, told["state"]) == (0, "ok")
    assert "output_tokens" not in told


def test_model_that_is_not_set_up_fails_only_where_it_is_named(only: None) -> None:
    add("demo2", "")
    ModelConfig.objects.filter(pk="demo").update(enabled=True)
    code, out = check()
    assert code == 0
    assert "demo2: The base URL is missing" in out
    code, out = check("demo2")
    assert code == 1
    assert "not set up" in out


def test_named_model_is_asked_even_where_it_is_switched_off(only: None) -> None:
    code, out = check("demo", "--json")
    assert (code, json.loads(out)[0]["state"]) == (0, "ok")


def test_nothing_is_written(only: None, upstream: FaultyUpstream) -> None:
    add("broken", upstream.base_url("status", code=500))
    add("fine", upstream.base_url("ok"))
    check()
    assert not Turn.objects.exists()
    assert not RouteHealth.objects.exists()


def test_system_prompt_and_parameters_are_sent_as_for_a_turn(only: None, upstream: FaultyUpstream) -> None:
    add("fine", upstream.base_url("ok"), system_prompt="Be brief.", parameters={"temperature": 0.5})
    check()
    body = upstream.state()["body"]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["temperature"] == 0.5


def test_unknown_model_and_none_at_all_are_said(only: None) -> None:
    with pytest.raises(CommandError, match="There is no model “nobody”"):
        call_command("check_models", "nobody")
    with pytest.raises(CommandError, match="No model is switched on"):
        call_command("check_models")


# On a started server


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> Iterator[ServerProcess]:
    process = start_server()
    yield process
    process.stop()


def command(server: ServerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR, env=server.env, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_running_server_knows_a_synced_model_within_a_second_and_the_check_agrees(
    server: ServerProcess, upstream: FaultyUpstream, tmp_path: Any
) -> None:
    file = tmp_path / "models.toml"
    file.write_text(
        f'[models.fresh]\nprovider = "openai"\nbase_url = "{upstream.base_url("ok")}"\nmodel = "m"\n'
        f'api_key = "{KEY}"\ndefault = true\n'
        '[models.dead]\nprovider = "openai"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    )
    done = command(server, "sync_models", str(file))
    assert done.returncode == 0, done.stderr
    key = Caller(server, bearer(server.backend_key))
    wait_until(
        lambda: any(row["id"] == "fresh" and row["default"] for row in key.get("/api/models").json()["data"]),
        "the synced model",
        3,
    )
    assert issue(server, "synced").ask("hello")["model"] == "fresh"
    checked = command(server, "check_models", "fresh", "dead", "--json")
    assert checked.returncode == 1
    states = {row["id"]: row["state"] for row in json.loads(checked.stdout)}
    assert states == {"fresh": "ok", "dead": "failed"}
    assert KEY not in done.stdout + checked.stdout + checked.stderr + server.logs()
