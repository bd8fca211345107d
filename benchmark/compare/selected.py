"""Both members' compared circuits, as the protocol's selection chooses them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from ...metrics import RESAMPLED, Ranking, Selection, top_edges
from ..circuits.components import Components
from ..circuits.graph import Edges
from ..measure.score_sums import ScoreSums
from ..record.number import Measured, Number
from .placement import Placement


@dataclass(frozen=True, eq=False)
class Selected:
    """The circuits of ARM and MDM, of `size` edges each.

    Not pruned: the floor and the random circuit have exactly as many edges as were selected.
    """

    selection: Selection
    size: int
    circuits: tuple[Edges, Edges]

    @classmethod
    def of(cls, arm: ScoreSums, mdm: ScoreSums, selection: Selection, size: int) -> "Selected":
        """Those that the selection puts first in both members' scores."""
        one, other = (top_edges(each.ranked(selection), each.graph.mask, size) for each in (arm, mdm))
        return cls(selection, size, (one, other))

    @property
    def ranking(self) -> Ranking | None:
        """By what mean scores alone decide; None where the selection asks resamples."""
        return None if self.selection in RESAMPLED else cast(Ranking, self.selection)

    def placement(self, components: Components, read: tuple[Sequence[str], Sequence[str]]) -> Placement:
        """Circuits are found anew in every resample where mean scores decide, and held fixed elsewhere.

        A selection that asks resamples would need some within each of an interval's.
        """
        if self.ranking is None:
            return Placement(components, self.size, read, circuits=self.circuits)
        return Placement(components, self.size, read, by=self.ranking)

    def of_fixed(self, values: Mapping[str, Measured]) -> dict[str, Measured]:
        """What depends on the circuits alone, without an interval if they are fixed: it would be a point."""
        if self.ranking is not None:
            return dict(values)
        return {
            name: Number(value=value.value) if isinstance(value, Number) else value
            for name, value in values.items()
        }
