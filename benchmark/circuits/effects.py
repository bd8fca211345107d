"""What single components do: what each writes for the answer directly, and what is lost without it.

Neither needs a choice of edges, so that both stand beside the circuits as numbers that do not depend on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import NotComputable
from ..pairs.backbones import Backbone
from ..pairs.member import Member
from .batch import Batch
from .capture import Outputs, hooks, measure, run, still, written
from .graph import Graph
from .intervention import run_stacked, stacked_rows
from .later import changed_at, kept_streams
from .prefix import behind_shared_prefix

MEMORY = 64 * 2**20
"""Bytes of what the sources write at the reads that are held at a time, unless one read alone needs more."""


@dataclass(frozen=True, eq=False)
class DirectEffects:
    """Direct logit attribution of every source, as sums over the examples of groups.

    `clean`: of what it writes in the clean run; `changed`: of that less what it writes in the corrupted run.
    Both float64 [groups, sources], in units of the metric, positive for the answer. `counts`: [groups].
    """

    clean: NDArray[np.float64]
    changed: NDArray[np.float64]
    counts: NDArray[np.int64]


def direct_effects(member: Member, batches: Iterable[Batch], groups: int) -> DirectEffects:
    """What every source writes, at the read positions, onto the metric's direction.

    The final norm keeps the scale σ that it has in the clean run, and the direction is the metric's gradient
    with respect to its output there: ⟨out_u, P(γ ⊙ ∂m/∂y)/σ⟩. For a logit difference this is what u adds to
    it, and the sources, position embeddings and biases add up to the metric; for a metric on sets of tokens
    it is that metric's slope. Raises NotComputable where a number is not finite, or there is no example.
    """
    sources = Graph.of(member.backbone.shape).sources
    sums = torch.zeros(2, groups, sources, dtype=torch.float64)
    counts = np.zeros(groups, np.int64)
    with still(member.backbone.model):
        for batch in batches:
            counts += np.bincount(batch.groups.cpu().numpy(), minlength=groups)
            _add_direct(sums, *behind_shared_prefix(member, batch))
    _check(sums.numpy(), counts.sum())
    clean, corrupted = sums.numpy()
    return DirectEffects(clean, clean - corrupted, counts)


@dataclass(frozen=True, eq=False)
class Drops:
    """What is lost without single components, in units of the metric.

    `lost`: float64 [components, examples], heads and MLPs in the order of `Components.names`, positive where
    the component is needed. `clean`, `corrupted`: the whole model's metric on both prompts [examples].
    """

    lost: NDArray[np.float64]
    clean: NDArray[np.float64]
    corrupted: NDArray[np.float64]


def component_drops(member: Member, batches: Iterable[Batch], tokens_at_once: int | None = None) -> Drops:
    """How far the metric falls where one component alone writes what it wrote in the corrupted run.

    Examples are in the order of the batches. Everything behind the component runs on; no other output is
    replaced. The components of a layer are stacked along the batch, up to `tokens_at_once` token positions
    (but `LEAST_ITEMS` rows at least; None: the member's share of the usual), and their passes begin at that
    layer. Raises NotComputable where a number is not finite, or there is no example.
    """
    found: list[Drops] = []
    with torch.no_grad(), still(member.backbone.model):
        for batch in batches:
            found.append(_drops(*behind_shared_prefix(member, batch), tokens_at_once))
            _check(found[-1].lost, batch.examples)
    _check(np.zeros(0), len(found))
    return Drops(
        np.concatenate([each.lost for each in found], axis=1),
        np.concatenate([each.clean for each in found]),
        np.concatenate([each.corrupted for each in found]),
    )


def _check(values: NDArray[np.float64], examples: int) -> None:
    if not examples:
        raise NotComputable("there is no example to measure components on", "give at least one batch")
    if not np.isfinite(values).all():
        raise NotComputable(
            "an effect of a component is not finite", "look for NaN or overflow in weights and activations"
        )


@torch.no_grad()
def _add_direct(sums: Tensor, member: Member, batch: Batch) -> None:
    """Add what the sources write onto the metric's direction to sums [runs, groups, sources]."""
    streams: list[Tensor] = []
    with hooks() as handles:
        norm = member.backbone.final_norm.module
        handles.append(norm.register_forward_pre_hook(lambda _, inputs: streams.append(inputs[0])))
        runs = run(member, batch.clean), run(member, batch.corrupted)
    row, position = batch.read_row, batch.read_position
    stream = streams[0].to(member.device)
    direction = _direction(member, batch, stream[row, position], runs[0][1][row, position])
    group = batch.groups[batch.example_of_row[row]].cpu()
    graph, width = Graph.of(member.backbone.shape), member.backbone.shape.width
    at_once = max(1, member.part_of(MEMORY) // (4 * graph.sources * width))
    for total, (outputs, _) in zip(sums, runs, strict=True):
        for first in range(0, len(row), at_once):
            reads = slice(first, first + at_once)
            wrote = _written_at(member.backbone, outputs, row[reads], position[reads])
            effects = torch.einsum("srd,rd->rs", wrote, direction[reads])
            total.index_add_(0, group[reads], effects.to("cpu", torch.float64))


def _direction(member: Member, batch: Batch, stream: Tensor, hidden: Tensor) -> Tensor:
    """Where the metric points at the final norm's input with its scale held fixed, float32 [reads, width].

    `stream`, `hidden`: [reads, width], what the final norm takes and puts out in the clean run.
    """
    norm = member.backbone.final_norm
    with torch.enable_grad():
        leaf = hidden.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(batch.metric(member.logits(leaf)).sum(), leaf)
    stream = stream.float()
    if norm.centred:
        stream = stream - stream.mean(dim=-1, keepdim=True)
    scale = (stream.square().mean(dim=-1, keepdim=True) + norm.epsilon).rsqrt()
    direction = gradient.float() * norm.weight.to(scale.device).float() * scale
    return direction - direction.mean(dim=-1, keepdim=True) if norm.centred else direction


def _written_at(backbone: Backbone, outputs: Outputs, row: Tensor, position: Tensor) -> Tensor:
    """What each source writes at the reads, [sources, reads, width]."""
    return written(backbone, outputs.map(partial(at_reads, row=row, position=position))).squeeze(2)


def at_reads(values: Tensor, row: Tensor, position: Tensor) -> Tensor:
    """[rows, tokens, …] where rows are read, row and position [reads], as [reads, 1, …]."""
    return values[row.to(values.device), position.to(values.device)][:, None]


def _drops(member: Member, batch: Batch, tokens_at_once: int | None) -> Drops:
    """Those of a batch."""
    corrupted, final = run(member, batch.corrupted)
    with kept_streams(member.backbone) as streams:
        known = member.hidden(member.embed(batch.clean), batch.clean)
    whole, none = (measure(member, batch, each).double().cpu().numpy() for each in (known, final))
    at_once = stacked_rows(member, batch.clean.shape[1], tokens_at_once)
    values = []
    for layer in range(member.backbone.shape.layers):

        def hidden(component: NDArray[np.int64], rows: Tensor, layer: int = layer) -> Tensor:
            patches = _Patches(
                member.backbone, layer, torch.from_numpy(component).to(rows.device), rows, corrupted
            )
            return changed_at(member, batch, layer, streams, rows, patches.attach)

        values.append(run_stacked(member, batch, member.backbone.shape.heads + 1, at_once, hidden))
    return Drops(whole - np.concatenate(values), whole, none)


class _Patches:
    """Items of a batch in each of which one component of a layer writes what it wrote in a reference run.

    `component`, `row`: [items], the head, or behind the last one the MLP; and the row of the reference that
    it is taken from.
    """

    def __init__(
        self, backbone: Backbone, layer: int, component: Tensor, row: Tensor, reference: Outputs
    ) -> None:
        self._layer = backbone.layers[layer]
        self._heads = backbone.shape.heads
        self._mixed, self._written = reference.heads[layer], reference.mlps[layer]
        self._component = component.to(self._mixed.device)
        self._row = row.to(self._mixed.device)

    def attach(self, handles: list[Any]) -> None:
        """Install the hooks."""
        handles.append(self._layer.output.register_forward_pre_hook(self._patch_heads))
        handles.append(self._layer.mlp.register_forward_hook(self._patch_mlp))

    def _patch_heads(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        # The output map is linear, so a head can be patched where it enters it.
        items = torch.nonzero(self._component < self._heads).squeeze(1)
        head = self._component[items]
        patched, kept = (
            values.unflatten(-1, (self._heads, -1)) for values in (inputs[0].clone(), self._mixed)
        )
        patched[items, :, head] = kept[self._row[items], :, head].to(patched.dtype)
        return (patched.flatten(2), *inputs[1:])

    def _patch_mlp(self, _: nn.Module, __: object, output: Tensor) -> Tensor:
        items = torch.nonzero(self._component == self._heads).squeeze(1)
        patched = output.clone()
        patched[items] = self._written[self._row[items]].to(patched.dtype)
        return patched
