"""What a varied record says: the headlines of its row, and what can be stated, as far as it has numbers."""

from collections.abc import Iterator

from ..record.means import Summary
from ..record.missing import Missing
from ..record.quantity import Quantity
from ..record.record import Record
from ..record.robustness import Judgement, Result
from ..record.row import pair_quantities
from ..record.summary import SUITES
from ..verdict.marks import said_by, topic_of
from ..verdict.statements import Stated
from ..verdict.verdict import judge

_BY_SUITE = (
    "similarity",
    "transfer_in_arm",
    "transfer_in_mdm",
    "overlap",
    "early_shift",
    "early_shift_squared",
    "specialisation_shift",
    "specialisation_shift_squared",
    "right_context",
    "right_context_squared",
)
_OF_BOTH = ("task_dependent_shift", "faithfulness_arm", "faithfulness_mdm")
_HEADLINES = frozenset((*_OF_BOTH, *(f"{name}_{suite}" for name in _BY_SUITE for suite in SUITES)))


def headline_quantities() -> Iterator[Quantity[Summary]]:
    """The quantities of a pair's row that are followed from variation to variation, in the row's order."""
    return (quantity for quantity in pair_quantities() if quantity.name in _HEADLINES)


def result_of(record: Record) -> Result:
    """Headlines and everything that is stated of a record."""
    said = said_by(judge(record))
    return _result(record, Judgement(**said))


def result_beside(record: Record, base: Record) -> Result:
    """The same of a variation of `base`, without what it has no numbers for.

    A verdict on a task needs a comparison, and transfer where the base has that; one on a suite needs all of
    its tasks; a statement needs the numbers that the base has.
    """
    found, own = judge(record), judge(base)
    said = said_by(found)
    tasks = _comparable(record, base)
    suites: dict[str, set[str]] = {}
    for task in base.results:
        suites.setdefault(task.suite, set()).add(task.task)
    lacking = {
        topic_of(one)
        for one, other in zip(found.statements, own.statements, strict=True)
        if _lacks(one, other)
    }
    unjudged = sorted({task.task for task in base.results} - tasks)
    judged = Judgement(
        suites={name: one for name, one in said["suites"].items() if tasks >= suites[name]},
        tasks={name: one for name, one in said["tasks"].items() if name in tasks},
        statements={name: one for name, one in said["statements"].items() if name not in lacking},
        unjudged=_why(record, unjudged[0]) if unjudged else "",
    )
    return _result(record, judged)


def _result(record: Record, judged: Judgement) -> Result:
    headlines = {quantity.name: quantity.of(record.summary) for quantity in headline_quantities()}
    if judged.unjudged:
        # A record without transfer has a protocol that asks for none; a variation has another reason.
        missing = Missing(missing=judged.unjudged)
        headlines |= {
            name: missing
            for name, value in headlines.items()
            if name.startswith("transfer") and isinstance(value, Missing)
        }
    return Result(headlines=headlines, judged=judged)


def _comparable(record: Record, base: Record) -> set[str]:
    """The tasks that a variation has all the numbers of that its base has."""
    compared = {task.task: task for task in record.tasks}
    found = {task.task for task in base.failed}
    for task in base.tasks:
        other = compared.get(task.task)
        if other is not None and (task.function is None or other.function is not None):
            found.add(task.task)
    return found


def _why(record: Record, name: str) -> str:
    failed = {task.task: task.missing for task in record.failed}
    return failed.get(name, "circuits of this variation were not run in the other member")


def _lacks(varied: Stated, own: Stated) -> bool:
    """Whether a statement is without a number that it has in the base."""
    missing, before = (
        any(isinstance(claim.number, Missing) for claim in one.claims) for one in (varied, own)
    )
    return missing and not before
