"""What a run says: lines while it goes on, a table of ratios at its end, JSON for later. No measuring here."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.rows import Row

DISTURBED = 0.1  # share of a window in which a server was ready to run and something else had its core
RESULTS = Path(__file__).with_name("results")
UNITS = {
    "tokens_per_cpu_s": "tokens a CPU-second",
    "tokens_per_s": "tokens/s",
    "tokens_per_frame": "tokens a frame",
    "answers_per_cpu_s": "answers a CPU-second",
    "answers_per_s": "answers/s",
    "cpu_share": "of a core",
    "cpu_ms": "ms CPU each",
    "cpu_ms_per_1000": "ms CPU for 1,000 tokens",
    "hop_ms_per_1000": "ms CPU for 1,000 tokens",
    "kept_ms_per_1000": "of them with no follower there",
    "alone_ms_per_1000": "without Redis",
    "send_ms_per_1000": "to send",
    "receive_ms_per_1000": "to receive",
    "added_p50_ms": "ms added to the first token, p50",
    "direct_p50_ms": "ms from the model server itself, p50",
    "first_p50_ms": "ms to the first token, p50",
    "first_p99_ms": "ms, p99",
    "late_p50_ms": "ms late, p50",
    "late_p99_ms": "ms late, p99",
    "whole_p50_ms": "ms, p50",
    "whole_p99_ms": "ms, p99",
    "delivered": "delivered",
    "kib_a_socket": "KiB",
    "longest_ms": "ms, the longest task",
    "longest_cpu_ms": "ms of the CPU, the longest task",
    "loading_ms": "ms, the longest one of loading",
    "heap_first_mb": "MB heap at first",
    "heap_before_mb": "with all loaded",
    "heap_after_mb": "with the answer",
    "heap_closed_mb": "with the thread closed",
    "first_kb": "kB",
    "first_files": "files",
    "first_secret_kb": "kB with getClientSecret",
    "first_secret_files": "files with it",
    "later_kb": "kB that are left for later",
}
Figures = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Judged:
    """One line of the table of ratios."""

    row: str
    what: str
    value: float
    floor: float
    goal: float
    better: str
    verdict: str


def number(value: float) -> str:
    """Three figures that matter, thousands with a comma."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
    return f"{value:,.{digits}f}"


def judge(row: Row, figures: Mapping[str, Figures]) -> list[Judged]:
    """The row's verdicts on the medians of its first metric."""
    medians = {name: statistics.median(of[row.metrics[0]]) for name, of in figures.items()}
    lines = []
    for verdict in row.verdicts:
        if verdict.subject not in medians or (verdict.against and verdict.against not in medians):
            continue
        value = medians[verdict.subject] / (medians[verdict.against] if verdict.against else 1.0)
        what = (
            f"{verdict.subject} / {verdict.against}"
            if verdict.against
            else f"{verdict.subject}, {UNITS[row.metrics[0]]}"
        )
        lines.append(
            Judged(row.title, what, value, verdict.floor, verdict.goal, verdict.better, verdict.judge(value))
        )
    return lines


def print_row(row: Row, figures: Mapping[str, Figures]) -> None:
    """Every contender's medians, and how far the samples of the judged metric lie apart."""
    print(f"\n{row.title}")
    for name, of in figures.items():
        first, *others = (
            f"{number(statistics.median(of[metric]))} {UNITS[metric]}"
            for metric in row.metrics
            if metric in of
        )
        samples = of[row.metrics[0]]
        rest = f"; {', '.join(others)}" if others else ""
        spread = f" ({number(min(samples))} to {number(max(samples))})" if len(samples) > 1 else ""
        disturbed = max(of.get("disturbed", [0.0]))
        note = f"  [disturbed: its core was with others for {disturbed:.0%}]" if disturbed > DISTURBED else ""
        print(f"  {name:24} {first}{spread}{rest}{note}")
    for line in judge(row, figures):
        print(f"  -> {line.what}: {number(line.value)}  {wanted(line)}: {line.verdict}")


def wanted(line: Judged) -> str:
    """Floor and goal in words."""
    sign = "at least" if line.better == "more" else "at most"
    return f"{sign} {line.floor:.3g}, goal {line.goal:.3g}"


def print_table(lines: Sequence[Judged]) -> None:
    """All ratios as a Markdown table."""
    print("\n| row | compared | value | wanted | verdict |\n|---|---|---|---|---|")
    for line in lines:
        print(f"| {line.row} | {line.what} | {number(line.value)} | {wanted(line)} | {line.verdict} |")


def write(
    machine: Mapping[str, Any], rows: Mapping[str, Mapping[str, Figures]], lines: Sequence[Judged]
) -> Path:
    """All samples as JSON, under the time of the run."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    file = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    result = {
        "at": now.isoformat(),
        "machine": machine,
        "rows": rows,
        "ratios": [asdict(line) for line in lines],
    }
    file.write_text(json.dumps(result, indent=1))
    return file
