"""Run as a program by `servers.py`: the database of a test's server, migrated, with its superuser."""

from __future__ import annotations

import os

import django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "chatbackend.settings"
    django.setup()
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.db import connection

    from tests.servers import ADMIN, PASSWORD

    call_command("migrate", verbosity=0, interactive=False)
    users = get_user_model().objects
    if not users.filter(username=ADMIN).exists():
        users.create_superuser(ADMIN, "admin@example.com", PASSWORD)
    if connection.vendor == "sqlite":
        # The file is copied: nothing of it may still be in the write-ahead log.
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    main()
