"""A turn of this process as its followers see it: what the shared log has, and no more.

What a follower was shown can thus be read after the death of this process. While Redis is away nothing can, and they see all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chat_app.domain.events import Event
from chat_app.domain.turn import TurnView
from chat_app.streaming.log import HOLD_RECORDS, MemoryTurn, Past, Record

BATCH_RECORDS: Final = 2048  # in one batch at most
TRIM_BYTES: Final = 4 * 1_048_576  # after so much, what the rows hold is let go of


class Gate:
    """Followers read it; the writer moves it on. `written` is what the shared log has, `shown` what followers see: the same,
    but for the time when Redis was away."""

    __slots__ = (
        "_folded", "_view", "apart", "bytes", "fence", "lost", "saved", "shown", "turn", "watchers", "written",
    )  # fmt: skip

    def __init__(self, turn: MemoryTurn, fence: int, past: Past | None = None) -> None:
        self.turn = turn
        self.fence = fence
        self.written = self.shown = turn.last
        self.saved = 0  # up to there the rows have it
        self.bytes = 0  # written since the log was trimmed
        self.lost = False
        self.apart = False  # the shared log gets nothing of it any more: followers here see all at once
        self.watchers: list[Callable[[], None]] = []
        # The view as of event `_folded`; brought up to date when it is asked for, and when memory lets go of records.
        self._view = TurnView() if past is None else past.view()
        self._folded = turn.last

    # for followers

    @property
    def turn_id(self) -> str:
        return self.turn.turn_id

    @property
    def last(self) -> int:
        return self.shown

    @property
    def known(self) -> int:
        return self.turn.last

    @property
    def ended(self) -> bool:
        return self.turn.ended and self.shown >= self.turn.last

    @property
    def view(self) -> TurnView:
        if self.shown >= self.turn.last:
            return self.turn.view
        return self._fold(self.shown)

    def after(self, seq: int) -> list[Record] | None:
        records = self.turn.after(seq)
        hidden = self.turn.last - self.shown
        return records[:-hidden] if records and hidden > 0 else records

    def snapshot(self) -> Record:
        return Record(self.shown, self.view.snapshot())

    def watch(self, wake: Callable[[], None]) -> Callable[[], None]:
        self.watchers.append(wake)

        def stop() -> None:
            if wake in self.watchers:
                self.watchers.remove(wake)

        return stop

    # for the writer

    def append(self, event: Event) -> None:
        """One more, not yet shown, unless the shared log is further behind than memory goes back."""
        turn = self.turn
        if len(turn.records) == 2 * HOLD_RECORDS - 1:
            gone = turn.base + HOLD_RECORDS
            self._fold(gone)
            self.shown = max(self.shown, gone)
        turn.append(event)

    def unwritten(self) -> tuple[list[Record], bool]:
        """What the shared log is to get next, and whether it has to begin afresh with it."""
        records = self.turn.after(self.written)
        if records is not None:
            return records[:BATCH_RECORDS], False
        return self.turn.records[:BATCH_RECORDS], True

    def show(self, seq: int) -> None:
        """Followers see all up to that number."""
        if seq > self.shown:
            self.shown = seq
            self._wake()

    def set_apart(self) -> None:
        """Nobody writes this turn to the shared log any more; who follows it here is shown all of it."""
        self.apart = True
        self.show(self.turn.last)

    def lose(self) -> None:
        """Another worker writes this turn now."""
        self.lost = True
        self._wake()

    def _wake(self) -> None:
        for wake in self.watchers.copy():
            wake()

    def _fold(self, seq: int) -> TurnView:
        view = self._view
        for record in self.turn.after(self._folded) or []:
            if record.seq > seq:
                break
            view.apply(record.event)  # type: ignore[arg-type]  # a log's own records are events
            self._folded = record.seq
        return view
