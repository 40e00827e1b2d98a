"""The page that shows a secret exactly once: the answer to the POST that made it, kept by nobody."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def shown_once(
    site: ModelAdmin[Any], request: HttpRequest, *, title: str, secret: str, facts: list[tuple[str, str]]
) -> HttpResponse:
    """A page with the secret and what is known of it. It is no redirect, so the secret never rests in a session or cookie."""
    context = {
        **site.admin_site.each_context(request),
        "title": title,
        "opts": site.opts,
        "secret": secret,
        "facts": facts,
    }
    response = render(request, "sessions_app/admin/secret.html", context)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response
