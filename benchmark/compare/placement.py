"""Where a circuit's importance lies, over depth and over components: one bootstrap for all of it, paired."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...metrics import (
    Estimate,
    Ranking,
    Undefined,
    Value,
    depth_profile,
    depth_shift,
    effective_components,
    gini,
    importance_entropy,
    specialisation,
    top_share,
)
from ...metrics.inputs import Floats
from ...metrics.masses import CircuitMasses, circuit_masses, fixed_masses
from ...metrics.resampling import bootstrap_rows
from ...metrics.undefined import minus
from ..circuits.components import Components
from ..circuits.graph import Edges
from ..measure.score_sums import ScoreSums
from ..record.protocol import Statistics

Named = dict[str, Value]
OfBoth = tuple[Floats, Floats]
Weighting = Literal["mass", "edges", "specialisation", "importance"]


class PlacementNumber(NamedTuple):
    """Which number of a placement: depth by `mass` (score) or by number of `edges`, or `specialisation`.

    Or the `importance` of a component by its name. `of`: arm, mdm, or shift for MDM − ARM.
    """

    weighting: Weighting
    of: str
    name: str


Estimates = Mapping[PlacementNumber, Estimate | Undefined]


class Placement:
    """What is resampled of where two circuits lie.

    Circuits of `size` edges are found anew in every resample, ranked `by` its mean scores; `circuits`, of
    ARM and MDM, holds them fixed instead, for selections that no mean alone decides. `read`: of both members,
    the names of the components whose importance is given, which weighs what they write.
    """

    def __init__(
        self,
        components: Components,
        size: int,
        read: tuple[Sequence[str], Sequence[str]] = ((), ()),
        by: Ranking = "absolute",
        circuits: tuple[Edges, Edges] | None = None,
    ) -> None:
        self.components = components
        self.size = size
        self._by: Ranking = by
        self._fixed = circuits
        self._read = [{name: components.names.index(name) for name in names} for names in read]
        self.uniform = self._uniform()

    def estimates(
        self, arm: ScoreSums, mdm: ScoreSums, statistics: Statistics, threads: int = 1
    ) -> Estimates:
        """Values of both members and of MDM − ARM, with intervals; those of depth are `depth_shift`'s."""

        def of_rows(weights: Floats) -> Iterator[dict[PlacementNumber, Value]]:
            before, after = self._masses(arm, mdm, weights, threads)
            for row in range(len(weights)):
                importance, degrees = (
                    (getattr(before, name)[row], getattr(after, name)[row])
                    for name in ("importance", "degree")
                )
                yield self.values(importance, degrees)

        return bootstrap_rows(of_rows, arm.templates, *statistics.drawn)

    def _masses(self, arm: ScoreSums, mdm: ScoreSums, weights: Floats, threads: int) -> list[CircuitMasses]:
        """Of the ARM and of the MDM what passes through every component in each resample [rows, groups]."""
        components, counts = self.components, arm.attribution.counts
        sums = [each.attribution.score_sums for each in (arm, mdm)]
        nodes = components.of_sources, components.of_destinations
        if self._fixed is None:
            # Found anew for every resample, so that intervals include the uncertainty about which edges
            # belong.
            mask = components.graph.mask
            return circuit_masses(sums, counts, weights, mask, self.size, *nodes, self._by, threads)
        return [
            CircuitMasses(
                fixed_masses(each, counts, weights, circuit, *nodes),
                np.tile(components.degree(circuit), (len(weights), 1)),
            )
            for each, circuit in zip(sums, self._fixed, strict=True)
        ]

    def values(self, importance: OfBoth, degrees: OfBoth) -> dict[PlacementNumber, Value]:
        """The values for importance and degree of the components in the circuits of the ARM and the MDM."""
        found: dict[Weighting, dict[str, Named]] = {
            "mass": self._depth(*importance),
            # Counted without their scores, which shows whether a shift is due to a few strong edges.
            "edges": self._depth(*degrees),
            "specialisation": _concentrations(*importance),
            "importance": {
                of: {name: float(held[index]) for name, index in read.items()}
                for of, held, read in zip(("arm", "mdm"), importance, self._read, strict=True)
            },
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
        return depth_profile(importance[chosen], self.components.layers[chosen], self.components.graph.layers)

    def _uniform(self) -> Floats:
        profile = self.profile(self.components.degree(self.components.graph.mask))
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


def _concentrations(arm: Floats, mdm: Floats) -> dict[str, Named]:
    before, after = map(_concentration, (arm, mdm))
    shift = {name: minus(after[name], before[name]) for name in before}
    return {"arm": before, "mdm": after, "shift": shift}


def _concentration(importance: Floats) -> Named:
    return {
        "specialisation": specialisation(importance),
        "entropy": importance_entropy(importance),
        "effective_components": effective_components(importance),
        "gini": gini(importance),
        "top_1": top_share(importance, 1),
        "top_10": top_share(importance, 10),
    }


_SHARES = frozenset(("early_share", "mean_depth", "specialisation", "entropy", "gini", "top_1", "top_10"))
"""Values in [0, 1], so that their differences lie in [−1, 1]."""


def in_range(of: str, name: str, value: Estimate | Undefined) -> Estimate | Undefined:
    """The value with its interval cut to what it can be; `of`: whose it is, or the shift."""
    # Centring moves an interval without regard to the range of its value.
    if isinstance(value, Undefined) or name not in _SHARES:
        return value
    return value.clipped(-1 if of == "shift" else 0, 1)
