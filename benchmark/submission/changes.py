"""What the reduction of a run's cells changes in its record: every number beside what it was."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from ..record.record import Record
from .manifest import Change, Changes

NAMED = 20
"""Places of numbers without a counterpart that are listed."""


@dataclass(frozen=True)
class _Pair:
    """A number of both records; `half_width`: of its interval in the original, None where it has none."""

    path: str
    original: float
    reduced: float
    half_width: float | None

    @property
    def size(self) -> float:
        return abs(self.reduced - self.original)

    @property
    def share(self) -> float | None:
        return self.size / self.half_width if self.half_width else None

    def as_change(self) -> Change:
        return Change(
            path=self.path, original=self.original, reduced=self.reduced, share_of_half_width=self.share
        )


def compare_records(original: Record, reduced: Record) -> Changes:
    """Every number of a record's tasks and summary beside that of the record of the same run's reduced cells.

    Of a number with an interval its value and both ends are compared. Its place is named as the record has
    it, below the name of its task: `ioi/compared.edge.normalised.high`, `summary/overlap.local.value`.
    """
    pairs: list[_Pair] = []
    unmatched: list[str] = []
    for one in _beside(_contents(original), _contents(reduced)):
        if isinstance(one, _Pair):
            pairs.append(one)
        else:
            unmatched.append(one)
    changed = [one for one in pairs if one.size]
    # Of numbers that were cut to a point, no share can be told.
    with_interval = [one for one in changed if one.share is not None]
    largest = max(changed, key=lambda one: one.size, default=None)
    widest = max(with_interval, key=lambda one: one.share or 0.0, default=None)
    return Changes(
        numbers=len(pairs),
        changed=len(changed),
        largest=largest.as_change() if largest else None,
        largest_of_interval=widest.as_change() if widest else None,
        unmatched_count=len(unmatched),
        unmatched=tuple(unmatched[:NAMED]),
    )


def _contents(record: Record) -> dict[str, Any]:
    # Digests of cells differ by design, and nothing of a pool is reduced.
    tasks = {f"{task.task}/": task.comparison.model_dump(mode="json") for task in record.tasks}
    return {**tasks, "summary/": record.summary.model_dump(mode="json")}


def _beside(one: Any, other: Any, place: str = "", half_width: float | None = None) -> Iterator[_Pair | str]:
    """All pairs of numbers below two places, and the names of places that differ in another way."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        half_width = _half_width(one)
        for name in one:
            yield from _beside(one[name], other[name], _inner(place, name), half_width)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (first, second) in enumerate(zip(one, other, strict=True)):
            yield from _beside(first, second, f"{place}[{index}]")
    elif _is_number(one) and _is_number(other):
        yield _Pair(place, float(one), float(other), half_width)
    elif one != other:
        yield place


def _half_width(content: dict[str, Any]) -> float | None:
    """Of the interval of a number, None for anything else."""
    low, high = content.get("low"), content.get("high")
    return (high - low) / 2 if _is_number(low) and _is_number(high) else None


def _is_number(content: object) -> TypeGuard[float]:
    return isinstance(content, int | float) and not isinstance(content, bool) and math.isfinite(content)


def _inner(place: str, name: str) -> str:
    return f"{place}{name}" if not place or place.endswith("/") else f"{place}.{name}"
