"""Models for kind `local`, made on the spot once a run: the tiny GPT-2 that babbles, and those that count."""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from chat_app.domain.prompt import Message, Prompt
from chat_app.providers.base import RouteConfig, Timeouts
from chat_app.providers.registry import provider
from tests.parts import BASE_DIR, require


@cache
def _build(script: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="chatbackend-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = [sys.executable, f"tests/upstream/{script}", str(folder)]
    done = subprocess.run(
        command, cwd=BASE_DIR, env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder


def counting_models() -> Path:
    """The folder of the models that count (`counting_model.py` says which); skips by name without torch."""
    require("local_model")
    return _build("counting_model.py")


@pytest.fixture(scope="session")
def tiny_model() -> Path:
    """The folder of the tiny GPT-2 with random weights: says lower-case letters and spaces, a token for each byte."""
    require("local_model")
    return _build("tiny_model.py")


def load(route: RouteConfig) -> None:
    """Have the registry's provider load a route's model, before a test whose limits are not for that."""

    async def say_a_word() -> None:
        patient = replace(route, timeouts=Timeouts(), parameters={"max_new_tokens": 1})
        async for _ in provider(route.kind).stream(patient, Prompt((Message("user", "hi"),))):
            pass

    with ThreadPoolExecutor(1) as aside:  # not in this thread, whose event loop is the test's
        aside.submit(asyncio.run, say_a_word()).result()
