"""How much was used, counted by the database over a range of time: by model and day, by user, session and key. No looks here.

Each question is one GROUP BY over the turns since a moment, which the primary key's index finds; no row is read into Python.
Days are UTC. A turn counts for the model that answered it, or that was tried last.

Percentiles come from counts by classes of waiting time, which databases add up alike: what is said lies within 2.5 % of the
exact value (2.5 ms below 100 ms), since it is the middle of a class no wider than 5 % (5 ms).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from django.db.models import Case, CharField, Count, F, Func, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce, NullIf, Substr
from django.utils import timezone

from chat_app.models import Turn
from chat_app.models.fields import first_id
from sessions_app.models import ApiKey

RANGES = {"24h": 24, "7d": 7, "30d": 30, "90d": 90}
BAD = ("failed", "interrupted")
TOP = 50
# Milliseconds below which classes are so wide: never more than a twentieth of what is in them.
CLASSES = (
    (200, 5), (500, 10), (1_000, 25), (2_000, 50), (5_000, 100), (10_000, 250), (20_000, 500), (50_000, 1_000),
    (100_000, 2_500), (200_000, 5_000), (500_000, 10_000), (10**9, 25_000),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Range:
    """What is looked at: a range of time in `slots` (hours for `24h`, else days), one model or all, one owner or all."""

    name: str = "7d"
    model: str = ""
    owner: str = ""
    now: datetime = field(default_factory=timezone.now)

    @property
    def hourly(self) -> bool:
        return self.name == "24h"

    @property
    def slots(self) -> list[datetime]:
        """The beginnings of the slots, oldest first; the last is the one that is under way."""
        last = self.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        step = timedelta(hours=1) if self.hourly else timedelta(days=1)
        last = last if self.hourly else last.replace(hour=0)
        return [last - n * step for n in reversed(range(RANGES[self.name]))]

    @property
    def first_turn(self) -> str:
        """The id from which on turns belong to the range."""
        return first_id("trn", self.slots[0])


class Slot(Func):
    """The UTC day (or hour) of a moment, as text that sorts. SQLite keeps moments as such text."""

    output_field = CharField()

    def __init__(self, moment: str, hourly: bool) -> None:
        super().__init__(moment)
        self.hourly = hourly

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        size = 13 if self.hourly else 10
        return self.as_sql(compiler, connection, template=f"substr(%(expressions)s, 1, {size})", **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        shape = "YYYY-MM-DD HH24" if self.hourly else "YYYY-MM-DD"
        template = f"to_char(%(expressions)s AT TIME ZONE 'UTC', '{shape}')"
        return self.as_sql(compiler, connection, template=template, **context)


class WaitingClass(Func):
    """The lower end of the class (`CLASSES`) of the milliseconds between two moments; NULL where one is absent."""

    output_field = IntegerField()
    arity = 2

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._as(
            compiler, connection, "CAST(ROUND((julianday({1}) - julianday({0})) * 86400000) AS INTEGER)"
        )

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._as(compiler, connection, "CAST(EXTRACT(EPOCH FROM ({1} - {0})) * 1000 AS INTEGER)")

    def _as(self, compiler: Any, connection: Any, milliseconds: str) -> Any:
        start, end = (compiler.compile(each)[0] for each in self.get_source_expressions())  # columns alone
        ms = milliseconds.format(start, end)
        whens = " ".join(f"WHEN {ms} < {below} THEN {ms} / {width} * {width}" for below, width in CLASSES)
        return f"CASE WHEN {end} IS NULL THEN NULL {whens} END", []


ANSWERED = Coalesce(NullIf("model", Value("")), "requested_model")
COUNTED: dict[str, Any] = {
    "turns": Count("pk"),
    "failed": Count("pk", filter=Q(state__in=BAD)),
    "stopped": Count("pk", filter=Q(state="cancelled")),
    "elsewhere": Count("pk", filter=Q(state="completed") & ~Q(model=F("requested_model")) & ~Q(model="")),
    "estimated": Count("pk", filter=Q(usage_estimated=True)),
    "tokens_in": Coalesce(Sum("input_tokens"), 0),
    "tokens_out": Coalesce(Sum("output_tokens"), 0),
    "spent": Coalesce(Sum("cost"), Value(Decimal(0))),
}


@dataclass(slots=True)
class Figures:
    """Turns and what they used; `elsewhere` were answered by a model that was not asked for. `waits` counts the turns by the
    class of their waiting time for the first token."""

    turns: int = 0
    failed: int = 0
    stopped: int = 0
    elsewhere: int = 0
    estimated: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    spent: Decimal = Decimal(0)
    waits: Counter[int] = field(default_factory=Counter)

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    @property
    def failed_share(self) -> float:
        return self.failed / self.turns if self.turns else 0.0

    @property
    def p50(self) -> int | None:
        return percentile(self.waits, 0.5)

    @property
    def p95(self) -> int | None:
        return percentile(self.waits, 0.95)

    def add(self, other: Figures) -> None:
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.waits.update(other.waits)


def percentile(waits: Counter[int], share: float) -> int | None:
    """The waiting time in milliseconds that so large a share of turns stayed within, by nearest rank; None without turns."""
    rank = math.ceil(share * waits.total())
    for low in sorted(waits):
        rank -= waits[low]
        if rank <= 0:
            width = next(width for below, width in CLASSES if low < below)
            return max(0, low) + width // 2
    return None


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a range: of each cell (slot, model), and added up."""

    range: Range
    cells: dict[tuple[datetime, str], Figures]
    total: Figures
    by_model: dict[str, Figures]  # the model with the most turns first
    by_slot: dict[datetime, Figures]  # all slots, oldest first


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: whose figures, how they are called, and the figures."""

    key: str
    label: str
    figures: Figures


def turns(asked: Range) -> QuerySet[Turn]:
    """The turns of a range. The id first: it is the one index that knows the time."""
    rows = Turn.objects.filter(pk__gte=asked.first_turn, created_at__gte=asked.slots[0]).order_by()
    if asked.owner:
        rows = rows.filter(owner=asked.owner)
    if asked.model:
        rows = rows.filter(Q(model=asked.model) | Q(model="", requested_model=asked.model))
    return rows


def report(asked: Range) -> Report:
    """Everything by model and slot, in one query."""
    slots = {slot.strftime("%Y-%m-%d %H" if asked.hourly else "%Y-%m-%d"): slot for slot in asked.slots}
    grouped = (
        turns(asked)
        .annotate(
            slot=Slot("created_at", asked.hourly),
            by=ANSWERED,
            wait=WaitingClass("created_at", "first_token_at"),
        )
        .values("slot", "by", "wait")
        .annotate(**COUNTED)
    )
    cells: dict[tuple[datetime, str], Figures] = {}
    for row in cast(Iterable[dict[str, Any]], grouped):
        slot = slots.get(row["slot"])  # one that came since `now` has no place yet
        if slot is not None:
            cells.setdefault((slot, row["by"]), Figures()).add(_figures(row))
    total, by_model = Figures(), dict[str, Figures]()
    by_slot = {slot: Figures() for slot in asked.slots}
    for (slot, model), figures in cells.items():
        for sum_of in (total, by_model.setdefault(model, Figures()), by_slot[slot]):
            sum_of.add(figures)
    ranked = sorted(by_model.items(), key=lambda entry: (-entry[1].turns, entry[0]))
    return Report(asked, cells, total, dict(ranked), by_slot)


def by_owner(asked: Range) -> list[Row]:
    """The users who used most, at most TOP."""
    rows = turns(asked).annotate(whose=_free("owner")).values("whose")
    return [Row(row["whose"], row["whose"], _figures(row)) for row in _top(rows)]


def by_session(asked: Range) -> list[Row]:
    """The sessions that used most, at most TOP; their owners are their labels."""
    rows = turns(asked).annotate(held=_free("session_id"), whose=_free("owner")).exclude(held="")
    return [Row(row["held"], row["whose"], _figures(row)) for row in _top(rows.values("held", "whose"))]


def _free(column: str) -> Coalesce:
    """A column to group by, without its index: that knows no time, and SQLite would read all of it for the order it has."""
    return Coalesce(column, Value(""), output_field=CharField())


def by_key(asked: Range) -> list[Row]:
    """The backend keys that spoke, or whose sessions did, at most TOP; their names are their labels."""
    key = Case(
        When(owner__startswith="key:", then=Substr("owner", 5)),
        default=F("session__issued_by"),
        output_field=CharField(),
    )
    rows = turns(asked).annotate(key=key).filter(Q(key="env") | Q(key__startswith="key_")).values("key")
    found = list(_top(rows))
    names = dict(ApiKey.objects.filter(pk__in=[row["key"] for row in found]).values_list("pk", "name"))
    names["env"] = "BACKEND_KEY"
    return [Row(row["key"], names.get(row["key"], row["key"]), _figures(row)) for row in found]


def _top(rows: Any) -> Iterable[dict[str, Any]]:
    counted = rows.annotate(**COUNTED, used=F("tokens_in") + F("tokens_out"))
    top: Sequence[dict[str, Any]] = counted.order_by("-spent", "-used", "-turns")[:TOP]
    return top


def _figures(row: dict[str, Any]) -> Figures:
    wait = row.get("wait")
    waits = Counter() if wait is None else Counter({wait: row["turns"]})
    return Figures(**{name: row[name] for name in COUNTED}, waits=waits)
