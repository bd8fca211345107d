"""Whether the circuits that were run in a host are those that its record says, on its examples."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...metrics.inputs import Floats
from ..asking.grouping import group_examples, swept_examples
from ..asking.pool import Pool
from ..compare.compare import compared_size
from ..measure.budgets import budgets
from ..measure.circuit_runs import CROSS, CROSS_HALF, OF_TASK, OTHER_MATCHED, OWN, CircuitRuns
from ..measure.swept import Sweep
from ..record.record import Record
from ..run.plan import MEMBERS, Cell, kind_name
from .plausible import WHOLE
from .sizes import OTHER_EVALUATION


def of_runs(runs: CircuitRuns, pool: Pool, record: Record, cell: Cell) -> Iterator[str]:
    """What of them is not as the record says."""
    transferring = record.protocol.transferring
    assert transferring is not None, "its protocol has the part that the cell is planned by"
    grouping = group_examples(pool.solved, record.protocol.halving)
    asked = {one.index: one.template for one in swept_examples(grouping, transferring.crossed)}
    found = dict(zip(runs.examples.tolist(), runs.templates, strict=True))
    if len(runs.examples) != len(asked) or found != asked:
        yield OTHER_EVALUATION
    # Whether heads have changed places the weights alone tell.
    if set(runs.names) - {OTHER_MATCHED} != _expected(record, cell):
        yield "its circuits are not those of the task and of the record's other tasks"
    few = min(len(asked), transferring.shuffled_examples)
    if runs.shuffled.shape != (transferring.shuffled, few):
        circuits, examples = runs.shuffled.shape
        yield f"it has {circuits} shuffled circuits on {examples} examples, not the protocol's"


def _expected(record: Record, cell: Cell) -> set[str]:
    """The names of the circuits: those of the task, and of every other task that was compared."""
    (needed,) = cell.kind.others
    tasks = [one.task for one in record.results if one.task != cell.task.name and needed in one.cells]
    return {*OF_TASK, *(before + task for before in (CROSS, CROSS_HALF) for task in tasks)}


def beside_sweeps(
    runs: CircuitRuns, contents: Mapping[str, tuple[Any, str]], record: Record, cell: Cell
) -> Iterator[str]:
    """What of them cannot be: model, empty circuit and the host's own do what they did in the host's sweep.

    `contents`: of the task's cells, with their digests; without both sweeps nothing is said.
    """
    names = [kind_name("sweep", member) for member in MEMBERS]
    sweeps: dict[str, Sweep] = {name: contents[name][0] for name in names if name in contents}
    if len(sweeps) < len(MEMBERS):
        return
    arm, mdm = sweeps.values()
    size = compared_size(arm, mdm, record.protocol.sweeping.grid, record.protocol.compared)
    if runs.edges != size:
        yield f"its circuits are of {runs.edges} edges, and those that are compared of {size}"
    host = sweeps[kind_name("sweep", cell.kind.member)]
    pairs = {"whole model": (runs.whole, host.whole), "empty circuit": (runs.empty, host.empty)}
    sizes = budgets(record.protocol.sweeping.grid, host.graph.edges)
    if runs.edges in sizes:
        pairs["host's own circuit"] = runs[OWN], host.circuits[0, sizes.index(runs.edges)]
    yield from off_the_sweep(pairs, runs.examples, host)


def off_the_sweep(
    pairs: Mapping[str, tuple[Floats, Floats]], examples: NDArray[np.int64], sweep: Sweep
) -> Iterator[str]:
    """What was run beside a sweep and is off what that has of it on the same examples.

    `pairs`: by name the metrics on those examples, and on the sweep's.
    """
    _, here, there = np.intersect1d(examples, sweep.examples, return_indices=True)
    gap = float(np.abs(sweep.whole - sweep.empty).mean())
    for name, (one, other) in pairs.items():
        off = float(np.abs(one[here] - other[there]).max(initial=0.0))
        if off > WHOLE * gap:
            yield f"the {name} is off what the sweep has of it by {off:.6g}, of a gap of {gap:.6g}"
