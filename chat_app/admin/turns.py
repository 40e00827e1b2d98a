"""Turns in the admin: what was asked of which model, how it went, what it cost. Looked at, and stopped; never edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from chat_app.admin import figures
from chat_app.admin.lists import ReadOnly, link, milliseconds, moment, span
from chat_app.domain.turn import ACTIVE
from chat_app.models import ModelConfig, Turn
from chat_app.streaming.control import CONTROL
from chat_app.wire.problems import STATUS

STYLES = {
    "completed": "chat-good",
    "failed": "chat-bad",
    "interrupted": "chat-bad",
    "cancelled": "chat-quiet",
}


class ModelFilter(admin.SimpleListFilter):
    """By the model that was asked for."""

    title = "model asked for"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(pk, pk) for pk in ModelConfig.objects.values_list("pk", flat=True)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Turn]) -> QuerySet[Turn]:
        return queryset.filter(requested_model=self.value()) if self.value() else queryset


class LinkFilter(admin.SimpleListFilter):
    """One that a link on the usage page sets: shown where it is set, to be taken away again."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(self.parameter_name or "", "")
        return [(value, value)] if value else []


class AnsweredFilter(LinkFilter):
    """By the model that answered, or was tried last."""

    title = "model that answered"
    parameter_name = "answered"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Turn]) -> QuerySet[Turn]:
        model = self.value()
        return queryset.filter(Q(model=model) | Q(model="", requested_model=model)) if model else queryset


class KeyFilter(LinkFilter):
    """By the backend key that spoke, or that issued the session."""

    title = "backend key"
    parameter_name = "key"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Turn]) -> QuerySet[Turn]:
        key = self.value()
        return queryset.filter(Q(owner=f"key:{key}") | Q(session__issued_by=key)) if key else queryset


class ErrorFilter(admin.SimpleListFilter):
    """By what went wrong: any error, or one code."""

    title = "error"
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        codes = [code for code, status in STATUS.items() if status >= 500]
        return [("any", "any"), *((code, code) for code in sorted(codes))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Turn]) -> QuerySet[Turn]:
        match self.value():
            case None:
                return queryset
            case "any":
                return queryset.filter(state__in=figures.BAD)
            case code:
                return queryset.filter(error_code=code)


@admin.register(Turn)
class TurnAdmin(ReadOnly):
    list_display = ("when", "outcome", "route", "owner", "tokens_and_price", "speed")
    list_filter = ("state", ModelFilter, AnsweredFilter, ErrorFilter, KeyFilter, "created_at", "one_off")
    search_fields = ("id__startswith", "owner__startswith", "thread__id__exact", "session__id__exact")
    search_help_text = (
        "The beginning of a turn's id or of an owner (user:1, ext:42), or a whole thread or session id."
    )
    sortable_by = ()
    ordering = ("-pk",)
    actions = ("stop",)
    fields = (
        "id", "outcome", "owner", "thread_link", "session_link", "trigger", "alone", "requested_model", "model",
        "what_was_tried", "error_code", "error_detail", "tokens", "price", "created_at", "first_token", "duration",
        "ended_at", "cancel_requested", "attempt", "owner_worker", "heartbeat",
    )  # fmt: skip
    readonly_fields = fields

    class Media:
        css = {"all": ("chat_app/admin/admin.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Turn]:
        return super().get_queryset(request).defer("partial")

    @admin.display(description="turn")
    def when(self, turn: Turn) -> str:
        return format_html('<span title="{}">{}</span>', turn.pk, moment(turn.created_at))

    @admin.display(description="state")
    def outcome(self, turn: Turn) -> str:
        """The state, and what went wrong if anything did."""
        stopping = " (stopping)" if turn.state in ACTIVE and turn.cancel_requested else ""
        style = STYLES.get(turn.state, "chat-live")
        words = format_html('<span class="{}">{}{}</span>', style, turn.state, stopping)
        if turn.error_code and turn.error_code != turn.state:
            return format_html(
                '{}<br><span class="{}" title="{}">{}</span>',
                words,
                style,
                turn.error_detail,
                turn.error_code,
            )
        return words

    @admin.display(description="model")
    def route(self, turn: Turn) -> str:
        """The model asked for, and the one that answered where that is another."""
        if not turn.model or turn.model == turn.requested_model:
            return turn.requested_model
        return f"{turn.requested_model} → {turn.model}"

    @admin.display(description="tokens in / out")
    def tokens(self, turn: Turn) -> str:
        if turn.ended_at is None:
            return "–"
        return f"{turn.input_tokens:,} / {turn.output_tokens:,}" + (
            " (estimated)" if turn.usage_estimated else ""
        )

    @admin.display(description="cost")
    def price(self, turn: Turn) -> str:
        return f"${turn.cost:.6f}" if turn.cost else "–"

    @admin.display(description="first token")
    def first_token(self, turn: Turn) -> str:
        return span(milliseconds(turn.created_at, turn.first_token_at))

    @admin.display(description="duration")
    def duration(self, turn: Turn) -> str:
        return span(milliseconds(turn.created_at, turn.ended_at))

    @admin.display(description="tokens in / out")
    def tokens_and_price(self, turn: Turn) -> str:
        tokens = self.tokens(turn)
        if turn.usage_estimated:
            tokens = format_html('<span title="estimated">≈ {}</span>', tokens.removesuffix(" (estimated)"))
        return below(tokens, self.price(turn)) if turn.cost else tokens

    @admin.display(description="time")
    def speed(self, turn: Turn) -> str:
        """To the first token, and to the end below it."""
        return below(self.first_token(turn), self.duration(turn))

    @admin.display(description="belongs to no thread")
    def alone(self, turn: Turn) -> str:
        return "yes (one-off)" if turn.one_off else "no"

    @admin.display(description="thread")
    def thread_link(self, turn: Turn) -> str:
        return link("chat_app_thread", turn.thread_id)

    @admin.display(description="session")
    def session_link(self, turn: Turn) -> str:
        return link("sessions_app_chatsession", turn.session_id)

    @admin.display(description="tried")
    def what_was_tried(self, turn: Turn) -> str:
        """One line for each attempt: the model, how it ended, how long it took. One that was passed by was not asked."""
        tried = [entry for entry in turn.attempts if isinstance(entry, dict)]
        rows = [
            (
                str(e.get("model", "?")),
                str(e.get("code", "?")),
                "not asked" if e.get("skipped") else span(e.get("ms")),
            )
            for e in tried
        ]
        return format_html_join("", "<div>{} <strong>{}</strong> {}</div>", rows) or "–"

    @admin.action(description="Stop the chosen turns", permissions=["change"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Turn]) -> None:
        """The intent is a row, the hint reaches the worker that runs it; ending it is the engine's."""
        running = list(queryset.filter(state__in=ACTIVE))
        pks = [turn.pk for turn in running]
        unasked = Turn.objects.filter(pk__in=pks, state__in=ACTIVE, cancel_requested__isnull=True)
        unasked.update(cancel_requested=timezone.now())
        for pk in pks:
            CONTROL.publish(f"turn:{pk}", {"type": "cancel"})
        self.note(request, running, "Asked to stop.")
        self.message_user(request, f"Asked to stop: {len(running)}.", messages.SUCCESS)


def below(first: str, second: str) -> str:
    """Two values of one column, the lesser one below the other."""
    return format_html('{}<br><span class="chat-quiet">{}</span>', first, second)
