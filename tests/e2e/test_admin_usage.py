"""The usage page in a browser: drawn under the strict policy, legible in light and dark, and no wider than a phone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.e2e.chat_page import Watch, open_as_staff
from tests.live.clients import issue
from tests.servers import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

USAGE = "/admin/chat_app/usage/?range=24h"
CONTRAST = """([front, back]) => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const colours = [getComputedStyle(document.querySelector(front)), getComputedStyle(document.querySelector(back))];
  const [a, b] = [light(colours[0].fill), light(colours[1].backgroundColor)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""


def open_usage(context: BrowserContext, watch: Watch, server: ServerProcess) -> Page:
    return open_as_staff(context, watch, server, USAGE)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_charts_are_drawn_and_legible(
    visitor: Callable[..., BrowserContext], watch: Watch, live_server_process: ServerProcess, theme: str, width: int
) -> None:  # fmt: skip
    issue(live_server_process, "seen", model="demo").ask("/echo hello")
    context = visitor(color_scheme=theme, viewport={"width": width, "height": 900})
    page = open_usage(context, watch, live_server_process)
    charts = page.get_by_role("img", name="per hour")
    expect(charts).to_have_count(6)
    assert all((box := chart.bounding_box()) and box["width"] > 300 for chart in charts.all())
    for kind in range(7):
        assert page.evaluate(CONTRAST, [f"#chart-{kind} .chart-fill", "body"]) >= 3, kind
    assert page.evaluate(CONTRAST, [".chart-text", "body"]) >= 4.5
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_chart_can_be_read_as_a_table(
    visitor: Callable[..., BrowserContext], watch: Watch, live_server_process: ServerProcess
) -> None:
    issue(live_server_process, "seen", model="demo").ask("/echo hello")
    page = open_usage(visitor(), watch, live_server_process)
    table = page.get_by_role("table", name="Turns per hour")
    expect(table).to_be_hidden()
    page.get_by_text("As a table").first.click()
    expect(table.get_by_role("columnheader")).to_contain_text(["UTC", "demo"])
    expect(table.get_by_role("row")).to_have_count(25)
    page.get_by_role("link", name="ext:seen").first.click()
    expect(page.locator("[name=owner]")).to_have_value("ext:seen")
