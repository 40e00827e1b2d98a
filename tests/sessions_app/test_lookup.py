"""A row found by the kept statement is the row that the ORM finds."""

from __future__ import annotations

import pytest
from django.db import models

from sessions_app import sessions
from sessions_app.lookup import Lookup
from sessions_app.models import ChatSession

pytestmark = pytest.mark.django_db


def everything(row: models.Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_row_found_by_lookup_equals_the_orms() -> None:
    made = sessions.issue("ext:1", issued_by="key:env", model="demo", metadata={"plan": ["a", 1]}).session
    find = Lookup(ChatSession, "token_digest")
    for _ in range(2):  # the first call makes the statement, the second uses it
        found = find(made.token_digest)
        assert found is not None
        assert everything(found) == everything(ChatSession.objects.get(pk=made.pk))


def test_row_found_by_lookup_can_be_saved() -> None:
    made = sessions.issue("ext:1", issued_by="key:env").session
    found = Lookup(ChatSession, "token_digest")(made.token_digest)
    assert found is not None
    found.model = "gpt2"
    found.save()
    assert ChatSession.objects.get(pk=made.pk).model == "gpt2"


def test_lookup_of_what_is_not_there_is_none() -> None:
    assert Lookup(ChatSession, "token_digest")("0" * 64) is None
