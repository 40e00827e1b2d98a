"""What no widget data can do: break the page, run, reach a prototype, or name a style of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.dropin.widgets_page import KINDS, WidgetsPage, card

if TYPE_CHECKING:
    pass


NASTY = [
    "javascript:alert(1)",
    "red; background: url(https://evil.test/x)",
    "url(https://evil.test/x)",
    "var(--x, url(https://evil.test/x))",
    "calc(1px + expression(alert(1)))",
    "<img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "-9999px",
    "__proto__",
]
FIELDS = [
    "value",
    "label",
    "name",
    "src",
    "alt",
    "color",
    "background",
    "size",
    "width",
    "height",
    "minWidth",
    "maxHeight",
    "padding",
    "margin",
    "gap",
    "border",
    "radius",
    "aspectRatio",
    "flex",
    "align",
    "justify",
    "wrap",
    "placeholder",
    "defaultValue",
    "pattern",
    "icon",
    "iconStart",
    "iconEnd",
    "style",
    "variant",
    "status",
    "theme",
    "fit",
    "position",
    "weight",
    "key",
    "id",
    "fieldName",
    "inputType",
    "min",
    "max",
    "spacing",
    "direction",
    "limit",
]


NEST = """() => {
  let deep = { type: 'Text', value: 'bottom' };
  for (let n = 0; n < 500; n += 1) deep = { type: 'Box', children: [deep] };
  show({ type: 'Card', children: [deep] });
}"""


def test_deep_nesting_is_cut(widgets: WidgetsPage) -> None:
    widgets.page.evaluate(NEST)
    assert widgets.page.get_by_text("bottom").count() == 0
    assert widgets.page.locator(".w-cut").text_content() == "…"


def test_unknown_and_wrong_data_is_shown_or_left_out(widgets: WidgetsPage) -> None:
    odd = [
        None,
        7,
        "words",
        [],
        {"type": "Carousel", "children": [{"type": "Text", "value": "inside"}]},
        {"type": "Video"},
    ]
    wrong = [
        {
            "type": kind,
            **{
                name: {"a": [1]}
                for name in ("value", "label", "options", "children", "name", "size", "data", "series")
            },
        }
        for kind in KINDS
    ]
    widgets.show(card(*odd, *wrong))
    assert "7" in widgets.page.locator(".w-card").first.inner_text()
    assert widgets.page.get_by_text("inside").is_visible()
    widgets.show_each([{"type": kind} for kind in KINDS])


@pytest.mark.parametrize("nasty", NASTY)
def test_no_value_injects(widgets: WidgetsPage, nasty: str) -> None:
    widgets.page.evaluate("void (window.alert = () => { window.ran = true })")
    spread = dict.fromkeys(FIELDS, nasty)
    nested = {
        "padding": {"top": nasty},
        "border": {"size": 1, "color": nasty, "style": nasty},
        "background": {"light": nasty, "dark": nasty},
    }
    parts = [{"type": kind, **spread} for kind in KINDS] + [{"type": kind, **nested} for kind in KINDS]
    data = [{"x": nasty, nasty: 1}]
    parts.append(
        {
            "type": "Chart",
            "data": data,
            "xAxis": "x",
            "series": [
                {"type": "line", "dataKey": nasty, "label": nasty, "color": nasty, "curveType": nasty}
            ],
        }
    )
    widgets.show(card(*parts, {"type": "Button", "label": "Go", "onClickAction": {"type": "go"}}))
    style = widgets.page.evaluate(
        "[...view.element.querySelectorAll('[style]')].map((one) => one.getAttribute('style')).join()"
    )
    assert "evil.test" not in style
    assert widgets.page.locator("[src^='javascript'], [href^='javascript'], script").count() == 0
    widgets.button("Go").click()
    assert widgets.page.evaluate("[window.ran, {}.polluted, Object.prototype.value]") == [None, None, None]


def test_field_names_never_reach_a_prototype(widgets: WidgetsPage) -> None:
    names = ["__proto__.polluted", "constructor.prototype.polluted", "a.__proto__.polluted", "ok.fine"]
    fields = [{"type": "Input", "name": name, "defaultValue": "yes"} for name in names]
    widgets.show(
        card(*fields, asForm=True, confirm={"label": "Send", "action": {"type": "send", "payload": {}}})
    )
    widgets.button("Send").click()
    assert widgets.actions[0]["payload"] == {"ok": {"fine": "yes"}}
    assert widgets.page.evaluate("({}).polluted") is None


def test_icons_of_any_name(widgets: WidgetsPage) -> None:
    names = [
        "check",
        "lucide:trash-2",
        "lucide:rocket",
        "no-such-icon",
        "lucide:no-such",
        "constructor",
        "vendor:x",
    ]
    widgets.show(card(*[{"type": "Icon", "name": name} for name in names]))
    widgets.page.locator(".w-icon:nth-child(3) svg > :nth-child(3)").wait_for(state="attached")
    shapes = widgets.page.evaluate(
        "[...view.element.querySelectorAll('.w-icon svg')].map((svg) => svg.childElementCount)"
    )
    assert shapes[0] == 1
    assert shapes[1] > 2
    assert shapes[3:] == [1, 1, 1, 1]


def test_gallery_shows_every_type(widgets: WidgetsPage) -> None:
    threads = widgets.page.evaluate("import('/gallery/items.js').then(({ threads }) => threads())")
    seen = json.dumps(threads)
    assert [kind for kind in [*KINDS, "Table.Row", "Table.Cell"] if f'"type": "{kind}"' not in seen] == []
    widgets.show_each(
        [item["widget"] for thread in threads for item in thread["items"] if item["type"] == "widget"]
    )
