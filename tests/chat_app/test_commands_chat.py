"""`manage.py chat` as a process: what it prints, what it keeps, and what Ctrl-C means."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from django.core.management import CommandError, call_command

from tests.parts import BASE_DIR
from tests.servers import Launcher, ServerProcess


@pytest.fixture(scope="module")
def server(start_server: Launcher) -> Iterator[ServerProcess]:
    """Its database and its environment are what the command works with; a server beside it must not mind."""
    process = start_server()
    yield process
    process.stop()


def terminal(server: ServerProcess, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "chat", "--model", "demo", *arguments],
        cwd=BASE_DIR,
        env=server.env,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=hear_interrupts,
    )


def hear_interrupts() -> None:
    """As in a terminal: what starts the tests in the background may have them, and all they start, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def states(server: ServerProcess) -> list[str]:
    code = "from chat_app.models import Turn; print(*Turn.objects.order_by('pk').values_list('owner', 'state'), sep=chr(10))"
    return server.manage("shell", "-v0", "-c", code).split("\n")


def test_one_question_is_answered_and_cannot_drive_the_terminal(server: ServerProcess) -> None:
    asked = terminal(server, "/echo red \x1b[31malert\x07 \x9b2J", "--user", server.admin)
    out, _ = asked.communicate(timeout=60)
    assert out == "[demo] red \ufffd[31malert\ufffd \ufffd2J\n"
    assert "('user:1', 'completed')" in states(server)


def test_conversation_keeps_its_thread(server: ServerProcess) -> None:
    process = terminal(server)
    out, _ = process.communicate("/echo I am Ada\n\n/history\n", timeout=60)
    assert process.returncode == 0
    assert "[demo] I am Ada\n" in out
    assert "/echo I am Ada" in out


def test_failure_is_told_and_is_the_exit_code(server: ServerProcess) -> None:
    process = terminal(server, "/fail upstream_refused")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "(upstream_refused)" in err


def test_thread_that_is_not_there_is_said_in_one_line(server: ServerProcess) -> None:
    process = terminal(server, "x", "--thread", "thr_none")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.strip() == "There is nothing here. (not_found)"


@pytest.mark.django_db
def test_user_who_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="There is no user “nobody”"):
        call_command("chat", "x", user="nobody")


def test_interrupt_stops_the_answer_and_the_conversation_goes_on(server: ServerProcess) -> None:
    process = terminal(server)
    assert process.stdin
    assert process.stdout
    process.stdin.write("/tokens 2000 40\n")
    process.stdin.flush()
    assert process.stdout.read(20).startswith("[demo] ")
    process.send_signal(signal.SIGINT)
    process.stdin.write("/echo still here\n")
    process.stdin.flush()
    out, err = process.communicate(timeout=60)
    assert "still here\n" in out
    assert "(stopped)" in err
    assert process.returncode == 0
    assert "('key:cli', 'cancelled')" in states(server)


def test_interrupt_at_the_prompt_leaves(server: ServerProcess) -> None:
    process = terminal(server)
    assert process.stdin
    assert process.stdout
    process.stdin.write("/echo ready\n")
    process.stdin.flush()
    assert process.stdout.readline() == "[demo] ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode == 0
