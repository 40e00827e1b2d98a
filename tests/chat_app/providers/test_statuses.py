"""What an upstream's statuses, codes and headers become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from chat_app.providers import statuses


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
    assert statuses.error_of_status(status).code == code


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
    assert statuses.retry_after(value) == seconds


def test_retry_after_as_a_date_is_seconds_from_now() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert statuses.retry_after(date) == pytest.approx(90, abs=3)
    assert statuses.retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


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
    assert statuses.fault_code(error) == code


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "3"}, 3.0),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "Retry-After": "2"}, 1.5),
        ({"retry-after-ms": "soon", "Retry-After": "2"}, 2.0),
        ({"retry-after-ms": "-1"}, 0.0),
    ],
)
def test_milliseconds_are_believed_before_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert statuses.told_to_wait(headers) == seconds


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_refused_request_is_no_sign_of_a_sick_route(status: int) -> None:
    assert statuses.error_of_status(status).of_request
    assert not statuses.error_of_status(401).of_request
