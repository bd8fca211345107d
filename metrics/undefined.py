"""A number that the data do not define: a value with a reason, never 0 and never NaN."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Undefined:
    """Stands where a number would, and says why there is none.

    >>> print(Undefined("both circuits are empty"))
    undefined: both circuits are empty
    """

    reason: str

    def __str__(self) -> str:
        return f"undefined: {self.reason}"


Value = float | Undefined
"""What a metric returns where the data may not define it."""


def minus(minuend: Value, subtrahend: Value) -> Value:
    """Minuend − subtrahend, Undefined where one of them is, for the minuend's reason first.

    >>> minus(3.0, 1.0), str(minus(3.0, Undefined("there is none")))
    (2.0, 'undefined: there is none')
    """
    if isinstance(minuend, Undefined):
        return minuend
    return subtrahend if isinstance(subtrahend, Undefined) else minuend - subtrahend
