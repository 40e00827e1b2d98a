"""Who may do what, before any turn starts."""

from __future__ import annotations

import pytest

from chat_app.chat import policy
from chat_app.chat.catalog import Catalogue
from chat_app.domain.errors import Forbidden, Unavailable
from sessions_app.principal import Principal
from tests.chat_app.chat.routes import route

GUEST = Principal("guest:1", "guest", guest=True)
USER = Principal("user:1", "login")


@pytest.mark.parametrize(
    ("scopes", "allowed"), [(["chat"], True), (["sessions", "chat"], True), (["sessions"], False)]
)
def test_key_chats_only_with_the_scope_for_it(scopes: list[str], allowed: bool) -> None:
    key = Principal("key:1", "key", scopes=frozenset(scopes))
    if allowed:
        policy.may_chat(key)
    else:
        with pytest.raises(Forbidden):
            policy.may_chat(key)


def test_default_of_a_guest_is_the_best_that_is_open_to_guests() -> None:
    best, open_one = route("best", default=True, guests=False), route("open")
    catalogue = Catalogue({"best": best, "open": open_one})
    assert policy.model_for(USER, catalogue, None) == "best"
    assert policy.model_for(GUEST, catalogue, None) == "open"
    assert [(m.id, m.default) for m in catalogue.infos(guest=True)] == [("open", True)]
    with pytest.raises(Forbidden):
        policy.model_for(GUEST, catalogue, "best")


def test_guest_is_never_answered_by_a_fallback_that_is_closed_to_guests() -> None:
    first, second = route("first", fallbacks=("second",)), route("second", guests=False)
    catalogue = Catalogue({"first": first, "second": second})
    assert [r.id for r in catalogue.candidates("first")] == ["first", "second"]
    assert [r.id for r in catalogue.candidates("first", guest=True)] == ["first"]


def test_guest_without_any_open_model_is_told_that_none_is_there() -> None:
    with pytest.raises(Unavailable):
        policy.model_for(GUEST, Catalogue({"a": route("a", guests=False)}), None)
