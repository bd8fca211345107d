"""Which of several processes this is, where torchrun or `accelerate launch` has started them."""

import os
from dataclasses import dataclass

from ...errors import UsageError


@dataclass(frozen=True)
class Rank:
    """A process among those that one command has started.

    `number`: its place among all of them, `local`: among the `beside` of its host; from 0.
    """

    number: int = 0
    local: int = 0
    beside: int = 1


def this_rank() -> Rank:
    """This process's, as RANK, LOCAL_RANK and LOCAL_WORLD_SIZE say; the only one where they are not set.

    Raises UsageError where they do not go together.
    """
    found = Rank(_number("RANK", 0), _number("LOCAL_RANK", 0), _number("LOCAL_WORLD_SIZE", 1))
    # Who starts processes by other means may set the first two alone.
    return Rank(found.number, found.local, max(found.beside, found.local + 1))


def _number(name: str, usual: int) -> int:
    text = os.environ.get(name) or str(usual)
    if not (text.isascii() and text.isdigit()):
        raise UsageError(
            f"the environment variable {name} is {text!r}, and should be a number",
            "unset it, or let torchrun or accelerate launch set it",
        )
    return int(text)
