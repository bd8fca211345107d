"""How far apart two numbers or two sets are, in shares."""

from typing import Any


def share_apart(one: set[Any], other: set[Any]) -> float:
    """The share of what either has that only one of the two has, in [0, 1]."""
    return len(one ^ other) / max(1, len(one | other))


def relative(difference: float, size: float) -> float:
    """A difference as a share of a size; 1 where the size is 0 and the difference is not."""
    if difference == 0:
        return 0.0
    return float(difference / size) if size > 0 else 1.0
