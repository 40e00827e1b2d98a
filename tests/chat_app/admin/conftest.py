"""The cast of these tests: an operator who may change models, a colleague of the staff who may not, and rows to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client

from chat_app.chat import catalog
from chat_app.models import ModelConfig

KEY = "sk-tests-only-abcdefghijkl-WXYZ"
CHANGE = "/admin/chat_app/modelconfig/{}/change/"
LIST = "/admin/chat_app/modelconfig/"


def staff(name: str, *codenames: str) -> Client:
    """A browser in which a member of staff with these permissions is signed in."""
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def operator(db: None) -> Client:
    kinds = ("modelconfig", "fallback", "thread", "turn", "item", "feedback", "logentry", "attachment")
    return staff(
        "operator", *(f"{verb}_{kind}" for verb in ("view", "change", "add", "delete") for kind in kinds)
    )


@pytest.fixture
def colleague(db: None) -> Client:
    return staff("colleague", "view_modelconfig", "view_turn")


@pytest.fixture
def model(db: None) -> ModelConfig:
    """A model with a key, at the default's place."""
    ModelConfig.objects.filter(pk="mine").delete()
    row = ModelConfig.objects.create(
        id="mine",
        label="Mine",
        provider="openai",
        base_url="https://models.example/v1",
        model="m-1",
        api_key=KEY,
        default=True,
    )
    catalog.forget()
    return row


@pytest.fixture
def save(operator: Client) -> Callable[..., Any]:
    """`save(row, fallbacks=["demo"], label="New")`: fill in the form as it stands, change some of it, and send it."""

    def send(row: ModelConfig, fallbacks: list[str] | None = None, **changes: Any) -> Any:
        page = operator.get(CHANGE.format(row.pk))
        assert page.status_code == 200
        data = filled(page)
        rows = page.context["inline_admin_formsets"][0].formset
        places = fallbacks or []
        data |= {
            f"{rows.prefix}-TOTAL_FORMS": len(places) + rows.initial_form_count(),
            f"{rows.prefix}-INITIAL_FORMS": rows.initial_form_count(),
        }
        for n, kept in enumerate(rows.initial_forms):
            data |= {f"{rows.prefix}-{n}-{k}": v for k, v in (("id", kept.instance.pk), ("model", row.pk))}
            data |= {f"{rows.prefix}-{n}-to": kept.instance.to_id, f"{rows.prefix}-{n}-position": n + 1}
        for n, to in enumerate(places, rows.initial_form_count()):
            data |= {f"{rows.prefix}-{n}-model": row.pk, f"{rows.prefix}-{n}-to": to}
        data |= changes
        return operator.post(CHANGE.format(row.pk), {k: v for k, v in data.items() if v is not None})

    return send


def filled(page: Any) -> dict[str, Any]:
    """What a browser would send of a model's form as it stands."""
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {
        name: value for name, value in values.items() if not (value is None or value is False or value == "")
    }


def stored(pk: str) -> str:
    """What the database holds of a model's key, as it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM chat_app_modelconfig WHERE id = %s", [pk])
        return str(cursor.fetchone()[0])


def errors(response: Any) -> str:
    """All sentences of a form that was sent back."""
    assert response.status_code == 200, "the form was accepted"
    form, rows = response.context["adminform"].form, response.context["inline_admin_formsets"][0].formset
    return f"{form.errors} {rows.errors} {rows.non_form_errors()}"
