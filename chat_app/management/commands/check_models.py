"""`manage.py check_models [ID ...] [--json] [--timeout SECONDS]`: a real round trip to each model's own route.

How a model is asked is `chat/probe.py`'s; here is which ones, and what is printed: never a key, never an answer.
"""

from __future__ import annotations

import asyncio
import json
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat_app.chat import catalog
from chat_app.chat.catalog import Route
from chat_app.chat.probe import Probe, probe_all
from chat_app.models import ModelConfig
from chat_app.providers import http, registry

SECONDS = 60.0
HEADS = ("model", "kind", "own route", "first text", "whole", "tokens")


class Command(BaseCommand):
    help = (
        "Asks each model that is switched on one short question, by its own route: no fallback answers. Exit code 1 if one "
        "fails. What is not set up yet is listed, and fails only where it was named."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID", help="These models, whether switched on or not.")
        parser.add_argument("--json", action="store_true", help="Print JSON in place of a table.")
        parser.add_argument(
            "--timeout", type=_seconds, default=SECONDS, help=f"Seconds for each (default: {SECONDS:g})."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        routes = self._routes(options["ids"])
        probes = asyncio.run(_run(routes, options["timeout"]))
        if options["json"]:
            self.stdout.write(json.dumps([_plain(probe) for probe in probes], indent=2, ensure_ascii=False))
        else:
            for line in _table(probes):
                self.stdout.write(line)
        bad = {"failed", "not set up"} if options["ids"] else {"failed"}
        if any(probe.state in bad for probe in probes):
            sys.exit(1)

    def _routes(self, ids: Sequence[str]) -> list[Route]:
        chats = ModelConfig.objects.filter(enabled=True).exclude(pk=settings.TRANSCRIPTION_MODEL or "")
        rows = ModelConfig.objects.filter(pk__in=ids) if ids else chats
        routes = {row.pk: catalog.route_of(row) for row in rows}
        for name in ids:
            if name not in routes:
                raise CommandError(f"There is no model “{name}”.")
        if not routes:
            raise CommandError("No model is switched on.")
        return list(routes.values())


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise ArgumentTypeError("a number of seconds above 0")
    return value


async def _run(routes: Sequence[Route], seconds: float) -> list[Probe]:
    try:
        return await probe_all(routes, seconds)
    finally:
        await registry.close()
        await http.close()


def _plain(probe: Probe) -> dict[str, Any]:
    """A probe without what it has not."""
    return {name: value for name, value in asdict(probe).items() if value is not None and value != ""}


def _table(probes: Sequence[Probe]) -> list[str]:
    rows = [HEADS, *(_row(probe) for probe in probes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    why = [f"{probe.id}: {probe.detail}" for probe in probes if probe.detail]
    return [*lines, "", *why] if why else lines


def _row(probe: Probe) -> tuple[str, ...]:
    state = f"failed ({probe.code})" if probe.state == "failed" else probe.state
    tokens = "" if probe.input_tokens is None else f"{probe.input_tokens} in, {probe.output_tokens} out"
    return probe.id, probe.kind, state, _ms(probe.first_text_ms), _ms(probe.total_ms), tokens


def _ms(value: int | None) -> str:
    return "" if value is None else f"{value} ms"
