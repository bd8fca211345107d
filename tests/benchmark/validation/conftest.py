"""Valid submissions, made once and copied for each test; numbers of equal cells are computed once."""

import dataclasses
import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from build.submissions import SMALL, write_submission
from mechshift.benchmark.record import protocol
from mechshift.benchmark.run import rescore
from mechshift.benchmark.run.numbers import compute_numbers
from mechshift.benchmark.validation import pools

Submission = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def _small_v1() -> Iterator[None]:
    """The protocol that boards take is a small one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(protocol._PROTOCOLS, "v2", SMALL)
        yield


@pytest.fixture(scope="module", autouse=True)
def _computed_once() -> Iterator[None]:
    """Most changes leave the cells as they are, and of the same contents the same numbers follow."""
    known: dict[Any, Any] = {}

    def compute(cell: Any, needs: Any, tell: Any) -> Any:
        key = cell.key, *(_frozen(needs[name]) for name in cell.kind.needs)
        if key not in known:
            known[key] = compute_numbers(cell, needs, tell)
        return known[key]

    digests: dict[int, str] = {}
    digest_of_content = rescore._digest

    def digest(kind: Any, content: Any) -> str:
        # All that is computed is kept in `known`, so that no other content can come to have its id.
        if id(content) not in digests:
            digests[id(content)] = digest_of_content(kind, content)
        return digests[id(content)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rescore, "compute_numbers", compute)
        patch.setattr(rescore, "_digest", digest)
        patch.setattr(pools, "draw_examples", functools.cache(pools.draw_examples))
        yield


def _frozen(content: Any) -> Any:
    """A value that is equal for equal contents alone."""
    if isinstance(content, np.ndarray):
        return content.shape, content.tobytes()
    if isinstance(content, BaseModel):
        return content.model_dump_json()
    if dataclasses.is_dataclass(content):
        return tuple(_frozen(getattr(content, field.name)) for field in dataclasses.fields(content))
    return content


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """A reduced and an exact submission, by whether it is exact."""
    return {exact: write_submission(tmp_path_factory.mktemp("made"), exact) for exact in (False, True)}


@pytest.fixture
def submission(made: dict[bool, Path], tmp_path: Path) -> Submission:
    """A copy of a valid submission: `submission(exact=False)`."""

    def copy(exact: bool = False) -> Path:
        return Path(shutil.copytree(made[exact], tmp_path / made[exact].name))

    return copy
