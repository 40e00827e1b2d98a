"""The shared client, and what foreign errors become."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chat_app.domain.errors import ChatError, UpstreamDown, UpstreamError, UpstreamTimeout
from chat_app.providers import http
from chat_app.providers.base import RouteConfig
from tests.chat_app.providers.conftest import ask


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
