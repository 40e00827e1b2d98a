"""`scope["identify"]`: put in place for requests and sockets, asking nothing until it is called."""

from __future__ import annotations

import pytest

from sessions_app.errors import Unauthenticated
from sessions_app.middleware import Identify, Identity
from sessions_app.principal import Principal


async def scope_after(scope: dict[str, object]) -> dict[str, object]:
    seen: list[dict[str, object]] = []

    async def inner(scope, receive, send):
        seen.append(scope)

    await Identify(inner)(scope, None, None)  # type: ignore[arg-type]
    return seen[0]


@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_identify_is_there_for_requests_and_sockets(kind):
    scope = await scope_after({"type": kind, "headers": []})
    assert isinstance(scope["identify"], Identity)


async def test_identify_leaves_the_lifespan_alone():
    assert "identify" not in await scope_after({"type": "lifespan"})


def socket(token: str) -> Identity:
    return Identity(
        {
            "type": "websocket",
            "headers": [],
            "subprotocols": ["chat", token],
            "client": ("192.0.2.1", 9),
        }
    )


@pytest.mark.django_db
def test_identify_tells_who_speaks(owner):
    identify = socket(owner.secret)
    principal = identify()
    assert (principal.owner, principal.session_id) == ("ext:42", owner.session.pk)
    assert (identify.subprotocol, identify.client_ip) == ("chat", "192.0.2.1")


@pytest.mark.django_db
def test_identify_takes_a_token_that_was_named(owner, colleague):
    assert socket(owner.secret)(colleague.secret).owner == "ext:43"
    for bad in ("", "cs_wrong", owner.session.pk):
        with pytest.raises(Unauthenticated):
            socket(owner.secret)(bad)


@pytest.mark.django_db
def test_identify_costs_one_select_for_a_client_secret(owner, django_assert_num_queries):
    identify = socket(owner.secret)
    with django_assert_num_queries(1):
        assert isinstance(identify(), Principal)
