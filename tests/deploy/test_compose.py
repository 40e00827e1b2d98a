"""deploy/compose.yaml: sound by the Compose Specification, and true to what the product needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from chat_app.providers.python import handover
from chatbackend import databases, env
from deploy import make_secrets
from deploy.proxy import CONFIGURATION

FOLDER = CONFIGURATION.parent
FILE = FOLDER / "compose.yaml"
SPECIFICATION = Path(__file__).parent / "vendor" / "compose-spec.json"
ASKED = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def filled(text: str, **given: str) -> str:
    """`text` with its variables filled in as Compose does. KeyError for one that has to be given and is not."""

    def value(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        if name in given:
            return given[name]
        if kind != "-":
            raise KeyError(name)
        return str(default)

    return ASKED.sub(value, text)


@pytest.fixture(scope="module")
def compose() -> Any:
    return yaml.safe_load(filled(FILE.read_text(), ALLOWED_HOSTS="chat.example.com"))


def problems(document: Any) -> list[str]:
    validator = jsonschema.Draft7Validator(json.loads(SPECIFICATION.read_text()))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def test_file_is_sound_by_the_specification(compose: Any) -> None:
    assert problems(compose) == []
    assert problems(yaml.safe_load(FILE.read_text())) == []  # before its variables are filled in, too
    assert "version" not in compose


def test_specification_finds_a_mistake(compose: Any) -> None:
    broken = json.loads(json.dumps(compose))
    broken["services"]["web"]["depends_on"]["redis"]["condition"] = "up"
    broken["services"]["web"]["replicas"] = 2
    assert len(problems(broken)) == 2


def test_hosts_have_to_be_named() -> None:
    with pytest.raises(KeyError, match="ALLOWED_HOSTS"):
        filled(FILE.read_text())


def test_whatever_a_service_names_is_there(compose: Any) -> None:
    services = compose["services"]
    assert services.keys() == {"migrate", "web", "postgres", "redis", "nginx"}
    for name, service in services.items():
        assert service.get("depends_on", {}).keys() <= services.keys(), name
        assert set(service["networks"]) <= compose["networks"].keys(), name
        assert set(service.get("secrets", [])) <= compose["secrets"].keys(), name
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            there = (FOLDER / source).is_file() if source.startswith("./") else source in compose["volumes"]
            assert there, (name, mount)
        if "build" in service:
            assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        else:
            assert re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?(-\w[\w.]*)?", service["image"]), name


def test_order_is_database_then_migration_then_workers_then_nginx(compose: Any) -> None:
    conditions = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in compose["services"].items()
    }
    assert conditions == {
        "postgres": {},
        "redis": {},
        "migrate": {"postgres": "service_healthy"},
        "web": {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "redis": "service_healthy",
        },
        "nginx": {"web": "service_healthy"},
    }
    restarts = {name: service["restart"] for name, service in compose["services"].items()}
    assert restarts.pop("migrate") == "no"
    assert set(restarts.values()) == {"unless-stopped"}


def test_secrets_that_are_made_are_the_ones_that_are_named(compose: Any, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    said = subprocess.run(
        [sys.executable, FOLDER / "make_secrets.py", folder], capture_output=True, text=True
    )
    assert said.returncode == 0, said.stderr
    assert {f"./secrets/{path.name}" for path in folder.iterdir()} == {
        secret["file"] for secret in compose["secrets"].values()
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    before = {path.name: path.read_text() for path in folder.iterdir()}
    assert make_secrets.make(folder) == []
    (folder / "backend_key").unlink()
    assert make_secrets.make(folder) == ["backend_key"]
    after = {path.name: path.read_text() for path in folder.iterdir()}
    assert before.pop("backend_key") != after.pop("backend_key")
    assert before == after


def test_environment_of_the_workers_is_one_that_the_server_takes(
    compose: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_secrets.make(tmp_path)
    for name in env.Env.model_fields:
        monkeypatch.delenv(name, raising=False)
    for name, value in compose["services"]["web"]["environment"].items():
        monkeypatch.setenv(name, str(value).replace("/run/secrets", str(tmp_path)))
    loaded = env.load(None)
    assert not loaded.DEBUG
    assert loaded.ALLOWED_HOSTS == ["chat.example.com"]
    assert loaded.SECRET_KEY.get_secret_value() == (tmp_path / "secret_key").read_text().strip()
    database = databases.database(loaded.DATABASE_URL)
    password = (tmp_path / "postgres_password").read_text().strip()
    postgres = compose["services"]["postgres"]
    assert (database["HOST"], database["PASSWORD"]) == ("postgres", password)
    assert (database["USER"], database["NAME"]) == (
        postgres["environment"]["POSTGRES_USER"],
        postgres["environment"]["POSTGRES_DB"],
    )
    (network,) = compose["networks"]["inside"]["ipam"]["config"]
    assert [str(proxy) for proxy in loaded.TRUSTED_PROXIES] == [network["subnet"]]


def test_workers_have_the_time_to_drain(compose: Any) -> None:
    web = compose["services"]["web"]
    grace = int(web["stop_grace_period"].removesuffix("s"))
    assert grace > float(web["environment"]["DRAIN_SECONDS"]) + 15
    assert float(web["environment"]["DRAIN_SECONDS"]) == env.Env.model_fields["DRAIN_SECONDS"].default


def test_database_has_room_for_one_worker_more_than_there_are(compose: Any) -> None:
    web, postgres = compose["services"]["web"], compose["services"]["postgres"]
    most = databases.database("postgres://h/d")["OPTIONS"]["pool"]["max_size"]
    assert most == databases.POSTGRES_THREADS + handover.THREADS + 4
    (connections,) = re.findall(r"max_connections=(\d+)", " ".join(postgres["command"]))
    assert int(connections) > (int(web["deploy"]["replicas"]) + 1) * most


def test_attachments_lie_in_a_volume_and_static_files_in_the_image(compose: Any) -> None:
    (mount,) = compose["services"]["web"]["volumes"]
    assert (
        mount.partition(":")[2] == "/data/files"
    )  # not /data: an old volume would hide a new image's static files
    assert compose["services"]["web"]["read_only"] is True
