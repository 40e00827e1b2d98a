"""What a row's parameters may say to a local model: an allow-list, checked before anything is loaded.

Code and files of others are never a parameter: a row is edited by staff, a process is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from chat_app.domain.errors import UpstreamRefused

DTYPES: Final = ("auto", "float32", "bfloat16", "float16")
SAMPLING: Final = frozenset({"do_sample", "temperature", "top_p", "top_k", "repetition_penalty"})

_DEVICE: Final = re.compile(r"auto|cpu|cuda(:\d{1,2})?")


@dataclass(frozen=True, slots=True)
class Options:
    """How to load a model and how it answers. `sampling` holds what the row says and nothing else."""

    max_new_tokens: int = 256
    sampling: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    stop: tuple[str, ...] = ()
    device: str = "auto"
    dtype: str = "auto"
    threads: int | None = None


def read(parameters: Mapping[str, Any]) -> Options:
    """The options that a row's parameters name; UpstreamRefused with `problem`'s sentence where they are wrong."""
    if sentence := problem(parameters):
        raise UpstreamRefused(sentence)
    chosen = dict(parameters)
    sampling = {name: chosen.pop(name) for name in parameters if name in SAMPLING}
    chosen["stop"] = tuple(chosen.get("stop", ()))
    return Options(sampling=sampling, **chosen)


def problem(parameters: Mapping[str, Any]) -> str | None:
    """What is wrong with a row's parameters, as a sentence, or None."""
    for name, value in parameters.items():
        rule = _RULES.get(name)
        if rule is None:
            return f"Local models know no parameter “{name}”; they know {', '.join(_RULES)}."
        if not rule.holds(value):
            return f"The parameter “{name}” of a local model must be {rule.wanted}."
    return None


@dataclass(frozen=True, slots=True)
class _Rule:
    wanted: str
    holds: Callable[[Any], bool]


def _whole(low: int, high: int) -> _Rule:
    return _Rule(
        f"a whole number from {low} to {high}", lambda value: type(value) is int and low <= value <= high
    )


def _number(low: float, high: float, *, above: bool = False) -> _Rule:
    def holds(value: Any) -> bool:
        return type(value) in (int, float) and low <= value <= high and not (above and value == low)

    return _Rule(
        f"a number {'above' if above else 'from'} {low:g} {'and up ' if above else ''}to {high:g}", holds
    )


def _short_texts(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= 8
        and all(isinstance(text, str) and 0 < len(text) <= 64 for text in value)
    )


_RULES: Final[Mapping[str, _Rule]] = {
    "max_new_tokens": _whole(1, 32_768),
    "do_sample": _Rule("true or false", lambda value: type(value) is bool),
    "temperature": _number(0, 5),
    "top_p": _number(0, 1, above=True),
    "top_k": _whole(0, 1_000_000),
    "repetition_penalty": _number(0, 10, above=True),
    "seed": _whole(0, 2**63 - 1),
    "stop": _Rule("a list of up to 8 texts of up to 64 characters", _short_texts),
    "device": _Rule(
        "auto, cpu, cuda or cuda:N", lambda value: isinstance(value, str) and bool(_DEVICE.fullmatch(value))
    ),
    "dtype": _Rule(f"one of {', '.join(DTYPES)}", lambda value: value in DTYPES),
    "threads": _whole(1, 512),
}
