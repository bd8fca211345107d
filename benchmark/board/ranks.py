"""Ranks of a board's rows: which pairs differ in a quantity by more than the luck of their prompts.

All pairs of rows are tested together. A pair's value is a mean over tasks, or a difference of such means. On
a task whose examples two rows share, the luck of the prompts cancels; elsewhere the rows are independent.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from ...metrics.inputs import Floats
from ...metrics.ranking import Measurements, holm_of_pairs, pairwise_p, significance_ranks
from ..record.means import Summary
from ..record.number import COUNTED
from ..record.quantity import Quantity
from ..record.resampling import examples_of, resampling_of
from ..record.row import SHIFT_AT_ONE_SIZE
from .entries import Entry
from .values import Addend, PutTogether

ALPHA = 0.05
"""The family-wise rate of false differences among all pairs of rows of one board."""


IS_CONTROL = "it is a control"
"""Why a control has no rank."""


@dataclass(frozen=True)
class Unranked:
    """Why a row has no rank."""

    reason: str


@dataclass(frozen=True)
class Ranks:
    """Each entry's rank, or why it has none; and of those with a rank, in their order, p-values of all pairs.

    `adjusted`: by Holm for the number of pairs, [ranked, ranked], 1 on the diagonal.
    """

    ranks: tuple[int | Unranked, ...]
    adjusted: Floats


def rank_entries(entries: Sequence[Entry], quantity: Quantity[Summary], ascending: bool = False) -> Ranks:
    """Ranks by a quantity: 1 + the number of rows that are significantly larger (`ascending`: smaller).

    Ranked are rows that a board takes and that are no control, if their value has an interval.
    """
    values = _values(entries, quantity)
    kept = [
        (entry, value) for entry, value in zip(entries, values, strict=True) if isinstance(value, PutTogether)
    ]
    if not kept:
        return Ranks(tuple(each for each in values if isinstance(each, Unranked)), np.ones((0, 0)))
    weights = [part.weight for part in kept[0][1].parts]
    parts = [
        _measurements([(entry, value.parts[index]) for entry, value in kept]) for index in range(len(weights))
    ]
    adjusted = holm_of_pairs(pairwise_p(parts, weights))
    found = significance_ranks([value.number.value for _, value in kept], adjusted, ALPHA, ascending)
    ranks = iter(found.tolist())
    return Ranks(tuple(value if isinstance(value, Unranked) else next(ranks) for value in values), adjusted)


def _values(entries: Sequence[Entry], quantity: Quantity[Summary]) -> list[PutTogether | Unranked]:
    found = [_value(entry, quantity) for entry in entries]
    sizes = {
        entry.record.summary.one_size.edges
        for entry, value in zip(entries, found, strict=True)
        if isinstance(value, PutTogether)
    }
    if quantity.name != SHIFT_AT_ONE_SIZE or len(sizes) < 2:
        return found
    # Ĵ depends on the size of the circuits: a comparison of two records refuses that difference too.
    reason = Unranked(
        f"rows have different one sizes, {min(filter(None, sizes)):,} to {max(filter(None, sizes)):,} edges"
    )
    return [reason if isinstance(value, PutTogether) else value for value in found]


def _value(entry: Entry, quantity: Quantity[Summary]) -> PutTogether | Unranked:
    if entry.unofficial is not None:
        return Unranked("no board takes it")
    if entry.record.pair.control:
        return Unranked(IS_CONTROL)
    value = entry.value_in(quantity)
    return Unranked(value) if isinstance(value, str) else value


def _measurements(rows: Sequence[tuple[Entry, Addend]]) -> Measurements:
    """The values of all rows on one task."""
    bounds = [(part.number.value, _bound(part.number.low), _bound(part.number.high)) for _, part in rows]
    values, low, high = np.array(bounds).T
    drawn = [_draws(entry, part) for entry, part in rows]
    draws = np.full((len(rows), max(map(len, drawn))), np.nan)
    samples = np.full(len(rows), -1)
    known: dict[Hashable, int] = {}
    for row, ((entry, part), own) in enumerate(zip(rows, drawn, strict=True)):
        draws[row, : len(own)] = own
        if part.task is not None and len(own):
            # Of one protocol, so that on the same examples the r-th resample of all is of the same prompts.
            samples[row] = known.setdefault(examples_of(entry.record, part.task), len(known))
    # What no task holds as a number is an accuracy, whose variance follows from its count.
    sampled = [
        COUNTED if part.task is None else resampling_of(entry.record, part.task) for entry, part in rows
    ]
    freedom, of_quantile = np.array([(each.freedom, each.of_quantile) for each in sampled]).T
    resamples = min(each.resamples for each in sampled)
    return Measurements(values, low, high, draws, samples, freedom, of_quantile, resamples)


def _bound(bound: float | None) -> float:
    assert bound is not None, "what is put together with an interval has parts with intervals"
    return bound


def _draws(entry: Entry, part: Addend) -> Floats:
    found = None if entry.draws is None else entry.draws.get(part.place)
    # Draws that are not the protocol's resamples are of nobody knows which prompts.
    wanted = entry.record.protocol.statistics.resamples
    return np.empty(0) if found is None or len(found) != wanted else found
