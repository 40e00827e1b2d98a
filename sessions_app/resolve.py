"""Where a credential becomes a principal: the only place. DRF, Channels and the pages are thin skins over `resolve`.

A credential that is named (a token in the call, Authorization, X-Auth-Token, a subprotocol) beats every cookie and must be
good; cookies are asked only when nothing was named, and only from a page that may use them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from . import conf, families, guests, issuer, logins, tokens
from .credentials import Credentials
from .errors import Unauthenticated
from .lookup import Lookup
from .models import ApiKey, ChatSession
from .principal import Principal

_by_digest = Lookup(ChatSession, "token_digest")
ENVIRONMENT_KEY = "env"
_DOTS_OF_A_JWT = 2


def resolve(credentials: Credentials, token: str | None = None) -> Principal:
    """Who is speaking. Raises Unauthenticated where nobody is, or where anything that was named is not good.

    `token` is a client secret or JWT named in the body, query or path: it speaks before anything else. Beside a backend key
    both must be valid, the session one of the key's realm, and the session's user speaks.
    """
    principal = resolve_or_none(credentials, token)
    if principal is None:
        raise Unauthenticated
    return principal


def resolve_or_none(credentials: Credentials, token: str | None = None) -> Principal | None:
    """`resolve`, but None where nothing was named and no cookie speaks: a stranger, perhaps a guest to be."""
    named = [
        _named(raw, key_allowed=place == 1)
        for place, raw in enumerate(
            (token, credentials.bearer, credentials.auth_token, credentials.subprotocol_token)
        )
        if raw is not None
    ]
    if not named:
        return _by_cookies(credentials) if credentials.cookies and credentials.cookies_count() else None
    speaker = next((one for one in named if one.kind != "key"), named[0])
    key = next((one for one in named if one.kind == "key"), None)
    if speaker.kind == "session" and key is not None and speaker.realm != key.realm:
        raise Unauthenticated
    if speaker.kind == "jwt" and credentials.session_cookie and credentials.cookies_count():
        return _continue(speaker, _cookie_session(credentials))
    return speaker


def find_session(raw: str) -> ChatSession | None:
    """The living session of a client secret (or of the one before its last refresh, for a minute); None otherwise."""
    wanted, now = tokens.digest(raw), timezone.now()
    session = _by_digest(wanted)
    if session is not None:
        good = tokens.same(session.token_digest, wanted)
    else:
        found = ChatSession.objects.filter(previous_digest=wanted, previous_until__gt=now).first()
        if found is None:
            return None
        session, good = found, tokens.same(found.previous_digest or "", wanted)
    if not good or session.state(now) != "active" or not _owner_may_speak(session):
        return None
    _touch_session(session, now)
    return session


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    realm: str
    scopes: frozenset[str]


def _named(raw: str, *, key_allowed: bool) -> Principal:
    """The principal of one named credential, told apart by its shape. Raises Unauthenticated."""
    if key_allowed and (key := _find_key(raw)):
        return Principal(owner=f"key:{key.id}", kind="key", key_id=key.id, realm=key.realm, scopes=key.scopes)
    if raw.startswith(tokens.SECRET_PREFIX):
        session = find_session(raw)
        if session is not None:
            return _session_principal(session)
    elif raw.count(".") == _DOTS_OF_A_JWT:
        return _jwt_principal(raw)
    raise Unauthenticated


def _find_key(raw: str) -> _Key | None:
    wanted = tokens.digest(raw)
    environment = conf.backend_key_digest()
    if environment is not None and tokens.same(environment, wanted):
        return _Key(ENVIRONMENT_KEY, "ext", frozenset(conf.SCOPES))
    if not raw.startswith(tokens.KEY_PREFIX):
        return None
    row = ApiKey.objects.filter(digest=wanted, revoked_at__isnull=True).first()
    if row is None or not tokens.same(row.digest, wanted):
        return None
    now = timezone.now()
    if row.last_used_at is None or now - row.last_used_at > timedelta(seconds=conf.SEEN_EVERY_SECONDS):
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    return _Key(row.pk, row.realm, frozenset(row.scopes))


def _jwt_principal(raw: str) -> Principal:
    if issuer.is_outside(raw):
        claim = issuer.read(raw)
        return Principal(owner=claim.owner, kind="jwt", realm=claim.realm, expires_at=claim.expires_at)
    speaker = families.read(raw)
    return Principal(
        owner=families.owner_of(speaker.user),
        kind="jwt",
        is_staff=speaker.user.is_staff,
        expires_at=speaker.expires_at,
        realm="user",
        grant=speaker.family_id,
    )


def _session_principal(session: ChatSession) -> Principal:
    return Principal(
        owner=session.owner,
        kind="session",
        guest=session.realm == "guest",
        session_id=session.pk,
        session_model=session.model,
        expires_at=session.expires_at,
        realm=session.realm,
        grant=session.grant,
    )


def _by_cookies(credentials: Credentials) -> Principal | None:
    """The login first; else the session of the browser; else the guest. A cookie that is no good is as good as none."""
    user = logins.user_of(credentials.login_cookie) if credentials.login_cookie else None
    session = _cookie_session(credentials)
    if user is not None:
        speaker = Principal(
            owner=families.owner_of(user),
            kind="login",
            is_staff=user.is_staff,
            realm="user",
            grant=logins.grant_of(credentials.login_cookie or ""),
        )
        return _continue(speaker, session)
    guest = guests.owner_in(credentials.guest_cookie) if credentials.guest_cookie else None
    if session is not None and session.owner != guest:
        return _session_principal(session)
    return _continue(guests.principal_of(guest), session) if guest is not None else None


def _cookie_session(credentials: Credentials) -> ChatSession | None:
    raw = credentials.session_cookie
    return find_session(raw) if raw and raw.startswith(tokens.SECRET_PREFIX) else None


def _continue(speaker: Principal, session: ChatSession | None) -> Principal:
    """The speaker with the browser's session as theirs, if it is of the same owner."""
    if session is None or session.owner != speaker.owner:
        return speaker
    return replace(speaker, session_id=session.pk, session_model=session.model)


def _owner_may_speak(session: ChatSession) -> bool:
    """Whether the owner is still let in: a guest where guests are, a user of ours who is active."""
    if session.realm == "guest":
        return conf.allow_guests()
    if session.realm == "user":
        pk = session.owner.partition(":")[2]
        return get_user_model()._default_manager.filter(pk=pk, is_active=True).exists()
    return True


def _touch_session(session: ChatSession, now: datetime) -> None:
    if now - session.last_seen_at > timedelta(seconds=conf.SEEN_EVERY_SECONDS):
        ChatSession.objects.filter(pk=session.pk).update(last_seen_at=now)
