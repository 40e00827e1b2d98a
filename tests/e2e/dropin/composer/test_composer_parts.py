"""What the drop-in's composer sends along: files, tools, models, quotes, dictation; and that names from elsewhere stay text."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.e2e.dropin.composer.composer_page import ComposerPage
from tests.e2e.dropin.composer.samples import CORPUS, MODELS, TOOLS, text

Open = Callable[..., ComposerPage]


def test_file_is_uploaded_and_sending_waits_for_it(composer: ComposerPage) -> None:
    composer.options("{composer: {attachments: {enabled: true}}}")
    with composer.page.expect_file_chooser() as chooser:
        composer.button("Attach files").click()
    chooser.value.set_files({"name": "a.png", "mimeType": "image/png", "buffer": b"x" * 2048})
    file = composer.find(".file")
    expect(file).to_contain_text("a.png")
    expect(file).to_contain_text("2 kB")
    composer.run("log.uploads[0].onProgress(0.5)")
    assert composer.find("progress").evaluate("bar => bar.value") == 0.5
    composer.type("look")
    composer.field.press("Enter")
    assert composer.sent == []
    composer.run("log.uploads[0].resolve()")
    expect(file).to_have_count(0)
    assert [a["id"] for a in composer.sent[0]["attachments"]] == ["att_a.png"]
    assert composer.sent[0]["content"] == [text("look")]
    assert composer.run("log.removed") == []


def test_failed_upload_holds_the_message_until_it_is_tried_again_or_removed(composer: ComposerPage) -> None:
    composer.options("{composer: {attachments: {enabled: true}}}")
    composer.type("look")
    composer.run("give('drop', [file('a.txt', 'text/plain'), file('b.txt', 'text/plain')])")
    composer.run("log.uploads[0].reject('Too much at once.'), log.uploads[1].resolve()")
    expect(composer.find(".file[data-state=failed]")).to_contain_text("Too much at once.")
    expect(composer.button("Send")).to_be_disabled()
    composer.button("Upload a.txt again").click()
    composer.run("log.uploads[2].resolve()")
    expect(composer.button("Send")).to_be_enabled()
    composer.button("Remove b.txt").click()
    expect(composer.button("Remove a.txt")).to_be_focused()
    assert composer.run("log.removed") == ["att_b.txt"]
    composer.run("give('paste', [file('c.txt', 'text/plain')])")
    composer.button("Remove c.txt").click()
    assert composer.run("log.uploads[3].aborted")
    expect(composer.find(".file")).to_have_count(1)


def test_refused_files_are_explained(composer: ComposerPage) -> None:
    composer.options(
        """{composer: {attachments: {enabled: true, maxCount: 2, maxSize: {'image/*': 100, '*': 1000},
          accept: {'image/*': [], 'text/plain': ['.log']}}}}"""
    )
    note = composer.page.get_by_role("alert")
    composer.run(
        "give('drop', [file('a.exe', 'application/x-msdownload'), file('b.png', 'image/png', 101), file('c.log', '', 500)])"
    )
    expect(note).to_contain_text("a.exe was not attached: files of this type are not accepted.")
    expect(note).to_contain_text("b.png was not attached: it is larger than 100 bytes.")
    expect(composer.find(".file")).to_have_count(1)
    composer.run("give('drop', [file('d.txt', 'text/plain'), file('e.txt', 'text/plain')])")
    expect(note).to_have_text("Only 2 files can be attached to a message.")
    expect(composer.find(".file")).to_have_count(2)
    composer.button("Dismiss").click()
    expect(note).to_be_empty()


def test_files_are_not_taken_where_attachments_are_off(composer: ComposerPage) -> None:
    composer.run("give('drop', [file('a.txt', 'text/plain')]); give('paste', [file('b.txt', 'text/plain')])")
    expect(composer.find(".file")).to_have_count(0)
    expect(composer.button("Attach files")).to_have_count(0)


def test_tool_is_chosen_and_given_up_after_sending_unless_it_stays(composer: ComposerPage) -> None:
    composer.options(f"{{ composer: {{ {TOOLS} }} }}")
    composer.button("Search the web").click()
    expect(composer.button("Search the web")).to_have_attribute("aria-pressed", "true")
    composer.type("one")
    composer.field.press("Enter")
    expect(composer.button("Search the web")).to_have_attribute("aria-pressed", "false")
    composer.button("Tools").click()
    composer.page.keyboard.press("ArrowDown")
    composer.page.keyboard.press("ArrowUp")
    composer.page.keyboard.press("Enter")
    expect(composer.find(".tool-chosen")).to_contain_text("Research")
    for words in ("two", "three"):
        composer.type(words)
        composer.field.press("Enter")
    composer.button("Do not use Deep research").click()
    expect(composer.button("Tools")).to_be_focused()
    assert [message.get("tool") for message in composer.sent] == ["search", "research", "research"]
    changes = [detail["toolId"] for name, detail in composer.run("log.events") if name == "tool.change"]
    assert changes == ["search", None, "research", None]


def test_model_is_kept_for_this_browser_while_there_is_one_like_it(composer: ComposerPage) -> None:
    composer.options(f"{{ composer: {{ {MODELS} }} }}")
    composer.button("Model: Thorough").click()
    expect(composer.page.get_by_role("menuitemradio", name="Gone")).to_be_disabled()
    composer.page.get_by_role("menuitemradio", name="Fast").click()
    expect(composer.button("Model: Fast")).to_be_focused()
    composer.run("again()")
    composer.options(f"{{ composer: {{ {MODELS} }} }}")
    composer.type("hi")
    composer.field.press("Enter")
    assert composer.sent[0]["model"] == "fast"
    composer.options("{composer: {models: [{id: 'only', label: 'Only'}]}}")
    expect(composer.button("Model: Only")).to_be_visible()


def test_set_value_changes_only_what_is_given(composer: ComposerPage) -> None:
    composer.options(f"{{ composer: {{ {TOOLS}, {MODELS}, attachments: {{enabled: true}} }} }}")
    composer.type("typed")
    file = {"type": "file", "id": "att_1", "name": "a.pdf", "mime_type": "application/pdf"}
    composer.run(
        "file => composer.setValue({attachments: [file], reply: 'A passage', selectedToolId: 'image', "
        "selectedModelId: 'fast'})",
        file,
    )
    expect(composer.find(".composer-quote")).to_contain_text("A passage")
    assert composer.run(
        "composer.setValue({selectedModelId: 'gone', text: 'x'}).catch((error) => error.message)"
    )
    composer.field.press("Enter")
    assert composer.sent == [
        {
            "content": [text("typed")],
            "attachments": [file],
            "reply": "A passage",
            "model": "fast",
            "tool": "image",
        }
    ]
    composer.run(
        "composer.setValue({files: [file('b.txt', 'text/plain')], text: 'new', reply: 'Another', selectedToolId: null})"
    )
    expect(composer.find(".file")).to_contain_text("b.txt")
    composer.button("Remove the quote").click()
    expect(composer.find(".composer-quote")).to_be_hidden()
    assert composer.content == [text("new")]


def test_selected_passage_of_a_message_can_be_replied_to_by_keyboard(composer: ComposerPage) -> None:
    composer.run("mark('.answer', 17, 30)")
    expect(composer.button("Reply")).to_be_visible()
    composer.page.keyboard.press("Tab")
    composer.page.keyboard.press("Enter")
    expect(composer.find(".composer-quote")).to_contain_text("has a passage")
    expect(composer.field).to_be_focused()
    composer.run("mark('.other', 0, 5)")
    composer.page.wait_for_timeout(300)
    expect(composer.button("Reply")).to_be_hidden()


def test_what_is_said_is_put_in_at_the_caret(composer: ComposerPage) -> None:
    composer.options("{composer: {dictation: {enabled: true}}}")
    composer.type("so:")
    composer.button("Dictate").click()
    expect(composer.button("Use what was said")).to_be_focused()
    composer.page.wait_for_timeout(400)
    composer.page.keyboard.press("Enter")
    expect(composer.field).to_be_focused()
    assert composer.content == [text("so: spoken words")]
    recording = composer.run("log.recordings[0]")
    assert recording["size"] > 0
    assert recording["type"].startswith("audio/webm")


def test_dictation_is_cancelled_and_what_goes_wrong_is_said(composer: ComposerPage) -> None:
    composer.run(
        """() => {
          const get = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          window.tracks = [];
          navigator.mediaDevices.getUserMedia = async (wish) => {
            if (window.forbidden) throw new DOMException('No.', 'NotAllowedError');
            const stream = await get(wish);
            tracks.push(...stream.getTracks());
            return stream;
          };
        }"""
    )
    composer.options("{composer: {dictation: {enabled: true}}}")
    composer.button("Dictate").click()
    expect(composer.button("Use what was said")).to_be_focused()
    composer.page.keyboard.press("Escape")
    expect(composer.field).to_be_focused()
    composer.run("window.deaf = true")
    composer.button("Dictate").click()
    composer.button("Use what was said").click()
    expect(composer.page.get_by_role("alert")).to_contain_text("The recording is too long.")
    composer.run("window.forbidden = true")
    composer.button("Dictate").click()
    expect(composer.page.get_by_role("alert")).to_contain_text("The microphone may not be used here.")
    assert composer.run("tracks.map((track) => track.readyState)") == ["ended", "ended"]
    assert composer.content == []


def test_names_from_elsewhere_are_text_and_nothing_else(composer: ComposerPage) -> None:
    composer.run("corpus => { window.corpus = corpus; }", CORPUS)
    composer.options(
        """{
          entities: {onTagSearch: async () => corpus.map((words) => ({id: words, title: words, icon: words, group: words}))},
          commands: {enabled: true, onSearch: async () => corpus.map((words) =>
            ({id: words, label: words, description: words, icon: words, group: words}))},
          composer: {placeholder: corpus[0], attachments: {enabled: true, accept: {[corpus[2]]: [], 'text/plain': []}},
            tools: corpus.map((words, at) => ({id: words, label: words, icon: words, pinned: at % 2 === 0})),
            models: corpus.map((words) => ({id: words, label: words, description: words}))},
        }"""
    )
    for sign in ("@", "/"):
        composer.type(sign)
        expect(
            composer.find(".suggest .menu-label").filter(has_text="<img src=x onerror=alert(1)>").first
        ).to_be_visible()
        composer.field.press("Escape")
        composer.field.press("Backspace")
    composer.run(
        "composer.setValue({content: corpus.map((words) => ({type: 'input_tag', id: words, text: words})), reply: corpus[0]})"
    )
    composer.run("give('drop', corpus.map((words) => file(words, 'text/plain')))")
    composer.run("give('drop', [file(corpus[0], 'application/x')])")
    expect(composer.find(".tag-text")).to_have_text(CORPUS)
    assert (
        composer.find(".composer-box").evaluate(
            "box => box.querySelectorAll('script, img, [onmouseover]').length"
        )
        == 0
    )


def test_languages_that_run_from_the_right_are_written_from_there(open_composer: Open) -> None:
    composer = open_composer("?locale=ar")
    expect(composer.field).to_have_attribute("dir", "rtl")
    composer.type("hello")
    expect(composer.field).to_have_attribute("dir", "auto")
    assert composer.field.evaluate("field => field.matches(':dir(ltr)')")
