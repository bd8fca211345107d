"""Edge attribution with integrated gradients: EAP-IG (arXiv 2403.17806), exactly.

Costs little more than the model's own passes: nothing the size of the residual stream is made per head
inside autograd, and a site's scores are one matrix product over all steps.
"""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...errors import NotComputable
from ..pairs.member import Member
from .batch import Batch
from .capture import Outputs, SiteGradients, hooks, measure, run, sites, still, written
from .graph import Graph
from .prefix import behind_shared_prefix
from .scores import Attribution, Integration

SOURCE_BYTES = 64 * 2**20
"""How much of what the sources write is held at a time, unless one row alone needs more."""

TOKENS_AT_ONCE = 512
"""Token positions up to which integration steps are stacked in one pass, unless told otherwise."""


def attribute(
    member: Member,
    batches: Iterable[Batch],
    integration: Integration,
    groups: int,
    tokens_at_once: int = TOKENS_AT_ONCE,
) -> Attribution:
    """The score of every edge: ⟨what its source wrote, clean − corrupted; mean gradient at its destination⟩.

    Summed over positions and rows of an example, and over examples within each of the `groups`. Steps
    are stacked along the batch up to `tokens_at_once` (a pass takes a batch's rows at least): more is
    faster where memory allows. Scores are accumulated in float32 or better. Raises NotComputable where a
    score is not finite, or there is no example.
    """
    graph = Graph.of(member.backbone.shape)
    # Float64, because thousands of float32 scores are added up. A circuit is a ranking, so rounding that
    # swaps two edges changes it.
    sums = np.zeros((groups, *graph.mask.shape))
    clean: list[Tensor] = []
    corrupted: list[Tensor] = []
    members: list[Tensor] = []
    with still(member.backbone.model):
        for batch in batches:
            values = _add_scores(sums, member, batch, integration, tokens_at_once)
            clean.append(values[0])
            corrupted.append(values[1])
            members.append(batch.groups)
    if not members:
        raise NotComputable("there is no example to attribute", "give at least one batch")
    if not np.isfinite(sums).all():
        raise NotComputable(
            "some edge scores are not finite", "look for NaN or overflow in weights and activations"
        )
    of_example = torch.cat(members).cpu().numpy()
    return Attribution(
        graph,
        integration,
        # The sites sum the gradients over all steps; the score takes their mean.
        sums * graph.mask / integration.steps,
        np.bincount(of_example, minlength=groups),
        torch.cat(clean).double().cpu().numpy(),
        torch.cat(corrupted).double().cpu().numpy(),
        of_example,
    )


def _add_scores(
    sums: NDArray[np.float64], member: Member, batch: Batch, integration: Integration, tokens_at_once: int
) -> tuple[Tensor, Tensor]:
    """Add a batch's scores to the sums; the metric of both runs.

    A function of its own, so that nothing of a batch is still held while the next one runs.
    """
    behind, rest = behind_shared_prefix(member, batch)
    difference, values = _runs(behind, rest)
    gradients = _integrate(behind, rest, integration, tokens_at_once)
    _accumulate(sums, behind, rest, difference, gradients)
    return values


def _runs(member: Member, batch: Batch) -> tuple[Outputs, tuple[Tensor, Tensor]]:
    """What the sources wrote, clean − corrupted, and the metric of both runs."""
    clean, clean_hidden = run(member, batch.clean)
    corrupted, corrupted_hidden = run(member, batch.corrupted)
    return clean - corrupted, (measure(member, batch, clean_hidden), measure(member, batch, corrupted_hidden))


def stacked(positions: int, tokens_at_once: int = TOKENS_AT_ONCE) -> int:
    """How many integration steps of a batch of so many token positions one pass takes."""
    return max(1, tokens_at_once // positions)


def _integrate(
    member: Member, batch: Batch, integration: Integration, tokens_at_once: int
) -> list[SiteGradients]:
    """The gradients at every site, over all steps."""
    rows = len(batch.clean)
    found = [SiteGradients(site, rows) for site in sites(member.backbone)]
    with torch.no_grad():
        # In half precision the difference of the two embeddings would be rounded before it is scaled.
        start, end = member.embed(batch.corrupted).float(), member.embed(batch.clean).float()
    at_once = stacked(batch.clean.numel(), tokens_at_once)
    with hooks() as handles, torch.enable_grad():
        for gradients in found:
            gradients.attach(handles)
        for first in range(0, integration.steps, at_once):
            points = torch.tensor(integration.points[first : first + at_once], device=start.device)
            between = start + points[:, None, None, None] * (end - start)
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
    sums: NDArray[np.float64],
    member: Member,
    batch: Batch,
    difference: Outputs,
    gradients: list[SiteGradients],
) -> None:
    """Add the batch's scores to the sums of its examples' groups."""
    graph = Graph.of(member.backbone.shape)
    group = batch.groups[batch.example_of_row].cpu()
    at_once = max(1, SOURCE_BYTES // (4 * graph.sources * difference.embedding[0].numel()))
    for first in range(0, len(group), at_once):
        rows = slice(first, first + at_once)
        sources = written(member.backbone, difference, rows).flatten(2).transpose(0, 1)
        for axes, site in zip(graph.sites, gradients, strict=True):
            gradient = site.summed(rows).flatten(2).permute(1, 2, 0)
            # Summed in host memory: groups × sources × destinations in float64 may not fit on the device
            # beside the model.
            scores = torch.bmm(sources[:, : axes.readable], gradient).to("cpu", torch.float64)
            grouped = scores.new_zeros(len(sums), *scores.shape[1:]).index_add(0, group[rows], scores)
            sums[:, : axes.readable, axes.destinations] += grouped.numpy()
