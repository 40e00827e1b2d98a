"""Which cookie speaks, and from which page it may."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User

from sessions_app import sessions
from sessions_app.credentials import Credentials, from_scope, is_allowed_origin
from sessions_app.models import ChatSession
from sessions_app.resolve import resolve, resolve_or_none

from .conftest import HERE

pytestmark = pytest.mark.django_db
CURRENT = "/api/sessions/current"


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        ({}, True),
        (HERE, True),
        ({"origin": "http://testserver:80"}, True),
        ({"origin": "https://testserver"}, True),
        ({"origin": "http://testserver:8000"}, False),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "http://testserver.evil.example"}, False),
        ({"origin": "http://user@testserver"}, False),
        ({"origin": "http://testserver/path"}, False),
        ({"origin": "http://testserver:port"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, False),
    ],
)
def test_login_cookie_counts_only_for_our_own_pages(signed_in, headers, counts):
    signed_in.post("/api/custom/session")
    assert signed_in.get(CURRENT, **headers).status_code == (200 if counts else 401)
    assert signed_in.post("/api/auth/token", **headers).status_code == (200 if counts else 401)
    assert signed_in.post("/api/custom/session", **headers).status_code == (200 if counts else 401)


def test_link_from_elsewhere_keeps_the_visitor():
    asked = Credentials(sec_fetch_site="cross-site", sec_fetch_mode="navigate", method="GET")
    assert asked.cookies_count()
    asked = Credentials(sec_fetch_site="cross-site", sec_fetch_mode="navigate", method="POST")
    assert not asked.cookies_count()


def test_allowed_origin_counts(signed_in, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example"]
    for origin in ("https://app.example", "https://trusted.example"):
        assert signed_in.post("/api/auth/token", origin=origin).status_code == 200
    assert signed_in.post("/api/auth/token", origin="http://app.example").status_code == 401


def test_plain_origin_is_not_our_https_host():
    assert is_allowed_origin("https://chat.example", "chat.example", "https")
    assert not is_allowed_origin("http://chat.example", "chat.example", "https")
    assert is_allowed_origin("http://[::1]:8000", "[::1]:8000", "http")


def test_login_speaks_before_the_session_cookie_of_another_owner(signed_in, owner, user):
    signed_in.client.cookies["chat_session"] = owner.secret
    assert signed_in.get(CURRENT).status_code == 404
    signed_in.post("/api/custom/session")
    assert ChatSession.objects.exclude(pk=owner.session.pk).get().owner == f"user:{user.pk}"


def test_login_continues_its_own_session_cookie(signed_in, user):
    issued = sessions.issue(f"user:{user.pk}", issued_by="login", model="gpt2")
    signed_in.client.cookies["chat_session"] = issued.secret
    cookies = {name: morsel.value for name, morsel in signed_in.client.cookies.items()}
    principal = resolve(Credentials(cookies=cookies))
    assert (principal.kind, principal.session_id, principal.session_model) == (
        "login",
        issued.session.pk,
        "gpt2",
    )


def test_session_cookie_alone_speaks_for_its_owner(api, owner):
    api.client.cookies["chat_session"] = owner.secret
    assert api.get(CURRENT).json()["id"] == owner.session.pk


def test_session_cookie_speaks_before_another_guest(settings, api, owner):
    settings.ALLOW_GUESTS = True
    api.post("/api/custom/session")
    api.client.cookies["chat_session"] = owner.secret
    assert api.get(CURRENT).json()["id"] == owner.session.pk


def test_dead_cookies_are_nobody(api, settings):
    settings.ALLOW_GUESTS = True
    cookies = {"sessionid": "x" * 32, "chat_session": "cs_gone", "chat_guest": "forged"}
    assert resolve_or_none(Credentials(cookies=cookies)) is None


def test_jwt_continues_the_browsers_session(signed_in, user):
    token = signed_in.post("/api/auth/token").json()["token"]
    session_id = signed_in.get(CURRENT).status_code
    assert session_id == 404
    signed_in.post("/api/custom/session", x_auth_token=token)
    assert signed_in.get(CURRENT, x_auth_token=token).status_code == 200


def test_logout_ends_what_this_browsers_login_gave(signed_in, browser, user):
    other = browser()
    other.client.force_login(user)
    elsewhere = other.post("/api/custom/session").json()["client_secret"]
    secret = signed_in.post("/api/custom/session").json()["client_secret"]
    tokens = signed_in.post("/api/auth/token").json()
    from_jwt = browser().post("/api/custom/session", x_auth_token=tokens["token"]).json()["client_secret"]
    signed_in.client.logout()  # Django's test client sends the signal as a view would
    for gone in (secret, tokens["token"], from_jwt):
        assert browser().post("/api/custom/session", credential=gone).status_code == 401
    assert browser().get(CURRENT, credential=elsewhere).status_code == 200


def test_switched_off_user_is_out_by_every_way(signed_in, browser, user):
    secret = signed_in.post("/api/custom/session").json()["client_secret"]
    token = signed_in.post("/api/auth/token").json()["token"]
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert signed_in.post("/api/custom/session").status_code == 401
    for credential in (secret, token):
        assert browser().post("/api/custom/session", credential=credential).status_code == 401


def test_new_password_ends_login_and_jwt(signed_in, browser, user):
    token = signed_in.post("/api/auth/token").json()["token"]
    user.set_password("another horse")
    user.save()
    assert signed_in.post("/api/auth/token").status_code == 401
    assert browser().post("/api/custom/session", x_auth_token=token).status_code == 401


def test_staff_login_is_staff_and_its_client_secret_is_not(signed_in, user):
    User.objects.filter(pk=user.pk).update(is_staff=True)
    cookies = {name: morsel.value for name, morsel in signed_in.client.cookies.items()}
    assert resolve(Credentials(cookies=cookies)).is_staff
    secret = sessions.issue(f"user:{user.pk}", issued_by="login").secret
    assert not resolve(Credentials(bearer=secret)).is_staff


def scope(*headers: tuple[bytes, bytes], **more: object) -> dict[str, object]:
    return {"type": "http", "method": "GET", "headers": list(headers), **more}


def test_scope_is_read_once_for_all_ways():
    found = from_scope(
        scope(
            (b"authorization", b"bearer  abc"),
            (b"x-auth-token", b"j.w.t"),
            (b"cookie", b"a=1"),
            (b"cookie", b"chat_session=cs_x"),
            (b"host", b"h:1"),
            scheme="wss",
            client=("192.0.2.7", 5),
            subprotocols=["chat", "cs_token"],
        )
    )
    assert (found.bearer, found.auth_token, found.session_cookie) == ("abc", "j.w.t", "cs_x")
    assert (found.subprotocol, found.subprotocol_token) == ("chat", "cs_token")
    assert (found.scheme, found.host, found.client_ip) == ("https", "h:1", "192.0.2.7")


def test_header_sent_twice_fits_nothing(owner):
    good = f"Bearer {owner.secret}".encode()
    found = from_scope(scope((b"authorization", good), (b"authorization", good)))
    with pytest.raises(Exception, match="credential"):
        resolve(found)


@pytest.mark.parametrize(
    ("offered", "selected", "token"),
    [
        ([], None, None),
        (["chat"], "chat", None),
        (["cs_a"], None, "cs_a"),
        (["chat", "cs_a", "cs_b"], "chat", ""),
    ],
)
def test_subprotocols_name_one_token(offered, selected, token):
    found = from_scope(scope(type="websocket", subprotocols=offered))
    assert (found.subprotocol, found.subprotocol_token) == (selected, token)


def test_forwarded_address_is_believed_only_from_our_proxy(settings):
    from ipaddress import ip_network

    sent = (b"x-forwarded-for", b"10.0.0.1, 192.0.2.50")
    assert from_scope(scope(sent, client=("192.0.2.9", 1))).client_ip == "192.0.2.9"
    settings.TRUSTED_PROXIES = [ip_network("192.0.2.9/32")]
    assert from_scope(scope(sent, client=("192.0.2.9", 1))).client_ip == "192.0.2.50"
    assert from_scope(scope(client=("192.0.2.9", 1))).client_ip == "192.0.2.9"


def test_request_of_an_asgi_server_is_read_from_its_scope():
    request = SimpleNamespace(scope=scope((b"authorization", b"Bearer t")))
    from sessions_app.credentials import from_request

    assert from_request(request).bearer == "t"  # type: ignore[arg-type]
