from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from build.allocation import Allocated, saved_bytes
from build.models import random_member
from mechshift.benchmark.pairs.member import Member

# So large that what a pass allocates is not lost in what it allocates whatever the size.
SIZES: dict[str, Any] = {
    "vocabulary": 500,
    "positions": 64,
    "width": 64,
    "mlp_width": 176,
    "layers": 3,
    "expert_width": 40,
    "spread": None,
    "frozen": True,
}


@pytest.fixture(name="random_member", scope="session")
def _random_member() -> Callable[..., Member]:
    return partial(random_member, **SIZES)


@pytest.fixture(name="allocated", scope="session")
def _allocated() -> type[Allocated]:
    return Allocated


@pytest.fixture(name="saved_by_autograd", scope="session")
def _saved() -> Callable[..., Any]:
    return saved_bytes
