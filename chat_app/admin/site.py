"""The admin's front page: Django's own, and above it how the service does. For those who may see turns and models."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from chat_app.admin import figures

admin.site.site_header = admin.site.site_title = "chatbackend"
admin.site.index_title = "Operations"
admin.site.index_template = "admin/chat_index.html"


def _context(request: HttpRequest) -> dict[str, Any]:
    if not (
        request.user.has_perm("chat_app.view_turn") and request.user.has_perm("chat_app.view_modelconfig")
    ):
        return {}
    return {
        "running": figures.running(),
        "day": figures.total(figures.by_model()),
        "idle": figures.idle_models(),
        "hours": figures.HOURS,
    }


def front_page(request: HttpRequest) -> HttpResponse:
    """`/admin/`, for who may enter it; anyone else is sent to sign in."""

    def index(request: HttpRequest) -> HttpResponse:
        return admin.site.index(request, {"service": _context(request)})

    return admin.site.admin_view(index)(request)
