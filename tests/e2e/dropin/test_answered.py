"""What stands at an answer's foot: who gave it, what it used, how it ended, what was thought of it; also after a reload."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.dropin.conftest import OpenDropin

MODELS = "models: [{ id: 'demo', label: 'The demo' }, { id: 'llama', label: 'LLaMA', default: true }]"
OPTIONS = f"{{ threadItemActions: {{ feedback: true, retry: true }}, composer: {{ {MODELS} }} }}"
BEARER = """async (input, init) => {
  window.secret ??= getClientSecret();
  return fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${await window.secret}` } });
}"""
PLAIN = OPTIONS.replace("{", f"{{ api: {{ url: '/chatkit', fetch: {BEARER} }}, ", 1)


def test_answer_names_the_model_that_gave_it_in_place_of_another(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo hello")
    by = chat.find(".from-model .by")
    expect(by).to_have_text("The demo answered in place of LLaMA")
    expect(by).to_have_attribute("title", re.compile(r"^(about )?\d+ tokens"))
    said = by.get_attribute("title")
    chat.reload()
    expect(by).to_have_text("The demo answered in place of LLaMA")
    expect(by).to_have_attribute("title", said or "")


def test_model_that_the_page_does_not_name_goes_by_its_id(open_dropin: OpenDropin) -> None:
    chat = open_dropin("{}")
    chat.ask("/echo hello")
    expect(chat.find(".from-model .by")).to_have_text(re.compile("^demo"))


def test_stored_answer_that_was_stopped_says_so_and_is_tried_again(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.say("/tokens 300 20")
    chat.running("0050")
    chat.stop.click()
    chat.ended()
    assert chat.page.get_by_text("You stopped this answer.").locator("visible=true").count() == 1
    chat.reload()
    remark = chat.find(".remark:visible")
    expect(remark).to_contain_text("You stopped this answer.")
    expect(chat.button("Answer again")).to_be_hidden()
    remark.get_by_role("button", name="Try again").click()
    chat.running("0299")
    chat.ended()
    expect(remark).to_have_count(0)
    expect(chat.answers).to_have_count(1)


def test_stopped_answer_of_the_past_is_not_tried_again(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.say("/tokens 300 20")
    chat.running("0050")
    chat.stop.click()
    chat.ended()
    chat.ask("/echo on")
    chat.reload()
    expect(chat.find(".remark:visible")).to_have_text("You stopped this answer.")


def test_rating_is_there_after_a_reload_and_can_be_taken_back(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OPTIONS)
    chat.ask("/echo rate me")
    good, bad = chat.button("Good answer"), chat.button("Bad answer")
    with chat.page.expect_response("**/chatkit"):
        good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    chat.reload()
    expect(good).to_have_attribute("aria-pressed", "true")
    expect(bad).to_have_attribute("aria-pressed", "false")
    with chat.page.expect_response("**/feedback") as told:
        good.click()
    assert told.value.ok
    expect(good).to_have_attribute("aria-pressed", "false")
    chat.reload()
    expect(good).to_have_attribute("aria-pressed", "false")


def test_server_of_the_plain_protocol_is_not_asked_to_take_a_rating_back(open_dropin: OpenDropin) -> None:
    chat = open_dropin(PLAIN)
    chat.ask("/echo rate me")
    expect(chat.find(".from-model .by")).to_be_hidden()
    good = chat.button("Good answer")
    elsewhere: list[str] = []
    chat.page.on(
        "request", lambda sent: elsewhere.append(sent.url) if sent.url.endswith("/feedback") else None
    )
    for _ in range(2):
        with chat.page.expect_response("**/chatkit"):
            good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    assert elsewhere == []
    assert [params["kind"] for params in chat.operations("items.feedback")] == ["positive"] * 2
