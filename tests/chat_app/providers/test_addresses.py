"""Which hosts may be reached, by name and by address, when a route is saved and when a connection is made."""

from __future__ import annotations

import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from chat_app.domain.errors import UpstreamRefused
from chat_app.providers import http
from chat_app.providers.addresses import ForbiddenAddress, GuardedResolver, Policy
from chat_app.providers.base import RouteConfig
from tests.chat_app.providers.conftest import ask
from tests.upstream.faulty import Upstream, text_of

NOTHING = Policy()
INSIDE = [
    "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "169.254.169.254", "fe80::1", "fe80::1%eth0", "fc00::1", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:0a00:0001::1",
]  # fmt: skip


class Names(AbstractResolver):
    """A resolver that knows what it was told."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0)
            for one in self.addresses
        ]

    async def close(self) -> None:
        self.addresses = ()


@pytest.mark.parametrize("address", INSIDE)
def test_address_inside_is_forbidden_under_any_name(address: str) -> None:
    assert not NOTHING.allows("model.example.com", address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public_address_is_allowed(address: str) -> None:
    assert NOTHING.allows("model.example.com", address)


def test_loopback_is_allowed_by_its_switch_alone() -> None:
    policy = Policy.of([], loopback=True)
    assert policy.allows("localhost", "127.0.0.1")
    assert policy.allows("localhost", "::1")
    assert not policy.allows("localhost", "10.0.0.1")


def test_listed_name_opens_private_ranges_but_not_loopback_or_metadata() -> None:
    policy = Policy.of(["GPU.internal."], loopback=False)
    assert policy.allows("gpu.internal", "10.0.0.1")
    assert not policy.allows("other.internal", "10.0.0.1")
    assert not policy.allows("gpu.internal", "127.0.0.1")
    assert not policy.allows("gpu.internal", "169.254.169.254")


def test_listed_address_and_network_open_themselves() -> None:
    policy = Policy.of(["10.0.0.5", "192.168.0.0/16", "127.0.0.1", " [fd00::1] "], loopback=False)
    assert policy.allows("10.0.0.5", "10.0.0.5")
    assert policy.allows("anything", "192.168.7.7")
    assert policy.allows("127.0.0.1", "127.0.0.1")
    assert policy.allows("fd00::1", "fd00::1")
    assert not policy.allows("10.0.0.6", "10.0.0.6")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd", "ftp://example.com", "example.com/v1", "http://", "https://user:pw@example.com/v1",
        "http://10.0.0.1/v1", "http://[::1]:8080/v1", "http://127.0.0.1:8000", "http://[bad", "http://h:99999/",
        "http://167772161/v1", "http://0xa000001/v1", "http://0x0a.0.0.1/v1", "http://012.0.0.1/v1", "http://10.1/v1",
        "http://10.0.0.1./v1", "http://0/v1", "http://１０.0.0.1/v1", "http://[::ffff:10.0.0.1]/v1", "http://[::ffff:a00:1]/v1",
        "http://[fe80::1%25eth0]/v1", "http://[::10.0.0.1]/v1", "http://localhost/v1", "http://LOCALHOST./v1",
        "http://model.localhost:8080/v1", "https://user@example.com/v1", "https://:pw@example.com/v1",
        "http://10.0.0.1#@example.com/", "http://example.com@10.0.0.1/v1", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_base_url_that_may_not_be_used_has_a_problem(url: str) -> None:
    assert NOTHING.problem(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.openai.com/v1",
        "http://model.example.com:8080/v1",
        "https://1.1.1.1/v1",
        "http://16843009/v1",
    ],
)
def test_base_url_of_a_public_host_has_none(url: str) -> None:
    assert NOTHING.problem(url) is None


async def test_resolver_passes_on_the_allowed_addresses_alone() -> None:
    resolver = GuardedResolver(lambda: NOTHING, Names("10.0.0.1", "1.1.1.1"))
    assert [one["host"] for one in await resolver.resolve("mixed.example.com", 80)] == ["1.1.1.1"]


async def test_resolver_refuses_a_name_that_moved_inside() -> None:
    names = Names("1.1.1.1")
    resolver = GuardedResolver(lambda: NOTHING, names)
    assert await resolver.resolve("rebind.example.com", 80)
    names.addresses = ("127.0.0.1",)
    with pytest.raises(ForbiddenAddress):
        await resolver.resolve("rebind.example.com", 80)


async def test_name_of_this_machine_is_refused_when_connecting(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    route = RouteConfig("m", "openai", upstream.base_url().replace("127.0.0.1", "localhost"), "m")
    assert (await ask(route)).text == text_of(20)
    await http.close()
    monkeypatch.setattr(http, "_policy", NOTHING)
    refused = await ask(route)
    assert type(refused.error) is UpstreamRefused
    assert upstream.state.requests == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost.",
        "[::ffff:127.0.0.1]",
    ],
)
async def test_ways_to_write_loopback_reach_nothing(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setattr(http, "_policy", NOTHING)
    answer = await ask(RouteConfig("m", "openai", f"http://{host}:{upstream.port}/ok/v1", "m"))
    assert type(answer.error) is UpstreamRefused
    assert upstream.state.requests == 0


def test_name_of_this_machine_is_taken_where_loopback_is_open() -> None:
    assert Policy.of([], loopback=True).problem("http://localhost.:8080/v1") is None
    for listed in ("localhost", "127.0.0.1", "127.0.0.0/8"):
        assert Policy.of([listed], loopback=False).problem("http://localhost:8080/v1") is None
