"""Cards of a submission that cannot be: other prompts, neurons, sizes or effects than its pool and scores."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from build.evidence import GROUPS, evidence
from build.records import a_record, some_cards
from mechshift.benchmark.asking.grouping import group_examples
from mechshift.benchmark.asking.pool import Pool, Solved
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.cards import NeuronCard, NeuronCards
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy
from mechshift.benchmark.validation.cards import of_cards

SOLVED = tuple(Solved(index=index, order=(0,), template=f"t{index % 3}") for index in range(200))
POOL = Pool(
    arm=Accuracy(solved=200, tried=200),
    mdm=Accuracy(solved=200, tried=200),
    mdm_in_place=Missing(missing="none"),
    unfit={},
    other_form=0,
    solved=SOLVED,
    fingerprint="f00d",
)
RECORD = a_record(tasks=())
HALVES = group_examples(SOLVED, RECORD.protocol.halving)
DISCOVERY, EVALUATION = ([one.index for one in half] for half in (HALVES.discovery, HALVES.evaluation))


def scores() -> ScoreSums:
    """Of two neurons, both of the middle third, the stronger one has the effect of the card."""
    found = evidence(0).scores
    effects = np.zeros((4, 60))
    effects[1, 44], effects[2, 5] = 0.731, 0.2
    sums = (found.attribution.counts[:, None, None] * np.broadcast_to(effects, (GROUPS, 4, 60))).astype(
        np.float32
    )
    return replace(found, attribution=replace(found.attribution, neuron_sums=sums))


def valid() -> NeuronCards:
    cards = some_cards()
    prompt = cards.cards[0].prompts[0].model_copy(update={"index": EVALUATION[0]})
    card = cards.cards[0].model_copy(update={"prompts": (prompt,)})
    other = card.model_copy(update={"layer": 2, "neuron": 5, "effect": 0.2})
    assert not isinstance(cards.ablation, Missing)
    draws = cards.ablation.model_copy(update={"random": (0.0,) * 4})
    return cards.model_copy(update={"cards": (card, other), "ablation": draws})


def problems(cards: NeuronCards | Missing, of: ScoreSums | None = None) -> list[str]:
    return list(of_cards(cards, POOL, RECORD, scores() if of is None else of))


def card(**changes: Any) -> Callable[[NeuronCards], NeuronCards]:
    """With the first card changed."""
    return lambda cards: of(cards, cards.cards[0].model_copy(update=changes), *cards.cards[1:])


def of(cards: NeuronCards, *wanted: NeuronCard) -> NeuronCards:
    return cards.model_copy(update={"cards": wanted})


def of_prompt(index: int) -> Callable[[NeuronCards], NeuronCards]:
    return card(prompts=(some_cards().cards[0].prompts[0].model_copy(update={"index": index}),))


def test_valid_cards_have_no_problem() -> None:
    assert problems(valid()) == []
    assert list(of_cards(valid(), POOL, RECORD, None)) == []
    assert problems(Missing(missing="none"), evidence(0).scores) == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (card(layer=9), "does not have"),
        (card(neuron=60), "neurons that the graph does not have"),
        (card(third="late"), "not in its third"),
        (card(effect=0.5), "not that of the member's scores"),
        (card(neuron=43, effect=0.0), "not those with the largest effects"),
        (card(prompts=valid().cards[0].prompts * 4), "more labels or prompts"),
        (card(labels=valid().cards[0].labels * 5), "labels or prompts than a run writes"),
        (card(promoted=("a",) * 6), "more tokens"),
        (of_prompt(DISCOVERY[0]), "not those of the evaluation half"),
        (of, "it has 0 cards of the middle layers, where 2 neurons have an effect"),
        (lambda cards: of(cards, cards.cards[0]), "it has 1 cards of the middle layers, where 2"),
        (lambda cards: cards.model_copy(update={"prompts": 63}), "made on 63 prompts"),
        (lambda cards: of(cards, *cards.cards * 2), "a neuron twice"),
        (lambda cards: of(cards, *cards.cards * 2), "more than 3 cards of a third"),
        (lambda cards: cards.model_copy(update={"ablation": some_cards().ablation}), "other sizes"),
        (lambda cards: Missing(missing="hidden"), "though effects of neurons were measured"),
    ],
)
def test_what_cannot_be_is_found(change: Callable[[NeuronCards], NeuronCards | Missing], says: str) -> None:
    assert any(says in problem for problem in problems(change(valid())))


def test_cards_need_effects() -> None:
    assert problems(valid(), evidence(0).scores) == [
        "it has cards of neurons whose effects were not measured"
    ]
