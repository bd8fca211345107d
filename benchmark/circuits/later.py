"""Passes that leave out what makes no difference: the layers below the first change, and what nobody reads.

A pass in which something is changed at a layer is a known one up to there. So it takes the residual stream
that the known pass has at that layer, and no layer below is run.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ..pairs.backbones import Backbone
from ..pairs.member import Member
from .batch import Batch
from .capture import hooks
from .instead import instead


@contextmanager
def kept_streams(backbone: Backbone) -> Iterator[list[Tensor]]:
    """A list to which a pass adds the residual stream that each layer reads, and the final norm behind them.

    Each [rows, tokens, width], in the model's dtype and where its layer is.
    """
    streams: list[Tensor] = []

    def keep(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        streams.append(inputs[0])

    with hooks() as handles:
        for norm in (*(layer.attention_norm for layer in backbone.layers), backbone.final_norm):
            handles.append(norm.module.register_forward_pre_hook(keep))
        yield streams


@contextmanager
def begun_at(backbone: Backbone, layer: int, streams: Sequence[Tensor], rows: Tensor) -> Iterator[None]:
    """Within, passes over these rows [items] of a known pass begin at a layer, and skip those below.

    `streams`: what `kept_streams` has of that pass; `layer`: the number of layers for the final norm alone.
    What is given to the model as embeddings makes no difference then. Afterwards the model is as it was.
    """

    def begin(*_: object, **__: object) -> Tensor:
        return streams[layer][rows.to(streams[layer].device)]

    # The first layer gives what the one to begin with reads, and those between hand it on.
    skips = [begin, *[_hand_on] * (layer - 1)]
    with instead({of.block: skip for of, skip in zip(backbone.layers[:layer], skips, strict=False)}):
        yield


def _hand_on(stream: Tensor, *_: object, **__: object) -> Tensor:
    return stream


@contextmanager
def read_at(backbone: Backbone, positions: Tensor) -> Iterator[None]:
    """Within, what the last layer writes is found where rows are read alone, and is 0 elsewhere.

    `positions`: [rows, positions], different ones in a row, as `Batch.positions_read` has them, of the rows
    that are run, or of one stack of rows of several. Nothing but the logits reads what the last heads and the
    last MLP write, so that no gradient comes back from elsewhere either.
    """
    last = backbone.layers[-1]
    with instead({each: partial(_at, positions, each.forward) for each in (last.output, last.mlp)}):
        yield


def _at(positions: Tensor, forward: Callable[[Tensor], Tensor], stream: Tensor) -> Tensor:
    row = torch.arange(len(stream), device=stream.device)[:, None]
    position = positions.to(stream.device).repeat(len(stream) // len(positions), 1)
    found = forward(stream[row, position])
    everywhere = found.new_zeros(*stream.shape[:2], found.shape[-1])
    everywhere[row, position] = found
    return everywhere


def changed_at(
    member: Member,
    batch: Batch,
    layer: int,
    streams: Sequence[Tensor],
    rows: Tensor,
    attach: Callable[[list[Any]], None],
) -> Tensor:
    """The final norm's output of these rows [items] of the clean run, where something is changed at a layer.

    `streams`: as `begun_at` takes them; `attach`: installs the hooks that change it. Other positions than
    those that are read can lack what the last layer writes.
    """
    with (
        begun_at(member.backbone, layer, streams, rows),
        read_at(member.backbone, batch.positions_read[rows]),
        hooks() as handles,
    ):
        attach(handles)
        return member.of_rows(rows).hidden(member.embed(batch.clean[rows]), batch.clean[rows])
