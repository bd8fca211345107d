"""The names of the load-time checks, and errors that carry them: which check a pair fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from ...errors import PairError

CheckName = Literal[
    "files",
    "class",
    "configuration",
    "parameters",
    "tokens",
    "mask token",
    "backbone",
    "finite",
    "projections",
    "attention",
    "residual stream",
    "gradient",
    "behaviour",
]


@contextmanager
def of_check(name: CheckName) -> Iterator[None]:
    """Any PairError of the block is one of this check, unless a check inside has its name on it already."""
    try:
        yield
    except PairError as error:
        error.check = error.check or name
        raise
