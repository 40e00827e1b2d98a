"""Reading Django's login cookie without its middleware: two selects and no write. Logging in and out stays Django's own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)

from . import tokens

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def user_of(session_key: str) -> User | None:
    """The active user whose login this is; None for a login that is unknown, over, or older than the user's password."""
    data = import_module(settings.SESSION_ENGINE).SessionStore(session_key).load()
    backend_path = data.get(BACKEND_SESSION_KEY)
    if SESSION_KEY not in data or backend_path not in settings.AUTHENTICATION_BACKENDS:
        return None
    pk = get_user_model()._meta.pk.to_python(data[SESSION_KEY])
    user = load_backend(backend_path).get_user(pk)
    if user is None or not user.is_active:
        return None
    stored = data.get(HASH_SESSION_KEY) or ""
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(tokens.same(stored, one) for one in hashes) else None


def grant_of(session_key: str) -> str:
    """The name of a login as a grant, by which what hangs from it is found when it ends."""
    return f"login_{tokens.digest(session_key)}"
