"""A Select that is searched and a DatePicker's calendar: by keyboard, by pointer, at the side that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from tests import parts
from tests.e2e.dropin.test_gallery import AXE, RUN
from tests.e2e.dropin.widgets_page import WidgetsPage, card

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

PAGES = ("page-has-heading-one", "region", "landmark", "html-has-lang")  # rules for whole pages
CITIES = ["Athens", "Berlin", "Brussels", "Málaga", "Paris"]
PLACE: dict[str, Any] = {
    "type": "Select",
    "name": "place",
    "placeholder": "Place",
    "searchable": True,
    "onChangeAction": {"type": "place"},
    "options": [
        {
            "value": city.lower(),
            "label": city,
            "disabled": city == "Berlin",
            "description": f"Trains to {city}",
        }
        for city in CITIES
    ],
}
DAY: dict[str, Any] = {
    "type": "DatePicker",
    "name": "day",
    "placeholder": "Day",
    "defaultValue": "2026-11-29T10:00:00Z",
    "onChangeAction": {"type": "day"},
}


@pytest.fixture(scope="module")
def opened(chat_browser: Browser) -> Iterator[WidgetsPage]:
    """One tab for all tests of this file: its modules are loaded once."""
    page = chat_browser.new_page(viewport={"width": 900, "height": 900})
    page.set_default_timeout(5_000)
    page.emulate_media(reduced_motion="reduce")
    yield WidgetsPage(page)
    page.close()


def box(widgets: WidgetsPage) -> Locator:
    return widgets.page.get_by_role("combobox", name="Place")


def options(widgets: WidgetsPage) -> list[str]:
    return widgets.page.get_by_role("option").locator("span:first-child").all_inner_texts()


def active(widgets: WidgetsPage) -> str:
    """The option that a screen reader is told of."""
    found: str = box(widgets).evaluate(
        "field => field.getRootNode().getElementById(field.getAttribute('aria-activedescendant'))?.firstChild.textContent ?? ''"
    )
    return found


def test_select_is_searched_and_chosen_from_by_keyboard(widgets: WidgetsPage) -> None:
    widgets.show(card(PLACE, asForm=True))
    box(widgets).focus()
    assert widgets.page.get_by_role("listbox").count() == 0
    box(widgets).press("ArrowDown")
    expect(box(widgets)).to_have_attribute("aria-expanded", "true")
    assert options(widgets) == CITIES
    assert active(widgets) == "Athens"
    box(widgets).press("ArrowDown")
    assert active(widgets) == "Brussels"  # what is disabled is passed over
    box(widgets).press("ArrowUp")
    box(widgets).press("ArrowUp")
    assert active(widgets) == "Paris"
    box(widgets).press_sequentially("malag")
    assert options(widgets) == ["Málaga"]
    assert widgets.page.evaluate("kit.said.at(-1)") == "1 suggestion"
    box(widgets).press("Enter")
    expect(box(widgets)).to_have_value("Málaga")
    expect(box(widgets)).to_have_attribute("aria-expanded", "false")
    assert [action["payload"] for action in widgets.actions] == [{"place": "málaga"}]
    expect(widgets.page.locator(".w-detail")).to_have_text("Trains to Málaga")


def test_what_is_typed_and_not_chosen_is_no_value(widgets: WidgetsPage) -> None:
    widgets.show(card({**PLACE, "defaultValue": "paris"}))
    expect(box(widgets)).to_have_value("Paris")
    box(widgets).click()
    assert active(widgets) == "Paris"
    box(widgets).press_sequentially("nowhere")
    expect(widgets.page.get_by_text("Nothing found")).to_be_visible()
    box(widgets).press("Enter")
    box(widgets).press("Escape")
    expect(box(widgets)).to_have_value("Paris")
    box(widgets).press_sequentially("ber")
    box(widgets).press("Tab")
    expect(box(widgets)).to_have_value("Paris")
    assert widgets.page.locator(".w-drop:popover-open").count() == 0
    assert widgets.actions == []


def test_option_is_chosen_by_pointer_and_taken_back(widgets: WidgetsPage) -> None:
    widgets.show(card({**PLACE, "clearable": True}))
    box(widgets).click()
    widgets.page.get_by_role("option", name="Berlin").click(force=True)
    assert widgets.actions == []
    widgets.page.get_by_role("option", name="Brussels").click()
    expect(box(widgets)).to_be_focused()
    widgets.button("Clear: Place").click()
    expect(box(widgets)).to_have_value("")
    assert [action["payload"]["place"] for action in widgets.actions] == ["brussels", ""]


def test_long_list_is_searched_unless_the_server_says_otherwise(widgets: WidgetsPage) -> None:
    many = [{"value": str(n), "label": f"Number {n}"} for n in range(16)]
    plain = {key: value for key, value in PLACE.items() if key != "searchable"}
    for spec, searched in [
        ({**plain, "options": many}, 1),
        ({**plain, "options": many[:15]}, 0),
        ({**plain, "options": many, "searchable": False}, 0),
        ({**plain, "options": many[:2], "searchable": True}, 1),
    ]:
        widgets.show(card(spec))
        assert widgets.page.locator("input[role=combobox]").count() == searched
        assert widgets.page.locator("select").count() == 1 - searched


def test_update_leaves_the_search_and_the_choice_alone(widgets: WidgetsPage) -> None:
    widgets.show(card(PLACE))
    box(widgets).press_sequentially("b")
    assert options(widgets) == ["Berlin", "Brussels"]
    more = {**PLACE, "options": [*PLACE["options"], {"value": "bern", "label": "Bern"}]}
    widgets.update(card({"type": "Text", "value": "New"}, more))
    assert options(widgets) == ["Berlin", "Brussels", "Bern"]
    expect(box(widgets)).to_be_focused()
    expect(box(widgets)).to_have_value("b")
    box(widgets).press("Enter")
    widgets.update(card(more))
    expect(box(widgets)).to_have_value("Brussels")


def calendar(widgets: WidgetsPage) -> Locator:
    return widgets.page.get_by_role("dialog", name="Day")


def test_day_is_chosen_by_keyboard(widgets: WidgetsPage) -> None:
    widgets.show(card({**DAY, "min": "2026-11-10", "max": "2027-02-03"}))
    day = widgets.page.get_by_label("Day", exact=True).first
    widgets.button("Open the calendar").press("Enter")
    expect(calendar(widgets)).to_be_visible()
    focused = widgets.page.locator(".w-day:focus")
    expect(focused).to_have_attribute("aria-label", "Sunday, November 29, 2026")
    expect(focused).to_have_attribute("aria-pressed", "true")
    walk = [
        ("ArrowRight", "Monday, November 30, 2026"),
        ("ArrowDown", "Monday, December 7, 2026"),
        ("Home", "Sunday, December 6, 2026"),
        ("End", "Saturday, December 12, 2026"),
        ("PageDown", "Tuesday, January 12, 2027"),
        ("PageDown", "Wednesday, February 3, 2027"),
        ("ArrowRight", "Wednesday, February 3, 2027"),
        ("Shift+PageUp", "Tuesday, November 10, 2026"),
    ]
    for key, name in walk:
        widgets.page.keyboard.press(key)
        expect(focused).to_have_attribute("aria-label", name)
    widgets.page.keyboard.press("ArrowDown")
    widgets.page.keyboard.press("Enter")
    expect(day).to_have_value("2026-11-17")
    expect(day).to_be_focused()
    expect(calendar(widgets)).to_be_hidden()
    assert [action["payload"] for action in widgets.actions] == [{"day": "2026-11-17"}]


def test_calendar_is_left_without_a_choice(widgets: WidgetsPage) -> None:
    widgets.show(card(DAY))
    day = widgets.page.get_by_label("Day", exact=True).first
    day.press("Alt+ArrowDown")
    expect(calendar(widgets)).to_be_visible()
    widgets.page.keyboard.press("Escape")
    expect(day).to_be_focused()
    expect(calendar(widgets)).to_be_hidden()
    day.click()
    widgets.button("Next month").click()
    expect(widgets.page.get_by_role("heading", name="December 2026")).to_be_visible()
    widgets.page.mouse.click(450, 850)
    expect(calendar(widgets)).to_be_hidden()
    assert widgets.actions == []


def test_calendar_of_a_year_of_two_digits_is_of_one_month(widgets: WidgetsPage) -> None:
    widgets.show(card(DAY))
    day = widgets.page.get_by_label("Day", exact=True).first
    day.fill("0026-05-03")
    day.press("Alt+ArrowDown")
    expect(calendar(widgets)).to_be_visible()
    expect(widgets.page.locator(".w-day")).to_have_count(31)


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
@pytest.mark.parametrize("align", ["start", "center", "end"])
def test_calendar_stands_at_its_side(widgets: WidgetsPage, side: str, align: str) -> None:
    spacer = {"type": "Box", "height": 400, "width": 1}
    row = {
        "type": "Row",
        "justify": "center",
        "children": [{**DAY, "side": side, "align": align}],
    }
    widgets.show(card(spacer, row, {**spacer, "height": 420}, size="full"))
    widgets.button("Open the calendar").click()
    at = widgets.page.locator(".w-picker-frame").bounding_box()
    stands = calendar(widgets).bounding_box()
    assert at is not None
    assert stands is not None
    flat = side in {"top", "bottom"}
    start, size = ("x", "width") if flat else ("y", "height")
    apart = {
        "top": at["y"] - stands["y"] - stands["height"],
        "bottom": stands["y"] - at["y"] - at["height"],
        "left": at["x"] - stands["x"] - stands["width"],
        "right": stands["x"] - at["x"] - at["width"],
    }
    assert apart[side] == pytest.approx(6, abs=1.5)
    share = {"start": 0.0, "center": 0.5, "end": 1.0}[align]
    over = at[start] + (at[size] - stands[size]) * share
    assert stands[start] == pytest.approx(over, abs=1.5)
    widgets.page.keyboard.press("Escape")


def test_what_is_open_is_without_a_violation(widgets: WidgetsPage) -> None:
    parts.require("examples_packages")
    widgets.page.evaluate(AXE.read_text())
    label = {"type": "Label", "value": "Where", "fieldName": "place"}
    widgets.show(card(label, PLACE, {**DAY, "min": "2026-11-10"}))
    field = widgets.page.get_by_role("combobox", name="Where")
    for open_it in (
        lambda: field.press_sequentially("b"),
        lambda: widgets.button("Open the calendar").click(),
    ):
        open_it()
        assert widgets.page.locator(".w-drop:popover-open").count() == 1
        found = widgets.page.evaluate(RUN)
        assert [violation for violation in found if not violation.startswith(PAGES)] == []
        widgets.page.keyboard.press("Escape")


def test_calendar_goes_where_there_is_room(widgets: WidgetsPage) -> None:
    widgets.show(card({**DAY, "side": "top"}))
    widgets.button("Open the calendar").click()
    assert widgets.page.locator(".w-drop").get_attribute("data-side") == "bottom"
    widgets.page.keyboard.press("Escape")
