"""`python -m bench`: every row, every contender, one after another; medians of the rounds.

    python -m bench                          all rows, three rounds
    python -m bench --only sse,ws --quick    some rows, one short round each

Servers run on one core and the load generator on another. A round starts each server anew, so that what drifts on the
machine drifts for all. The command fails where something could not be measured, never because a figure is low.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

from bench import load, machine, report, venv
from bench.rows import ROWS, Entry, Row
from bench.servers import Desk

TRIES = 3
Samples = dict[str, dict[str, list[float]]]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="The product and its peers, as ratios."
    )
    parser.add_argument("--only", default="", help="rows, by comma: " + ", ".join(row.key for row in ROWS))
    parser.add_argument("--contenders", default="", help="only servers whose names hold one of these words")
    parser.add_argument("--quick", action="store_true", help="one short round, for development")
    parser.add_argument("--rounds", type=int, help="how often each server is measured (3; 1 with --quick)")
    parser.add_argument("--port", type=int, default=8230, help="a free port for the servers")
    return parser.parse_args()


def chosen(only: str) -> list[Row]:
    """The rows that `--only` names; all where it names none."""
    keys = [key.strip() for key in only.split(",") if key.strip()]
    unknown = set(keys) - {row.key for row in ROWS}
    if unknown:
        raise SystemExit(f"no such row: {', '.join(sorted(unknown))}")
    return [row for row in ROWS if not keys or row.key in keys]


def measure(row: Row, entries: list[Entry], desk: Desk, rounds: int) -> Samples:
    """`rounds` samples of each entry, in turn; none of a peer that this machine lacks, which is said."""
    samples: Samples = {}
    for turn in range(rounds):
        for entry in entries:
            print(
                f"\r{row.key}: {entry.name}, {turn + 1} of {rounds}".ljust(70),
                end="",
                file=sys.stderr,
                flush=True,
            )
            try:
                figures = calmest(entry, desk)
            except venv.Absent as reason:
                if turn == 0:
                    print(f"\r{row.title}: without {entry.name}, {reason}".ljust(71), flush=True)
                continue
            for name, value in figures.items():
                samples.setdefault(entry.name, {}).setdefault(name, []).append(value)
    print("\r".ljust(71) + "\r", end="", file=sys.stderr, flush=True)
    return samples


def calmest(entry: Entry, desk: Desk) -> Mapping[str, float]:
    """One sample; taken again, up to twice, while something else takes the server's core, and the calmest one counts."""
    samples: list[Mapping[str, float]] = []
    for _ in range(TRIES):
        with entry.contender.start(desk) as server:
            samples.append(entry.measure(desk, server))
        if samples[-1].get("disturbed", 0.0) <= report.DISTURBED:
            break
    return min(samples, key=lambda figures: figures.get("disturbed", 0.0))


def main() -> int:
    """Run what was asked for; 1 where a row could not be measured."""
    options = arguments()
    rows = chosen(options.only)
    words = [word.strip() for word in options.contenders.split(",") if word.strip()]
    rounds = options.rounds or (1 if options.quick else 3)
    machine.raise_file_limit()
    if machine.SERVER_CORE == machine.LOAD_CORE:
        print("only one core: the load generator takes time from the servers, ratios mean little")
    done: dict[str, Samples] = {}
    judged: list[report.Judged] = []
    failed = False
    with tempfile.TemporaryDirectory(prefix="chatbackend-bench-") as name:
        try:
            desk = Desk(Path(name), load.build(Path(name)), options.port, options.quick)
        except load.LoadError as error:
            raise SystemExit(str(error)) from None
        venv.python()
        about = machine.describe()
        for row in rows:
            entries = [e for e in row.entries if not words or any(word in e.contender.name for word in words)]
            if not entries:
                continue
            try:
                done[row.key] = measure(row, entries, desk, rounds)
            except Exception:
                failed = True
                print(f"\n{row.title}: could not be measured", flush=True)
                traceback.print_exc()
                continue
            report.print_row(row, done[row.key])
            judged += report.judge(row, done[row.key])
    report.print_table(judged)
    print(f"\n{report.write(about, done, judged).relative_to(venv.ROOT)}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
