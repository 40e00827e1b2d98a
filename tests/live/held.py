"""What a started server holds: connections to others, tasks, memory. The tasks only where it was started `probed()`."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from tests.parts import BASE_DIR
from tests.servers import ServerProcess, wait_until


def probed() -> dict[str, str]:
    """The environment by which a server tells of its tasks."""
    file = Path(tempfile.mkdtemp(prefix="chatbackend-tasks-")) / "tasks.json"
    return {"PYTHONPATH": str(BASE_DIR / "tests/live/probe"), "TASKS_FILE": str(file)}


def tasks(server: ServerProcess) -> dict[str, int]:
    """How many tasks its event loop holds, by the name of what they run."""
    file = Path(f"{server.env['TASKS_FILE']}.{server.pid}")
    file.unlink(missing_ok=True)
    server.signal(signal.SIGUSR2)
    wait_until(file.exists, "the list of tasks", 10)
    found: dict[str, int] = json.loads(file.read_text())
    return found


def sockets_out(server: ServerProcess) -> int:
    """How many sockets it holds that are none of its own port: connections to others, whatever their state."""
    held = set()
    for entry in os.scandir(f"/proc/{server.pid}/fd"):
        with suppress(FileNotFoundError):
            held.add(os.readlink(entry.path))
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [line.split() for line in lines]
    accepted = {f"socket:[{of[9]}]" for of in fields if int(of[1].rpartition(":")[2], 16) == server.port}
    return sum(name.startswith("socket:") for name in held - accepted)


def reset_peak(server: ServerProcess) -> None:
    """From here on VmHWM is the most memory that it had since."""
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")
