"""What activations tell of labels, on prompts that chose nothing, against loops over neurons and labels."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from build.known_neurons import known_examples
from mechshift.benchmark.asking.states import Question
from mechshift.benchmark.measure.activity import PromptActivity
from mechshift.benchmark.measure.labels import LEAST, Cases, factor_cases, role_cases, tell_labels

PROMPTS = 60
EXAMPLES = known_examples(PROMPTS)
TOKENS = 12


def activity(values: np.ndarray) -> list[PromptActivity]:
    """Of values [prompts, neurons, tokens]; the answer is read at the last token."""
    return [
        PromptActivity(Question(EXAMPLES[index], (), 0, index), EXAMPLES[index].clean, TOKENS - 1, each)
        for index, each in enumerate(values.astype(np.float32))
    ]


def random_values(neurons: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(PROMPTS, neurons, TOKENS))


def test_numbers_are_of_the_half_that_chose_nothing() -> None:
    values = random_values(3)
    roles = [{"some": (2, 7), "end": (11,)} for _ in range(PROMPTS)]
    cases = role_cases(activity(values), roles)
    told = tell_labels(cases, 2, [2, None], np.random.default_rng(0))
    labels = {"some": np.isin(np.arange(TOKENS), (2, 7)), "end": np.arange(TOKENS) == 11}
    halves = values[::2].astype(np.float32), values[1::2].astype(np.float32)
    for neuron, of_labels in enumerate(told):
        assert [each.label.name for each in of_labels] == ["end", "some"]
        for each in of_labels:
            chosen, scored = (np.tile(labels[each.label.name], PROMPTS // 2) for _ in halves)

            def by(half: np.ndarray, sign: int, which: int = neuron, truth: np.ndarray = scored) -> float:
                return float(average_precision_score(truth, sign * half[:, which].ravel()))

            sign = 1 if by(halves[0], 1) > by(halves[0], -1) else -1
            assert each.label.direction == ("high" if sign == 1 else "low")
            assert each.label.auprc == pytest.approx(by(halves[1], sign), abs=1e-4)
            base = chosen.mean()
            assert each.label.base_rate == pytest.approx(base, abs=1e-4)
            assert each.chosen_by < by(halves[0], sign)
            assert (each.label.matched is None) == (neuron == 1)


def test_the_best_of_many_random_labels_is_no_better_than_chance() -> None:
    """Chosen on one half and scored on the other: of 200 draws the mean is the base rate, not above it."""
    generator = np.random.default_rng(1)
    found = []
    for _ in range(200):
        labels = generator.random((8, PROMPTS)) < 0.5
        cases = Cases(
            generator.normal(size=(4, 1, PROMPTS)),
            (("read", "high"),) * 4,
            labels,
            tuple((str(number), "x") for number in range(8)),
            np.arange(PROMPTS) % 2 == 0,
            np.zeros(PROMPTS, dtype=np.int64),
        )
        best = max(tell_labels(cases, 1, [None], generator)[0], key=lambda each: each.chosen_by)
        found.append((best.chosen_by, best.label.auprc - best.label.shuffled))
    chosen, scored = np.mean(found, axis=0)
    assert chosen > 0
    assert abs(scored) < 4 * np.std(found, axis=0)[1] / np.sqrt(len(found))


def test_labels_are_shuffled_within_their_prompt() -> None:
    """A neuron that tells prompts apart, and no token of them, is not above its shuffled labels."""
    values = np.broadcast_to(np.arange(PROMPTS)[:, None, None] % 7, (PROMPTS, 1, TOKENS)) * 1.0
    # The role is long in the prompts where the neuron is high.
    roles = [{"long": tuple(range(1 + index % 7))} for index in range(PROMPTS)]
    told = tell_labels(role_cases(activity(values), roles), 1, [None], np.random.default_rng(0))
    (label,) = (each.label for each in told[0])
    assert label.auprc > label.base_rate + 0.05
    assert label.shuffled == pytest.approx(label.auprc, abs=1e-4)


def test_a_label_is_chosen_by_what_shuffled_labels_do_not_reach() -> None:
    """A factor of few cases, told somewhat, is behind a role of many, told as well; noise is at most 0."""
    values = random_values(1)
    values[:, 0, 4] += 2
    roles = [{"told": (4,), "noise": (8,)} for _ in range(PROMPTS)]
    told = tell_labels(role_cases(activity(values), roles), 1, [None], np.random.default_rng(0))[0]
    by_name = {each.label.name: each.chosen_by for each in told}
    assert by_name["told"] > 0.2
    assert by_name["noise"] < 0.05
    values[:, 0] = np.arange(TOKENS) == 4
    told = tell_labels(role_cases(activity(values), roles), 1, [None], np.random.default_rng(0))[0]
    assert max(each.chosen_by for each in told) == 1


def test_factors_are_read_at_the_answer_or_at_the_peak() -> None:
    cue = np.array([dict(EXAMPLES[index].example.factors)["cue"] == "a" for index in range(PROMPTS)])
    values = 0.01 * random_values(3)
    values[:, 0, TOKENS - 1] += cue
    values[np.arange(PROMPTS), 1, np.arange(PROMPTS) % TOKENS] -= 5 * cue
    cases = factor_cases(activity(values))
    told = tell_labels(cases, 3, [None] * 3, np.random.default_rng(0))
    found = [next(each.label for each in of if each.label.value == "a") for of in told]
    assert (found[0].reading, found[0].direction, found[0].auprc) == ("read", "high", 1)
    assert (found[1].reading, found[1].direction, found[1].auprc) == ("largest", "low", 1)
    assert found[2].auprc < 0.8
    assert {name for name, _ in cases.names} == {"cue"}, "no first digit comes often enough"


def test_labels_of_few_cases_are_left_out() -> None:
    values = random_values(1)
    for number, kept in ((2 * LEAST, True), (2 * LEAST - 1, False)):
        roles = [{"rare": (3,)} if index < number else {} for index in range(PROMPTS)]
        assert bool(role_cases(activity(values), roles).names) == kept
    everywhere = [{"all": tuple(range(TOKENS))} for _ in range(PROMPTS)]
    assert role_cases(activity(values), everywhere).names == ()
    without = replace(EXAMPLES[0], example=replace(EXAMPLES[0].example, factors=()))
    bare = [replace(one, question=Question(without, (), 0)) for one in activity(values)]
    assert tell_labels(factor_cases(bare), 1, [None], np.random.default_rng(0)) == [[]]
    assert tell_labels(role_cases(bare, [{}] * PROMPTS), 1, [None], np.random.default_rng(0)) == [[]]
