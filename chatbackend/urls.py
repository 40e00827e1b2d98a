"""Which path goes where. Views live in the apps; streams and sockets are routed before this, in `asgi.py`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path

from chat_app.admin import front_page
from chatbackend import problems
from chatbackend.docs import Docs, Schema


def nothing_here(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """JSON for every path under /api/ that does not exist, whatever the method."""
    return problems.response(request, problems.NOT_FOUND)


urlpatterns = [
    path("admin/", front_page),
    path("admin/", admin.site.urls),
    path("api/schema", Schema.as_view(), name="schema"),
    path("api/docs", Docs.as_view(url_name="schema"), name="docs"),
    path("", include("sessions_app.urls")),
    path("", include("chat_app.urls")),
    re_path(r"^api(?:/|$)", nothing_here),
]
