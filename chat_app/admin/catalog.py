"""Models in the admin: set up, put in order, switched on and off, tried. What is checked stands in `modelform.py`.

A stored key is never shown, logged or written again unless a new one is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from chat_app.admin import figures
from chat_app.admin.health import DOWN, HealthFilter, health_of, shown_error, shown_standing
from chat_app.admin.lists import Listing
from chat_app.admin.modelform import FallbackForm, FallbackFormSet, ModelForm, key_state
from chat_app.chat import breaker, catalog, rows
from chat_app.models import Fallback, ModelConfig


class FallbackInline(admin.TabularInline):
    model = Fallback
    fk_name = "model"
    form = FallbackForm
    formset = FallbackFormSet
    fields = ("position", "to")
    extra = 1
    verbose_name_plural = "Fallbacks: tried in this order when the model cannot answer, and then theirs"
    ordering = ("position", "id")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only a choice: models are made and looked at on pages of their own."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "to":
            for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                setattr(field.widget, name, False)
        return field


@admin.register(ModelConfig)
class ModelConfigAdmin(Listing):
    form = ModelForm
    inlines = (FallbackInline,)
    heading = "Models"
    list_display = ("name", "attempt", "works", "switches", "next_routes", "day")
    list_filter = ("provider", "enabled", HealthFilter)
    list_select_related = ("health",)
    search_fields = ("id", "label", "model")
    sortable_by = ()
    ordering = ("position", "id")
    actions = ("switch_on", "switch_off", "close_breakers")
    save_on_top = True
    fieldsets = (
        (None, {"fields": ("id", "label", "description", "position")}),
        (
            "Who may use it",
            {"fields": (("enabled", "default", "guests"),)},
        ),
        (
            "Where it is",
            {
                "fields": ("provider", "base_url", "model"),
            },
        ),
        (
            "Its key",
            {
                "fields": ("stored_key", "new_api_key", "clear_api_key", "api_key_env"),
                "description": "Either a key that is kept here, or the name of an environment variable; the variable wins.",
            },
        ),
        ("What it is told", {"fields": ("system_prompt", "parameters", "tools", ("context", "reserve"))}),
        (
            "Limits",
            {
                "fields": (
                    ("concurrency", "queue"),
                    ("timeout_connect", "timeout_first_token"),
                    ("timeout_idle", "timeout_total"),
                ),
                "classes": ("collapse",),
            },
        ),
        ("Prices", {"fields": (("price_in", "price_out"),), "classes": ("collapse",)}),
    )

    health = ("Health", {"fields": ("standing", "last_error")})

    class Media:
        css = {"all": ("chat_app/admin/admin.css",)}

    # What is shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """An id is fixed once there is a row: front ends send it."""
        return ("stored_key",) if obj is None else ("id", "stored_key", "standing", "last_error")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fieldsets if obj is None else (self.fieldsets[0], self.health, *self.fieldsets[1:])

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        health = health_of(row) if row is not None else None
        context["left_alone"] = not breaker.state_of(health).works
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="own route")
    def standing(self, row: ModelConfig) -> str:
        return shown_standing(row)

    @admin.display(description="last error")
    def last_error(self, row: ModelConfig) -> str:
        return shown_error(row) or "–"

    @admin.display(description="stored key")
    def stored_key(self, row: ModelConfig) -> str:
        return key_state(row)

    def complete(self, rows: Sequence[Any]) -> None:
        days = figures.by_model()
        fallbacks: dict[str, list[str]] = {}
        for model_id, to_id in Fallback.objects.filter(model__in=[row.pk for row in rows]).values_list(
            "model_id", "to_id"
        ):
            fallbacks.setdefault(model_id, []).append(to_id)
        for row in rows:
            row.last_day = days.get(row.pk, figures.Day())
            row.next_ids = fallbacks.get(row.pk, [])

    @admin.display(description="own route")
    def works(self, row: ModelConfig) -> str:
        error = shown_error(row, lately=True)
        kind = format_html('<span class="chat-quiet">{}</span>', row.provider)
        return format_html(
            "{}<br>{}{}{}", kind, shown_standing(row), mark_safe("<br>") if error else "", error
        )

    @admin.display(description="model")
    def name(self, row: ModelConfig) -> str:
        return format_html('{}<br><span class="chat-quiet">{}</span>', row.label, row.pk)

    @admin.display(description="state")
    def switches(self, row: ModelConfig) -> str:
        """On or off, the default, open to guests: in words, for a red cross would read as an error."""
        off = "" if row.enabled else "off"
        words = [off or "on", *(["default"] if row.default else []), *(["guests"] if row.guests else [])]
        return format_html('<span class="{}">{}</span>', "chat-quiet" if off else "", ", ".join(words))

    @admin.display(description="fallbacks")
    def next_routes(self, row: Any) -> str:
        return " → ".join(row.next_ids) or "–"

    @admin.display(description="last 24 h")
    def day(self, row: Any) -> str:
        day: figures.Day = row.last_day
        if not day.turns:
            return "–"
        errors = f"{day.errors} failed" if day.errors else ""
        elsewhere = f"{day.elsewhere} by a fallback" if day.elsewhere else ""
        turns = f"{day.turns} turn{'s' if day.turns != 1 else ''}"
        address = reverse("admin:chat_app_turn_changelist") + f"?model={row.pk}"
        details = format_html_join(
            "",
            '<br><span class="{}">{}</span>',
            [(style, words) for style, words in (("chat-bad", errors), ("chat-quiet", elsewhere)) if words],
        )
        return format_html('<a href="{}">{}</a>{}', address, turns, details)

    @admin.display(description="")
    def attempt(self, row: ModelConfig) -> str:
        return format_html(
            '<a href="{}">Try it</a>', reverse("admin:chat_app_modelconfig_try", args=[row.pk])
        )

    # What is done

    @method_decorator(sensitive_post_parameters("new_api_key"))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: ModelConfig, form: Any, change: bool) -> None:
        """Save, taking the default from the row that had it, and writing the key only where a new one was given."""
        if obj.default:
            self._take_default(request, obj)
        if form.key_changes:
            obj.api_key = form.cleaned_data["new_api_key"]
        if not change:
            obj.save(force_insert=True)
            return
        untouched = set() if form.key_changes else {"api_key"}
        names = {field.name for field in obj._meta.concrete_fields if not field.primary_key}
        obj.save(update_fields=names - untouched)
        if form.key_changes or set(form.changed_data) & set(rows.WHERE):
            self._begin_anew(request, obj)

    def _begin_anew(self, request: HttpRequest, obj: ModelConfig) -> None:
        """What was known of the route's health says nothing of where it goes now."""
        transaction.on_commit(lambda: breaker.reset([obj.pk]))
        if not breaker.state_of(health_of(obj)).works:
            self.note(request, [obj], "Closed the breaker: the route was changed.")
            self.message_user(request, f"Turns go to “{obj}” again: its route was changed.", messages.INFO)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        missing = catalog.route_of(form.instance).missing
        if missing is not None:
            self.message_user(request, f"“{form.instance}” cannot answer yet: {missing}", messages.WARNING)

    def _take_default(self, request: HttpRequest, obj: ModelConfig) -> None:
        """Runs in the transaction of the save; the lock makes two of them follow one another."""
        rows = list(ModelConfig.objects.select_for_update().defer("api_key").order_by("pk"))
        before = [row for row in rows if row.default and row.pk != obj.pk]
        ModelConfig.objects.filter(pk__in=[row.pk for row in before]).update(default=False)
        self.note(request, before, f"No longer the default: {obj.pk} is.")
        for row in before:
            self.message_user(request, f"“{row}” is no longer the default.", messages.INFO)

    @admin.action(description="Switch on", permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[ModelConfig]) -> None:
        self._switch(request, queryset, True)

    @admin.action(description="Switch off", permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[ModelConfig]) -> None:
        self._switch(request, queryset, False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[ModelConfig], enabled: bool) -> None:
        changed = list(queryset.exclude(enabled=enabled))
        ModelConfig.objects.filter(pk__in=[row.pk for row in changed]).update(enabled=enabled)
        catalog.forget()
        word = "on" if enabled else "off"
        self.note(request, changed, f"Switched {word}.")
        self.message_user(request, f"Switched {word}: {len(changed)}.", messages.SUCCESS)

    @admin.action(description="Close the breaker: let turns go there again", permissions=["change"])
    def close_breakers(self, request: HttpRequest, queryset: QuerySet[ModelConfig]) -> None:
        self._close(request, list(queryset.filter(DOWN)))

    def close_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The same for one model, from its page."""
        row = self._row_to_change(request, object_id)
        self._close(request, [row])
        return HttpResponseRedirect(reverse("admin:chat_app_modelconfig_change", args=[row.pk]))

    def _close(self, request: HttpRequest, closed: Sequence[ModelConfig]) -> None:
        count = breaker.reset([row.pk for row in closed])
        catalog.forget()
        self.note(request, closed, "Closed the breaker.")
        self.message_user(request, f"Turns go there again: {count}.", messages.SUCCESS)

    # Trying one

    def get_urls(self) -> list[Any]:
        attempt, close = (
            self.admin_site.admin_view(self.try_view),
            self.admin_site.admin_view(self.close_view),
        )
        return [
            path("<path:object_id>/try/", attempt, name="chat_app_modelconfig_try"),
            path(
                "<path:object_id>/close-breaker/",
                require_POST(close),
                name="chat_app_modelconfig_close_breaker",
            ),
            *super().get_urls(),
        ]

    def _row_to_change(self, request: HttpRequest, object_id: str) -> ModelConfig:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return row

    def try_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A text box, and the model's own answer as it comes. The stream is `consumers/try_it.py`'s."""
        row = self._row_to_change(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Try {row}",
            "opts": self.opts,
            "original": row,
            "missing": catalog.route_of(row).missing,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/chat_app/modelconfig/try.html", context)
