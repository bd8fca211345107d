"""Which labels of prompts the activation of neurons tells: roles of tokens, and factors of the generator.

Prompts are of two halves. On the first is chosen how an activation is read (high or low; at the position of
the answer or the largest in the prompt) and which labels are shown; the numbers are of the second, so that
nothing is as good as it looks only because it was chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...metrics import average_precision
from ...metrics.inputs import Flags, Floats, Integers
from ..record.cards import Direction, NeuronLabel, NeuronReading
from .activity import PromptActivity

LEAST = 5
"""Cases with a label, and without it, that either half has to hold."""

SHUFFLES = 10
"""Times that labels are shuffled."""

LEAST_ROOM = 1e-9
"""Between what shuffled labels reach and 1: where they reach it, no label is above them."""

_Name = tuple[str, str | None]


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases with labels, and how neurons can be read on them.

    `values`: [readings, neurons, cases], higher where the label is to be; `readings`: what each is. `labels`:
    bool [labels, cases], and `names`. `chosen`: bool [cases], the half that chooses; `within`: [cases], the
    unit in which labels are shuffled.
    """

    values: Floats
    readings: tuple[tuple[NeuronReading, Direction], ...]
    labels: Flags
    names: tuple[_Name, ...]
    chosen: Flags
    within: Integers

    def with_enough(self) -> "Cases":
        """The labels that have enough cases in both halves."""
        counts = [np.sum(self.labels[:, half], axis=1) for half in (self.chosen, ~self.chosen)]
        sizes = [int(half.sum()) for half in (self.chosen, ~self.chosen)]
        enough = np.logical_and.reduce(
            [(each >= LEAST) & (size - each >= LEAST) for each, size in zip(counts, sizes, strict=True)]
        )
        names = tuple(name for name, kept in zip(self.names, enough, strict=True) if kept)
        return Cases(self.values, self.readings, self.labels[enough], names, self.chosen, self.within)


def role_cases(activity: Sequence[PromptActivity], roles: Sequence[Mapping[str, tuple[int, ...]]]) -> Cases:
    """Every token of the prompts as a case. `roles`: of each prompt the places of its roles' tokens."""
    lengths = [len(each.question.encoded.clean) for each in activity]
    first = np.concatenate([[0], np.cumsum(lengths)])
    names = sorted({name for each in roles for name in each})
    labels = np.zeros((len(names), first[-1]), dtype=np.bool_)
    for start, each in zip(first, roles, strict=False):
        for name, places in each.items():
            labels[names.index(name), start + np.array(places, dtype=np.int64)] = True
    values = np.concatenate(
        [each.values[:, :length] for each, length in zip(activity, lengths, strict=True)], axis=1
    )
    prompt = np.repeat(np.arange(len(lengths)), lengths)
    return Cases(
        np.stack([values, -values]),
        (("token", "high"), ("token", "low")),
        labels,
        tuple((name, None) for name in names),
        prompt % 2 == 0,
        prompt,
    ).with_enough()


def factor_cases(activity: Sequence[PromptActivity]) -> Cases:
    """Every prompt as a case, its factors' values as labels."""
    held = [frozenset(each.question.encoded.example.factors) for each in activity]
    names = sorted(frozenset().union(*held))
    labels = np.array([[name in each for each in held] for name in names], dtype=np.bool_)
    read = np.stack([each.values[:, each.read] for each in activity], axis=1)
    largest, least = (
        np.stack([of(each.values, axis=1) for each in activity], axis=1) for of in (np.max, np.min)
    )
    return Cases(
        np.stack([read, -read, largest, -least]),
        (("read", "high"), ("read", "low"), ("largest", "high"), ("largest", "low")),
        labels.reshape(len(names), len(held)),
        tuple(names),
        np.arange(len(held)) % 2 == 0,
        np.zeros(len(held), dtype=np.int64),
    ).with_enough()


@dataclass(frozen=True)
class Told:
    """A label of a neuron, and how well the half that chose tells it.

    At most 0: no better than shuffled labels; 1: without fault.
    """

    label: NeuronLabel
    chosen_by: float


def tell_labels(
    cases: Cases, neurons: int, matched: Sequence[int | None], generator: np.random.Generator
) -> list[list[Told]]:
    """How well each of the first `neurons` neurons tells each label, [neurons][labels].

    `matched`: of each the place of the neuron that stands beside it.
    """
    if not cases.names:
        return [[] for _ in range(neurons)]
    best, chosen_by = _choose(cases, neurons, generator)
    other = ~cases.chosen
    # Of every label and neuron the reading that was chosen, on the other half: [labels, neurons, cases].
    read = cases.values[best, np.arange(cases.values.shape[1])][:, :, other]
    labels = cases.labels[:, other]
    found = average_precision(labels[:, None], read)
    shuffled = _shuffled(labels, read[:, :neurons], cases.within[other], generator)
    kind = "role" if cases.readings[0][0] == "token" else "factor"
    base = labels.mean(axis=1)
    return [
        [
            Told(
                NeuronLabel(
                    kind=kind,
                    name=name,
                    value=value,
                    reading=cases.readings[best[row, neuron]][0],
                    direction=cases.readings[best[row, neuron]][1],
                    auprc=_rounded(found[row, neuron]),
                    base_rate=_rounded(base[row]),
                    shuffled=_rounded(shuffled[row, neuron]),
                    matched=None if beside is None else _rounded(found[row, beside]),
                    cases=int(other.sum()),
                ),
                float(chosen_by[row, neuron]),
            )
            for row, (name, value) in enumerate(cases.names)
        ]
        for neuron, beside in zip(range(neurons), matched, strict=True)
    ]


def _choose(cases: Cases, neurons: int, generator: np.random.Generator) -> tuple[NDArray[np.intp], Floats]:
    """By label and neuron the reading that tells it best on the choosing half; and how far above shuffles.

    The latter for the first `neurons`: of the way from the best that shuffled labels reach to 1. Of few cases
    or rare labels shuffles reach more, and so no label is first by its luck alone.
    """
    labels, values = cases.labels[:, cases.chosen], cases.values[:, :, cases.chosen]
    # Reading by reading, so that no larger array than labels by neurons by cases is held.
    precision = np.stack([average_precision(labels[:, None], read) for read in values])
    order = _orders(cases.within[cases.chosen], generator)
    by_luck = np.stack(
        [
            np.stack([average_precision(of[order][:, None], read[:neurons]) for of in labels])
            for read in values
        ]
    ).max(axis=(0, 2))
    found = precision.max(axis=0)[:, :neurons]
    return precision.argmax(axis=0), (found - by_luck) / np.maximum(1 - by_luck, LEAST_ROOM)


def _orders(within: Integers, generator: np.random.Generator) -> Integers:
    """Random orders [shuffles, cases] in which every case stays in its unit."""
    return np.stack([np.lexsort((generator.random(len(within)), within)) for _ in range(SHUFFLES)])


def _shuffled(labels: Flags, read: Floats, within: Integers, generator: np.random.Generator) -> Floats:
    """Mean average precision for labels that are shuffled within their units, [labels, neurons]."""
    order = _orders(within, generator)
    # Each row of values is sorted once for all shuffles of its label.
    precision = [
        average_precision(of[order][:, None], values).mean(axis=0)
        for of, values in zip(labels, read, strict=True)
    ]
    return np.stack(precision)


def _rounded(value: float) -> float:
    """To four digits: more would differ between machines and say nothing."""
    return round(float(value), 4)
