"""A route's health in the admin: what is shown of breaker and last error, who may close it, and when it begins anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from chat_app.models import ModelConfig, RouteHealth

from .conftest import CHANGE, LIST, errors, filled

Save = Callable[..., Any]
CLOSE = f"{LIST}{{}}/close-breaker/"
SENTENCE = "The model's server failed (HTTP 500)."


@pytest.fixture
def down(model: ModelConfig) -> RouteHealth:
    """The model after its route has failed again and again."""
    now = timezone.now()
    return RouteHealth.objects.create(
        model=model,
        state="open",
        version=1,
        until=now + timedelta(seconds=40),
        cooldown=40,
        error_code="upstream_down",
        error_detail=SENTENCE,
        error_at=now,
    )


def state(pk: str = "mine") -> str:
    return RouteHealth.objects.get(pk=pk).state


def told(pk: str = "mine") -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.filter(object_id=pk).order_by("pk")]


def test_list_and_page_tell_of_breaker_and_last_error(operator: Client, down: RouteHealth) -> None:
    for address in (LIST, CHANGE.format("mine")):
        page = operator.get(address).content.decode()
        assert "left alone for" in page
        assert "(HTTP 500). (upstream_down)" in page


def test_front_page_names_models_that_are_down_now(operator: Client, down: RouteHealth) -> None:
    page = operator.get("/admin/")
    assert "mine" in [idle.row.pk for idle in page.context["service"]["idle"]]
    assert "(HTTP 500)" in page.content.decode()
    RouteHealth.objects.update(state="closed", until=None)
    assert "mine" not in [idle.row.pk for idle in operator.get("/admin/").context["service"]["idle"]]


def test_old_error_stays_on_the_page_alone(operator: Client, down: RouteHealth) -> None:
    RouteHealth.objects.update(state="closed", until=None, error_at=timezone.now() - timedelta(days=3))
    assert "HTTP 500" not in operator.get(LIST).content.decode()
    assert "HTTP 500" in operator.get(CHANGE.format("mine")).content.decode()


def test_model_that_never_failed_works_and_has_no_button(operator: Client, model: ModelConfig) -> None:
    page = operator.get(CHANGE.format("mine")).content.decode()
    assert "works" in page
    assert CLOSE.format("mine") not in page


def test_button_closes_the_breaker_and_is_noted(operator: Client, down: RouteHealth) -> None:
    assert CLOSE.format("mine") in operator.get(CHANGE.format("mine")).content.decode()
    response = operator.post(CLOSE.format("mine"))
    assert response["Location"] == CHANGE.format("mine")
    assert state() == "closed"
    assert told() == ["Closed the breaker."]
    assert CLOSE.format("mine") not in operator.get(CHANGE.format("mine")).content.decode()


def test_action_closes_the_chosen_ones_and_notes_those_that_were_down(
    operator: Client, down: RouteHealth
) -> None:
    operator.post(LIST, {"action": "close_breakers", "_selected_action": ["mine", "demo"]})
    assert state() == "closed"
    assert (told("mine"), told("demo")) == (["Closed the breaker."], [])


def test_breaker_is_closed_by_post_alone_and_by_who_may_change_models(
    operator: Client, colleague: Client, client: Client, down: RouteHealth
) -> None:
    assert operator.get(CLOSE.format("mine")).status_code == 405
    assert operator.post(CLOSE.format("nobody")).status_code == 404
    assert colleague.post(CLOSE.format("mine")).status_code == 403
    assert client.post(CLOSE.format("mine")).status_code == 302
    assert CLOSE.format("mine") not in colleague.get(CHANGE.format("mine")).content.decode()
    assert state() == "open"


def test_post_without_a_token_is_refused(operator: Client, down: RouteHealth) -> None:
    operator.handler.enforce_csrf_checks = True
    assert operator.post(CLOSE.format("mine")).status_code == 403
    assert state() == "open"


@pytest.mark.parametrize(
    "changes", [{"base_url": "https://models.example/v2"}, {"model": "m-2"}, {"new_api_key": "sk-another"},
                {"api_key_env": "MINE_KEY"}, {"parameters": '{"api": "responses"}'}],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_route_that_was_changed_begins_anew(
    save: Save, down: RouteHealth, django_capture_on_commit_callbacks: Any, changes: dict[str, Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert save(down.model, **changes).status_code == 302
    assert state() == "closed"
    assert "Closed the breaker: the route was changed." in told()


def test_change_of_another_kind_leaves_the_breaker_as_it_is(
    save: Save, down: RouteHealth, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert save(down.model, label="Renamed", timeout_idle=9).status_code == 302
    assert state() == "open"


@pytest.mark.parametrize(
    ("choice", "found"), [("down", ["mine"]), ("failed", ["mine", "late"]), ("quiet", ["demo"])]
)
def test_list_is_filtered_by_health(
    operator: Client, down: RouteHealth, choice: str, found: list[str]
) -> None:
    ModelConfig.objects.exclude(pk__in=["mine", "demo"]).delete()
    late = ModelConfig.objects.create(id="late", label="Late", provider="demo", position=200)
    RouteHealth.objects.create(model=late, error_code="upstream_timeout", error_at=timezone.now())
    rows = operator.get(LIST, {"health": choice}).context["cl"].result_list
    assert [row.pk for row in rows] == found


def test_list_is_filtered_by_provider_and_switch(operator: Client, model: ModelConfig) -> None:
    ModelConfig.objects.filter(pk="demo").update(enabled=False)
    for query, there in (
        ({"provider": "demo"}, "demo"),
        ({"enabled__exact": "0"}, "demo"),
        ({"provider": "openai"}, "mine"),
    ):
        assert there in [row.pk for row in operator.get(LIST, query).context["cl"].result_list]


# The rest of a model's page


def test_saving_says_what_is_still_missing(operator: Client, save: Save, model: ModelConfig) -> None:
    assert save(model, base_url=None, clear_api_key="on").status_code == 302
    assert "cannot answer yet: The base URL is missing" in operator.get(LIST).content.decode()


def test_saving_what_is_complete_says_no_more(operator: Client, save: Save, model: ModelConfig) -> None:
    save(model, label="Renamed")
    assert "cannot answer yet" not in operator.get("/admin/").content.decode()


def test_places_and_queue_are_kept(save: Save, model: ModelConfig) -> None:
    assert save(model, concurrency=3, queue=0).status_code == 302
    model.refresh_from_db()
    assert (model.concurrency, model.queue) == (3, 0)
    assert "At least one turn" in errors(save(model, concurrency=0))


def test_page_says_what_each_kind_needs(operator: Client) -> None:
    page = operator.get(f"{LIST}add/").content.decode()
    for kind in ("demo", "openai"):
        assert f"<dt>{kind}</dt><dd>" in page
    assert "<dd></dd>" not in page


def test_new_model_has_no_health_yet(operator: Client) -> None:
    page = operator.get(f"{LIST}add/")
    assert "Health" not in [fieldset.name for fieldset in page.context["adminform"]]
    assert filled(page)["concurrency"] == 64


@pytest.mark.parametrize(
    "parameters", ["[1]", "3", '{"a": NaN}', '{"a": ["\\u0000"]}', '{"\\ud800": 1}', "{"]
)
def test_parameters_that_are_no_plain_json_object_are_refused(
    save: Save, model: ModelConfig, parameters: str
) -> None:
    assert "parameters" in errors(save(model, parameters=parameters))


def test_negative_price_is_refused(save: Save, model: ModelConfig) -> None:
    assert "A price is not negative" in errors(save(model, price_out="-1"))


@pytest.mark.parametrize("url", ["http://167772161/v1", "http://0x0a.1/v1", "http://[::ffff:10.0.0.1]/v1"])
def test_private_address_is_refused_however_it_is_written(save: Save, model: ModelConfig, url: str) -> None:
    assert "is not public" in errors(save(model, base_url=url))
