"""Quotas in the admin: who may use how much, how much of it is used, and the action that lets a period begin anew.

The counters are the service's own: looked at and set back here, never edited.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from chat_app.admin.lists import Listing, ReadOnly, link
from chat_app.admin.usage_page import count, money
from chat_app.chat import quotas
from chat_app.models import Quota, QuotaUse
from sessions_app.models import ApiKey

OWNER = re.compile(r"[a-z0-9][a-z0-9_-]*:.+")
SHOWN = 20  # uses with a quota; all of them are in the list of uses
NEARLY = Decimal("0.8")  # of a limit, from where on a bar warns
LIMITS = ("turns", "tokens", "cost")
NOTHING = {"turns": 0, "tokens": 0, "cost": Decimal(0)}


class QuotaForm(forms.ModelForm):
    class Meta:
        model = Quota
        fields = ("kind", "subject", "model", "period", *LIMITS, "enabled")
        labels = {"cost": "Cost (USD)", "kind": "Counts for"}
        help_texts = {
            "subject": "One owner such as ext:42 or user:1, or one key: its id (key_…), or env for BACKEND_KEY. Empty: each of "
            "them, except who has a quota of their own for the same model and period.",
            "model": "The model that is asked for, whichever answers. Empty: all together.",
            "period": "Of the calendar, in UTC.",
            "turns": "Empty: no limit. 0: none at all.",
            "tokens": "Prompt and answer together.",
            "cost": "By the prices of the models.",
        }

    def clean_subject(self) -> str:
        return str(self.cleaned_data["subject"]).strip()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not any(self.errors.get(name) or cleaned.get(name) is not None for name in LIMITS):
            raise ValidationError("Set at least one limit: turns, tokens or cost.")
        if "subject" in cleaned and (problem := _problem(cleaned.get("kind", ""), cleaned["subject"])):
            self.add_error("subject", problem)
        same = {name: cleaned.get(name) for name in ("kind", "subject", "model", "period")}
        if not self.errors and Quota.objects.filter(**_same(same)).exclude(pk=self.instance.pk).exists():
            raise ValidationError("There is a quota for the same subject, model and period already.")
        return cleaned


def _problem(kind: str, subject: str) -> str:
    """What is wrong with a subject, empty where nothing is."""
    if not subject:
        return ""
    if kind == "key":
        known = subject == "env" or ApiKey.objects.filter(pk=subject).exists()
        return "" if known else "There is no such backend key: give its id (key_…), or env for BACKEND_KEY."
    if subject.startswith(quotas.KEY_OWNER):
        return "A backend key is no user: let the quota count for a backend key."
    return "" if OWNER.fullmatch(subject) else "An owner is realm:id, for example ext:42 or user:1."


def _same(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as a filter: an absent model is one that is NULL."""
    return {
        f"{name}__isnull" if value is None else name: value is None or value for name, value in fields.items()
    }


@admin.register(Quota)
class QuotaAdmin(Listing):
    form = QuotaForm
    list_display = ("who", "used", "of_model", "period")
    list_filter = ("kind", "period", "enabled")
    search_fields = ("subject",)
    search_help_text = "An owner (ext:42) or a key's id."
    sortable_by = ()
    ordering = ("kind", "subject", "pk")
    list_select_related = ("model",)
    actions = ("begin_anew",)
    fieldsets = (
        (None, {"fields": ("kind", "subject", "model", "period", "enabled")}),
        ("Limits", {"fields": LIMITS, "description": "The first one that is reached refuses further turns."}),
    )

    class Media:
        css = {"all": ("chat_app/admin/admin.css", "chat_app/admin/usage.css")}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only a choice: models are made and looked at on pages of their own."""
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "model":
            for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
                setattr(field.widget, name, False)
            field.empty_label = "all together"
        return field

    def complete(self, rows: Sequence[Any]) -> None:
        """The most that anybody has used of each in the period that is under way."""
        now = timezone.now()
        starts = {row.pk: quotas.span(row.period, now)[0] for row in rows}
        uses = QuotaUse.objects.filter(
            quota__in=list(starts), period_start__in=set(starts.values())
        ).order_by()
        most = uses.values("quota_id", "period_start").annotate(
            subjects=Count("pk"), **{f"most_{name}": Max(name) for name in LIMITS}
        )
        known = {(entry["quota_id"], entry["period_start"]): entry for entry in most}
        keys = [row.subject for row in rows if row.kind == "key" and row.subject]
        names = dict(ApiKey.objects.filter(pk__in=keys).values_list("pk", "name"))
        for row in rows:
            row.key_name = names.get(row.subject, "")
            row.most = known.get((row.pk, starts[row.pk]))

    @admin.display(description="for")
    def who(self, quota: Any) -> str:
        """The subject, a key by its name; and whether it is off."""
        name = quota.key_name or quota.subject or f"each {quota.get_kind_display()}"
        return name if quota.enabled else format_html('{} <span class="chat-quiet">(off)</span>', name)

    @admin.display(description="model")
    def of_model(self, quota: Quota) -> str:
        return str(quota.model_id or "all")

    @admin.display(description="used in this period")
    def used(self, quota: Any) -> str:
        most: dict[str, Any] = quota.most or {"subjects": 0}
        values = {name: most.get(f"most_{name}", 0) for name in LIMITS}
        drawn = bars(quota, values)
        if quota.subject:
            return drawn
        address = f"{reverse('admin:chat_app_quotause_changelist')}?quota__id__exact={quota.pk}"
        words = f"the most by one of {most['subjects']}" if most["subjects"] else "by nobody yet"
        return format_html('{}<a class="chat-quiet" href="{}">{}</a>', drawn, address, words)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """With the uses of the period that is under way, the greatest first."""
        quota = self.get_object(request, unquote(object_id))
        extra: dict[str, Any] = {}
        if quota is not None:
            start, end = quotas.span(quota.period, timezone.now())
            uses = QuotaUse.objects.filter(quota=quota, period_start=start)
            found = list(uses.order_by("-turns", "-tokens", "pk")[: SHOWN + 1])
            lines = [
                (use.subject, bars(quota, {name: getattr(use, name) for name in LIMITS}))
                for use in found[:SHOWN]
            ]
            extra = {"uses": lines, "more": len(found) > SHOWN, "start": start, "end": end}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    @admin.action(description="Begin the period anew: nothing used", permissions=["change"])
    def begin_anew(self, request: HttpRequest, queryset: QuerySet[Quota]) -> None:
        now, changed = timezone.now(), 0
        for quota in queryset:
            uses = QuotaUse.objects.filter(quota=quota, period_start=quotas.span(quota.period, now)[0])
            freed = uses.update(**NOTHING)
            self.note(request, [quota], f"The {quota.period} began anew for {freed}.")
            changed += freed
        self.message_user(request, f"Began anew: {changed}.", messages.SUCCESS)


@admin.register(QuotaUse)
class QuotaUseAdmin(ReadOnly):
    heading = "Uses of quotas"
    list_display = ("subject", "used", "quota_link", "since")
    list_filter = ("period_start",)
    search_fields = ("subject__startswith",)
    search_help_text = "The beginning of an owner (ext:42) or of a key's id."
    sortable_by = ()
    ordering = ("-pk",)
    list_select_related = ("quota",)
    actions = ("set_back",)
    fields = ("subject", "quota_link", "since", "used")
    readonly_fields = fields

    class Media:
        css = {"all": ("chat_app/admin/admin.css", "chat_app/admin/usage.css")}

    @admin.display(description="quota")
    def quota_link(self, use: QuotaUse) -> str:
        words = f"{use.quota}, {use.quota.model_id}" if use.quota.model_id else str(use.quota)
        return link("chat_app_quota", str(use.quota_id), words)

    @admin.display(description="period since (UTC)")
    def since(self, use: QuotaUse) -> str:
        return f"{use.period_start:%Y-%m-%d %H:%M}"

    def used(self, use: QuotaUse) -> str:
        return bars(use.quota, {name: getattr(use, name) for name in LIMITS})

    @admin.action(description="Set back to nothing used", permissions=["change"])
    def set_back(self, request: HttpRequest, queryset: QuerySet[QuotaUse]) -> None:
        changed: list[Model] = list(queryset)
        QuotaUse.objects.filter(pk__in=[use.pk for use in changed]).update(**NOTHING)
        self.note(request, changed, "Set back to nothing used.")
        self.message_user(request, f"Set back: {len(changed)}.", messages.SUCCESS)


def bars(quota: Quota, values: dict[str, Any]) -> SafeString:
    """One bar and its words for each limit, from what is used of it."""
    lines = []
    for name in LIMITS:
        limit = getattr(quota, name)
        if limit is not None:
            say = money if name == "cost" else count
            what = "" if name == "cost" else f" {name}"
            share = min(Decimal(1), Decimal(values[name]) / Decimal(limit)) if limit else Decimal(1)
            style = "full" if share >= 1 else "nearly" if share >= NEARLY else "some"
            lines.append((style, round(share * 100), f"{say(values[name])} of {say(limit)}{what}"))
    return format_html_join(
        "",
        '<div class="quota"><svg class="quota-bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="quota-whole" width="100" height="8"/><rect class="quota-{}" width="{}" height="8"/></svg>{}</div>',
        lines,
    )
