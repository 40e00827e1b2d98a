"""What ChatKit's browser tests stand on: the bundles, once for a run, and tabs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import parts
from tests.e2e.chat_page import Watch
from tests.e2e.chatkit.kit import Kit, build
from tests.e2e.examples import bundles as examples
from tests.servers import ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

parts.PARTS["examples_packages"] = lambda: (
    None if examples.installed() else "tests/e2e/examples/install.sh has not been run"
)


@pytest.fixture(scope="session")
def kit_bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `chatkit.js`, which stands in for OpenAI's script, and of the page's `app.js`."""
    parts.require("node")
    parts.require("examples_packages")
    return build(tmp_path_factory.mktemp("kit"))


@pytest.fixture
def open_kit(
    visitor: Callable[..., BrowserContext],
    watch: Watch,
    kit_bundles: Path,
    live_server_process: ServerProcess,
) -> Callable[..., Kit]:
    """`open_kit(context=None, url=None, prepare=None, **options)`: a tab with ChatKit, ready; `options` are `connect`'s."""

    def open_it(
        context: BrowserContext | None = None,
        url: str | None = None,
        prepare: Callable[[Page], object] | None = None,
        **options: Any,
    ) -> Kit:
        page = (context or visitor(permissions=["local-network-access"])).new_page()
        kit = Kit(page, url or live_server_process.url, kit_bundles)
        watch.over(page, kit.url)
        page.add_init_script(f"window.connectOptions = {json.dumps(options)};")
        if prepare:
            prepare(page)
        kit.open()
        return kit

    return open_it
