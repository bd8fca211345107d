"""Whether the neuron cards of a submission are of its pool, its graph and its scores."""

from collections.abc import Iterator

import numpy as np

from ..asking.grouping import group_examples
from ..asking.pool import Pool
from ..measure.card_sizes import ABLATED, DRAWS, LABELS, PER_THIRD, PROMPTS, SHOWN, TOGETHER, TOKENS
from ..measure.score_sums import ScoreSums
from ..record.cards import THIRDS, NeuronCard, NeuronCards, third_of
from ..record.missing import Missing
from ..record.record import Record

EFFECT = 0.05
"""How far an effect may be from that of the scores, which reduced cells keep rounded, of the largest one."""


def of_cards(
    cards: NeuronCards | Missing, pool: Pool, record: Record, scores: ScoreSums | None
) -> Iterator[str]:
    """What cannot be so. `scores`: the member's, None where they are not there."""
    sums = None if scores is None else scores.attribution.neuron_sums
    if isinstance(cards, Missing):
        if sums is not None and sums.any():
            yield "it has no cards, though effects of neurons were measured"
        return
    if scores is not None and sums is None:
        yield "it has cards of neurons whose effects were not measured"
    yield from _sizes(cards, pool, record)
    if scores is not None and sums is not None:
        yield from _neurons(cards, scores)


def _sizes(cards: NeuronCards, pool: Pool, record: Record) -> Iterator[str]:
    evaluation = {one.index for one in group_examples(pool.solved, record.protocol.halving).evaluation}
    if any(prompt.index not in evaluation for card in cards.cards for prompt in card.prompts):
        yield "its prompts are not those of the evaluation half"
    if cards.prompts != min(PROMPTS, len(evaluation)):
        yield f"it is made on {cards.prompts} prompts, of an evaluation half of {len(evaluation)}"
    if any(len([card for card in cards.cards if card.third == third]) > PER_THIRD for third in THIRDS):
        yield f"it has more than {PER_THIRD} cards of a third"
    if any(len(card.labels) > LABELS or len(card.prompts) > SHOWN for card in cards.cards):
        yield "a card has more labels or prompts than a run writes"
    if any(max(len(card.promoted), len(card.suppressed)) > TOKENS for card in cards.cards):
        yield "a card has more tokens than a run writes"
    if not isinstance(cards.ablation, Missing) and (
        len(cards.ablation.random) != DRAWS
        or cards.ablation.neurons > TOGETHER
        or cards.ablation.prompts != min(ABLATED, cards.prompts)
    ):
        yield "its ablation has other sizes than a run writes"


def _neurons(cards: NeuronCards, scores: ScoreSums) -> Iterator[str]:
    """The neurons are there, in their thirds, with the effects that the scores give them, and the largest."""
    effects = scores.attribution.neurons()
    layers, width = effects.shape
    places = [(card.layer, card.neuron) for card in cards.cards]
    if len(set(places)) < len(places):
        yield "it has a neuron twice"
    if any(layer >= layers or index >= width for layer, index in places):
        yield "it has neurons that the graph does not have"
        return
    if any(card.third != third_of(card.layer, layers) for card in cards.cards):
        yield "a neuron is not in its third of the layers"
    largest = float(np.abs(effects).max())
    if any(abs(effects[card.layer, card.neuron] - card.effect) > EFFECT * largest for card in cards.cards):
        yield "an effect is not that of the member's scores"
    for third in THIRDS:
        yield from _strongest([card for card in cards.cards if card.third == third], effects, largest, third)


def _strongest(cards: list[NeuronCard], effects: np.ndarray, largest: float, third: str) -> Iterator[str]:
    own = [layer for layer in range(len(effects)) if third_of(layer, len(effects)) == third]
    size = np.sort(np.abs(effects[own]).ravel())[::-1][:PER_THIRD]
    found = sorted((abs(card.effect) for card in cards), reverse=True)
    # Scores that are kept rounded can lack an effect that a run found, and have none that it did not.
    if len(found) < (wanted := int(np.count_nonzero(size))):
        yield f"it has {len(found)} cards of the {third} layers, where {wanted} neurons have an effect"
    if any(here < there - EFFECT * largest for here, there in zip(found, size, strict=False)):
        yield f"its {third} neurons are not those with the largest effects"
