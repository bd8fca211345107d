"""What is measured of one member on one task, as it is kept: all that the comparison needs, and no model.

Every file carries the templates and the places of its examples, so that numbers can be computed from it again
without a tokenizer.
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, FiniteFloat, model_validator

from ..record.protocol import Part
from .effect_sums import EffectSums
from .score_sums import ScoreSums
from .swept import Sweep


class Entropies(Part):
    """Normalised entropy of what a member's top components write, by groups of evaluation examples.

    `components`: of each by name its mean over the examples of every group; `counts`, `templates`: how many
    examples a group has, and its template.
    """

    components: dict[str, tuple[FiniteFloat, ...]]
    counts: tuple[Annotated[int, Field(gt=0)], ...]
    templates: tuple[str, ...]

    @model_validator(mode="after")
    def _of_the_same_groups(self) -> "Entropies":
        groups = len(self.counts)
        if {len(self.templates), *map(len, self.components.values())} != {groups}:
            raise ValueError(f"there are {groups} counts, and another number of templates or of entropies")
        return self


@dataclass(frozen=True)
class Evidence:
    """What was measured of one member."""

    scores: ScoreSums
    sweep: Sweep
    entropies: Entropies
    effects: EffectSums
