"""The components of a graph (input, heads, MLPs, logits) and which nodes of its axes belong to each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...metrics import node_degree, node_importance
from .graph import Edges, Graph


@dataclass(frozen=True)
class Components:
    """Heads and MLPs in the order of the source axis, without input and logits.

    A key/value destination belongs in equal parts to the heads that read through it.
    """

    graph: Graph

    @property
    def names(self) -> tuple[str, ...]:
        """Names as on the source axis: `a0.h0`, …, `m0`, `a1.h0`, and so on."""
        return self.graph.source_names[1:]

    @property
    def layers(self) -> NDArray[np.int64]:
        """Layer of each component."""
        return self.graph.source_layers[1:]

    @property
    def is_mlp(self) -> NDArray[np.bool_]:
        """Which components are MLPs."""
        found: NDArray[np.bool_] = self.graph.source_kinds[1:] == "mlp"
        return found

    @cached_property
    def of_sources(self) -> NDArray[np.float64]:
        """Incidence [components, sources]; the input belongs to none."""
        return np.eye(self.graph.sources)[1:]

    @cached_property
    def of_destinations(self) -> NDArray[np.float64]:
        """Incidence [components, destinations]; the logits belong to none."""
        heads, groups = self.graph.heads, self.graph.kv_heads
        # A shared input's score does not say which head it serves. Equal parts count no importance twice.
        per_head = np.repeat(np.eye(groups), heads // groups, axis=0) / (heads // groups)
        layer = np.zeros((heads + 1, heads + 2 * groups + 1))
        layer[:heads, :heads] = np.eye(heads)
        layer[:heads, heads : heads + groups] = per_head
        layer[:heads, heads + groups : -1] = per_head
        layer[heads, -1] = 1
        blocks = np.kron(np.eye(self.graph.layers), layer)
        return np.pad(blocks, ((0, 0), (0, 1)))

    def importance(self, scores: NDArray[np.floating], circuit: Edges) -> NDArray[np.floating]:
        """Absolute score of a circuit's edges at each component, [components]."""
        return node_importance(scores, circuit, self.of_sources, self.of_destinations)

    def top(self, importance: NDArray[np.floating], number: int) -> list[int]:
        """Indices of the most important components, at most `number`, those without importance left out."""
        order = np.argsort(-importance, kind="stable")[:number]
        return [index for index in order.tolist() if importance[index] > 0]

    def degree(self, circuit: Edges) -> NDArray[np.floating]:
        """Number of a circuit's edges at each component, [components]."""
        return node_degree(circuit, self.of_sources, self.of_destinations)
