"""The common-correct pool, against decoding every example in a plain loop."""

import hashlib
import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from itertools import islice

import numpy as np
import pytest

from mechshift.benchmark.asking.attempts import find_pool, pooled_examples
from mechshift.benchmark.asking.pool import Pool, Solved
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import Protocol
from mechshift.errors import PairError
from mechshift.tasks import Example, Task, TaskCard
from mechshift.tasks.example import Draw

LETTERS = "abcdefgh"
FIRST = 11
"""Id of the letter a."""

Decode = Callable[..., tuple[tuple[int, ...], tuple[int, ...]]]
Choose = Callable[[random.Random, str], tuple[str, str]]


def ids(text: str) -> tuple[int, ...]:
    return tuple(FIRST + LETTERS.index(letter) if letter in LETTERS else 1 + int(letter) for letter in text)


def text(row: Iterable[int]) -> str:
    return "".join(LETTERS[token - FIRST] if token >= FIRST else str(token - 1) for token in row)


def task_of(
    draw: Callable[[Draw], Example | None],
    check: Callable[[Example, str], bool],
    steps: int | str = "tokens",
) -> Task:
    card = TaskCard(
        name="letters",
        suite="local",
        surface="words",
        measures="nothing",
        source="made for a test",
        licence="none",
        counterfactual="other letters",
        metric="logit difference",
        answer="letters",
        plan="the first letter",
        copied="",
        checker="as given",
        variants={"one": "one", "two": "two"},
        levels={"only": {}},
        default_level="only",
        steps=steps,  # type: ignore[arg-type]
        version=1,
    )
    return Task(card, draw, check)


def letters_task(choose: Choose) -> Task:
    """Prompts of four to six letters; any output that ends as the answer does is right."""

    def draw(given: Draw) -> Example:
        number = given.rng.randint(4, 6)
        clean, corrupted = ("".join(given.rng.choices(LETTERS, k=number)) for _ in range(2))
        answer, foil = choose(given.rng, clean)
        return Example(clean, corrupted, answer, foil, given.variant, given.variant, (), ())

    def check(example: Example, output: str) -> bool:
        return output[-1] == example.answer[-1]

    return task_of(draw, check)


@pytest.fixture(scope="module")
def pair(member: Callable[..., Member], pair_of: Callable[[Member, Member], Pair]) -> Pair:
    """An MDM with the ARM's own weights, so that they agree now and then."""
    return pair_of(member(seed=3), member("mdm", "causal", seed=3))


@pytest.fixture(scope="module")
def task(pair: Pair, plain_decode: Decode) -> Task:
    """Half of the answers are what the ARM says, the others random."""

    def choose(rng: random.Random, clean: str) -> tuple[str, str]:
        said, _ = plain_decode(pair.arm, ids(clean), range(len(clean), len(clean) + 2), len(clean) + 2, 1)
        known = rng.random() < 0.6 and min(said) > 0
        answer = text(said) if known else "".join(rng.choices(LETTERS, k=2))
        return answer, "".join(rng.choices([letter for letter in LETTERS if letter not in answer], k=2))

    return letters_task(choose)


def by_hand(pair: Pair, task: Task, protocol: Protocol, decode: Decode) -> Pool:
    """Rounds of whole pools, one example after the other."""
    stream = enumerate(task.examples(protocol.sampling.seed, "evaluation"))
    arm_solved = mdm_solved = tried = other = 0
    solved: list[tuple[Example, Solved]] = []
    for _ in range(protocol.sampling.candidates):
        for index, example in islice(stream, protocol.sampling.pool):
            tried += 1
            length = len(example.clean) + len(example.answer)
            targets = range(len(example.clean), length)
            steps = len(example.answer) if task.card.steps == "tokens" else task.card.steps
            arm, _ = decode(pair.arm, ids(example.clean), targets, length, steps)
            mdm, order = decode(pair.mdm, ids(example.clean), targets, length, steps)
            right = [task.check(example, text(row)) for row in (arm, mdm)]
            arm_solved, mdm_solved = arm_solved + right[0], mdm_solved + right[1]
            if all(right):
                if text(arm) == text(mdm) == example.answer or example.answers:
                    solved.append((example, Solved(index=index, order=order, template=example.template)))
                else:
                    other += 1
        if len(solved) >= protocol.sampling.pool:
            break
    kept = solved[: protocol.sampling.pool]
    return Pool(
        arm={"solved": arm_solved, "tried": tried},
        mdm={"solved": mdm_solved, "tried": tried},
        mdm_in_place={"missing": "the task has no form that is filled in place"},
        unfit={},
        other_form=other,
        solved=tuple(one for _, one in kept),
        fingerprint=digest([example for example, _ in kept]),
    )


def digest(examples: Sequence[Example]) -> str:
    """SHA-256 of the examples as JSON with sorted keys and no spaces."""
    rows = [asdict(example) for example in examples]
    canonical = json.dumps(rows, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize("rows", [1, 5, 64])
def test_a_pool_is_what_plain_decoding_solves(
    rows: int, pair: Pair, task: Task, small_protocol: Callable[..., Protocol], plain_decode: Decode
) -> None:
    protocol = small_protocol(pool=10)
    told: list[int] = []
    found = find_pool(pair, task, "only", protocol.sampling, rows, told.append)
    assert found == by_hand(pair, task, protocol, plain_decode)
    assert found.arm.tried % 10 == 0
    assert 10 < found.arm.tried < 100, "one round is not enough here, and ten are not needed"
    assert found.arm.solved != found.mdm.solved
    assert found.other_form > 0
    assert {one.order for one in found.solved} == {(0, 1), (1, 0)}
    assert len(found.solved) == 10
    assert len(told) == found.arm.tried // 10


@pytest.mark.parametrize("rows", [3, 64])
def test_a_pool_is_denoised_as_the_protocol_says(
    rows: int, pair: Pair, task: Task, small_protocol: Callable[..., Protocol]
) -> None:
    """With the ARM's weights and its mask, an MDM from left to right writes what the ARM writes."""
    by_confidence = find_pool(pair, task, "only", small_protocol(pool=10).sampling, rows, lambda _: None)
    assert {one.order for one in by_confidence.solved} == {(0, 1), (1, 0)}
    sampling = small_protocol(pool=10, denoising_order="left to right").sampling
    in_order = find_pool(pair, task, "only", sampling, rows, lambda _: None)
    assert {one.order for one in in_order.solved} == {(0, 1)}
    assert in_order.arm == in_order.mdm
    at_once = find_pool(
        pair, task, "only", small_protocol(pool=10, denoising_steps=1).sampling, rows, lambda _: None
    )
    assert {one.order for one in at_once.solved} == {(0, 0)}
    sampling = small_protocol(pool=10, denoising_order="random").sampling
    drawn = find_pool(pair, task, "only", sampling, rows, lambda _: None)
    for one in drawn.solved:
        first = np.random.default_rng((0, one.index)).permutation(2).argmax()
        assert one.order == ((0, 1) if first == 0 else (1, 0))
    assert 0 < drawn.mdm.solved / drawn.mdm.tried < in_order.mdm.solved / in_order.mdm.tried


def test_too_few_are_what_they_are(
    pair: Pair, task: Task, small_protocol: Callable[..., Protocol], plain_decode: Decode
) -> None:
    protocol = small_protocol(pool=8, candidates=1)
    found = find_pool(pair, task, "only", protocol.sampling, 64, lambda done: None)
    assert found == by_hand(pair, task, protocol, plain_decode)
    assert found.arm.tried == 8
    assert len(found.solved) < 8


def test_an_answer_set_has_no_other_form(
    pair: Pair, small_protocol: Callable[..., Protocol], plain_decode: Decode
) -> None:
    """Every letter of the first half is an answer, and the MDM commits both letters in its one step."""

    def draw(given: Draw) -> Example:
        clean, corrupted = ("".join(given.rng.choices(LETTERS, k=4)) for _ in range(2))
        return Example(clean, corrupted, "ab", "aa", "one", "one", (), answers=("ab", "ac"), foils=("aa",))

    task = task_of(draw, lambda example, output: output[0] in "abcd", steps=1)
    protocol = small_protocol(pool=6)
    found = find_pool(pair, task, "only", protocol.sampling, 64, lambda done: None)
    assert found == by_hand(pair, task, protocol, plain_decode)
    assert found.other_form == 0
    assert {one.order for one in found.solved} == {(0, 0)}


def test_what_does_not_fit_is_counted_by_reason_and_not_tried(
    pair: Pair, small_protocol: Callable[..., Protocol]
) -> None:
    numbers = iter(range(10_000))

    def draw(given: Draw) -> Example:
        number = next(numbers)
        clean, corrupted = ("".join(given.rng.choices(LETTERS, k=5)) for _ in range(2))
        clean = {0: f"{clean}z", 1: clean[:-1]}.get(number % 5, clean)
        return Example(clean, corrupted, "a", "b", "one", "one", ())

    task = task_of(draw, lambda example, output: False)
    found = find_pool(
        pair, task, "only", small_protocol(pool=10, candidates=3).sampling, 64, lambda done: None
    )
    assert found.unfit == {
        "a word is not in the vocabulary": 6,
        "clean and corrupted differ in token length": 6,
    }
    assert found.arm.tried == found.mdm.tried == 18
    assert found.solved == ()


def test_prompts_that_corrupt_each_other_are_asked_once(
    pair: Pair, small_protocol: Callable[..., Protocol]
) -> None:
    """Over all rounds: of every two letters one order is asked, and the other is counted."""

    def draw(given: Draw) -> Example:
        one, other = given.rng.sample(LETTERS[:4], 2)
        return Example(one + other, other + one, "a", "b", "one", "one", ())

    task = task_of(draw, lambda example, output: True)
    sampling = small_protocol(pool=5, candidates=9).sampling
    stream = [each.clean for each in task.examples(sampling.seed, "evaluation")]
    assert len(stream) == 12
    found = find_pool(pair, task, "only", sampling, 64, lambda done: None)
    assert found.unfit == {"its prompts were asked before, each in the other's place": 6}
    assert found.arm.tried == 6
    asked = [place for place, text in enumerate(stream) if text[::-1] not in stream[:place]]
    assert {one.index for one in found.solved} <= set(asked)


def test_a_stream_that_ends(pair: Pair, small_protocol: Callable[..., Protocol]) -> None:
    def draw(given: Draw) -> Example:
        return Example(given.rng.choice("abcz"), "d", "a", "b", "one", "one", ())

    task = task_of(draw, lambda example, output: False)
    told: list[int] = []
    found = find_pool(pair, task, "only", small_protocol(pool=2, candidates=50).sampling, 64, told.append)
    assert found.arm.tried == 3
    assert sum(found.unfit.values()) == 1
    assert len(told) == 2


def test_the_pools_examples_are_drawn_again(
    pair: Pair, task: Task, small_protocol: Callable[..., Protocol]
) -> None:
    protocol = small_protocol(pool=10)
    pool = find_pool(pair, task, "only", protocol.sampling, 64, lambda done: None)
    stream = list(islice(task.examples(protocol.sampling.seed, "evaluation"), 200))
    again = pooled_examples(pair, task, "only", protocol.sampling, pool)
    assert {index: encoded.example for index, encoded in again.items()} == {
        one.index: stream[one.index] for one in pool.solved
    }
    assert [one.template for one in pool.solved] == [stream[one.index].template for one in pool.solved]
    assert {one.template for one in pool.solved} == {"one", "two"}
    assert all(encoded.clean == ids(encoded.example.clean) for encoded in again.values())
    nothing = pool.model_copy(update={"solved": ()})
    assert pooled_examples(pair, task, "only", protocol.sampling, nothing) == {}


def test_a_prompt_that_holds_the_mask_token_is_refused(
    pair: Pair, small_protocol: Callable[..., Protocol]
) -> None:
    def draw(given: Draw) -> Example:
        return Example("a[MASK]b", "a[MASK]c", "a", "b", "one", "one", ())

    task = task_of(draw, lambda example, output: False)
    with pytest.raises(PairError, match="holds the mask token"):
        find_pool(pair, task, "only", small_protocol().sampling, 64, lambda done: None)
