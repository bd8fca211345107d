"""How much attribution runs and holds at a time: laws of a model's and a batch's sizes alone.

Whoever forecasts a run reckons by the same ones. `share`: of what is usual the part that a member may hold,
as in `Limits`.
"""

from ..pairs.limits import part_of
from .graph import Graph, SiteAxes

SOURCE_BYTES = 64 * 2**20
"""How much of what the sources write is held at a time, unless `SOURCE_POSITIONS` or one row need more."""

SOURCE_POSITIONS = 256
"""Token positions of what the sources write that are held at a time, if they take no more than `MOST_BYTES`.

For each such piece all maps that heads read through are made ready again: less than this, and that would be
most of the work in a wide model.
"""

MOST_BYTES = 2 * 2**30
"""The most that is held at a time of what the sources write, unless one row alone needs more."""

DESTINATIONS_AT_ONCE = 64
"""Destinations whose scores are one product, at least, if there are as many."""

TOKENS_AT_ONCE = 512
"""Token positions that are worth a pass of their own: up to as many, single things are stacked."""

STREAM_AT_ONCE = 2**16
"""Numbers of the residual stream up to which the steps of a narrow model are stacked in one pass.

A pass over few numbers costs what starting it costs. How many are enough was measured beforehand and follows
from the width alone: what a process measures would be another number in the next one, and with it the
rounding of scores, which must not depend on who computes them.
"""

STEPS_AT_ONCE = 10
"""Integration steps whose gradients are held at a time, at most: what a norm reads is kept of each."""

POSITIONS_HELD = 20_480
"""Token positions whose gradients are held at a time, over all steps, unless one step alone has more."""


def steps_held(positions: int, share: float = 1.0) -> int:
    """Of how many integration steps gradients are held at a time, for a batch of so many token positions."""
    return max(1, min(part_of(STEPS_AT_ONCE, share), part_of(POSITIONS_HELD, share) // positions))


def rows_at_once(sources: int, width: int, tokens: int, share: float = 1.0) -> int:
    """Of how many rows of so many tokens what the sources write is held at a time."""
    row = 4 * sources * width * tokens
    usual = max(part_of(SOURCE_BYTES, share) // row, part_of(SOURCE_POSITIONS, share) // tokens)
    return max(1, min(part_of(MOST_BYTES, share) // row, usual))


def tokens_stacked(width: int, share: float = 1.0) -> int:
    """Up to how many token positions integration steps are stacked in one pass of a model of this width."""
    return part_of(max(TOKENS_AT_ONCE, STREAM_AT_ONCE // width), share)


def stacked(positions: int, tokens_at_once: int) -> int:
    """How many integration steps of a batch of so many token positions one pass takes."""
    return max(1, tokens_at_once // positions)


def read_together(graph: Graph) -> list[tuple[SiteAxes, ...]]:
    """The sites, several next to each other where each has few destinations; the later ones first.

    A product with what the sources wrote is slower with 37 destinations than with 74, and reads as much
    memory. What no edge is of such a product, from a later source to an earlier reader, is left out at the
    end.
    """
    found, end = [], len(graph.sites)
    while end:
        start, readers = end, 0
        # From the end, so that what is left over reads the fewest sources.
        while start and readers < DESTINATIONS_AT_ONCE:
            start -= 1
            readers += graph.sites[start].readers
        found.append(graph.sites[start:end])
        end = start
    return found


def readers_of(together: tuple[SiteAxes, ...]) -> int:
    """How many destinations read at these sites."""
    return sum(site.readers for site in together)
