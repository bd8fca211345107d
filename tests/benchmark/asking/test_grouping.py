"""Halves and groups of a pool."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import pytest

from mechshift.benchmark.asking.grouping import group_examples
from mechshift.benchmark.asking.pool import Solved
from mechshift.benchmark.record.protocol import Protocol, list_protocols
from mechshift.metrics import half_splits
from mechshift.tasks import Task, list_tasks


def pool_of(templates: Sequence[str]) -> list[Solved]:
    return [
        Solved(index=index, order=(index,), template=template) for index, template in enumerate(templates)
    ]


def by_index(examples: Sequence[Solved]) -> list[Solved]:
    return sorted(examples, key=lambda one: one.index)


def templates(examples: Sequence[Solved]) -> Counter[str]:
    return Counter(one.template for one in examples)


POOLS = {
    "even": "abcd" * 6,
    "uneven": "aaaaaaabbbcdddde",
    "one template": "a" * 9,
    "a template for each": "abcdefghijklmnopqrst",
    "by chance": "badcabdaccdbbbadcaacbbd",
}


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_halves_are_disjoint_and_alike(pool: str, small_protocol: Callable[..., Protocol]) -> None:
    examples = pool_of(pool)
    found = group_examples(examples, small_protocol(groups=6).halving)
    assert by_index(found.discovery + found.evaluation) == examples
    assert len(found.discovery) - len(found.evaluation) in (0, 1)
    for template in set(pool):
        assert abs(templates(found.discovery)[template] - templates(found.evaluation)[template]) <= 1


@pytest.mark.parametrize("disjoint", [True, False])
@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_every_group_is_within_one_template(
    pool: str,
    disjoint: bool,
    small_protocol: Callable[..., Protocol],
) -> None:
    found = group_examples(pool_of(pool), small_protocol(groups=6, disjoint=disjoint).halving)
    assert len(found.group) == len(found.discovery)
    assert set(found.group) == set(range(len(found.templates)))
    for one, group in zip(found.discovery, found.group, strict=True):
        assert one.template == found.templates[group]
    sizes: dict[str, list[int]] = {}
    for group, count in Counter(found.group).items():
        sizes.setdefault(found.templates[group], []).append(count)
    assert all(max(counts) - min(counts) <= 1 for counts in sizes.values())


@pytest.mark.parametrize(
    ("pool", "groups", "expected"),
    [("ab" * 12, 6, 6), ("ab" * 12, 7, 6), ("abcdefgh" * 4, 6, 16), ("ab", 6, 1)],
)
def test_there_are_about_as_many_groups_as_the_protocol_wants(
    pool: str,
    groups: int,
    expected: int,
    small_protocol: Callable[..., Protocol],
) -> None:
    found = group_examples(pool_of(pool), small_protocol(groups=groups).halving)
    assert len(found.templates) == expected


@pytest.mark.parametrize("protocol", list_protocols(), ids=lambda protocol: protocol.name)
@pytest.mark.parametrize("task", list_tasks(), ids=lambda task: task.card.name)
def test_both_halves_of_the_ceiling_hold_every_template(task: Task, protocol: Protocol) -> None:
    examples = islice(task.examples(protocol.sampling.seed), protocol.sampling.pool)
    found = group_examples(pool_of([example.template for example in examples]), protocol.halving)
    repeated = {template for template, count in templates(found.discovery).items() if count >= 2}
    assert len(repeated) >= 2
    groups = Counter(found.templates)
    assert all(groups[template] >= 2 for template in repeated)
    clusters = np.array(found.templates)
    for half in half_splits(clusters, 50, protocol.statistics.resampling_seed):
        assert repeated <= set(clusters[half])
        assert repeated <= set(clusters[~half])


def test_a_protocol_that_is_not_disjoint_uses_all_for_both(small_protocol: Callable[..., Protocol]) -> None:
    examples = pool_of("abcab")
    found = group_examples(examples, small_protocol(disjoint=False).halving)
    assert by_index(found.discovery) == examples
    assert found.evaluation == found.discovery


def test_the_same_pool_gives_the_same_groups_and_an_empty_one_none(
    small_protocol: Callable[..., Protocol],
) -> None:
    first, second = (group_examples(pool_of("cabbac"), small_protocol().halving) for _ in range(2))
    assert first == second
    nothing = group_examples([], small_protocol().halving)
    assert (nothing.discovery, nothing.evaluation, nothing.templates) == ((), (), ())
