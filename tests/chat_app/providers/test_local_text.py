"""The prompt as a local model reads it, and its tokens as text: every character once, none too early."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.domain.prompt import Message
from chat_app.providers.local.text import Speech, templated, transcript

TALK = (
    Message("system", "Be brief."),
    Message("user", "Hello"),
    Message("assistant", "Hi."),
    Message("user", "And now?\n"),
)


class Bytes:
    """A tokenizer with a token for each byte, and one special token: the edge to transformers."""

    all_special_ids = (256,)
    added_tokens_decoder = {256: SimpleNamespace(special=True), 257: SimpleNamespace(special=True)}

    def decode(self, tokens: Sequence[int], **_: bool) -> str:
        return bytes(token for token in tokens if token < 256).decode(errors="replace")


def hear(text: bytes | Sequence[int], *, stops: Sequence[str] = (), strip: bool = False) -> list[str]:
    speech = Speech(Bytes(), stops=stops, strip=strip)
    return [*map(speech.hear, text), speech.rest()]


def test_transcript_ends_where_the_answer_begins() -> None:
    assert transcript(TALK) == "Be brief.\nUser: Hello\nAssistant: Hi.\nUser: And now?\nAssistant:"


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_text_comes_out_whole_and_each_character_in_one_piece(text: str) -> None:
    pieces = hear(text.encode())
    assert "".join(pieces) == text
    assert all(len(piece) <= 1 for piece in pieces)


def test_character_is_shown_with_its_last_byte() -> None:
    assert hear("a👩b".encode()) == ["a", "", "", "", "👩", "b", ""]


def test_bytes_that_are_no_character_do_not_hold_back_what_follows() -> None:
    pieces = hear(b"\xff" * 9 + b" and on")
    assert "".join(pieces) == "\ufffd" * 9 + " and on"
    assert pieces[7]


def test_nul_is_replaced() -> None:
    assert "".join(hear(b"a\0b")) == "a\ufffdb"


def test_special_tokens_are_no_text() -> None:
    assert hear([104, 256, 105, 257]) == ["h", "", "i", "", ""]


@given(st.text("ab\nU:", max_size=30), st.lists(st.text("ab\nU:", min_size=1, max_size=4), max_size=3))
def test_nothing_of_a_stop_text_comes_out(text: str, stops: list[str]) -> None:
    ends = [at for stop in stops if (at := text.find(stop)) >= 0]
    shown = "".join(hear(text.encode(), stops=stops))
    first_to_end = min((text.find(stop) + len(stop) for stop in stops if stop in text), default=None)
    if first_to_end is None:
        assert shown == text
    else:
        assert text.startswith(shown)
        assert len(shown) <= first_to_end
        assert len(shown) >= min(ends)
        assert not any(stop in shown for stop in stops)


def test_stop_text_stops_at_its_last_token() -> None:
    speech = Speech(Bytes(), stops=["\nUser:"], strip=True)
    heard = []
    for token in b" Hi.\nUser: what?":
        heard.append(speech.hear(token))
        if speech.stopped:
            break
    assert ("".join(heard), speech.rest(), len(heard)) == ("Hi.", "", len(b" Hi.\nUser:"))


def test_answer_that_begins_with_a_stop_text_is_empty() -> None:
    assert "".join(hear(b"\nUser: me again", stops=["\nUser:"], strip=True)) == ""


def test_strip_takes_the_white_space_before_the_first_word_alone() -> None:
    assert "".join(hear(b" \n one  two ", strip=True)) == "one  two "


class Strict(Bytes):
    """A chat template that takes no system prompt, as some models have it."""

    def apply_chat_template(self, told: Sequence[dict[str, str]], **_: bool) -> str:
        if any(one["role"] == "system" for one in told):
            raise ValueError("System role not supported")
        return "|".join(f"{one['role']}={one['content']}" for one in told)


def test_system_prompt_goes_to_the_first_message_where_a_template_takes_none() -> None:
    assert templated(Strict(), TALK) == "user=Be brief.\n\nHello|assistant=Hi.|user=And now?\n"


def test_template_that_refuses_without_a_system_prompt_is_an_error() -> None:
    class Never(Bytes):
        def apply_chat_template(self, told: Sequence[dict[str, str]], **_: bool) -> str:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        templated(Never(), TALK[1:])
