"""The usage page: sums that agree with the turns, percentiles as exact as they are said to be, and the same few queries
however many turns there are.
"""

from __future__ import annotations

import csv
import io
import math
import random
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chat_app.admin import charts, usage_figures, usage_page
from chat_app.admin.usage_figures import Figures, Range
from chat_app.models import Turn
from chat_app.models.fields import first_id
from sessions_app import keys, sessions

from .conftest import staff

PAGE, TURNS = "/admin/chat_app/usage/", "/admin/chat_app/turn/"
NOW = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
QUERIES = 9  # who asks and what they may, the models to choose from, and one for each list; names of keys are one more
_number = iter(range(10**6))


def made(age: timedelta = timedelta(0), wait: float | None = 100, now: datetime = NOW, **values: Any) -> Turn:
    """A turn of so long ago whose first token came after `wait` milliseconds; not saved."""
    at = now - age
    fields: dict[str, Any] = {
        "id": first_id("trn", at)[:-6] + f"{next(_number):06d}",
        "owner": "ext:1", "requested_model": "demo", "model": "demo", "state": "completed", "created_at": at,
        "first_token_at": None if wait is None else at + timedelta(milliseconds=wait), "input_tokens": 10,
        "output_tokens": 5, "cost": Decimal("0.25"), **values,
    }  # fmt: skip
    return Turn(**fields)


def keep(*turns: Turn) -> None:
    Turn.objects.bulk_create(turns, batch_size=2000)


def seen(name: str = "7d", **filters: str) -> usage_figures.Report:
    return usage_figures.report(Range(name, now=NOW, **filters))


# What is counted


def test_sums_are_of_the_turns_in_the_range(db: None) -> None:
    keep(
        made(usage_estimated=True),
        made(state="failed", wait=None, cost=None),
        made(state="interrupted"),
        made(state="cancelled", owner="ext:2"),
        made(timedelta(days=8)),
    )
    total = seen().total
    assert (total.turns, total.failed, total.stopped, total.estimated) == (4, 2, 1, 1)
    assert (total.tokens_in, total.tokens_out, total.spent) == (40, 20, Decimal("0.75"))
    assert seen("30d").total.turns == 5


def test_turn_counts_for_the_model_that_answered_or_was_tried_last(db: None) -> None:
    keep(made(requested_model="llama"), made(requested_model="llama", model="", state="failed"), made())
    by_model = seen().by_model
    assert {name: (f.turns, f.elsewhere) for name, f in by_model.items()} == {"demo": (2, 1), "llama": (1, 0)}
    assert seen(model="llama").total.turns == 1


def test_days_are_of_utc_and_hours_too(db: None) -> None:
    keep(made(timedelta(hours=10, minutes=30)), made(timedelta(hours=10, minutes=31)))
    days = seen().by_slot
    assert [f.turns for f in days.values()][-2:] == [1, 1]
    assert list(days)[-1] == datetime(2026, 3, 1, tzinfo=UTC)
    hours = [slot for slot, f in seen("24h").by_slot.items() if f.turns]
    assert hours == [datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 1, 0, tzinfo=UTC)]


def test_first_and_last_moment_of_a_range_belong_to_it(db: None) -> None:
    for name in usage_figures.RANGES:
        Turn.objects.all().delete()
        first = Range(name, now=NOW).slots[0]
        keep(made(NOW - first), made(NOW - first + timedelta(milliseconds=2)), made())
        assert seen(name).total.turns == 2, name


def test_one_owner_is_looked_at_alone(db: None) -> None:
    keep(made(), made(owner="ext:11"))
    assert seen(owner="ext:1").total.turns == 1


def test_users_sessions_and_keys_are_listed_by_what_they_used(db: None) -> None:
    mine = sessions.issue("ext:1", issued_by="env").session
    key, _ = keys.create("Shop")
    theirs = sessions.issue("ext:2", issued_by=key.pk).session
    by_login = sessions.issue("user:3", issued_by="login").session
    keep(
        made(session=mine),
        made(session=theirs, owner="ext:2", cost=1),
        made(session=by_login, owner="user:3", cost=0),
        made(owner="key:env", cost=None),
    )
    asked = Range(now=NOW)
    assert [row.key for row in usage_figures.by_owner(asked)[:2]] == ["ext:2", "ext:1"]
    rows = usage_figures.by_session(asked)
    assert [(row.key, row.label) for row in rows[:2]] == [(theirs.pk, "ext:2"), (mine.pk, "ext:1")]
    told = [(row.label, row.figures.turns) for row in usage_figures.by_key(asked)]
    assert told == [("Shop", 1), ("BACKEND_KEY", 2)]


# Percentiles


def exact(waits: list[int], share: float) -> int:
    return sorted(waits)[math.ceil(share * len(waits)) - 1]


def agrees(said: int | None, right: int) -> bool:
    """Within the accuracy that the page states."""
    return said is not None and abs(said - right) <= max(2.5, 0.025 * right)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_percentile_is_as_exact_as_it_is_said_to_be(share: float) -> None:
    dice = random.Random(1)
    for scale in (3, 60, 400, 3_000, 40_000, 300_000):
        waits = [int(dice.lognormvariate(math.log(scale), 0.8)) for _ in range(500)]
        classes = Counter(
            next(ms // w * w for below, w in usage_figures.CLASSES if ms < below) for ms in waits
        )
        assert agrees(usage_figures.percentile(classes, share), exact(waits, share)), scale


def test_classes_are_never_wider_than_a_twentieth_of_what_they_hold() -> None:
    edges = [100, *(below for below, _ in usage_figures.CLASSES)]
    for low, (_, width) in zip(edges, usage_figures.CLASSES[:-1], strict=False):
        assert width <= low / 20 or low < 200
        assert low % width == 0


def test_turn_without_a_first_token_waits_for_nothing(db: None) -> None:
    keep(made(wait=None))
    assert seen().total.p95 is None


def test_fifty_thousand_turns_cost_as_many_queries_as_none(
    operator: Client, django_assert_num_queries: Any
) -> None:
    address = f"{PAGE}?range=30d"
    operator.get(address)  # reads what Django keeps for good
    with django_assert_num_queries(QUERIES):
        assert operator.get(address).context["total"].turns == 0
    dice, now = random.Random(2), timezone.now()
    waits: dict[str, list[int]] = {"demo": [], "llama": [], "gpt2": []}
    turns = []
    for _ in range(50_000):
        model = dice.choice(list(waits))
        waits[model].append(int(dice.lognormvariate(math.log(len(model) ** 4), 0.7)))
        age = timedelta(seconds=dice.random() * 29 * 86_400)
        turns.append(made(age, waits[model][-1], now, model=model, owner=f"ext:{dice.randrange(1000)}"))
    keep(*turns)
    with django_assert_num_queries(QUERIES):
        page = operator.get(address)
    assert page.context["total"].turns == 50_000
    report = usage_figures.report(Range("30d"))
    for model, figures in report.by_model.items():
        assert agrees(figures.p50, exact(waits[model], 0.5)), model
        assert agrees(figures.p95, exact(waits[model], 0.95)), model


# The page


def test_page_is_for_who_may_view_turns(operator: Client, colleague: Client, db: None) -> None:
    assert colleague.get(PAGE).status_code == 200
    other = staff("other", "view_modelconfig")
    assert other.get(PAGE).status_code == 403
    assert other.get(f"{PAGE}?csv=users").status_code == 403
    assert Client().get(PAGE).status_code == 302
    assert PAGE in colleague.get("/admin/").content.decode()
    assert PAGE not in other.get("/admin/").content.decode()


def test_page_has_no_style_of_its_own_and_every_chart_a_name_and_a_table(operator: Client) -> None:
    keep(made(now=timezone.now()), made(now=timezone.now(), model="llama", state="failed"))
    page = operator.get(PAGE).content.decode()
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\bsrc=)", page.split("<main")[1])
    assert page.count('role="img"') == page.count("<figcaption") == page.count("As a table") == 6
    for name in re.findall(r'aria-labelledby="(\w+-title) (\w+-desc)"', page):
        assert all(f'id="{each}"' in page for each in name)


def test_links_lead_to_the_turns_behind_the_figures(operator: Client) -> None:
    now = timezone.now()
    session = sessions.issue("ext:1", issued_by="env").session
    keep(made(now=now, session=session), made(now=now, owner="ext:11", model="llama", state="failed"))
    keep(made(timedelta(days=9), now=now, session=session))
    tables = {table["name"]: table["lines"] for table in operator.get(PAGE).context["tables"]}
    for name in ("models", "users", "sessions", "keys"):
        for line in tables[name]:
            listed = operator.get(line["turns"])
            assert listed.status_code == 200
            assert listed.context["cl"].result_count == line["row"].figures.turns == 1, line["turns"]


def test_words_of_an_owner_are_text(operator: Client) -> None:
    keep(made(now=timezone.now(), owner="ext:<b>&"))
    assert "ext:&lt;b&gt;&amp;" in operator.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "query", ["range=1y", "owner=%00x", "model=nobody", "range=24h&owner=ext:9&model=demo"]
)
def test_page_without_turns_says_so(operator: Client, query: str) -> None:
    assert "No turns" in operator.get(f"{PAGE}?{query}").content.decode()


def read(response: Any) -> list[dict[str, str]]:
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def test_file_holds_a_line_for_each_day_and_model(operator: Client) -> None:
    now = timezone.now()
    keep(made(now=now), made(now=now, wait=1_000), made(now=now, model="llama"))
    lines = read(operator.get(f"{PAGE}?csv=days"))
    assert [(line["slot_utc"], line["model"], line["turns"]) for line in lines] == [
        (f"{now:%Y-%m-%d}", "demo", "2"),
        (f"{now:%Y-%m-%d}", "llama", "1"),
    ]
    assert (lines[0]["cost_usd"], lines[0]["first_token_p95_ms"]) == ("0.500000", "1025")


@pytest.mark.parametrize("name", ["models", "users", "sessions", "keys"])
def test_file_holds_no_formula(operator: Client, name: str) -> None:
    key, _ = keys.create("=1+1")
    session = sessions.issue("ext:1", issued_by=key.pk).session
    keep(made(now=timezone.now(), session=session))
    (line,) = read(operator.get(f"{PAGE}?csv={name}"))
    assert line["turns"] == "1"
    assert not any(cell.startswith("=") for cell in line.values())


# Charts


def chart(*values: float | None, **changes: Any) -> charts.Chart:
    slots = [f"{n} May" for n in range(1, len(values) + 1)]
    series = [charts.Series("demo <b>", 0, values)]
    return charts.Chart("c", "T", "S", slots, series, usage_page.count, usage_page.short, **changes)


def test_bars_stand_as_high_as_their_values() -> None:
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" fill', chart(10, None, 40).bars)]
    assert heights == [
        pytest.approx(charts.INNER_HEIGHT / 4, abs=0.2),
        pytest.approx(charts.INNER_HEIGHT, abs=0.2),
    ]


@pytest.mark.parametrize("spent", [0.000002, 0.0004, 0.0106, 0.5, 12.4, 2_600])
def test_lines_of_a_scale_of_money_are_told_apart(spent: float) -> None:
    scale = charts._Scale(spent, usage_page.LEAST_MONEY, 7)
    said = [usage_page.short_money(tick) for tick in scale.ticks]
    assert len(set(said)) == len(said)
    assert max(map(len, said)) <= len("$0.00001")


def test_line_is_broken_where_there_is_no_value() -> None:
    drawn = chart(1, 2, None, 3, 4).lines
    (path,) = re.findall(r'class="chart-line[^>]* d="([^"]*)"', drawn)
    assert (path.count("M"), path.count("L")) == (2, 2)


@pytest.mark.parametrize("values", [(), (0,), (None, None), (1e-9,), (3e12, 1)])
def test_chart_of_odd_values_is_drawn(values: tuple[float | None, ...]) -> None:
    for drawn in (chart(*values).bars, chart(*values).lines):
        assert "nan" not in drawn.lower()
        assert "demo &lt;b&gt;" in drawn or not any(values)


def test_seventh_model_is_one_of_the_others(db: None) -> None:
    keep(*(made(model=f"m{n}") for n in range(9)))
    series = usage_page._series(seen(), lambda f: f.turns)
    assert [s.name for s in series] == [*(f"m{n}" for n in range(6)), "others"]
    assert sum(value or 0 for value in series[-1].values) == 3


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (usage_page.count(1234567), "1,234,567"), (usage_page.short(1234567), "1.23M"), (usage_page.short(950), "950"),
        (usage_page.money(Decimal("1234.5")), "$1,234.50"), (usage_page.money(0.00042), "$0.0004"),
        (usage_page.percent(0.0345), "3.5 %"), (usage_page.waiting(1500), "1.5 s"), (str(Figures().p50), "None"),
    ],
)  # fmt: skip
def test_numbers_are_said_for_people(said: str, value: str) -> None:
    assert said == value
