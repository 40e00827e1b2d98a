"""The stage that the examples' tests stand on: bundles, the servers, and a tab for each test in the browser of all pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.e2e.examples import bundles as bundling
from tests.e2e.examples import requirement
from tests.e2e.examples.next_server import NextServer
from tests.e2e.examples.servers import Credentials, OpenAIStandIn
from tests.e2e.examples.stage import Stage
from tests.servers import Launcher, ServerProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

parts.PARTS["examples_packages"] = lambda: (
    None if bundling.installed() else "tests/e2e/examples/install.sh has not been run"
)


@pytest.fixture(scope="session")
def blocks() -> tuple[requirement.Block, ...]:
    """The examples' code blocks. The requirement lies beside the repository, not in it: skipped by name without it."""
    parts.require("requirements_folder")
    return requirement.read_blocks(requirement.PATH.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def bundles(blocks: tuple[requirement.Block, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the bundled examples."""
    parts.require("node")
    parts.require("examples_packages")
    return bundling.build(blocks, tmp_path_factory.mktemp("examples"))


@pytest.fixture(scope="session")
def applications(blocks: tuple[requirement.Block, ...], bundles: Path) -> Iterator[NextServer]:
    """Examples 1 to 3 as their own applications, not connected yet."""
    with NextServer(blocks, bundles) as running:
        yield running


@pytest.fixture(scope="session")
def server(blocks: tuple[requirement.Block, ...], live_server_process: ServerProcess) -> str:
    """The tested server's address; without the requirement none is started."""
    return live_server_process.url


@pytest.fixture(scope="session")
def backend_key(live_server_process: ServerProcess) -> str:
    """The key by which the customer's own server speaks."""
    return live_server_process.backend_key


@pytest.fixture(scope="session")
def login(live_server_process: ServerProcess) -> Credentials:
    """A user who can log in by the admin's form."""
    return Credentials(live_server_process.admin, live_server_process.password)


@pytest.fixture(scope="session")
def next_server(applications: NextServer, start_server: Launcher) -> NextServer:
    """Examples 1 to 3 as their own applications, in front of a server that allows their origins."""
    behind = start_server(CORS_ALLOWED_ORIGINS=",".join(applications.origins))
    applications.connect(behind.url, behind.backend_key)
    return applications


@pytest.fixture(scope="session")
def openai() -> Iterator[OpenAIStandIn]:
    """OpenAI's session endpoint, on loopback."""
    with OpenAIStandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def down_server(start_server: Launcher, openai: OpenAIStandIn) -> str:
    """The address of a server on which no model can answer; OpenAI's hosted ChatKit is configured there."""
    down = start_server(
        OPENAI_BASE_URL=openai.base_url, OPENAI_API_KEY=openai.api_key, CHATKIT_WORKFLOW_ID=openai.workflow_id
    )
    down.manage(
        "shell", "-c", "from chat_app.models import ModelConfig as M; M.objects.update(enabled=False)"
    )
    return down.url


@pytest.fixture
def context(chat_browser: Browser) -> Iterator[BrowserContext]:
    """A visitor whom the server has never seen. Loopback is allowed by name, since a page that a test serves has no address."""
    context = chat_browser.new_context(permissions=["local-network-access"])
    yield context
    context.close()


@pytest.fixture
def open_example(context: BrowserContext, bundles: Path, server: str) -> Callable[..., Stage]:
    """Open an example on the backend's own origin; `prepare` gets the page first, `script` runs before the page's own."""
    def_server = server

    def open_it(
        example: int,
        server: str = def_server,
        script: str = "",
        prepare: Callable[[Page], object] = lambda page: None,
    ) -> Stage:
        stage = Stage(context.new_page())
        stage.page.add_init_script(script)
        prepare(stage.page)
        stage.open_direct(server, example, bundles)
        return stage

    return open_it


@pytest.fixture
def open_next(context: BrowserContext, next_server: NextServer) -> Callable[..., Stage]:
    """Open an example as served by its own application, as a visitor that is logged in there, or not."""

    def open_it(example: int, script: str = "", logged_in: bool = True) -> Stage:
        stage = Stage(context.new_page())
        stage.page.add_init_script(script)
        stage.page.goto(next_server.url(example) + ("/" if logged_in else "/?stranger"))
        return stage

    return open_it
