"""Nodes of a member that are set to zero together: the top ones of each third of the layers, and random ones.

Heads and MLPs are ranked by the absolute scores of all edges at them, and not of those in the compared
circuit: then every third has nodes that can be ranked, and the choice depends on no size and on no other
member. Neurons are ranked by their absolute mean effect.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..circuits.components import Components
from ..record.cards import THIRDS, Third, third_of
from ..record.causality import NODE_KINDS, NodeKind
from ..record.protocol import Ablating
from .score_sums import ScoreSums

Places = NDArray[np.int64]
"""[nodes, 2]: layer and index of each; of an MLP the index is 0."""

Importance = NDArray[np.floating]
"""[layers, nodes of a layer]"""


def top_set(kind: NodeKind, third: Third) -> str:
    """The name of the set of top nodes of a third of the layers."""
    return f"{kind}, {third}"


def random_set(kind: NodeKind, number: int) -> str:
    """The name of a random set, counted from 0."""
    return f"{kind}, random {number}"


def number_of_sets(random_sets: int, neurons: bool, layers: int = len(THIRDS)) -> int:
    """How many sets there are, of a member of so many layers; a third without layers has no top set."""
    return (2 + neurons) * (len({third_of(layer, layers) for layer in range(layers)}) + random_sets)


def layers_of(third: Third, layers: int) -> list[int]:
    """The layers of a third; none where there are too few layers."""
    return [layer for layer in range(layers) if third_of(layer, layers) == third]


def node_importance(scores: ScoreSums) -> dict[NodeKind, Importance]:
    """By kind what nodes are ranked by; without neurons where their effects were not measured."""
    components = Components(scores.graph)
    by_layer = components.importance(scores.attribution.scores(), scores.graph.mask).reshape(
        scores.graph.layers, -1
    )
    # A layer's heads come first, its MLP last.
    found: dict[NodeKind, Importance] = {"heads": by_layer[:, :-1], "mlps": by_layer[:, -1:]}
    if scores.attribution.neuron_sums is not None:
        found["neurons"] = np.abs(scores.attribution.neurons())
    return found


def set_size(layers: int, of_layer: int, most: int) -> int:
    """How many nodes are zero at once: `most`, or half of those in the smallest third, one at least.

    With all of a third there would be none to choose.
    """
    thirds = [len(layers_of(third, layers)) for third in THIRDS]
    return max(1, min(most, min(filter(None, thirds)) * of_layer // 2))


def sizes_of(layers: Mapping[NodeKind, tuple[int, int]], ablating: Ablating) -> dict[NodeKind, int]:
    """By kind the number of nodes of a set; `layers`: how many, and how many nodes of the kind each has."""
    most = dict(
        zip(
            NODE_KINDS,
            (ablating.ablated_heads, ablating.ablated_mlps, ablating.ablated_neurons),
            strict=True,
        )
    )
    return {kind: set_size(*shape, most[kind]) for kind, shape in layers.items()}


def node_sets(scores: ScoreSums, ablating: Ablating, seed: int) -> dict[str, Places]:
    """The sets by name: of each kind the top one of every third that has layers, then the random ones."""
    importance = node_importance(scores)
    shapes = {kind: (len(each), each.shape[1]) for kind, each in importance.items()}
    found: dict[str, Places] = {}
    for kind, size in sizes_of(shapes, ablating).items():
        for third in THIRDS:
            if own := layers_of(third, len(importance[kind])):
                found[top_set(kind, third)] = _top(importance[kind], own, size)
        found |= random_sets(kind, shapes[kind], size, ablating.random_sets, seed)
    return found


def random_sets(
    kind: NodeKind, shape: tuple[int, int], size: int, number: int, seed: int
) -> dict[str, Places]:
    """Sets of so many nodes of a kind, each drawn evenly from all layers; the same for both members.

    `shape`: of the layers, and of a layer's nodes.
    """
    generator = np.random.default_rng([seed, 6, NODE_KINDS.index(kind)])
    found = {}
    for index in range(number):
        drawn = np.sort(generator.choice(shape[0] * shape[1], size, replace=False))
        found[random_set(kind, index)] = _places(drawn, shape[1])
    return found


def _top(importance: Importance, layers: list[int], size: int) -> Places:
    """The most important nodes of those layers; of equals the first."""
    order = np.argsort(-importance[layers].ravel(), kind="stable")[:size]
    # The layers of a third stand one behind the other.
    first = layers[0] * importance.shape[1]
    return _places(first + np.sort(order), importance.shape[1])


def _places(index: NDArray[np.int64], of_layer: int) -> Places:
    return np.stack(np.divmod(index, of_layer), axis=1).astype(np.int64)
