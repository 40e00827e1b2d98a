"""Files on their way to a server: how far they are, what a refusal says, a secret that ends, a file that is taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from tests.e2e.chat_page import Watch
from tests.e2e.dropin.chat import Chat
from tests.e2e.dropin.conftest import OpenDropin
from tests.servers import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Route

FILES = "{ composer: { attachments: { enabled: true } } }"
SLOW = 300_000  # bytes a second
OWN_FETCH = """{
  composer: { attachments: { enabled: true } },
  api: { url: '/chatkit', uploadStrategy: { type: 'direct', uploadUrl: '/api/attachments' }, fetch: async (url, init) => {
    window.secret ??= getClientSecret();
    const headers = { ...init.headers, Authorization: `Bearer ${await window.secret}` };
    if (url.endsWith('/api/attachments')) await new Promise((go) => { window.go = go; });
    return fetch(url, { ...init, headers });
  } },
}"""
NOTE_PROGRESS = """() => {
  window.progress = [];
  const root = document.querySelector('openai-chatkit').shadowRoot;
  const note = (bar) => window.progress.push(bar.hasAttribute('value') ? bar.value : null);
  new MutationObserver((changes) => changes.forEach(({ target }) => target.matches?.('.file-bar') && note(target)))
    .observe(root, { subtree: true, attributes: true, attributeFilter: ['value'] });
}"""


def attach(chat: Chat, size: int = 1000, name: str = "notes.txt") -> None:
    file: Any = {"name": name, "mimeType": "text/plain", "buffer": b"word " * (size // 5)}
    chat.find(".file-input").set_input_files([file])
    chat.find(".file").last.wait_for()


def slowed(chat: Chat) -> None:
    network = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": SLOW}
    chat.page.context.new_cdp_session(chat.page).send("Network.emulateNetworkConditions", network)


def test_upload_says_how_far_it_is(open_dropin: OpenDropin) -> None:
    chat = open_dropin(FILES)
    chat.page.evaluate(NOTE_PROGRESS)
    slowed(chat)
    attach(chat, 4 * SLOW)
    expect(chat.find(".file[data-state=ready]")).to_have_count(1, timeout=20_000)
    values = [value for value in chat.page.evaluate("window.progress") if value is not None]
    assert values == sorted(values)
    assert len([value for value in values if 0.05 < value < 0.95]) >= 3
    assert values[-1] == 1
    chat.say("/echo with a file")
    chat.running("with a file")
    assert chat.find(".from-user .attachments").inner_text().strip().startswith("notes.txt")


def test_pages_own_fetch_takes_the_file_and_progress_stays_unknown(open_dropin: OpenDropin) -> None:
    chat = open_dropin(OWN_FETCH)
    chat.page.evaluate(NOTE_PROGRESS)
    attach(chat)
    wait_until(lambda: bool(chat.page.evaluate("Boolean(window.go)")), "the page's fetch")
    assert chat.find(".file-bar").evaluate("bar => [bar.hidden, bar.matches(':indeterminate')]") == [
        False,
        True,
    ]
    chat.page.evaluate("window.go()")
    expect(chat.find(".file[data-state=ready]")).to_have_count(1)
    assert chat.page.evaluate("window.progress.filter((value) => value !== null)") == []


def test_refused_upload_says_why_and_is_tried_again(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("415|chatkit: ")
    chat = open_dropin(FILES)
    refusal = {"code": "invalid", "detail": "Files of this kind are not taken."}
    chat.page.route("**/api/attachments/**", lambda route: route.fulfill(status=415, json=refusal))
    attach(chat)
    expect(chat.find(".file[data-state=failed]")).to_contain_text("Files of this kind are not taken.")
    chat.page.unroute("**/api/attachments/**")
    chat.button("Upload notes.txt again").click()
    expect(chat.find(".file[data-state=ready]")).to_have_count(1)


def test_secret_that_ends_during_uploads_is_renewed_once(open_dropin: OpenDropin, watch: Watch) -> None:
    watch.expect("401|chatkit: ")
    chat = open_dropin(FILES)
    chat.page.wait_for_timeout(2_100)  # a secret that is younger is not asked for anew
    secrets: list[str | None] = []
    refusing = 1

    def refuse(route: Route) -> None:
        secrets.append(route.request.headers.get("authorization"))
        if len(secrets) <= refusing:
            route.fulfill(status=401, json={"code": "unauthorized", "detail": "The session has ended."})
        else:
            route.continue_()

    chat.page.route("**/api/attachments/**", refuse)
    attach(chat)
    expect(chat.find(".file[data-state=ready]")).to_have_count(1)
    assert len(secrets) == 2
    assert None not in secrets
    assert secrets[0] != secrets[1]
    secrets.clear()
    refusing = 9
    attach(chat, name="more.txt")
    expect(chat.find(".file[data-state=failed]")).to_contain_text("The session has ended.")
    assert len(secrets) == 2


def test_upload_that_is_taken_away_is_broken_off(open_dropin: OpenDropin) -> None:
    chat = open_dropin(FILES)
    slowed(chat)
    with chat.page.expect_request_finished(lambda request: "attachments.delete" in (request.post_data or "")):
        attach(chat, 20 * SLOW)
        wait_until(lambda: chat.find(".file-bar").get_attribute("value") is not None, "some progress")
        with chat.page.expect_event("requestfailed") as failed:
            chat.button("Remove notes.txt").click()
    assert "/api/attachments" in failed.value.url
    assert chat.find(".file").count() == 0
    assert chat.find(".notice:visible").count() == 0
