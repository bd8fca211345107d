"""What of a change is more than a control shows: the pair's numbers less those of a control, task by task."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...metrics import Undefined, beyond_seeds, holm
from ..contrast.comparable import why_unpaired
from ..contrast.differences import subtract_values
from ..record.missing import Missing
from ..record.number import Measured, Number, measured
from ..record.quantity import SHIFT
from ..record.record import Record
from ..record.task_record import TaskResult
from .bounds import MARGIN
from .claim import ALPHA, Beyond, BoundClaim, p_of_all
from .evidence import TransferEvidence, of_task

Attributable = Literal["attributable", "no more than the control", "undecided", "control: none"]

ATTRIBUTION: Mapping[Attributable, str] = {
    "attributable": "in everything that changed the pair lies beyond every control, and beyond what one more "
    "training like several controls would differ by",
    "no more than the control": f"in everything that changed it lies less than {MARGIN:g} beyond a control, "
    "of a small change less than half of it",
    "undecided": "an interval of a difference from a control includes both, or nothing changed",
    "control: none": "no control was given, and nothing is attributed",
}
"""Whether a change is one of the MDM's training and not of any further training, and when that is said."""

SEVERAL = 3
"""Controls from which on their spread counts: by that of two hardly anything would lie beyond one more."""


@dataclass(frozen=True)
class Attributed:
    """Whether a change is more than that of the controls.

    `claims`: pair − control, of each control; `why`: why nothing is attributed although all of them hold.
    """

    says: Attributable
    claims: tuple[BoundClaim, ...] = ()
    why: str = ""

    @property
    def lines(self) -> list[str]:
        """What decided it, a line each."""
        return [*([self.why] if self.why else []), *map(str, self.claims)]

    @property
    def p(self) -> float:
        """For "a control shows as much": the largest over claims, 1 where nothing is attributed."""
        return p_of_all(self.claims) if self.says == "attributable" else 1.0


NO_CONTROL = Attributed("control: none")
NOTHING_CHANGED = Attributed("undecided")


def less(record: Record, control: Record, task: TaskResult) -> TransferEvidence | Missing:
    """A task's evidence in the pair less that in the control, in pairs where both have the same prompts."""
    other = {one.task: one for one in control.results}.get(task.task)
    if other is None or (other.level, other.version) != (task.level, task.version):
        return Missing(missing=f"{control.pair.name} has no {task.task} of this level and version")
    paired = not why_unpaired((record, task), (control, other))

    def subtract(pair: Measured, control: Measured) -> Measured:
        return subtract_values(control, pair, paired).difference

    return of_task(record, task).map(of_task(control, other), subtract)


def attribute_change(
    changed: Sequence[BoundClaim], apart: Mapping[str, Mapping[str, Measured] | Missing]
) -> Attributed:
    """Whether what claims say of a pair is more than the controls show.

    `changed`: the claims that say that something changed, and to which side; `apart`: pair − control, by the
    control's name, of each number by its claim's label.
    """
    if not apart:
        return NO_CONTROL
    if not changed:
        return NOTHING_CHANGED
    beyond = {
        name: tuple(_beyond(claim, name, values, 0.0) for claim in changed) for name, values in apart.items()
    }
    flat = tuple(claim for claims in beyond.values() for claim in claims)
    flat += tuple(found for claim in changed for found in _beyond_trainings(claim, apart))
    if all(claim.holds for claim in flat):
        return Attributed("attributable", flat)
    for name, values in apart.items():
        as_much = tuple(_no_more(claim, name, values) for claim in changed)
        if all(claim.holds for claim in as_much):
            return Attributed("no more than the control", as_much)
    return Attributed("undecided", flat)


def _beyond(
    claim: BoundClaim, name: str, values: Mapping[str, Measured] | Missing, bound: float
) -> BoundClaim:
    """That the difference from a control lies beyond the bound, on the side of the claim."""
    apart = values if isinstance(values, Missing) else values[claim.label]
    return BoundClaim(
        f"{claim.label} less {name}", apart, claim.side, bound, replace(claim.rounding, signed=True)
    )


def _beyond_trainings(
    claim: BoundClaim, apart: Mapping[str, Mapping[str, Measured] | Missing]
) -> Iterator[BoundClaim]:
    """That the pair lies further from the controls than one more of them would, where there are several.

    An interval of a difference covers prompts, and two trainings of one recipe differ too. None where a
    control lacks the number, which no claim survives, and where the controls do not differ, as the
    right-context shares of causal models.
    """
    values = [of[claim.label] for of in apart.values() if not isinstance(of, Missing)]
    numbers = [value.value for value in values if isinstance(value, Number)]
    if len(numbers) < max(SEVERAL, len(apart)):
        return
    found = beyond_seeds(numbers)
    if not isinstance(found, Undefined):
        label = f"{claim.label} less {len(numbers)} controls, for one more training"
        yield BoundClaim(label, measured(found), claim.side, 0.0, SHIFT)


def _no_more(claim: BoundClaim, name: str, values: Mapping[str, Measured] | Missing) -> BoundClaim:
    """That the difference is smaller than the margin, or on the other side.

    Of a small change the margin is half: a control that shows none of it does not show as much.
    """
    margin = MARGIN
    if isinstance(claim.number, Number):
        margin = min(margin, abs(claim.number.value - claim.bound) / 2)
    other: Beyond = "above" if claim.side == "below" else "below"
    return _beyond(replace(claim, side=other), name, values, -margin if other == "above" else margin)


def adjusted(attributions: Sequence[Attributed]) -> tuple[Attributed, ...]:
    """After Holm's adjustment for how many could attribute something: others become undecided."""
    found = list(attributions)
    every = holm([one.p for one in found]) if found else ()
    return tuple(
        replace(one, says="undecided", why=f"attributable by itself, but p = {p:.3f} by Holm over all")
        if one.says == "attributable" and p > ALPHA
        else one
        for one, p in zip(found, every, strict=True)
    )
