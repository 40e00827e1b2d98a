"""The guide's commands, run as they are printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from chat_app.providers.demo_text import curl
from tests.servers import ServerProcess


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("bash")), reason="curl or bash is not installed"
)
def test_terminal_commands_of_the_guide_work_as_printed(live_server_process: ServerProcess) -> None:
    block = re.search(r"```bash\n(.*?)```", curl(live_server_process.url), re.S)
    assert block
    env = {"PATH": os.environ["PATH"], "BACKEND_KEY": live_server_process.backend_key, "NO_PROXY": "*"}
    run = subprocess.run(["bash", "-eu", "-c", block[1]], env=env, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "data: " in run.stdout
    assert "1. Hello" in run.stdout
