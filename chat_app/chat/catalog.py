"""The catalogue: rows and settings resolved into plain routes, and which of them can answer. The breaker's rows are read
along with it.

Sync; async code calls it by `db()`. No provider is spoken to here.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.conf import settings

from chat_app.chat import health
from chat_app.chat.breaker import BREAKERS
from chat_app.chat.kept import Kept
from chat_app.conf import environment
from chat_app.domain.errors import Unavailable, UnknownModel
from chat_app.domain.shapes import ModelInfo
from chat_app.models import Fallback, ModelConfig
from chat_app.providers import registry
from chat_app.providers.base import RouteConfig, Timeouts

DEMO = "demo"
OURS = ("SECRET_KEY", "BACKEND_KEY", "ENCRYPTION_KEYS")  # never a model's key, whatever a row says


@dataclass(frozen=True, slots=True)
class Route:
    """One model as the router sees it. `missing` says what keeps it from working, None when all is there. `concurrency`
    turns at once in a process may ask it, and `queue` more may wait."""

    config: RouteConfig
    label: str
    description: str
    system_prompt: str
    context: int
    reserve: int
    price_in: Decimal
    price_out: Decimal
    guests: bool
    default: bool
    missing: str | None
    fallbacks: Sequence[str]
    concurrency: int = 64
    queue: int = 64
    tools: Sequence[str] = ()

    @property
    def id(self) -> str:
        return self.config.id

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """The price of so many tokens in USD, to six decimals."""
        amount = (self.price_in * input_tokens + self.price_out * output_tokens) / 1_000_000
        return amount.quantize(Decimal("0.000001"))


class Catalogue:
    """All enabled routes at one moment, in the order of lists, without the one that hears dictation and does not chat. `last`
    is a model that answers where no other does."""

    def __init__(self, routes: Mapping[str, Route], last: str | None = None) -> None:
        self.routes = routes
        self.last = last

    def resolve(self, model: str | None, *, guest: bool = False) -> str:
        """The id behind a name; absent or `default` is the best that works now, for a guest of those open to guests: the
        default, else its fallbacks in order, else the others. Raises UnknownModel, Unavailable."""
        if model and model != "default":
            if model not in self.routes:
                raise UnknownModel(f"There is no model named “{model[:64]}”.")
            return model
        ranked = sorted(
            (r for r in self.routes.values() if r.guests or not guest),
            key=lambda r: (r.missing is not None, not r.default, r.id == DEMO),
        )
        if not ranked:
            raise Unavailable("No model is switched on.", retry_after=30)
        if works(ranked[0]):
            return ranked[0].id
        own = self.candidates(ranked[0].id, guest=guest)
        others = sorted((*own, *ranked), key=lambda r: r.id == DEMO)
        return next((r for r in others if works(r)), ranked[0]).id

    def candidates(self, model_id: str, *, guest: bool = False) -> list[Route]:
        """The routes to try for a model, in order: its own, its fallbacks, theirs; each once, for a guest those open to
        guests. Empty when none can work; whether they do at the moment is the breaker's to say."""
        found: dict[str, Route] = {}
        wanted = [model_id]
        for name in wanted:  # grows as it is read
            route = self.routes.get(name)
            if route is not None and name not in found:
                found[name] = route
                wanted.extend(route.fallbacks)
        if self.last is not None and self.last in self.routes:
            found.setdefault(self.last, self.routes[self.last])
        return [r for r in found.values() if r.missing is None and (r.guests or not guest)]

    def check(self, model: str | None) -> Literal["ok", "unknown", "down"]:
        """Whether a session for this model makes sense now: what sessions_app asks through its port."""
        try:
            candidates = self.candidates(self.resolve(model))
        except UnknownModel:
            return "unknown"
        except Unavailable:
            return "down"
        return "ok" if candidates and not pause(candidates) else "down"

    def wait(self, model: str | None) -> float | None:
        """Where `check` says `down`: in how many seconds a route to this model is tried again, None where that is unknown."""
        try:
            return pause(self.candidates(self.resolve(model))) or None
        except (UnknownModel, Unavailable):
            return None

    def infos(self, *, guest: bool) -> list[ModelInfo]:
        """What a principal may choose from: open to guests where it is one; without a way to answer only while DEBUG."""
        try:
            best = self.resolve(None, guest=guest)
        except Unavailable:
            return []
        return [
            ModelInfo(r.id, r.label, r.description, r.id == best, works(r), ("streaming",))
            for r in self.routes.values()
            if (r.guests or not guest) and self.candidates(r.id, guest=guest)
        ]


def works(route: Route) -> bool:
    """Whether a turn that begins now would ask this route: all is there, and it is not left alone."""
    return route.missing is None and BREAKERS.refusal(route.config) is None


def pause(routes: Sequence[Route]) -> float:
    """Seconds until the first of these routes may be asked; 0 where one may be now, or there is none."""
    refusals = [BREAKERS.refusal(route.config) for route in routes]
    return min((r.seconds if r is not None else 0.0 for r in refusals), default=0.0)


def forget() -> None:
    """Read the rows anew at the next question; called when a row was saved in this process."""
    _kept.forget()


def catalogue() -> Catalogue:
    """The catalogue, at most a second old."""
    return _kept.get()


def _load() -> Catalogue:
    began, rows = time.monotonic(), health.read()
    fallbacks: dict[str, list[str]] = {}
    for model_id, to_id in Fallback.objects.values_list("model_id", "to_id"):
        fallbacks.setdefault(model_id, []).append(to_id)
    routes = {}
    for row in ModelConfig.objects.filter(enabled=True).exclude(pk=settings.TRANSCRIPTION_MODEL or ""):
        routes[row.id] = route_of(row, fallbacks.get(row.id, []))
    BREAKERS.learn(rows, routes.keys(), began)
    return Catalogue(routes, DEMO if settings.DEBUG else None)


_kept = Kept(_load)


def route_of(row: ModelConfig, fallbacks: Sequence[str] = ()) -> Route:
    """A row as plain values, its key in the clear: never log or show what comes back."""
    config = RouteConfig(
        id=row.id,
        kind=row.provider,
        base_url=row.base_url or _default_base_url(row),
        model=row.model,
        api_key=_key(row),
        parameters=_parameters(row),
        timeouts=Timeouts(row.timeout_connect, row.timeout_first_token, row.timeout_idle, row.timeout_total),
    )
    return Route(
        config=config,
        label=row.label or row.id,
        description=row.description,
        system_prompt=row.system_prompt,
        context=row.context,
        reserve=row.reserve,
        price_in=row.price_in,
        price_out=row.price_out,
        guests=row.guests,
        default=row.default,
        missing=_missing(row, config),
        fallbacks=tuple(fallbacks),
        concurrency=row.concurrency,
        queue=row.queue,
        tools=tuple(row.tools) if isinstance(row.tools, list) else (),
    )


def _missing(row: ModelConfig, config: RouteConfig) -> str | None:
    if row.api_key == ModelConfig._meta.get_field("api_key").UNREADABLE:
        return "The key cannot be read: it was encrypted with a key that is no longer in ENCRYPTION_KEYS."
    if row.provider not in registry.KINDS:
        return f"This release has no provider of the kind “{row.provider}”."
    return registry.provider(row.provider).missing(config)


def _default_base_url(row: ModelConfig) -> str:
    return settings.OPENAI_BASE_URL if row.provider == "openai" and row.id == "openai" else ""


def _key(row: ModelConfig) -> str:
    if row.api_key_env in OURS:
        return ""
    if row.api_key_env == "OPENAI_API_KEY":
        return str(settings.OPENAI_API_KEY)
    if row.api_key_env:
        return environment(row.api_key_env)
    if row.api_key == ModelConfig._meta.get_field("api_key").UNREADABLE:
        return ""
    return row.api_key


def _parameters(row: ModelConfig) -> Mapping[str, Any]:
    own = row.parameters if isinstance(row.parameters, dict) else {}
    if row.provider != DEMO:
        return own
    return {"site_url": f"http://{settings.HOST}:{settings.PORT}", **own}  # for the examples in its answers
