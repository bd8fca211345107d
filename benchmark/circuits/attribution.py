"""Edge attribution with integrated gradients: EAP-IG (arXiv 2403.17806), exactly, and by other rules.

Costs little more than the model's own passes: nothing the size of the residual stream is made per head
inside autograd, and a site's scores are one matrix product over all steps.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...errors import NotComputable
from ..pairs.member import Member
from .backward import under
from .batch import Batch
from .capture import Outputs, SiteGradients, hooks, measure, run, sites, still, written
from .graph import Graph, SiteAxes
from .neurons import NeuronEffects, activations, output_maps
from .places import BEHIND, BETWEEN, EVERYTHING, borders, spans
from .prefix import behind_shared_prefix
from .rules import CHAIN, Rules
from .scores import Attribution, Integration, Outside
from .stacking import stack_of

SOURCE_BYTES = 64 * 2**20
"""How much of what the sources write is held at a time, unless one row alone needs more."""

TOKENS_AT_ONCE = 512
"""Token positions up to which integration steps are stacked in one pass, unless told otherwise."""


STEPS_AT_ONCE = 10
"""Integration steps whose gradients are held at a time, at most: what a norm reads is kept of each."""

POSITIONS_HELD = 12_288
"""Token positions whose gradients are held at a time, over all steps, unless one step alone has more."""


def attribute(
    member: Member,
    batches: Iterable[Batch],
    integration: Integration,
    groups: int,
    tokens_at_once: int = TOKENS_AT_ONCE,
    places: bool = False,
    neurons: bool = False,
    rules: Rules = CHAIN,
) -> Attribution:
    """The score of every edge: ⟨what its source wrote, clean − corrupted; mean gradient at its destination⟩.

    Summed over positions and rows of an example, and over examples within each of the `groups`. Steps
    are stacked along the batch up to `tokens_at_once` (a pass takes a batch's rows at least): more is
    faster where memory allows. Under `staggered` an example's points follow from how many come before it.
    `places` also splits scores by the position of the source, `neurons` adds the
    effect of every MLP neuron; both from the same passes. `rules`: what the backward pass does otherwise than
    the chain rule; `RELP` and `GIM` are published with `Integration("eap", 1)`: one backward pass, at the
    clean run. Scores are accumulated in float32 or better. Raises NotComputable where a score is not finite,
    there is no example, neurons are asked of experts, or a rule does not fit the model.
    """
    sums = _Sums.of(member, groups, places, neurons)
    clean: list[Tensor] = []
    corrupted: list[Tensor] = []
    members: list[Tensor] = []
    seen = 0
    with still(member.backbone.model):
        for batch in batches:
            points = integration.points(range(seen, seen + batch.examples))
            seen += batch.examples
            values = _add_scores(sums, member, batch, points, tokens_at_once, rules)
            clean.append(values[0])
            corrupted.append(values[1])
            members.append(batch.groups)
    if not members:
        raise NotComputable("there is no example to attribute", "give at least one batch")
    sums.finish(integration.steps)
    of_example = torch.cat(members).cpu().numpy()
    return Attribution(
        Graph.of(member.backbone.shape),
        integration,
        sums.scores.numpy(),
        np.bincount(of_example, minlength=groups),
        torch.cat(clean).double().cpu().numpy(),
        torch.cat(corrupted).double().cpu().numpy(),
        of_example,
        Outside(None if sums.outside is None else sums.outside.numpy()) if places else None,
        None if sums.neurons is None else sums.neurons.float().numpy(),
        rules,
    )


@dataclass(frozen=True)
class _Sums:
    """What is added up over batches, in host memory; the first axis of each, or the second, is the groups.

    `outside`: float32 [before and behind, groups, sources, destinations], None where it is not asked for or
    0 by construction; `maps`: those that neurons write through, none where they are not asked for.
    """

    scores: Tensor
    outside: Tensor | None
    neurons: Tensor | None
    maps: list[nn.Module]

    @classmethod
    def of(cls, member: Member, groups: int, places: bool, neurons: bool) -> "_Sums":
        graph, inner = Graph.of(member.backbone.shape), member.backbone.neurons
        maps = output_maps(member.backbone) if neurons else []
        apart = places and member.attention.kind != "causal"
        return cls(
            # Float64, because thousands of float32 scores are added up. A circuit is a ranking, so rounding
            # that swaps two edges changes it.
            torch.zeros(groups, *graph.mask.shape, dtype=torch.float64),
            torch.zeros(2, groups, *graph.mask.shape) if apart else None,
            torch.zeros(groups, graph.layers, inner, dtype=torch.float64) if maps and inner else None,
            maps,
        )

    def add(self, axes: SiteAxes, place: int, group: Tensor, scores: Tensor) -> None:
        """Add rows' scores [rows, sources, destinations] at a site, from positions in one place."""
        here = (slice(None), slice(axes.readable), axes.destinations)
        # Summed in host memory: groups × sources × destinations in float64 may not fit on the device beside
        # the model.
        found = scores.to("cpu", torch.float64)
        self.scores[here].index_add_(0, group, found)
        if self.outside is not None and place != BETWEEN:
            self.outside[place // BEHIND][here].index_add_(0, group, found.float())

    def finish(self, steps: int) -> None:
        """From sums over the steps to their means.

        Raises NotComputable where one is not finite.
        """
        for summed in (self.scores, self.outside, self.neurons):
            if summed is None:
                continue
            if not summed.isfinite().all():
                raise NotComputable(
                    "some edge scores are not finite", "look for NaN or overflow in weights and activations"
                )
            # The hooks sum the gradients over all steps; the score takes their mean.
            summed /= steps


def _add_scores(
    sums: _Sums,
    member: Member,
    batch: Batch,
    points: NDArray[np.float64],
    tokens_at_once: int,
    rules: Rules,
) -> tuple[Tensor, Tensor]:
    """Add a batch's scores to the sums, from gradients at points [steps, examples]; the metric of both runs.

    A function of its own, so that nothing of a batch is still held while the next one runs.
    """
    behind, rest = behind_shared_prefix(member, batch)
    difference, effects, values = _runs(behind, rest, sums.maps)
    held = steps_held(rest.clean.numel())
    for first in range(0, len(points), held):
        some = points[first : first + held]
        gradients = _integrate(behind, rest, some, tokens_at_once, effects, rules)
        _accumulate(sums, behind, rest, difference, gradients)
    if sums.neurons is not None:
        group = batch.groups[batch.example_of_row].cpu()
        for layer, effect in enumerate(effects.sums):
            sums.neurons[:, layer].index_add_(0, group, effect.to("cpu", torch.float64))
    return values


def _runs(
    member: Member, batch: Batch, maps: Sequence[nn.Module]
) -> tuple[Outputs, NeuronEffects, tuple[Tensor, Tensor]]:
    """What the sources and the neurons of these maps put out, clean − corrupted; the metric of both runs."""
    with activations(maps) as clean_neurons:
        clean, clean_hidden = run(member, batch.clean)
    with activations(maps) as corrupted_neurons:
        corrupted, corrupted_hidden = run(member, batch.corrupted)
    effects = NeuronEffects(maps, [a - b for a, b in zip(clean_neurons, corrupted_neurons, strict=True)])
    values = measure(member, batch, clean_hidden), measure(member, batch, corrupted_hidden)
    return clean - corrupted, effects, values


def steps_held(positions: int) -> int:
    """Of how many integration steps gradients are held at a time, for a batch of so many token positions."""
    return max(1, min(STEPS_AT_ONCE, POSITIONS_HELD // positions))


def stacked(positions: int, tokens_at_once: int = TOKENS_AT_ONCE) -> int:
    """How many integration steps of a batch of so many token positions one pass takes."""
    return max(1, stack_of(tokens_at_once) // positions)


def _integrate(
    member: Member,
    batch: Batch,
    points: NDArray[np.float64],
    tokens_at_once: int,
    effects: NeuronEffects,
    rules: Rules,
) -> list[SiteGradients]:
    """The gradients at every site, over these steps; the effects of neurons are added up on the way."""
    rows = len(batch.clean)
    found = [SiteGradients(site, rows, len(points), rules) for site in sites(member.backbone)]
    with torch.no_grad():
        # In half precision the difference of the two embeddings would be rounded before it is scaled.
        start, end = member.embed(batch.corrupted).float(), member.embed(batch.clean).float()
    at_once = stacked(batch.clean.numel(), tokens_at_once)
    of_rows = torch.tensor(points, dtype=start.dtype, device=start.device)[:, batch.example_of_row]
    with under(rules, member.backbone), hooks() as handles, torch.enable_grad():
        for gradients in found:
            gradients.attach(handles)
        effects.attach(handles)
        for first in range(0, len(of_rows), at_once):
            between = start + of_rows[first : first + at_once, :, None, None] * (end - start)
            _run_back(member, batch, between.to(member.backbone.dtype))
    return found


def _run_back(member: Member, batch: Batch, between: Tensor) -> None:
    """One pass forward and back from embeddings [steps, rows, tokens, width].

    A function of its own, so that nothing of a pass is still held while the next one runs.
    """
    # The embeddings are the only leaf. Parameters need no gradient, so autograd does not keep their inputs.
    hidden = member.hidden(between.flatten(0, 1).requires_grad_(), batch.clean)
    read = hidden.view(*between.shape[:2], *hidden.shape[1:])[:, batch.read_row, batch.read_position]
    # No row attends to another, so the gradient of the sum gives every row and step its own gradient.
    value = torch.stack([batch.metric(logits).sum() for logits in member.logits(read)]).sum()
    torch.autograd.backward(value)


@torch.no_grad()
def _accumulate(
    sums: _Sums, member: Member, batch: Batch, difference: Outputs, gradients: list[SiteGradients]
) -> None:
    """Add the batch's scores to the sums of its examples' groups."""
    graph, tokens = Graph.of(member.backbone.shape), batch.clean.shape[1]
    group, limits = batch.groups[batch.example_of_row].cpu(), borders(batch)
    at_once = max(1, SOURCE_BYTES // (4 * graph.sources * difference.embedding[0].numel()))
    for first in range(0, len(group), at_once):
        rows = slice(first, first + at_once)
        sources = written(member.backbone, difference, rows)
        # Every row and position is in one span, so that places cost no further products.
        parts = [EVERYTHING] if sums.outside is None else spans(limits[rows], tokens)
        wrote = [part.of(sources) for part in parts]
        for axes, site in zip(graph.sites, gradients, strict=True):
            gradient = site.summed(rows)
            for part, written_here in zip(parts, wrote, strict=True):
                felt = part.of(gradient).transpose(1, 2)
                scores = torch.bmm(written_here[:, : axes.readable], felt)
                sums.add(axes, part.place, group[rows][part.rows], scores)
