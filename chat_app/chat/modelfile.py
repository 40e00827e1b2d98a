"""A file of models (`models.toml`): read and checked by itself, all that is wrong told at once. No row is looked at.

    [models.llama]                       # the id; a key left out has its default
    label = "LLaMA (Quality)"            # default: the id
    provider = "openai"                  # the one key that must be there
    fallbacks = ["openai", "demo"]
    timeouts = {connect = 5, first_token = 30}

The other keys are columns of ModelConfig by the same names. `position` left out is the place in the file; `parameters` is a
table, or JSON in quotes.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import ValidationError

from chat_app.chat import rows
from chat_app.models import ModelConfig
from chat_app.providers import registry

Types = Mapping[str, type]
TIMEOUTS: Final[Types] = {"connect": float, "first_token": float, "idle": float, "total": float}
KEYS: Final[Types] = {
    "label": str, "description": str, "provider": str, "base_url": str, "model": str, "api_key": str, "api_key_env": str,
    "fallbacks": list, "default": bool, "timeouts": dict, "concurrency": int, "queue": int, "system_prompt": str,
    "parameters": dict, "tools": list, "context": int, "reserve": int, "price_in": float, "price_out": float, "guests": bool,
    "enabled": bool, "position": int,
}  # fmt: skip
COLUMNS: Final = tuple(
    [key for key in KEYS if key not in ("api_key", "fallbacks", "timeouts")]
    + [f"timeout_{name}" for name in TIMEOUTS]
)  # what a file decides of a row, beside the stored key
WORDS: Final = {
    str: "text in quotes", int: "a whole number", float: "a number", bool: "true or false", dict: "a table",
    list: "a list of ids",
}  # fmt: skip
BETWEEN: Final = 10  # in `position`, from one model of the file to the next


@dataclass(frozen=True, slots=True)
class Entry:
    """One model as the file wants it. `api_key` is None where the file says nothing of it."""

    id: str
    columns: Mapping[str, Any]
    fallbacks: tuple[str, ...]
    api_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a key of a model; `key` may be empty, and so may `model`."""

    model: str
    key: str
    text: str


def read(text: str) -> tuple[list[Entry], list[Problem]]:
    """The models of a file in its order, and what is wrong with them. Raises tomllib.TOMLDecodeError."""
    whole = tomllib.loads(text)
    problems = [
        Problem("", "", f"“{name}” is not known here: models are tables such as [models.llama].")
        for name in whole
        if name != "models"
    ]
    models = whole.get("models")
    if not isinstance(models, dict) or not models:
        return [], [*problems, Problem("", "", "There is no model in it: a table such as [models.llama].")]
    entries = []
    for place, (model_id, table) in enumerate(models.items(), 1):
        if isinstance(table, dict):
            entries.append(_Reader(model_id, table, problems).entry(place))
        else:
            problems.append(Problem(model_id, "", "A model is a table."))
    return entries, problems


class _Reader:
    """One model's table. What is wrong goes to `problems`, and its column keeps its default, so that it is told once."""

    def __init__(self, model_id: str, table: Mapping[str, Any], problems: list[Problem]) -> None:
        self.id = model_id
        self.table = table
        self.problems = problems

    def entry(self, place: int) -> Entry:
        given = self._typed({**self.table, **self._json_parameters()}, KEYS)
        fallbacks = self._fallbacks(given.pop("fallbacks", []))
        api_key = given.pop("api_key", None)
        times = self._typed(given.pop("timeouts", {}), TIMEOUTS, "timeouts.")
        given |= {f"timeout_{name}": seconds for name, seconds in times.items()}
        given |= {name: Decimal(str(given[name])) for name in ("price_in", "price_out") if name in given}
        given |= {name: given[name].strip() for name in ("base_url", "api_key_env") if name in given}
        row = ModelConfig(**{"id": self.id, "label": self.id, "position": place * BETWEEN, **given})
        self._check(row, api_key)
        return Entry(self.id, {name: getattr(row, name) for name in COLUMNS}, fallbacks, api_key)

    def _json_parameters(self) -> dict[str, Any]:
        """`parameters` as JSON in quotes: TOML has no null, by which a provider's default is taken away."""
        text = self.table.get("parameters")
        if not isinstance(text, str):
            return {}
        try:
            return {"parameters": json.loads(text)}
        except ValueError:
            return {}

    def _complain(self, key: str, text: str) -> None:
        self.problems.append(Problem(self.id, key, text))

    def _typed(self, table: Mapping[str, Any], types: Types, within: str = "") -> dict[str, Any]:
        """The keys whose values are of their types."""
        fit = {}
        for key, value in table.items():
            if key not in types:
                self._complain(f"{within}{key}", f"There is no such key; there are {', '.join(types)}.")
            elif not _is(value, types[key]):
                self._complain(f"{within}{key}", f"It must be {WORDS[types[key]]}.")
            elif isinstance(value, str) and "\x00" in value:
                self._complain(f"{within}{key}", "It must not hold NUL.")
            else:
                fit[key] = value
        return fit

    def _fallbacks(self, ids: list[Any]) -> tuple[str, ...]:
        if not all(isinstance(one, str) for one in ids):
            self._complain("fallbacks", f"It must be {WORDS[list]}.")
            return ()
        if len(set(ids)) < len(ids):
            self._complain("fallbacks", "A model is named twice.")
        return tuple(dict.fromkeys(ids))

    def _check(self, row: ModelConfig, api_key: str | None) -> None:
        if "provider" not in self.table:
            self._complain("provider", f"It is missing: one of {', '.join(registry.KINDS)}.")
        elif row.provider and row.provider not in registry.KINDS:
            self._complain("provider", f"It must be one of {', '.join(registry.KINDS)}.")
        for key, problem in (
            ("base_url", rows.base_url_problem(row.base_url)),
            ("api_key_env", rows.variable_problem(row.api_key_env)),
            ("api_key", rows.key_problem(api_key or "")),
        ):
            if problem:
                self._complain(key, problem)
        if api_key and row.api_key_env:
            self._complain("api_key", "Either a key or the name of its variable, not both.")
        # One may be empty, one was looked at, one `clean` looks at.
        excluded = {"api_key", "provider", "parameters"}
        self._hear(lambda: row.clean_fields(exclude=excluded))
        self._hear(row.clean)

    def _hear(self, check: Callable[[], None]) -> None:
        try:
            check()
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                self._complain(key_of(name), " ".join(texts))


def key_of(column: str) -> str:
    """A column's name in the file."""
    _, timeout, name = column.partition("timeout_")
    return f"timeouts.{name}" if timeout else column


def _is(value: Any, wanted: type) -> bool:
    if wanted is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is wanted


def lines(text: str) -> dict[tuple[str, str], int]:
    """The lines, counted from 1, of each (model, key) of a file that can be read; ("llama", "") is the table's own. What
    stands within another's line is not in it."""
    found: dict[tuple[str, str], int] = {}
    model, before = "", ""  # the lines since the last statement began
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if (header or key or line.lstrip().startswith("[")) and _is_whole(before):
            if header:
                model = _bare(header[1])
                found.setdefault((model, ""), number)
            elif not key:
                model = ""
            name = (header[2] if header else key[1] if key else "") or ""
            if model and name:
                found.setdefault((model, name), number)
            before = ""
        before += line
    return found


_HEADER: Final = re.compile(r'\s*\[\s*models\s*\.\s*("[^"]*"|[^].\s]+)\s*(?:\.\s*([^].\s]+))?')
_KEY: Final = re.compile(r'\s*"?([\w-]+)"?\s*[.=]')


def _bare(name: str) -> str:
    return str(tomllib.loads(f"name = {name}")["name"]) if name.startswith('"') else name


def _is_whole(text: str) -> bool:
    """Whether a statement ends here: else the next line is part of a longer text or list."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True
