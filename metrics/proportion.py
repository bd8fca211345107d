"""Intervals of shares that are counted, such as accuracies."""

import math

from .inputs import whole

Z = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


def wilson_interval(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a share: Wilson's score interval (Wilson 1927).

    (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n) with p = successes/trials; sound near 0 and 1,
    where the usual interval has no width.

    Args:
        successes: how many of the trials succeeded.
        trials: at least 1.

    Returns:
        Lower and upper bound, in [0, 1], with successes/trials between them.

    Raises:
        ValueError: no trial, or successes outside 0..trials.

    >>> [round(bound, 3) for bound in wilson_interval(10, 10)]
    [0.722, 1.0]
    """
    whole("trials", trials, 1)
    whole("successes", successes, 0, trials)
    share, square = successes / trials, Z * Z / trials
    centre = share + square / 2
    width = Z * math.sqrt(share * (1 - share) / trials + square / trials / 4)
    # Of none or of all successes one bound is the share itself, which rounding must not push it across.
    return min(share, max(0.0, (centre - width) / (1 + square))), max(
        share, min(1.0, (centre + width) / (1 + square))
    )
