"""How several processes share the tests (`-n 2 --dist loadfile`): a file to one of them, for the sake of its servers.

With one reservation. What flushes the database leaves none of the rows that migrations have made, so pytest-django puts it
behind all that needs them; a file with both kinds is therefore two shares, and each process takes its shares in that order.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadScopeScheduling


class InOrder(LoadScopeScheduling):
    """Shares are what stands together in one file, in the order in which all tests stand."""

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False
        self._shares: dict[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        if not self._shares:
            number, before = 0, ""
            for one in self.collection or []:
                file = one.partition("::")[0]
                number += file != before
                self._shares[one], before = f"{number} {file}", file
        return self._shares[nodeid]
