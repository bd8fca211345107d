"""Whether a mean over tasks says something of the tasks, or of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .inputs import numbers
from .undefined import Undefined


@dataclass(frozen=True)
class SignStability:
    """The mean over tasks, its least and largest value when one task is left out, and who carries its sign.

    `carriers`: the tasks without which the mean is 0 or has the opposite sign, in the order given.
    """

    mean: float
    low: float
    high: float
    carriers: tuple[str, ...]

    @property
    def stable(self) -> bool:
        """Whether the mean has a sign and keeps it whichever task is left out."""
        return self.mean != 0 and not self.carriers


def sign_carriers(value: float, without: Mapping[str, float | None]) -> tuple[str, ...]:
    """The tasks without which a value is 0 or has the opposite sign, in the order given.

    Args:
        value: of all tasks.
        without: by task, what the value is when it is left out; None where there is none then. Such a task
            is not named: nothing is left that could have another sign.

    Returns:
        Names of tasks. Of a value of 0 those without which it has a sign.

    Raises:
        ValueError: NaN, infinite.

    >>> sign_carriers(0.1, {"ioi": -0.1, "induction": 0.2, "agreement": None})
    ('ioi',)
    """
    left = {name: each for name, each in without.items() if each is not None}
    of = numbers("values", [value, *left.values()], 1)
    return tuple(name for name, each in zip(left, of[1:], strict=True) if np.sign(each) != np.sign(of[0]))


def sign_stability(values: Mapping[str, float]) -> SignStability | Undefined:
    """Whether the sign of a mean over tasks survives leaving any one of them out.

    It asks about influence and not about chance: a stable sign may still be within its interval of 0.

    Args:
        values: the estimate of each task, by name.

    Returns:
        The means, in the units of the values. Undefined with fewer than three tasks: of two, each carries
        the mean unless both agree.

    Raises:
        ValueError: NaN, infinite, means beyond all numbers.

    >>> sign_stability({"ioi": 0.5, "induction": -0.1, "agreement": -0.1}).carriers
    ('ioi',)
    >>> sign_stability({"ioi": 0.5, "induction": 0.2, "agreement": -0.1}).stable
    True
    """
    if len(values) < 3:
        return Undefined(f"{len(values)} tasks; leaving one out takes three")
    of = numbers("values", list(values.values()), 1).astype(np.float64)
    with np.errstate(over="ignore"):
        mean = float(of.mean())
        # Each sum by itself: subtracting from the sum of all would let a large value erase the others.
        without = np.array([np.delete(of, place).mean() for place in range(len(of))])
    if not np.isfinite([mean, *without]).all():
        raise ValueError("means are beyond all numbers: scale the values down")
    carriers = sign_carriers(mean, dict(zip(values, without.tolist(), strict=True)))
    return SignStability(mean, float(without.min()), float(without.max()), carriers)
