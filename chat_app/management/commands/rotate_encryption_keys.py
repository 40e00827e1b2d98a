"""`manage.py rotate_encryption_keys`: write every encrypted value anew under the first of ENCRYPTION_KEYS.

1. Put a new key in front of ENCRYPTION_KEYS and restart all workers. 2. Run this. 3. Take the old key out and restart.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from chat_app.models import sql
from chat_app.models.fields import EncryptedTextField, fernet

BATCH = 100  # rows in a transaction


class Command(BaseCommand):
    help = (
        "Encrypts all stored keys anew with the first of ENCRYPTION_KEYS, so that the others can be taken out of it. What "
        "none of them opens is left as it is, named, and makes the exit code 1."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            fernet()
        except (ImproperlyConfigured, ValueError):
            raise CommandError("ENCRYPTION_KEYS is not set, or not valid: nothing was changed.") from None
        count, unreadable = 0, []
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, EncryptedTextField):
                    done, left = _renew(model, field.attname)
                    count += done
                    unreadable += [f"{model._meta.verbose_name} {pk}" for pk in left]
        self.stdout.write(f"Encrypted anew: {count}.")
        if unreadable:
            self.stderr.write(f"None of ENCRYPTION_KEYS opens the value of: {', '.join(unreadable)}.")
            sys.exit(1)


def _renew(model: type[models.Model], column: str) -> tuple[int, list[Any]]:
    """How many values were written, and the rows whose value no key opens."""
    rows = model._default_manager
    ids = list(rows.exclude(**{column: ""}).order_by("pk").values_list("pk", flat=True))
    count, unreadable = 0, []
    for start in range(0, len(ids), BATCH):
        done, left = _renew_some(model, column, ids[start : start + BATCH])
        count += done
        unreadable += left
    return count, unreadable


def _renew_some(model: type[models.Model], column: str, ids: Sequence[Any]) -> tuple[int, list[Any]]:
    """The same for some rows. They are locked from the reading on: a key that is saved meanwhile is read here or waits."""
    count, unreadable = 0, []
    with sql.atomic():
        rows = model._default_manager.select_for_update().filter(pk__in=ids).order_by("pk")
        for pk, value in rows.values_list("pk", column):
            if value == EncryptedTextField.UNREADABLE:
                unreadable.append(pk)
            elif value:
                model._default_manager.filter(pk=pk).update(**{column: value})
                count += 1
    return count, unreadable
