"""Files of messages in a prompt: text in its words, pictures beside it where the model's server takes them, others named."""

from __future__ import annotations

from typing import Any

from chat_app.chat import context
from chat_app.chat.context import Exchange
from chat_app.chat.saying import Attached
from chat_app.domain.prompt import FilePart, Message, Prompt
from tests.chat_app.chat.routes import route

TEXT = Attached("att_t", "notes.txt", "text/plain", "file", 40)
PICTURE = Attached("att_p", "a.png", "image/png", "image", 900_000)
LOST = Attached("att_l", "lost.pdf", "application/pdf", "file", 40)
PARTS = {
    "att_t": FilePart("notes.txt", "text/plain", b"buy milk"),
    "att_p": FilePart("a.png", "image/png", b"png"),
}


def built(kind: str, *past: Exchange, asked: Exchange | None = None, **more: Any) -> Prompt:
    return context.build(route(kind=kind, **more), past, asked or Exchange("now"), files=PARTS)


def asked(*files: Attached) -> Exchange:
    return Exchange("look", (), files)


def test_text_file_stands_in_the_words_of_any_model() -> None:
    for kind in ("openai", "custom", "demo", "python"):
        message = built(kind, asked=asked(TEXT)).messages[-1]
        assert message == Message("user", "look\n\n[File notes.txt]\nbuy milk\n[End of notes.txt]")


def test_long_text_file_is_cut_and_says_so() -> None:
    parts = {"att_t": FilePart("long.txt", "text/markdown", b"x" * 100_000)}
    prompt = context.build(route(context=1024, reserve=24), [], asked(TEXT), files=parts)
    text = prompt.messages[-1].text
    assert text.endswith("[long.txt goes on]")
    assert text.count("x") < 4_100


def test_text_file_that_is_no_text_does_no_harm() -> None:
    parts = {"att_t": FilePart("odd.txt", "text/plain", b"a\x00b\xff\xfe")}
    text = context.build(route(), [], asked(TEXT), files=parts).messages[-1].text
    assert "\x00" not in text
    assert "a\ufffdb" in text


def test_picture_goes_along_where_the_kind_takes_files() -> None:
    for kind in ("openai", "python"):
        prompt = built(kind, asked(PICTURE), asked=asked(PICTURE))
        assert [message.files for message in prompt.messages] == [(PARTS["att_p"],)] * 2


def test_picture_of_an_earlier_message_is_named_for_a_kind_that_takes_none() -> None:
    prompt = built("custom", asked(PICTURE, TEXT))
    first = prompt.messages[0]
    assert first.files == ()
    assert "buy milk" in first.text
    assert first.text.endswith("[Attached: a.png (image/png)]")


def test_file_whose_content_is_not_there_is_named() -> None:
    message = built("openai", asked=asked(LOST, TEXT)).messages[-1]
    assert message.files == ()
    assert message.text.endswith("[Attached: lost.pdf (application/pdf)]")


def test_files_count_in_what_fits() -> None:
    with_picture, plain = asked(PICTURE), Exchange("look")
    assert with_picture.tokens == plain.tokens + context.PER_FILE
    prompt = built("openai", *[with_picture] * 5, context=4 * context.PER_FILE, reserve=context.PER_FILE)
    assert len(prompt.messages) < 5
    assert context.estimate(prompt) <= 3 * context.PER_FILE


def test_what_is_text_is_told_by_its_type() -> None:
    assert context.is_text("text/csv")
    assert context.is_text("application/json; charset=utf-8")
    assert not context.is_text("application/pdf")
    assert not context.is_text("image/svg+xml")
