"""The image, as far as it can be tried without Docker: its Dockerfile is read, and built by hand from the same files."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.deploy import image
from tests.parts import BASE_DIR
from tests.servers import answers, free_port, wait_until

STAGES = image.stages(image.DOCKERFILE.read_text())
SERVER = STAGES[-1]


def test_bases_are_pinned_and_alike() -> None:
    assert len({stage.base for stage in STAGES}) == 1
    assert re.fullmatch(r"python:3\.(\d+)\.\d+-slim-[a-z]+", SERVER.base)


def test_packages_come_from_requirements_that_exist_and_are_pinned() -> None:
    (argument,) = STAGES[0].all("ARG")
    name = argument.removeprefix("REQUIREMENTS=")
    assert name in image.context()
    lines = (BASE_DIR / name).read_text().splitlines()
    assert len(lines) > 20
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==\S+", line) for line in lines)
    assert "-r ${REQUIREMENTS}" in STAGES[0].last("RUN")


def test_server_does_not_run_as_root_and_hears_its_signal() -> None:
    assert SERVER.all("USER") == ["chat"]
    assert [name for name, _ in SERVER.lines].index("USER") > max(
        n for n, (name, _) in enumerate(SERVER.lines) if name in ("RUN", "COPY")
    )
    assert SERVER.last("STOPSIGNAL") == "SIGTERM"
    assert image.program_of(SERVER.last("CMD")) == ["python", "-m", "chatbackend.serve"]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("manage.py", True),
        ("chatbackend/settings.py", True),
        ("chat_app/static/chat_app/chatkit.js", True),
        ("templates/chat_app/index.html", True),
        (".env", False),
        (".git/config", False),
        ("data/db.sqlite3", False),
        ("deploy/secrets/secret_key", False),
        ("deploy/.env", False),
        ("tests/servers.py", False),
        ("chatbackend/__pycache__/env.cpython-311.pyc", False),
        ("chat_app/chat/engine.pyc", False),
    ],
)
def test_context_holds_the_product_and_no_secret(path: str, kept: bool) -> None:
    assert image.in_context(path, (BASE_DIR / ".dockerignore").read_text()) is kept


def test_every_file_that_is_copied_is_there() -> None:
    files = image.context()
    for stage in STAGES:
        for sources, _ in stage.copies():
            for source in sources:
                pattern = re.escape(source).replace(r"\*", "[^/]*")
                assert any(re.match(f"{pattern}(/|$)", path) for path in files), source


def test_nothing_secret_is_left_in_a_layer() -> None:
    names = {name for stage in STAGES for name in stage.environment()}
    assert not {name for name in names if re.search("KEY|SECRET|PASSWORD|TOKEN|DATABASE_URL", name)}
    assert not [
        rest for stage in STAGES for rest in stage.all("ARG") if re.search("KEY|SECRET|PASSWORD", rest)
    ]


@dataclass
class Container:
    """What runs, and how it is asked."""

    url: str
    env: dict[str, str]
    work: Path
    process: subprocess.Popen[bytes]

    def healthy(self) -> bool:
        probe = image.program_of(SERVER.last("HEALTHCHECK"))
        return subprocess.run(probe, cwd=self.work, env=self.env, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """The last stage's files with its CMD running on them, under an allowed host that is not this machine's."""
    root = tmp_path_factory.mktemp("image")
    work, env = image.build(SERVER, root)
    secret = root / "secret_key"
    secret.write_text("of-the-test-" + "s" * 40 + "\n")
    port = free_port()
    env |= {"SECRET_KEY_FILE": str(secret), "BACKEND_KEY": "the-key", "DATABASE_URL": f"sqlite:///{root}/db.sqlite3",
            "ALLOWED_HOSTS": "chat.example.com", "HOST": "127.0.0.1", "PORT": str(port)}  # fmt: skip
    subprocess.run(["python", "manage.py", "migrate", "-v0"], cwd=work, env=env, check=True)
    process = subprocess.Popen(image.program_of(SERVER.last("CMD")), cwd=work, env=env)
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: answers(url + "/healthz") or process.poll() is not None, "the server")
    yield Container(url, env, work, process)
    process.kill()
    process.wait()


def test_server_of_the_image_answers_with_pages_static_files_and_a_model(container: Container) -> None:
    host = {"Host": "chat.example.com"}
    page = requests.get(container.url + "/", headers=host)
    assert page.status_code == 200
    script = re.search(r'src="(/static/[^"]+\.[0-9a-f]{12}\.js)"', page.text)
    assert script is not None, page.text
    assert requests.get(container.url + script[1], headers=host).status_code == 200
    said = requests.post(
        container.url + "/api/chat",
        json={"message": "/echo hi", "model": "demo"},
        headers={**host, "Authorization": "Bearer the-key"},
    )
    assert said.json()["response"] == "hi"


def test_server_of_the_image_is_the_image_and_not_this_folder(container: Container) -> None:
    where = "import chatbackend, chat_app, sessions_app; print(chat_app.__file__)"
    said = subprocess.run(
        ["python", "-c", where],
        cwd=container.work,
        env=container.env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.startswith(str(container.work))
    assert not (container.work / "tests").exists()


def test_health_is_told_whatever_hosts_are_allowed_and_the_stop_signal_ends_it(container: Container) -> None:
    assert container.healthy()
    container.process.send_signal(getattr(signal, SERVER.last("STOPSIGNAL")))
    assert container.process.wait(15) == 0
    assert not container.healthy()
