"""Exact patching: what the metric loses where one edge alone carries what it carries in the corrupted run.

This is the effect that attributions estimate. It takes a forward pass for every edge and row, from the layer
of the edge's destination on, so that it is measured on some of the edges, or on small models.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...errors import NotComputable
from ..pairs.backbones import Backbone, Projection
from ..pairs.limits import part_of
from ..pairs.member import Member
from .batch import Batch
from .capture import Outputs, Site, head_maps, measure, run, sites, still
from .graph import Edges, Graph
from .intervention import at_rows, run_stacked, stacked_rows
from .later import changed_at, kept_streams
from .prefix import behind_shared_prefix

MEMORY = 64 * 2**20
"""Bytes of final-norm outputs that are held at a time, unless those of one edge alone need more."""


@dataclass(frozen=True, eq=False)
class ExactEffects:
    """What the metric loses with single edges corrupted, as sums that can be re-weighted without the model.

    `edges`: boolean [sources, destinations], which were measured; `sums`: float64 [groups, measured edges],
    row by row of `edges`, in units of the metric, positive where the edge supports the clean behaviour.
    `counts`: [groups] examples.
    """

    graph: Graph
    edges: Edges
    sums: NDArray[np.float64]
    counts: NDArray[np.int64]

    def effects(self) -> NDArray[np.float64]:
        """Mean effect of each measured edge [measured edges], every example weighing the same."""
        mean: NDArray[np.float64] = self.sums.sum(axis=0) / self.counts.sum()
        return mean

    def scores(self) -> NDArray[np.float64]:
        """The same as scores of all edges [sources, destinations], 0 where no edge is.

        Raises NotComputable where some edges were not measured.
        """
        missing = self.graph.edges - int(self.edges.sum())
        if missing:
            raise NotComputable(
                f"{missing:,} of {self.graph.edges:,} edges were not measured", "measure all of them"
            )
        found = np.zeros(self.graph.mask.shape)
        found[self.edges] = self.effects()
        return found


def exact_effects(
    member: Member,
    batches: Iterable[Batch],
    groups: int,
    edges: Edges | None = None,
    tokens_at_once: int | None = None,
) -> ExactEffects:
    """m(clean) − m(one edge corrupted), of each of the edges [sources, destinations]; None is all of them.

    The edge's destination reads what its source wrote in the corrupted run; everything else is as in the
    clean run, and what comes behind the destination runs on. Edges and rows are stacked along the batch, up
    to `tokens_at_once` token positions (but `LEAST_ITEMS` rows at least; None: the member's share of the
    usual), and change no number beyond rounding. Raises UsageError for edges of another graph, and
    NotComputable where a number is not finite, or there is no example.
    """
    graph = Graph.of(member.backbone.shape)
    measured = graph.mask if edges is None else graph.checked(edges)
    sums = np.zeros((groups, int(measured.sum())))
    counts = np.zeros(groups, np.int64)
    with torch.no_grad(), still(member.backbone.model):
        for batch in batches:
            of_example = batch.groups.cpu().numpy()
            counts += np.bincount(of_example, minlength=groups)
            lost = _lost(*behind_shared_prefix(member, batch), measured, tokens_at_once)
            np.add.at(sums, of_example, lost.T)
    if not counts.any():
        raise NotComputable("there is no example to patch edges in", "give at least one batch")
    if not np.isfinite(sums).all():
        raise NotComputable(
            "an effect of an edge is not finite", "look for NaN or overflow in weights and activations"
        )
    return ExactEffects(graph, measured, sums, counts)


def edges_held(reads: int, width: int, itemsize: int, share: float = 1.0) -> int:
    """Of how many edges the final norm's outputs are held at a time, for a batch of so many reads."""
    return max(1, part_of(MEMORY, share) // (reads * width * itemsize))


def _lost(member: Member, batch: Batch, edges: Edges, tokens_at_once: int | None) -> NDArray[np.float64]:
    """How far a batch's metric falls with each edge corrupted, [edges row by row, examples]."""
    backbone, graph = member.backbone, Graph.of(member.backbone.shape)
    with kept_streams(backbone) as streams:
        outputs, final = run(member, batch.clean)
    difference = outputs - run(member, batch.corrupted)[0]
    clean = measure(member, batch, final).double().cpu().numpy()
    source, destination = np.nonzero(edges)
    held = edges_held(len(batch.read_row), backbone.shape.width, backbone.dtype.itemsize, member.share)
    at_once = stacked_rows(member, batch.clean.shape[1], tokens_at_once)
    lost = np.empty((len(source), batch.examples))
    for layer, some in _by_layer(graph.destination_layers[destination], destination, held):

        def hidden(
            chosen: NDArray[np.int64], rows: Tensor, layer: int = layer, some: NDArray[np.int64] = some
        ) -> Tensor:
            patched = _Patched(backbone, source[some[chosen]], destination[some[chosen]], rows, difference)
            return changed_at(member, batch, layer, streams, rows, patched.attach)

        lost[some] = clean - run_stacked(member, batch, len(some), at_once, hidden)
    return lost


def _by_layer(
    layers: NDArray[np.int64], destination: NDArray[np.int64], held: int
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Each layer with which edges lead there, at most `held` of them at a time."""
    # One destination after the other, so that a stack reads at few places.
    order = np.argsort(destination, kind="stable")
    for layer in np.unique(layers).tolist():
        here = order[layers[order] == layer]
        for first in range(0, len(here), held):
            yield layer, here[first : first + held]


class _Patched:
    """Items of a batch in each of which one destination reads one source as it was in the corrupted run.

    `source`, `destination`: [items], the edge; `rows`: [items], the row of `difference`, which is what
    sources write in the clean run less what in the corrupted one.
    """

    def __init__(
        self,
        backbone: Backbone,
        source: NDArray[np.int64],
        destination: NDArray[np.int64],
        rows: Tensor,
        difference: Outputs,
    ) -> None:
        self._backbone = backbone
        self._graph = Graph.of(backbone.shape)
        self._source = source
        self._destination = destination
        self._rows = rows
        self._difference = difference

    def attach(self, handles: list[RemovableHandle]) -> None:
        """Install the hooks where some item is to be patched."""
        for axes, site in zip(self._graph.sites, sites(self._backbone), strict=True):
            place = self._destination - axes.destinations.start
            items = np.flatnonzero((place >= 0) & (place < axes.readers))
            if not len(items):
                continue
            reading = _Reading(site, self._at(items), self._at(place[items]), self._changes(items))
            handles.append(site.norm.module.register_forward_hook(reading.see_norm))
            for projection in site.projections:
                replace = partial(reading.replace, projection)
                handles.append(projection.module.register_forward_hook(replace))

    def _changes(self, items: NDArray[np.int64]) -> Tensor:
        """What each item's source writes less in the corrupted run, float32 [items, tokens, width]."""
        source, row = self._source[items], self._rows[self._at(items)]
        found = self._difference.embedding[row]
        for axes in self._graph.sites[:-1]:
            here = np.flatnonzero((source >= axes.written.start) & (source < axes.written.stop))
            if not len(here):
                continue
            at = self._at(here)
            if axes.kind == "mlp":
                found[at] = at_rows(self._difference.mlps[axes.layer], row[at]).to(found.device)
                continue
            heads = self._backbone.shape.heads
            maps = head_maps(self._backbone.layers[axes.layer].output_weight, heads)
            head = self._at(source[here] - axes.written.start)
            mixed = at_rows(self._difference.heads[axes.layer], row[at]).unflatten(-1, (heads, -1))
            head = head.to(mixed.device)
            of_head = mixed[torch.arange(len(at), device=mixed.device), :, head]
            found[at] = (of_head @ maps[head]).to(found.device)
        return found

    def _at(self, places: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(places).to(self._backbone.device)


class _Reading:
    """What the items that are patched at a site read there.

    `items`: which they are; `reader`: which of the site's destinations; `change`: [items, tokens, width],
    what is taken off the residual stream.
    """

    def __init__(self, site: Site, items: Tensor, reader: Tensor, change: Tensor) -> None:
        self._site, place = site, site.norm.weight.device
        self._items, self._reader, self._change = (each.to(place) for each in (items, reader, change))

    def see_norm(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Put what is normalised of the patched stream into the output, or keep it for the maps."""
        stream = inputs[0].to(output.device)[self._items].float() - self._change
        # `forward` and not a call: a call would run the hooks again.
        normalised = module.forward(stream.to(inputs[0].dtype))
        if self._site.projections:
            self._normalised = normalised
        else:
            output[self._items] = normalised

    def replace(self, projection: Projection, _: nn.Module, __: object, output: Tensor) -> None:
        """Put the maps of patched streams into those columns of the output that their heads read."""
        width = self._site.slice_width
        # The destinations of a site are the heads of its maps, one map after the other.
        before = self._site.projections[: self._site.projections.index(projection)]
        head = self._reader - sum(each.stop - each.start for each in before) // width
        here = torch.nonzero((head >= 0) & (head < (projection.stop - projection.start) // width)).squeeze(1)
        if not len(here):
            return
        head = head[here]
        read = self._normalised[here] @ projection.weight.unflatten(0, (-1, width))[head].transpose(1, 2)
        if projection.bias is not None:
            read = read + projection.bias.unflatten(0, (-1, width))[head][:, None]
        columns = output[..., projection.start : projection.stop].unflatten(-1, (-1, width))
        columns[self._items[here], :, head] = read
