"""Reads of an example, against the rows and logits that they should come from."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from mechshift.benchmark.asking.encoding import DoesNotFit, Encoded
from mechshift.benchmark.asking.reads import Read, check_plan, masked_share, states_of
from mechshift.benchmark.asking.states import batches, question
from mechshift.benchmark.circuits.intervention import whole_model
from mechshift.benchmark.pairs.member import Member

ANSWER, FOIL = (11, 3, 14, 5, 9), (12, 3, 15, 5, 8)
"""Apart at 0, 2 and 4."""
ORDER = (1, 0, 3, 2, 4)

Logits = Callable[[Member, Sequence[int]], torch.Tensor]
MakeMember = Callable[..., Member]
Encode = Callable[..., Encoded]


def gap(logits: torch.Tensor, member: Member, one: Encoded, index: int) -> float:
    at = logits[len(one.clean) + index - (1 if member.shift else 0)]
    return float(at[one.answer[index]] - at[one.foil[index]])


def measured(member: Member, one: Encoded, read: Read) -> list[float]:
    """The metric on the clean and on the corrupted prompt."""
    (batch,) = batches(member, [question(member, one, ORDER, 0, read=read)], 8)
    return [float(values[0]) for values in whole_model(member, batch)]


def by_hand(
    raw_logits: Logits, member: Member, one: Encoded, states: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> list[float]:
    """Mean over states (visible indices, read indices) of the mean over what each reads."""
    values = []
    for prompt in (one.clean, one.corrupted):
        found = []
        for visible, read in states:
            answer = [token if index in visible else member.mask_id for index, token in enumerate(one.answer)]
            logits = raw_logits(member, [*prompt, *answer])
            found.append(np.mean([gap(logits, member, one, index) for index in read]))
        values.append(float(np.mean(found)))
    return values


@pytest.mark.parametrize("role", ["arm", "mdm"])
def test_the_plan_token_is_read_with_nothing_of_the_answer_in_sight(
    role: str, member: MakeMember, encoded: Encode, raw_logits: Logits
) -> None:
    asked, one = member(role), encoded(6, ANSWER, FOIL)
    # What stands behind a place does not reach an ARM: masks there are as good as nothing.
    expected = by_hand(raw_logits, asked, one, [((), (0,))])
    assert measured(asked, one, "plan") == pytest.approx(expected, abs=1e-5)
    (state,) = states_of(asked, one, ORDER, "plan")
    assert (state.visible, state.read, state.length) == ({}, (0,), 0 if role == "arm" else 5)


@pytest.mark.parametrize("role", ["arm", "mdm"])
def test_a_copied_token_is_read_with_all_before_it_in_sight_and_nothing_behind(
    role: str, member: MakeMember, encoded: Encode, raw_logits: Logits
) -> None:
    asked, one = member(role), replace(encoded(6, ANSWER, FOIL), copied=(1, 2, 4))
    # At 1 answer and foil are alike.
    expected = by_hand(raw_logits, asked, one, [((0, 1), (2,)), ((0, 1, 2, 3), (4,))])
    assert measured(asked, one, "copy") == pytest.approx(expected, abs=1e-5)
    assert states_of(asked, encoded(6, ANSWER, FOIL), ORDER, "copy") == ()


@pytest.mark.parametrize(
    ("stage", "visible", "read"),
    # Steps 1, 3 and 4 commit a token that tells: .8, .4 and .2 of the tokens are masked when they begin.
    [("start", (1,), (0,)), ("half", (0, 1, 3), (2,)), ("last", (0, 1, 2, 3), (4,))],
)
def test_a_stage_is_one_step_of_the_trajectory(
    stage: Read,
    visible: tuple[int, ...],
    read: tuple[int, ...],
    member: MakeMember,
    encoded: Encode,
    raw_logits: Logits,
) -> None:
    mdm, one = member("mdm"), encoded(6, ANSWER, FOIL)
    expected = by_hand(raw_logits, mdm, one, [(visible, read)])
    assert measured(mdm, one, stage) == pytest.approx(expected, abs=1e-5)
    # The ARM is asked for the same token, with all those before it.
    arm = member("arm")
    expected = by_hand(raw_logits, arm, one, [(range(read[0]), read)])
    assert measured(arm, one, stage) == pytest.approx(expected, abs=1e-5)


def test_the_share_that_is_masked_when_a_step_begins() -> None:
    assert [masked_share(ORDER, step) for step in range(5)] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2])
    assert [masked_share((0, 0, 1), step) for step in range(2)] == pytest.approx([1, 1 / 3])


def test_an_answer_of_one_token_has_one_stage(member: MakeMember, encoded: Encode) -> None:
    mdm, one = member("mdm"), encoded(6, (11,), (12,))
    reads: tuple[Read, ...] = ("trajectory", "start", "half", "last")
    assert all(states_of(mdm, one, (0,), read) == states_of(mdm, one, (0,), "plan") for read in reads)


def test_answer_and_foil_have_to_part_at_the_plan_token(encoded: Encode) -> None:
    check_plan(encoded(6, ANSWER, FOIL))
    # A tokenizer may write the space before an answer as a token.
    check_plan(replace(encoded(6, (3, 11), (3, 12)), plan=1))
    with pytest.raises(DoesNotFit, match="begin with the same token"):
        check_plan(encoded(6, (3, 11), (3, 12)))
