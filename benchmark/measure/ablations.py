"""A member without sets of its nodes: what is measured, and how it is kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..circuits.files import Header, broken, read_arrays, write_arrays
from ..circuits.graph import Graph
from ..record.cards import THIRDS
from ..record.causality import NODE_KINDS, NodeKind
from .node_sets import Places, random_set, top_set


class _Header(Header):
    """`names`: of the sets."""

    names: tuple[str, ...]
    templates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Ablations:
    """Metrics and right answers of a member's examples with the outputs of sets of nodes at zero.

    `names`: of the sets; `nodes`: [nodes of all sets, 3], the set, the layer and the index of each. `whole`,
    `empty`: the metric of the whole model and of the empty circuit [examples]; `without`: without each set
    [sets, examples]. `whole_right`, `right`: whether the answer is the likeliest token where it is read
    [examples] and [sets, examples]. `templates` and `examples`: of each example, in the order of the batches.
    """

    graph: Graph
    names: tuple[str, ...]
    nodes: NDArray[np.int64]
    whole: NDArray[np.float64]
    empty: NDArray[np.float64]
    without: NDArray[np.float64]
    whole_right: NDArray[np.bool_]
    right: NDArray[np.bool_]
    templates: tuple[str, ...]
    examples: NDArray[np.int64]

    @property
    def sets(self) -> dict[str, Places]:
        """The nodes of each set by its name."""
        return {name: self.nodes[self.nodes[:, 0] == index, 1:] for index, name in enumerate(self.names)}

    def random(self, kind: NodeKind) -> list[str]:
        """The names of the random sets of a kind."""
        numbered = (random_set(kind, number) for number in range(len(self.names)))
        return [name for name in numbered if name in self.names]

    def save(self, path: Path) -> None:
        """Write the runs, whole or not at all. Raises OutputError where that fails."""
        about = {"names": self.names, "templates": self.templates}
        write_arrays(path, "ablation", self.graph, {name: getattr(self, name) for name in _ARRAYS}, about)

    @classmethod
    def load(cls, path: Path) -> "Ablations":
        """Read runs back. Raises NotComputable for a file that is broken or holds something else."""
        graph, tensors, header = read_arrays(path, "ablation", _Header, _ARRAYS)
        found = cls(graph, header.names, templates=header.templates, **tensors)
        for problem in _problems(found):
            raise broken(path, problem)
        return found


def nodes_of(sets: Mapping[str, Places]) -> NDArray[np.int64]:
    """The nodes of sets as `Ablations` has them, [nodes of all sets, 3]."""
    numbered = [
        np.insert(places, 0, index, axis=1) for index, places in enumerate(sets.values()) if len(places)
    ]
    return np.concatenate(numbered) if numbered else np.zeros((0, 3), dtype=np.int64)


_ARRAYS = {
    "nodes": "I64",
    "whole": "F64",
    "empty": "F64",
    "without": "F64",
    "whole_right": "BOOL",
    "right": "BOOL",
    "examples": "I64",
}


def _problems(runs: Ablations) -> Iterator[str]:
    """What of arrays and names does not fit together, what is worst first."""
    examples, sets = len(runs.templates), len(runs.names)
    of_each, of_sets = (examples,), (sets, examples)
    shapes: dict[str, tuple[int, ...]] = {
        "nodes": (len(runs.nodes), 3),
        **dict.fromkeys(("whole", "empty", "whole_right", "examples"), of_each),
        **dict.fromkeys(("without", "right"), of_sets),
    }
    arrays: dict[str, NDArray[Any]] = {name: getattr(runs, name) for name in _ARRAYS}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            yield f"its {name} have shape {arrays[name].shape} and not {shape}"
        elif not np.isfinite(arrays[name]).all():
            yield f"one of its {name} is not finite"
    if not examples:
        yield "it has no example"
    yield from _problems_of_sets(runs)


def _problems_of_sets(runs: Ablations) -> Iterator[str]:
    known = [kind for kind in NODE_KINDS if runs.random(kind)]
    named = [top_set(kind, third) for kind in known for third in THIRDS]
    named += [name for kind in known for name in runs.random(kind)]
    if not {"heads", "mlps"} <= set(known) or len(set(runs.names)) < len(runs.names):
        yield "its sets are not of heads and of MLPs, with random ones, each once"
    if not set(runs.names) <= set(named):
        yield "one of its sets is neither of the top nodes of a third nor a random one"
    at, layer, index = runs.nodes.T
    if (np.bincount(at[(at >= 0) & (at < len(runs.names))], minlength=len(runs.names)) == 0).any():
        yield "one of its sets has no node"
    if len(at) and not (at.min() >= 0 and at.max() < len(runs.names)):
        yield "one of its nodes is of a set that there is not"
    if len(at) and not (layer.min() >= 0 and layer.max() < runs.graph.layers and index.min() >= 0):
        yield "one of its nodes is in a layer that there is not"
    if len(np.unique(runs.nodes, axis=0)) < len(runs.nodes):
        yield "one of its sets has a node twice"
