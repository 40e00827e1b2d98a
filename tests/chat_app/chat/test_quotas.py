"""Allowances: who is counted in which, what is refused and until when, and what the end of a turn adds to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from chat_app.chat import catalog, chores, orphans, quotas, retries, start, threads
from chat_app.chat.asks import Ask, Begun, Busy
from chat_app.chat.kept import Kept
from chat_app.domain.errors import ChatError, QuotaExceeded
from chat_app.domain.events import Cancelled, Completed, Interrupted, Snapshot, Terminal
from chat_app.models import Item, ModelConfig, Quota, QuotaUse, Thread, Turn
from chat_app.streaming import leases, store, stored
from sessions_app import sessions
from sessions_app.principal import Principal
from tests.chat_app.scripts import USAGE
from tests.chat_app.streaming.orphaned import claim_only

pytestmark = pytest.mark.django_db
USER = Principal("ext:1", "session")
OTHER = Principal("ext:2", "session")
KEY = Principal("key:env", "key", key_id="env", scopes=frozenset({"chat"}))
NOON = datetime(2026, 1, 31, 12, 30, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _rows_read_anew() -> Iterator[None]:
    quotas.forget()
    yield
    quotas.forget()
    catalog.forget()


def quota(**fields: Any) -> Quota:
    row: Quota = Quota.objects.create(**fields)
    return row


def begin(who: Principal = USER, **ask: Any) -> Begun:
    return start.begin(lambda: who, Ask(**{"text": "hello", "model": "demo", **ask}), "w")


def end(begun: Begun, terminal: Terminal, fence: int = 1, **used: Any) -> bool:
    assert begun.spec is not None
    ending = store.Ending(begun.turn_id, fence, begun.thread_id, 2, terminal, charges=begun.spec.charges)
    return store.save_ending(replace(ending, **used))


def used(row: Quota, subject: str = "ext:1") -> tuple[int, int, Decimal]:
    use = QuotaUse.objects.get(quota=row, subject=subject)
    return use.turns, use.tokens, use.cost


def begins(who: Principal = USER, **ask: Any) -> bool:
    try:
        begin(who, **ask)
    except QuotaExceeded:
        return False
    return True


def test_without_quotas_nothing_is_asked_and_nothing_kept(django_assert_num_queries: Any) -> None:
    assert quotas.claim("ext:1", "ses_x", "demo", NOON) == ()
    with django_assert_num_queries(0):
        assert quotas.claim("ext:1", "ses_x", "demo", NOON) == ()
    begin()
    assert not QuotaUse.objects.exists()


def test_turn_beyond_the_limit_is_refused_with_nothing_written() -> None:
    row = quota(turns=2)
    assert [begins() for _ in range(3)] == [True, True, False]
    assert (Turn.objects.count(), Item.objects.count(), Thread.objects.count()) == (2, 2, 2)
    assert used(row)[0] == 2
    assert begins(OTHER)


def test_limit_of_none_at_all_refuses_the_first() -> None:
    quota(cost=0)
    assert not begins()


def test_refusal_counts_in_no_other_allowance() -> None:
    first, _ = quota(turns=5, period="hour"), quota(turns=1)
    assert [begins(), begins()] == [True, False]
    assert used(first)[0] == 1


@pytest.mark.parametrize(
    ("period", "until", "words"),
    [
        ("hour", datetime(2026, 1, 31, 13, tzinfo=UTC), "until 13:00 UTC"),
        ("day", datetime(2026, 2, 1, tzinfo=UTC), "until 00:00 UTC"),
        ("month", datetime(2026, 2, 1, tzinfo=UTC), "until 1 February, 00:00 UTC"),
    ],
)
def test_refusal_says_until_when(period: str, until: datetime, words: str) -> None:
    quota(turns=1, period=period)
    quotas.claim("ext:1", None, "demo", NOON)
    with pytest.raises(QuotaExceeded) as refusal:
        quotas.claim("ext:1", None, "demo", NOON)
    assert words in refusal.value.detail
    assert refusal.value.retry_after == (until - NOON).total_seconds()
    assert quotas.claim("ext:1", None, "demo", until)


def test_end_of_a_year_begins_the_next_month() -> None:
    moment = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert quotas.span("month", moment) == (
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )


def test_quota_of_one_model_counts_that_model_alone() -> None:
    quota(turns=1, model_id="gpt2")
    assert quotas.claim("ext:1", None, "gpt2", NOON)
    with pytest.raises(QuotaExceeded, match="for the model “gpt2”"):
        quotas.claim("ext:1", None, "gpt2", NOON)
    assert quotas.claim("ext:1", None, "demo", NOON) == ()


def test_quota_that_names_its_subject_takes_the_place_of_the_common_one() -> None:
    quota(turns=1)
    quota(turns=3, subject="ext:1")
    assert [begins() for _ in range(4)] == [True, True, True, False]
    assert [begins(OTHER) for _ in range(2)] == [True, False]


def test_disabled_quota_limits_nobody() -> None:
    quota(turns=0, enabled=False)
    assert begins()


def session_of(user_id: str, key: str) -> Principal:
    session = sessions.issue(f"ext:{user_id}", issued_by=key).session
    return Principal(session.owner, "session", session_id=session.pk)


def test_key_is_counted_for_all_users_of_the_sessions_it_issued() -> None:
    row = quota(kind="key", turns=3)
    assert begins(session_of("1", "env"))
    assert begins(session_of("2", "env"))
    assert begins(KEY)
    assert not begins(session_of("3", "env"))
    assert not begins(KEY)
    assert begins(session_of("1", "key_other"))
    assert used(row, "env")[0] == 3


def test_session_that_no_key_issued_is_no_keys() -> None:
    quota(kind="key", turns=0)
    assert begins(session_of("1", "login"))
    assert begins(Principal("user:1", "jwt"))


def test_key_that_speaks_for_itself_is_no_user() -> None:
    quota(turns=0)
    assert begins(KEY)


def test_retry_counts_as_a_turn() -> None:
    quota(turns=2)
    begun = begin()
    end(begun, Interrupted(""))
    retried = retries.begin_retry(lambda: USER, begun.turn_id, None, "w")
    assert retried.spec is not None
    assert len(retried.spec.charges) == 1
    with pytest.raises(QuotaExceeded):
        retries.begin_retry(lambda: USER, end_of(retried), None, "w")


def end_of(begun: Begun) -> str:
    end(begun, Interrupted(""))
    return begun.turn_id


def test_same_request_again_counts_once() -> None:
    row = quota(turns=5)
    assert {begin(idempotency_key="k").turn_id for _ in range(3)} == {Turn.objects.get().pk}
    assert used(row)[0] == 1


def test_turn_that_stands_behind_another_counts_nothing() -> None:
    row = quota(turns=5)
    thread_id = begin().thread_id
    with pytest.raises(Busy):
        begin(thread_id=thread_id)
    assert used(row)[0] == 1


@pytest.mark.parametrize(("limit", "refusal"), [(1, QuotaExceeded), (2, Busy)])
def test_who_may_not_begin_replaces_nothing(limit: int, refusal: type[ChatError]) -> None:
    row = quota(turns=limit)
    thread_id = begin().thread_id
    with pytest.raises(refusal):
        begin(thread_id=thread_id, on_busy="replace")
    assert used(row)[0] == 1


def test_staff_who_try_a_model_have_no_limit() -> None:
    quota(turns=0)
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="change_modelconfig"))
    staff = Principal(f"user:{user.pk}", "login", is_staff=True)
    begun = begin(staff, one_off=True, only_model=True)
    assert begun.spec is not None
    assert begun.spec.charges == ()
    assert quotas.charges_of(Turn.objects.get()) == ()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_quota_that_another_process_deleted_a_moment_ago_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = quota(turns=5)
    known = Quota.objects.get(pk=row.pk)
    row.delete()
    reads = iter([[known], []])
    monkeypatch.setattr(quotas, "_kept", Kept(lambda: next(reads)))
    spec = begin().spec
    assert spec is not None
    assert spec.charges == ()


# What the end adds


@pytest.mark.parametrize("terminal", [Completed("x", "demo", USAGE), Cancelled("x", USAGE), Interrupted("x")])
def test_end_adds_what_was_used(terminal: Terminal) -> None:
    row = quota(tokens=100, cost=Decimal(1))
    assert end(begin(), terminal, input_tokens=7, output_tokens=5, cost=Decimal("0.000420"))
    assert used(row) == (1, 12, Decimal("0.000420"))


def test_limit_of_tokens_or_cost_refuses_the_turn_after_it_was_reached() -> None:
    quota(tokens=10)
    end(begin(), Interrupted("x"), input_tokens=9)
    end(begin(), Interrupted("x"), output_tokens=1)
    assert not begins()


def test_small_costs_add_up_to_the_cent() -> None:
    row = quota(cost=Decimal("0.8"))
    for cost in ("0.7", "0.1"):
        assert end(begin(), Interrupted("x"), input_tokens=1, cost=Decimal(cost))
    assert used(row)[2] == Decimal("0.8")
    assert not begins()


def test_lost_lease_adds_nothing() -> None:
    row, begun = quota(tokens=100), begin()
    Turn.objects.update(fence=2, state="interrupted")
    assert not end(begun, Interrupted("x"), input_tokens=9)
    assert used(row) == (1, 0, Decimal(0))


def test_deleting_the_thread_does_not_undo_what_its_running_turn_used() -> None:
    row, begun = quota(tokens=100), begin()
    assert begun.thread_id
    threads.delete(USER, begun.thread_id)
    for _ in range(2):
        assert not end(begun, Cancelled("x", USAGE), input_tokens=4, output_tokens=5)
    assert used(row)[:2] == (1, 9)
    assert Turn.objects.values_list("state", "input_tokens").get() == ("cancelled", 4)


def test_turn_of_a_dead_worker_is_charged_by_its_text() -> None:
    ModelConfig.objects.filter(pk="demo").update(price_out=3)
    catalog.forget()
    user_row, key_row = quota(tokens=100), quota(kind="key", turns=9)
    begun = begin(session_of("1", "key_a"))
    leases.checkpoint({begun.turn_id: 1}, [leases.Checkpoint(begun.turn_id, 1, 5, "12345678", "demo")])
    turn = claim_only()
    assert turn is not None
    shown = stored.standing(turn).snapshot.event
    assert isinstance(shown, Snapshot)
    assert orphans._store_end(turn, shown, 9) is not None
    assert used(user_row) == used(key_row, "key_a") == (1, 2, Decimal("0.000006"))
    assert Turn.objects.get().cost == Decimal("0.000006")


def test_uses_of_long_ago_are_dropped() -> None:
    row, now = quota(turns=1), timezone.now()
    for days in (401, 399):
        QuotaUse.objects.create(quota=row, subject="ext:1", period_start=now - timedelta(days=days))
    assert chores.drop_quota_uses() == 1
    assert QuotaUse.objects.get().period_start > now - timedelta(days=400)
