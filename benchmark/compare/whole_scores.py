"""What is found of all scores at once, without circuits of resamples: threads share it out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ...metrics import random_specialisation
from ...metrics.threads import each_of
from ..circuits.components import Components
from ..circuits.graph import Edges
from ..measure.score_sums import ScoreSums
from ..record.number import Measured, measured
from ..record.protocol import Statistics
from .heterogeneity import heterogeneity
from .placement import Placement
from .selected import Selected
from .squared import squared_mass
from .structure import structure


@dataclass(frozen=True)
class OfMember:
    """Of one member: specialisation of random circuits with its scores, and whether its groups have one."""

    random: Measured
    heterogeneity: dict[str, Measured]


@dataclass(frozen=True)
class WholeScores:
    """Of both members the cosines, depth and specialisation by squared score, and what is of one, by role."""

    structure: dict[str, Measured]
    squared: Mapping[str, dict[str, dict[str, Measured]]]
    members: Mapping[str, OfMember]

    @classmethod
    def of(
        cls,
        arm: ScoreSums,
        mdm: ScoreSums,
        placement: Placement,
        selected: Selected,
        statistics: Statistics,
        threads: int = 1,
    ) -> "WholeScores":
        """All of it. `threads`: how many find it, which changes no number."""
        components = placement.components
        # What takes longest comes first, so that no thread is left alone with it at the end.
        work: list[Callable[[], Any]] = [
            partial(structure, arm, mdm, statistics),
            *(
                partial(_of_member, scores, circuit, components, statistics)
                for scores, circuit in zip((arm, mdm), selected.circuits, strict=True)
            ),
            partial(squared_mass, arm, mdm, components, placement.uniform, statistics),
        ]
        alike, of_arm, of_mdm, squared = each_of(work, lambda each: each(), threads)
        return cls(alike, squared, {"arm": of_arm, "mdm": of_mdm})


def _of_member(scores: ScoreSums, circuit: Edges, components: Components, statistics: Statistics) -> OfMember:
    # The same scores on random edges, for any small circuit looks specialised.
    random = random_specialisation(
        scores.attribution.scores(),
        circuit,
        components.graph.mask,
        components.of_sources,
        components.of_destinations,
        seed=statistics.resampling_seed,
    )
    return OfMember(measured(random), heterogeneity(scores, statistics))
