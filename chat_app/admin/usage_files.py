"""The usage page's figures as CSV, one line for each day and model, model, user, session or key."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.http import HttpResponse

from chat_app.admin import usage_figures
from chat_app.admin.usage_figures import Figures, Range, Row

HEAD = (
    "turns",
    "failed",
    "stopped",
    "by_another_model",
    "tokens_in",
    "tokens_out",
    "turns_with_estimated_tokens",
    "cost_usd",
)
WAITS = ("first_token_p50_ms", "first_token_p95_ms")


def _days(asked: Range) -> Iterable[Sequence[Any]]:
    yield ("slot_utc", "model", *HEAD, *WAITS)
    report = usage_figures.report(asked)
    for (slot, model), figures in sorted(report.cells.items(), key=lambda cell: cell[0]):
        yield (
            f"{slot:%Y-%m-%dT%H:00Z}" if asked.hourly else f"{slot:%Y-%m-%d}",
            model,
            *_line(figures, waits=True),
        )


def _models(asked: Range) -> Iterable[Sequence[Any]]:
    yield ("model", *HEAD, *WAITS)
    for model, figures in usage_figures.report(asked).by_model.items():
        yield (model, *_line(figures, waits=True))


def _rows(
    name: str, label: str, read: Callable[[Range], list[Row]]
) -> Callable[[Range], Iterable[Sequence[Any]]]:
    def lines(asked: Range) -> Iterable[Sequence[Any]]:
        yield (name, label, *HEAD) if label else (name, *HEAD)
        for row in read(asked):
            yield (row.key, row.label, *_line(row.figures)) if label else (row.key, *_line(row.figures))

    return lines


FILES: dict[str, Callable[[Range], Iterable[Sequence[Any]]]] = {
    "days": _days,
    "models": _models,
    "users": _rows("user", "", usage_figures.by_owner),
    "sessions": _rows("session", "user", usage_figures.by_session),
    "keys": _rows("key", "name", usage_figures.by_key),
}


def _line(figures: Figures, *, waits: bool = False) -> list[Any]:
    used = [
        getattr(figures, name)
        for name in ("turns", "failed", "stopped", "elsewhere", "tokens_in", "tokens_out", "estimated")
    ]
    return [*used, f"{figures.spent:.6f}", *((figures.p50 or "", figures.p95 or "") if waits else ())]


def response(name: str, asked: Range) -> HttpResponse:
    file = f"usage-{name}-{asked.name}-{asked.now:%Y-%m-%d}.csv"
    answer = HttpResponse(
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )
    write = csv.writer(answer)
    for line in FILES[name](asked):
        write.writerow([_harmless(cell) for cell in line])
    return answer


def _harmless(cell: Any) -> Any:
    """A name that a spreadsheet would take for a formula, as text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
