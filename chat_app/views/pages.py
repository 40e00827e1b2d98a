"""The chat page at `/`: one element, what the page tells it, and a Content-Security-Policy of its own. No chat happens here.

The element is our own. With `CHATKIT_DOMAIN_KEY` it is OpenAI's, whose script comes from OpenAI's host and nowhere else can
be had; where that does not come up, the page shows our own. A stranger who may not be a guest gets our own at once: the page
around it knows the way to the login.

The page itself identifies nobody: its element asks `POST /api/custom/session`, which lets a login, a known guest or (where
guests are allowed) a new one in. What the page knows of a login it only shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_safe

from chat_app.conf import limit

CHATKIT_SCRIPT: Final = "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js"
CHATKIT_HOST: Final = "https://cdn.platform.openai.com"

# `trusted-types dompurify`: HTML is parsed by the sanitiser and by nothing else on the page.
POLICY: Final = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "dompurify",
}
# Wider for OpenAI's host alone. Its element styles itself by a sheet in its shadow, which has no hash that could be known,
# and how its script handles HTML is not ours to say; so neither is held to our rules for them.
CHATKIT_POLICY: Final = {
    **{name: value for name, value in POLICY.items() if "trusted-types" not in name},
    "script-src": f"'self' {CHATKIT_HOST}",
    "style-src": "'self' 'unsafe-inline'",
    "style-src-attr": "'none'",
    "connect-src": f"'self' {CHATKIT_HOST}",
    "frame-src": CHATKIT_HOST,
}


def _header(policy: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}" for name, value in policy.items())


CSP: Final = _header(POLICY)
CHATKIT_CSP: Final = _header(CHATKIT_POLICY)

# What the entry modules import, so that a browser fetches it all at once; the page's test holds it to the truth.
MODULES: Final = (
    "chatkit/built/connect/index.js",
    "chatkit/built/element.js",
    "page/options.js",
    "page/own.js",
    "page/place.js",
    "page/scheme.js",
    "page/visit.js",
)

SHEET: Final = "chatkit/built/styles/chat.css"  # what the element fetches for itself

CHATKIT_MODULES: Final = (
    "connect.js",
    "connect/answer.js",
    "connect/backend.js",
    "connect/backoff.js",
    "connect/calls.js",
    "connect/connector.js",
    "connect/frames.js",
    "connect/index.js",
    "connect/news.js",
    "connect/routes.js",
    "connect/running.js",
    "connect/secret.js",
    "connect/updates.js",
    "page/options.js",
    "page/place.js",
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The chat page. -> 200 text/html with a Content-Security-Policy of its own."""
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    with_chatkit = bool(settings.CHATKIT_DOMAIN_KEY) and (known or settings.ALLOW_GUESTS)
    context = {
        "static": f"{settings.STATIC_URL}chat_app/",
        "modules": CHATKIT_MODULES if with_chatkit else MODULES,
        "sheet": SHEET,
        "person": user.get_username() if user is not None and known else "",
        "admin": _address("admin:index") if known and getattr(user, "is_staff", False) else "",
        "login": "" if known else _login_address(),
        "guests": settings.ALLOW_GUESTS,
        "dictation": bool(settings.TRANSCRIPTION_MODEL),
        "max_length": limit("MAX_MESSAGE"),
        "max_size": limit("MAX_ATTACHMENT"),
        "max_count": limit("ATTACHMENTS_A_MESSAGE"),
    }
    if with_chatkit:
        return _chatkit(request, context)
    response = render(request, "chat_app/index.html", context)
    response["Content-Security-Policy"] = CSP
    response["Cache-Control"] = "private, no-cache"
    return response


def _chatkit(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The page with OpenAI's element. Its frame is told from which origin it was loaded: that is what a domain key is for."""
    told = {
        **context,
        "script": CHATKIT_SCRIPT,
        "key": settings.CHATKIT_DOMAIN_KEY,
        "upload": reverse("attachments"),
    }
    response = render(request, "chat_app/chatkit.html", told)
    response["Content-Security-Policy"] = CHATKIT_CSP
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
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
