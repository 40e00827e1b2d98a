"""The catalogue brought in line with a file of models: all of it or nothing, and what was changed told line by line.

A key's value goes from the file into its encrypted column and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from chat_app.chat import breaker, catalog, rows
from chat_app.chat.modelfile import Entry, Problem
from chat_app.models import Fallback, ModelConfig, sql
from chat_app.models.fields import EncryptedTextField

MOST: Final = 60  # characters of a value that are shown
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one model: `fields` maps what changes to (before, after) in words."""

    model: str
    what: str
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a sync did, or would do. With problems nothing was done. `missing` says of models that are switched on what
    keeps them from working, after it was written."""

    changes: Sequence[Change] = ()
    problems: Sequence[Problem] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """How many models are not as they were."""
        return sum(change.what != "unchanged" for change in self.changes)


def sync(entries: Sequence[Entry], *, write: bool, prune: bool = False) -> Outcome:
    """Make the rows what the file says, in one transaction; with `prune`, switch off models that are not in it.

    A stored key stays where the file says nothing of it. Models that the file does not name keep all but the default.
    """
    with sql.atomic():
        known = {row.pk: row for row in ModelConfig.objects.select_for_update().order_by("pk")}
        steps = _steps()
        problems = [*_doubles(entries), *_bad_fallbacks(entries, known, steps), *_bad_keys(entries, known)]
        if problems:
            return Outcome(problems=problems)
        changes = [_compared(entry, known.get(entry.id), steps) for entry in entries]
        changes += _of_others(entries, known, prune)
        if not write:
            return Outcome(changes)
        _write(entries, changes, known)
        elsewhere = [change.model for change in changes if set(change.fields) & set(rows.WHERE)]
        transaction.on_commit(lambda: _begin_anew(elsewhere))
    ids = [entry.id for entry in entries]
    written = ModelConfig.objects.filter(pk__in=ids, enabled=True)
    missing = {row.pk: why for row in written if (why := catalog.route_of(row).missing)}
    return Outcome(changes, missing={pk: missing[pk] for pk in ids if pk in missing})


def _begin_anew(model_ids: Sequence[str]) -> None:
    """What was known of these routes' health says nothing of where they go now."""
    catalog.forget()
    breaker.reset(model_ids)


def _steps() -> dict[str, list[str]]:
    """All fallbacks as they stand, in order."""
    steps: dict[str, list[str]] = {}
    for model_id, to_id in Fallback.objects.values_list("model_id", "to_id"):
        steps.setdefault(model_id, []).append(to_id)
    return steps


# What only the rows and the file together show to be wrong


def _doubles(entries: Sequence[Entry]) -> list[Problem]:
    first, *more = [entry.id for entry in entries if entry.columns["default"]] or [""]
    return [Problem(model, "default", f"There is one default, and {first} is it already.") for model in more]


def _bad_fallbacks(
    entries: Sequence[Entry], known: Mapping[str, ModelConfig], before: Mapping[str, Sequence[str]]
) -> list[Problem]:
    ids = {*known, *(entry.id for entry in entries)}
    steps = {**before, **{entry.id: entry.fallbacks for entry in entries}}
    problems = []
    told: set[frozenset[str]] = set()
    for entry in entries:
        for to in entry.fallbacks:
            if to == entry.id:
                problems.append(Problem(entry.id, "fallbacks", "A model cannot be its own fallback."))
            elif to not in ids:
                problems.append(Problem(entry.id, "fallbacks", f"There is no model “{to}”."))
            elif (back := rows.way(steps, to, entry.id)) and frozenset(back) not in told:
                told.add(frozenset(back))
                circle = " → ".join([entry.id, *back])
                problems.append(
                    Problem(entry.id, "fallbacks", f"The fallbacks would go round in a circle: {circle}.")
                )
    return problems


def _bad_keys(entries: Iterable[Entry], known: Mapping[str, ModelConfig]) -> list[Problem]:
    """A stored key is not sent to a server that it was not entered for."""
    return [
        Problem(entry.id, "base_url", f'{rows.MOVED} (api_key = "..." or "")')
        for entry in entries
        if (row := known.get(entry.id)) is not None
        and row.api_key
        and entry.api_key is None
        and rows.moved(row.base_url, entry.columns["base_url"])
    ]


# What changes


def _compared(entry: Entry, row: ModelConfig | None, steps: Mapping[str, Sequence[str]]) -> Change:
    if row is None:
        return Change(entry.id, "created")
    fields = {
        name: (_shown(name, before), _shown(name, value))
        for name, value in entry.columns.items()
        if (before := getattr(row, name)) != value
    }
    if "parameters" in fields:
        fields["parameters"] = ("", _other_parameters(row.parameters, entry.columns["parameters"]))
    if entry.api_key is not None and entry.api_key != row.api_key:
        fields["api_key"] = (_state(row.api_key), _state(entry.api_key, new=True))
    ids = steps.get(entry.id, [])
    if list(ids) != list(entry.fallbacks):
        fields["fallbacks"] = (_shown("", list(ids)), _shown("", list(entry.fallbacks)))
    return Change(entry.id, "changed" if fields else "unchanged", fields)


def _of_others(entries: Sequence[Entry], known: Mapping[str, ModelConfig], prune: bool) -> list[Change]:
    """What happens to models that the file does not name."""
    named = {entry.id for entry in entries}
    default = any(entry.columns["default"] for entry in entries)
    changes = []
    for pk, row in known.items():
        if pk in named:
            continue
        fields = {}
        if prune and row.enabled:
            fields["enabled"] = ("true", "false")
        if default and row.default:
            fields["default"] = ("true", "false")
        if fields:
            changes.append(Change(pk, "changed", fields))
    return changes


def _write(entries: Sequence[Entry], changes: Sequence[Change], known: Mapping[str, ModelConfig]) -> None:
    """First what others lose, then the models, then their fallbacks, which may point to any of them."""
    by_id = {entry.id: entry for entry in entries}
    others = [change for change in changes if change.model not in by_id]
    off = [change.model for change in others if "enabled" in change.fields]
    ModelConfig.objects.filter(pk__in=off).update(enabled=False)
    moved = [change.model for change in changes if "default" in change.fields]
    ModelConfig.objects.filter(pk__in=moved, default=True).update(default=False)
    for change in changes:
        entry = by_id.get(change.model)
        if entry is not None and change.what == "created":
            ModelConfig(id=entry.id, **entry.columns, api_key=entry.api_key or "").save(force_insert=True)
        elif entry is not None:
            _save(known[entry.id], entry, change)
    for change in changes:
        if change.model in by_id and (change.what == "created" or "fallbacks" in change.fields):
            Fallback.objects.filter(model=change.model).delete()
            Fallback.objects.bulk_create(
                Fallback(model_id=change.model, to_id=to, position=place)
                for place, to in enumerate(by_id[change.model].fallbacks, 1)
            )


def _save(row: ModelConfig, entry: Entry, change: Change) -> None:
    names = [name for name in change.fields if name != "fallbacks"]
    for name in names:
        setattr(row, name, entry.api_key if name == "api_key" else entry.columns[name])
    if names:
        row.save(update_fields=[*names, "updated_at"])


# How it is said


def _shown(name: str, value: Any) -> str:
    """A value as the file has it, on one line. Of a URL's query only that there is one: it may hold a key."""
    if isinstance(value, list):
        return ", ".join(value) or "none"
    if name == "base_url":
        value, query, _ = str(value).partition("?")
        value += "?…" if query else ""
    if isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    elif isinstance(value, str | bool):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, float):
        value = f"{value:g}"
    text = str(value)
    plain = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return plain if len(plain) <= MOST else f"{plain[: MOST - 1]}…"


def _other_parameters(before: Any, after: Mapping[str, Any]) -> str:
    """The names of parameters that change: their values may be anything, a key among them."""
    own = before if isinstance(before, dict) else {}
    names = sorted({*own, *after})
    return ", ".join(name for name in names if own.get(name, _ABSENT) != after.get(name, _ABSENT))


def _state(key: str, new: bool = False) -> str:
    if key == EncryptedTextField.UNREADABLE:
        return "unreadable"
    return ("a new one" if new else "set") if key else "not set"
