"""Text of a model as text that can be stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.providers.text import Cleaner


def clean(*pieces: str) -> str:
    cleaner = Cleaner()
    return "".join([*map(cleaner.clean, pieces), cleaner.rest()])


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["plain"], "plain"),
        (["a\0b"], "a\ufffdb"),
        (["\ud800"], "\ufffd"),
        (["\ude00x"], "\ufffdx"),
        (["\ud83d", "\ude00"], "😀"),
        (["a\ud83d", "", "\ude00b"], "a😀b"),
        (["\ud83d", "x"], "\ufffdx"),
        (["\ud83d\ud83d", "\ude00"], "\ufffd😀"),
    ],
)
def test_pieces_become_storable_text(pieces: list[str], text: str) -> None:
    assert clean(*pieces) == text


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="\0", codec="utf-8"))))
def test_healthy_text_is_left_as_it_is(pieces: list[str]) -> None:
    assert clean(*pieces) == "".join(pieces)


@given(st.lists(st.text(alphabet=st.sampled_from("a\0é😀\ud83d\ude00\udfff"))))
def test_any_text_becomes_text_that_can_be_encoded(pieces: list[str]) -> None:
    assert b"\0" not in clean(*pieces).encode()
