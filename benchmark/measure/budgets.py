"""How many edges a share of them is."""

from collections.abc import Sequence


def budgets(grid: Sequence[float], edges: int) -> list[int]:
    """Number of edges at each share of a grid: rounded down, as MIB does it, and at least one."""
    # A share such as .1 is a little above or below itself in binary: 0.1 * 30 is 3.0000000000000004 but
    # 0.29 * 100 is 28.999999999999996, which are meant to be 3 and 29 edges.
    return [max(1, int(share * edges + 1e-9)) for share in grid]
