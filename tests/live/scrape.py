"""What a started server says of itself at `/metrics`, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from tests.live.clients import Caller, bearer
from tests.servers import ServerProcess


def scrape(server: ServerProcess, headers: Mapping[str, str] | None = None) -> Figures:
    """One scrape, by the backend key unless other headers are given."""
    answer = Caller(server, headers or bearer(server.backend_key)).get("/metrics")
    assert answer.status_code == 200, answer.text
    return Figures(answer.text)


class Figures:
    """The series of a scrape. `figures("turns_ended_total", state="failed")` is a value; names are given without the prefix."""

    def __init__(self, text: str) -> None:
        families = text_string_to_metric_families(text)
        self.samples = [sample for family in families for sample in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of the series that have these labels; KeyError where there is none."""
        found = [
            s.value
            for s in self.samples
            if s.name in (name, f"chatbackend_{name}") and labels.items() <= s.labels.items()
        ]
        if not found:
            raise KeyError(name, labels)
        return sum(found)

    def labels(self, name: str) -> set[Any]:
        """All values of a label."""
        return {sample.labels.get(name) for sample in self.samples}
