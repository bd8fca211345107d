"""Neuron cards of a member on a task: which neurons matter most, and what they fire for, write and do.

Neurons are chosen by their effects on the discovery half; all that a card says of them is of prompts of the
evaluation half.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedTokenizerBase

from ...metrics import RESOLUTION
from ..asking.encoding import text_of
from ..asking.grouping import spaced
from ..asking.roles import role_tokens
from ..asking.states import Question, batches
from ..circuits.batch import Batch
from ..pairs.member import Member
from ..record.cards import (
    THIRDS,
    Direction,
    MemberCards,
    NeuronAblation,
    NeuronCard,
    NeuronCards,
    NeuronLabel,
    NeuronPrompt,
    third_of,
)
from ..record.missing import Missing
from .activity import (
    PromptActivity,
    mean_activity,
    mean_metric,
    metrics_without,
    output_columns,
    prompt_activity,
)
from .card_sizes import ABLATED, BESIDE, DRAWS, LABELS, PER_THIRD, PROMPTS, SHOWN, TOGETHER, TOKENS
from .labels import Told, factor_cases, role_cases, tell_labels
from .node_sets import Places


@dataclass(frozen=True, eq=False)
class Ask:
    """What cards are made of: a member, the questions of the evaluation half, effects [layers, neurons].

    `rows` bounds a batch; `seed` draws what is shuffled and the random neurons.
    """

    member: Member
    tokenizer: PreTrainedTokenizerBase
    questions: Sequence[Question]
    effects: NDArray[np.float64]
    rows: int
    seed: int

    @cached_property
    def prompts(self) -> list[Question]:
        """Those that cards are made on, spaced over the half, so that all templates are there."""
        return spaced(self.questions, PROMPTS)


def make_cards(ask: Ask, advance: Callable[[int], None]) -> MemberCards:
    """The cards of the neurons with the largest absolute effects in each third of the layers.

    Missing where no neuron has an effect. `advance` is told how many prompts are run.
    """
    if not ask.effects.any():
        return Missing(missing="no neuron has an effect")
    neurons = strongest_by_third(ask.effects)
    # Batches are kept: they are run again and again.
    ablated = list(batches(ask.member, spaced(ask.prompts, ABLATED), ask.rows))
    means, whole = mean_activity(ask.member, ablated, advance)
    matched = [nearest(means, place, neurons) for place in neurons.tolist()]
    beside = [(layer, other) for (layer, _), other in zip(neurons.tolist(), matched, strict=True)]
    both = np.array([*neurons.tolist(), *(each for each in beside if each[1] is not None)], dtype=np.int64)
    activity = prompt_activity(ask.member, ask.prompts, both, ask.rows)
    advance(len(activity))
    labels = _labels(ask, activity, matched)
    tokens = _written_tokens(ask, neurons)
    held = np.abs(ask.effects).sum()
    cards = [
        NeuronCard(
            layer=layer,
            neuron=neuron,
            third=third_of(layer, len(ask.effects)),
            effect=float(ask.effects[layer, neuron]),
            share=float(abs(ask.effects[layer, neuron]) / held),
            mean=_short(means[layer, neuron]),
            matched=matched[place],
            labels=labels[place],
            promoted=tokens[place][0],
            suppressed=tokens[place][1],
            prompts=_shown(ask, activity, place, _direction(labels[place])),
        )
        for place, (layer, neuron) in enumerate(neurons.tolist())
    ]
    ablation = _ablate(ask, ablated, means, whole, advance)
    return NeuronCards(prompts=len(activity), cards=tuple(cards), ablation=ablation)


def strongest_by_third(effects: NDArray[np.float64]) -> Places:
    """The neurons with the largest absolute effects of each third, the largest first; none without one."""
    layers = len(effects)
    found: list[tuple[int, int]] = []
    for third in THIRDS:
        own = [layer for layer in range(layers) if third_of(layer, layers) == third]
        found += [(own[row], index) for row, index in strongest(effects[own], PER_THIRD)]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def strongest(effects: NDArray[np.float64], most: int) -> list[tuple[int, int]]:
    """Layer and index of at most so many neurons with an effect, the largest absolute effect first."""
    size = np.abs(effects).ravel()
    order = np.argsort(-size, kind="stable")[:most]
    return [divmod(int(place), effects.shape[1]) for place in order if size[place] > 0]


def nearest(means: NDArray[np.float64], neuron: Sequence[int], others: Places) -> int | None:
    """The neuron of the same layer with the nearest mean activation that is none of the others.

    None where all of the layer's are.
    """
    layer, index = neuron
    apart = np.abs(means[layer] - means[layer, index])
    apart[others[others[:, 0] == layer, 1]] = np.inf
    found = int(apart.argmin())
    return found if np.isfinite(apart[found]) else None


def _labels(
    ask: Ask, activity: Sequence[PromptActivity], matched: Sequence[int | None]
) -> list[tuple[NeuronLabel, ...]]:
    """Of each neuron the labels that it tells best, the best first, by the half that chose.

    Those that it tells no better there than shuffled ones are left out.
    """
    number = len(matched)
    # The neurons beside stand behind, those that there are.
    places = iter(range(number, 2 * number))
    beside = [None if each is None else next(places) for each in matched]
    generator = np.random.default_rng([ask.seed, 4])
    roles = [role_tokens(ask.tokenizer, each.question.encoded) for each in activity]
    told = [
        tell_labels(cases, number, beside, generator)
        for cases in (role_cases(activity, roles), factor_cases(activity))
    ]
    return [_best((*roles_of, *factors_of)) for roles_of, factors_of in zip(*told, strict=True)]


def _best(told: Sequence[Told]) -> tuple[NeuronLabel, ...]:
    above = [each for each in told if each.chosen_by > 0]
    return tuple(each.label for each in sorted(above, key=lambda each: -each.chosen_by)[:LABELS])


def _direction(labels: Sequence[NeuronLabel]) -> Direction:
    return labels[0].direction if labels else "high"


def _written_tokens(ask: Ask, neurons: Places) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The tokens that each neuron raises and lowers most, through the final norm's gain and unembedding."""
    member = ask.member
    norm = member.backbone.final_norm
    with torch.no_grad():
        columns = output_columns(member, neurons)
        if norm.centred:
            columns = columns - columns.mean(-1, keepdim=True)
        gain = norm.weight.to(columns.device).float()
        logits = member.logits((columns * gain).to(member.backbone.dtype))
    found = []
    for row in logits:
        ids = row.isfinite().nonzero()[:, 0]  # less the mask token
        order = ids[row[ids].argsort(descending=True, stable=True)].tolist()
        found.append((_texts(ask, order[:TOKENS]), _texts(ask, order[::-1][:TOKENS])))
    return found


def _texts(ask: Ask, ids: Sequence[int]) -> tuple[str, ...]:
    return tuple(text_of(ask.tokenizer, (each,)) for each in ids)


def _shown(
    ask: Ask, activity: Sequence[PromptActivity], neuron: int, direction: Direction
) -> tuple[NeuronPrompt, ...]:
    """The prompts of its strongest activations, a few tokens about the peak of each."""
    sign = 1 if direction == "high" else -1
    peaks = np.array([(sign * each.values[neuron]).max() for each in activity])
    chosen = np.argsort(-peaks, kind="stable")[:SHOWN]
    return tuple(_about_peak(ask, activity[place], neuron, sign) for place in chosen)


def _about_peak(ask: Ask, activity: PromptActivity, neuron: int, sign: int) -> NeuronPrompt:
    peak = int((sign * activity.values[neuron]).argmax())
    first, last = max(0, peak - BESIDE), peak + BESIDE + 1
    return NeuronPrompt(
        index=activity.question.index,
        first=first,
        tokens=_texts(ask, activity.tokens[first:last]),
        activations=tuple(map(_short, activity.values[neuron, first:last])),
    )


def _ablate(
    ask: Ask,
    batched: Sequence[Batch],
    means: NDArray[np.float64],
    whole: float,
    advance: Callable[[int], None],
) -> NeuronAblation | Missing:
    """What mean-ablation of the strongest neurons costs, and that of others of the same layers."""
    corrupted = mean_metric(ask.member, batched, advance, corrupted=True)
    gap = whole - corrupted
    if abs(gap) <= RESOLUTION * max(abs(whole), abs(corrupted)):
        return Missing(missing="clean and corrupted prompts score the same")
    top = np.array(strongest(ask.effects, TOGETHER), dtype=np.int64)
    sets = [top, *random_sets(ask.effects.shape[1], top, ask.seed)]
    # The stack of all sets is as large as other batches are.
    small = batches(ask.member, spaced(ask.prompts, ABLATED), max(1, ask.rows // len(sets)))
    without = metrics_without(ask.member, list(small), sets, means, advance)
    drops = [_short((whole - each) / gap) for each in without]
    examples = sum(batch.examples for batch in batched)
    return NeuronAblation(neurons=len(top), prompts=examples, top=drops[0], random=tuple(drops[1:]))


def random_sets(width: int, top: Places, seed: int) -> Iterator[Places]:
    """Draws of as many neurons of the same layers of that width, none of them among the top ones."""
    generator = np.random.default_rng([seed, 5])
    layers, numbers = np.unique(top[:, 0], return_counts=True)
    for _ in range(DRAWS):
        drawn = []
        for layer, number in zip(layers.tolist(), numbers.tolist(), strict=True):
            free = np.setdiff1d(np.arange(width), top[top[:, 0] == layer, 1])
            chosen = generator.choice(free, min(number, len(free)), replace=False)
            drawn += [(layer, int(index)) for index in chosen]
        yield np.array(drawn, dtype=np.int64).reshape(-1, 2)


def _short(value: float) -> float:
    """To four significant digits: what is shown of it, and small in a file."""
    return float(f"{float(value):.4g}")
