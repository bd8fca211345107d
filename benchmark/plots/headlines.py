"""Which quantities of a task a forest plot shows, and whose values stand on a task's line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ..record.number import Measured
from ..record.quantity import Definition, Owner, Quantity, Section
from ..record.record import Record
from ..record.task_record import TaskResult


@dataclass(frozen=True)
class Headline:
    """A definition and the quantities that it defines: one of both members, or one of each."""

    definition: Definition
    quantities: tuple[Quantity[TaskResult], ...]

    @property
    def name(self) -> str:
        """The name of its quantities, without whose they are."""
        first = self.quantities[0]
        return first.name.removesuffix(f"_{first.member.lower()}" if first.member else "")

    @property
    def signed(self) -> bool:
        """Whether it is a difference, of which the sign is read first."""
        return any(quantity.rounding.signed for quantity in self.quantities)


@dataclass(frozen=True)
class Mark:
    """A value on a task's line. `member`: whose, None if of both; `control`: of which, None if of none."""

    value: Measured
    member: Owner | None
    control: int | None = None


def headlines(section: Section) -> tuple[Headline, ...]:
    """Those of a section's quantities that have intervals and that a check looks at, in the tables' order."""
    held = [
        quantity
        for line in section.lines
        for quantity in line.quantities
        # Other reads have charts of their own, by masked share.
        if quantity.definition.regression and quantity.rounding.interval and quantity.read is None
    ]
    by_definition = groupby(held, key=lambda each: each.definition)
    return tuple(Headline(definition, tuple(same)) for definition, same in by_definition)


def marks(headline: Headline, task: TaskResult, controls: Sequence[Record]) -> Iterator[Mark]:
    """The pair's values on that task, and behind each those of its controls that have the task."""
    same = [{each.task: each for each in control.results}.get(task.task) for control in controls]
    for quantity in headline.quantities:
        yield Mark(quantity.of(task), quantity.member)
        # Of a control what is of both, or of its own second member: its ARM is the pair's.
        if quantity.member != "ARM":
            for index, found in enumerate(same):
                if found is not None:
                    yield Mark(quantity.of(found), quantity.member, index)
