"""A page with widgets and items on it and a stand-in for the chat around them: how a test shows them and what it was asked.

The page is served from the working tree by routes, under the strict policy that pages of ours have. No server runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Route

ROOT = Path(__file__).parents[3]
ORIGIN = "http://widgets.test"
FOLDERS = {
    "static": ROOT / "chat_app" / "static",
    "gallery": ROOT / "examples" / "gallery",
    "dropin": Path(__file__).parent,
}
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "trusted-types dompurify; require-trusted-types-for 'script'"
)
KINDS = [
    "Basic",
    "Card",
    "ListView",
    "ListViewItem",
    "Box",
    "Row",
    "Col",
    "Form",
    "Spacer",
    "Divider",
    "Transition",
    "Title",
    "Caption",
    "Text",
    "Markdown",
    "Badge",
    "Icon",
    "Image",
    "Button",
    "Table",
    "Chart",
    "Input",
    "Textarea",
    "Select",
    "DatePicker",
    "Checkbox",
    "RadioGroup",
    "Label",
]
HTML = '<!doctype html><html lang="en"><head><title>Widgets</title></head><body><main id="host"></main></body></html>'
BOOT = """async () => {
  const { fakeKit } = await import('/dropin/fake_kit.js');
  const widgets = await import('/static/chat_app/chatkit/widgets/index.js');
  const kit = await fakeKit(document.getElementById('host'));
  await Promise.all(widgets.SHEETS.map(kit.style));
  window.kit = kit;
  window.show = (widget, item = { id: 'item_1' }) => {
    window.view?.element.remove();
    window.view = new widgets.WidgetView(kit, { ...item, widget });
    window.view.update(widget);
    kit.root.append(window.view.element);
  };
  window.showItem = async (name, item) => {
    window.view?.element.remove();
    const module = await import(`/static/chat_app/chatkit/items/${name}.js`);
    const View = Object.values(module).find((one) => /View$/.test(one.name));
    window.view = new View(kit, item);
    kit.root.append(window.view.element);
  };
}"""


class WidgetsPage:
    """A tab with one widget or item in it. `trouble` is what its console said."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.trouble: list[str] = []
        page.on("console", lambda line: line.type in {"error", "warning"} and self.trouble.append(line.text))
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.route("**/*", self._serve)
        page.goto(f"{ORIGIN}/")
        page.evaluate(BOOT)

    def reset(self) -> None:
        """As it was when it was opened, but for what was loaded."""
        self.trouble.clear()
        self.page.evaluate("""() => {
          kit.settle();
          kit.hold = false;
          for (const list of [kit.asked, kit.errors, kit.said]) list.length = 0;
        }""")

    def _serve(self, route: Route) -> None:
        url = route.request.url
        path = url.removeprefix(ORIGIN).split("?")[0] if url.startswith(f"{ORIGIN}/") else ""
        if path == "/":
            route.fulfill(body=HTML, content_type="text/html", headers={"Content-Security-Policy": POLICY})
            return
        if route.request.resource_type == "image" and path:
            route.fulfill(body=b"", content_type="image/png")
            return
        _, top, rest = [*path.split("/", 2), "", ""][:3]
        file = FOLDERS[top] / rest if top in FOLDERS else None
        if file is None or not file.is_file():
            self.trouble.append(f"asked for {url}")
            route.fulfill(status=404)
            return
        route.fulfill(path=file, content_type=TYPES.get(file.suffix, "application/octet-stream"))

    def show(self, widget: dict[str, Any]) -> None:
        """Show a widget anew."""
        self.page.evaluate("widget => show(widget)", widget)

    def show_each(self, widgets: list[dict[str, Any]]) -> None:
        """Show one widget after the other; the last one stays."""
        self.page.evaluate("widgets => { for (const widget of widgets) show(widget); }", widgets)

    def update(self, widget: dict[str, Any]) -> None:
        """Bring the shown widget in step with another state of it."""
        self.page.evaluate("widget => view.update(widget)", widget)

    def show_item(self, name: str, item: dict[str, Any]) -> None:
        """Show a thread item by the file of `items/` that has its view."""
        self.page.evaluate("([name, item]) => showItem(name, item)", [name, item])

    def button(self, name: str) -> Locator:
        """The button of that name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def hold(self) -> None:
        """Let actions go on until `settle`."""
        self.page.evaluate("kit.hold = true")

    def settle(self, error: str | None = None) -> None:
        """Let the actions under way end, well or by an error."""
        self.page.evaluate("error => kit.settle(error ?? undefined)", error)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What the chat was asked to carry out, in order."""
        found: list[dict[str, Any]] = self.page.evaluate("kit.asked")
        return found

    @property
    def actions(self) -> list[dict[str, Any]]:
        """The actions among that."""
        return [asked["action"] for asked in self.asked if "action" in asked]


def card(*children: Any, **more: Any) -> dict[str, Any]:
    """A card of these components."""
    return {"type": "Card", "children": list(children), **more}
