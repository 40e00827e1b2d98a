"""Remarks made of thoughts, and the tags that some models put around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chat_app.providers.openai.reasoning import INTERVAL, LIMIT, ThinkTags, Thoughts, last_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        (" \n\n", ""),
        ("Hm", "Hm"),
        ("First this.\nThen  that\n\n", "Then that"),
        ("**Adding the numbers**\n\n", "Adding the numbers"),
        ("- one\n- two", "two"),
        ("a\x00b\x1b[31mc\x9b", "a b [31mc"),
        ("👩‍🚀 שלום", "👩‍🚀 שלום"),
        ("x" * 100 + ". " + "Now this. " * 30, "Now this. " * 18 + "Now this."),
        ("word " * 100, "… " + "word " * 38 + "word"),
        ("字。" * 200, "字。" * 98),
        ("x" * 500, "… " + "x" * (LIMIT - 2)),
    ],
)
def test_last_words_are_one_short_line(text: str, words: str) -> None:
    assert last_words(text) == words


@given(some.text())
def test_last_words_can_always_be_shown(text: str) -> None:
    words = last_words(text * 20)
    assert len(words) <= LIMIT
    assert "\n" not in words
    assert "\0" not in words


def test_remarks_come_at_most_every_half_second() -> None:
    now = 0.0
    thoughts = Thoughts(clock=lambda: now)
    assert thoughts.hear("Let me") == "Let me"
    now += INTERVAL / 2
    assert thoughts.hear(" think") == ""
    now += INTERVAL / 2
    assert thoughts.hear(" hard") == "Let me think hard"
    now += INTERVAL
    assert thoughts.hear(" ") == ""


def test_emoji_cut_in_two_is_mended() -> None:
    thoughts = Thoughts(clock=lambda: 0.0)
    assert thoughts.hear("\ud83d") == ""
    assert thoughts.hear("\ude00") == "😀"


@pytest.mark.parametrize(
    ("said", "text", "thought"),
    [
        ("<think>a</think>b", "b", "a"),
        (" \n<think>\na\n</think>\n\n b ", "b ", "\na\n"),
        ("<think></think>b", "b", ""),
        ("<think>a < b </thin </think><think>b</think>", "<think>b</think>", "a < b </thin "),
        ("no <think>a</think>", "no <think>a</think>", ""),
        ("  two spaces", "  two spaces", ""),
        ("<thinking>a", "<thinking>a", ""),
        ("<thi", "<thi", ""),
        ("<think>never ended</th", "", "never ended"),
        ("", "", ""),
    ],
)
def test_think_tags_cut_anywhere_part_thoughts_from_text(said: str, text: str, thought: str) -> None:
    for first in range(len(said) + 1):
        for second in range(first, len(said) + 1):
            tags = ThinkTags()
            parts = [tags.split(piece) for piece in (said[:first], said[first:second], said[second:])]
            assert "".join(part[0] for part in parts) + tags.rest() == text
            assert "".join(part[1] for part in parts) == thought
