"""Examples drawn once for all tests of this folder."""

from collections.abc import Callable
from functools import cache
from itertools import islice

import pytest

from mechshift.tasks import Example, Split, get_task

Draw = Callable[..., tuple[Example, ...]]


@cache
def _drawn(
    task: str, number: int, split: Split = "evaluation", level: str | None = None, seed: int = 0
) -> tuple[Example, ...]:
    examples = tuple(islice(get_task(task).examples(seed, split, level), number))
    assert len(examples) == number
    return examples


@pytest.fixture(scope="session")
def drawn() -> Draw:
    return _drawn
