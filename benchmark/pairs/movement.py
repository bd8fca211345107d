"""How far post-training has moved the weights, module by module."""

import re
from collections import defaultdict
from dataclasses import dataclass

from torch import Tensor

from .member import Member
from .threads import on_threads
from .turns import Turns, parameters_of_both


@dataclass(frozen=True)
class Movement:
    """Relative Frobenius change of one module's weights: ‖W_mdm − W_arm‖ / ‖W_arm‖.

    0 is unmoved; None where the ARM's weights are all zero. `layer` is None outside the layers; `module`
    is the native class's name of it, such as self_attn.q_proj.
    """

    layer: int | None
    module: str
    change: float | None


def weight_movement(arm: Member, mdm: Member, turns: Turns | None = None) -> tuple[Movement, ...]:
    """The movement of every module, in the model's own order; rows that only the MDM has are left out.

    Both members must have one backbone (`check_same_backbone`). `turns`: where one is in memory at a time.
    """
    squares: dict[tuple[int | None, str], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    for name, before, moved in parameters_of_both(arm, mdm, turns):
        # One parameter at a time: copies of both models at once would double the memory.
        after = moved.to(before.device)[: len(before)]
        place = _place(name)
        change, size = squares[place]
        squares[place] = (
            change + sum_of_squares(after.float() - before.float()),
            size + sum_of_squares(before.float()),
        )
    return tuple(
        Movement(layer, module, (change / size) ** 0.5 if size else None)
        for (layer, module), (change, size) in squares.items()
    )


def _place(parameter: str) -> tuple[int | None, str]:
    module = parameter.rpartition(".")[0]
    inner = re.search(r"\.(\d+)\.(.+)$", module)
    return (int(inner[1]), inner[2]) if inner else (None, module.rpartition(".")[2])


def sum_of_squares(values: Tensor) -> float:
    """The square of the Frobenius norm, the same to the last digit whatever number of threads there is."""
    squares = values.square()
    # Every thread sums a part of its own, so that the last digits would tell how many there were.
    with on_threads(1):
        return float(squares.sum())
