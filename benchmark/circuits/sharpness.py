"""What single components write at the readout positions, seen through the final norm and the unembedding."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...metrics import output_entropy
from ..pairs.member import Member
from .batch import Batch
from .capture import run, still, written


def component_entropies(
    member: Member, batches: Iterable[Batch], sources: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Normalised entropy of softmax(unembedding of a component's output), mean over reads, [sources].

    `sources`: indices on the graph's source axis. In [0, 1]; 0: the component writes for one token alone. The
    final norm takes the scale of the run, as in a logit lens of one component; its bias is left out. The mask
    token is excluded.
    """
    total = np.zeros(len(sources))
    reads = 0
    chosen = torch.from_numpy(sources).to(member.device)
    with torch.no_grad(), still(member.backbone.model):
        for batch in batches:
            for logits in _lens(member, batch, chosen):
                total += output_entropy(logits.double().cpu().numpy())
                reads += 1
    return total / max(1, reads)


def _lens(member: Member, batch: Batch, sources: Tensor) -> Iterable[Tensor]:
    """For each read of the batch, logits [sources, 1, vocabulary]."""
    norm = member.backbone.final_norm
    outputs, _ = run(member, batch.clean)
    for row in batch.read_row.unique().tolist():
        everything = written(member.backbone, outputs, slice(row, row + 1))[:, 0]
        stream = everything.sum(0) + _unwritten(member, everything.shape[1])
        for position in batch.read_position[batch.read_row == row].tolist():
            scale = _scale(stream[position], norm.centred, norm.epsilon)
            component = everything[sources, position]
            if norm.centred:
                component = component - component.mean(-1, keepdim=True)
            yield member.logits((component * scale * norm.weight).to(member.backbone.dtype))[:, None]


def _unwritten(member: Member, tokens: int) -> Tensor | float:
    """What is in the residual stream and no source wrote: position embeddings and output biases, [tokens, width]."""
    backbone = member.backbone
    total: Tensor | float = 0.0
    if backbone.position_embedding is not None:
        total = total + backbone.position_embedding.weight[:tokens]
    for layer in backbone.layers:
        bias = getattr(layer.output, "bias", None)
        if bias is not None:
            total = total + bias
    return total


def _scale(stream: Tensor, centred: bool, epsilon: float) -> Tensor:
    """1/σ of the final norm on the residual stream [width] of the run."""
    if centred:
        return torch.rsqrt(stream.var(unbiased=False) + epsilon)
    return torch.rsqrt(stream.pow(2).mean() + epsilon)
