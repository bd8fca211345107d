"""A circuit: a set of edges, the scores it was chosen by, and its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from ...metrics import Ranking
from .files import Header, broken, read_arrays, understood, write_arrays
from .graph import Edges, Graph, Scores


class _Header(Header):
    budget: int
    about: dict[str, str]


@dataclass(frozen=True, eq=False)
class Circuit:
    """A set of edges and the scores it was chosen by.

    `scores`: [sources, destinations]; `edges`: boolean of that shape; `budget`: how many edges were asked
    for, of which `size` are left after pruning; `about`: where it came from, as texts.
    """

    graph: Graph
    scores: Scores
    edges: Edges
    budget: int
    about: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(
        cls,
        graph: Graph,
        scores: Scores,
        budget: int,
        by: Ranking = "absolute",
        about: Mapping[str, str] = MappingProxyType({}),
        ranked: Scores | None = None,
    ) -> "Circuit":
        """The `budget` highest-ranked edges, pruned. Raises what Graph.select raises.

        `ranked`: what edges are chosen by, `by` its size or sign, where that is not the scores themselves.
        """
        chosen = graph.select(scores if ranked is None else ranked, budget, by)
        return cls(graph, scores, graph.prune(chosen), budget, about)

    @property
    def size(self) -> int:
        """Number of edges after pruning."""
        return int(self.edges.sum())

    def __repr__(self) -> str:
        about = "".join(f", {name}={text!r}" for name, text in self.about.items())
        return f"Circuit({self.size:,} of {self.graph.edges:,} edges{about})"

    def save(self, path: Path) -> None:
        """Write the circuit to a file, whole or not at all. Raises OutputError where that fails."""
        tensors = {"scores": self.scores, "edges": self.edges}
        write_arrays(path, "circuit", self.graph, tensors, {"budget": self.budget, "about": dict(self.about)})

    @classmethod
    def load(cls, path: Path) -> "Circuit":
        """Read a circuit back. Raises NotComputable for a file that is broken or holds something else."""
        graph, tensors, header = read_arrays(path, "circuit", _Header, {"scores": "F64", "edges": "BOOL"})
        # Shapes are checked first, because the mask is built with the sizes that the file declares.
        for name, tensor in tensors.items():
            if tensor.shape != (graph.sources, graph.destinations):
                raise broken(
                    path,
                    f"{name} have shape {tensor.shape}, its graph {(graph.sources, graph.destinations)}",
                )
        scores, edges = tensors["scores"], tensors["edges"]
        with understood(path):
            graph.checked(edges)
        if not np.isfinite(scores[graph.mask]).all():
            raise broken(path, "a score is not finite")
        if not edges.sum() <= header.budget <= graph.edges:
            raise broken(
                path,
                f"{edges.sum()} edges were chosen with a budget of {header.budget}, of {graph.edges} edges",
            )
        return cls(graph, scores, edges, header.budget, header.about)
