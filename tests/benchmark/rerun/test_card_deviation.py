"""How far neuron cards that were made again lie from the submitted ones."""

from typing import Any

import pytest

from build.records import some_cards
from mechshift.benchmark.record.cards import CardsCell, NeuronCards
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.rerun.deviation import deviation

CARDS = some_cards()
CARD = CARDS.cards[0]
NONE = Missing(missing="no neuron has an effect")


def apart(found: NeuronCards | Missing, submitted: NeuronCards | Missing = CARDS) -> float:
    return deviation(CardsCell(submitted), CardsCell(found), None)


def with_card(**changes: Any) -> NeuronCards:
    return CARDS.model_copy(update={"cards": (CARD.model_copy(update=changes),)})


def test_the_same_cards_are_not_apart() -> None:
    assert apart(CARDS) == 0
    assert apart(NONE, NONE) == 0


def test_whatever_differs_most_counts() -> None:
    assert apart(NONE) == apart(CARDS, NONE) == 1
    assert apart(with_card(neuron=3)) == 1
    assert apart(with_card(effect=0.9 * CARD.effect)) == pytest.approx(0.1)
    label = CARD.labels[0].model_copy(update={"auprc": 0.53})
    assert apart(with_card(labels=(label,))) == pytest.approx(0.3)
    assert apart(with_card(labels=())) == 0, "labels that only one has are passed over"
    assert CARDS.ablation != NONE
    ablation = CARDS.ablation.model_copy(update={"top": 0.425})
    assert apart(CARDS.model_copy(update={"ablation": ablation})) == pytest.approx(0.2)
    fewer = CARDS.ablation.model_copy(update={"random": (0.01,)})
    assert apart(CARDS.model_copy(update={"ablation": fewer})) == 1
    assert apart(CARDS.model_copy(update={"ablation": NONE})) == 1
