"""What single components write at the readout positions, seen through the final norm and the unembedding."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...metrics import output_entropy
from ..circuits.batch import Batch
from ..circuits.capture import run, still, written
from ..circuits.effects import at_reads
from ..circuits.graph import Graph
from ..pairs.backbones import Backbone
from ..pairs.member import Member

MEMORY = 48 * 2**20
"""Bytes of components' outputs and logits held at a time, unless one read alone needs more."""


def component_entropies(
    member: Member, batches: Iterable[Batch], sources: NDArray[np.int64], groups: int
) -> NDArray[np.float64]:
    """Normalised entropy of softmax(unembedding of a component's output), [groups, sources].

    The mean over an example's reads, as the metric weighs them, and then over the examples of a group, each
    of which has some. `sources`: indices on the graph's source axis. In [0, 1]; 0: the component writes for
    one token alone. The final norm takes the scale of the run, as in a logit lens of one component
    (nostalgebraist 2020); its bias is left out, and the mask token excluded.
    """
    shape = member.backbone.shape
    written_size = Graph.of(shape).sources * shape.width
    per_read = 4 * (written_size + 4 * len(sources) * shape.vocabulary)
    at_once = max(1, member.part_of(MEMORY) // per_read)
    total = np.zeros((groups, len(sources)))
    counts = np.zeros(groups)
    chosen = torch.from_numpy(sources).to(member.device)
    with torch.no_grad(), still(member.backbone.model):
        for batch in batches:
            outputs, _ = run(member, batch.clean)
            group, weight = _of_reads(batch)
            np.add.at(counts, group, weight)
            for first in range(0, len(batch.read_row), at_once):
                row = batch.read_row[first : first + at_once]
                position = batch.read_position[first : first + at_once]
                read = outputs.map(partial(at_reads, row=row, position=position))
                logits = _lens(member, written(member.backbone, read).squeeze(2), position, chosen)
                each = _of_each(logits.double().cpu().numpy())
                here = slice(first, first + len(row))
                np.add.at(total, group[here], weight[here, None] * each.T)
    return np.asarray(total / counts[:, None], dtype=np.float64)


def _of_reads(batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Group and weight of each read, [reads]: a row's reads weigh the same, and so do an example's rows."""
    row, example = batch.read_row.cpu().numpy(), batch.example_of_row.cpu().numpy()
    weight = np.asarray(1 / np.bincount(row)[row] / np.bincount(example)[example[row]], dtype=np.float64)
    return batch.groups.cpu().numpy()[example[row]], weight


def _of_each(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The entropy of each component's output at each read, [components, reads]."""
    components, reads, vocabulary = logits.shape
    found = output_entropy(logits.reshape(components * reads, 1, vocabulary))
    return np.asarray(found, dtype=np.float64).reshape(components, reads)


def _lens(member: Member, everything: Tensor, position: Tensor, chosen: Tensor) -> Tensor:
    """Logits [chosen, reads, vocabulary] of what the sources wrote, [sources, reads, width]."""
    norm = member.backbone.final_norm
    # The scale is that of the whole stream, including what no component wrote, as the model's final norm
    # has it.
    stream = everything.sum(0) + _unwritten(member.backbone, position)
    component = everything[chosen]
    if norm.centred:
        stream = stream - stream.mean(-1, keepdim=True)
        component = component - component.mean(-1, keepdim=True)
    scale = torch.rsqrt(stream.pow(2).mean(-1, keepdim=True) + norm.epsilon)
    gain = norm.weight.to(component.device)
    return member.logits((component * scale * gain).to(member.backbone.dtype))


def _unwritten(backbone: Backbone, position: Tensor) -> Tensor | float:
    """What no source wrote to the residual stream, [reads, width]: position embeddings and output biases.

    Added up in float32 whatever the weights are.
    """
    total: Tensor | float = 0.0
    if backbone.position_embedding is not None:
        total = total + backbone.position_embedding(position).float()
    for layer in backbone.layers:
        bias = getattr(layer.output, "bias", None)
        total = total + (0.0 if bias is None else bias.to(position.device).float())
    return total
