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
from mechshift.benchmark.measure.evidence import ScoreSums
from mechshift.benchmark.record.cards import NeuronCards
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.types import Accuracy
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
EVALUATION = [one.index for one in group_examples(SOLVED, RECORD.protocol.halving).evaluation]


def scores() -> ScoreSums:
    """Neuron 44 of layer 1 has the effect of the card, and all others of its third less."""
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
    draws = cards.ablation.model_copy(update={"random": (0.0,) * 4})
    return cards.model_copy(update={"cards": (card,), "ablation": draws})


def problems(cards: NeuronCards | Missing, of: ScoreSums | None = None) -> list[str]:
    return list(of_cards(cards, POOL, RECORD, scores() if of is None else of))


def card(**changes: Any) -> Callable[[NeuronCards], NeuronCards]:
    return lambda cards: cards.model_copy(update={"cards": (cards.cards[0].model_copy(update=changes),)})


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
        (card(prompts=some_cards().cards[0].prompts), "not those of the evaluation half")
        if 3 not in EVALUATION
        else (card(prompts=()), ""),
        (lambda cards: cards.model_copy(update={"prompts": 63}), "made on 63 prompts"),
        (lambda cards: cards.model_copy(update={"cards": cards.cards * 2}), "a neuron twice"),
        (lambda cards: cards.model_copy(update={"cards": cards.cards * 4}), "more than 3 cards of a third"),
        (lambda cards: cards.model_copy(update={"ablation": some_cards().ablation}), "other sizes"),
        (lambda cards: Missing(missing="hidden"), "though effects of neurons were measured"),
    ],
)
def test_what_cannot_be_is_found(change: Callable[[NeuronCards], NeuronCards | Missing], says: str) -> None:
    assert any(says in problem for problem in problems(change(valid()))) or not says


def test_cards_need_effects() -> None:
    assert problems(valid(), evidence(0).scores) == [
        "it has cards of neurons whose effects were not measured"
    ]
