"""The shared client, and what foreign statuses and headers become."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from chat_app.domain.errors import ChatError, UpstreamDown, UpstreamError, UpstreamTimeout
from chat_app.providers import http


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "upstream_refused"), (401, "upstream_refused"), (403, "upstream_refused"), (404, "upstream_refused"),
        (422, "upstream_refused"), (307, "upstream_refused"), (429, "upstream_busy"), (408, "upstream_timeout"),
        (504, "upstream_timeout"), (500, "upstream_down"), (502, "upstream_down"), (503, "upstream_down"),
        (529, "upstream_down"), (204, "upstream_error"),
    ],
)  # fmt: skip
def test_status_becomes_the_trees_error(status: int, code: str) -> None:
    assert http.error_of_status(status).code == code


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("3", 3.0),
        ("0.5", 0.5),
        ("-4", 0.0),
        ("nan", None),
        ("inf", 86_400.0),
        ("x", None),
    ],
)
def test_retry_after_in_seconds_is_bounded(value: str | None, seconds: float | None) -> None:
    assert http.retry_after(value) == seconds


def test_retry_after_as_a_date_is_seconds_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert http.retry_after(date) == pytest.approx(90, abs=3)
    assert http.retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (TimeoutError(), UpstreamTimeout),
        (ConnectionResetError(), UpstreamDown),
        (ssl.SSLError(), UpstreamDown),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "no"), UpstreamError),
        (RecursionError(), UpstreamError),
    ],
)
def test_foreign_error_becomes_ours(foreign: Exception, ours: type[ChatError]) -> None:
    with pytest.raises(UpstreamError) as caught, http.foreign_errors():
        raise foreign
    assert type(caught.value) is ours
    assert caught.value.__cause__ is foreign


def test_errors_that_are_not_the_upstreams_pass_through() -> None:
    with pytest.raises(KeyError), http.foreign_errors():
        raise KeyError("ours")


async def test_client_is_shared_until_it_is_closed() -> None:
    first = http.session()
    assert http.session() is first
    await http.close()
    assert first.closed
    assert http.session() is not first


def test_each_event_loop_has_its_own_client() -> None:
    async def client() -> int:
        made = id(http.session())
        await http.close()
        return made

    assert asyncio.run(client())
    assert asyncio.run(client())


async def test_client_keeps_no_cookies_and_reads_no_proxy_of_the_environment() -> None:
    client = http.session()
    client.cookie_jar.update_cookies({"a": "b"})
    assert len(client.cookie_jar) == 0
    assert not client.trust_env


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "model_not_found"}, "model_not_found"),
        ({"code": 429, "type": "rate_limit"}, "rate_limit"),
        ({"code": "Incorrect API key provided: sk-abc"}, ""),
        ({"code": "x" * 65}, ""),
        ("text", ""),
        (None, ""),
    ],
)
def test_fault_code_is_a_code_or_nothing(error: object, code: str) -> None:
    assert http.fault_code(error) == code
