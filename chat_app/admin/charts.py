"""Charts as inline SVG: stacked bars and lines over slots of time. No script, and no style attribute, which the edge's content
policy would refuse: colours are classes of `usage.css`, which follow light and dark.

Series are told apart by colour and by shape: bars by a hatching, lines by a marker and dashes. What is counted stands
elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 440, 200
LEFT, RIGHT, TOP, BOTTOM = 46, 8, 8, 22
INNER_WIDTH, INNER_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
LABELS = 6  # along the time at most
MARKED = 31  # points that each get a marker; of more, every few do
KINDS = 7  # of colours, hatchings and markers: six series and what is left
Say = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Series:
    """One model over the slots; None is a slot without a value. `kind` (0 to KINDS - 1) is its colour and shape."""

    name: str
    kind: int
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """A title, what the values mean in a sentence, the slots' labels, the series, and how a value is said, in full and at the
    scale. `top` is the least end of the scale, for charts that are to be compared; `unit` its least step."""

    name: str
    title: str
    summary: str
    slots: Sequence[str]
    series: Sequence[Series]
    say: Say
    tick: Say
    top: float = 0
    unit: float = 0

    @property
    def bars(self) -> SafeString:
        """The series stacked on each other, in order from below."""
        peak = max((sum(values) for values in self._columns()), default=0)
        scale = _Scale(max(peak, self.top), self.unit, len(self.slots))
        drawn = []
        for n, values in enumerate(self._columns()):
            below = 0.0
            for series, value in zip(self.series, values, strict=True):
                if value:
                    drawn.append(_bar(scale, n, below, value, series.kind))
                below += value
        return self._svg(scale, _join(drawn))

    @property
    def lines(self) -> SafeString:
        """Each series as a line of its own, broken where it has no value."""
        peak = max((value or 0 for series in self.series for value in series.values), default=0)
        scale = _Scale(max(peak, self.top), self.unit, len(self.slots))
        return self._svg(scale, _join([_line(scale, series) for series in self.series]))

    @property
    def legend(self) -> SafeString:
        """The series' names beside their colour and hatching."""
        return self._legend(
            '<svg class="chart-key" viewBox="0 0 12 12" aria-hidden="true">'
            '<rect width="12" height="12" rx="2" fill="url(#chart-{})"/></svg>'
        )

    @property
    def line_legend(self) -> SafeString:
        """The series' names beside their line and marker."""
        return self._legend(
            '<svg class="chart-key chart-key-line" viewBox="0 0 24 12" aria-hidden="true">'
            '<path class="chart-line chart-{}" d="M0 6H24"/>{}</svg>',
            marked=True,
        )

    @property
    def table(self) -> Sequence[tuple[str, Sequence[str]]]:
        """The same in words: a line for each slot, newest first."""
        lines = [
            (slot, [self._cell(series.values[n]) for series in self.series])
            for n, slot in enumerate(self.slots)
        ]
        return lines[::-1]

    def _cell(self, value: float | None) -> str:
        return "–" if not value else self.say(value)

    def _columns(self) -> list[list[float]]:
        return [[series.values[n] or 0.0 for series in self.series] for n in range(len(self.slots))]

    def _legend(self, key: str, *, marked: bool = False) -> SafeString:
        shape = '<li class="chart-entry">' + key + "<span>{}</span></li>"
        entries = [
            format_html(shape, s.kind, *([_marker(s.kind, 12, 6)] if marked else []), s.name)
            for s in self.series
        ]
        return format_html('<ul class="chart-legend">{}</ul>', _join(entries))

    def _svg(self, scale: _Scale, drawn: SafeString) -> SafeString:
        return format_html(
            '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-title {}-desc">'
            '<title id="{}-title">{}</title><desc id="{}-desc">{}</desc>{}{}{}</svg>',
            WIDTH, HEIGHT, self.name, self.name, self.name, self.title, self.name, self.summary,
            self._axes(scale), drawn, self._hints(scale),
        )  # fmt: skip

    def _axes(self, scale: _Scale) -> SafeString:
        level = format_html_join(
            "",
            '<path class="chart-grid" d="M{} {}H{}"/><text class="chart-text" x="{}" y="{}" text-anchor="end">{}</text>',
            (
                (LEFT, scale.y(tick), WIDTH - RIGHT, LEFT - 5, _number(scale.y(tick) + 3.5), self.tick(tick))
                for tick in scale.ticks
            ),
        )
        step = max(1, math.ceil(len(self.slots) / LABELS))
        along = format_html_join(
            "",
            '<text class="chart-text" x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (min(max(scale.x(n), LEFT + 14), WIDTH - 20), HEIGHT - 6, self.slots[n])
                for n in range(len(self.slots) - 1, -1, -step)
            ),
        )
        return format_html("{}{}", level, along)

    def _hints(self, scale: _Scale) -> SafeString:
        """What a pointer is told over each slot."""
        return format_html_join(
            "",
            '<rect class="chart-hint" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
            (
                (_number(LEFT + n * scale.step), TOP, _number(scale.step), INNER_HEIGHT, self._hint(n))
                for n in range(len(self.slots))
            ),
        )

    def _hint(self, n: int) -> str:
        said = [f"{s.name}: {self.say(value)}" for s in self.series if (value := s.values[n])]
        return "\n".join([self.slots[n], *(said or ["nothing"])])


class _Scale:
    """Values and slots as places in the picture."""

    def __init__(self, peak: float, least: float, slots: int) -> None:
        self.step = INNER_WIDTH / max(1, slots)
        self.slots = slots
        unit = max(least, _nice(peak / 4)) if peak > 0 else 1
        count = max(1, math.ceil(peak / unit - 1e-9))
        self.ticks = [unit * n for n in range(count + 1)]
        self.top = self.ticks[-1]

    def x(self, n: int) -> float:
        return _number(LEFT + (n + 0.5) * self.step)

    def y(self, value: float) -> float:
        return _number(TOP + INNER_HEIGHT * (1 - value / self.top))


def _nice(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= value * 0.999)


def _number(value: float) -> float:
    return round(value, 1)


def _bar(scale: _Scale, n: int, below: float, value: float, kind: int) -> SafeString:
    gap = min(3.0, scale.step * 0.2)
    top, bottom = scale.y(below + value), scale.y(below)
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="{}" fill="url(#chart-{})"/>',
        _number(LEFT + n * scale.step + gap / 2), top, _number(scale.step - gap),
        max(0.8, _number(bottom - top)), kind,
    )  # fmt: skip


def _line(scale: _Scale, series: Series) -> SafeString:
    points = [
        None if value is None else (scale.x(n), scale.y(value)) for n, value in enumerate(series.values)
    ]
    path, drawing = [], False
    for point in points:
        if point is not None:
            path.append(f"{'L' if drawing else 'M'}{point[0]} {point[1]}")
        drawing = point is not None
    every = math.ceil(len(points) / MARKED)
    alone = {
        n
        for n, point in enumerate(points)
        if point and not any(points[max(0, n - 1) : n] + points[n + 1 : n + 2])
    }
    marks = [
        _marker(series.kind, *point)
        for n, point in enumerate(points)
        if point is not None and (n % every == (len(points) - 1) % every or n in alone)
    ]
    line = format_html('<path class="chart-line chart-{}" d="{}"/>', series.kind, " ".join(path))
    return format_html("<g>{}{}</g>", line, _join(marks))


_MARKERS = (
    "M-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z",  # disc
    "M-3 -3H3V3H-3Z",  # square
    "M0 -3.8L3.6 2.8H-3.6Z",  # triangle
    "M0 -4L4 0L0 4L-4 0Z",  # diamond
    "M-1 -3.5H1V-1H3.5V1H1V3.5H-1V1H-3.5V-1H-1Z",  # plus
    "M0 3.8L3.6 -2.8H-3.6Z",  # triangle on its head
    "M-3.5 -1.2H3.5V1.2H-3.5Z",  # dash
)


def _marker(kind: int, x: float, y: float) -> SafeString:
    return format_html(
        '<path class="chart-mark chart-{}" transform="translate({} {})" d="{}"/>', kind, x, y, _MARKERS[kind]
    )


_HATCHINGS = (
    "",
    '<path class="chart-hatch" d="M0 0L6 6M-1 5L1 7M5 -1L7 1"/>',
    '<path class="chart-hatch" d="M0 3H6"/>',
    '<circle class="chart-dot" cx="3" cy="3" r="1.3"/>',
    '<path class="chart-hatch" d="M3 0V6"/>',
    '<path class="chart-hatch" d="M6 0L0 6M1 -1L-1 1M7 5L5 7"/>',
    '<path class="chart-hatch" d="M0 3H6M3 0V6"/>',
)


def hatchings() -> SafeString:
    """The fills of all bars, once for a page."""
    patterns = [
        format_html(
            '<pattern id="chart-{}" width="6" height="6" patternUnits="userSpaceOnUse">'
            '<rect class="chart-fill chart-{}" width="6" height="6"/>{}</pattern>',
            kind,
            kind,
            mark_safe(inner),  # noqa: S308 - a constant of this file
        )
        for kind, inner in enumerate(_HATCHINGS)
    ]
    return format_html(
        '<svg class="chart-fills" width="0" height="0" aria-hidden="true"><defs>{}</defs></svg>',
        _join(patterns),
    )


def _join(parts: Sequence[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))
