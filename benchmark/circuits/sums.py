"""What an attribution adds up over batches: kept where the model is, and fetched once, at the end.

Thousands of float32 scores are added up, and a circuit is a ranking, so that rounding that swaps two edges
would change it. Sums are float64 where the device has that. Where not, a sum is two float32 numbers, what has
been added up and what rounding took from that: as good, at the same bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from ...errors import NotComputable
from ..pairs.member import Member
from .graph import Graph
from .neurons import output_maps
from .places import BEHIND, BETWEEN

Region = tuple[slice, ...]


@cache
def widest(device: torch.device) -> torch.dtype:
    """The widest floating-point numbers that a device has: float64, or float32."""
    try:
        return torch.zeros(1, dtype=torch.float64, device=device).dtype
    except (TypeError, RuntimeError):
        return torch.float32


class GroupSums:
    """Sums over the examples of groups [groups, ...], from values that are added a few groups at a time."""

    def __init__(self, shape: Sequence[int], device: torch.device) -> None:
        self._total = torch.zeros(tuple(shape), dtype=widest(device), device=device)
        self._lost = None if self._total.dtype == torch.float64 else torch.zeros_like(self._total)

    def add(self, groups: Tensor, place: Region, values: Tensor) -> None:
        """Add values [given groups, ...] to `groups`, each named once, at a place on the other axes."""
        here: tuple[Tensor | slice, ...] = (groups, *place)
        before = self._total[here]
        after = before + values
        if self._lost is not None:
            # Knuth's two-sum: what is added to `lost` is exactly what rounding took from `after`.
            taken = after - before
            self._lost[here] += (before - (after - taken)) + (values - taken)
        self._total[here] = after

    def fetched(self) -> Tensor:
        """The sums in host memory, float64."""
        found = self._total.cpu().double()
        return found if self._lost is None else found + self._lost.cpu()


@dataclass(frozen=True)
class ByGroup:
    """Rows, and the groups of their examples.

    `groups`: [groups], each that some row is of; `weights`: [groups, rows], 1 where a row is of a group.
    """

    groups: Tensor
    weights: Tensor

    @classmethod
    def of(cls, group_of_row: Tensor, device: torch.device) -> "ByGroup":
        """Rows of these groups [rows]; the numbers are in host memory, so that nothing waits for a device."""
        groups, place = group_of_row.unique(return_inverse=True)
        weights = nn.functional.one_hot(place, len(groups)).T.float()
        return cls(groups.to(device), weights.to(device).to(widest(device)))

    def summed(self, values: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        """Values [some rows, ...] summed over the rows of each group, [groups, ...]."""
        # A product adds in one order each time. Adding to an index does not where a device has many hands.
        found = self.weights[:, rows] @ values.flatten(1).to(self.weights)
        return found.view(len(found), *values.shape[1:])


@dataclass(frozen=True)
class Sums:
    """What is added up over batches; the first axis of each, or the second, is the groups.

    `outside`: float32 [before and behind, groups, sources, destinations], None where it is not asked for or
    0 by construction; `maps`: those that neurons write through, none where they are not asked for.
    """

    graph: Graph
    scores: GroupSums
    outside: Tensor | None
    neurons: GroupSums | None
    maps: list[nn.Module]

    @classmethod
    def of(cls, member: Member, groups: int, places: bool, neurons: bool) -> "Sums":
        """Nothing added up yet, where the member is."""
        graph, inner, device = Graph.of(member.backbone.shape), member.backbone.neurons, member.device
        maps = output_maps(member.backbone) if neurons else []
        apart = places and member.attention.kind != "causal"
        return cls(
            graph,
            GroupSums((groups, *graph.mask.shape), device),
            torch.zeros(2, groups, *graph.mask.shape, device=device) if apart else None,
            GroupSums((groups, graph.layers, inner), device) if maps and inner else None,
            maps,
        )

    def add(self, groups: Tensor, at: Region, place: int, scores: Tensor) -> None:
        """Add scores [given groups, sources, destinations], from positions in one place."""
        self.scores.add(groups, at, scores)
        if self.outside is not None and place != BETWEEN:
            here: tuple[Tensor | slice, ...] = (groups, *at)
            self.outside[place // BEHIND][here] += scores.float()

    def add_neurons(self, by_group: ByGroup, effects: Sequence[Tensor]) -> None:
        """Add effects, by layer [rows, neurons]."""
        if self.neurons is not None:
            for layer, effect in enumerate(effects):
                self.neurons.add(
                    by_group.groups, (slice(layer, layer + 1),), by_group.summed(effect[:, None])
                )

    def means(self, steps: int) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Scores float64, those outside and effects of neurons float32, per step, all in host memory.

        Raises NotComputable where one is not finite.
        """
        scores, outside = self.scores.fetched(), None if self.outside is None else self.outside.cpu()
        neurons = None if self.neurons is None else self.neurons.fetched().float()
        beyond = ~torch.from_numpy(self.graph.mask.copy())
        for found in (scores, outside):
            if found is not None:
                found.masked_fill_(beyond, 0)
        for found in (scores, outside, neurons):
            if found is None:
                continue
            if not found.isfinite().all():
                raise NotComputable(
                    "some edge scores are not finite", "look for NaN or overflow in weights and activations"
                )
            # The hooks sum the gradients over all steps; the score takes their mean.
            found /= steps
        return scores, outside, neurons
