"""Running circuits: a destination reads kept edges as they are now, all others as a reference wrote them.

With references R (the corrupted run, zero, or means) and outputs `now`, destination v of circuit C reads

    x_v = x_v(R) + Σ_{u : (u,v) ∈ C} (now_u − R_u)  =  x_v(now) − Σ_{u : (u,v) ∉ C} (now_u − R_u)

and takes the side that sums fewer edges, which also keeps x_v exact where nothing is kept. Circuits are
stacked along the batch.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.utils.hooks import RemovableHandle

from ...errors import UsageError
from ..pairs.backbones import Backbone, Projection
from ..pairs.member import Member
from .batch import Batch
from .capture import Outputs, Site, head_maps, hooks, measure, run, sites, still
from .graph import Edges, Graph, SiteAxes
from .prefix import behind_shared_prefix
from .stacking import stack_of

Intervention = Literal["patch", "zero", "mean"]

MEMORY = 16 * 2**20
"""Default bytes for what the sources of a stack write: on a CPU, a stack that stays in cache is fastest."""

LEAST_ITEMS = 8
"""A stack has at least this many rows, so that weights are not read anew for every one."""


def whole_model(member: Member, batch: Batch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The metric of the whole model on the clean and on the corrupted prompts, each [examples]."""
    with still(member.backbone.model):
        member, batch = behind_shared_prefix(member, batch)
        clean, corrupted = (
            measure(member, batch, run(member, tokens)[1]).double().cpu().numpy()
            for tokens in (batch.clean, batch.corrupted)
        )
    return clean, corrupted


def mean_outputs(member: Member, batches: Iterable[Batch]) -> Outputs:
    """What each source writes on average over the corrupted rows, by state and position.

    The rows of the result are the states: [states, tokens, …]. Raises UsageError for no batch, or batches
    of several lengths.
    """
    total: Outputs | None = None
    rows = torch.zeros(0)
    with still(member.backbone.model):
        for batch in batches:
            state = batch.state_of_row
            outputs, _ = run(member, batch.corrupted)
            if total is not None and total.embedding.shape[1] != outputs.embedding.shape[1]:
                raise UsageError(
                    "means of prompts of several lengths", "take the means of one length at a time"
                )
            states = max(int(state.max()) + 1, len(rows))
            sums = outputs.map(partial(_sum_by_state, state=state, states=states))
            total = sums if total is None else sums + total.map(partial(_grown, states=states))
            rows = _grown(rows.to(state.device), states) + torch.bincount(state, minlength=states)
    if total is None:
        raise UsageError("means of no prompt", "give at least one batch")
    return total.map(lambda summed: summed / rows[:, None, None])


def _sum_by_state(values: Tensor, state: Tensor, states: int) -> Tensor:
    return values.new_zeros(states, *values.shape[1:]).index_add(0, state, values)


def _grown(values: Tensor, states: int) -> Tensor:
    return torch.cat([values, values.new_zeros(states - len(values), *values.shape[1:])])


def run_circuits(
    member: Member,
    batch: Batch,
    edges: Edges,
    intervention: Intervention = "patch",
    means: Outputs | None = None,
    memory: int = MEMORY,
) -> NDArray[np.float64]:
    """The metric with only a circuit's edges kept, [circuits, examples].

    `edges`: boolean [circuits, sources, destinations] of the graph of the member's shape. What is not kept
    is the corrupted run's (`patch`), nothing (`zero`), or the mean over corrupted prompts of the same length
    (`mean`, from mean_outputs). Position embeddings and the biases of the attention output maps always
    stay; an MLP's own bias is part of its output. `memory`: bytes that decide how many circuits and rows run
    stacked. Raises UsageError for edges of another graph, or `mean` without means.
    """
    backbone = member.backbone
    graph = Graph.of(backbone.shape)
    if edges.ndim != 3:
        raise UsageError(
            f"edges of shape {edges.shape}", "stack circuits as [circuits, sources, destinations]"
        )
    graph.checked(edges)
    with torch.no_grad(), still(backbone.model):
        if intervention == "patch":  # The others replace what the sources write at shared tokens too.
            member, batch = behind_shared_prefix(member, batch)
        at_once = stacked_items(graph, backbone.shape.width, batch.clean.shape[1], memory)
        reference = _reference(member, batch, intervention, means)

        def hidden(circuits: NDArray[np.int64], rows: Tensor) -> Tensor:
            running = _Stack(backbone, edges, circuits, reference.map(partial(at_rows, rows=rows)))
            return running.hidden(member.of_rows(rows), batch.clean[rows])

        return run_stacked(member, batch, len(edges), at_once, hidden)


def run_stacked(
    member: Member,
    batch: Batch,
    variants: int,
    at_once: int,
    hidden: Callable[[NDArray[np.int64], Tensor], Tensor],
) -> NDArray[np.float64]:
    """The metric of a batch's examples in several variants of a run, [variants, examples].

    `hidden`, `at_once`: as `stacked_reads` takes them.
    """
    read = stacked_reads(member, batch, variants, at_once, hidden)
    values = [batch.metric(member.logits(of_variant)).double().cpu() for of_variant in read]
    return torch.stack(values).numpy() if values else np.empty((0, batch.examples))


def stacked_reads(
    member: Member,
    batch: Batch,
    variants: int,
    at_once: int,
    hidden: Callable[[NDArray[np.int64], Tensor], Tensor],
) -> Tensor:
    """The final norm's output where a batch is read, in several variants of a run, [variants, reads, width].

    Pairs of a variant and a row are items, numbered variant by variant, of which a stack of `at_once` (or
    less, see `stacking`) runs as one batch: `hidden(variants, rows)`, both [items], gives the final norm's
    output [items, tokens, width].
    """
    rows, width = len(batch.clean), member.backbone.shape.width
    items, at_once = variants * rows, stack_of(at_once)
    starts = torch.arange(variants, device=member.device)[:, None] * rows
    read_item, read_position = starts + batch.read_row, batch.read_position.expand(variants, -1)
    # A stack may end halfway through a variant's rows. So the reads are collected first, and the metric is
    # taken once a variant is complete.
    read = torch.empty(*read_item.shape, width, dtype=member.backbone.dtype, device=member.device)
    for first in range(0, items, at_once):
        chunk = np.arange(first, min(first + at_once, items))
        variant, row = np.divmod(chunk, rows)
        found = hidden(variant, torch.from_numpy(row).to(member.device))
        here = (read_item >= first) & (read_item < first + len(chunk))
        read[here] = found[read_item[here] - first, read_position[here]]
    return read


def stacked_items(graph: Graph, width: int, tokens: int, memory: int = MEMORY) -> int:
    """How many pairs of a circuit and a row of that many tokens are run as one batch."""
    return max(LEAST_ITEMS, memory // (4 * graph.sources * tokens * width))


def at_rows(values: Tensor, rows: Tensor) -> Tensor:
    """What there is of those rows [items], of values [rows, …]."""
    return values[rows]


def _reference(member: Member, batch: Batch, intervention: Intervention, means: Outputs | None) -> Outputs:
    """What each source is taken to write where an edge is not kept, [rows, tokens, …]."""
    if intervention == "mean":
        if means is None or means.embedding.shape[1] != batch.clean.shape[1]:
            raise UsageError(
                "a mean intervention without means of this length", "take them from mean_outputs"
            )
        return means.map(partial(at_rows, rows=batch.state_of_row))
    corrupted, _ = run(member, batch.corrupted)
    if intervention == "patch":
        return corrupted
    if intervention == "zero":
        return corrupted.map(torch.zeros_like)
    raise UsageError(f"intervention {intervention!r} does not exist", "known: patch, zero, mean")


@dataclass(frozen=True)
class _Reads:
    """What the destinations of a site read: `common` [items, tokens, width], but for those in `active`.

    `own`: [items, active, tokens, width]. `native`: common is the residual stream as the model has it.
    """

    common: Tensor
    active: NDArray[np.int64]
    own: Tensor
    native: bool


class _Stack:
    """Pairs of a circuit and a prompt, run as one batch.

    `_departed` [sources, items, tokens, width] is what each source writes now less its reference; `_base`
    [items, tokens, width] the residual stream of the references. Both grow as the layers go by.
    """

    def __init__(
        self, backbone: Backbone, edges: Edges, circuits: NDArray[np.int64], reference: Outputs
    ) -> None:
        self.backbone = backbone
        self.graph = Graph.of(backbone.shape)
        self.reference = reference
        # Items are numbered circuit by circuit, so a stack always covers consecutive circuits.
        self.edges = edges[circuits[0] : circuits[-1] + 1]
        self.circuit = torch.from_numpy(circuits - circuits[0]).to(backbone.device)
        self._readings: dict[Projection, Tensor] = {}

    def hidden(self, member: Member, tokens: Tensor) -> Tensor:
        """The final norm's output [items, tokens, width] for ids [items, tokens]."""
        embedding = member.embed(tokens)
        self._base = self.reference.embedding.clone()
        if self.backbone.position_embedding is not None:
            # Position embeddings belong to no edge, so they are always present. After a prefix, positions
            # do not start at 0.
            before = 0 if member.prefix is None else member.prefix.tokens
            at = slice(before, before + tokens.shape[1])
            self._base += self.backbone.position_embedding.weight[at].float()
        # Left uninitialised: a destination only reads sources that have written by then.
        self._departed = self._base.new_empty(self.graph.sources, *self._base.shape)
        self._departed[0] = embedding.float() - self.reference.embedding
        with hooks() as handles:
            self._attach(handles)
            return member.hidden(embedding, tokens)

    def _attach(self, handles: list[RemovableHandle]) -> None:
        for axes, site in zip(self.graph.sites, sites(self.backbone), strict=True):
            see = partial(self._see_norm, site, axes.readable, axes.destinations)
            handles.append(site.norm.module.register_forward_hook(see))
            for projection in site.projections:
                handles.append(projection.module.register_forward_hook(partial(self._replace, projection)))
            if axes.kind == "attention":
                output = self.backbone.layers[axes.layer].output
                handles.append(output.register_forward_pre_hook(partial(self._see_heads, axes)))
            elif axes.kind == "mlp":
                mlp = self.backbone.layers[axes.layer].mlp
                handles.append(mlp.register_forward_hook(partial(self._see_mlp, axes)))

    def _see_heads(self, axes: SiteAxes, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        shape, output = self.backbone.shape, self.backbone.layers[axes.layer].output
        kept = self.reference.heads[axes.layer]
        maps = head_maps(self.backbone.layers[axes.layer].output_weight, shape.heads)
        # The output map is linear and its bias cancels, so the difference can be taken before the map.
        departed = (inputs[0].float() - kept).view(-1, shape.heads, shape.head_dim).transpose(0, 1)
        torch.bmm(departed, maps, out=self._departed[axes.written].flatten(1, 2))
        self._base += kept @ maps.flatten(0, 1)
        bias: Tensor | None = getattr(output, "bias", None)
        if bias is not None:
            self._base += bias.float()

    def _see_mlp(self, axes: SiteAxes, _: nn.Module, __: object, output: Tensor) -> None:
        kept = self.reference.mlps[axes.layer]
        self._departed[axes.written] = output.float() - kept
        self._base += kept

    def _see_norm(
        self, site: Site, readable: int, span: slice, _: nn.Module, inputs: tuple[Tensor, ...], output: Tensor
    ) -> Tensor | None:
        reads = self._reads(inputs[0], readable, span)
        if not site.projections:
            if len(reads.active):
                return self._normalised(site, reads.own[:, 0])
            return None if reads.native else self._normalised(site, reads.common)
        # Heads that share a norm can read different streams, but the norm has only one output. So each
        # head's map is applied here, to its own stream, and `_replace` substitutes the result for the
        # module's output.
        common = output if reads.native else self._normalised(site, reads.common)
        own = self._normalised(site, reads.own)
        first = 0
        for projection in site.projections:
            heads = (projection.stop - projection.start) // site.slice_width
            here = np.flatnonzero((reads.active >= first) & (reads.active < first + heads))
            reading = linear(common, projection.weight, projection.bias)
            _overwrite(reading, projection, own[:, here], reads.active[here] - first, site.slice_width)
            self._readings[projection] = reading
            first += heads
        return None

    def _reads(self, now: Tensor, readable: int, span: slice) -> _Reads:
        kept = self.edges[:, :readable, span]
        # For each circuit and destination, the side of the identity with fewer terms: the present stream
        # minus the removed edges (−1), or the references plus the kept ones (+1).
        native = 2 * kept.sum(axis=1) > readable
        mostly = bool(2 * native.sum() > native.size)
        weights = kept.astype(np.float32) - native[:, None]
        # Only destinations that differ from the common stream in some circuit get a stream of their own.
        active = np.flatnonzero((weights != 0).any((0, 1)) | (native != mostly).any(0))
        # The product below grows with the number of sources, and small circuits use few of them.
        used = np.flatnonzero((weights != 0).any((0, 2)))
        of_item = self._at(weights[:, used][:, :, active])[self.circuit].transpose(1, 2)
        change = of_item @ self._departed[self._at(used)].transpose(0, 1).flatten(2)
        here, there = now.float(), self._base
        own = torch.where(
            self._at(native[:, active])[self.circuit][..., None, None], here[:, None], there[:, None]
        )
        own += change.view(own.shape)
        return _Reads(here if mostly else there, active, own, mostly)

    def _at(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(values).to(self.backbone.device)

    def _normalised(self, site: Site, stream: Tensor) -> Tensor:
        # `forward` and not a call: a call would run the hooks again.
        normalised: Tensor = site.norm.module.forward(stream.to(self.backbone.dtype))
        return normalised

    def _replace(self, projection: Projection, _: nn.Module, __: object, output: Tensor) -> None:
        output[..., projection.start : projection.stop] = self._readings.pop(projection)


def _overwrite(
    reading: Tensor, projection: Projection, own: Tensor, heads: NDArray[np.int64], width: int
) -> None:
    """Put the maps of `own` [items, heads, tokens, width] into those heads' columns of `reading`."""
    at = torch.from_numpy(heads).to(reading.device)
    maps = projection.weight.view(-1, width, own.shape[-1])[at]
    mapped = own @ maps.transpose(1, 2)
    if projection.bias is not None:
        mapped = mapped + projection.bias.view(-1, width)[at][:, None]
    reading.view(*reading.shape[:2], -1, width)[:, :, at] = mapped.transpose(1, 2)
