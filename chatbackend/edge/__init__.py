"""The edge: what every request and every socket passes before any route, and every answer on its way out.

Checks and headers live here, in front of consumers and Django alike, since consumers never pass Django's middleware. Nothing
here knows a route's meaning, a credential or a model.
"""

from chatbackend.edge.app import Edge
from chatbackend.edge.policy import Policy

__all__ = ["Edge", "Policy"]
