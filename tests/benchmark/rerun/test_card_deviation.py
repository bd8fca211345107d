"""How far neuron cards that were made again lie from the submitted ones."""

from typing import Any

import pytest

from build.records import number, some_cards
from mechshift.benchmark.record.cards import CardsCell, NeuronCards
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.reads import AtRead, MembersAndShift, Stages
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
    assert CARDS.ablation != NONE
    ablation = CARDS.ablation.model_copy(update={"top": 0.425})
    assert apart(CARDS.model_copy(update={"ablation": ablation})) == pytest.approx(0.2)
    fewer = CARDS.ablation.model_copy(update={"random": (0.01,)})
    assert apart(CARDS.model_copy(update={"ablation": fewer})) == 1
    assert apart(CARDS.model_copy(update={"ablation": NONE})) == 1


PROMPT = CARD.prompts[0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"labels": ()}, 1.0),
        ({"labels": (CARD.labels[0], CARD.labels[0].model_copy(update={"value": "8"}))}, 1 / 2),
        ({"labels": (CARD.labels[0].model_copy(update={"direction": "high"}),)}, 1.0),
        ({"labels": (CARD.labels[0].model_copy(update={"matched": 0.94}),)}, 0.6),
        ({"labels": (CARD.labels[0].model_copy(update={"matched": None}),)}, 1.0),
        # Four tokens are submitted, of which one is another: three of five are in both.
        ({"promoted": (" Eve", "<b>", "\n")}, 2 / 5),
        ({"suppressed": ()}, 1 / 4),
        ({"matched": 7}, 1.0),
        ({"prompts": ()}, 1.0),
        ({"prompts": (PROMPT.model_copy(update={"tokens": (" and", " Eve")}),)}, 1.0),
        # Of 2.5, the largest activation that is shown.
        ({"prompts": (PROMPT.model_copy(update={"activations": (-0.1, 2.0)}),)}, 0.2),
        ({"mean": -0.031 + 0.25}, 0.1),
        ({"share": 0.62}, 0.5),
    ],
)
def test_nothing_of_a_card_can_be_made_up(changes: dict[str, Any], expected: float) -> None:
    assert apart(with_card(**changes)) == pytest.approx(expected)
    assert apart(CARDS, with_card(**changes)) > 0.09


def test_cards_of_other_prompts_are_others() -> None:
    assert apart(CARDS.model_copy(update={"prompts": 63})) == 1


def test_labels_are_counted_over_all_cards() -> None:
    """One that nearly ties with another may change places: it is one of twenty."""
    cards = tuple(CARD.model_copy(update={"neuron": neuron}) for neuron in range(20))
    many = CARDS.model_copy(update={"cards": cards})
    other = CARD.labels[0].model_copy(update={"value": "8"})
    changed = many.model_copy(
        update={"cards": (cards[0].model_copy(update={"labels": (other,)}), *cards[1:])}
    )
    assert apart(changed, many) == pytest.approx(2 / 21)


def test_examples_of_another_read_count() -> None:
    placed = MembersAndShift(arm={}, mdm={}, shift={})
    at = AtRead(
        examples=48, masked=number(0.5), gap={}, structure={}, squared=placed, mass=placed, direction={}
    )
    one = Stages(reads={"copy": at})
    fewer = Stages(reads={"copy": at.model_copy(update={"examples": 36})})
    none = Stages(reads={"copy": Missing(missing="none has it")})
    assert deviation(one, one, None) == deviation(none, none, None) == 0
    assert deviation(one, fewer, None) == deviation(fewer, one, None) == pytest.approx(0.25)
    assert deviation(one, none, None) == deviation(none, one, None) == 1
