"""Rows as routes: which can answer, which is the default, and whose keys they may use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone

from chat_app.chat import catalog
from chat_app.domain.errors import UnknownModel
from chat_app.models import Fallback, ModelConfig, RouteHealth

pytestmark = pytest.mark.django_db


def test_fresh_installation_holds_the_examples_catalogue(settings: Any) -> None:
    settings.DEBUG = True
    infos = {info.id: info for info in catalog.catalogue().infos(guest=False)}
    assert set(infos) >= {"gpt2", "llama", "custom", "openai", "demo"}
    assert infos["gpt2"].label == "GPT-2 (Fast)"
    assert infos["custom"].description == "Your custom fine-tuned model"


def test_default_is_the_best_that_works() -> None:
    assert catalog.catalogue().resolve(None) == "demo"
    ModelConfig.objects.filter(id="llama").update(base_url="http://127.0.0.1:9/v1", model="m")
    catalog.forget()
    assert catalog.catalogue().resolve("default") == "llama"
    ModelConfig.objects.filter(id="custom").update(provider="demo", default=True)
    catalog.forget()
    assert catalog.catalogue().resolve(None) == "custom"


def test_model_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownModel):
        catalog.catalogue().resolve("nope")
    assert catalog.catalogue().check("nope") == "unknown"


def test_outside_debug_only_what_can_answer_is_offered(settings: Any) -> None:
    settings.DEBUG = False
    assert [info.id for info in catalog.catalogue().infos(guest=False)] == ["demo"]
    assert catalog.catalogue().check("gpt2") == "down"
    Fallback.objects.create(model_id="gpt2", to_id="demo")
    assert catalog.catalogue().check("gpt2") == "ok"


def test_fallbacks_are_tried_in_the_order_of_their_position() -> None:
    ModelConfig.objects.filter(id="custom").update(provider="demo")
    Fallback.objects.create(model_id="gpt2", to_id="demo", position=2)
    Fallback.objects.create(model_id="gpt2", to_id="custom", position=1)
    catalog.forget()
    assert [route.id for route in catalog.catalogue().candidates("gpt2")] == ["custom", "demo"]


def test_fallbacks_of_fallbacks_follow_each_once(settings: Any) -> None:
    settings.DEBUG = True
    for name, to in [
        ("a", "b"),
        ("a", "c"),
        ("b", "d"),
        ("c", "b"),
        ("c", "a"),
        ("d", "a"),
        ("d", "demo"),
        ("d", "e"),
    ]:
        for model in {name, to} - {"demo"}:
            ModelConfig.objects.get_or_create(id=model, defaults={"label": model, "provider": "demo"})
        Fallback.objects.create(model_id=name, to_id=to)
    catalog.forget()
    assert [r.id for r in catalog.catalogue().candidates("a")] == ["a", "b", "c", "d", "demo", "e"]
    assert [r.id for r in catalog.catalogue().candidates("e")] == ["e", "demo"]


def test_model_that_is_left_alone_is_not_available_and_another_is_the_default() -> None:
    for name, default in [("best", True), ("other", False), ("next", False)]:
        ModelConfig.objects.create(
            id=name,
            label=name,
            provider="openai",
            base_url="http://127.0.0.1:9/v1",
            model="m",
            default=default,
        )
    Fallback.objects.create(model_id="best", to_id="next")
    catalog.forget()
    assert catalog.catalogue().resolve(None) == "best"
    leave_alone("best", 20)
    catalog.forget()
    assert {i.id: i.available for i in catalog.catalogue().infos(guest=False)}["best"] is False
    assert catalog.catalogue().resolve(None) == "next"
    assert catalog.catalogue().check("best") == "ok"
    leave_alone("next", 10)
    catalog.forget()
    assert catalog.catalogue().resolve(None) == "other"
    assert catalog.catalogue().check("best") == "down"
    assert 9 < (catalog.catalogue().wait("best") or 0) <= 10


def leave_alone(model_id: str, seconds: float) -> None:
    until = timezone.now() + timedelta(seconds=seconds)
    RouteHealth.objects.create(model_id=model_id, state="open", version=1, until=until)


def test_guest_is_offered_only_what_is_open_to_guests(settings: Any) -> None:
    settings.DEBUG = True
    assert "openai" not in {info.id for info in catalog.catalogue().infos(guest=True)}
    assert "openai" in {info.id for info in catalog.catalogue().infos(guest=False)}


@pytest.mark.parametrize("name", ["SECRET_KEY", "BACKEND_KEY", "ENCRYPTION_KEYS"])
def test_this_servers_own_secrets_are_no_models_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "ours")
    assert catalog.route_of(ModelConfig(id="x", provider="openai", api_key_env=name)).config.api_key == ""


def test_key_in_a_row_is_encrypted_in_the_database() -> None:
    ModelConfig.objects.filter(id="openai").update(api_key_env="")
    row = ModelConfig.objects.get(id="openai")
    row.api_key = "sk-very-secret"
    row.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT api_key FROM chat_app_modelconfig WHERE id = 'openai'")
        (stored,) = cursor.fetchone()
    assert "sk-very-secret" not in stored
    assert catalog.route_of(ModelConfig.objects.get(id="openai")).config.api_key == "sk-very-secret"


def test_key_that_cannot_be_read_is_said_and_not_used(settings: Any) -> None:
    ModelConfig.objects.create(
        id="lost", label="Lost", provider="openai", base_url="http://127.0.0.1:9/v1", api_key="k"
    )
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    route = catalog.route_of(ModelConfig.objects.get(id="lost"))
    assert route.config.api_key == ""
    assert "cannot be read" in (route.missing or "")
