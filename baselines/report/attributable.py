"""The claims over seeds: what post-training changes beyond further training, by several estimators."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...benchmark.record.comparison import Comparison
from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number, measured
from ...benchmark.record.quantity import entry
from ...benchmark.record.seeds import mean_of_seeds, mean_over_prompts
from ...benchmark.record.summary import as_estimate, subtract
from ...benchmark.record.task_record import FailedTask
from ...metrics import (
    holm,
    seeds_difference,
    seeds_difference_p,
    weighted_estimate,
)
from ..structure.family import FamilyStructure
from ..structure.roster import CONTROLS, SEEDS
from ..structure.tasks import Kinds, Weights, groups_of
from .by_task import LEVEL
from .records import Pairs, tasks_of

MARGIN = 0.05
"""By how much less alike than the control's circuits retained ones may be: "retained" needs such a bound."""

Decision = Literal["supported", "contradicted", "undecided"]


@dataclass(frozen=True)
class Estimator:
    """One way to put a number to a claim, read from a task's comparison.

    `paired`: whether the data file of the family has it, with prompts paired over pairs.
    """

    label: str
    of: Callable[[Comparison], Measured]
    paired: bool = False


@dataclass(frozen=True)
class Statement:
    """What a claim says of a mean over tasks, once the control's is subtracted: on which side of `bound`."""

    letter: str
    text: str
    group: str
    claimed: str
    estimators: tuple[Estimator, ...]
    sign: Literal[1, -1]
    bound: float = 0.0


ALIKE = (
    Estimator("ρ of edges", lambda c: entry(c.structure, "edges"), paired=True),
    Estimator("ρ of edges, standardised", lambda c: entry(c.structure, "standardised")),
    Estimator("ρ of MLP neurons", lambda c: entry(c.structure, "neurons")),
    Estimator("Ĵ at each task's own size", lambda c: c.compared.edge.normalised),
)
EARLY = (
    Estimator("mass", lambda c: entry(c.depth_shift, "early_share")),
    Estimator("squared mass", lambda c: entry(c.depth_shift_squared, "early_share")),
)
SPECIAL = (
    Estimator("mass", lambda c: entry(c.specialisation_shift, "specialisation")),
    Estimator("squared mass", lambda c: entry(c.specialisation_shift_squared, "specialisation")),
)
STATEMENTS = (
    Statement(
        "A",
        "on local tasks the MDM retains the circuit of the ARM",
        "local",
        f"at most {MARGIN:g} below the control",
        ALIKE,
        1,
        -MARGIN,
    ),
    Statement("B1", "on planning tasks it abandons that circuit", "planning", "below the control", ALIKE, -1),
    Statement(
        "B2",
        "planning circuits change more than local ones, of the same surface",
        "local − planning",
        "above the control",
        ALIKE,
        1,
    ),
    Statement("C", "on planning tasks early layers do more", "planning", "above the control", EARLY, 1),
    Statement(
        "D1", "on local tasks specialisation is distributed", "local", "below the control", SPECIAL, -1
    ),
    Statement(
        "D2", "on planning tasks specialisation is distributed", "planning", "below the control", SPECIAL, -1
    ),
)


@dataclass(frozen=True)
class ClaimEvidence:
    """A statement by one estimator, over seeds: MDMs, controls, and the MDMs less the controls.

    `prompts`: the difference with its interval over prompts; `seeds`: with that over seeds. `p`: Welch's on
    the seeds, for "the difference is the bound"; `adjusted`: Holm's over all statements and estimators.
    `carriers`: tasks without which the difference lies on the other side of the bound, or has no value.
    """

    statement: Statement
    estimator: Estimator
    mdm: Measured
    control: Measured
    prompts: Measured
    seeds: Measured
    p: Measured
    adjusted: Measured
    carriers: tuple[str, ...]

    @property
    def decision(self) -> Decision | Missing:
        """What the estimator says: a side of the bound only where seeds, prompts and every task agree."""
        for needed in (self.prompts, self.adjusted):
            if isinstance(needed, Missing):
                return needed
        assert isinstance(self.prompts, Number)
        assert isinstance(self.adjusted, Number)
        side = _side(self.prompts, self.statement.bound)
        # The value over seeds is of other numbers than a paired one over prompts, and p is of its side.
        seeds = self.seeds.value - self.statement.bound if isinstance(self.seeds, Number) else 0
        if not side or np.sign(seeds) != side or self.adjusted.value >= LEVEL or self.carriers:
            return "undecided"
        return "supported" if side == self.statement.sign else "contradicted"


def evidence_of(pairs: Pairs, kinds: Kinds, family: FamilyStructure | None) -> tuple[ClaimEvidence, ...]:
    """Of every statement and estimator; p-values adjusted for as many as have one."""
    found = [
        _evidence(statement, estimator, pairs, kinds, family)
        for statement in STATEMENTS
        for estimator in statement.estimators
    ]
    known = [each.p.value for each in found if isinstance(each.p, Number)]
    adjusted = iter(holm(known) if known else ())
    return tuple(
        replace(each, adjusted=Number(value=float(next(adjusted)))) if isinstance(each.p, Number) else each
        for each in found
    )


def overall(evidence: Iterable[ClaimEvidence]) -> Decision:
    """What the estimators say of a statement together: a side only where all of those with a value agree."""
    decisions = {each.decision for each in evidence if not isinstance(each.decision, Missing)}
    return decisions.pop() if len(decisions) == 1 else "undecided"


def _evidence(
    statement: Statement, estimator: Estimator, pairs: Pairs, kinds: Kinds, family: FamilyStructure | None
) -> ClaimEvidence:
    groups = groups_of(kinds)
    weights = groups.get(statement.group, {})
    mdm, control = (
        [_mean_of(pairs, pair, estimator, weights) for pair in seeds if pair in pairs.records]
        for seeds in (SEEDS, CONTROLS)
    )
    absent = [each for each in (*mdm, *control) if isinstance(each, Missing)]
    if absent:
        gone = absent[0]
        return ClaimEvidence(statement, estimator, gone, gone, gone, gone, gone, gone, carriers=())
    of, less = ([each.value for each in side if isinstance(each, Number)] for side in (mdm, control))
    p = seeds_difference_p(of, less, statement.bound)
    return ClaimEvidence(
        statement,
        estimator,
        mean_of_seeds(of),
        mean_of_seeds(less),
        _over_prompts(statement, estimator, mdm, control, family),
        measured(seeds_difference(of, less)),
        measured(p),
        measured(p),
        _carriers(statement, estimator, pairs, kinds),
    )


def _over_prompts(
    statement: Statement,
    estimator: Estimator,
    mdm: list[Measured],
    control: list[Measured],
    family: FamilyStructure | None,
) -> Measured:
    """Paired where the data file has the estimator; else of two intervals taken for independent."""
    if estimator.paired and family is not None and statement.group in family.attributable.groups:
        return family.attributable.groups[statement.group].prompts
    return subtract(mean_over_prompts(mdm), mean_over_prompts(control))


def _mean_of(pairs: Pairs, pair: str, estimator: Estimator, weights: Weights) -> Measured:
    """A pair's mean, or difference of means, over tasks, with an interval of independent tasks."""
    if not weights:
        return Missing(missing="the records hold no such tasks")
    values = {task: _of_task(pairs, pair, task, estimator) for task in weights}
    numbers = {task: value for task, value in values.items() if isinstance(value, Number)}
    if len(numbers) < len(values):
        return next(value for value in values.values() if isinstance(value, Missing))
    if any(each.low is None for each in numbers.values()):
        return Number(value=sum(weights[task] * each.value for task, each in numbers.items()))
    return measured(
        weighted_estimate(list(weights.values()), [as_estimate(each) for each in numbers.values()])
    )


def _of_task(pairs: Pairs, pair: str, task: str, estimator: Estimator) -> Measured:
    found = tasks_of(pairs.records[pair]).get(task)
    if found is None:
        return Missing(missing=f"the record of {pair} has no {task}")
    return Missing(missing=found.missing) if isinstance(found, FailedTask) else estimator.of(found.comparison)


def _carriers(statement: Statement, estimator: Estimator, pairs: Pairs, kinds: Kinds) -> tuple[str, ...]:
    """Tasks without which the difference of the recipes' means lies on the other side of the bound.

    Also those without which there is none, as without the only task of a kind: it rests on that one.
    """
    whole = _apart(statement, estimator, pairs, kinds)
    if whole is None:
        return ()
    found = []
    for task in groups_of(kinds)[statement.group]:
        without = {name: kind for name, kind in kinds.items() if name != task}
        left = _apart(statement, estimator, pairs, without)
        if left is None or np.sign(left) != np.sign(whole):
            found.append(task)
    return tuple(found)


def _apart(statement: Statement, estimator: Estimator, pairs: Pairs, kinds: Kinds) -> float | None:
    """MDMs' mean less the controls' less the bound; None where it has no value."""
    weights = groups_of(kinds).get(statement.group, {})
    means = []
    for seeds in (SEEDS, CONTROLS):
        values = [_mean_of(pairs, pair, estimator, weights) for pair in seeds if pair in pairs.records]
        numbers = [value.value for value in values if isinstance(value, Number)]
        if not numbers or len(numbers) < len(values):
            return None
        means.append(float(np.mean(numbers)))
    return means[0] - means[1] - statement.bound


def _side(value: Number, bound: float) -> int:
    if value.low is None or value.high is None:
        return 0
    return int(value.low > bound) - int(value.high < bound)
