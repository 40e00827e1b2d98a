"""The chat page as the server hands it out, without a browser: its policy, its addresses and what it says of a login."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client

from chat_app.views import pages

pytestmark = pytest.mark.django_db


def test_page_carries_its_own_policy(client: Client) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response["Content-Security-Policy"] == pages.CSP
    assert response["Cache-Control"] == "private, no-cache"


def test_page_holds_no_script_or_style_of_its_own(client: Client) -> None:
    body = client.get("/").content.decode()
    assert "<style" not in body
    assert " style=" not in body
    assert body.count("<script") == body.count("<script ") == 2
    assert '<script src="/static/chat_app/chatkit.js" async></script>' in body
    assert '<script type="module" src="/static/chat_app/page.js"></script>' in body


def test_stranger_gets_the_address_of_the_login(client: Client) -> None:
    body = client.get("/").content.decode()
    assert '<a href="/admin/login/?next=/">Sign in</a>' in body
    assert '<span class="who" dir="auto">Guest</span>' in body


def test_login_is_named_and_its_name_is_escaped(client: Client) -> None:
    client.force_login(User.objects.create_user('ada"><script>'))
    body = client.get("/").content.decode()
    assert '<span class="who" dir="auto">ada&quot;&gt;&lt;script&gt;</span>' in body
    assert "Admin" not in body
    assert "/login/" not in body


def test_staff_gets_the_address_of_the_admin(admin_client: Client) -> None:
    assert '<a href="/admin/">Admin</a>' in admin_client.get("/").content.decode()


def test_page_takes_no_post(client: Client) -> None:
    assert client.post("/").status_code == 405


@pytest.mark.parametrize("module", sorted({*pages.MODULES, *pages.CHATKIT_MODULES}))
def test_preloaded_module_exists(module: str) -> None:
    assert finders.find(f"chat_app/{module}") is not None


def test_icon_is_found_where_browsers_look(client: Client) -> None:
    assert client.get("/favicon.ico").headers["Location"] == "/static/chat_app/icon.svg"


def test_page_with_chatkit_is_wider_for_one_host_alone(client: Client, settings: Any) -> None:
    settings.CHATKIT_DOMAIN_KEY = "domain_pk_tests"
    response = client.get("/")
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))
    own = dict(part.strip().partition(" ")[::2] for part in pages.CSP.split(";"))
    wider = {name: value for name, value in policy.items() if own.get(name) != value}
    assert wider == {
        "script-src": f"'self' {pages.CHATKIT_HOST}",
        "connect-src": f"'self' {pages.CHATKIT_HOST}",
        "frame-src": pages.CHATKIT_HOST,
        "style-src": "'self' 'unsafe-inline'",
        "style-src-attr": "'none'",
    }
    assert response["Referrer-Policy"] == "strict-origin-when-cross-origin"
    body = response.content.decode()
    assert f'data-script="{pages.CHATKIT_SCRIPT}"' in body
    assert 'data-key="domain_pk_tests"' in body
    assert body.count("<script") == body.count('<script type="module" src="/static/') == 1


def test_page_without_guests_keeps_our_own_for_strangers(client: Client, settings: Any) -> None:
    settings.CHATKIT_DOMAIN_KEY, settings.ALLOW_GUESTS = "domain_pk_tests", False
    assert pages.CHATKIT_SCRIPT not in client.get("/").content.decode()
    client.force_login(User.objects.create_user("ada"))
    assert pages.CHATKIT_SCRIPT in client.get("/").content.decode()
