"""Widgets as a person works with them: what forms send, what a change leaves alone, what no value can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.dropin.widgets_page import WidgetsPage, card

if TYPE_CHECKING:
    pass

FORM = {
    "type": "Card",
    "asForm": True,
    "children": [
        {"type": "Label", "value": "Name", "fieldName": "person.name"},
        {"type": "Input", "name": "person.name", "required": True},
        {"type": "Label", "value": "Code", "fieldName": "code"},
        {"type": "Input", "name": "code", "pattern": "[A-Z]{3}-\\d{3}"},
        {
            "type": "Select",
            "name": "size",
            "placeholder": "Size",
            "options": [{"value": "s", "label": "Small"}, {"value": "l", "label": "Large"}],
        },
        {
            "type": "RadioGroup",
            "name": "place",
            "ariaLabel": "Place",
            "options": [{"value": "a", "label": "Here"}, {"value": "b", "label": "There"}],
        },
        {"type": "Checkbox", "name": "terms", "label": "Agreed"},
        {"type": "DatePicker", "name": "day", "placeholder": "Day"},
        {"type": "Textarea", "name": "note", "defaultValue": "as before"},
        {"type": "Button", "label": "Look up", "onClickAction": {"type": "look.up"}},
    ],
    "confirm": {
        "label": "Send",
        "action": {"type": "send", "payload": {"id": 7, "person": {"age": 40}, "code": "old"}},
    },
    "cancel": {"label": "Drop", "action": {"type": "drop"}},
}


def test_form_sends_its_values_over_the_payload(widgets: WidgetsPage) -> None:
    page = widgets.page
    widgets.show(FORM)
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Code").fill("ABC-123")
    page.get_by_label("Size", exact=True).select_option("l")
    page.get_by_role("radiogroup", name="Place").get_by_label("There").check()
    page.get_by_label("Agreed").check()
    page.get_by_label("Day", exact=True).fill("2026-12-24")
    widgets.button("Send").click()
    assert widgets.asked == [
        {
            "item": "item_1",
            "action": {
                "type": "send",
                "payload": {
                    "id": 7,
                    "person": {"age": 40, "name": "Ada"},
                    "code": "ABC-123",
                    "size": "l",
                    "place": "b",
                    "terms": True,
                    "day": "2026-12-24",
                    "note": "as before",
                },
            },
        }
    ]


def test_every_action_in_a_form_brings_the_values_and_only_sending_checks_them(widgets: WidgetsPage) -> None:
    widgets.show(FORM)
    widgets.button("Look up").click()
    widgets.button("Drop").click()
    assert [action["type"] for action in widgets.actions] == ["look.up", "drop"]
    assert widgets.actions[0]["payload"]["person"] == {"name": ""}
    widgets.button("Send").click()
    assert len(widgets.actions) == 2
    assert widgets.page.get_by_role("alert").first.text_content() == "Please fill in this field."
    assert widgets.page.get_by_label("Name").evaluate("field => field.getRootNode().activeElement === field")
    widgets.page.get_by_label("Name").fill("Ada")
    assert widgets.page.locator(".w-message:visible").count() == 0


def test_wrong_format_is_said_beside_the_field(widgets: WidgetsPage) -> None:
    widgets.show(FORM)
    widgets.page.get_by_label("Name").fill("Ada")
    widgets.page.get_by_label("Code").fill("abc")
    widgets.page.get_by_label("Code").press("Enter")
    assert widgets.actions == []
    field = widgets.page.get_by_label("Code")
    assert field.get_attribute("aria-invalid") == "true"
    described = field.get_attribute("aria-describedby")
    assert widgets.page.locator(f"#{described}").text_content() == "Please use the requested format."


def test_form_widget_prefers_the_submit_buttons_own_action(widgets: WidgetsPage) -> None:
    form = {
        "type": "Form",
        "onSubmitAction": {"type": "form"},
        "children": [
            {"type": "Input", "name": "word", "defaultValue": "x"},
            {"type": "Button", "label": "Plain", "submit": True},
            {"type": "Button", "label": "Own", "submit": True, "onClickAction": {"type": "own"}},
        ],
    }
    widgets.show(card(form))
    widgets.button("Plain").click()
    widgets.button("Own").click()
    widgets.page.locator("input").press("Enter")
    assert [(action["type"], action["payload"]) for action in widgets.actions] == [
        ("form", {"word": "x"}),
        ("own", {"word": "x"}),
        ("form", {"word": "x"}),
    ]


def test_change_outside_a_form_sends_that_value(widgets: WidgetsPage) -> None:
    box = {
        "type": "Checkbox",
        "name": "task.done",
        "label": "Done",
        "onChangeAction": {"type": "toggle", "payload": {"id": 3}},
    }
    widgets.show(card(box))
    widgets.page.get_by_label("Done").check()
    assert widgets.actions == [{"type": "toggle", "payload": {"id": 3, "task.done": True}}]


def test_client_handler_and_other_settings_reach_the_chat(widgets: WidgetsPage) -> None:
    action = {"type": "open", "handler": "client", "loadingBehavior": "none", "streaming": False}
    widgets.show(card({"type": "Button", "label": "Open", "onClickAction": action}))
    widgets.button("Open").click()
    assert widgets.asked == [{"item": "item_1", "action": action}]


def test_button_is_busy_until_its_action_ends_and_sends_once(widgets: WidgetsPage) -> None:
    widgets.show(
        card(
            {"type": "Button", "label": "Go", "onClickAction": {"type": "go"}},
            {"type": "Button", "label": "Else", "onClickAction": {"type": "else"}},
        )
    )
    widgets.hold()
    widgets.button("Go").dblclick()
    button = widgets.page.locator(".w-button").first
    assert button.get_attribute("aria-busy") == "true"
    button.click()
    widgets.button("Else").click()
    assert [action["type"] for action in widgets.actions] == ["go", "else"]
    widgets.settle("no such thing")
    widgets.page.locator(".w-button[aria-busy]").first.wait_for(state="detached")
    assert widgets.page.evaluate("kit.errors") == ["Error: no such thing", "Error: no such thing"]


def test_container_rests_and_gives_focus_back(widgets: WidgetsPage) -> None:
    widgets.show({**FORM, "confirm": {"label": "Send", "action": {"type": "send"}}})
    widgets.page.get_by_label("Name").fill("Ada")
    widgets.hold()
    widgets.page.get_by_label("Name").press("Enter")
    assert widgets.page.locator(".w-card").get_attribute("aria-busy") == "true"
    assert widgets.page.get_by_label("Name").is_disabled()
    assert widgets.page.locator(".w-confirm").is_disabled()
    widgets.settle()
    widgets.page.locator(".w-card[aria-busy]").wait_for(state="detached")
    assert widgets.page.get_by_label("Name").is_enabled()
    assert widgets.page.get_by_label("Name").evaluate("field => field.getRootNode().activeElement === field")


def test_update_keeps_what_was_typed_the_caret_and_the_focus(widgets: WidgetsPage) -> None:
    widgets.show(card({"type": "Input", "name": "word", "defaultValue": "first"}))
    field = widgets.page.locator("input")
    field.fill("typed by hand")
    field.evaluate("field => field.setSelectionRange(2, 4)")
    field.evaluate("field => { window.kept = field }")
    before = [{"type": "Title", "value": "New"}, {"type": "Text", "value": "Above"}]
    widgets.update(card(*before, {"type": "Input", "name": "word", "defaultValue": "second"}))
    same = "[kept === view.element.querySelector('input'), kept.value, kept.selectionStart, kit.root.activeElement === kept]"
    assert widgets.page.evaluate(same) == [True, "typed by hand", 2, True]


def test_update_takes_a_new_default_where_nobody_typed(widgets: WidgetsPage) -> None:
    widgets.show(card({"type": "Input", "name": "word", "defaultValue": "first"}))
    widgets.update(card({"type": "Input", "name": "word", "defaultValue": "second"}))
    assert widgets.page.locator("input").input_value() == "second"


def test_streaming_text_grows_in_its_node(widgets: WidgetsPage) -> None:
    widgets.show(card({"type": "Text", "id": "t", "value": "One", "streaming": True}))
    widgets.page.evaluate("window.node = view.element.querySelector('.w-text').firstChild")
    widgets.update(card({"type": "Text", "id": "t", "value": "One, two", "streaming": True}))
    assert widgets.page.evaluate("[node.data, node.isConnected]") == ["One, two", True]


def test_keyed_items_move_with_their_elements(widgets: WidgetsPage) -> None:
    rows = [
        {"type": "ListViewItem", "key": key, "children": [{"type": "Text", "value": key}]} for key in "abc"
    ]
    widgets.show({"type": "ListView", "children": rows})
    widgets.page.evaluate("window.rows = [...view.element.querySelectorAll('li')]")
    widgets.update({"type": "ListView", "children": [rows[2], rows[0]]})
    order = "[...view.element.querySelectorAll('li')].map((row) => rows.indexOf(row))"
    assert widgets.page.evaluate(order) == [2, 0]


def test_list_shows_more_and_moves_the_focus_there(widgets: WidgetsPage) -> None:
    action = {"type": "pick"}
    rows = [
        {
            "type": "ListViewItem",
            "onClickAction": {**action, "payload": {"n": n}},
            "children": [{"type": "Text", "value": f"Row {n}"}],
        }
        for n in range(4)
    ]
    widgets.show({"type": "ListView", "limit": 2, "children": rows})
    assert widgets.page.locator("li:visible").count() == 2
    widgets.button("Show 2 more").press("Enter")
    assert widgets.page.locator("li:visible").count() == 4
    widgets.page.keyboard.press("Enter")
    assert widgets.actions == [{"type": "pick", "payload": {"n": 2}}]
    widgets.button("Show less").click()
    assert widgets.page.locator("li:visible").count() == 2


def test_collapsed_card_opens_again(widgets: WidgetsPage) -> None:
    widgets.show(card({"type": "Text", "value": "Inside"}, collapsed=True, status={"text": "Sent"}))
    assert widgets.page.get_by_text("Inside").is_hidden()
    widgets.button("Show details").click()
    assert widgets.page.get_by_text("Inside").is_visible()


def test_chart_has_its_data_as_a_table_and_is_read_by_keyboard(widgets: WidgetsPage) -> None:
    data = [{"m": "Jan", "n": 3}, {"m": "Feb", "n": 5}]
    widgets.show(
        card(
            {
                "type": "Chart",
                "data": data,
                "xAxis": "m",
                "series": [{"type": "bar", "dataKey": "n", "label": "Sales"}],
            }
        )
    )
    rows = widgets.page.locator(".w-chart table tbody tr").all_inner_texts()
    assert [row.split() for row in rows] == [["Jan", "3"], ["Feb", "5"]]
    stage = widgets.page.get_by_role("img", name="Chart: Sales")
    stage.press("ArrowRight")
    stage.press("ArrowRight")
    assert widgets.page.evaluate("kit.said") == ["Jan, Sales: 3", "Feb, Sales: 5"]
    assert "5" in widgets.page.locator(".w-chart-tip").inner_text()
