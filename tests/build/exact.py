"""A slow runner in float64 that shares no code with the package but for where a backbone's parts are."""

import copy
import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor, nn

from mechshift.benchmark.circuits.batch import Batch
from mechshift.benchmark.pairs.families import read_backbone
from mechshift.benchmark.pairs.member import Member

Read = Callable[[int, Tensor, list[Tensor]], Tensor]


def slow_run(member: Member, batch: Batch, embeddings: Tensor, read: Read) -> tuple[Tensor, list[Tensor]]:
    """Run in float64, asking for each destination in turn what it reads; values and what each source wrote.

    `read(destination, residual stream, written so far)` gives the stream that this destination sees.
    """
    model = copy.deepcopy(member.backbone.model).double()
    backbone = read_backbone(model)
    member = dataclasses.replace(member, backbone=backbone)
    shape = backbone.shape
    outputs: list[Tensor] = [embeddings]
    streams: dict[nn.Module, Tensor] = {}
    counter = iter(range(10**6))

    def remember(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> None:
        streams[module] = inputs[0]

    def seen_whole(module: nn.Module, inputs: tuple[Tensor, ...], _: Tensor) -> Tensor:
        return module.forward(read(next(counter), inputs[0], outputs))

    def seen_by_heads(norm: nn.Module) -> Callable[..., Tensor]:
        def replace(module: nn.Module, _: object, output: Tensor) -> Tensor:
            heads = [
                module.forward(norm.forward(read(next(counter), streams[norm], outputs)))[
                    ..., at : at + shape.head_dim
                ]
                for at in range(0, output.shape[-1], shape.head_dim)
            ]
            return torch.cat(heads, dim=-1)

        return replace

    def heads_wrote(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        for head in range(shape.heads):
            alone = torch.zeros_like(inputs[0])
            columns = slice(head * shape.head_dim, (head + 1) * shape.head_dim)
            alone[..., columns] = inputs[0][..., columns]
            outputs.append(module.forward(alone) - module.forward(torch.zeros_like(alone)))

    for layer in backbone.layers:
        layer.attention_norm.module.register_forward_hook(remember)
        for module in dict.fromkeys((layer.query.module, layer.key.module, layer.value.module)):
            module.register_forward_hook(seen_by_heads(layer.attention_norm.module))
        layer.output.register_forward_pre_hook(heads_wrote)
        layer.mlp_norm.module.register_forward_hook(seen_whole)
        layer.mlp.register_forward_hook(lambda _, __, output: outputs.append(output))
    backbone.final_norm.module.register_forward_hook(seen_whole)
    hidden = member.hidden(embeddings)
    values = batch.metric(member.logits(hidden[batch.read_row, batch.read_position]))
    return values, outputs
