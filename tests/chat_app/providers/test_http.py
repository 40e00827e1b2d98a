"""The shared client, and what foreign errors become."""

from __future__ import annotations

import asyncio
import ssl
import traceback
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chat_app.domain.errors import ChatError, UpstreamBusy, UpstreamDown, UpstreamError, UpstreamTimeout
from chat_app.providers import http
from chat_app.providers.base import RouteConfig, Timeouts
from tests.chat_app.providers.conftest import ask
from tests.upstream.faulty import Upstream, text_of


def route(base_url: str, connect: float = 5) -> RouteConfig:
    return RouteConfig("m", "openai", base_url, "m", timeouts=Timeouts(connect=connect))


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (TimeoutError(), UpstreamTimeout),
        (ConnectionResetError(), UpstreamDown),
        (ssl.SSLError(), UpstreamDown),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "no"), UpstreamError),
        (RecursionError(), UpstreamError),
    ],
)
def test_foreign_error_becomes_ours(foreign: Exception, ours: type[ChatError]) -> None:
    with pytest.raises(UpstreamError) as caught, http.foreign_errors():
        raise foreign
    assert type(caught.value) is ours
    assert caught.value.__cause__ is foreign


def test_errors_that_are_not_the_upstreams_pass_through() -> None:
    with pytest.raises(KeyError), http.foreign_errors():
        raise KeyError("ours")


async def test_client_is_shared_until_it_is_closed() -> None:
    first = http.session()
    assert http.session() is first
    await http.close()
    assert first.closed
    assert http.session() is not first


def test_each_event_loop_has_its_own_client() -> None:
    async def client() -> int:
        made = id(http.session())
        await http.close()
        return made

    assert asyncio.run(client())
    assert asyncio.run(client())


async def test_client_keeps_no_cookies_and_reads_no_proxy_of_the_environment() -> None:
    client = http.session()
    client.cookie_jar.update_cookies({"a": "b"})
    assert len(client.cookie_jar) == 0
    assert not client.trust_env


def test_configure_takes_plain_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "_policy", None)
    http.configure(["10.0.0.5", "gpu.internal"], allow_loopback=False)
    assert http.url_problem("http://10.0.0.5/v1") is None
    assert http.url_problem("http://127.0.0.1/v1") is not None


async def test_certificate_that_nobody_signed_is_down(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path / "cert.pem"))
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    answer = await ask(RouteConfig("m", "openai", f"https://127.0.0.1:{port}/v1", "m"))
    assert (type(answer.error), str(answer.error)) == (
        UpstreamDown,
        "The model's server could not be reached over TLS.",
    )
    server.close()


def self_signed(path: Path) -> Path:
    """A key and a certificate for 127.0.0.1 that no authority has signed, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path


async def test_request_beyond_all_connections_is_busy_within_the_connect_limit(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CONNECTIONS", 4)
    asking = [asyncio.create_task(ask(route(upstream.base_url("hang")))) for _ in range(4)]
    await upstream.until(open=4)
    answer = await ask(route(upstream.base_url(), connect=0.3))
    assert (type(answer.error), upstream.state.requests) == (UpstreamBusy, 4)
    assert answer.error is not None
    assert (answer.error.of_request, answer.error.retry_after) == (True, 1)
    for task in asking:
        task.cancel()
    await asyncio.wait(asking)
    assert (await ask(route(upstream.base_url()))).text == text_of(20)


async def test_request_that_waits_is_served_when_a_connection_comes_free(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CONNECTIONS", 1)
    first = asyncio.create_task(ask(route(upstream.base_url("hang"))))
    await upstream.until(open=1)
    second = asyncio.create_task(ask(route(upstream.base_url(), connect=30)))
    await asyncio.sleep(0.05)
    first.cancel()
    assert (await second).text == text_of(20)


async def test_answer_that_is_no_http_holds_the_key_in_no_repr() -> None:
    async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 2x0 what\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    answer = await ask(RouteConfig("m", "openai", url, "m", "sk-hush"))
    assert type(answer.error) is UpstreamError
    told = "".join(traceback.format_exception(answer.error)) + repr(answer.error.__cause__)
    assert "sk-hush" not in told
    server.close()


async def test_large_request_is_sent_without_a_warning(
    upstream: Upstream, recwarn: pytest.WarningsRecorder
) -> None:
    assert (await ask(route(upstream.base_url()), "x" * 3_000_000)).text == text_of(20)
    assert [warning for warning in recwarn if warning.category is ResourceWarning] == []
