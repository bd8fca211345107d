"""Passes that leave out what makes no difference: the layers below the first change, and what nobody reads.

A pass in which something is changed at a layer is a known one up to there. So it takes the residual stream
that the known pass has at that layer, and no layer below is run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ..pairs.backbones import Backbone
from ..pairs.member import Member
from .batch import Batch
from .capture import hooks


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
def read_at(backbone: Backbone, item: Tensor, position: Tensor) -> Iterator[None]:
    """Within, the last MLP runs where rows are read alone, item and position [reads], and gives 0 elsewhere.

    Nothing but the logits reads what it writes.
    """
    mlp = backbone.layers[-1].mlp
    forward = mlp.forward

    def run(stream: Tensor) -> Tensor:
        everywhere = torch.zeros_like(stream)
        at = item.to(stream.device), position.to(stream.device)
        everywhere[at] = forward(stream[at][None])[0]
        return everywhere

    with instead({mlp: run}):
        yield


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
    those that are read lack the last MLP.
    """
    with (
        begun_at(member.backbone, layer, streams, rows),
        read_at(member.backbone, *batch.reads_of(rows)),
        hooks() as handles,
    ):
        attach(handles)
        return member.of_rows(rows).hidden(member.embed(batch.clean[rows]), batch.clean[rows])


@contextmanager
def instead(forwards: Mapping[nn.Module, Callable[..., Any]]) -> Iterator[None]:
    """Within, modules that are called do something else; afterwards they are as they were."""
    # One within another gives back what that one has put there.
    own = {module: vars(module).get("forward") for module in forwards}
    try:
        for module, forward in forwards.items():
            vars(module)["forward"] = forward
        yield
    finally:
        for module, before in own.items():
            if before is None:
                vars(module).pop("forward", None)
            else:
                vars(module)["forward"] = before
