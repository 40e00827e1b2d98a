"""The verbs on backend keys: make one, revoke one. A key's text exists only in what `create` returns."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from . import conf, tokens
from .models import ApiKey
from .signals import owner_revoked


def check_realm(realm: str) -> None:
    """Raises ValidationError for a realm whose owners are somebody else's: users of ours, guests, keys, the outside issuer."""
    issuer = conf.outside_issuer()
    if realm in conf.RESERVED_REALMS or (issuer is not None and realm == issuer.realm):
        raise ValidationError({"realm": f'The realm "{realm}" is taken.'})


def check_scopes(scopes: Iterable[str]) -> list[str]:
    """The scopes in their usual order. Raises ValidationError for one that does not exist, or for none."""
    wanted = set(scopes)
    unknown = sorted(wanted - set(conf.SCOPES))
    if unknown or not wanted:
        raise ValidationError({"scopes": f"Give one or more of: {', '.join(conf.SCOPES)}."})
    return [scope for scope in conf.SCOPES if scope in wanted]


def equip(key: ApiKey) -> str:
    """Give an unsaved key its secret; returns the text (also `key.text`), to be shown once."""
    key.text = tokens.new_key()
    key.prefix, key.digest = tokens.shown(key.text), tokens.digest(key.text)
    return key.text


def create(name: str, realm: str = "ext", scopes: Iterable[str] = conf.SCOPES) -> tuple[ApiKey, str]:
    """A new key and its text. Raises ValidationError for a name in use, a realm that is taken, an unknown scope."""
    key = ApiKey(name=name, realm=realm, scopes=check_scopes(scopes))
    text = equip(key)
    check_realm(realm)
    key.full_clean()
    key.save(force_insert=True)
    return key, text


def revoke(key: ApiKey) -> bool:
    """End a key at once; sessions that it issued live on until they are revoked themselves. False if it was over already."""
    ended = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=timezone.now())
    if ended:
        owner = f"key:{key.pk}"
        transaction.on_commit(lambda: owner_revoked.send_robust(ApiKey, owner=owner))
    return bool(ended)
