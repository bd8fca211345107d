"""How much passes through each component in every one of many resamples of the prompts.

As `node_importance` of weighted mean scores, without a pass over the graph for each resample: of many at
once, and of a circuit's edges alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .buffers import Buffers
from .components import incidence
from .inputs import Floats, Integers, flags, whole
from .largest_sets import top_sets
from .overlap import Ranking
from .packed import CHUNK, Bits, places_of
from .products import Doubles, examples_of, rows_of_weights
from .screened import ScreenedSums, checked_sums, screened
from .threads import each_of

ROWS = 64
"""Resamples of circuits that stay that are looked at together."""

ROWS_FOUND = 128
"""Resamples of circuits found anew that are looked at together: of all, sums are brought into one order."""


@dataclass(frozen=True, eq=False)
class CircuitMasses:
    """Of a circuit in each resample the importance and the degree of every component, [rows, components]."""

    importance: Doubles
    degree: Doubles


def circuit_masses(
    sums: Sequence[ArrayLike],
    counts: ArrayLike,
    weights: ArrayLike,
    edges: ArrayLike,
    k: int,
    source_component: ArrayLike,
    destination_component: ArrayLike,
    by: Ranking = "absolute",
    threads: int = 1,
) -> list[CircuitMasses]:
    """`node_importance` and `node_degree` of the k largest edges of each weighted mean, found anew in each.

    Args:
        sums: of each model the score sums [groups, sources, destinations] over the same examples.
        counts: examples per group [groups].
        weights: [rows, groups], see `cluster_weights`.
        edges: bool [sources, destinations], those that exist.
        k: edges of a circuit.
        source_component, destination_component: incidence matrices, see `node_importance`.
        by: ranking of the edges.
        threads: how many find them at once, which changes no number.

    Returns:
        For each model importance (in the units of a score) and degree.

    Raises:
        ValueError: NaN at an edge, shapes that do not match, k outside 1..edges, counts that are not
            positive, scores beyond all numbers.

    >>> sums = np.array([[[1.0, -2.0]], [[3.0, -2.0]]])
    >>> nodes = np.ones((1, 1)), np.zeros((1, 2))
    >>> weights = [[1.0, 1.0], [2.0, 0.0]]
    >>> (found,) = circuit_masses([sums], [1, 1], weights, np.ones((1, 2), bool), 1, *nodes)
    >>> found.importance.tolist(), found.degree.tolist()
    ([[2.0], [2.0]], [[1.0], [1.0]])
    """
    existing, examples = flags("edges", edges, 2), examples_of(counts)
    matrices = incidence(source_component, destination_component, existing.shape)
    size = whole("k", k, 1, int(existing.sum()))
    rows = rows_of_weights(weights, len(examples))
    checked = [checked_sums("sums", each, existing, len(examples)) for each in sums]
    models = screened(checked, existing, examples)
    return [_of_model(model, rows, size, by, existing.shape, matrices, threads) for model in models]


def fixed_masses(
    sums: ArrayLike,
    counts: ArrayLike,
    weights: ArrayLike,
    circuit: ArrayLike,
    source_component: ArrayLike,
    destination_component: ArrayLike,
) -> Doubles:
    """`node_importance` of the same circuit in each weighted mean.

    Args:
        sums: score sums [groups, sources, destinations].
        circuit: bool [sources, destinations], the kept edges.
        counts, weights, source_component, destination_component: as in `circuit_masses`.

    Returns:
        [rows, components], in the units of a score.

    Raises:
        ValueError: as `circuit_masses`; an empty circuit.

    >>> sums = np.array([[[1.0, -2.0]], [[3.0, -2.0]]])
    >>> nodes = np.ones((1, 1)), np.zeros((1, 2))
    >>> fixed_masses(sums, [1, 1], [[1.0, 1.0], [2.0, 0.0]], np.ones((1, 2), bool), *nodes).tolist()
    [[4.0], [3.0]]
    """
    kept, examples = flags("circuit", circuit, 2), examples_of(counts)
    matrices = incidence(source_component, destination_component, kept.shape)
    rows = rows_of_weights(weights, len(examples))
    by_place = checked_sums("sums", sums, kept, len(examples)).reshape(len(examples), *kept.shape)
    share = rows / (rows @ examples)[:, None]
    leaving, entering = np.zeros((len(rows), kept.shape[0])), np.zeros((len(rows), kept.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for source in np.flatnonzero(kept.any(axis=1)):
            at = _range(np.flatnonzero(kept[source]))
            of_source = by_place[:, source, at]
            for start in range(0, len(rows), ROWS):
                mass = np.abs(share[start : start + ROWS] @ of_source)
                leaving[start : start + ROWS, source] = mass.sum(axis=1)
                entering[start : start + ROWS, at] += mass
        return _finite(leaving @ matrices[0].T + entering @ matrices[1].T)


def _range(places: Integers) -> slice | Integers:
    """The places as a slice where none is left out: that takes a quarter of the time."""
    first, last = int(places[0]), int(places[-1])
    return slice(first, last + 1) if last - first + 1 == len(places) else places


def _of_model(
    model: ScreenedSums,
    weights: Doubles,
    k: int,
    by: Ranking,
    shape: tuple[int, ...],
    matrices: tuple[Floats, Floats],
    threads: int,
) -> CircuitMasses:
    source, destination = np.divmod(model.places, shape[1])
    ends = np.stack([source, destination + shape[0]])
    mass, degree = (np.zeros((len(weights), sum(shape))) for _ in range(2))
    buffers = Buffers()

    def add(rows: slice) -> None:
        (bits,) = top_sets(model, weights[rows], [k], by, buffers=buffers).bits
        _add_circuits(model, weights[rows], bits, ends, mass[rows], degree[rows], buffers)

    blocks = [slice(start, start + ROWS_FOUND) for start in range(0, len(weights), ROWS_FOUND)]
    each_of(blocks, add, threads)
    of_nodes = np.concatenate(matrices, axis=1).T
    return CircuitMasses(_finite(mass @ of_nodes), degree @ of_nodes)


def _add_circuits(
    model: ScreenedSums,
    weights: Doubles,
    bits: Bits,
    ends: Integers,
    mass: Doubles,
    degree: Doubles,
    buffers: Buffers,
) -> None:
    """Add the scores and the number of the edges that are set to their ends, [rows, nodes]."""
    share = weights / (weights @ model.counts)[:, None]
    for start in range(0, min(8 * bits.shape[1], ends.shape[1]), CHUNK):
        nodes = ends[:, start : start + CHUNK]
        eighths = np.ascontiguousarray(bits[:, start // 8 : (start + CHUNK) // 8])
        width = 8 * eighths.shape[1]
        at = places_of(eighths)
        row = at // width
        column = at - row * width
        scores = buffers.array("scores", (len(share), width), np.float64)
        sums = model.sums[:, model.places[start : start + CHUNK]]
        with np.errstate(over="ignore", invalid="ignore"):
            np.matmul(share, sums, out=scores[:, : sums.shape[1]])
            values = np.abs(scores.reshape(-1)[at])
        for end in nodes:
            to = row * mass.shape[1] + end[column]
            np.add.at(mass.reshape(-1), to, values)
            np.add.at(degree.reshape(-1), to, 1.0)


def _finite(importance: Doubles) -> Doubles:
    if not np.isfinite(importance).all():
        raise ValueError("scores are so large that their sums are beyond all numbers: scale them down")
    return importance
