"""`manage.py import_hosted_threads`: bring the threads of a hosted ChatKit over, while OpenAI's API still gives them out.

How that is done is `chat/hosted/`'s; here are the options, who a hosted user is here, and what is printed.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat_app.chat.hosted.move import Account, OwnerOf, Wish, move
from chat_app.domain.errors import UpstreamError
from chat_app.management.bar import Bar
from chat_app.providers import http
from chat_app.providers.openai.hosted import Api
from chat_app.providers.text import clean

REALM = re.compile(r"[a-z][a-z0-9_-]{0,31}")
OWNER = re.compile(r"[a-z][a-z0-9_-]{0,31}:[^\x00-\x1f\x7f]+")
MOST = 255  # characters of an owner


class Command(BaseCommand):
    help = (
        "Brings the threads of OpenAI's hosted ChatKit over, by OPENAI_API_KEY. Run it as often as you like, and again where "
        "it was stopped: nothing is there twice, what is new is added, and a thread in which somebody went on here stays as "
        "it is. Exit code 1 if a thread failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", action="append", default=[], help="A hosted user; may be repeated.")
        parser.add_argument(
            "--realm", default="ext", help="Whose the threads are: <realm>:<hosted user> (default: ext)."
        )
        parser.add_argument(
            "--own-users",
            action="store_true",
            help="Hosted users that are owners already (user:5, ext:42), as this server names them, stay so.",
        )
        parser.add_argument(
            "--owner-map", type=Path, metavar="FILE", help='JSON {"hosted user": "owner"}, for some or all.'
        )
        parser.add_argument(
            "--since", type=_moment, help="Threads made since this day or time (ISO 8601, UTC)."
        )
        parser.add_argument("--limit", type=_count, help="At most so many threads.")
        parser.add_argument("--dry-run", action="store_true", help="Read everything, write nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.OPENAI_API_KEY:
            raise CommandError(
                "OPENAI_API_KEY is not set: it must be a key of the project that has the threads."
            )
        wish = Wish(
            owner_of=_owners(options["realm"], options["owner_map"], options["own_users"]),
            users=options["user"],
            since=options["since"],
            limit=options["limit"],
            write=not options["dry_run"],
        )
        bar = Bar(sys.stderr)
        try:
            account = asyncio.run(_run(Api(settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY), wish, bar))
        except UpstreamError as error:
            bar.end()
            raise CommandError(f"The threads cannot be listed. {error.detail}") from None
        except KeyboardInterrupt:
            bar.end()
            raise CommandError("Stopped. What was brought over stays; run it again to go on.") from None
        bar.end()
        self._tell(account, wish.write)
        if not account.whole:
            sys.exit(1)

    def _tell(self, account: Account, wrote: bool) -> None:
        outcomes = ", ".join(f"{count:,} {what}" for what, count in account.threads.most_common())
        items = f"{account.items:,} items {'added or changed' if wrote else 'to add or change'}"
        self.stdout.write(f"{account.done:,} of {account.found:,} threads: {outcomes or 'none'}; {items}.")
        for kind, count in account.left_out.most_common():
            self.stdout.write(f"left out: {count:,} items of the type {kind}, which cannot be shown here")
        for thread, why in account.failed.items():
            self.stderr.write(f"failed: {thread}: {why}")
        if account.stopped:
            self.stderr.write(f"stopped: {account.stopped} The key is no longer taken.")
        if not account.whole:
            self.stderr.write(
                "Run the command again: what was brought over stays, the rest is tried once more."
            )
        if not wrote:
            self.stdout.write("Nothing was written.")


async def _run(api: Api, wish: Wish, bar: Bar) -> Account:
    def tell(account: Account) -> None:
        if account.done:
            failed = f", {len(account.failed):,} failed" if account.failed else ""
            bar.show(account.done, account.found, f"threads{failed}")
        else:
            bar.show(0, 0, f"threads found: {account.found:,}")

    try:
        return await move(api, wish, tell)
    finally:
        await http.close()


def _owners(realm: str, path: Path | None, own: bool) -> OwnerOf:
    """Who a hosted user is here: by the map, else by its own name where that is an owner's, else in the realm."""
    if not REALM.fullmatch(realm):
        raise CommandError("--realm: lower-case letters, digits, dash and underscore, a letter first.")
    known = _map(path) if path is not None else {}

    def owner_of(user: str) -> str:
        owner = known.get(user) or (user if own and OWNER.fullmatch(user) else f"{realm}:{user}")
        if not OWNER.fullmatch(owner) or len(owner) > MOST or clean(owner) != owner:
            raise ValueError(f"Nobody can be called {owner[:80]!r} here; name an owner by --owner-map.")
        return owner

    return owner_of


def _map(path: Path) -> dict[str, str]:
    try:
        known = json.loads(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or 'It cannot be read.'}") from None
    except ValueError:
        raise CommandError(f"{path}: It is no JSON.") from None
    if not isinstance(known, dict):
        raise CommandError(f'{path}: It is no object such as {{"hosted user": "ext:42"}}.')
    for user, owner in known.items():
        if not isinstance(owner, str) or not OWNER.fullmatch(owner) or len(owner) > MOST:
            raise CommandError(f"{path}: {user!r} needs an owner such as ext:42 or user:7.")
    return known


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a day such as 2026-01-31, or a time in ISO 8601") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError("a number above 0")
    return int(text)
