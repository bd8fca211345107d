"""Rules with which a comparison fails, such as `accuracy_mdm.ioi < 0`, `overlap_local < -0.05` or `any`."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...errors import NotComputable, UsageError, unknown
from ..findings.finding import Finding
from ..record.missing import Missing
from ..record.quantities import task_quantities
from ..record.row import pair_quantities
from .comparison import ALPHA, ComparedValue, RecordComparison
from .table import signed

ANY = "any"
"""The rule that holds where any difference is more than chance after Holm's adjustment."""

_FORM = re.compile(
    r"\s*(?P<quantity>\w+)\s*(?:\.\s*(?P<task>[\w-]+))?\s*(?P<side>[<>])\s*(?P<bound>[+-]?[\d.]+(?:e[+-]?\d+)?)\s*",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True)
class FailureRule:
    """That the difference of a quantity lies below (`<`) or above (`>`) a bound; `text`: as it was written.

    It holds where the whole 95 % interval of B − A does. The interval is not adjusted: a rule is one
    question, asked before looking. `quantity` is `any` for the rule of that name, which has neither side nor
    bound.
    """

    text: str
    quantity: str
    task: str | None = None
    side: Literal["<", ">"] = "<"
    bound: float = 0.0


def parse_rule(text: str) -> FailureRule:
    """Read a rule. Raises UsageError for any other form, and with near names for an unknown quantity."""
    if text.strip() == ANY:
        return FailureRule(text.strip(), ANY)
    found = _FORM.fullmatch(text.replace("−", "-"))
    bound = _number(found["bound"]) if found else None
    if found is None or bound is None:
        raise UsageError(
            f"the rule {text!r} cannot be read", f"write QUANTITY < NUMBER, QUANTITY.TASK > NUMBER, or {ANY}"
        )
    quantity, task = found["quantity"], found["task"]
    of_pair, of_task = ([one.name for one in names()] for names in (pair_quantities, task_quantities))
    if quantity not in (of_pair if task is None else of_task):
        if task is None and quantity in of_task:
            raise UsageError(
                f"the rule {text!r} names a quantity of tasks", f"name the task too: {quantity}.TASK"
            )
        raise unknown("quantity", quantity, of_pair if task is None else of_task)
    return FailureRule(" ".join(text.split()), quantity, task, "<" if found["side"] == "<" else ">", bound)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:  # two dots
        return None
    return number if math.isfinite(number) else None


def find_failures(rules: Sequence[FailureRule], comparison: RecordComparison) -> tuple[Finding, ...]:
    """A finding for each difference by which a rule holds.

    Raises UsageError for a task that is not in the comparison, and NotComputable where a rule asks for a
    difference that is missing or has no interval: what cannot be judged does not pass.
    """
    return tuple(finding for rule in rules for finding in _judged(rule, comparison))


def _judged(rule: FailureRule, comparison: RecordComparison) -> Sequence[Finding]:
    if rule.quantity == ANY:
        problem = f"B − A is {{}}, more than chance among {len(comparison.tested)} tested (α = {ALPHA:g})"
        return [_finding(rule, value, problem) for value in comparison.values if value.differs]
    value = _value_of(rule, comparison)
    low, high = _interval(rule, value)
    holds = high < rule.bound if rule.side == "<" else low > rule.bound
    side = "below" if rule.side == "<" else "above"
    return [_finding(rule, value, f"B − A is {{}}, all of it {side} {rule.bound:g}")] if holds else []


def _value_of(rule: FailureRule, comparison: RecordComparison) -> ComparedValue:
    tasks = [task.name for task in comparison.matched]
    if rule.task is not None and rule.task not in tasks:
        raise unknown("task of both records", rule.task, tasks)
    return next(
        value
        for value in comparison.values
        if (value.quantity.name, value.task) == (rule.quantity, rule.task)
    )


def _interval(rule: FailureRule, value: ComparedValue) -> tuple[float, float]:
    found = value.difference
    if isinstance(found, Missing):
        problem = f"there is no difference of {value.name}: {found.missing}"
    elif found.low is None or found.high is None:
        problem = f"the difference of {value.name} has no interval"
    else:
        return found.low, found.high
    raise NotComputable(f"the rule {rule.text!r} cannot be judged: {problem}", "give another rule")


def _finding(rule: FailureRule, value: ComparedValue, problem: str) -> Finding:
    assert not isinstance(value.difference, Missing), "a difference that was judged is a number"
    written = signed(value.quantity.rounding).number(value.difference)
    remedy = "look at what B changed, or change the rule if the difference is meant"
    return Finding(rule.text, value.name, problem.format(written), remedy)
