"""A circuit of shared key/value inputs as one of an input per head, as circuits.ungroup gives them a model.

Exact for which edges are kept: every copy of a shared input reads what the shared one read. Not for
scores: a shared input's score is the sum over its copies, and does not say what each of them has.
"""

import numpy as np
from numpy.typing import NDArray

from ..circuits.graph import Edges, Graph


def ungrouped(graph: Graph) -> Graph:
    """The graph of the same model with one key/value head per head."""
    return Graph(graph.layers, graph.heads, graph.heads)


def copies(graph: Graph) -> NDArray[np.int64]:
    """How many destinations of the ungrouped graph each destination stands for, [destinations]."""
    shared = np.isin(graph.destination_kinds, ("k", "v"))
    return np.where(shared, graph.heads // graph.kv_heads, 1)


def ungrouped_edges(graph: Graph, edges: Edges) -> Edges:
    """The edges [..., sources, destinations] of the ungrouped graph: of a shared input's, every copy."""
    return np.repeat(edges, copies(graph), axis=-1)
