"""The chat page at `/`: one element, its address book and its own Content-Security-Policy. No chat happens here.

The page itself identifies nobody: its element asks `POST /api/custom/session`, which lets a login, a known guest or (where
guests are allowed) a new one in. What the page knows of a login it only shows.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

# `trusted-types dompurify`: HTML is parsed by the sanitiser and by nothing else on the page.
CSP: Final = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types dompurify",
    ]
)

# What the entry module imports, so that a browser fetches it all at once; the page's test holds it to the truth.
MODULES: Final = (
    "actions/session.js",
    "actions/threads.js",
    "actions/turns.js",
    "api/backoff.js",
    "api/client.js",
    "api/follow.js",
    "api/http.js",
    "api/sse.js",
    "app.js",
    "render/decorate.js",
    "render/highlight.js",
    "render/parser.js",
    "render/sanitise.js",
    "render/stream.js",
    "state/fold.js",
    "state/kept.js",
    "state/messages.js",
    "state/store.js",
    "vendor/marked.esm.js",
    "vendor/purify.es.js",
    "view/announcer.js",
    "view/banner.js",
    "view/composer.js",
    "view/conversation.js",
    "view/copy.js",
    "view/dialog.js",
    "view/dom.js",
    "view/empty.js",
    "view/icons.js",
    "view/menu.js",
    "view/message.js",
    "view/picker.js",
    "view/sidebar.js",
    "view/theme.js",
    "view/threadrow.js",
    "view/topbar.js",
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The chat page. -> 200 text/html with a Content-Security-Policy of its own."""
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    context = {
        "static": f"{settings.STATIC_URL}chat_app/",
        "modules": MODULES,
        "person": user.get_username() if user is not None and known else "",
        "admin": _address("admin:index") if known and getattr(user, "is_staff", False) else "",
        "login": "" if known else _login_address(),
        "guests": settings.ALLOW_GUESTS,
    }
    response = render(request, "chat_app/index.html", context)
    response["Content-Security-Policy"] = CSP
    response["Cache-Control"] = "private, no-cache"
    return response


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """The icon of pages that name none, the admin's for one. -> 302 to the static file."""
    return HttpResponseRedirect(static("chat_app/icon.svg"))


def _login_address() -> str:
    login = _address("admin:login")
    return f"{login}?next={_address('chat-page')}" if login else ""


def _address(name: str) -> str:
    """The path of a named view, empty where this installation has none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""
