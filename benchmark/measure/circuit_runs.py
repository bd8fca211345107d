"""Circuits of others run in a member: what is measured, and how it is kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..circuits.files import Header, broken, read_arrays, write_arrays
from ..circuits.graph import Graph

OWN, OTHER, OWN_HALF, OTHER_HALF, OWN_ALONE, OTHER_ALONE = (
    "own",
    "other",
    "own, half",
    "other, half",
    "own alone",
    "other alone",
)
OF_TASK = (OWN, OTHER, OWN_HALF, OTHER_HALF, OWN_ALONE, OTHER_ALONE)
"""The circuits of the task itself: the host's and the other member's, at the compared size and at half of it,
and the edges that one of the two circuits has and the other has not."""

OTHER_MATCHED = "other, heads matched"
"""The other member's circuit with the indices that its heads have in the host; where they differ."""

CROSS, CROSS_HALF = "task ", "half, task "
"""What stands before the name of another task whose circuit in the host is run, at either size."""


def half_of(edges: int) -> int:
    """Half of the compared size, one edge at least."""
    return max(1, edges // 2)


def crossed_circuits(others: int) -> int:
    """How many circuits are run in a host beside the shuffled ones, where there are so many other tasks."""
    return len(OF_TASK) + 2 * others


class _Header(Header):
    """`edges`: the compared size; `names`: of the circuits."""

    edges: int
    names: tuple[str, ...]
    templates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class CircuitRuns:
    """Metrics of a host's examples with the circuits of others.

    `edges`: the compared size; `names`: of the circuits. `whole`, `empty`: [examples]; `circuits`: [circuits,
    examples]; `kept`: their edges after pruning [circuits]. `shuffled`: of circuits of the other member's
    scores shuffled within cells [shuffled, some examples], `shuffled_at` which examples these are.
    `templates` and `examples`: of each example, in the order of the batches.
    """

    graph: Graph
    edges: int
    names: tuple[str, ...]
    whole: NDArray[np.float64]
    empty: NDArray[np.float64]
    circuits: NDArray[np.float64]
    kept: NDArray[np.int64]
    shuffled: NDArray[np.float64]
    shuffled_at: NDArray[np.int64]
    templates: tuple[str, ...]
    examples: NDArray[np.int64]

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """The metric with the circuit of that name, [examples]. Raises ValueError where there is none."""
        found: NDArray[np.float64] = self.circuits[self.names.index(name)]
        return found

    def tasks(self, before: str = CROSS) -> tuple[str, ...]:
        """The other tasks whose circuits were run, at the size that `before` stands for."""
        return tuple(name.removeprefix(before) for name in self.names if name.startswith(before))

    def crossed(self, before: str = CROSS) -> NDArray[np.float64]:
        """The metric with their circuits, [tasks, examples]."""
        at = [place for place, name in enumerate(self.names) if name.startswith(before)]
        found: NDArray[np.float64] = self.circuits[at]
        return found

    def save(self, path: Path) -> None:
        """Write the runs, whole or not at all. Raises OutputError where that fails."""
        about = {"edges": self.edges, "names": self.names, "templates": self.templates}
        write_arrays(path, "transfer", self.graph, {name: getattr(self, name) for name in _ARRAYS}, about)

    @classmethod
    def load(cls, path: Path) -> "CircuitRuns":
        """Read runs back. Raises NotComputable for a file that is broken or holds something else."""
        graph, tensors, header = read_arrays(path, "transfer", _Header, _ARRAYS)
        found = cls(graph, header.edges, header.names, templates=header.templates, **tensors)
        for problem in _problems(found):
            raise broken(path, problem)
        return found


_ARRAYS = {
    "whole": "F64",
    "empty": "F64",
    "circuits": "F64",
    "kept": "I64",
    "shuffled": "F64",
    "shuffled_at": "I64",
    "examples": "I64",
}


def _problems(runs: CircuitRuns) -> list[str]:
    """What of arrays and names does not fit together, the first of it first."""
    examples, circuits = len(runs.templates), len(runs.names)
    shapes: dict[str, tuple[int, ...]] = {
        "whole": (examples,),
        "empty": (examples,),
        "examples": (examples,),
        "circuits": (circuits, examples),
        "kept": (circuits,),
        "shuffled": (len(runs.shuffled), len(runs.shuffled_at)),
        "shuffled_at": (len(runs.shuffled_at),),
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(runs, name) for name in _ARRAYS}
    found = [
        f"its {name} have shape {arrays[name].shape} and not {shape}"
        for name, shape in shapes.items()
        if arrays[name].shape != shape
    ]
    endless = [name for name, one in arrays.items() if not np.isfinite(one).all()]
    found += [f"one of its {name} is not finite" for name in endless]
    if found:
        return found
    if not examples:
        found.append("it has no example")
    if not {OWN, OTHER} <= set(runs.names) or len(set(runs.names)) < circuits:
        found.append("its circuits are not the host's and the other member's, each once")
    at = runs.shuffled_at
    if at.size and not (at.min() >= 0 and at.max() < examples and len(np.unique(at)) == at.size):
        found.append("its shuffled circuits were run on examples that it does not have")
    if circuits and not (runs.kept.min() >= 0 and runs.kept.max() <= runs.edges <= runs.graph.edges):
        found.append(f"its circuits have more edges than the {runs.edges} compared, or its graph fewer")
    return found
