"""`manage.py create_api_key NAME [--realm REALM] [--scopes SCOPE ...]`: make a backend key and print it, once."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from sessions_app import conf, keys


class Command(BaseCommand):
    help = "Makes a backend key for a customer's server and prints it. It is kept nowhere else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what people know the key by; unique")
        parser.add_argument("--realm", default="ext", help="whose users it names (default: ext)")
        parser.add_argument(
            "--scopes", nargs="+", default=list(conf.SCOPES), help=f"of {', '.join(conf.SCOPES)}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scopes = [scope for given in options["scopes"] for scope in given.split(",") if scope]
        try:
            key, text = keys.create(options["name"], options["realm"], scopes)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stderr.write(f"{key.name}: realm {key.realm}, scopes {', '.join(key.scopes)}. Shown this once:")
        self.stdout.write(text)
