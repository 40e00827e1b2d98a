"""The headers that the edge adds to answers: security, CORS, request id. Constants and pure functions only."""

from __future__ import annotations

Pairs = list[tuple[bytes, bytes]]

CSP = (
    b"default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# A view that sends one of these itself keeps its own.
SECURITY: Pairs = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", CSP),
]
SECURITY_NAMES = frozenset(name for name, _ in SECURITY)

ALLOWED_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
ALLOWED_HEADERS = (
    b"authorization, content-type, x-auth-token, idempotency-key, last-event-id, chatkit-frame-instance-id, "
    b"accept-language, x-chat-connector, x-csrftoken, x-request-id"
)
EXPOSED_HEADERS = b"X-Turn-Id, X-Thread-Id, X-Active-Turn-Id, X-Request-Id, Retry-After"


def decorate(own: Pairs, request_id: bytes, cors: Pairs) -> Pairs:
    """An answer's own headers and what the edge adds; the answer's own win."""
    names = {name.lower() for name, _ in own}
    added = SECURITY if names.isdisjoint(SECURITY_NAMES) else _missing(names)
    if b"access-control-allow-origin" in names:
        cors = []
    return [*own, *added, *cors, (b"x-request-id", request_id)]


def _missing(names: set[bytes]) -> Pairs:
    # A view with a policy of its own says there who may frame it; the older header would contradict it.
    skip = names | {b"x-frame-options"} if b"content-security-policy" in names else names
    return [(name, value) for name, value in SECURITY if name not in skip]


def cors(origin: bytes) -> Pairs:
    """For a page of another origin that is on the list: it may read the answer and send its cookies."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", EXPOSED_HEADERS),
        (b"vary", b"Origin"),
    ]


def preflight(origin: bytes) -> Pairs:
    """The answer to `OPTIONS` that a browser asks before the real request. Fetch standard, section 3.2."""
    return [
        *cors(origin),
        (b"access-control-allow-methods", ALLOWED_METHODS),
        (b"access-control-allow-headers", ALLOWED_HEADERS),
        (b"access-control-max-age", b"600"),
    ]
