"""A value that is read from the rows once a second."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat_app.chat import kept
from chat_app.chat.kept import Kept


def counting() -> Callable[[], int]:
    """A load that says how often it was called."""
    calls = iter(range(1, 1000))
    return lambda: next(calls)


def test_value_holds_until_its_second_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("chat_app.chat.kept.time.monotonic", lambda: now)
    value = Kept(counting())
    assert [value.get(), value.get()] == [1, 1]
    now += kept.SECONDS
    assert value.get() == 2


def test_forgotten_value_is_loaded_anew() -> None:
    value = Kept(counting())
    value.get()
    value.forget()
    assert value.get() == 2


def test_value_that_was_forgotten_while_it_was_loaded_is_not_kept() -> None:
    load = counting()

    def forgotten_meanwhile() -> int:
        found = load()
        if found == 1:
            value.forget()
        return found

    value = Kept(forgotten_meanwhile)
    assert [value.get(), value.get(), value.get()] == [1, 2, 2]


def test_of_many_threads_one_loads() -> None:
    load, together = counting(), threading.Barrier(8)
    value = Kept(load)

    def ask(_: int) -> int:
        together.wait(5)
        return value.get()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {1}
    assert load() == 2


def test_failed_load_is_told_and_tried_again() -> None:
    load = counting()

    def fails_once() -> int:
        if (found := load()) == 1:
            raise RuntimeError
        return found

    value = Kept(fails_once)
    with pytest.raises(RuntimeError):
        value.get()
    assert value.get() == 2
