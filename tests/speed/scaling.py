"""How time and memory of an attribution grow with what it is asked: one size at a time, all others fixed.

On random bidirectional models of GPT-2's class with GPT-2 small's graph at half of its width. An example's
denoising states share its prompt and differ in how much of the answer is masked, as an MDM's do. `tokens`,
`examples` and `states` multiply the positions, `m` the passes; `layers` and `heads` make other models, whose
edges grow with the square of either.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import torch

from build.models import random_member
from mechshift.benchmark.circuits.attribution import attribute
from mechshift.benchmark.circuits.batch import Batch, LogitDifference
from mechshift.benchmark.circuits.scores import Integration
from mechshift.benchmark.pairs.member import Member
from mechshift.benchmark.run.allocation import give_back_freed_memory
from speed.peak import LINUX, NOT_LINUX, growth
from speed.results import Curve, Found, Reading
from speed.timing import Asked, curve, in_turn

VOCABULARY = 5_000


@dataclass(frozen=True)
class Case:
    """What is attributed: a model's size, and what it is asked."""

    layers: int
    heads: int
    width: int
    tokens: int
    examples: int
    states: int
    m: int


BASE = Case(layers=12, heads=12, width=384, tokens=32, examples=4, states=1, m=5)
SIZES: dict[str, tuple[int, ...]] = {
    "tokens": (16, 32, 64, 128),
    "examples": (2, 4, 8, 16),
    "states": (1, 2, 4, 8),
    "m": (2, 4, 8, 16),
    "layers": (3, 6, 12, 24),
    "heads": (6, 12, 24, 48),
}
QUICK = Case(layers=2, heads=4, width=48, tokens=16, examples=4, states=1, m=2)
QUICK_SIZES: dict[str, tuple[int, ...]] = {
    "tokens": (16, 32),
    "examples": (4, 8),
    "states": (1, 2),
    "m": (2, 4),
    "layers": (2, 4),
    "heads": (4, 8),
}
LINEAR = ("tokens", "examples", "states", "m")
MOST_POWER = 1.05
"""Of what time is to be linear in at the most: 1, and what is noise of a fit over four sizes."""


@cache
def member_of(layers: int, heads: int, width: int) -> Member:
    """A random MDM of that shape."""
    return random_member(
        "gpt2",
        "full",
        spread=0.05,
        frozen=True,
        vocabulary=VOCABULARY,
        layers=layers,
        heads=heads,
        width=width,
        mlp_width=4 * width,
    )


def batch_of(case: Case) -> Batch:
    """Random prompts that end with an answer of as many tokens as there are states.

    In state s, from 0 on, the first s of them are told, the others masked, and the first masked one is read.
    """
    generator = torch.Generator().manual_seed(1)
    examples, states, mask = case.examples, case.states, VOCABULARY - 1
    start = case.tokens - states
    clean, corrupted = torch.randint(mask, (2, examples, case.tokens), generator=generator)
    rows = []
    for prompts in (clean, corrupted):
        told = prompts.repeat_interleave(states, 0)
        behind = torch.arange(case.tokens) >= start + torch.arange(states).repeat(examples)[:, None]
        rows.append(torch.where(behind, mask, told))
    count = examples * states
    of_row = torch.arange(examples).repeat_interleave(states)
    answer, foil = torch.randint(mask, (2, count), generator=generator)
    metric = LogitDifference(of_row, answer, foil, examples)
    position = start + torch.arange(states).repeat(examples)
    return Batch(
        rows[0], rows[1], torch.arange(count), position, metric, torch.zeros_like(of_row[:examples]), of_row
    )


def work_of(case: Case) -> Callable[[], object]:
    """An attribution of a case."""
    member, batch = member_of(case.layers, case.heads, case.width), batch_of(case)
    return lambda: attribute(member, [batch], Integration("midpoint", case.m), groups=1)


def cases(asked: Asked) -> dict[str, dict[int, Case]]:
    """By what grows and its size the cases."""
    base, sizes = (QUICK, QUICK_SIZES) if asked.quick else (BASE, SIZES)
    return {name: {size: replace(base, **{name: size}) for size in each} for name, each in sizes.items()}


def measured(asked: Asked) -> Found:
    """Seconds against every size."""
    rounds = 2 if asked.quick else 3
    curves = []
    for name, of_size in cases(asked).items():
        works = {str(size): work_of(case) for size, case in of_size.items()}
        times = in_turn(works, rounds, asked.seconds)
        wanted = {"most": MOST_POWER} if name in LINEAR else {}
        curves.append(curve("time", name, "s", {size: times[str(size)] for size in of_size}, **wanted))
    return Found(curves=tuple(curves), notes=(_told(asked),))


def measured_memory(asked: Asked) -> Found:
    """What an attribution makes the process grow by, against every size."""
    if not LINUX:
        return Found(readings=(Reading(name="memory against every size", missing=NOT_LINUX),))
    give_back_freed_memory()
    curves: list[Curve] = []
    for name, of_size in cases(asked).items():
        next(iter(map(work_of, of_size.values())))()  # what is made once belongs to no size
        held = {size: [_megabytes(case)] for size, case in of_size.items()}
        wanted = {"most": MOST_POWER} if name in LINEAR else {}
        curves.append(curve("memory", name, "MB", held, **wanted))
    return Found(curves=tuple(curves), notes=(_told(asked),))


def _megabytes(case: Case) -> float:
    return growth(partial(_call, work_of(case))) / 1e6


def _call(work: Callable[[], object]) -> None:
    work()  # what it gives is not kept


def _told(asked: Asked) -> str:
    base = QUICK if asked.quick else BASE
    fixed = ", ".join(f"{getattr(base, name)} {name}" for name in SIZES if name != "m")
    return f"Where it does not grow: {fixed}, m = {base.m}; width {base.width}."
