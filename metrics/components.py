"""From edges to components: which heads and MLPs a circuit touches, and how much passes through each.

A component (a head, an MLP, the input, the logits) has a place among the sources, among the
destinations, or both. *Incidence matrices*, [components, sources] and [components, destinations], say
which: entry 1 where the source or destination is the component's own. A destination shared by several
components (the key or value projection of a group of query heads) has one entry per component, with
sum 1: its mass is shared equally, because scores of grouped edges do not tell which head of the group
they serve. A column of zeros leaves a node out. Columns never sum to more than 1, so that no mass is
invented.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Flags, Floats, Integers, edge_scores, flags, match, numbers, whole


def node_importance(
    scores: ArrayLike, circuit: ArrayLike, source_component: ArrayLike, destination_component: ArrayLike
) -> Floats:
    """Importance of each component: absolute score of the kept edges at either of its ends.

    s(v) = Σ |S(e)| over the circuit's edges e that leave or enter v (a share of |S(e)| where e enters a
    destination that v shares). An edge between two components counts once for each.

    Args:
        scores: [sources, destinations]; anything where the circuit has no edge.
        circuit: bool [sources, destinations], the kept edges.
        source_component: [components, sources], columns summing to at most 1.
        destination_component: [components, destinations], likewise.

    Returns:
        [components], in the units of the scores, ≥ 0; larger: more passes through.

    Raises:
        ValueError: NaN at a kept edge, an empty circuit, shapes that do not match, an incidence matrix
            with negative entries or a column above 1, scores whose sum is beyond all numbers.

    >>> import numpy as np
    >>> scores = np.array([[1.0, -2.0], [0.0, 3.0]])
    >>> node_importance(scores, scores != 0, np.eye(2), np.eye(2)).tolist()
    [4.0, 8.0]
    """
    kept = flags("circuit", circuit, 2)
    mass = np.zeros(kept.shape)
    mass[kept] = np.abs(edge_scores("scores", scores, kept))
    sources, destinations = incidence(source_component, destination_component, kept.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        importance = np.asarray(sources @ mass.sum(axis=1) + destinations @ mass.sum(axis=0))
    if not np.isfinite(importance).all():
        raise ValueError("scores are so large that their sums are beyond all numbers: scale them down")
    return importance


def node_degree(circuit: ArrayLike, source_component: ArrayLike, destination_component: ArrayLike) -> Floats:
    """Number of kept edges at either end of each component [components]; as `node_importance` with |S| = 1.

    Of the graph of all edges it is, up to a factor, what circuits of uniformly drawn edges have on
    average: E[degree] = k/M · degree of the full graph.

    >>> import numpy as np
    >>> node_degree(np.array([[True, True], [False, True]]), np.eye(2), np.eye(2)).tolist()
    [3.0, 3.0]
    """
    kept = flags("circuit", circuit, 2)
    return node_importance(np.ones(kept.shape), kept, source_component, destination_component)


def touched_components(
    circuits: ArrayLike, source_component: ArrayLike, destination_component: ArrayLike
) -> Flags:
    """Which components circuits [..., sources, destinations] touch: bool [..., components].

    A component is touched when an edge leaves or enters it, or enters a destination that it shares:
    one edge into a shared key projection touches every head of the group.

    Raises:
        ValueError: as `node_importance`; an empty circuit touches nothing and is no error.

    >>> import numpy as np
    >>> touched_components(np.array([[False, True], [False, False]]), np.eye(2), np.eye(2)).tolist()
    [True, True]
    """
    kept = flags("circuits", circuits)
    if kept.ndim < 2:
        raise ValueError(f"circuits must be [..., sources, destinations] and has shape {kept.shape}")
    matrices = incidence(source_component, destination_component, kept.shape[-2:])
    return _touched(np.asarray(kept.any(axis=-1)), np.asarray(kept.any(axis=-2)), matrices)


def _touched(leaving: Flags, entering: Flags, matrices: tuple[Floats, Floats]) -> Flags:
    """Components [..., components] touched by edges that leave these sources and enter these destinations."""
    # Any edge counts once, and a share of a grouped destination touches as much as all of it.
    of_sources, of_destinations = matrices
    count = leaving.astype(np.float64) @ of_sources.T + entering.astype(np.float64) @ of_destinations.T
    return np.asarray(count > 0)


def edges_at_components(
    edges: ArrayLike, source_component: ArrayLike, destination_component: ArrayLike
) -> Integers:
    """How many edges leave or enter each component [components], whole ones, one between its own ends once.

    Those that touch it, see `touched_components`; `node_degree` counts parts of shared ones.

    >>> import numpy as np
    >>> edges_at_components(np.ones((2, 3), bool), np.eye(2), np.eye(2, 3)).tolist()
    [4, 4]
    """
    existing = flags("edges", edges, 2)
    matrices = incidence(source_component, destination_component, existing.shape)
    leaving, entering = existing.sum(axis=1), existing.sum(axis=0)
    found = [
        leaving[source].sum() + entering[destination].sum() - existing[np.ix_(source, destination)].sum()
        for source, destination in zip(*(matrix > 0 for matrix in matrices), strict=True)
    ]
    return np.array(found, dtype=np.int64)


def random_circuits(edges: ArrayLike, k: int, draws: int = 200, seed: int = 0) -> Iterator[Flags]:
    """Circuits of k edges drawn uniformly from those that exist: `draws` times bool [sources, destinations].

    Raises:
        ValueError: k below 1 or above the number of edges.

    >>> import numpy as np
    >>> [int(circuit.sum()) for circuit in random_circuits(np.ones((3, 4), bool), k=5, draws=2)]
    [5, 5]
    """
    existing = flags("edges", edges, 2)
    for places in random_places(existing, k, draws, seed):
        circuit = np.zeros(existing.size, dtype=np.bool_)
        circuit[places] = True
        yield circuit.reshape(existing.shape)


def random_components(
    edges: ArrayLike,
    k: int,
    source_component: ArrayLike,
    destination_component: ArrayLike,
    draws: int = 200,
    seed: int = 0,
) -> Flags:
    """Components that the circuits of `random_circuits` touch, bool [draws, components].

    Raises:
        ValueError: as `random_circuits` and `touched_components`.

    >>> import numpy as np
    >>> random_components(np.ones((2, 2), bool), 3, np.eye(2), np.eye(2), draws=2).tolist()
    [[True, True], [True, True]]
    """
    existing = flags("edges", edges, 2)
    matrices = incidence(source_component, destination_component, existing.shape)
    leaving = np.zeros((whole("draws", draws, 1), existing.shape[0]), dtype=np.bool_)
    entering = np.zeros((draws, existing.shape[1]), dtype=np.bool_)
    # The ends of the drawn edges are all that is asked for: no circuit is laid out over the graph.
    for row, places in enumerate(random_places(existing, k, draws, seed)):
        source = places // existing.shape[1]
        leaving[row, source] = True
        entering[row, places - source * existing.shape[1]] = True
    return _touched(leaving, entering, matrices)


def random_places(existing: Flags, k: int, draws: int, seed: int) -> Iterator[Integers]:
    """Places in the flattened graph of k edges drawn uniformly, `draws` times [k]."""
    places = np.flatnonzero(existing)
    size = whole("k", k, 1, len(places))
    generator = np.random.default_rng(seed)
    for _ in range(whole("draws", draws, 1)):
        yield generator.choice(places, size, replace=False)


def incidence(
    source_component: ArrayLike, destination_component: ArrayLike, shape: tuple[int, ...]
) -> tuple[Floats, Floats]:
    """Both incidence matrices, checked against a graph of shape (sources, destinations)."""
    sources = numbers("source_component", source_component, 2)
    destinations = numbers("destination_component", destination_component, 2)
    match(("components of sources", "of destinations"), sources[:, 0], destinations[:, 0])
    for name, matrix, nodes in (
        ("source_component", sources, shape[0]),
        ("destination_component", destinations, shape[1]),
    ):
        if matrix.shape[1] != nodes:
            raise ValueError(f"{name} is for {matrix.shape[1]} nodes and the circuit has {nodes}")
        # Entries before sums, which huge entries would make overflow.
        if (matrix < 0).any() or (matrix > 1 + 1e-6).any() or (matrix.sum(axis=0) > 1 + 1e-6).any():
            raise ValueError(
                f"{name} must be ≥ 0 with columns summing to at most 1: share mass, do not copy it"
            )
    return sources, destinations
