"""Guests: let in only where the settings say so, named by a signed cookie, limited by address."""

from __future__ import annotations

import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.test import RequestFactory

from sessions_app import limits
from sessions_app.errors import RateLimited, Unauthenticated
from sessions_app.guests import mint_guest, owner_in
from sessions_app.models import ChatSession

from .conftest import ELSEWHERE

pytestmark = pytest.mark.django_db
PATH = "/api/custom/session"


@pytest.fixture
def guests(settings):
    settings.ALLOW_GUESTS = True
    settings.GUEST_LIMIT = 3
    return settings


def test_stranger_is_refused_where_guests_are_not_let_in(api):
    answer = api.post(PATH)
    assert answer.status_code == 401
    assert not answer.cookies


def test_stranger_becomes_a_guest(api, guests):
    answer = api.post(PATH)
    assert answer.status_code == 200
    assert answer.cookies["chat_guest"]["httponly"]
    assert answer.cookies["chat_guest"]["samesite"] == "Lax"
    row = ChatSession.objects.get()
    assert row.owner == owner_in(answer.cookies["chat_guest"].value)
    assert (row.realm, row.issued_by) == ("guest", "guest")


def test_guest_stays_the_same_with_a_new_session_each_time(api, guests):
    answers = [api.post(PATH) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert ChatSession.objects.count() == 5
    assert ChatSession.objects.values("owner").distinct().count() == 1


def test_guest_minting_is_limited_by_address(browser, guests):
    assert [browser().post(PATH).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = browser().post(PATH)
    assert refused.json()["code"] == "rate_limited"
    assert 0 < int(refused["Retry-After"]) <= 3601


def test_guest_limit_follows_the_address_behind_our_proxy(browser, guests):
    from ipaddress import ip_network

    guests.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    for _ in range(3):
        browser().post(PATH, x_forwarded_for="203.0.113.9")
    assert browser().post(PATH, x_forwarded_for="198.51.100.1, 203.0.113.9").status_code == 429
    assert browser().post(PATH, x_forwarded_for="198.51.100.1").status_code == 200


def test_forged_guest_cookie_names_nobody(api, guests):
    api.client.cookies["chat_guest"] = "0" * 32 + ":1tXXXX:forged"
    guests.GUEST_LIMIT = 1
    assert api.post(PATH).status_code == 200
    assert ChatSession.objects.get().owner != "guest:" + "0" * 32


def test_guest_ends_where_guests_are_switched_off(api, guests):
    secret = api.post(PATH).json()["client_secret"]
    guests.ALLOW_GUESTS = False
    assert api.get("/api/sessions/current", credential=secret).status_code == 401
    assert api.get("/api/sessions/current").status_code == 401


def test_guest_keeps_the_name_when_the_model_is_down(api, guests):
    down = api.post(PATH, {"model": "broken"})
    assert down.status_code == 503
    name = owner_in(down.cookies["chat_guest"].value)
    api.post(PATH)
    assert ChatSession.objects.get().owner == name


def test_bad_input_mints_nobody(api, guests):
    assert not api.post(PATH, {"model": ["x"]}).cookies


def test_cookies_of_another_sites_page_do_not_count(api, guests):
    name = owner_in(api.post(PATH).cookies["chat_guest"].value)
    api.post(PATH, **ELSEWHERE)
    assert ChatSession.objects.filter(owner=name).count() == 1


def test_mint_guest_for_a_page(guests):
    request = RequestFactory().get("/")
    principal, set_cookie = mint_guest(request)
    from django.http import HttpResponse

    response = HttpResponse()
    set_cookie(response)
    assert owner_in(response.cookies["chat_guest"].value) == principal.owner
    assert (principal.kind, principal.guest) == ("guest", True)


def test_mint_guest_refuses_where_guests_are_not_let_in(settings):
    with pytest.raises(Unauthenticated):
        mint_guest(RequestFactory().get("/"))


def test_limit_counts_each_caller_alone():
    for _ in range(2):
        limits.hit("x", "1.2.3.4", 2, 60)
    limits.hit("x", "1.2.3.5", 2, 60)
    with pytest.raises(RateLimited) as refused:
        limits.hit("x", "1.2.3.4", 2, 60)
    assert 1 <= (refused.value.retry_after or 0) <= 61


class Deaf(LocMemCache):
    """A shared cache that does not answer while `deaf`, and counts how often it was asked."""

    def __init__(self) -> None:
        super().__init__(f"deaf-{secrets.token_hex(4)}", {})
        self.asked, self.deaf = 0, True

    def add(self, *given, **more):
        self.asked += 1
        if self.deaf:
            raise TimeoutError
        return super().add(*given, **more)


@pytest.fixture
def deaf(monkeypatch):
    cache = Deaf()
    monkeypatch.setattr(limits, "_cache", lambda: cache)
    monkeypatch.setattr(limits, "_away", limits._Away())
    return cache


def test_limit_holds_while_the_shared_cache_is_away(deaf):
    who = secrets.token_hex(4)
    limits.hit("x", who, 1, 3600)
    with pytest.raises(RateLimited):
        limits.hit("x", who, 1, 3600)


def test_cache_that_is_away_is_asked_once_in_a_while_and_believed_again(deaf, monkeypatch):
    for _ in range(5):
        limits.hit("x", secrets.token_hex(4), 9, 3600)
    assert deaf.asked == 1
    monkeypatch.setattr(limits, "PAUSE_SECONDS", 0.05)
    deaf.deaf = False
    limits._away.told(away=True)
    time.sleep(0.1)
    for _ in range(5):
        limits.hit("x", secrets.token_hex(4), 9, 3600)
    assert deaf.asked == 6


def test_callers_at_once_do_not_all_wait_for_a_cache_that_is_away(deaf):
    limits.hit("x", "first", 9, 3600)
    limits._away._ask_at = time.monotonic()
    barrier = threading.Barrier(8)

    def hit(who):
        barrier.wait()
        limits.hit("x", who, 9, 3600)

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(hit, map(str, range(8))))
    assert deaf.asked == 2


def test_limit_takes_an_ipv6_network_for_one_caller():
    assert limits.network_of("2001:db8::1") == limits.network_of("2001:db8::ffff:2")
    assert limits.network_of("2001:db8:0:1::1") != limits.network_of("2001:db8::1")
    assert limits.network_of("192.0.2.1") == "192.0.2.1"
