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

MOST_NODES = 1_000_000
"""Heads and MLPs of the largest graph; a model of 126 layers with 128 heads has 16,254."""


@dataclass(frozen=True)
class SiteAxes:
    """Where a site, at which the residual stream is read, is on the axes of the graph.

    `layer`: its layer, the number of layers for the logits. `readable`: how many sources have written before
    it, the first ones of the source axis. `destinations`: what reads here. `written`: the sources that write
    what has been read here, none for the logits.
    """

    layer: int
    kind: Literal["attention", "mlp", "logits"]
    readable: int
    destinations: slice
    written: slice

    @property
    def readers(self) -> int:
        """How many destinations read here."""
        return int(self.destinations.stop - self.destinations.start)


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
        sizes = (self.layers, self.heads, self.kv_heads)
        # `isinstance` would accept True as a whole number.
        if any(type(size) is not int for size in sizes) or min(sizes) < 1 or self.heads % self.kv_heads:
            raise UsageError(
                f"no graph has {self.layers} layers, {self.heads} heads and {self.kv_heads} key/value heads",
                "all must be positive whole numbers, and the heads a multiple of the key/value heads",
            )
        # Sizes come from files, and the axes are counted out layer by layer.
        if self.layers * (self.heads + 1) > MOST_NODES:
            raise UsageError(
                f"a graph of {self.layers} layers and {self.heads} heads has more than {MOST_NODES:,} nodes",
                "correct the numbers of layers and heads in the file that they come from",
            )

    @classmethod
    def of(cls, shape: "Shape", kv: Literal["grouped", "ungrouped"] = "grouped") -> "Graph":
        """The graph of a model of this shape, with the key/value heads that it has, or one per head."""
        return cls(shape.layers, shape.heads, shape.kv_heads if kv == "grouped" else shape.heads)

    @cached_property
    def sites(self) -> tuple[SiteAxes, ...]:
        """Attention and MLP of every layer, then the logits: the order in which a pass reads and writes.

        Nothing else says which place on the axes belongs to what.
        """
        found: list[SiteAxes] = []
        source, destination = 1, 0  # the input has written, and nothing has read yet
        for layer in range(self.layers):
            attention = slice(destination, destination + self.heads + 2 * self.kv_heads)
            heads = slice(source, source + self.heads)
            found.append(SiteAxes(layer, "attention", source, attention, heads))
            # The MLP comes after the heads, and so reads those of its own layer too.
            mlp, mlp_input = slice(heads.stop, heads.stop + 1), slice(attention.stop, attention.stop + 1)
            found.append(SiteAxes(layer, "mlp", heads.stop, mlp_input, mlp))
            source, destination = mlp.stop, mlp_input.stop
        logits = slice(destination, destination + 1)
        return (*found, SiteAxes(self.layers, "logits", source, logits, slice(source, source)))

    @property
    def sources(self) -> int:
        """Length of the source axis."""
        return self.sites[-1].readable

    @property
    def destinations(self) -> int:
        """Length of the destination axis."""
        return int(self.sites[-1].destinations.stop)

    @property
    def edges(self) -> int:
        """Number of edges: a layer's inputs read all that came before it, its MLP also its heads."""
        return sum(site.readable * site.readers for site in self.sites)

    @cached_property
    def mask(self) -> Edges:
        """Boolean [sources, destinations]: which edges exist."""
        readable = np.repeat([site.readable for site in self.sites], [site.readers for site in self.sites])
        mask = np.arange(self.sources)[:, None] < readable
        # The mask is cached and shared, so nobody may write to it.
        mask.flags.writeable = False
        return mask

    @cached_property
    def source_layers(self) -> NDArray[np.int64]:
        """Layer of each source; −1 for the input."""
        return np.append(-1, np.repeat(np.arange(self.layers), self.heads + 1))

    @cached_property
    def destination_layers(self) -> NDArray[np.int64]:
        """Layer of each destination; the number of layers for the logits."""
        return np.repeat([site.layer for site in self.sites], [site.readers for site in self.sites])

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
        # First back from the logits, then forward from the input. Edges only lead upwards, so one pass each
        # way is enough: the second removes no edge on a path from the input to the logits.
        layers = list(zip(self.sites[:-1:2], self.sites[1::2], strict=True))
        for attention, mlp in reversed(layers):
            q, k, v = self._inputs_of(attention)
            kept[:, mlp.destinations] &= kept[mlp.written].any()
            leads_on = kept[attention.written].any(axis=1)
            kept[:, q] &= leads_on
            shared = np.bincount(group, leads_on) > 0
            kept[:, k] &= shared
            kept[:, v] &= shared
        for attention, mlp in layers:
            q, k, v = self._inputs_of(attention)
            shared_reached: Edges = np.logical_or.reduce(kept[:, k] | kept[:, v])
            reached = kept[:, q].any(axis=0) | shared_reached[group]
            kept[attention.written] &= reached[:, None]
            kept[mlp.written] &= kept[:, mlp.destinations].any()
        return kept

    def relabelled(
        self, scores: Scores, heads: NDArray[np.int64], kv_heads: NDArray[np.int64]
    ) -> NDArray[np.floating]:
        """Scores [sources, destinations] with other indices of heads within each layer.

        What the result has of head h is what `scores` has of head `heads[layer, h]`, and of key/value head g
        that of `kv_heads[layer, g]`.
        """
        sources, destinations = np.arange(self.sources), np.arange(self.destinations)
        for attention in self.sites[:-1:2]:
            own, shared = heads[attention.layer], kv_heads[attention.layer]
            sources[attention.written] = attention.written.start + own
            for inputs, order in zip(self._inputs_of(attention), (own, shared, shared), strict=True):
                destinations[inputs] = inputs.start + order
        return scores[np.ix_(sources, destinations)]

    def _inputs_of(self, attention: SiteAxes) -> tuple[slice, slice, slice]:
        """The q, k and v inputs among the destinations of an attention."""
        q = attention.destinations.start
        k = q + self.heads
        v = k + self.kv_heads
        return slice(q, k), slice(k, v), slice(v, attention.destinations.stop)
