"""A member that may hold little at once: smaller stacks, the same numbers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from build.acts import ACTS
from mechshift.benchmark.circuits import intervention
from mechshift.benchmark.circuits.attribution import attribute, steps_held
from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.limits import part_of
from mechshift.benchmark.pairs.member import Member

LITTLE = 2.0**-9


@contextmanager
def rows_of_passes(member: Member) -> Iterator[list[int]]:
    """How many rows each pass has."""
    rows: list[int] = []

    def see(_: object, __: object, named: dict[str, Any]) -> None:
        rows.append(len(named["inputs_embeds"]))

    handle = member.backbone.base.register_forward_pre_hook(see, with_kwargs=True)
    try:
        yield rows
    finally:
        handle.remove()


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", ["gpt2", "qwen2"])
def test_less_at_once_gives_the_same(
    kind: str, act: str, random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    member, batch = random_member(kind, "full"), random_batch("states")
    usual, little = (ACTS[act](each, batch) for each in (member, replace(member, share=LITTLE)))
    np.testing.assert_allclose(little, usual, rtol=0, atol=2e-5 * max(1, np.abs(usual).max()))
    assert np.abs(usual).max() > 0


@pytest.mark.parametrize("act", ["circuits", "drops", "zeroed", "edges"])
def test_a_stack_may_be_of_one_row(
    act: str,
    random_member: Callable[..., Member],
    random_batch: Callable[..., Batch],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beside the passes over whole batches, which are as large as they are."""
    monkeypatch.setattr(intervention, "MEMORY", 1)  # as if the graph were large
    member, batch = random_member("llama", "full"), random_batch("states")
    found = []
    for share in (1.0, LITTLE):
        with rows_of_passes(member) as rows:
            ACTS[act](replace(member, share=share), batch)
        found.append(rows)
    usual, little = found
    assert 1 in little
    assert set(little) <= {1, len(batch.clean)}
    # A stack is of whole circuits, and the eight rows that it has at least are no two of these.
    assert max(usual) > len(batch.clean) if act != "circuits" else max(usual) == len(batch.clean)


def test_steps_are_stacked_by_the_share(
    random_member: Callable[..., Member], random_batch: Callable[..., Batch]
) -> None:
    member, batch = random_member("llama", "full"), random_batch("states")
    most = []
    for share in (1.0, LITTLE):
        with rows_of_passes(member) as rows:
            attribute(replace(member, share=share), [batch], Integration("midpoint", 6), 2)
        most.append(max(rows))
    assert most == [6 * len(batch.clean), len(batch.clean)]


def test_of_an_amount_there_is_at_least_one() -> None:
    assert [part_of(10, share) for share in (1.0, 0.5, 0.25, 0.125, LITTLE)] == [10, 5, 2, 1, 1]
    assert [steps_held(1000, share) for share in (1.0, 0.5, 0.1, LITTLE)] == [10, 5, 1, 1]
