"""Models in the admin: what is refused in words, what moves by itself, and what the list tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from chat_app.models import Fallback, ModelConfig, Turn

from .conftest import CHANGE, LIST, errors, filled, staff

Save = Callable[..., Any]


def fallbacks_of(pk: str) -> list[str]:
    return list(Fallback.objects.filter(model=pk).values_list("to_id", flat=True))


def test_new_default_takes_it_from_the_old_one(operator: Client, save: Save, model: ModelConfig) -> None:
    demo = ModelConfig.objects.get(pk="demo")
    response = save(demo, default="on")
    assert response.status_code == 302, errors(response)
    assert list(ModelConfig.objects.filter(default=True).values_list("pk", flat=True)) == ["demo"]
    assert "No longer the default: demo is." in LogEntry.objects.get(object_id="mine").get_change_message()
    assert "no longer the default" in operator.get(LIST).content.decode()


def test_default_that_stays_moves_nothing(save: Save, model: ModelConfig) -> None:
    assert save(model, label="Renamed").status_code == 302
    assert ModelConfig.objects.get(pk="mine").default


def test_new_model_is_added_as_the_default(operator: Client, model: ModelConfig) -> None:
    page = operator.get(f"{LIST}add/")
    data = filled(page)
    data |= {"id": "fresh", "label": "Fresh", "provider": "demo", "default": "on", "parameters": "{}"}
    data |= {"fallback_rows-TOTAL_FORMS": 0, "fallback_rows-INITIAL_FORMS": 0}
    response = operator.post(f"{LIST}add/", data)
    assert response.status_code == 302, errors(response)
    assert list(ModelConfig.objects.filter(default=True).values_list("pk", flat=True)) == ["fresh"]


def test_fallbacks_are_kept_in_their_order(save: Save, model: ModelConfig) -> None:
    assert save(model, fallbacks=["openai", "demo"]).status_code == 302
    assert fallbacks_of("mine") == ["openai", "demo"]
    assert save(model, fallbacks=["llama"]).status_code == 302
    assert fallbacks_of("mine") == ["openai", "demo", "llama"]


def test_fallback_to_itself_is_refused_in_words(save: Save, model: ModelConfig) -> None:
    assert "A model cannot be its own fallback." in errors(save(model, fallbacks=["mine"]))


def test_fallback_twice_is_refused_in_words(save: Save, model: ModelConfig) -> None:
    assert "already in the list" in errors(save(model, fallbacks=["demo", "demo"]))


def test_fallbacks_in_a_circle_are_refused_with_the_way(save: Save, model: ModelConfig) -> None:
    Fallback.objects.create(model_id="demo", to_id="openai")
    Fallback.objects.create(model_id="openai", to=model)
    assert "mine → demo → openai → mine" in errors(save(model, fallbacks=["demo"]))
    assert fallbacks_of("mine") == []


@pytest.mark.parametrize(
    "url", ["ftp://models.example", "//models.example", "https://u:p@models.example/v1", "http://10.0.0.5/v1"]
)
def test_base_url_that_may_not_be_reached_is_refused(save: Save, model: ModelConfig, url: str) -> None:
    assert "base_url" in errors(save(model, base_url=url))


def test_clean_of_the_row_is_heard(save: Save, model: ModelConfig) -> None:
    assert "must leave room" in errors(save(model, context=1000, reserve=1000))
    assert "A JSON object" in errors(save(model, parameters="[1]"))


def test_kind_of_another_release_is_kept_and_marked(operator: Client, save: Save, model: ModelConfig) -> None:
    ModelConfig.objects.filter(pk="mine").update(provider="gopher")
    model.refresh_from_db()
    assert "gopher (not in this release)" in operator.get(CHANGE.format("mine")).content.decode()
    assert save(model, label="Renamed").status_code == 302
    assert ModelConfig.objects.get(pk="mine").provider == "gopher"
    model.pk, model.provider = "demo", "demo"
    assert "provider" in errors(save(model, provider="gopher"))


def test_list_says_what_a_model_lacks(operator: Client, model: ModelConfig) -> None:
    ModelConfig.objects.filter(pk="mine").update(base_url="")
    assert "The base URL is missing" in operator.get(LIST).content.decode()


def test_list_counts_the_last_day(operator: Client, model: ModelConfig) -> None:
    old = timezone.now() - timedelta(hours=25)
    for state, by in (("completed", "mine"), ("completed", "demo"), ("failed", "mine"), ("interrupted", "")):
        Turn.objects.create(owner="user:1", requested_model="mine", model=by, state=state)
    Turn.objects.create(owner="user:1", requested_model="mine", state="failed", created_at=old)
    row = next(row for row in operator.get(LIST).context["cl"].result_list if row.pk == "mine")
    assert (row.last_day.turns, row.last_day.errors, row.last_day.elsewhere) == (4, 2, 1)


def test_list_costs_the_same_for_many_models(
    operator: Client, model: ModelConfig, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        ModelConfig.objects.create(id=f"m{n}", label=f"M {n}", provider="demo")
        Fallback.objects.create(model_id=f"m{n}", to_id="demo")
    with django_assert_max_num_queries(9):
        assert operator.get(LIST).status_code == 200


def test_switching_off_is_logged(operator: Client, model: ModelConfig) -> None:
    operator.post(LIST, {"action": "switch_off", "_selected_action": ["mine", "demo"]})
    assert set(ModelConfig.objects.filter(enabled=False).values_list("pk", flat=True)) == {"mine", "demo"}
    assert LogEntry.objects.get(object_id="mine").get_change_message() == "Switched off."


def test_colleague_may_look_and_not_change(colleague: Client, model: ModelConfig) -> None:
    assert colleague.get(LIST).status_code == 200
    assert colleague.post(CHANGE.format("mine"), {"label": "x"}).status_code == 403
    assert colleague.get(f"{LIST}mine/try/").status_code == 403


def test_stranger_is_sent_to_sign_in(client: Client, model: ModelConfig) -> None:
    for address in ("/admin/", LIST, f"{LIST}mine/try/"):
        response = client.get(address)
        assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/")


def test_front_page_tells_how_the_service_does(operator: Client, model: ModelConfig) -> None:
    Turn.objects.create(owner="user:1", requested_model="mine", state="running")
    Turn.objects.create(owner="user:1", requested_model="mine", state="failed")
    ModelConfig.objects.filter(pk="mine").update(base_url="")
    response = operator.get("/admin/")
    service = response.context["service"]
    assert (service["running"], service["day"].turns, service["day"].errors) == (1, 2, 1)
    assert "mine" in [idle.row.pk for idle in service["idle"]]
    assert "The base URL is missing" in response.content.decode()


def test_front_page_hides_figures_from_who_may_not_see_turns(db: None) -> None:
    assert staff("clerk", "view_modelconfig").get("/admin/").context["service"] == {}
