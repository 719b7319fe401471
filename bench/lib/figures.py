"""Medians of rounds, ratios of pairs, and what they are held against."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Row:
    """One line of the table. `met` is None where nothing was promised, or nothing could be measured."""

    measure: str
    target: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    met: bool | None = None


@dataclass
class Outcome:
    """What one scenario found: rows for the table, notes below it, and why it could not run, if it could not."""

    rows: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    missing: list = field(default_factory=list)


def median(values):
    return statistics.median(values)


def spread(values):
    return f"{min(values):.3g}–{max(values):.3g}"


def paired(ours, theirs):
    """The median of the ratios within each round: what disturbed one round disturbed both."""
    return median([a / b for a, b in zip(ours, theirs) if b > 0])


def number(value):
    if value >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def compare(measure, ours, theirs, against, at_least=None, at_most=None, unit=""):
    """A row with the medians of both, and their paired ratio against its bound."""
    ratio = paired(ours, theirs)
    if at_least is not None:
        target, met = f"≥ {at_least:g} × {against}", ratio >= at_least
    elif at_most is not None:
        target, met = f"≤ {at_most:g} × {against}", ratio <= at_most
    else:
        target, met = f"(beside {against})", None
    return Row(
        measure, target, f"{number(median(ours))}{unit}", f"{number(median(theirs))}{unit}", f"{ratio:.2f}", met)


def bound(measure, value, limit, unit, at_least=False):
    met = value >= limit if at_least else value <= limit
    sign = "≥" if at_least else "≤"
    return Row(measure, f"{sign} {number(limit)}{unit}", f"{number(value)}{unit}", met=met)
