"""Two pieces of work of which neither needs the other: one after the other, or in two threads at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

T = TypeVar("T")


def do_both(first: Callable[[], T], second: Callable[[], T], at_once: bool) -> tuple[T, T]:
    """What both give. Raises what either raises; of two errors the first one's."""
    if not at_once:
        return first(), second()
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(second)
        return first(), later.result()


def one_at_a_time(advance: Callable[[int], None]) -> Callable[[int], None]:
    """The same for two threads to call: neither count is lost."""
    lock = Lock()

    def told(done: int) -> None:
        with lock:
            advance(done)

    return told
