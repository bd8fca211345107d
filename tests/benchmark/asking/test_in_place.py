"""Gaps filled in the text itself, against filling each in a plain loop."""

import random
from collections.abc import Callable
from itertools import product

import pytest

from mechshift.benchmark.asking.in_place import in_place_accuracy
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy
from mechshift.errors import PairError
from mechshift.tasks import Example, InPlace, Task, get_task

LETTERS = "abcdefgh"
FIRST = 11
"""Id of the letter a."""


def gapped(left: str, answer: str, right: str) -> Example:
    return Example("x", "y", answer, "b", "one", "one", (), in_place=InPlace(left, right, right))


def examples() -> list[Example]:
    generator = random.Random(0)
    sides = product((2, 3), (1, 4), (1, 2), range(8))
    return [
        gapped(*("".join(generator.choices(LETTERS, k=size)) for size in (left, answer, right)))
        for left, right, answer, _ in sides
    ]


@pytest.fixture
def task() -> Task:
    """Right is an output that begins with one of the first four letters."""
    real = get_task("infilling")
    return Task(real.card, real.draw, lambda example, output: output[0] in "abcd")


@pytest.mark.parametrize("rows", [1, 3, 64])
@pytest.mark.parametrize(("attention", "shift"), [("full", True), ("full", False), ("block:3", True)])
def test_gaps_are_filled_as_a_plain_loop_fills_them(
    attention: str,
    shift: bool,
    rows: int,
    task: Task,
    member: Callable[..., Member],
    pair_of: Callable[..., Pair],
    plain_decode: Callable[..., tuple[tuple[int, ...], tuple[int, ...]]],
) -> None:
    mdm = member("mdm", attention, shift)
    solved = 0
    for example in examples():
        assert example.in_place is not None
        left, right = example.in_place.left, example.in_place.right
        row = [FIRST + LETTERS.index(letter) for letter in left + example.answer + right]
        gap = range(len(left), len(left) + len(example.answer))
        filled, _ = plain_decode(mdm, row, gap, len(row), len(gap))
        solved += filled[0] in range(FIRST, FIRST + 4)
    assert 0 < solved < len(examples())
    found = in_place_accuracy(pair_of(member(), mdm), task, examples(), rows)
    assert found == Accuracy(solved=solved, tried=len(examples()))


def test_a_task_without_such_a_form_has_none(
    task: Task, member: Callable[..., Member], pair_of: Callable[..., Pair]
) -> None:
    pair = pair_of(member(), member("mdm", "full"))
    found = in_place_accuracy(pair, task, [Example("a", "b", "c", "d", "one", "one", ())], 8)
    assert found == Missing(missing="the task has no form that is filled in place")


def test_gaps_that_no_token_borders_on_are_no_lack_of_form(
    task: Task, member: Callable[..., Member], pair_of: Callable[..., Pair]
) -> None:
    found = in_place_accuracy(pair_of(member(), member("mdm", "full")), task, [gapped("ab", " ", "c")], 8)
    assert found == Missing(missing="no gap falls on token borders")


def test_without_examples_nothing_is_said_of_the_task(
    task: Task, member: Callable[..., Member], pair_of: Callable[..., Pair]
) -> None:
    found = in_place_accuracy(pair_of(member(), member("mdm", "full")), task, [], 8)
    assert found == Missing(missing="no example was tried")


def test_a_gap_without_a_token_of_its_own_is_not_tried(
    task: Task, member: Callable[..., Member], pair_of: Callable[..., Pair]
) -> None:
    pair = pair_of(member(), member("mdm", "full"))
    found = in_place_accuracy(pair, task, [gapped("ab", " ", "c"), gapped("ab", "c", "d")], 8)
    assert isinstance(found, Accuracy)
    assert found.tried == 1


def test_a_gap_at_the_start_cannot_be_read_with_a_shift(
    task: Task, member: Callable[..., Member], pair_of: Callable[..., Pair]
) -> None:
    at_start = [gapped("", "a", "bc")]
    with pytest.raises(PairError, match="position 0 is masked"):
        in_place_accuracy(pair_of(member(), member("mdm", "full", True)), task, at_start, 8)
    found = in_place_accuracy(pair_of(member(), member("mdm", "full", False)), task, at_start, 8)
    assert isinstance(found, Accuracy)
    assert found.tried == 1


def test_a_text_that_holds_the_mask_token_is_refused(
    task: Task, member: Callable[..., Member], pair_of: Callable[..., Pair]
) -> None:
    with pytest.raises(PairError, match="holds the mask token"):
        in_place_accuracy(pair_of(member(), member("mdm", "full")), task, [gapped("a[MASK]", "b", "c")], 8)


def test_a_control_is_not_asked_to_fill_a_gap(
    member: Callable[..., Member], pair_of: Callable[..., Pair], task: Task
) -> None:
    pair = pair_of(member("arm"), member("control", seed=1))
    found = in_place_accuracy(pair, task, examples(), rows=8)
    assert found == Missing(missing="a control is no MDM and fills nothing in place")
