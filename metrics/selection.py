"""Which edges come first in a circuit: by mean scores, or by what resamples of the prompts agree on.

A selection is a ranking of all edges, so that there is a circuit of every size, and the smaller one lies in
the larger. Scores are per-group sums, as everywhere: a resample of groups needs no model.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .group_means import weighted_mean
from .group_weights import cluster_weights
from .inputs import Flags, Floats, clusters_of, edge_scores, flags, match, numbers
from .overlap import strength

Selection = Literal["absolute", "positive", "consistent", "frequent"]

RESAMPLED: tuple[Selection, ...] = ("consistent", "frequent")
"""The selections that resamples of the groups decide."""

RESAMPLES = 100
"""Resamples that are asked: what nine of ten of them do is then known to .03, two standard errors to .06."""

AGREED = 0.9
"""The share of the resamples that has to agree (arXiv 2603.00523)."""


def edge_priority(
    sums: ArrayLike,
    counts: ArrayLike,
    clusters: ArrayLike,
    edges: ArrayLike,
    by: Selection = "absolute",
    seed: int = 0,
) -> Floats:
    """What edges are ranked by: `top_edges` of it, with any k, is the circuit of k edges of that selection.

    `absolute`: |mean score|. `positive`: edges of positive mean score first, then the others, both by |mean
    score|. `consistent` (after arXiv 2510.25786): edges whose mean score has the sign of the sample's in at
    least 90 % of the resamples first, the positive ones before the negative ones; then all others, likewise.
    `frequent`: the inclusion frequency of arXiv 2603.00523 at every size: an edge's place is the smallest k
    with which it is among the k of largest |mean score| in at least 90 % of the resamples, so that the edges
    up to place k are those of inclusion frequency ≥ .9 at k; of equals the larger |mean score|.

    Args:
        sums: per-group score sums [groups, sources, destinations].
        counts: examples per group [groups], positive.
        clusters: one label (template) per group [groups], for `cluster_weights`.
        edges: bool [sources, destinations]: which edges exist.
        by: the selection.
        seed: of the resamples, of which there are `RESAMPLES`; one group alone is its own only resample.

    Returns:
        [sources, destinations], not negative, larger: earlier; 0 where no edge is. |mean score| under
        `absolute`, else the places counted from the last one, all different.

    Raises:
        ValueError: NaN at an edge, shapes that do not match, no edges, counts that are not positive, another
            selection.

    >>> sums = np.array([[[3.0, -5.0, 1.0]], [[3.0, 4.5, 1.0]]])
    >>> edge_priority(sums, [1, 1], [0, 0], np.ones((1, 3), bool), "positive").tolist()
    [[3.0, 1.0, 2.0]]
    """
    existing = flags("edges", edges, 2)
    examples = numbers("counts", counts, 1)
    array = np.asarray(sums)
    if array.ndim != 3 or len(array) != len(examples):
        raise ValueError(f"sums must be [{len(examples)} groups, sources, destinations], not {array.shape}")
    match(("a group of sums", "edges"), array[0], existing)
    if not (examples > 0).all():
        raise ValueError("counts must be positive: leave out groups without examples")
    if not existing.any():
        raise ValueError("edges holds no edge at all")
    flat = edge_scores("sums", array, np.broadcast_to(existing, array.shape)).reshape(len(array), -1)
    found = np.zeros(existing.shape)
    found[existing] = priority(flat, examples, clusters, by, seed)
    return found


def priority(sums: Floats, counts: Floats, clusters: ArrayLike, by: Selection, seed: int) -> Floats:
    """`edge_priority` of well-formed sums [groups, edges], by edge [edges]."""
    mean = weighted_mean(sums, counts, np.ones(len(counts)))
    size: Floats = np.abs(mean)
    positive: Flags = mean > 0
    if by == "absolute":
        return size
    if by == "positive":
        return _places(strength(mean, "positive"))
    if by == "consistent":
        return _places(_agreed(sums, counts, clusters, mean, seed), positive, size)
    if by == "frequent":
        return _places(-_safe_place(sums, counts, clusters, seed), size)
    raise ValueError(f"by must be absolute, positive, consistent or frequent, not {by!r}")


def _places(*keys: NDArray[Any]) -> Floats:
    """Places by several keys [edges], the first before all others, counted from the last: n for the first.

    Larger keys come first, and of equals the first in order.
    """
    # Sorted backwards and read backwards: the least whole number has no negative.
    order = len(keys[0]) - 1 - np.lexsort([key[::-1] for key in reversed(keys)])[::-1]
    places = np.empty(len(order))
    places[order] = np.arange(len(order), 0, -1)
    return places


def _resamples(counts: Floats, clusters: ArrayLike, seed: int) -> Floats:
    """Weights of the groups in the resamples [resamples, groups]."""
    if len(counts) == 1:
        return np.ones((1, 1))
    return cluster_weights(clusters_of(clusters, groups=len(counts)), RESAMPLES, seed)


def _agreed(sums: Floats, counts: Floats, clusters: ArrayLike, mean: Floats, seed: int) -> Flags:
    """Of which edges the mean has its sign in enough of the resamples; never where it is 0."""
    sign = np.sign(mean)
    weights = _resamples(counts, clusters, seed)
    same = np.zeros(len(mean), dtype=np.int64)
    for row in weights:
        # One after the other: the means of all resamples of a large graph would take as much as its sums.
        same += np.sign(weighted_mean(sums, counts, row)) == sign
    agreed: Flags = (same >= AGREED * len(weights)) & (sign != 0)
    return agreed


def _safe_place(sums: Floats, counts: Floats, clusters: ArrayLike, seed: int) -> Floats:
    """The place, from 1, that an edge has by |mean score| in enough of the resamples, or an earlier one."""
    weights = _resamples(counts, clusters, seed)
    places = np.empty((len(weights), sums.shape[1]), dtype=np.int32)
    for row, weight in zip(places, weights, strict=True):
        order = np.argsort(-np.abs(weighted_mean(sums, counts, weight)), kind="stable")
        row[order] = np.arange(1, len(order) + 1)
    enough = int(np.ceil(AGREED * len(weights))) - 1
    found: Floats = np.partition(places, enough, axis=0)[enough].astype(np.float64)
    return found
