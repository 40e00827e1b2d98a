"""Times between us and ChatKit's SDK, which makes naive ones of its local clock: ours are aware and in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def aware(value: datetime) -> datetime:
    """A time in UTC; a naive one is local time."""
    return value.astimezone(UTC)


class Moment(datetime):
    """An aware time that gets on with naive ones, which are local time: it compares with them, and what is between is a
    timedelta. The SDK takes the time that an item was made from its own naive `now`."""

    @classmethod
    def of(cls, value: datetime) -> Moment:
        """The same moment in UTC."""
        v = aware(value)
        return cls(v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, UTC)

    def __sub__(self, other: Any) -> Any:
        return datetime.__sub__(self, _same_kind(other))

    def __rsub__(self, other: Any) -> Any:
        return datetime.__sub__(_same_kind(other), self)

    def __eq__(self, other: object) -> bool:
        return datetime.__eq__(self, _same_kind(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return datetime.__lt__(self, _same_kind(other))

    def __le__(self, other: Any) -> bool:
        return datetime.__le__(self, _same_kind(other))

    def __gt__(self, other: Any) -> bool:
        return datetime.__gt__(self, _same_kind(other))

    def __ge__(self, other: Any) -> bool:
        return datetime.__ge__(self, _same_kind(other))

    __hash__ = datetime.__hash__


def _same_kind(value: Any) -> Any:
    return aware(value) if isinstance(value, datetime) and value.tzinfo is None else value
