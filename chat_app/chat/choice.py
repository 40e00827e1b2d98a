"""Which model a turn asks, and by which routes: what the caller named, as far as it may choose it.

Sync, inside the transaction of a start.
"""

from __future__ import annotations

import math

from chat_app.chat import catalog, policy
from chat_app.chat.catalog import Route
from chat_app.domain.errors import InvalidInput, NotConfigured, Unavailable, UnknownModel
from chat_app.models import ModelConfig
from sessions_app.principal import Principal


def routes(
    principal: Principal, model: str | None, tool: str | None = None, *, actions: bool = False
) -> tuple[str, list[Route]]:
    """The id of the model that this principal asks, and the routes to try for it, for `actions` those of Python alone. Raises
    UnknownModel, Forbidden, InvalidInput for a tool that may not be chosen and a model that takes no actions, Unavailable."""
    catalogue = catalog.catalogue()
    model_id = policy.model_for(principal, catalogue, model)
    policy.may_choose(tool, catalogue.routes[model_id])
    candidates = catalogue.candidates(model_id, guest=principal.guest)
    if not candidates:
        raise Unavailable("No route to this model can answer right now.", retry_after=10)
    if actions:
        candidates = [route for route in candidates if route.config.kind == "python"]
        if not candidates:
            raise InvalidInput("The model of this thread does not take actions.")
    if seconds := catalog.pause(candidates):
        raise Unavailable("Every route to this model fails at the moment.", retry_after=math.ceil(seconds))
    return model_id, candidates


def only(model_id: str) -> tuple[str, list[Route]]:
    """This model's own route, switched on or not. Raises NotConfigured with what is missing."""
    catalog.catalogue()  # reads how the routes stand, so that a success here closes what is open
    row = ModelConfig.objects.filter(pk=model_id).first()
    if row is None:
        raise UnknownModel(f"There is no model named “{model_id[:64]}”.")
    route = catalog.route_of(row)
    if route.missing is not None:
        raise NotConfigured(route.missing)
    return model_id, [route]
