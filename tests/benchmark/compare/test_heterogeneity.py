"""Clusters of a member's groups in its record: of planted circuits, and why there are none."""

import dataclasses

import numpy as np
import pytest

from build.evidence import GRAPH, evidence
from mechshift.benchmark.compare.heterogeneity import heterogeneity
from mechshift.benchmark.measure.score_sums import ScoreSums
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Statistics

STATISTICS = Statistics(resampling_seed=0, resamples=10, splits=2)


def with_sums(sums: np.ndarray) -> ScoreSums:
    """Scores with these sums [groups, sources, destinations], of edges and of what is none."""
    scores = evidence(1).scores
    counts = scores.attribution.counts[: len(sums)]
    attribution = dataclasses.replace(
        scores.attribution,
        score_sums=sums * counts[:, None, None],
        counts=counts,
        groups=np.repeat(np.arange(len(sums)), counts),
        clean=scores.attribution.clean[: counts.sum()],
        corrupted=scores.attribution.corrupted[: counts.sum()],
    )
    return dataclasses.replace(
        scores,
        attribution=attribution,
        templates=scores.templates[: len(sums)],
        examples=scores.examples[: counts.sum()],
    )


def two_circuits() -> np.ndarray:
    generator = np.random.default_rng(0)
    circuits = generator.normal(size=(2, *GRAPH.mask.shape)).repeat(4, axis=0)
    return circuits + 0.2 * generator.normal(size=circuits.shape)


def value(found: object) -> float:
    assert isinstance(found, Number)
    return found.value


def test_planted_circuits_are_two_clusters() -> None:
    found = heterogeneity(with_sums(two_circuits()), STATISTICS)
    assert (value(found["clusters"]), value(found["p"])) == (2, 0.01)
    assert value(found["silhouette"]) > value(found["silhouette_null"])


def test_cancellation_is_of_edges_alone_and_of_means() -> None:
    sums = two_circuits()
    found = heterogeneity(with_sums(sums), STATISTICS)
    above = below = 0.0
    for source, destination in zip(*np.nonzero(GRAPH.mask), strict=True):
        above += abs(sum(float(group[source, destination]) for group in sums))
        below += sum(abs(float(group[source, destination])) for group in sums)
    assert value(found["cancellation"]) == pytest.approx(above / below)
    nowhere = sums + 1e6 * ~GRAPH.mask
    assert heterogeneity(with_sums(nowhere), STATISTICS) == found


def test_what_has_no_clusters_says_why_and_cancels_all_the_same() -> None:
    found = heterogeneity(with_sums(two_circuits()[:4]), STATISTICS)
    few = Missing(missing="4 groups are too few to be divided")
    assert [found[name] for name in ("clusters", "silhouette", "silhouette_null", "p")] == [few] * 4
    assert 0.9 < value(found["cancellation"]) <= 1
