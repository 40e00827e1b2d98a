"""`python -m chatbackend.serve`: uvicorn as this project wants it, one process for each of WORKERS.

The first SIGTERM or SIGINT means draining: not ready, no new turn, but still listening until no turn runs or DRAIN_SECONDS are
over. The second means now. Routes and turns are not known here; the supervisor of several processes is `supervisor.py`.
"""

from __future__ import annotations

import os
import sys
import time
from types import FrameType

import django
import structlog
import uvicorn

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatbackend.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.core import checks  # noqa: E402

from chat_app.chat import runner  # noqa: E402
from chat_app.consumers.parting import SPREAD_SECONDS  # noqa: E402
from chat_app.figures import Worker  # noqa: E402
from chatbackend import supervisor  # noqa: E402

log = structlog.get_logger("chatbackend.serve")
# What open streams get to send their last event, once the turns have ended.
CLOSING_SECONDS = 3
# How long a drain lasts at least where somebody is connected: idle sockets are closed one after the other.
PARTING_SECONDS = SPREAD_SECONDS + 0.2


class DrainingServer(uvicorn.Server):
    """A uvicorn.Server whose first signal drains. `parent` is the supervisor's process id: without it we end too."""

    def __init__(self, config: uvicorn.Config, parent: int | None = None) -> None:
        super().__init__(config)
        self.parent = parent
        self.signals = 0
        self.parted = self.deadline = 0.0  # the drain's soonest and latest end, once it has begun

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Signals are counted alone: uvicorn would raise them again at the end, and a good end is exit code 0.
        self.signals += 1
        if self.signals > 1:
            self.should_exit = self.force_exit = True

    async def on_tick(self, counter: int) -> bool:
        if self.parent is not None and os.getppid() != self.parent:
            self.signals = max(self.signals, 1)
        now = time.monotonic()
        if self.signals and not self.deadline:
            self.deadline = now + settings.DRAIN_SECONDS
            self.parted = now + (PARTING_SECONDS if self.server_state.connections else 0)
            log.info("draining", seconds=settings.DRAIN_SECONDS)
            runner.begin_drain()
        if self.deadline and (now >= self.deadline or (now >= self.parted and not runner.state().running)):
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        if not self.force_exit:
            await runner.shutdown(
                0
            )  # before the connections close, so that followers read how their turn ended
        await super().shutdown(sockets)  # type: ignore[arg-type]


def config(*, shared_port: bool) -> uvicorn.Config:
    """uvicorn's options: ours are the access line, the proxy headers and the limit on frames."""
    return uvicorn.Config(
        "chatbackend.asgi:application",
        host=settings.HOST,
        port=settings.PORT,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        reset_contextvars=True,
        ws_max_size=settings.CHAT["WS_FRAME"],
        ws_per_message_deflate=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=CLOSING_SECONDS,
        workers=settings.WORKERS if shared_port else 1,
    )


def refuse_bad_setup() -> None:
    """Run Django's system checks; errors end the start."""
    found = checks.run_checks(include_deployment_checks=False)
    for message in found:
        if message.level >= checks.ERROR:
            sys.stderr.write(f"{message}\n")
    if any(message.level >= checks.ERROR for message in found):
        raise SystemExit(2)


def serve_one(parent: int | None = None) -> None:
    """Serve in this process until a signal ends it."""
    shared = parent is not None
    server = DrainingServer(config(shared_port=shared), parent)
    server.run(sockets=[supervisor.bind(settings.HOST, settings.PORT, shared=shared)])
    if not server.started:
        raise SystemExit(3)


def main(arguments: list[str]) -> None:
    """Without an argument: the whole service. `--worker PID NUMBER`: one of several, started by the supervisor PID."""
    if arguments[:1] == ["--worker"]:
        Worker.number = arguments[2]
        serve_one(int(arguments[1]))
        return
    refuse_bad_setup()
    log.info("serving", address=f"http://{settings.HOST}:{settings.PORT}", workers=settings.WORKERS)
    if settings.WORKERS == 1:
        serve_one()
    else:
        supervisor.bind(settings.HOST, settings.PORT, shared=False).close()
        raise SystemExit(supervisor.run(settings.WORKERS, settings.DRAIN_SECONDS + 15))


if __name__ == "__main__":
    main(sys.argv[1:])
