"""What a batch measures, against loops over states and over every string an answer can be."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch

from mechshift.benchmark.asking.encoding import DoesNotFit, Encoded
from mechshift.benchmark.asking.states import Question, batches, check_answer_sets, in_batch_order, question
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.intervention import whole_model
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member

ANSWER, FOIL = (11, 3, 14, 5, 9), (12, 3, 15, 5, 8)
"""Apart at 0, 2 and 4."""
ORDERS = {
    "left to right": (0, 1, 2, 3, 4),
    "another way": (3, 0, 4, 2, 1),
    "all at once": (0, 0, 0, 0, 0),
    "two or three a step": (1, 0, 0, 1, 0),
    "a decision and none in a step": (0, 1, 1, 0, 2),
}

Logits = Callable[[Member, Sequence[int]], torch.Tensor]


def values(member: Member, asked: Sequence[Question], rows: int = 64) -> tuple[np.ndarray, np.ndarray]:
    found = np.concatenate([whole_model(member, batch) for batch in batches(member, asked, rows)], axis=1)
    return found[0], found[1]


def difference(logits: torch.Tensor, member: Member, one: Encoded, index: int) -> float:
    at = logits[len(one.clean) + index - (1 if member.shift else 0)]
    return float(at[one.answer[index]] - at[one.foil[index]])


def replayed(
    raw_logits: Logits, member: Member, one: Encoded, prompt: tuple[int, ...], order: Sequence[int]
) -> float:
    """The answer revealed step by step; mean over the steps that decide of the mean over their decisions."""
    row, states = list(prompt) + [member.mask_id] * len(order), []
    for step in range(max(order) + 1):
        now = [index for index in range(len(order)) if order[index] == step]
        deciding = [index for index in now if one.answer[index] != one.foil[index]]
        if deciding:
            logits = raw_logits(member, row)
            states.append(np.mean([difference(logits, member, one, index) for index in deciding]))
        for index in now:
            row[len(prompt) + index] = one.answer[index]
    return float(np.mean(states))


@pytest.mark.parametrize("role", ["arm", "control"])
@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_an_arm_is_asked_once_teacher_forced(
    kind: str, role: str, member: Callable[..., Member], encoded: Callable[..., Encoded], raw_logits: Logits
) -> None:
    arm, one = member(role, kind=kind), encoded(6, ANSWER, FOIL)
    (batch,) = batches(arm, [question(arm, one, (4, 3, 2, 1, 0), 0, read="trajectory")], 8)
    assert len(batch.clean) == 1
    expected = [
        np.mean([difference(raw_logits(arm, prompt + ANSWER), arm, one, index) for index in (0, 2, 4)])
        for prompt in (one.clean, one.corrupted)
    ]
    assert np.concatenate(whole_model(arm, batch)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("attention", ["full", "block:4", "causal"])
@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_an_mdms_trajectory_is_replayed_on_both_prompts(
    order: tuple[int, ...],
    attention: str,
    shift: bool,
    member: Callable[..., Member],
    encoded: Callable[..., Encoded],
    raw_logits: Logits,
) -> None:
    mdm, one = member("mdm", attention, shift), encoded(6, ANSWER, FOIL)
    expected = [replayed(raw_logits, mdm, one, prompt, order) for prompt in (one.clean, one.corrupted)]
    assert np.concatenate(values(mdm, [question(mdm, one, order, 0, read="trajectory")])) == pytest.approx(
        expected, abs=1e-5
    )


def test_steps_that_decide_nothing_are_not_run(
    member: Callable[..., Member], encoded: Callable[..., Encoded]
) -> None:
    mdm = member("mdm", "full")
    asked = question(mdm, encoded(6, ANSWER, FOIL), (0, 1, 2, 3, 4), 0, read="trajectory")
    assert [state.read for state in asked.states] == [(0,), (2,), (4,)]
    assert [sorted(state.visible) for state in asked.states] == [[], [0, 1], [0, 1, 2, 3]]


def with_years(one: Encoded, decade: int, unit: int, split: bool) -> Encoded:
    """All years above (decade, unit) as answers; digit d is token d, a year y as one token is token y."""
    years = [(tens, units) if split else (10 * tens + units,) for tens, units in product(range(10), repeat=2)]
    start = 10 * decade + unit
    above, others = tuple(years[start + 1 :]), tuple(years[: start + 1])
    example = replace(one.example, metric="probability difference")
    return replace(one, example=example, answer=above[-1], foil=others[-1], answers=above, foils=others)


@pytest.mark.parametrize("start", [(4, 5), (0, 2), (9, 8), (3, 9), (5, 0)], ids="{0[0]}{0[1]}".format)
@pytest.mark.parametrize(("role", "attention"), [("arm", "causal"), ("mdm", "full"), ("mdm", "block:3")])
def test_split_years_weigh_as_all_hundred_strings_do(
    role: str,
    attention: str,
    start: tuple[int, int],
    member: Callable[..., Member],
    encoded: Callable[..., Encoded],
    raw_logits: Logits,
) -> None:
    """A vocabulary of ten digits and the mask token: every continuation of two tokens is a year."""
    asked = member(role, attention, vocabulary=11, shift=attention != "block:3")
    one = with_years(encoded(6, (0, 0), (0, 1), vocabulary=11), *start, split=True)
    offset = 1 if asked.shift else 0

    @cache
    def following(prompt: tuple[int, ...], begun: tuple[int, ...]) -> torch.Tensor:
        row = prompt + begun + (asked.mask_id,) * (2 - len(begun))
        return raw_logits(asked, row)[len(prompt) + len(begun) - offset][:10].softmax(-1)

    def probability(prompt: tuple[int, ...], year: tuple[int, ...]) -> float:
        return float(following(prompt, ())[year[0]] * following(prompt, year[:1])[year[1]])

    expected = [
        sum(probability(prompt, year) for year in one.answers)
        - sum(probability(prompt, year) for year in one.foils)
        for prompt in (one.clean, one.corrupted)
    ]
    found = np.concatenate(values(asked, [question(asked, one, (0, 0), 0, read="trajectory")]))
    assert found == pytest.approx(expected, abs=1e-6)


def test_tokens_that_are_no_digits_take_their_probability(
    member: Callable[..., Member], encoded: Callable[..., Encoded], raw_logits: Logits
) -> None:
    """P(decade above) + P(decade) · P(unit above), less the same below, in a vocabulary with letters."""
    asked = member("mdm", "full")
    one = with_years(encoded(6, (0, 0), (0, 1)), 4, 5, split=True)
    row = one.clean + (asked.mask_id,) * 2
    first = raw_logits(asked, row)[5][:-1].softmax(-1)
    second = raw_logits(asked, (*one.clean, 4, asked.mask_id))[6][:-1].softmax(-1)
    expected = (
        first[5:10].sum() + first[4] * second[6:10].sum() - first[:4].sum() - first[4] * second[:6].sum()
    )
    clean, _ = values(asked, [question(asked, one, (0, 0), 0, read="trajectory")])
    assert clean == pytest.approx([float(expected)], abs=1e-6)


@pytest.mark.parametrize(("role", "attention"), [("arm", "causal"), ("mdm", "full")])
def test_years_of_one_token(
    role: str,
    attention: str,
    member: Callable[..., Member],
    encoded: Callable[..., Encoded],
    raw_logits: Logits,
) -> None:
    asked = member(role, attention, vocabulary=111)
    questions = [
        question(
            asked, with_years(encoded(6, (0,), (1,), seed), 2, seed, split=False), (0,), 0, read="trajectory"
        )
        for seed in range(3)
    ]
    expected = []
    for seed, each in enumerate(questions):
        logits = raw_logits(asked, (*each.encoded.clean, asked.mask_id))[5]
        probability = logits[:-1].softmax(-1)
        expected.append(float(probability[21 + seed : 100].sum() - probability[: 21 + seed].sum()))
    clean, _ = values(asked, questions)
    assert clean == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("role", "attention"), [("arm", "causal"), ("mdm", "full")])
def test_log_odds_are_those_of_the_sets_probabilities(
    role: str,
    attention: str,
    member: Callable[..., Member],
    encoded: Callable[..., Encoded],
    raw_logits: Logits,
) -> None:
    asked = member(role, attention)
    verbs, others = ((11,), (14,), (3,)), ((12,), (5,))
    one = encoded(6, (11,), (12,))
    one = replace(one, example=replace(one.example, metric="log odds"), answers=verbs, foils=others)
    expected = []
    for prompt in (one.clean, one.corrupted):
        probability = raw_logits(asked, (*prompt, asked.mask_id))[5][:-1].softmax(-1)
        expected.append(float((probability[[11, 14, 3]].sum() / probability[[12, 5]].sum()).log()))
    found = np.concatenate(values(asked, [question(asked, one, (0,), 0, read="trajectory")]))
    assert found == pytest.approx(expected, abs=1e-5)


def test_log_odds_are_of_one_token(encoded: Callable[..., Encoded]) -> None:
    one = encoded(6, (0, 0), (0, 1))
    two = replace(one, example=replace(one.example, metric="log odds"), answers=((0, 0),), foils=((0, 1),))
    with pytest.raises(DoesNotFit, match="more than one token"):
        check_answer_sets(two)


def mixed(member: Member, encoded: Callable[..., Encoded]) -> list[Question]:
    """Eleven questions of three lengths, of one to four states, in three groups."""
    generator = np.random.default_rng(0)
    found = []
    for seed in range(11):
        answer = generator.integers(1, 9, 2 + seed % 2 * 2)
        order = tuple(generator.integers(0, 3, len(answer)).tolist())
        one = encoded(5 + seed % 3, answer.tolist(), (answer + 1).tolist(), seed)
        found.append(question(member, one, order, seed % 3, read="trajectory"))
    return found


@pytest.mark.parametrize("rows", [1, 4, 7])
def test_results_do_not_depend_on_how_questions_are_put_together(
    rows: int, member: Callable[..., Member], encoded: Callable[..., Encoded]
) -> None:
    mdm = member("mdm", "full")
    asked = mixed(mdm, encoded)
    for found, whole in zip(values(mdm, asked, rows), values(mdm, asked, 1000), strict=True):
        assert found == pytest.approx(whole, abs=1e-6)
    small, large = (
        attribute(mdm, batches(mdm, asked, limit), Integration("midpoint", 2), 3) for limit in (rows, 1000)
    )
    assert small.counts.tolist() == large.counts.tolist() == [4, 4, 3]
    assert np.abs(small.score_sums - large.score_sums).max() < 1e-5 * np.abs(large.score_sums).max()


@pytest.mark.parametrize("rows", [1, 4, 7, 1000])
def test_all_rows_of_an_example_are_in_one_batch_of_bounded_size(
    rows: int, member: Callable[..., Member], encoded: Callable[..., Encoded]
) -> None:
    mdm = member("mdm", "full")
    asked = mixed(mdm, encoded)
    made = list(batches(mdm, asked, rows))
    assert sum(len(batch.clean) for batch in made) == sum(len(each.states) for each in asked)
    assert all(len(batch.clean) <= rows or batch.examples == 1 for batch in made)
    ordered = iter(in_batch_order(asked))
    for batch in made:
        for number, group in enumerate(batch.groups.tolist()):
            one = next(ordered)
            own = batch.clean[batch.example_of_row == number]
            assert len(own) == len(one.states)
            assert {tuple(row[: len(one.encoded.clean)]) for row in own.tolist()} == {one.encoded.clean}
            assert group == one.group
    assert next(ordered, None) is None


@pytest.mark.parametrize(
    ("answers", "foils", "reason"),
    [
        (((1, 2, 3),), ((4, 5, 6),), "more than two tokens"),
        (((1, 2), (3, 4)), ((5, 6), (3, 5)), "begins both answers and foils"),
    ],
)
def test_answer_sets_that_two_reads_cannot_tell_apart(
    answers: tuple[tuple[int, ...], ...],
    foils: tuple[tuple[int, ...], ...],
    reason: str,
    encoded: Callable[..., Encoded],
) -> None:
    one = replace(encoded(4, answers[0], foils[0]), answers=answers, foils=foils)
    with pytest.raises(DoesNotFit, match=reason):
        check_answer_sets(one)


def test_answer_sets_that_share_the_boundary_alone_fit(encoded: Callable[..., Encoded]) -> None:
    check_answer_sets(with_years(encoded(4, (0, 0), (0, 1)), 4, 5, split=True))
    check_answer_sets(encoded(4, ANSWER, FOIL))


@pytest.mark.parametrize("role", ["arm", "control"])
def test_an_arm_without_a_mask_token_is_asked_for_one_token_of_a_set(
    role: str, member: Callable[..., Member], encoded: Callable[..., Encoded], raw_logits: Logits
) -> None:
    arm, one = member(role), encoded(4, (11,), (12,))
    beyond = replace(arm, mask_id=arm.backbone.shape.vocabulary)
    asked = replace(one, answers=((11,), (13,)), foils=((12,), (14,)))
    shares = [raw_logits(arm, prompt)[-1].softmax(-1) for prompt in (one.clean, one.corrupted)]
    expected = [float(share[11] + share[13] - share[12] - share[14]) for share in shares]
    found = values(beyond, [question(beyond, asked, (0,), 0, read="trajectory")])
    assert np.concatenate(found) == pytest.approx(expected, abs=1e-5)
