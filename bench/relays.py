"""The servers of the relay rows: each passes on the answers of the same model server, which has the load generator's core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench import product, venv
from bench.machine import LOAD_CORE
from bench.servers import BACKEND_KEY, Desk, Peer, Running, process


@contextmanager
def model_server(desk: Desk) -> Iterator[Running]:
    """The upstream, on the port after the server's; it can be asked directly too."""
    port = desk.port + 1
    command = [str(venv.python()), "-m", "bench.peers.model_server", "--port", str(port)]
    with process(command, {}, desk, "model server", port=port, core=LOAD_CORE) as pid:
        yield Running(port, pid, completions=True)


def _url(upstream: Running) -> str:
    return f"http://127.0.0.1:{upstream.port}/v1"


@dataclass(frozen=True, slots=True)
class RelayProduct:
    """The product with the model server as its default model: a row of kind `openai`, as an operator adds one."""

    name: str = "product"

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Start both, on a fresh copy of the migrated database with that row."""
        with model_server(desk) as upstream:
            database = product.fresh_database(desk)
            row = f"id='relay', label='Relay', provider='openai', base_url='{_url(upstream)}', model='bench'"
            product.orm(
                database,
                "from chat_app.models import ModelConfig",
                "ModelConfig.objects.update(default=False)",
                f"ModelConfig.objects.create({row}, default=True, {product.ROOM})",
            )
            with product.serving(desk, database, self.name, ALLOWED_PRIVATE_HOSTS="127.0.0.1") as server:
                server.upstream = upstream
                yield server


@dataclass(frozen=True, slots=True)
class RelayPeer:
    """A peer that finds the model server in its environment."""

    name: str
    app: str

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Start both."""
        with model_server(desk) as upstream:
            peer = Peer(self.name, self.app, env=(("MODEL_SERVER", _url(upstream)),))
            with peer.start(desk) as server:
                server.upstream = upstream
                yield server


@dataclass(frozen=True, slots=True)
class LiteLLM:
    """LiteLLM's proxy by its own command, in an environment of its own; with one key and no database."""

    name: str = "LiteLLM proxy"

    @contextmanager
    def start(self, desk: Desk) -> Iterator[Running]:
        """Start both. venv.Absent where it cannot be installed."""
        program = venv.optional("litellm").with_name("litellm")
        with model_server(desk) as upstream:
            route = {"model": "openai/bench", "api_base": _url(upstream), "api_key": "none"}
            config = desk.folder / "litellm.yaml"
            config.write_text(json.dumps({"model_list": [{"model_name": "bench", "litellm_params": route}]}))
            command = [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(desk.port)]
            key = f"sk-{BACKEND_KEY}"
            env = {
                "LITELLM_MASTER_KEY": key,
                "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                "LITELLM_LOG": "ERROR",
            }
            with process(command, env, desk, self.name) as pid:
                headers = (f"Authorization: Bearer {key}",)
                yield Running(desk.port, pid, headers, completions=True, upstream=upstream)
