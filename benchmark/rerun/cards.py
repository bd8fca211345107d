"""How far neuron cards that were made again lie from the submitted ones."""

from collections.abc import Callable, Hashable, Iterator, Sequence

from ..record.cards import NeuronCard, NeuronCards, NeuronLabel
from ..record.missing import Missing
from .apart import relative, share_apart

_Both = Sequence[tuple[NeuronCard, NeuronCard]]
"""The cards of one neuron, submitted and found, for all neurons that both have."""


def of_cards(submitted: NeuronCards | Missing, found: NeuronCards | Missing) -> float:
    """How far apart they lie, whichever is largest; 1 where only one of the two has cards.

    * of the neurons the share that only one of the two has. Of the cards of neurons that both have, taken
      together, that of labels, of tokens, of prompts, and of the neurons beside them;
    * the largest difference of an effect, relative to the largest; of a neuron's part of all effects; of a
      mean and of an activation, relative to the neuron's largest activation that is shown;
    * of labels in both the largest difference of an average precision or a base rate; and of what an ablation
      costs. 1 where the two are made on other numbers of prompts.
    """
    if isinstance(submitted, Missing) or isinstance(found, Missing):
        return float(submitted != found)
    if submitted.prompts != found.prompts:
        return 1.0
    one, other = ({(card.layer, card.neuron): card for card in each.cards} for each in (submitted, found))
    both = [(one[place], other[place]) for place in sorted(one.keys() & other.keys())]
    largest = max((abs(card.effect) for card in submitted.cards), default=0.0)
    return max(
        share_apart(set(one), set(other)),
        *(_share_of(both, held) for held in (_labels, _tokens, _prompts, _beside)),
        *(relative(abs(mine.effect - theirs.effect), largest) for mine, theirs in both),
        *(_of_numbers(mine, theirs) for mine, theirs in both),
        _of_ablations(submitted, found),
    )


_Held = Callable[[NeuronCard], Iterator[Hashable]]
"""What a card names, one by one."""


def _share_of(both: _Both, held: _Held) -> float:
    """Of all that the cards of both name, the share that only one of the two does.

    Of all cards together: of one card, whose last labels are nearly as good as those that it lacks, one that
    changes places would be a large share.
    """
    named = (
        {(place, each) for place, card in enumerate(cards) for each in held(card)}
        for cards in ([mine for mine, _ in both], [theirs for _, theirs in both])
    )
    return share_apart(*named)


def _labels(card: NeuronCard) -> Iterator[Hashable]:
    return (_named(label) for label in card.labels)


def _named(label: NeuronLabel) -> Hashable:
    return label.kind, label.name, label.value, label.reading, label.direction, label.cases


def _tokens(card: NeuronCard) -> Iterator[Hashable]:
    yield from (("promoted", token) for token in card.promoted)
    yield from (("suppressed", token) for token in card.suppressed)


def _prompts(card: NeuronCard) -> Iterator[Hashable]:
    return ((prompt.index, prompt.first, prompt.tokens) for prompt in card.prompts)


def _beside(card: NeuronCard) -> Iterator[Hashable]:
    yield card.matched


def _of_numbers(submitted: NeuronCard, found: NeuronCard) -> float:
    mine, theirs = ({prompt.index: prompt for prompt in card.prompts} for card in (submitted, found))
    active = [
        pair
        for index in mine.keys() & theirs.keys()
        for pair in zip(mine[index].activations, theirs[index].activations, strict=False)
    ]
    shown = [value for prompt in submitted.prompts for value in prompt.activations]
    size = max(map(abs, [*shown, submitted.mean]))
    return max(
        abs(submitted.share - found.share),
        *(relative(abs(one - other), size) for one, other in ((submitted.mean, found.mean), *active)),
        _of_labels(submitted, found),
    )


def _of_labels(submitted: NeuronCard, found: NeuronCard) -> float:
    one, other = ({_named(label): label for label in card.labels} for card in (submitted, found))
    both = [(one[name], other[name]) for name in one.keys() & other.keys()]
    read: tuple[Callable[[NeuronLabel], float | None], ...] = (
        lambda label: label.auprc,
        lambda label: label.base_rate,
        lambda label: label.shuffled,
        lambda label: label.matched,
    )
    return max((_unlike(of(mine), of(theirs)) for mine, theirs in both for of in read), default=0.0)


def _unlike(one: float | None, other: float | None) -> float:
    if one is None or other is None:
        return float(one != other)
    return abs(one - other)


def _of_ablations(submitted: NeuronCards, found: NeuronCards) -> float:
    one, other = submitted.ablation, found.ablation
    if isinstance(one, Missing) or isinstance(other, Missing):
        return float(one != other)
    sizes = [(each.neurons, each.prompts, len(each.random)) for each in (one, other)]
    if sizes[0] != sizes[1]:
        return 1.0
    drops = zip((one.top, *one.random), (other.top, *other.random), strict=True)
    return max(abs(mine - theirs) for mine, theirs in drops)
