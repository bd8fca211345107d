"""Whether the numbers of a record can be what they say, taken by themselves: ranges, sums and shapes.

Most of it follows from the cells too. Said here it names what is wrong where the cells do not suffice to
compute a number again.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from ...errors import MechshiftError
from ...tasks import get_task
from ..circuits.graph import Graph
from ..findings.finding import Finding
from ..measure.budgets import budgets
from ..record.comparison import Comparison, Curve, MemberRecord
from ..record.number import Measured, Number
from ..record.quantities import task_quantities
from ..record.quantity import Definition
from ..record.record import Record
from ..record.row import pair_quantities
from ..record.task_record import PoolRecord, TaskRecord, TaskResult
from ..submission.layout import RECORD

TOLERANCE = 1e-9
"""What rounding may do to sums of a few numbers."""

WHOLE = 0.01
"""How far from 1 the faithfulness of all edges may be: on an accelerator it is computed in other batches."""


class _Doubts:
    """Findings at places of a record."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, place: str, problem: str) -> None:
        remedy = "make the record from its cells with `mechshift submit`"
        self.found.append(Finding("plausibility", f"{RECORD}: {place}", problem, remedy))

    def unless(self, holds: bool, place: str, problem: str) -> None:
        if not holds:
            self.add(place, problem)


def check_plausible(record: Record) -> Iterator[Finding]:
    """What in a record cannot be, with its place."""
    doubts = _Doubts()
    _intervals(record, "", doubts)
    _pair(record, doubts)
    for quantity in pair_quantities():
        _in_range(quantity.of(record.summary), quantity.definition, f"summary ({quantity.name})", doubts)
    names = [task.task for task in record.results]
    doubts.unless(len(set(names)) == len(names), "tasks", "a task has two results")
    for place, task in _tasks(record):
        _task(record, place, task, doubts)
    yield from doubts.found


def _tasks(record: Record) -> Iterator[tuple[str, TaskResult]]:
    """Each task with its place in the record."""
    yield from ((f"tasks[{index}]", task) for index, task in enumerate(record.tasks))
    yield from ((f"failed[{index}]", task) for index, task in enumerate(record.failed))


def _pair(record: Record, doubts: _Doubts) -> None:
    pair = record.pair
    graph = graph_of(record)
    doubts.unless(
        graph is not None and graph.edges == pair.edges,
        "pair.edges",
        f"no graph of {pair.layers} layers, {pair.heads} heads and {pair.kv_heads} key/value heads has "
        f"{pair.edges} edges",
    )
    doubts.unless(all(one >= 0 for one in pair.movement.values()), "pair.movement", "a distance is negative")


def graph_of(record: Record) -> Graph | None:
    """The graph of which a record's circuits are; None where there is none of the sizes that it says."""
    pair = record.pair
    kv_heads = pair.kv_heads if record.protocol.scoring.kv == "grouped" else pair.heads
    try:
        return Graph(pair.layers, pair.heads, kv_heads)
    except MechshiftError:
        return None


def _edges(record: Record) -> int:
    """Of the graph, so that a wrong number of the pair is one fault and not one of every curve."""
    graph = graph_of(record)
    return record.pair.edges if graph is None else graph.edges


def _task(record: Record, place: str, task: TaskResult, doubts: _Doubts) -> None:
    for quantity in task_quantities(record.protocol):
        try:
            value = quantity.of(task)
        except ValueError:  # an accuracy whose interval has no value
            continue
        _in_range(value, quantity.definition, f"{place} ({quantity.name})", doubts)
    _pool(record, f"{place}.pool", task.pool, doubts)
    try:
        version = get_task(task.task).card.version
    except MechshiftError as error:
        doubts.add(f"{place}.task", error.problem)
    else:
        problem = f"it is version {task.version} of the task, and this version of mechshift has {version}"
        doubts.unless(version == task.version, f"{place}.version", problem)
    if isinstance(task, TaskRecord):
        _comparison(record, f"{place}.comparison", task.comparison, doubts)


def _pool(record: Record, place: str, pool: PoolRecord, doubts: _Doubts) -> None:
    sampling, disjoint = record.protocol.sampling, record.protocol.halving.disjoint
    solved = min(pool.arm.solved, pool.mdm.solved)
    problem = f"{pool.common} examples are of both members, and one of them solves {solved}"
    doubts.unless(0 <= pool.common <= solved, f"{place}.common", problem)
    problem = f"{pool.common} examples are more than the {sampling.pool} of the protocol"
    doubts.unless(pool.common <= sampling.pool, f"{place}.common", problem)
    problem = (
        f"the members tried {pool.arm.tried} and {pool.mdm.tried} examples, and every one is tried by both"
    )
    doubts.unless(pool.arm.tried == pool.mdm.tried, f"{place}.mdm.tried", problem)
    drawn = pool.arm.tried + sum(pool.unfit.values())
    problem = f"{drawn} examples are more than {sampling.candidates} rounds of {sampling.pool}"
    doubts.unless(drawn <= sampling.pool * sampling.candidates, f"{place}.arm.tried", problem)
    halves = pool.discovery + pool.evaluation
    problem = f"{pool.discovery} and {pool.evaluation} examples are no halves of {pool.common}"
    expected = pool.common if disjoint else 2 * pool.common
    even = 0 <= pool.discovery - pool.evaluation <= 1
    doubts.unless(halves == expected and even, f"{place}.discovery", problem)


def _comparison(record: Record, place: str, comparison: Comparison, doubts: _Doubts) -> None:
    edges = _edges(record)
    for name, member in (("arm", comparison.arm), ("mdm", comparison.mdm)):
        _member(record, f"{place}.{name}", member, doubts)
    _profile(record, f"{place}.uniform_profile", comparison.uniform_profile, doubts)
    sizes = [(point.share, point.edges) for point in comparison.curve]
    _budgets(record, f"{place}.curve", sizes, doubts)
    found = comparison.compared.edges
    problem = f"{found} edges are compared, of a graph of {edges}"
    doubts.unless(1 <= found <= edges, f"{place}.compared.edges", problem)


def _member(record: Record, place: str, member: MemberRecord, doubts: _Doubts) -> None:
    for name in ("profile", "profile_heads", "profile_mlps", "profile_edges"):
        if profile := getattr(member, name):
            _profile(record, f"{place}.{name}", profile, doubts)
    for name, curve in (("absolute", member.absolute), ("signed", member.signed)):
        _curve(record, f"{place}.{name}", curve, doubts)
    most = record.protocol.compared.components
    problem = f"{len(member.top)} top components are more than the {most} of the protocol"
    doubts.unless(len(member.top) <= most, f"{place}.top", problem)
    share = sum(component.share for component in member.top)
    problem = f"the shares of the top components add up to {share:.6g}"
    doubts.unless(share <= 1 + TOLERANCE, f"{place}.top", problem)


def _profile(record: Record, place: str, profile: Sequence[float], doubts: _Doubts) -> None:
    layers, total = record.pair.layers, sum(profile)
    problem = f"it has {len(profile)} layers, the pair {layers}"
    doubts.unless(len(profile) == layers, place, problem)
    problem = f"its shares are negative, or add up to {total:.9g} and not to 1"
    doubts.unless(min(profile, default=0) >= 0 and abs(total - 1) <= TOLERANCE, place, problem)


def _curve(record: Record, place: str, curve: Curve, doubts: _Doubts) -> None:
    _budgets(record, f"{place}.points", [(point.share, point.edges) for point in curve.points], doubts)
    for index, point in enumerate(curve.points):
        problem = f"{point.kept} of {point.edges} edges are kept"
        doubts.unless(0 <= point.kept <= point.edges, f"{place}.points[{index}].kept", problem)
        if point.edges == _edges(record) and isinstance(point.faithfulness, Number):
            # Nothing is left out, so that the circuit is the model.
            value = point.faithfulness.value
            problem = f"the faithfulness of all edges is 1, and not {value:.6g}"
            doubts.unless(abs(value - 1) <= WHOLE, f"{place}.points[{index}].faithfulness", problem)
    if curve.points and isinstance(curve.cpr, Number) and isinstance(curve.cmd, Number):
        # f + |1 − f| is at least 1 at every share, and so is its integral at least the length of the grid.
        span, total = curve.points[-1].share - curve.points[0].share, curve.cpr.value + curve.cmd.value
        problem = f"CPR + CMD of one curve is at least {span:.6g}, and here it is {total:.6g}"
        doubts.unless(total >= span - TOLERANCE, f"{place}.cpr", problem)


def _budgets(record: Record, place: str, found: Sequence[tuple[float, int]], doubts: _Doubts) -> None:
    grid, edges = record.protocol.sweeping.grid, _edges(record)
    problem = "its shares and numbers of edges are not those of the protocol's grid"
    # Length first: the grid of a protocol that is none of ours can have any, and is asked for at every curve.
    fits = len(found) == len(grid) and list(found) == list(zip(grid, budgets(grid, edges), strict=True))
    doubts.unless(fits, place, problem)


def _in_range(value: Measured, definition: Definition, place: str, doubts: _Doubts) -> None:
    if not isinstance(value, Number):
        return
    below = definition.low is not None and value.value < definition.low - TOLERANCE
    above = definition.high is not None and value.value > definition.high + TOLERANCE
    if below or above:
        problem = f"{definition.title} is {definition.range}, and here it is {value.value:.6g}"
        doubts.add(place, problem)


def _intervals(content: object, place: str, doubts: _Doubts) -> None:
    """A value lies within its interval, which has two ends."""
    if isinstance(content, Number):
        low, value, high = content.low, content.value, content.high
        if (low is None) != (high is None):
            doubts.add(place, "its interval has one end")
        elif low is not None and high is not None and not low <= value <= high:
            doubts.add(place, f"{value:.6g} does not lie in its interval [{low:.6g}, {high:.6g}]")
        return
    for name, inner in _inner(content):
        _intervals(inner, f"{place}{name}".removeprefix("."), doubts)


def _inner(content: object) -> Iterator[tuple[str, Any]]:
    if isinstance(content, BaseModel):
        yield from ((f".{name}", value) for name, value in content)
    elif isinstance(content, dict):
        yield from ((f".{name}", value) for name, value in content.items())
    elif isinstance(content, tuple):
        yield from ((f"[{index}]", value) for index, value in enumerate(content))
