"""What a stack of circuits is made of: which sources each destination adds or takes off, and from what.

With references R (the corrupted run, zero, or means) and outputs `now`, destination v of circuit C reads

    x_v = x_v(R) + Σ_{u : (u,v) ∈ C} (now_u − R_u)  =  x_v(now) − Σ_{u : (u,v) ∉ C} (now_u − R_u)

Circuits of at most half of all edges read by the first form alone. Nobody reads the residual stream as the
model has it then, so that modules whose output no kept edge carries need not run. In larger circuits each
destination takes the form that sums fewer edges.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..pairs.backbones import Backbone
from .capture import Outputs
from .graph import Edges, Graph

STREAMS = 2
"""Beside what sources write a stack holds the residual stream, as it is now and of the references."""


def reference_streams(backbone: Backbone, reference: Outputs, before: int) -> Iterator[Tensor]:
    """The residual stream of the references at each site, float32 [rows, tokens, width], where the site is.

    `before`: how many tokens stand before them. Position embeddings and the biases of attention output maps
    belong to no edge, and so are always there.
    """
    stream = reference.embedding
    if backbone.position_embedding is not None:
        at = slice(before, before + stream.shape[1])
        stream = stream + backbone.position_embedding.weight[at].float()
    for index, layer in enumerate(backbone.layers):
        stream = stream.to(layer.output_weight.device)
        yield stream
        stream = stream + reference.heads[index] @ layer.output_weight.float().T
        bias: Tensor | None = getattr(layer.output, "bias", None)
        if bias is not None:
            stream = stream + bias.float()
        yield stream
        stream = stream + reference.mlps[index]
    yield stream


@dataclass(frozen=True, eq=False)
class StackPlan:
    """How circuits [circuits, sources, destinations] are run.

    `native`: [circuits, destinations], whether a destination reads the stream as it is now less the edges
    that are not kept, and not the references and the edges that are; `weights`: [circuits, sources,
    destinations], 1 and −1 for the edges that are added and taken off. `used`: [circuits, sources], whether
    some destination reads a source so; `whole`: [circuits], whether all modules run.
    """

    native: Edges
    weights: NDArray[np.int8]
    used: Edges
    whole: Edges

    @classmethod
    def of(cls, graph: Graph, edges: Edges) -> "StackPlan":
        """That of circuits of a graph."""
        kept = edges.sum(axis=1)
        whole = 2 * kept.sum(axis=1) > graph.edges
        native = whole[:, None] & (2 * kept > graph.mask.sum(axis=0))
        weights = edges.astype(np.int8)
        weights -= native[:, None] & graph.mask
        return cls(native, weights, np.any(weights, axis=2), whole)

    def __getitem__(self, circuits: slice) -> "StackPlan":
        """That of some of the circuits."""
        return StackPlan(
            self.native[circuits], self.weights[circuits], self.used[circuits], self.whole[circuits]
        )

    @property
    def streams(self) -> int:
        """How many streams [rows, tokens, width] a stack of all of them holds."""
        return len(self.whole) * (STREAMS + int(self.used.any(axis=0).sum()))
