"""Who may do what: the one place that decides permission. Called inside the verbs, so that no view can forget it.

What is not there and what is not yours look alike: NotFound, in the same words.
"""

from __future__ import annotations

from dataclasses import replace

from django.contrib.auth import get_user_model

from chat_app.chat.catalog import Catalogue, Route
from chat_app.domain.errors import Forbidden, InvalidInput, NotFound, ThreadClosed
from chat_app.models import Turn
from sessions_app.principal import Principal


def may_chat(principal: Principal) -> None:
    """Raises Forbidden for a backend key that was not given the scope to start turns itself."""
    if principal.kind == "key" and "chat" not in principal.scopes:
        raise Forbidden("This key may not chat.")


def may_use(principal: Principal, route: Route) -> None:
    """Raises Forbidden where this principal may not choose this model."""
    if principal.guest and not route.guests:
        raise Forbidden(f"The model “{route.label}” is not open to guests.")


def model_for(principal: Principal, catalogue: Catalogue, wanted: str | None) -> str:
    """The id of the model that answers this principal: the one named, else the session's, else the default."""
    model_id = catalogue.resolve(wanted or principal.session_model, guest=principal.guest)
    may_use(principal, catalogue.routes[model_id])
    return model_id


def may_choose(tool: str | None, route: Route) -> None:
    """Raises InvalidInput for a tool that the model does not offer for choice."""
    if tool is not None and tool not in route.tools:
        what = f"The model “{route.label}” has no tool “{tool[:64]}”."
        raise InvalidInput(what, fields={"tool_choice": [what]})


def owns_thread(principal: Principal, owner: str | None) -> None:
    """Raises NotFound unless the thread is there (its owner is not None) and this principal's."""
    if owner != principal.owner:
        raise NotFound


def owns_turn(principal: Principal, turn: Turn | None) -> Turn:
    """The turn, if it is there, this principal's, and its thread was not deleted."""
    if turn is None or turn.owner != principal.owner or (turn.thread_id is None and not turn.one_off):
        raise NotFound
    return turn


def may_write(status: str, reason: str) -> None:
    """Raises ThreadClosed where nothing may be added to a thread any more."""
    if status != "active":
        raise ThreadClosed(reason or f"This thread is {status}.")


def is_one_off(principal: Principal) -> bool:
    """Whether a turn without a thread or session of this principal belongs to no conversation."""
    return principal.kind == "key"


def may_try(principal: Principal) -> Principal:
    """This speaker without the session of their browser, as one who tries a model. Raises Forbidden for whoever is not
    staff with the right to change models."""
    realm, _, pk = principal.owner.partition(":")
    users = get_user_model()._default_manager
    user = users.filter(pk=pk, is_active=True).first() if principal.is_staff and realm == "user" else None
    if user is None or not user.has_perm("chat_app.change_modelconfig"):
        raise Forbidden("Only staff who may change models can try one.")
    return replace(principal, session_id=None, session_model=None)
