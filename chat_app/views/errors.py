"""DRF's exception handler: every failure of a view in the one shape. The table of codes is `wire/problems.py`'s."""

from __future__ import annotations

from typing import Any

import structlog
from rest_framework.response import Response
from rest_framework.views import set_rollback

from chat_app.wire import problems

logger = structlog.get_logger(__name__)


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """settings.REST_FRAMEWORK["EXCEPTION_HANDLER"]: never a stack trace, never HTML; a bug is logged and answered 500."""
    request = context.get("request")
    request_id = getattr(getattr(request, "_request", None), "scope", {}).get("request_id", "")
    problem = problems.problem(error)
    if problem is None or problems.is_storage(error):
        logger.error("view.failed", view=type(context.get("view")).__name__, exc_info=error)
    problem = problem or problems.internal()
    set_rollback()
    return Response(problem.with_id(request_id), status=problem.status, headers=dict(problem.headers))
