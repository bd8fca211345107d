"""What a verdict states, by name, and under which variations of its record it is another one."""

from pathlib import Path

from ...errors import NotComputable
from ..contrast.side import judgeable
from ..record.missing import Missing
from ..record.record import Record
from ..record.robustness import Robustness, VerdictOn, of_these_verdicts, read_robustness
from .statements import Stated
from .verdict import PairVerdict, judge


def said_by(verdict: PairVerdict) -> dict[VerdictOn, dict[str, str]]:
    """Everything that a verdict states, by what it is on; each statement under its topic."""
    return {
        "suites": {one.name: one.verdict for one in verdict.suites},
        "tasks": {one.name: one.verdict for one in verdict.tasks},
        "statements": {topic_of(one): one.says for one in verdict.statements},
    }


def topic_of(statement: Stated) -> str:
    """What a statement is on: `early shift, local`."""
    return ", ".join(filter(None, (statement.topic.name, statement.topic.suite)))


def marks_beside(
    place: Path, record: Record, verdict: PairVerdict | None = None
) -> Robustness | Missing | None:
    """The variations that were kept beside a record; missing, with the reason, where they are not of it.

    None where none were kept. `verdict`: the record's, where it is at hand.
    """
    found = read_robustness(place, record)
    if not isinstance(found, Robustness):
        return found
    # Whoever changed the file, or the rules since, would have marks put on other verdicts than those judged.
    try:
        with judgeable(str(place)):
            own = verdict or judge(record)
    except NotComputable as error:
        return Missing(missing=error.problem)
    return of_these_verdicts(found, said_by(own))
