"""Two pieces of work of which neither needs the other: one after the other, or in two threads at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from threading import Event, Lock
from typing import TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """Work in another thread is not to go on: nobody waits for what it gives."""


@contextmanager
def other_thread(stop: Event) -> Iterator[ThreadPoolExecutor]:
    """A thread for other work, which is told to stop where the context ends with an error, as by Ctrl-C.

    Without that, leaving would wait for the whole of the work, which may be hours.
    """
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool
        except BaseException:
            stop.set()
            raise


def do_both(
    first: Callable[[], T], second: Callable[[], T], at_once: bool, stop: Event | None = None
) -> tuple[T, T]:
    """What both give. Raises what either raises; of two errors the first one's.

    `stop` is set where the first one fails: work that asks it need not go on.
    """
    if not at_once:
        return first(), second()
    with other_thread(stop or Event()) as pool:
        # What holds here, such as the size of stacks, holds there too.
        later = pool.submit(copy_context().run, second)
        return first(), later.result()


def one_at_a_time(advance: Callable[[int], None], stop: Event | None = None) -> Callable[[int], None]:
    """The same for two threads to call: neither count is lost. Raises Stopped once `stop` is set."""
    lock = Lock()

    def told(done: int) -> None:
        if stop is not None and stop.is_set():
            raise Stopped
        with lock:
            advance(done)

    return told
