"""Output sharpness of a pair, resample by resample, from the metrics."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.compare.placement import Placement
from mechshift.benchmark.compare.sharpness import output_sharpness
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.record.protocol import Statistics
from mechshift.metrics import Estimate, Undefined, cluster_weights, top_edges

DRAWN = Statistics(resampling_seed=5, resamples=12, splits=2)
SIZE = 60
Make = Callable[..., Evidence]


def found_of(arm: Evidence, mdm: Evidence) -> dict[str, Estimate | Undefined]:
    read = tuple(arm.entropies.components), tuple(mdm.entropies.components)
    placement = Placement(Components(arm.scores.graph), SIZE, read)
    return output_sharpness(placement.estimates(arm.scores, mdm.scores, DRAWN), arm, mdm, DRAWN)


def slow(one: Evidence, scores_weight: np.ndarray, entropy_weight: np.ndarray) -> float:
    components, attribution = Components(one.scores.graph), one.scores.attribution
    mean = np.tensordot(scores_weight, attribution.score_sums, 1) / (scores_weight @ attribution.counts)
    importance = components.importance(mean, top_edges(mean, one.scores.graph.mask, SIZE))
    weights = entropy_weight * np.array(one.entropies.counts)
    spread = [np.average(values, weights=weights) for values in one.entropies.components.values()]
    held = [importance[components.names.index(name)] for name in one.entropies.components]
    return float(1 - np.average(spread, weights=held))


def expected(one: Evidence, entropy_seed: int) -> list[float]:
    drawn = (
        cluster_weights(one.scores.templates, 12, 5),
        cluster_weights(one.entropies.templates, 12, entropy_seed),
    )
    return [slow(one, *rows) for rows in zip(*drawn, strict=True)]


def test_halves_are_resampled_apart_where_templates_stay(evidence: Make) -> None:
    arm, mdm = evidence(1), evidence(2)
    found = found_of(arm, mdm)
    draws = {"arm": expected(arm, 6), "mdm": expected(mdm, 6)}
    draws["shift"] = list(np.subtract(draws["mdm"], draws["arm"]))
    for of, values in draws.items():
        estimate = found[of]
        assert isinstance(estimate, Estimate)
        assert estimate.draws == pytest.approx(np.array(values))
        assert estimate.low < estimate.value < estimate.high
    whole = slow(arm, np.ones(8), np.ones(6))
    assert found["arm"].value == pytest.approx(whole)  # type: ignore[union-attr]


def test_halves_draw_the_same_templates_where_these_are_drawn(evidence: Make) -> None:
    one = evidence(1)
    names = tuple("stuvwxyz")
    entropies = one.entropies.model_copy(
        update={
            "templates": names,
            "counts": (1,) * 8,
            "components": {name: (*values, 0.2, 0.9) for name, values in one.entropies.components.items()},
        }
    )
    drawn = replace(one, scores=replace(one.scores, templates=names), entropies=entropies)
    found = found_of(drawn, drawn)
    assert isinstance(found["arm"], Estimate)
    assert found["arm"].draws == pytest.approx(np.array(expected(drawn, 5)))
    assert found["shift"].value == found["shift"].low == found["shift"].high == 0  # type: ignore[union-attr]


def test_entropies_that_differ_between_prompts_widen_the_interval(evidence: Make) -> None:
    one = evidence(1)
    means = {
        name: (float(np.average(values, weights=one.entropies.counts)),) * 6
        for name, values in one.entropies.components.items()
    }
    fixed = replace(one, entropies=one.entropies.model_copy(update={"components": means}))
    wide, narrow = (found_of(each, each)["arm"] for each in (one, fixed))
    assert isinstance(wide, Estimate)
    assert isinstance(narrow, Estimate)
    assert wide.value == pytest.approx(narrow.value)
    assert wide.high - wide.low > narrow.high - narrow.low


def test_without_components_there_is_none(evidence: Make) -> None:
    one = evidence(1)
    empty = replace(one, entropies=one.entropies.model_copy(update={"components": {}}))
    found = found_of(empty, one)
    assert isinstance(found["arm"], Undefined)
    assert isinstance(found["mdm"], Estimate)
    assert found["shift"] == found["arm"]
