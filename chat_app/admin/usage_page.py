"""What the usage page shows of the figures: totals, charts and lists, with where they lead. Words and addresses, no queries.

Numbers are said in full in lists and short at a scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from chat_app.admin import charts, usage_figures
from chat_app.admin.lists import span
from chat_app.admin.usage_figures import Figures, Range, Report, Row

RANGES = {"24h": "24 hours", "7d": "7 days", "30d": "30 days", "90d": "90 days"}
OTHERS = "others"
LEAST_MONEY = 0.00001  # US dollars from one line of a scale to the next


def link(asked: Range, **changes: str) -> str:
    """The page's address for what is asked, with changes."""
    values = {"range": asked.name, "model": asked.model, "owner": asked.owner, **changes}
    return "?" + urlencode({name: value for name, value in values.items() if value})


def turns(asked: Range, **filters: str) -> str:
    """The list of the turns behind a figure."""
    values = {"answered": asked.model, "owner__exact": asked.owner, "id__gte": asked.first_turn, **filters}
    address = reverse("admin:chat_app_turn_changelist")
    return f"{address}?{urlencode({name: value for name, value in values.items() if value})}"


# How numbers are said


def count(value: float) -> str:
    return f"{value:,.0f}"


def short(value: float) -> str:
    """A number for a scale: 950, 1.2k, 3M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def money(value: float | Any) -> str:
    """US dollars: to the cent, small sums to a hundredth of it."""
    return f"${value:,.2f}" if value >= 1 or not value else f"${value:.4f}"


def short_money(value: float) -> str:
    """US dollars for a scale: to the cent, beyond it where two steps would look alike."""
    if not value or value >= 1000:
        return f"${short(value)}"
    return "$" + max(f"{value:.2f}", f"{value:.5f}".rstrip("0"), key=len)


def waiting(value: float) -> str:
    return span(round(value))


def tokens(figures: Figures, value: int) -> str:
    """A count of tokens, marked where some of it is estimated."""
    return f"≈ {count(value)}" if figures.estimated and value else count(value)


def percent(share: float) -> str:
    return "0 %" if not share else f"{share:.1%}".replace("%", " %")


# What the page shows


def cards(report: Report) -> list[tuple[str, str, str]]:
    """(value, what it is, where it leads) of the totals."""
    total, asked = report.total, report.range
    about = "≈ " if total.estimated else ""
    return [
        (count(total.turns), "turns", turns(asked)),
        (percent(total.failed_share), "failed", turns(asked, error="any")),
        (f"{about}{short(total.tokens_in)}", "tokens in", ""),
        (f"{about}{short(total.tokens_out)}", "tokens out", ""),
        (f"{about}{money(total.spent)}" if total.spent else "$0", "cost", ""),
        (span(total.p50), "first token p50", ""),
        (span(total.p95), "first token p95", ""),
    ]


def _labels(asked: Range) -> list[str]:
    return [f"{slot:%H}:00" if asked.hourly else f"{slot.day} {slot:%b}" for slot in asked.slots]


def all_charts(report: Report) -> list[dict[str, Any]]:
    """The charts in their order, each as bars or as lines."""
    every = "hour" if report.range.hourly else "day"
    waits = [
        (name, share, _series(report, wait_of(share), waits=True))
        for name, share in (("p50", 0.5), ("p95", 0.95))
    ]
    top = max((value or 0 for _, _, series in waits for one in series for value in one.values), default=0)
    sums: list[tuple[str, str, Callable[[Figures], float], charts.Say, charts.Say]] = [
        ("turns", f"Turns per {every}", lambda f: f.turns, count, short),
        ("errors", f"Failed turns per {every}", lambda f: f.failed, count, short),
        ("tokens", f"Tokens per {every}, in and out", lambda f: f.tokens, count, short),
        ("cost", f"Cost per {every} (USD)", lambda f: float(f.spent), money, short_money),
    ]
    drawn = []
    for name, title, value, say, tick in sums:
        series = _series(report, value)
        words, unit = _summary(report, value, say), LEAST_MONEY if say is money else 1
        chart = charts.Chart(name, title, words, _labels(report.range), series, say, tick, unit=unit)
        drawn.append({"chart": chart, "drawing": chart.bars, "legend": chart.legend})
    for name, share, series in waits:
        title = f"First token, {name} per {every}"
        words = (
            f"{share:.0%} of all turns had their first token within {waiting(wait_of(share)(report.total))}."
        )
        chart = charts.Chart(name, title, words, _labels(report.range), series, waiting, waiting, top, unit=1)
        drawn.append({"chart": chart, "drawing": chart.lines, "legend": chart.line_legend})
    return drawn


def wait_of(share: float) -> Callable[[Figures], float]:
    return lambda figures: usage_figures.percentile(figures.waits, share) or 0


def _summary(report: Report, value: Callable[[Figures], float], say: charts.Say) -> str:
    slot, most = max(report.by_slot.items(), key=lambda entry: value(entry[1]))
    peak = f"{slot:%H}:00" if report.range.hourly else f"{slot.day} {slot:%B}"
    return f"{say(value(report.total))} in {RANGES[report.range.name]}; the most, {say(value(most))}, on {peak} UTC."


def _series(report: Report, value: Callable[[Figures], float], *, waits: bool = False) -> list[charts.Series]:
    """The models with the most turns, each a series, and the others together. The kind of a model is the same in each chart."""
    names = list(report.by_model)
    shown = names if len(names) <= charts.KINDS else names[: charts.KINDS - 1]
    series = []
    for kind, name in enumerate([*shown, *([OTHERS] if len(shown) < len(names) else [])]):
        members = [name] if name in shown else names[len(shown) :]
        values = [_value(report, slot, members, value) for slot in report.by_slot]
        series.append(charts.Series(name, kind, [v or None for v in values] if waits else values))
    return series


def _value(report: Report, slot: datetime, models: Sequence[str], value: Callable[[Figures], float]) -> float:
    together = Figures()
    for model in models:
        if cell := report.cells.get((slot, model)):
            together.add(cell)
    return value(together)


def tables(asked: Range, report: Report) -> list[dict[str, Any]]:
    """The lists: whose line it is, where its name and its turns lead, and the figures."""
    models = [Row(name, name, figures) for name, figures in report.by_model.items()]
    return [
        _table(
            "models", "By model", asked, models, lambda row: {"answered": row.key},
            lambda row: link(asked, model=row.key), True,
        ),
        _table("keys", "By backend key", asked, usage_figures.by_key(asked), lambda row: {"key": row.key}),
        _table(
            "users", "By user", asked, usage_figures.by_owner(asked), lambda row: {"owner__exact": row.key},
            lambda row: link(asked, owner=row.key),
        ),
        _table(
            "sessions", "By session", asked, usage_figures.by_session(asked), lambda row: {"session__exact": row.key},
            lambda row: reverse("admin:sessions_app_chatsession_change", args=[row.key]),
        ),
    ]  # fmt: skip


def _table(
    name: str, title: str, asked: Range, rows: Sequence[Row], filters: Callable[[Row], dict[str, str]],
    leads: Callable[[Row], str] | None = None, waits: bool = False,
) -> dict[str, Any]:  # fmt: skip
    lines = [
        {
            "row": row,
            "leads": leads(row) if leads else "",
            "turns": turns(asked, **filters(row)),
            "failed": turns(asked, **filters(row), error="any"),
            "count": count(row.figures.turns),
            "tokens_in": tokens(row.figures, row.figures.tokens_in),
            "tokens_out": tokens(row.figures, row.figures.tokens_out),
            "share": percent(row.figures.failed_share),
            "cost": money(row.figures.spent),
            "p50": span(row.figures.p50),
            "p95": span(row.figures.p95),
        }
        for row in rows
    ]
    full = usage_figures.TOP if len(rows) == usage_figures.TOP else 0
    return {
        "name": name,
        "title": title,
        "lines": lines,
        "waits": waits,
        "full": full,
        "file": link(asked, csv=name),
    }
