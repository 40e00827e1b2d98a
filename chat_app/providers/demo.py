"""The built-in model: no key, no network. It says how to go on from here, and plays scripted answers.

The scripts are for trying a front end; they also serve tests and benches, since what this model says is
determined by the prompt and the route's parameters alone.

A message that begins with a command (arguments in brackets may be left out):

    /slow [ms] [message]     answer `message` with a pause before each token (250 ms)
    /long [tokens] [ms]      a long Markdown text (2000 tokens)
    /tokens N [ms]           N numbered tokens of five characters, "0001 0002 ..."; 0 ms is as fast as it can
    /fail [code] [after N]   fail with that code or HTTP status (upstream_down), at once or after N tokens
    /echo text               exactly `text`
    /history                 the user's earlier messages that are in the prompt, numbered
    /help                    these commands

Parameters of the route (`RouteConfig.parameters`):

    delay_ms   pause before each token, in milliseconds (15); a command's own figure beats it
    script     a command for every message that holds none itself: "/fail upstream_down" makes a dead route
    site_url   the server's address in the guide's examples

The pauses keep to the route's timeouts: one longer than `first_token` or `idle` ends in UpstreamTimeout, as it
would from a real upstream. A command gets at most MAX_TOKENS tokens and pauses of at most MAX_DELAY seconds.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, cycle, islice
from typing import ClassVar, Final

from chat_app.domain.errors import (
    UpstreamBusy,
    UpstreamDown,
    UpstreamError,
    UpstreamRefused,
    UpstreamTimeout,
)
from chat_app.domain.prompt import Prompt
from chat_app.providers import demo_text
from chat_app.providers.base import Chunk, RouteConfig, TextChunk, Timeouts, UsageChunk

MAX_TOKENS: Final = 200_000
MAX_DELAY: Final = 60.0
BREATH: Final = 16  # without a delay, the event loop gets its turn after the first token, then after so many
CHARACTERS: Final = 5  # of a token, about, where usage counts what was heard
DEFAULT_DELAY_MS: Final = 15.0
DEFAULT_SITE: Final = "http://127.0.0.1:8000"

_TOKEN: Final = re.compile(r"\S{1,12}\s?|\s")
_COMMAND: Final = re.compile(r"\s*/(slow|long|tokens|fail|echo|history|help)(?:\s|$)", re.I)
_NUMBER: Final = re.compile(r"\s*(\d{1,9}(?:\.\d{1,3})?)(?=\s|$)")
_AFTER: Final = re.compile(r"\bafter\s+(\d{1,9})", re.I)
_CODES: Final[Mapping[type[UpstreamError], str]] = {
    UpstreamDown: "upstream_down down 500 502 503",
    UpstreamTimeout: "upstream_timeout timeout 408 504",
    UpstreamRefused: "upstream_refused refused 400 401 403 404",
    UpstreamBusy: "upstream_busy busy 429",
    UpstreamError: "upstream_error error",
}
_FAILURES: Final = {word: kind for kind, words in _CODES.items() for word in words.split()}


@dataclass(frozen=True, slots=True)
class Script:
    """What to play: tokens, the pause before each in seconds, and the error that ends them, if any."""

    tokens: Iterable[str]
    delay: float
    failure: UpstreamError | None = None


class DemoProvider:
    """The demo model as a provider."""

    kind: ClassVar[str] = "demo"

    def missing(self, route: RouteConfig) -> str | None:
        """Nothing is ever missing."""
        return None

    async def stream(self, route: RouteConfig, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """Play the script that the prompt asks for, one TextChunk a token, then its usage."""
        script = compose(route, prompt)
        pace = _Pace(script.delay, route.timeouts)
        said = 0
        for token in script.tokens:
            said += 1
            if script.delay or said % BREATH == 2:
                await pace.wait()
            yield TextChunk(token)
        if script.failure is not None:
            await pace.wait()
            raise script.failure
        heard = sum(len(message.text) // CHARACTERS + 1 for message in prompt.messages)
        yield UsageChunk(input_tokens=heard, output_tokens=said)


def compose(route: RouteConfig, prompt: Prompt) -> Script:
    """The script for a prompt: by the message's own command, else by the route's `script`, else the guide."""
    message = prompt.last_user_text
    standing = str(route.parameters.get("script", ""))
    if not _COMMAND.match(message) and _COMMAND.match(standing):
        message = standing
    return _command(message, route, prompt)


def _command(message: str, route: RouteConfig, prompt: Prompt) -> Script:
    delay = _delay(route.parameters.get("delay_ms"))
    found = _COMMAND.match(message)
    if not found:
        return Script(tokens_of(_answer(message, route, prompt)), delay)
    rest = message[found.end() :]
    match found[1].lower():
        case "slow":
            ms, rest = _number(rest, 250.0)
            return replace(_command(rest, route, prompt), delay=min(ms / 1000, MAX_DELAY))
        case "long":
            count, delay = _sizes(rest, 2000, delay)
            return Script(islice(cycle(list(tokens_of(demo_text.long_text()))), count), delay)
        case "tokens":
            count, delay = _sizes(rest, 200, delay)
            return Script(numbered(count), delay)
        case "fail":
            return _failure(rest, delay)
        case "echo":
            return Script(tokens_of(rest), delay)
        case "history":
            return Script(tokens_of(_history(prompt)), delay)
        case _:
            return Script(tokens_of(demo_text.COMMANDS), delay)


def tokens_of(text: str) -> Iterator[str]:
    """`text` cut at words; the pieces joined are the text again."""
    return (found[0] for found in _TOKEN.finditer(text))


def numbered(count: int) -> Iterator[str]:
    """`count` tokens of five characters: "0001 ", "0002 ", ... and round again after "9999 ", "0000 "."""
    return (f"{n % 10_000:04d} " for n in range(1, count + 1))


def _failure(rest: str, delay: float) -> Script:
    after = _AFTER.search(rest)
    words = rest.split()
    kind = _FAILURES.get(words[0].lower() if words else "", UpstreamDown)
    error = kind(
        f"The demo model was asked to fail ({kind.code}).", retry_after=2.0 if kind is UpstreamBusy else None
    )
    return Script(numbered(min(int(after[1]), MAX_TOKENS) if after else 0), delay, error)


def _sizes(rest: str, count: int, delay: float) -> tuple[int, float]:
    """The arguments `[tokens] [ms]`, as a count and seconds."""
    tokens, rest = _number(rest, float(count))
    ms, _ = _number(rest, delay * 1000)
    return min(int(tokens), MAX_TOKENS), min(ms / 1000, MAX_DELAY)


def _number(text: str, default: float) -> tuple[float, str]:
    """A leading number and what follows it, or the default and the text."""
    found = _NUMBER.match(text)
    return (float(found[1]), text[found.end() :]) if found else (default, text)


def _delay(value: object) -> float:
    """`delay_ms` of the parameters, in seconds."""
    ms = value if isinstance(value, int | float) and not isinstance(value, bool) else DEFAULT_DELAY_MS
    return min(max(float(ms) / 1000, 0.0), MAX_DELAY)


def _earlier(prompt: Prompt) -> list[str]:
    """The user's messages in the prompt, without the newest."""
    return [message.text for message in prompt.messages if message.role == "user"][:-1]


def _history(prompt: Prompt) -> str:
    earlier = _earlier(prompt)
    lines = (f"{n}. {text}\n" for n, text in enumerate(earlier, 1))
    return "".join(chain([f"Earlier messages of yours in the prompt: {len(earlier)}\n\n"], lines))


def _answer(message: str, route: RouteConfig, prompt: Prompt) -> str:
    """The whole guide at first, then the sections asked for; always with what was said and is remembered."""
    site = str(route.parameters.get("site_url") or DEFAULT_SITE).rstrip("/")
    earlier = _earlier(prompt)
    asked = demo_text.topics_in(message)
    parts = [_greeting(message, len(earlier))]
    if demo_text.ABOUT_HISTORY.search(message) and earlier:
        parts.append(_history(prompt))
    elif asked and earlier:
        parts.extend(section(site) for section in asked)
    elif not earlier:
        parts.append("# Your chat backend is running\n\nHere is how to go on.\n")
        parts.extend(section(site) for _, _, section in demo_text.TOPICS)
        parts.append("## Things to try here\n\n" + demo_text.COMMANDS)
    parts.append(demo_text.index())
    return "\n".join(parts)


def _greeting(message: str, earlier: int) -> str:
    words = " ".join(message.split())
    quoted = f"> {words[:200]}{'…' if len(words) > 200 else ''}\n\n" if words else ""
    turns = {0: "is no earlier turn", 1: "is 1 earlier turn"}.get(earlier, f"are {earlier} earlier turns")
    return f"{quoted}I am the built-in demo model: no key, no network. There {turns} in my prompt.\n"


class _Pace:
    """Waits before tokens, within the route's timeouts; without a delay it only lets the event loop breathe."""

    __slots__ = ("_delay", "_due", "_end", "_idle", "_limit")

    def __init__(self, delay: float, timeouts: Timeouts) -> None:
        self._delay = delay
        self._limit = timeouts.first_token
        self._idle = timeouts.idle
        self._due = _now()
        self._end = self._due + timeouts.total

    async def wait(self) -> None:
        """Wait once; UpstreamTimeout where a limit comes first."""
        now = _now()
        left = min(self._limit, self._end - now)
        if self._delay > left:
            await asyncio.sleep(max(left, 0.0))
            raise UpstreamTimeout
        self._limit = self._idle
        self._due += self._delay  # due at fixed times: a late wake-up does not delay all that follows
        await asyncio.sleep(max(self._due - now, 0.0))


def _now() -> float:
    return asyncio.get_running_loop().time()
