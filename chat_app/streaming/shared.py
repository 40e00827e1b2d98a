"""Which log this process writes to and follows turns by, as the settings say: in memory, or shared with other workers through
Redis. The one place where that is decided."""

from __future__ import annotations

from functools import partial

from django.conf import settings

from chat_app.streaming.follow import Follower, LiveFollower, RemoteFollower, StoredFollower
from chat_app.streaming.log import EventLog, MemoryLog
from chat_app.streaming.redis_log import RedisLog
from chat_app.streaming.stored import StoredTurn

REDIS: RedisLog | None = RedisLog(settings.REDIS_URL) if settings.REDIS_URL else None
LOG: EventLog = MemoryLog() if REDIS is None else REDIS


def follower(turn_id: str, after: int | None) -> Follower:
    """A reader of a turn behind event `after`, wherever it runs or ran: from this process's log, through the shared log, or
    by its row."""
    held = LOG.find(turn_id)
    if held is not None:
        return LiveFollower(held, after, move=partial(follower, turn_id))
    if REDIS is not None:
        mirrors = REDIS.mirrors
        return RemoteFollower(partial(mirrors.attach, turn_id), mirrors.release, after)  # type: ignore[arg-type]
    return StoredFollower(StoredTurn(turn_id, after).load)
