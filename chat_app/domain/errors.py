"""The one error tree of the chat side: a machine code, whether a retry makes sense, and a sentence for people.

Standard library only. Status codes are `wire/problems.py`'s business. `detail` is public: never a secret, a stack trace or
an upstream's raw body.

    ChatError
    ├── InvalidInput          invalid            the caller's words are wrong; `fields` says where
    ├── UnknownModel          unknown_model
    ├── Unauthenticated       unauthenticated
    ├── Forbidden             forbidden
    │   └── ThreadClosed      forbidden          nothing may be added to the thread: it is locked or closed
    ├── NotFound              not_found          not there, or not yours: the same words
    ├── TurnRunning           turn_running       one turn at a time in a thread
    ├── IdempotencyConflict   idempotency_conflict
    ├── Superseded            superseded         the message is no longer part of the conversation
    ├── TooLarge              too_large
    ├── RateLimited           rate_limited
    │   └── QuotaExceeded     quota_exceeded     the user's or the key's allowance for this period is used up
    ├── Unavailable           unavailable        nothing can answer now: routes down, draining, storage gone
    │   └── NotConfigured     not_configured
    └── UpstreamError         upstream_error     the model's side failed; the router may try the next route
        ├── UpstreamDown      upstream_down      refused, reset, unreachable, 5xx
        ├── UpstreamTimeout   upstream_timeout   connect, first token, idle or total
        ├── UpstreamRefused   upstream_refused   401, 403, 404, 400: trying again will not help
        └── UpstreamBusy      upstream_busy      429; `retry_after` where it said one
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class ChatError(Exception):
    """Any failure that a caller is told about. `retry_after` is in seconds."""

    code = "internal"
    retryable = False
    default_detail = "Something went wrong on this server."

    def __init__(
        self,
        detail: str | None = None,
        *,
        retry_after: float | None = None,
        fields: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.detail = detail or self.default_detail
        self.retry_after = retry_after
        self.fields = fields
        super().__init__(self.detail)


class InvalidInput(ChatError):
    code = "invalid"
    default_detail = "The request is not valid."


class UnknownModel(ChatError):
    code = "unknown_model"
    default_detail = "There is no such model."


class Unauthenticated(ChatError):
    code = "unauthenticated"
    default_detail = "The credential is missing, wrong or expired."


class Forbidden(ChatError):
    code = "forbidden"
    default_detail = "You may not do that."


class ThreadClosed(Forbidden):
    default_detail = "Nothing can be added to this thread."


class NotFound(ChatError):
    code = "not_found"
    default_detail = "There is nothing here."


class TurnRunning(ChatError):
    code = "turn_running"
    retryable = True
    default_detail = "An answer is still being written in this thread."


class IdempotencyConflict(ChatError):
    code = "idempotency_conflict"
    default_detail = "This idempotency key was used with another request."


class Superseded(ChatError):
    code = "superseded"
    default_detail = "This message is no longer part of the conversation."


class TooLarge(ChatError):
    code = "too_large"
    default_detail = "The request is too large."


class RateLimited(ChatError):
    code = "rate_limited"
    retryable = True
    default_detail = "Too many requests; slow down."


class QuotaExceeded(RateLimited):
    code = "quota_exceeded"
    retryable = False
    default_detail = "The allowance for this period is used up."


class Unavailable(ChatError):
    code = "unavailable"
    retryable = True
    default_detail = "The service cannot answer right now; try again shortly."


class NotConfigured(Unavailable):
    code = "not_configured"
    default_detail = "This is not configured on this server."


class UpstreamError(ChatError):
    """`of_request` is set where this one request was refused and the next may well be taken: no sign of a sick route."""

    code = "upstream_error"
    retryable = True
    of_request = False
    default_detail = "The model's server gave an answer that makes no sense."


class UpstreamDown(UpstreamError):
    code = "upstream_down"
    default_detail = "The model cannot be reached right now."


class UpstreamTimeout(UpstreamError):
    code = "upstream_timeout"
    default_detail = "The model took too long to answer."


class UpstreamRefused(UpstreamError):
    code = "upstream_refused"
    retryable = False
    default_detail = "The model's server refused the request."


class UpstreamBusy(UpstreamError):
    code = "upstream_busy"
    default_detail = "The model is busy; try again shortly."
