"""The error shape of the contract, as every test of a refusal asks for it."""

from __future__ import annotations

from typing import Any

import requests


def assert_problem(answer: requests.Response, status: int, code: str, *fields: str) -> Any:
    """The error shape of the contract; returns the body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body["code"] == code
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert isinstance(body["retryable"], bool)
    assert body["request_id"] == answer.headers["X-Request-Id"]
    assert set(body.get("errors", {})) == set(fields), body
    assert all(isinstance(word, str) for words in body.get("errors", {}).values() for word in words)
    assert set(body) <= {"detail", "code", "retryable", "request_id", "errors"}
    assert "Traceback" not in answer.text
    return body
