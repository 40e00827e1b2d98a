"""Quotas in the admin: what is refused in words, how much is used, and beginning anew."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from chat_app.chat import quotas
from chat_app.domain.errors import QuotaExceeded
from chat_app.models import Quota, QuotaUse
from sessions_app import keys

from .conftest import staff

LIST, USES = "/admin/chat_app/quota/", "/admin/chat_app/quotause/"
FIELDS = {
    "kind": "user",
    "subject": "",
    "model": "",
    "period": "day",
    "turns": "",
    "tokens": "",
    "cost": "",
    "enabled": "on",
}


@pytest.fixture(autouse=True)
def _quotas_read_anew() -> Iterator[None]:
    quotas.forget()
    yield
    quotas.forget()


@pytest.fixture
def keeper(db: None) -> Client:
    """Staff who keep the quotas."""
    verbs = ("view", "change", "add", "delete")
    return staff("keeper", *(f"{verb}_{kind}" for verb in verbs for kind in ("quota", "quotause")))


def use(quota: Quota, subject: str = "ext:1", **used: Any) -> QuotaUse:
    start = quotas.span(quota.period, timezone.now())[0]
    row: QuotaUse = QuotaUse.objects.create(quota=quota, subject=subject, period_start=start, **used)
    return row


def add(keeper: Client, **fields: Any) -> str:
    """The sentences of a form that was sent back, empty where the quota was made."""
    answer = keeper.post(f"{LIST}add/", {**FIELDS, **fields})
    return "" if answer.status_code == 302 else str(answer.context["adminform"].form.errors)


def test_quota_is_made_and_obeyed_at_once(keeper: Client) -> None:
    assert quotas.claim("ext:1", None, "demo", timezone.now()) == ()
    assert add(keeper, turns=0) == ""
    with pytest.raises(QuotaExceeded):
        quotas.claim("ext:1", None, "demo", timezone.now())


def test_quota_without_a_limit_is_refused(keeper: Client) -> None:
    assert "at least one limit" in add(keeper)
    assert add(keeper, cost="0.5") == ""


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        ("user", "42", "An owner is realm:id"), ("user", "ext:", "An owner is realm:id"), ("user", "key:env", "no user"),
        ("key", "ext:42", "no such backend key"), ("key", "key_gone", "no such backend key"),
        ("user", "ext:4 2:x", ""), ("user", " user:1 ", ""), ("key", "env", ""),
    ],
)  # fmt: skip
def test_subject_has_the_shape_of_its_kind(keeper: Client, kind: str, subject: str, words: str) -> None:
    said = add(keeper, turns=1, kind=kind, subject=subject)
    assert words in said if words else said == ""


def test_quota_of_a_key_is_called_by_its_name(keeper: Client) -> None:
    key, _ = keys.create("Shop")
    assert add(keeper, turns=1, kind="key", subject=key.pk) == ""
    assert "Shop" in keeper.get(LIST).content.decode()


def test_second_quota_for_the_same_is_refused(keeper: Client) -> None:
    assert (
        add(keeper, turns=1, model="demo")
        == add(keeper, turns=1)
        == add(keeper, turns=1, period="month")
        == ""
    )
    assert "already" in add(keeper, tokens=1)
    assert "already" in add(keeper, tokens=1, model="demo")
    row = Quota.objects.get(period="month")
    fields = {**FIELDS, "turns": 2, "period": "month"}
    assert keeper.post(f"{LIST}{row.pk}/change/", fields).status_code == 302


def test_list_shows_the_most_that_is_used_now(keeper: Client) -> None:
    row = Quota.objects.create(turns=10, cost=Decimal(2))
    use(row, turns=4, cost=Decimal("1.5"))
    use(row, "ext:2", turns=9)
    QuotaUse.objects.create(quota=row, subject="ext:3", period_start="2020-01-01T00:00Z", turns=10)
    page = keeper.get(LIST).content.decode()
    for words in (
        "9 of 10 turns",
        "$1.50 of $2.00",
        "the most by one of 2",
        'class="quota-nearly" width="90"',
    ):
        assert words in page


def test_page_shows_who_used_most(keeper: Client) -> None:
    row = Quota.objects.create(turns=10)
    for n in range(25):
        use(row, f"ext:{n}", turns=n % 11)
    page = keeper.get(f"{LIST}{row.pk}/change/").content.decode()
    assert page.index("ext:10<") < page.index("ext:9<")
    assert page.count("of 10 turns") == 20
    assert len(keeper.get(f"{USES}?quota__id__exact={row.pk}").context["cl"].result_list) == 25


def test_list_costs_the_same_for_many_quotas(keeper: Client, django_assert_max_num_queries: Any) -> None:
    for n in range(30):
        use(Quota.objects.create(turns=n, subject=f"ext:{n}"), f"ext:{n}")
    for address in (LIST, USES):
        with django_assert_max_num_queries(8):
            assert keeper.get(address).status_code == 200


def test_period_begins_anew_for_all_and_says_so(keeper: Client) -> None:
    row, other = Quota.objects.create(turns=1), Quota.objects.create(turns=1, period="hour")
    for each in (row, other):
        use(each, turns=1, tokens=5, cost=1)
    keeper.post(LIST, {"action": "begin_anew", "_selected_action": [row.pk]})
    assert QuotaUse.objects.filter(turns=0, tokens=0, cost=0).get().quota == row
    assert LogEntry.objects.get(object_id=row.pk).get_change_message() == "The day began anew for 1."


def test_one_use_is_set_back_and_says_so(keeper: Client) -> None:
    row = Quota.objects.create(turns=1)
    mine, _ = use(row, turns=1), use(row, "ext:2", turns=1)
    keeper.post(USES, {"action": "set_back", "_selected_action": [mine.pk]})
    assert list(QuotaUse.objects.order_by("pk").values_list("turns", flat=True)) == [0, 1]
    assert LogEntry.objects.get(object_id=mine.pk).get_change_message() == "Set back to nothing used."


def test_use_is_neither_added_nor_edited(keeper: Client) -> None:
    mine = use(Quota.objects.create(turns=1))
    assert keeper.get(f"{USES}add/").status_code == 403
    assert keeper.get(f"{USES}{mine.pk}/change/").status_code == 200
    assert keeper.post(f"{USES}{mine.pk}/change/", {"turns": 0}).status_code == 403


def test_colleague_sees_no_quotas(colleague: Client) -> None:
    assert colleague.get(LIST).status_code == colleague.get(USES).status_code == 403
