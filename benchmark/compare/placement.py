"""Where a circuit's importance lies, over depth and over components: one bootstrap for all of it, paired."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...metrics import (
    Estimate,
    Undefined,
    Value,
    bootstrap_scores,
    depth_profile,
    depth_shift,
    effective_components,
    gini,
    importance_entropy,
    specialisation,
    top_edges,
    top_share,
    weighted_sharpness,
)
from ...metrics.inputs import Floats
from ..circuits.components import Components
from ..measure.evidence import ScoreSums
from ..record.protocol import Statistics

Named = dict[str, Value]
Weighting = Literal["mass", "edges", "specialisation"]


class PlacementNumber(NamedTuple):
    """Which number of a placement: depth by `mass` (score) or by number of `edges`, or `specialisation`.

    `of`: arm, mdm, or shift for MDM − ARM.
    """

    weighting: Weighting
    of: str
    name: str


Estimates = Mapping[PlacementNumber, Estimate | Undefined]


class Placement:
    """The statistic of a pair of mean score arrays that `bootstrap_scores` resamples.

    Circuits of `size` edges are found anew in every resample. `entropies` holds, for both members, the
    entropies of the output of their top components, by name; sharpness is weighted over those alone.
    """

    def __init__(
        self, components: Components, size: int, entropies: tuple[Mapping[str, float], Mapping[str, float]]
    ) -> None:
        self._components = components
        self.size = size
        self._entropies = entropies
        self.uniform = self._uniform()

    def estimates(self, arm: ScoreSums, mdm: ScoreSums, statistics: Statistics) -> Estimates:
        """Values of both members and of MDM − ARM, with intervals; those of depth are `depth_shift`'s."""
        sums = arm.attribution.score_sums, mdm.attribution.score_sums
        return bootstrap_scores(
            self,
            sums,
            arm.attribution.counts,
            arm.templates,
            statistics.resamples,
            statistics.resampling_seed,
        )

    def __call__(self, arm: Floats, mdm: Floats) -> dict[PlacementNumber, Value]:
        """The values for mean scores of the ARM and the MDM, [sources, destinations] each."""
        # Found anew for every resample, so that intervals include the uncertainty about which edges belong.
        circuits = [top_edges(scores, self._components.graph.mask, self.size) for scores in (arm, mdm)]
        importance = [self._components.importance(*each) for each in zip((arm, mdm), circuits, strict=True)]
        degrees = [self._components.degree(circuit) for circuit in circuits]
        found: dict[Weighting, dict[str, Named]] = {
            "mass": self._depth(*importance),
            # Counted without their scores, which shows whether a shift is due to a few strong edges.
            "edges": self._depth(*degrees),
            "specialisation": self._specialisation(*importance),
        }
        return {
            PlacementNumber(weighting, of, name): value
            for weighting, members in found.items()
            for of, values in members.items()
            for name, value in values.items()
        }

    def profile(self, importance: Floats, only: NDArray[np.bool_] | None = None) -> Floats | Undefined:
        """Depth profile [layers] of the importance, of some components only if wanted."""
        chosen = np.ones(len(importance), bool) if only is None else only
        return depth_profile(
            importance[chosen], self._components.layers[chosen], self._components.graph.layers
        )

    def _uniform(self) -> Floats:
        profile = self.profile(self._components.degree(self._components.graph.mask))
        assert not isinstance(profile, Undefined), "every graph has edges in its layers"
        return profile

    def _depth(self, arm: Floats, mdm: Floats) -> dict[str, Named]:
        before, after = self.profile(arm), self.profile(mdm)
        for profile in (before, after):
            if isinstance(profile, Undefined):
                # Every resample has to give the same names, so they are taken from a profile that is always
                # defined.
                names = depth_shift(self.uniform, self.uniform, self.uniform)
                return {of: dict.fromkeys(values, profile) for of, values in names.items()}
        return depth_shift(before, after, self.uniform)  # type: ignore[arg-type]

    def _specialisation(self, arm: Floats, mdm: Floats) -> dict[str, Named]:
        by_member = [
            _concentration(importance) | {"output_sharpness": self._sharpness(importance, entropies)}
            for importance, entropies in zip((arm, mdm), self._entropies, strict=True)
        ]
        before, after = by_member
        shift = {name: _minus(after[name], before[name]) for name in before}
        return {"arm": before, "mdm": after, "shift": shift}

    def _sharpness(self, importance: Floats, entropies: Mapping[str, float]) -> Value:
        if not entropies:
            return Undefined("no component of the circuit writes to the residual stream")
        # The entropies are measured once, only the weights vary with the resample: a new top component has
        # none.
        weights = [importance[self._components.names.index(name)] for name in entropies]
        return weighted_sharpness(list(entropies.values()), weights)


def _concentration(importance: Floats) -> Named:
    return {
        "specialisation": specialisation(importance),
        "entropy": importance_entropy(importance),
        "effective_components": effective_components(importance),
        "gini": gini(importance),
        "top_1": top_share(importance, 1),
        "top_10": top_share(importance, 10),
    }


def _minus(minuend: Value, subtrahend: Value) -> Value:
    if isinstance(minuend, Undefined):
        return minuend
    return subtrahend if isinstance(subtrahend, Undefined) else minuend - subtrahend
