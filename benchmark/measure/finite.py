"""Whether what members compute on the way is finite; and where not, in which of their layers that began."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...errors import NotComputable
from ..circuits.capture import hooks
from ..pairs.member import Member


class Endless(NotComputable):
    """An activation is NaN, infinite, or too large for its square to be finite."""

    def __init__(self, cell: str, member: Member, where: str) -> None:
        super().__init__(
            f"{cell}: the {member.called} computes numbers that, or whose squares, are not finite: {where}",
            "look for weights that are damaged, or too large for the precision that they are loaded at",
        )


class Watch:
    """A context in which it is seen whether what passes of some members compute is finite.

    Nothing is waited for meanwhile, so that an accelerator goes on as if it were not watched.
    """

    def __init__(self, members: Iterable[Member]) -> None:
        self._totals = [(member, torch.zeros((), device=member.device)) for member in members]
        self._handles: list[RemovableHandle] = []

    def __enter__(self) -> "Watch":
        for member, total in self._totals:
            # Whatever is not finite in a layer stays in the residual stream. The norm itself can hide it: of
            # numbers whose squares are infinite it makes zeros.
            norm = member.backbone.final_norm.module
            self._handles.append(norm.register_forward_pre_hook(partial(_add, total)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()

    @property
    def endless(self) -> tuple[Member, ...]:
        """The members some of whose numbers were NaN or infinite."""
        return tuple(member for member, total in self._totals if total.isnan())


def _add(total: Tensor, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """Make a total of 0 NaN once any of what a module takes is not finite."""
    total += 0.0 * _norm(inputs[0])


def _norm(values: Tensor) -> Tensor:
    """The root of the sum of all squares in float32: NaN or infinite where norms could not be taken."""
    norm: Tensor = torch.linalg.vector_norm(values.detach(), dtype=torch.float32)
    return norm


@contextmanager
def located(members: Iterable[Member], cell: str) -> Iterator[None]:
    """A context in which a pass of a member ends with `Endless` at the first layer that is not finite.

    `cell`: what is computed, for the message. Every layer is waited for: to be used where it is known that
    there is such a one.
    """
    with hooks() as handles:
        for member in members:
            for where, module in _places(member):
                handles.append(module.register_forward_hook(partial(_check, cell, member, where)))
        yield


def _check(cell: str, member: Member, where: str, module: nn.Module, inputs: object, output: Any) -> None:
    # Of experts beside the scores of their router.
    tensor: Tensor = output[0] if isinstance(output, tuple) else output
    if not bool(_norm(tensor).isfinite()):
        raise Endless(cell, member, f"first in {where}")


def _places(member: Member) -> Iterator[tuple[str, nn.Module]]:
    """What can be the first that is not finite, in words, and its module."""
    backbone, layers = member.backbone, len(member.backbone.layers)
    yield "the token embeddings", backbone.embedding
    for number, layer in enumerate(backbone.layers, 1):
        yield f"the attention of layer {number} of {layers}", layer.output
        yield f"the MLP of layer {number} of {layers}", layer.mlp
    yield "the final norm", backbone.final_norm.module
