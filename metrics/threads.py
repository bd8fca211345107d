"""Blocks of work that several threads share: numpy lets others run while it computes."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar

Given = TypeVar("Given")
Gained = TypeVar("Gained")


def each_of(blocks: Sequence[Given], work: Callable[[Given], Gained], threads: int = 1) -> Iterable[Gained]:
    """What the work finds of each block, in their order, whichever thread has done it.

    Raises what the work raises.

    >>> each_of([1, 2, 3], lambda number: 2 * number, threads=2)
    [2, 4, 6]
    """
    if threads == 1 or len(blocks) == 1:
        return map(work, blocks)
    # The threads of a matrix product would stand in each other's way.
    with _controller().limit(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, blocks))


@cache
def _controller() -> Any:
    """What sets how many threads a matrix product has.

    Made once: it looks through the libraries that are loaded, which waits forever for a thread that is just
    loading another one.
    """
    # Imported here, so that metrics need numpy alone until threads are asked for.
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
