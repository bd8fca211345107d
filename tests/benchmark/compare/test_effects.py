"""Effects of components as a record holds them, from the metrics."""

from collections.abc import Callable

import numpy as np
import pytest

from mechshift import metrics
from mechshift.benchmark.circuits.components import Components
from mechshift.benchmark.compare.effects import component_effects
from mechshift.benchmark.measure.evidence import Evidence
from mechshift.benchmark.record.number import Number
from mechshift.benchmark.record.protocol import Statistics

SIZE = 6


def test_numbers_are_those_of_the_circuit_found_on_the_other_half(evidence: Callable[..., Evidence]) -> None:
    arm, mdm = evidence(1), evidence(2)
    graph = arm.scores.graph
    components = Components(graph)
    one_circuit, other = (graph.select(each.scores.attribution.scores(), SIZE) for each in (arm, mdm))
    statistics = Statistics(resampling_seed=3, resamples=10, splits=2)
    found = component_effects(arm, mdm, components, (one_circuit, other), statistics)
    for of, one in (("arm", arm), ("mdm", mdm)):
        circuit = graph.select(one.scores.attribution.scores(), SIZE)
        names = {end.partition("<")[0] for edge in graph.edge_names(circuit) for end in edge.split("->")}
        touched = np.array([name in names for name in components.names])
        # A key or value that heads share touches them all.
        for edge in graph.edge_names(circuit):
            end = edge.split("->")[1]
            if ".g" in end:
                layer, group = int(end[1]), int(end.partition(".")[2].lstrip("g").partition("<")[0])
                for head in (2 * group, 2 * group + 1):
                    touched[components.names.index(f"a{layer}.h{head}")] = True
        direct = metrics.effect_concentration(one.effects.direct.sum(axis=0), touched, seed=3)
        gap = (one.effects.clean - one.effects.corrupted).sum()
        drop = metrics.effect_concentration(
            one.effects.drops.astype(float).sum(axis=0) / gap, touched, "effect", seed=3
        )
        for name, values in (("direct", direct), ("drop", drop)):
            for key, value in values.items():
                number = found[of][f"{name}_{key}"]
                assert isinstance(number, Number)
                assert number.value == pytest.approx(value), key
                assert number.low <= number.value <= number.high  # type: ignore[operator]
    for key, number in found["shift"].items():
        assert number.value == pytest.approx(found["mdm"][key].value - found["arm"][key].value)  # type: ignore[union-attr]
