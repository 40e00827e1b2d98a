"""What this app refuses with: DRF exceptions that carry a machine word.

The one exception handler of the project gives them their JSON shape; nothing here writes a response. `retry_after` is in
seconds and becomes the header `Retry-After` (DRF reads it as `wait`).
"""

from __future__ import annotations

from rest_framework import exceptions, status


class Refusal(exceptions.APIException):
    """Root of this app's refusals: `code` is the machine word, `retryable` says whether the same call may work later."""

    default_code = "refused"
    retryable = False

    def __init__(self, detail: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code: str = self.default_code
        self.retry_after = retry_after
        self.wait = retry_after


class Unauthenticated(Refusal, exceptions.AuthenticationFailed):
    """Missing, wrong, expired and revoked look alike. Being DRF's own kind, it gets `WWW-Authenticate`."""

    status_code = status.HTTP_401_UNAUTHORIZED
    default_code = "unauthenticated"
    default_detail = "The credential is missing, wrong or expired."


class Forbidden(Refusal, exceptions.PermissionDenied):
    status_code = status.HTTP_403_FORBIDDEN
    default_code = "forbidden"
    default_detail = "You may not do that."


class NotFound(Refusal, exceptions.NotFound):
    """Not there, or not yours: the same words."""

    status_code = status.HTTP_404_NOT_FOUND
    default_code = "not_found"
    default_detail = "There is nothing here."


class InvalidBody(Refusal):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid_json"
    default_detail = "The body must be one JSON object."


class UnknownModel(Refusal):
    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "unknown_model"
    default_detail = "There is no such model."


class RateLimited(Refusal):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_code = "rate_limited"
    default_detail = "Too many requests; slow down."
    retryable = True


class Unavailable(Refusal):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = "The service cannot answer right now; try again shortly."
    retryable = True
