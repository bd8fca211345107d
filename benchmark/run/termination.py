"""SIGTERM as an exception, so that a run that a scheduler ends puts its display and its files away."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

EXIT_CODE = 128 + signal.SIGTERM
"""What a shell calls the end by SIGTERM."""


class Terminated(BaseException):
    """SIGTERM has arrived. As KeyboardInterrupt it is no Exception, so that no handler of errors takes it."""


@contextmanager
def heeding_termination() -> Iterator[None]:
    """A context in which SIGTERM raises Terminated; a second one ends the process at once.

    Does nothing outside the main thread, which alone is given signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _end(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise Terminated
