"""What is asked beside the headline: which reads an example has, on which examples, in which groups."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mechshift.benchmark.asking.beside import AskedBeside, ask_beside
from mechshift.benchmark.asking.encoding import Encoded
from mechshift.benchmark.asking.grouping import Grouping, evenly, group_examples
from mechshift.benchmark.asking.pool import Solved
from mechshift.benchmark.asking.reads import Read
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.record.protocol import Halving

ANSWER, FOIL = (11, 3, 14, 5, 9), (12, 3, 15, 5, 8)
"""Apart at 0, 2 and 4."""

MakeMember = Callable[..., Member]
Encode = Callable[..., Encoded]
ORDERS = ((0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (0, 0, 1, 1, 1), (0, 0, 0, 0, 0))
"""Three deciding steps, three, two and one."""


@pytest.fixture
def pair(member: MakeMember) -> tuple[Member, Member]:
    return member("arm"), member("mdm", "full")


@pytest.fixture
def examples(encoded: Encode) -> dict[int, Encoded]:
    return {index: encoded(6, ANSWER, FOIL, seed=index) for index in range(24)}


def pool(examples: dict[int, Encoded], orders: Sequence[tuple[int, ...]]) -> Grouping:
    solved = [
        Solved(index=index, order=orders[index % len(orders)], template=one.example.template)
        for index, one in examples.items()
    ]
    return group_examples(solved, Halving(disjoint=False, groups=6))


def asked(
    pair: tuple[Member, Member],
    examples: dict[int, Encoded],
    read: Read,
    orders: Sequence[tuple[int, ...]] = ORDERS,
    most: int = 100,
    headline: Read = "plan",
) -> AskedBeside:
    found = ask_beside(pair, examples, pool(examples, orders), read, headline, most)
    assert isinstance(found, AskedBeside)
    return found


@pytest.mark.parametrize("read", ["copy", "start", "half", "last"])
def test_without_examples_every_read_has_a_reason(pair: tuple[Member, Member], read: Read) -> None:
    nobody = group_examples([], Halving(disjoint=False, groups=6))
    assert isinstance(ask_beside(pair, {}, nobody, read, "plan", 100), str)


@pytest.mark.parametrize(
    ("read", "orders"),
    [("start", {0, 1, 2, 3}), ("half", {0, 1}), ("last", {0, 1, 2})],
)
def test_a_stage_is_asked_where_it_is_a_step_of_its_own(
    read: Read, orders: set[int], pair: tuple[Member, Member], examples: dict[int, Encoded]
) -> None:
    found = asked(pair, examples, read)
    assert {one.index % 4 for one in found.mdm} == orders
    assert len(found.mdm) == 6 * len(orders)
    assert [one.index for one in found.arm] == [one.index for one in found.mdm]


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        ("copy", "no answer has a copied token that tells it from its foil"),
        ("half", "no answer has a deciding step between its first and its last"),
        ("last", "every answer is decided in one step, which is `start`"),
    ],
)
def test_what_no_example_has_is_a_reason(
    read: Read, reason: str, pair: tuple[Member, Member], examples: dict[int, Encoded]
) -> None:
    grouping = pool(examples, ((0, 0, 0, 0, 0),))
    assert ask_beside(pair, examples, grouping, read, "plan", 100) == reason


def test_copies_are_asked_of_the_examples_that_have_some(
    pair: tuple[Member, Member], examples: dict[int, Encoded]
) -> None:
    some = {index: replace(one, copied=(2, 4)) if index < 7 else one for index, one in examples.items()}
    found = asked(pair, some, "copy")
    assert sorted(one.index for one in found.mdm) == list(range(7))
    # Three of five tokens are masked at the first copied one, one at the second.
    assert found.masked == pytest.approx((3 / 5 + 1 / 5) / 2)


def test_the_share_that_is_masked_is_the_mean_over_examples(
    pair: tuple[Member, Member], examples: dict[int, Encoded]
) -> None:
    # With the first order the last token alone is masked; with the second the first one is read last.
    assert asked(pair, examples, "last", ORDERS[:1]).masked == pytest.approx(0.2)
    assert asked(pair, examples, "start").masked == pytest.approx(1)
    # By order .2, .2 and .6 in step 1 of the third, which masks three.
    assert asked(pair, examples, "last").masked == pytest.approx((0.2 + 0.2 + 0.6) / 3)


def test_an_autoregressive_second_member_masks_nothing(
    pair: tuple[Member, Member], member: MakeMember, examples: dict[int, Encoded]
) -> None:
    found = asked((pair[0], member("control")), examples, "half", ORDERS[:1])
    assert found.masked is None
    # Both are asked the same, as both are causal.
    assert [one.states for one in found.arm] == [one.states for one in found.mdm]


def test_of_more_groups_than_examples_every_other_one_gives_one() -> None:
    """29 templates of two groups each: 24 examples are of 24 of these, the first and the last among them."""
    groups = [group for group in range(58) for _ in range(3)]
    taken = [groups[place] for place in evenly(groups, 24)]
    assert len(set(taken)) == len(taken) == 24
    assert {taken[0], taken[-1]} == {0, 57}
    assert {later - earlier for earlier, later in pairwise(taken)} <= {2, 3}
    assert len({group // 2 for group in taken}) == 24


def test_examples_are_taken_evenly_from_the_groups() -> None:
    groups = [0, 0, 0, 0, 1, 1, 2, 0, 2, 2]
    assert evenly(groups, 100) == list(range(10))
    for most in range(1, 10):
        taken = evenly(groups, most)
        assert taken == sorted(set(taken))
        assert len(taken) == most
        numbers = np.bincount([groups[place] for place in taken], minlength=3)
        # No group has more than another by two, unless the other is used up.
        for one, of_one in enumerate(numbers):
            for other, of_other in enumerate(numbers):
                assert of_one <= of_other + 1 or of_other == groups.count(other), (most, one, other)


def test_groups_are_the_headlines_without_those_that_have_no_example(
    pair: tuple[Member, Member], examples: dict[int, Encoded]
) -> None:
    some = {
        index: replace(one, copied=(2,)) if index in (0, 5, 9) else one for index, one in examples.items()
    }
    grouping = pool(some, ORDERS)
    found = asked(pair, some, "copy")
    of_index = {one.index: group for one, group in zip(grouping.discovery, grouping.group, strict=True)}
    assert found.groups == tuple(sorted({of_index[index] for index in (0, 5, 9)}))
    assert found.templates == tuple(grouping.templates[group] for group in found.groups)
    for one in (*found.arm, *found.mdm):
        assert found.groups[one.group] == of_index[one.index]


def test_a_read_that_is_the_headlines_is_told_and_has_all_of_its_examples(
    pair: tuple[Member, Member], encoded: Encode
) -> None:
    examples = {index: encoded(6, (11,), (12,), seed=index) for index in range(9)}
    found = asked(pair, examples, "start", ((0,),), most=4)
    assert found.is_headline
    assert len(found.mdm) == 9
    # Where the MDM begins at another token it is another read.
    longer = {index: encoded(6, ANSWER, FOIL, seed=index) for index in range(9)}
    assert asked(pair, longer, "start", ORDERS[:1], most=4).is_headline
    other = asked(pair, longer, "start", ORDERS[1:2], most=4)
    assert not other.is_headline
    assert len(other.mdm) == 4


def test_an_answer_of_a_set_is_read_in_one_way(pair: tuple[Member, Member], encoded: Encode) -> None:
    examples = {
        index: replace(encoded(6, (11,), (12,), seed=index), answers=((11,), (13,)), foils=((12,),))
        for index in range(6)
    }
    grouping = pool(examples, ((0,),))
    assert asked(pair, examples, "start", ((0,),)).is_headline
    for read in ("copy", "half", "last"):
        assert isinstance(ask_beside(pair, examples, grouping, read, "plan", 100), str)  # type: ignore[arg-type]
