"""How much passes take at once: less than usual where memory has not sufficed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_SHARE = ContextVar("share", default=1.0)


@contextmanager
def smaller_stacks(share: float) -> Iterator[None]:
    """A context of this thread in which stacks have that share of their usual size, one item at least.

    That moves numbers by rounding only.
    """
    before = _SHARE.set(share)
    try:
        yield
    finally:
        _SHARE.reset(before)


def stack_of(usual: int) -> int:
    """How many items are stacked where it usually is so many."""
    return max(1, int(usual * _SHARE.get()))
