"""What code written with ChatKit's SDK fails with, as errors of our tree."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from chatkit.errors import CustomStreamError, StreamError
from chatkit.store import NotFoundError

from chat_app.domain.errors import InvalidInput, NotFound, UpstreamError, UpstreamRefused
from chat_app.responders.agents import sdk_errors

log = logging.getLogger(__name__)

FAILED: Final = "The answer could not be given."


class ToldError(UpstreamError):
    """A failure in the server's own words, which are the answer: no other route is asked. It says nothing of the route."""

    of_request = True

    def __init__(self, sentence: str | None, *, allow_retry: bool) -> None:
        super().__init__(sentence or FAILED)
        self.retryable = allow_retry
        if not allow_retry:
            self.code = UpstreamRefused.code


def told(error: BaseException | None) -> ToldError | None:
    """The failure that a server tells of on purpose, None for any other."""
    if isinstance(error, ToldError):
        return error
    if isinstance(error, CustomStreamError):
        return ToldError(error.message, allow_retry=error.allow_retry)
    if isinstance(error, StreamError):
        return ToldError(None, allow_retry=error.allow_retry)
    return None


@contextmanager
def mapped() -> Iterator[None]:
    """The one place where they become our tree's. Others pass: they are bugs of the server."""
    try:
        with sdk_errors():
            yield
    except (CustomStreamError, StreamError) as error:
        found = told(error)
        assert found is not None
        raise found from error
    except NotFoundError as error:
        raise NotFound from error
    except NotImplementedError as error:
        log.warning("a ChatKit server lacks a method that it needs", exc_info=error)
        raise InvalidInput("The model of this thread cannot answer to this.") from error
