"""Work in a process of its own, which begins with nothing that others left: memory, caches, threads."""

import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")


class FailedError(Exception):
    """Work that failed in its process; the text is its traceback."""


def apart(work: Callable[..., T], *arguments: Any) -> T:
    """What a function of a module gives, called in a process of its own. FailedError where it raises."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found, error = pool.submit(_try, work, *arguments).result()
    if error is not None:
        raise FailedError(error)
    return found


def _try(work: Callable[..., T], *arguments: Any) -> tuple[T | None, str | None]:
    # Not every error can be sent to another process, but its text can.
    try:
        return work(*arguments), None
    except Exception:
        return None, traceback.format_exc()
