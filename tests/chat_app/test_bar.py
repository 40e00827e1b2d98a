"""The line that says how far a command is: drawn anew on a terminal, now and then elsewhere."""

from __future__ import annotations

from io import StringIO

import pytest

from chat_app.management import bar
from chat_app.management.bar import Bar


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_has_one_line_that_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "ON_TERMINAL", 0)
    out = Terminal()
    drawn = Bar(out)
    drawn.show(0, 0, "1,200 threads found")
    drawn.show(600, 1200, "threads")
    drawn.show(1200, 1200, "threads, 1 failed")
    drawn.end()
    first, second, third = out.getvalue().lstrip("\r").split("\r")
    assert first == "1,200 threads found"
    assert second == f"[{'#' * 15}{'.' * 15}] 600 of 1,200 threads"
    assert third == f"[{'#' * 30}] 1,200 of 1,200 threads, 1 failed\n"


def test_shorter_line_leaves_nothing_of_a_longer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "ON_TERMINAL", 0)
    out = Terminal()
    drawn = Bar(out)
    drawn.show(0, 0, "a long line")
    drawn.show(0, 0, "short")
    assert out.getvalue() == "\ra long line\rshort      "


def test_file_gets_a_line_now_and_then_and_the_last() -> None:
    out = StringIO()
    drawn = Bar(out)
    for done in range(1001):
        drawn.show(done, 1000, "threads")
    drawn.end()
    assert out.getvalue() == "0 of 1,000 threads\n1,000 of 1,000 threads\n"
