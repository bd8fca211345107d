"""Graphs of the EAP-IG library, put together in loops by its conventions, without the package."""

import random
from typing import Any

Content = dict[str, Any]


def library_nodes(layers: int, heads: int) -> list[str]:
    nodes = ["input"]
    for layer in range(layers):
        for head in range(heads):
            nodes.append(f"a{layer}.h{head}")
        nodes.append(f"m{layer}")
    return [*nodes, "logits"]


def library_edges(layers: int, heads: int) -> list[str]:
    """Every edge in the order in which the library makes them: by what reads, then by what writes."""
    edges, written = [], ["input"]
    for layer in range(layers):
        attention = [f"a{layer}.h{head}" for head in range(heads)]
        for source in written:
            for head in attention:
                for letter in "qkv":
                    edges.append(f"{source}->{head}<{letter}>")
        written += attention
        for source in written:
            edges.append(f"{source}->m{layer}")
        written.append(f"m{layer}")
    return edges + [f"{source}->logits" for source in written]


def library_graph(
    layers: int, heads: int, seed: int = 0, share: float = 0.3, scored: bool = True, d_model: int = 16
) -> Content:
    """A graph with random scores and a random share of its edges in the circuit."""
    drawn = random.Random(seed)
    edges: Content = {}
    for name in library_edges(layers, heads):
        edges[name] = {"score": drawn.gauss(0, 1)} if scored else {}
        edges[name]["in_graph"] = drawn.random() < share
    return {
        "cfg": {"n_layers": layers, "n_heads": heads, "parallel_attn_mlp": False, "d_model": d_model},
        "nodes": {name: {"in_graph": True} for name in library_nodes(layers, heads)},
        "edges": edges,
    }
