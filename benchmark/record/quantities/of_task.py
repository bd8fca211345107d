"""How the quantities of a task are declared: of its pool, of its comparison, or of one of the members."""

from collections.abc import Callable

from ..comparison import Comparison, MemberRecord
from ..missing import Missing
from ..number import Measured
from ..quantity import SHARE, Definition, Line, Owner, Quantity, Rounding
from ..task_record import FailedTask, PoolRecord, TaskResult


def of_pool(
    name: str,
    of: Callable[[PoolRecord], Measured],
    definition: Definition,
    rounding: Rounding = SHARE,
    label: str = "",
    member: Owner | None = None,
) -> Quantity[TaskResult]:
    """A value of the examples, which a task without a comparison has too."""
    return Quantity(name, lambda task: of(task.pool), definition, rounding, label, member)


def of_both(
    name: str,
    of: Callable[[Comparison], Measured],
    definition: Definition,
    rounding: Rounding = SHARE,
    label: str = "",
    member: Owner | None = None,
) -> Quantity[TaskResult]:
    """A value of the comparison."""
    return Quantity(
        name,
        lambda task: Missing(missing=task.missing) if isinstance(task, FailedTask) else of(task.comparison),
        definition,
        rounding,
        label,
        member,
    )


def of_member(
    name: str,
    member: Owner,
    of: Callable[[MemberRecord], Measured],
    definition: Definition,
    rounding: Rounding = SHARE,
    title: str = "",
) -> Quantity[TaskResult]:
    """A value of one member; `title` is what it is called of either, by default the definition's."""

    def read(comparison: Comparison) -> Measured:
        return of(comparison.arm if member == "ARM" else comparison.mdm)

    label = f"{title or definition.title}, {member}"
    return of_both(f"{name}_{member.lower()}", read, definition, rounding, label, member)


def of_each(
    name: str, of: Callable[[MemberRecord], Measured], definition: Definition, rounding: Rounding = SHARE
) -> tuple[Line[TaskResult], Line[TaskResult]]:
    """A line for either member."""
    arm, mdm = (of_member(name, member, of, definition, rounding) for member in ("ARM", "MDM"))
    return Line(arm.label, (arm,)), Line(mdm.label, (mdm,))
