"""A model's key goes into the admin and never comes out, and is written only where a new one was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.admin.models import LogEntry
from django.test import Client

from chat_app.models import ModelConfig

from .conftest import CHANGE, KEY, LIST, errors, stored

Save = Callable[..., Any]
NEW = "sk-tests-only-another-one-ABCD"


def test_key_stands_in_no_page(operator: Client, model: ModelConfig) -> None:
    history = f"{LIST}mine/history/"
    for address in (
        LIST,
        CHANGE.format("mine"),
        history,
        f"{LIST}mine/try/",
        f"{LIST}mine/delete/",
        "/admin/",
    ):
        page = operator.get(address)
        assert page.status_code == 200
        assert KEY not in page.content.decode(), address
        assert stored("mine") not in page.content.decode(), address


def test_key_is_told_by_its_last_four(operator: Client, model: ModelConfig) -> None:
    assert "Set (ends in …WXYZ)." in operator.get(CHANGE.format("mine")).content.decode()


def test_short_key_shows_nothing_of_itself(operator: Client, model: ModelConfig) -> None:
    ModelConfig.objects.filter(pk="mine").update(api_key="short-pass")
    page = operator.get(CHANGE.format("mine")).content.decode()
    assert "pass" not in page.split("Stored key")[1].split("API key")[0]


def test_new_key_is_kept_encrypted(save: Save, model: ModelConfig) -> None:
    assert save(model, new_api_key=NEW).status_code == 302
    assert ModelConfig.objects.get(pk="mine").api_key == NEW
    assert NEW not in stored("mine")


def test_new_key_stands_in_no_log_entry(operator: Client, save: Save, model: ModelConfig) -> None:
    save(model, new_api_key=NEW, label="Renamed")
    entry = LogEntry.objects.get(object_id="mine")
    assert "API key" in entry.get_change_message()
    assert NEW not in f"{entry.change_message} {entry.object_repr}"
    assert NEW not in operator.get(f"{LIST}mine/history/").content.decode()
    assert NEW not in operator.get("/admin/admin/logentry/").content.decode()


def test_key_field_is_not_filled_in_after_an_error(save: Save, model: ModelConfig) -> None:
    response = save(model, new_api_key=NEW, label="")
    assert "This field is required" in errors(response)
    assert NEW not in response.content.decode()


def test_empty_key_field_leaves_the_column_untouched(save: Save, model: ModelConfig) -> None:
    before = stored("mine")
    assert save(model, label="Renamed").status_code == 302
    assert ModelConfig.objects.get(pk="mine").label == "Renamed"
    assert stored("mine") == before


def test_checkbox_clears_the_key(save: Save, model: ModelConfig) -> None:
    assert save(model, clear_api_key="on").status_code == 302
    assert stored("mine") == ""


def test_new_key_and_checkbox_together_are_refused(save: Save, model: ModelConfig) -> None:
    assert "Either a new key or none." in errors(save(model, new_api_key=NEW, clear_api_key="on"))


def test_key_does_not_follow_to_another_server(save: Save, model: ModelConfig) -> None:
    response = save(model, base_url="https://elsewhere.example/v1")
    assert "enter the key for it, or clear the old one" in errors(response)
    assert save(model, base_url="https://elsewhere.example/v1", new_api_key=NEW).status_code == 302


def test_key_stays_with_another_path_of_its_server(save: Save, model: ModelConfig) -> None:
    assert save(model, base_url="https://models.example/v2").status_code == 302
    assert ModelConfig.objects.get(pk="mine").api_key == KEY


@pytest.fixture
def lost(model: ModelConfig, settings: Any) -> ModelConfig:
    """The model after the server's keys were changed and the old one was thrown away."""
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    return ModelConfig.objects.get(pk="mine")


def test_unreadable_key_is_said_and_survives_other_changes(
    operator: Client, save: Save, lost: ModelConfig
) -> None:
    before = stored("mine")
    assert "Cannot be read" in operator.get(CHANGE.format("mine")).content.decode()
    assert "The key cannot be read" in operator.get(LIST).content.decode()
    assert save(lost, label="Renamed").status_code == 302
    assert stored("mine") == before


def test_unreadable_key_can_be_replaced(save: Save, lost: ModelConfig) -> None:
    assert save(lost, new_api_key=NEW).status_code == 302
    assert ModelConfig.objects.get(pk="mine").api_key == NEW


def test_unreadable_key_can_be_cleared(save: Save, lost: ModelConfig) -> None:
    assert save(lost, clear_api_key="on").status_code == 302
    assert stored("mine") == ""


def test_key_without_encryption_keys_is_refused_in_words(
    save: Save, model: ModelConfig, settings: Any
) -> None:
    settings.ENCRYPTION_KEYS = []
    assert "ENCRYPTION_KEYS is not set" in errors(save(model, new_api_key=NEW))


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "BACKEND_KEY", "DATABASE_URL", "ENCRYPTION_KEYS", "lower_key"]
)
def test_variable_that_is_no_models_key_is_refused(save: Save, model: ModelConfig, name: str) -> None:
    assert "api_key_env" in errors(save(model, api_key_env=name))


def test_variable_of_a_models_key_is_taken(save: Save, model: ModelConfig) -> None:
    assert save(model, api_key_env="LLAMA_KEY").status_code == 302
