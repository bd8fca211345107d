"""The data file: what is known of the family's structure, small enough for a repository."""

from typing import Literal

from ...benchmark.record.number import Measured
from ...benchmark.record.protocol import Part
from .tasks import TaskKind

FORM: Literal[1] = 1
"""Raised whenever a field changes its meaning."""


class BothIntervals(Part):
    """One value with two intervals: over prompts, these trainings given; over seeds, these prompts given."""

    prompts: Measured
    seeds: Measured


class OverTasks(Part):
    """Values by task, and means over tasks and differences of them by name (`tasks.groups_of`)."""

    tasks: dict[str, BothIntervals]
    groups: dict[str, BothIntervals]


class MemberCosine(Part):
    """ρ between two members on every task; `ARM` is the one that all pairs have."""

    first: str
    second: str
    tasks: dict[str, Measured]


class TaskCosine(Part):
    """ρ between two tasks of one member; `standardised`: with edges in units of their spread, no interval."""

    first: str
    second: str
    cosine: Measured
    standardised: Measured


class Blocks(Part):
    """Mean ρ between tasks of the same kind and of different kinds, their difference, and its p-value.

    p: the share of the ways to deal out the kinds anew, within the other factor, whose difference is as
    large. It is of the tasks at hand, and not smaller than one by the number of `dealt` ways.
    """

    same: BothIntervals
    other: BothIntervals
    difference: BothIntervals
    p: Measured
    dealt: int


class TaskStructure(Part):
    """ρ between the tasks of a member, and what they say of the two suites and of words and symbols.

    `recipe`: ARM, or what the second members are, over whose seeds the blocks are means.
    """

    recipe: str
    suite: Blocks
    surface: Blocks


class FamilyStructure(Part):
    """What is measured of the structure of all members, from the score cells of the runs of their pairs.

    `retained`: by recipe ρ with the ARM, mean over seeds. `attributable`: that of the MDMs less that of the
    controls. `systematic`: what two trainings have in common of their change, for two MDMs, two controls, and
    an MDM and a control. `same_prompts`: whether all pairs were asked the same prompts of a task.
    """

    form: Literal[1] = FORM
    what: Literal["edges", "neurons"]
    protocol: str
    arm: str
    resamples: int
    pairs: tuple[str, ...]
    kinds: dict[str, TaskKind]
    same_prompts: dict[str, bool]
    between_members: tuple[MemberCosine, ...]
    between_tasks: dict[str, tuple[TaskCosine, ...]]
    blocks: tuple[TaskStructure, ...]
    retained: dict[str, OverTasks]
    attributable: OverTasks
    systematic: dict[str, OverTasks]
