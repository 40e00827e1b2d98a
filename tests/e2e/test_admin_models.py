"""A model that dies, as staff see it in a browser: told on the front page and the list, and put right on its own page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.chat_page import Watch, open_as_staff
from tests.live.clients import issue
from tests.live.routes import FaultyUpstream, add_models, faulty_upstream
from tests.servers import Launcher, ServerProcess, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

LIST = "/admin/chat_app/modelconfig/"
DEAD = f"{LIST}dead/change/"


@pytest.fixture(scope="module")
def upstream() -> Iterator[FaultyUpstream]:
    with faulty_upstream() as process:
        yield process


@pytest.fixture(scope="module")
def server(start_server: Launcher, upstream: FaultyUpstream) -> Iterator[ServerProcess]:
    """Its model `dead` has failed until its breaker opened."""
    process = start_server()
    add_models(process, {"dead": {"base_url": upstream.base_url("status", code=500), "model": "m"}})
    fail(process)
    yield process
    process.stop()


def fail(server: ServerProcess) -> None:
    user = issue(server, "unlucky")

    def skipped() -> bool:
        said = user.post("/api/chat", {"message": "/echo hi", "model": "dead"})
        return any("skipped" in attempt for attempt in user.turn(said.headers["X-Turn-Id"])["attempts"])

    wait_until(skipped, "the open breaker", 20)


@pytest.fixture
def open_page(
    visitor: Callable[..., BrowserContext], watch: Watch, server: ServerProcess
) -> Callable[..., Page]:
    """`open_page(path, **options)`: a page of the admin, with staff signed in."""

    def open_it(path: str, **options: Any) -> Page:
        return open_as_staff(visitor(**options), watch, server, path)

    return open_it


def test_model_that_died_is_told_and_its_breaker_closed_by_a_button(
    open_page: Callable[..., Page], server: ServerProcess
) -> None:
    page = open_page("/admin/")
    page.get_by_role("link", name="dead").click()
    health = page.locator(".field-standing")
    assert "failed" in health.inner_text()
    assert "(HTTP 500)" in page.locator(".field-last_error").inner_text()
    page.get_by_role("button", name="Close the breaker").click()
    page.get_by_text("Turns go there again: 1.").wait_for()
    assert "works" in health.inner_text()
    assert page.get_by_role("button", name="Close the breaker").count() == 0
    page.get_by_role("link", name="History").click()
    page.get_by_text("Closed the breaker.").wait_for()
    fail(server)  # it was asked again, and is left alone again


def test_route_that_is_put_right_answers_at_once(
    open_page: Callable[..., Page], server: ServerProcess, upstream: FaultyUpstream
) -> None:
    page = open_page(DEAD)
    page.fill("#id_base_url", upstream.base_url("ok"))
    page.get_by_role("button", name="Save and continue editing").first.click()
    page.get_by_text("Turns go to “dead” again").wait_for()
    user = issue(server, "lucky")
    wait_until(
        lambda: user.post("/api/chat", {"message": "hi", "model": "dead"}).json().get("model") == "dead",
        "the route that was put right", 5,
    )  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_pages_fit_and_say_what_kinds_need(
    open_page: Callable[..., Page], server: ServerProcess, scheme: str, width: int
) -> None:
    page = open_page(LIST, color_scheme=scheme, viewport={"width": width, "height": 800})
    for path in (LIST, DEAD, "/admin/", f"{LIST}add/"):
        page.goto(f"{server.url}{path}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert "openai" in page.locator(".chat-kinds").inner_text()
