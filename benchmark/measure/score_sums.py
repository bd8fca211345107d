"""A member's edge scores on the discovery examples, as they are kept: sums of every group."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...errors import OutputError
from ...metrics import Selection, edge_priority
from ..circuits.files import (
    REDUCED,
    understood,
    write_arrays,
)
from ..circuits.graph import Graph
from ..circuits.points import Convergence
from ..circuits.rules import CHAIN, name_of, rules_called
from ..circuits.scores import Attribution, Integration, Outside
from .reduced import (
    ScorePrecision,
    pack,
    reduce_sums,
    strata_of,
)
from .score_files import read_scores


@dataclass(frozen=True, eq=False)
class ScoreSums:
    """A member's edge scores on the discovery examples.

    `templates`: that of each group; `examples`: [examples], the place of each in the task's stream, in the
    order of the batches. `convergence`: how the number of integration points was found, None where it was
    fixed.
    """

    attribution: Attribution
    templates: tuple[str, ...]
    examples: NDArray[np.int64]
    convergence: Convergence | None = None

    def __repr__(self) -> str:
        return f"ScoreSums({len(set(self.templates))} templates, {self.attribution})"

    @property
    def graph(self) -> Graph:
        """The graph whose edges are scored."""
        return self.attribution.graph

    def ranked(self, selection: Selection) -> NDArray[np.float64]:
        """What the selection ranks edges by, not negative [sources, destinations]: circuits take the largest.

        Under `absolute` it is |score|.
        """
        found = self.attribution
        if selection == "absolute":
            return np.abs(found.scores())
        sums, mask = found.score_sums, self.graph.mask
        return edge_priority(sums, found.counts, self.templates, mask, selection).astype(np.float64)

    def save(self, path: Path) -> None:
        """Write the sums of all edges, whole or not at all.

        Raises OutputError where that fails, or the scores are by rules without a name.
        """
        # About half of the pairs of a source and a destination are no edges.
        mask, found = self.graph.mask, self.attribution
        tensors: dict[str, NDArray[Any]] = {"score_sums": found.score_sums[:, mask], **self._exact()}
        if self._outside is not None:
            tensors["outside"] = self._outside[:, :, mask]
        if found.neuron_sums is not None:
            tensors["neuron_sums"] = found.neuron_sums
        write_arrays(path, "scores", self.graph, tensors, self._about())

    def save_reduced(self, path: Path, precision: ScorePrecision) -> None:
        """Write the sums of edges and neurons at a precision, and all else as it is (`measure.reduced`).

        Raises OutputError where that fails, or the scores are by rules without a name, NotComputable where a
        score is beyond the range of float32.
        """
        strata = strata_of(self.templates)
        kept = reduce_sums(self._columns(), self.attribution.counts, strata, precision)
        tensors = {
            "means": pack(kept.means),
            # The upper half of a float32 of 8 significant bits says all of it.
            "scales": pack((kept.scales.view(np.uint32) >> 16).astype(np.uint16)),
            "codes": pack(kept.codes),
            **self._exact(),
        }
        about = {**self._about(), "step": precision.step, "code_bytes": kept.codes.dtype.itemsize}
        write_arrays(path, f"{REDUCED}scores", self.graph, tensors, about)

    @property
    def _outside(self) -> NDArray[np.float32] | None:
        """What comes from outside, None also where it is 0."""
        outside = self.attribution.outside
        return None if outside is None else outside.sums

    def _columns(self) -> NDArray[np.float64]:
        """All sums over the groups' examples side by side: of edges, their shares outside, neurons."""
        mask, found = self.graph.mask, self.attribution
        columns: list[NDArray[np.floating]] = [found.score_sums[:, mask]]
        if self._outside is not None:
            columns += [share[:, mask] for share in self._outside]
        if found.neuron_sums is not None:
            columns.append(found.neuron_sums.reshape(len(found.counts), -1))
        return np.concatenate(columns, axis=1, dtype=np.float64)

    def _exact(self) -> dict[str, NDArray[Any]]:
        """The arrays that either form keeps as they are."""
        kept = {name: getattr(self.attribution, name) for name in ("counts", "clean", "corrupted", "groups")}
        return {**kept, "examples": self.examples}

    def _about(self) -> dict[str, Any]:
        found = self.attribution
        rules = name_of(found.rules)
        if rules is None:
            raise OutputError(
                f"scores by {found.rules} cannot be kept",
                "keep scores by the chain rule, RelP's or GIM's, or use these as they are",
            )
        about: dict[str, Any] = {
            "integration": None if found.integration is None else dataclasses.asdict(found.integration),
            "templates": self.templates,
        }
        if found.rules != CHAIN:
            about["rules"] = rules
        if self.convergence is not None:
            about["convergence"] = dataclasses.asdict(self.convergence)
        if found.outside is not None:
            about["outside"] = "zero" if found.outside.sums is None else "kept"
        if found.neuron_sums is not None:
            about["neurons"] = found.neuron_sums.shape[-1]
        return about

    @classmethod
    def load(cls, path: Path) -> "ScoreSums":
        """Read scores of either form back.

        Raises NotComputable for a file that is broken or holds something else.
        """
        kept = read_scores(path)
        with understood(path):
            declared = kept.header.integration
            integration = None if declared is None else Integration(declared.rule, declared.steps)
            search = kept.header.convergence
            convergence = None if search is None else Convergence(search.residuals, search.changes)
        sums = None if kept.outside is None else _dense(kept.graph, kept.outside)
        attribution = Attribution(
            kept.graph,
            integration,
            _dense(kept.graph, kept.sums),
            **{name: kept.tensors[name] for name in ("counts", "clean", "corrupted", "groups")},
            outside=Outside(sums) if kept.header.outside else None,
            neuron_sums=kept.neurons,
            rules=rules_called(kept.header.rules),
        )
        return cls(attribution, kept.header.templates, kept.tensors["examples"], convergence)


_Number = TypeVar("_Number", bound=np.floating)


def _dense(graph: Graph, values: NDArray[_Number]) -> NDArray[_Number]:
    """Values [..., edges] on the axes of the graph, 0 where no edge is."""
    found = np.zeros((*values.shape[:-1], *graph.mask.shape), values.dtype)
    found[..., graph.mask] = values
    return found
