"""Whether what members compute on the way is finite; and where not, in which of their layers that began."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import Self
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from ...errors import NotComputable
from ..pairs.member import Member


class NotFinite(NotComputable):
    """An activation is NaN, infinite, or too large for its square to be finite."""

    def __init__(self, cell: str, called: str, where: str) -> None:
        super().__init__(
            f"{cell}: the {called} computes numbers that, or whose squares, are not finite: {where}",
            "look for weights that are damaged, or too large for the precision that they are loaded at",
        )


class Watching(ABC):
    """A context that looks at what passes of some members compute; what it hangs into them goes at its end.

    Members are added before or within it, each as it is found. It holds none of them, whose weights may have
    to go meanwhile.
    """

    def __init__(self) -> None:
        self._seen: WeakSet[nn.Module] = WeakSet()
        self._handles: list[RemovableHandle] = []

    def add(self, member: Member) -> None:
        """Look at a member's passes too, from now on."""
        if member.backbone.model not in self._seen:
            self._seen.add(member.backbone.model)
            self._handles += self._look_at(member)

    @abstractmethod
    def _look_at(self, member: Member) -> Iterable[RemovableHandle]:
        """Hang hooks into a member."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()


class Watch(Watching):
    """A context in which it is seen whether what members compute is finite.

    Nothing is waited for meanwhile, so that an accelerator goes on as if it were not watched.
    """

    def __init__(self) -> None:
        super().__init__()
        self._totals: list[tuple[str, _Total]] = []

    def _look_at(self, member: Member) -> list[RemovableHandle]:
        self._totals.append((member.called, _Total()))
        # Whatever is not finite in a layer stays in the residual stream. The norm itself can hide it: of
        # numbers whose squares are infinite it makes zeros.
        return [member.backbone.final_norm.module.register_forward_pre_hook(self._totals[-1][1].add)]

    @property
    def not_finite(self) -> tuple[str, ...]:
        """What the members are called some of whose numbers were NaN or infinite."""
        return tuple(called for called, total in self._totals if total.is_not_finite)


class _Total:
    """0, or NaN once any of what a module takes was not finite: where the module is, and not waited for."""

    def __init__(self) -> None:
        self._value: Tensor | None = None

    def add(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found = 0.0 * _norm(inputs[0])
        self._value = found if self._value is None else self._value + found

    @property
    def is_not_finite(self) -> bool:
        return self._value is not None and bool(self._value.isnan())


def _norm(values: Tensor) -> Tensor:
    """The root of the sum of all squares in float32: NaN or infinite where norms could not be taken."""
    norm: Tensor = torch.linalg.vector_norm(values.detach(), dtype=torch.float32)
    return norm


class Search(Watching):
    """A context in which a pass ends with `NotFinite` at the first layer that is not finite.

    `cell`: what is computed, for the message. Every layer is waited for: to be used where it is known that
    there is such a one.
    """

    def __init__(self, cell: str) -> None:
        super().__init__()
        self._cell = cell

    def _look_at(self, member: Member) -> list[RemovableHandle]:
        return [
            module.register_forward_hook(partial(_check, self._cell, member.called, where))
            for where, module in _places(member)
        ]


def _check(cell: str, called: str, where: str, module: nn.Module, inputs: object, output: Tensor) -> None:
    if not bool(_norm(output).isfinite()):
        raise NotFinite(cell, called, f"first in {where}")


def _places(member: Member) -> Iterator[tuple[str, nn.Module]]:
    """What can be the first that is not finite, in words, and its module."""
    backbone, layers = member.backbone, len(member.backbone.layers)
    yield "the token embeddings", backbone.embedding
    for number, layer in enumerate(backbone.layers, 1):
        yield f"the attention of layer {number} of {layers}", layer.output
        yield f"the MLP of layer {number} of {layers}", layer.mlp
    yield "the final norm", backbone.final_norm.module
