"""A model's graph of nodes and edges, as index arithmetic over two axes and a boolean mask.

Sources write to the residual stream, destinations read from it; an edge is a pair (source, destination)
in which the writing comes first. Names and axis orders are those of the EAP-IG library (arXiv 2403.17806).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ...errors import NotComputable, UsageError
from ...metrics import Ranking, top_edges

if TYPE_CHECKING:
    from ..pairs.backbones import Shape

Edges = NDArray[np.bool_]
Scores = NDArray[np.floating]


@dataclass(frozen=True)
class Graph:
    """The nodes of a model with sequential blocks, and which of them can be joined by an edge.

    Sources: `input`, then per layer the heads and the MLP. Destinations: per layer the q input of every
    head, the k and v inputs of every key/value head, the input of the MLP; `logits` last. With fewer
    key/value heads than heads, head h reads through key/value head h // (heads / kv_heads).
    """

    layers: int
    heads: int
    kv_heads: int

    def __post_init__(self) -> None:
        if min(self.layers, self.heads, self.kv_heads) < 1 or self.heads % self.kv_heads:
            raise UsageError(
                f"no graph has {self.layers} layers, {self.heads} heads and {self.kv_heads} key/value heads",
                "all must be positive, and the heads a multiple of the key/value heads",
            )

    @classmethod
    def of(cls, shape: "Shape", kv: Literal["grouped", "ungrouped"] = "grouped") -> "Graph":
        """The graph of a model of this shape, with the key/value heads that it has, or one per head."""
        return cls(shape.layers, shape.heads, shape.kv_heads if kv == "grouped" else shape.heads)

    @property
    def sources_per_layer(self) -> int:
        """Heads and the MLP."""
        return self.heads + 1

    @property
    def destinations_per_layer(self) -> int:
        """Inputs of queries, keys, values and the MLP."""
        return self.heads + 2 * self.kv_heads + 1

    @property
    def sources(self) -> int:
        """Length of the source axis."""
        return 1 + self.layers * self.sources_per_layer

    @property
    def destinations(self) -> int:
        """Length of the destination axis."""
        return self.layers * self.destinations_per_layer + 1

    @property
    def edges(self) -> int:
        """Number of edges: a layer's inputs read all that came before it, its MLP also its heads."""
        before = sum(1 + layer * self.sources_per_layer for layer in range(self.layers))
        return before * self.destinations_per_layer + self.layers * self.heads + self.sources

    @cached_property
    def mask(self) -> Edges:
        """Boolean [sources, destinations]: which edges exist."""
        readable = np.append(
            (
                1
                + np.arange(self.layers)[:, None] * self.sources_per_layer
                + np.array([0] * (self.destinations_per_layer - 1) + [self.heads])
            ).ravel(),
            self.sources,
        )
        mask = np.arange(self.sources)[:, None] < readable
        mask.flags.writeable = False
        return mask

    @cached_property
    def source_layers(self) -> NDArray[np.int64]:
        """Layer of each source; −1 for the input."""
        return np.append(-1, np.repeat(np.arange(self.layers), self.sources_per_layer))

    @cached_property
    def destination_layers(self) -> NDArray[np.int64]:
        """Layer of each destination; the number of layers for the logits."""
        return np.append(np.repeat(np.arange(self.layers), self.destinations_per_layer), self.layers)

    @cached_property
    def source_kinds(self) -> NDArray[np.str_]:
        """`input`, `head` or `mlp` for each source."""
        return np.array(["input", *(["head"] * self.heads + ["mlp"]) * self.layers])

    @cached_property
    def destination_kinds(self) -> NDArray[np.str_]:
        """`q`, `k`, `v`, `mlp` or `logits` for each destination."""
        layer = ["q"] * self.heads + ["k"] * self.kv_heads + ["v"] * self.kv_heads + ["mlp"]
        return np.array([*layer * self.layers, "logits"])

    @cached_property
    def source_names(self) -> tuple[str, ...]:
        """`input`, `a0.h0`, …, `m0`, `a1.h0` and so on."""
        names = ["input"]
        for layer in range(self.layers):
            names += [f"a{layer}.h{head}" for head in range(self.heads)] + [f"m{layer}"]
        return tuple(names)

    @cached_property
    def destination_names(self) -> tuple[str, ...]:
        """`a0.h0<q>`, …, `a0.h0<k>`, …, `a0.h0<v>`, …, `m0`, …, `logits`; shared keys are `a0.g0<k>`."""
        shared = "h" if self.kv_heads == self.heads else "g"
        names: list[str] = []
        for layer in range(self.layers):
            names += [f"a{layer}.h{head}<q>" for head in range(self.heads)]
            names += [f"a{layer}.{shared}{head}<{kind}>" for kind in "kv" for head in range(self.kv_heads)]
            names.append(f"m{layer}")
        return (*names, "logits")

    def edge_names(self, edges: Edges | None = None) -> list[str]:
        """`source->destination` of the edges [sources, destinations] (None: all), row by row."""
        sources, destinations = np.nonzero(self.mask if edges is None else self.checked(edges))
        return [
            f"{self.source_names[source]}->{self.destination_names[destination]}"
            for source, destination in zip(sources, destinations, strict=True)
        ]

    def checked(self, edges: Edges) -> Edges:
        """The edges [..., sources, destinations] themselves.

        Raises UsageError where the shape is not the graph's, or an edge is not one of its edges.
        """
        if edges.dtype != np.bool_ or edges.shape[-2:] != self.mask.shape:
            raise UsageError(
                f"edges are {edges.dtype} of shape {edges.shape}",
                f"this graph takes boolean edges [..., {self.sources}, {self.destinations}]",
            )
        if (edges & ~self.mask).any():
            raise UsageError(
                "an edge's source writes after its destination has read", "keep only edges within Graph.mask"
            )
        return edges

    def select(self, scores: Scores, budget: int, by: Ranking = "absolute") -> Edges:
        """The `budget` highest-ranked edges, [sources, destinations]; of equals the first in row order.

        `scores`: [sources, destinations], ranked by |score| or by signed score (largest first); what is
        outside the mask is ignored. Raises NotComputable where a score is not finite, and UsageError for a
        budget beyond the number of edges or scores of another shape.
        """
        if scores.shape != self.mask.shape:
            raise UsageError(
                f"scores have shape {scores.shape}, the graph {self.mask.shape}", "take the model's own graph"
            )
        if not 0 <= budget <= self.edges:
            raise UsageError(f"a budget of {budget} edges", f"the graph has {self.edges} edges")
        if not np.isfinite(scores[self.mask]).all():
            raise NotComputable("some edge scores are not finite", "look for overflow in the activations")
        return top_edges(scores, self.mask, budget, by) if budget else np.zeros_like(self.mask)

    def prune(self, edges: Edges) -> Edges:
        """The edges that lie on a path from `input` to `logits` through kept edges, [sources, destinations].

        A head is one node: what any of its q, k, v inputs reads can reach what it writes. An input that a
        group of heads shares leads on where any of them does. Under `patch` the rest runs as the whole does,
        since a node without kept inputs writes what it wrote in the corrupted run.
        """
        kept = self.checked(edges).copy()
        group = np.arange(self.heads) // (self.heads // self.kv_heads)
        for layer in reversed(range(self.layers)):
            (heads, mlp), (q, k, v, mlp_input) = self._sources_of(layer), self._destinations_of(layer)
            kept[:, mlp_input] &= kept[mlp].any()
            leads_on = kept[heads].any(axis=1)
            kept[:, q] &= leads_on
            shared = np.bincount(group, leads_on) > 0
            kept[:, k] &= shared
            kept[:, v] &= shared
        for layer in range(self.layers):
            (heads, mlp), (q, k, v, mlp_input) = self._sources_of(layer), self._destinations_of(layer)
            shared_reached: Edges = np.logical_or.reduce(kept[:, k] | kept[:, v])
            reached = kept[:, q].any(axis=0) | shared_reached[group]
            kept[heads] &= reached[:, None]
            kept[mlp] &= kept[:, mlp_input].any()
        return kept

    def _sources_of(self, layer: int) -> tuple[slice, int]:
        first = 1 + layer * self.sources_per_layer
        return slice(first, first + self.heads), first + self.heads

    def _destinations_of(self, layer: int) -> tuple[slice, slice, slice, int]:
        q = layer * self.destinations_per_layer
        k = q + self.heads
        v = k + self.kv_heads
        return slice(q, k), slice(k, v), slice(v, v + self.kv_heads), v + self.kv_heads
