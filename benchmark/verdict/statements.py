"""Statements on where and how a mechanism moved, by the rules of `claim` on the numbers of `topics`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import listed
from ...metrics import holm
from ..contrast.comparable import Matched, find_unmatched, match_tasks
from ..contrast.differences import subtract_values
from ..record.controls import by_name
from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.record import Record
from ..record.resampling import resampling_of, with_resampling
from ..record.summary import Among, Reading, Values, ValuesOf, values_over
from ..record.task_record import TaskRecord
from .attribution import NO_CONTROL, Attributed, adjusted, attribute_change
from .claim import ALPHA, Beyond, BoundClaim, p_of_all
from .topics import Says, Topic, list_topics


@dataclass(frozen=True)
class Stated:
    """What is said of a topic.

    `claims`: what decided it, of an undecided one the claims that come nearest; `why`: why it is undecided.
    `adjusted_p`: by Holm over all statements, None of an undecided one unless that is why it is.
    """

    topic: Topic
    says: Says
    claims: tuple[BoundClaim, ...]
    why: str = ""
    attribution: Attributed = NO_CONTROL
    adjusted_p: float | None = None

    @property
    def text(self) -> str:
        """The statement in words; empty where it is undecided."""
        return "" if self.says == "undecided" else self.topic.words[self.says]


@dataclass(frozen=True)
class TopicNumbers:
    """Where the estimators of topics are read from.

    `values`: of a topic over all tasks but the named one, which is empty for none; `apart`: pair − control by
    the control's name; `tasks`, `controls`: their names.
    """

    values: Callable[[Topic, str], Mapping[str, Measured]]
    apart: Callable[[Topic], Mapping[str, Mapping[str, Measured] | Missing]]
    tasks: Sequence[str]
    controls: Sequence[str]


def make_statements(record: Record, controls: Sequence[Record]) -> tuple[Stated, ...]:
    """All statements on a record, held against its controls."""
    named = by_name(controls)

    def apart(topic: Topic) -> dict[str, Mapping[str, Measured]]:
        return {name: topic.measure(differences_from(record, each)) for name, each in named.items()}

    return statements_from(
        TopicNumbers(
            lambda topic, without: topic.measure(values_in(record, without)),
            apart,
            [task.task for task in record.tasks],
            tuple(named),
        )
    )


def statements_from(source: TopicNumbers) -> tuple[Stated, ...]:
    """All statements that the numbers of a source allow."""
    return _after_holm([_state(topic, source) for topic in list_topics()])


def _state(topic: Topic, source: TopicNumbers) -> Stated:
    values = source.values(topic, "")
    more, less = (_claims(topic, values, side, 0.0) for side in ("above", "below"))
    little = _claims(topic, values, "below", topic.margin) + _claims(topic, values, "above", -topic.margin)
    directions: dict[Says, tuple[BoundClaim, ...]] = {"more": more, "less": less}
    for says, claims in directions.items():
        if all(claim.holds for claim in claims):
            return _directed(topic, says, claims, source)
    attribution = attribute_change((), dict.fromkeys(source.controls, _NOTHING))
    if all(claim.holds for claim in little):
        return Stated(topic, "no change", little, "", attribution)
    return Stated(topic, "undecided", *_nearest(more, less), attribution)


_NOTHING = Missing(missing="nothing changed")


def _directed(topic: Topic, says: Says, claims: tuple[BoundClaim, ...], source: TopicNumbers) -> Stated:
    apart = source.apart(topic)
    attribution = attribute_change(claims, apart)
    if carriers := _carriers(topic, source):
        why = f"{topic.words[says]} over all tasks, but not without {listed(carriers)}"
        return Stated(topic, "undecided", claims, why, attribute_change((), apart))
    return Stated(topic, says, claims, "", attribution)


def _nearest(
    more: tuple[BoundClaim, ...], less: tuple[BoundClaim, ...]
) -> tuple[tuple[BoundClaim, ...], str]:
    """The claims of the side on which more of the values lie, and why they do not hold."""
    signs = [one.number.value > 0 for one in more if isinstance(one.number, Number)]
    claims = more if 2 * sum(signs) >= len(signs) else less
    if len(signs) == len(more) and 0 < sum(signs) < len(signs):
        return claims, "its two estimators disagree in sign"
    return claims, "; ".join(str(claim) for claim in claims if not claim.holds)


def _claims(
    topic: Topic, values: Mapping[str, Measured], side: Beyond, bound: float
) -> tuple[BoundClaim, ...]:
    return tuple(BoundClaim(name, value, side, bound, topic.rounding) for name, value in values.items())


def values_in(record: Record, without: str = "") -> ValuesOf:
    """What is read from a record's tasks but the named one, with what each interval was estimated from."""
    tasks = [task for task in record.tasks if task.task != without]
    failed = [task for task in record.failed if task.task != without]

    def values_of(among: Among, reading: Reading) -> Values:
        def read(task: TaskRecord) -> Measured:
            return with_resampling(reading(task), resampling_of(record, task))

        return values_over(among, tasks, failed, read)

    return values_of


def differences_from(record: Record, control: Record) -> ValuesOf:
    """Pair − control, task by task, in pairs where both have the same prompts."""

    def values_of(among: Among, reading: Reading) -> Values:
        unmatched = [one.reason for one in find_unmatched(record, control) if among.has(one.result)]
        if unmatched:
            return Missing(missing=unmatched[0])
        tasks = [task for task in match_tasks(record, control) if among.has(task.a)]
        if failed := [task.name for task in tasks if task.both is None]:
            return Missing(missing=f"no comparison on {listed(failed)} in both")
        return [_difference(task, reading) for task in tasks]

    return values_of


def _difference(task: Matched, reading: Reading) -> Measured:
    assert task.both is not None, "a task without a comparison has no difference"
    pair, control = (
        with_resampling(reading(one), own) for one, own in zip(task.both, task.resampling, strict=True)
    )
    return subtract_values(control, pair, not task.unpaired).difference


def _carriers(topic: Topic, source: TopicNumbers) -> tuple[str, ...]:
    """The tasks without which one of the estimators has the other sign, where it has a value at all."""
    whole = source.values(topic, "")
    found = []
    for task in source.tasks:
        rest = source.values(topic, task)
        turned = [
            isinstance(one, Number) and isinstance(left, Number) and one.value * left.value <= 0
            for one, left in zip(whole.values(), rest.values(), strict=True)
        ]
        if any(turned):
            found.append(task)
    return tuple(found)


def _after_holm(statements: Sequence[Stated]) -> tuple[Stated, ...]:
    """What is said after Holm's adjustment over all that could be said, then their attributions."""
    every = holm([1.0 if one.says == "undecided" else p_of_all(one.claims) for one in statements])
    found = [_if_no_chance(one, float(p)) for one, p in zip(statements, every, strict=True)]
    after = adjusted([one.attribution for one in found])
    return tuple(replace(one, attribution=each) for one, each in zip(found, after, strict=True))


def _if_no_chance(statement: Stated, p: float) -> Stated:
    """The statement with its adjusted p, undecided where that is too large."""
    if statement.says == "undecided":
        return statement
    found = replace(statement, adjusted_p=p)
    if p <= ALPHA:
        return found
    why = f"{statement.text} by itself, but p = {p:.3f} by Holm over all"
    attribution = replace(found.attribution, says="undecided") if controlled(found) else NO_CONTROL
    return replace(found, says="undecided", why=why, attribution=attribution)


def controlled(statement: Stated) -> bool:
    """Whether the statement was held against a control."""
    return statement.attribution.says != NO_CONTROL.says
