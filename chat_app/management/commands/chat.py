"""`manage.py chat`: a conversation in the terminal, with the runner in this process. No server is needed, none is spoken to.

What a turn is stays `chat/turns.py`'s; here are a prompt, what is printed, and what Ctrl-C means.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from chat_app.chat import turns
from chat_app.chat.runner import RUNNER
from chat_app.chat.turns import Ask, Begun
from chat_app.domain.errors import ChatError
from chat_app.domain.events import Cancelled, Completed, Failed, Interrupted, RouteChosen, Snapshot, TextDelta
from chat_app.providers import http
from sessions_app.principal import Principal

PLAIN = {
    code: "\N{REPLACEMENT CHARACTER}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"
}
DRAIN_SECONDS = 2.0

with contextlib.suppress(ImportError):  # line editing and a history, where Python was built with them
    import readline  # noqa: F401


class Command(BaseCommand):
    help = "Chat with a model in the terminal. Ctrl-C stops an answer; a second one, or Ctrl-D, leaves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("message", nargs="?", help="Ask this and leave; without it, a conversation.")
        parser.add_argument("--model", help="A model's id; else the default.")
        parser.add_argument("--user", help="Speak as this user (name or number); else as the command line.")
        parser.add_argument("--thread", help="Go on with this thread of theirs.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.principal = self._principal(options["user"])
        self.model: str | None = options["model"]
        self.thread_id: str | None = options["thread"]
        self.answered_by: str | None = None
        with asyncio.Runner() as runner:
            try:
                if options["message"] is not None:
                    if not runner.run(self._answer(options["message"])):
                        sys.exit(1)
                else:
                    self._converse(runner)
            except KeyboardInterrupt:
                self.stdout.write("")
            finally:
                runner.run(_close())

    def _principal(self, user: str | None) -> Principal:
        if user is None:
            return Principal(owner="key:cli", kind="login")
        users = get_user_model()._default_manager
        found = users.filter(username=user).first() or (
            users.filter(pk=user).first() if user.isdigit() else None
        )
        if found is None:
            raise CommandError(f"There is no user “{user}”.")
        return Principal(owner=f"user:{found.pk}", kind="login", is_staff=found.is_staff, realm="user")

    def _converse(self, runner: asyncio.Runner) -> None:
        """Ask and answer until the input ends. The loop stands still while a person types: no turn runs then."""
        prompt = "› " if sys.stdin.isatty() else ""
        while True:
            try:
                text = input(prompt)
            except EOFError:
                return
            if text.strip():
                runner.run(self._answer(text))

    async def _answer(self, text: str) -> bool:
        """Print one answer as it comes; whether there was one. The first Ctrl-C cancels this task, and so the turn."""
        ask = Ask(text, thread_id=self.thread_id, model=self.model)
        try:
            begun = await turns.start_turn(self._identify, ask)
        except ChatError as error:
            self.stderr.write(f"{error.detail} ({error.code})")
            return False
        self.thread_id = begun.thread_id or self.thread_id
        self.whole, self.said = False, 0
        following = turns.watch(begun)
        task = asyncio.current_task()
        while True:
            try:
                while (records := await following.follower.next()) is not None:
                    for record in records:
                        self._show(record.event)
                return self.whole
            except asyncio.CancelledError:
                if task is not None:
                    task.uncancel()
                await self._stop(begun)

    async def _stop(self, begun: Begun) -> None:
        await turns.cancel(self._identify, begun.turn_id)

    def _identify(self) -> Principal:
        return self.principal

    def _show(self, event: object) -> None:
        """Text as it is, but for control characters: a model must not drive the terminal."""
        match event:
            case TextDelta():
                self.said += len(event.text)
                self._say(event.text)
            case Snapshot():  # this terminal fell behind: what it has not shown yet
                self._say(event.text[self.said :])
                self.said = len(event.text)
            case RouteChosen():
                if event.reason:
                    self.stderr.write(f"({event.reason}: {event.model} answers instead)")
                elif event.model != self.answered_by:
                    self._say(f"[{event.model}] ")
                self.answered_by = event.model
            case Completed():
                self.whole = True
                self._say("\n")
            case Cancelled():
                self._say("\n")
                self.stderr.write("(stopped)")
            case Failed():
                self._say("\n")
                self.stderr.write(f"{event.detail} ({event.code})")
            case Interrupted():
                self._say("\n")
                self.stderr.write("The answer was cut off.")

    def _say(self, text: str) -> None:
        self.stdout.write(text.translate(PLAIN), ending="")
        self.stdout.flush()


async def _close() -> None:
    await RUNNER.shutdown(DRAIN_SECONDS)
    await http.close()
