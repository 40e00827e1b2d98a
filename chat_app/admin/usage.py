"""The page of figures: what was used in a range of time, as totals, charts and lists, and as CSV. For who may view turns.

What is counted, and how, is `usage_figures.py`'s; how it is said `usage_page.py`'s; how a chart is drawn `charts.py`'s.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from chat_app.admin import charts, usage_figures, usage_files, usage_page
from chat_app.admin.usage_figures import Range
from chat_app.admin.usage_page import RANGES, link
from chat_app.models import ModelConfig, Usage


@admin.register(Usage)
class UsageAdmin(admin.ModelAdmin):
    """One page in place of a list of rows."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("chat_app.view_turn"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        return [path("", self.admin_site.admin_view(self.page), name="chat_app_usage_changelist")]

    def page(self, request: HttpRequest) -> HttpResponse:
        """`?range=24h|7d|30d|90d&model=&owner=`, and `&csv=days|models|users|sessions|keys` for a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = _asked(request)
        wanted = request.GET.get("csv", "")
        if wanted in usage_files.FILES:
            return usage_files.response(wanted, asked)
        report = usage_figures.report(asked)
        context = {
            **self.admin_site.each_context(request),
            "title": "Usage",
            "opts": self.opts,
            "asked": asked,
            "ranges": [(name, words, link(asked, range=name)) for name, words in RANGES.items()],
            "models": sorted(
                {*ModelConfig.objects.values_list("pk", flat=True), *filter(None, [asked.model])}
            ),
            "all": link(asked, model="", owner=""),
            "total": report.total,
            "figures": usage_page.cards(report),
            "hatchings": charts.hatchings(),
            "charts": usage_page.all_charts(report),
            "tables": usage_page.tables(asked, report),
            "days_file": link(asked, csv="days"),
        }
        return TemplateResponse(request, "admin/chat_app/usage.html", context)


def _asked(request: HttpRequest) -> Range:
    text = {name: request.GET.get(name, "").replace("\x00", "").strip() for name in ("model", "owner")}
    name = request.GET.get("range", "")
    return Range(name if name in RANGES else "7d", text["model"], text["owner"])
