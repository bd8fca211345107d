"""How much of a pair is in memory at once, where memory is short."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How a pair is held; no number depends on it beyond rounding.

    `share`: of all that a member usually holds at once beside its weights (integration steps, circuits and
    components that are stacked, what the sources write) the part that it may, from 1 down. `in_turn`: one
    member's weights are in memory at a time. `bounded`: memory is counted, so that nothing runs beside.
    """

    share: float = 1.0
    in_turn: bool = False
    bounded: bool = False


SHARES = tuple(2.0**-power for power in range(1, 10))
"""Those that are tried where one row does not fit; with the last a pass takes one step of one row."""

USUAL = Limits()
"""Both members in memory, and as much at once as is fast."""


def part_of(amount: int, share: float) -> int:
    """That share of an amount that is usually held at once, at least 1."""
    return max(1, int(amount * share))
