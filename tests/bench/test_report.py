"""Ratios are judged against floor and goal, whichever way is better."""

from __future__ import annotations

import pytest

from bench.report import judge, number, print_row
from bench.rows import ROWS, Row, Verdict

MORE = [("more", 1.2, "goal"), ("more", 1.0, "floor"), ("more", 0.99, "below")]
LESS = [("less", 0.9, "goal"), ("less", 1.5, "floor"), ("less", 1.6, "below")]


@pytest.mark.parametrize(("better", "value", "wanted"), [*MORE, *LESS])
def test_verdict_names_what_was_reached(better: str, value: float, wanted: str) -> None:
    floor, goal = (1.0, 1.2) if better == "more" else (1.5, 1.0)

    assert Verdict("product", "peer", floor, goal, better).judge(value) == wanted  # type: ignore[arg-type]


def test_ratio_is_of_medians() -> None:
    row = Row("x", "X", ("tokens_per_s",), (), (Verdict("product", "peer", 1.0, 2.0),))
    figures = {"product": {"tokens_per_s": [10.0, 30.0, 1000.0]}, "peer": {"tokens_per_s": [1.0, 20.0, 21.0]}}

    [line] = judge(row, figures)

    assert (line.value, line.verdict) == (1.5, "floor")


def test_contender_that_was_left_out_gives_no_verdict() -> None:
    row = Row("x", "X", ("tokens_per_s",), (), (Verdict("product", "peer", 1.0, 2.0),))

    assert judge(row, {"product": {"tokens_per_s": [10.0]}}) == []


def test_figure_that_only_some_have_is_shown_of_those(capsys: pytest.CaptureFixture[str]) -> None:
    row = Row("x", "X", ("tokens_per_s", "cpu_ms"), ())
    print_row(row, {"product": {"tokens_per_s": [3.0], "cpu_ms": [7.0]}, "peer": {"tokens_per_s": [2.0]}})
    said = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert said == [
        ["product", "3.00", "tokens/s;", "7.00", "ms", "CPU", "each"],
        ["peer", "2.00", "tokens/s"],
    ]


def test_rows_compare_only_what_they_measure() -> None:
    for row in ROWS:
        names = {entry.name for entry in row.entries}
        assert {v.subject for v in row.verdicts} <= names
        assert {v.against for v in row.verdicts} - {""} <= names


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234"), (12.34, "12.3"), (1.236, "1.24"), (0.01234, "0.0123")]
)
def test_number_shows_figures_that_matter(value: float, text: str) -> None:
    assert number(value) == text
