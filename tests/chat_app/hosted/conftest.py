"""What the tests of the import share: the hosted API as a process of its own, and the command."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from chat_app.models import Item, Thread, Turn
from tests.upstream.hosted_threads import KEY, HostedChatKit, hosted_chatkit, thread

AT_ONCE = {"retry-after-ms": "1"}


@pytest.fixture(scope="module")
def running() -> Iterator[HostedChatKit]:
    with hosted_chatkit() as api:
        yield api


@pytest.fixture
def api(running: HostedChatKit, settings: Any) -> HostedChatKit:
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = running.base_url, KEY
    running.set(threads=[], items={}, faults=[], delay=0)
    return running


def bring(*options: str) -> tuple[int, str]:
    """Exit code and all that was printed."""
    out, code = StringIO(), 0
    try:
        call_command("import_hosted_threads", *options, stdout=out, stderr=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, out.getvalue()


def rows() -> list[Any]:
    """All that was brought over, to be compared."""
    return [list(model.objects.order_by("pk").values()) for model in (Thread, Item, Turn)]


def one(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """One thread `cthr_1` with these items, for `set`."""
    return {"threads": [thread("1", **fields)], "items": {"cthr_1": list(items)}}
