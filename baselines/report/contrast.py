"""A pair beside the control: both values, their difference, and what that says of a claim."""

from dataclasses import dataclass

from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Measured, Number
from ...benchmark.record.summary import subtract
from ..structure.roster import CONTROL
from .claims import Prediction
from .quantities import PairQuantity
from .records import Pairs

VERDICTS = {
    "holds": "the intervals of the pair's value and of the difference both lie on the claimed side",
    "no more than further training": "the pair's does, and that of the difference includes 0",
    "less than further training": "the pair's does, and that of the difference lies on the other side of 0",
    "not shown": "the pair's includes the bound, which is 0, or 2 for the ratio",
    "opposite": "the pair's lies on the other side of 0",
    "less than claimed": "the pair's lies below 2, for the ratio",
    "less than the control": "the interval of the difference lies below 0",
    "not distinguishable from the control": "it includes 0",
    "more than the control": "it lies above 0",
}
"""Every verdict and when it is given; the last three for quantities that are judged by the control alone."""

_BESIDE_CONTROL = {
    -1: "less than the control",
    0: "not distinguishable from the control",
    1: "more than the control",
}
_BEYOND_CONTROL = {
    -1: "less than further training",
    0: "no more than further training",
    1: "holds",
}


@dataclass(frozen=True)
class Contrast:
    """A pair's value of a quantity, the control's, the pair's less the control's, and the verdict.

    `share` is how much of the pair's change the control shows too. The verdict is missing where one of the
    values is, or has no interval.
    """

    pair: str
    value: Measured
    control: Measured
    difference: Measured
    share: Measured
    verdict: str | Missing


def contrast(prediction: Prediction, pair: str, pairs: Pairs) -> Contrast:
    """What a claim's quantity is in a pair and in the control."""
    quantity = prediction.quantity
    value, control = (quantity.of(pairs.records[name], pairs.edges) for name in (pair, CONTROL))
    apart = between(quantity, pair, CONTROL, pairs)
    share = share_of_control(quantity, value, control)
    return Contrast(pair, value, control, apart, share, judge(prediction, value, apart))


def between(quantity: PairQuantity, pair: str, other: str, pairs: Pairs) -> Measured:
    """A quantity of one pair less that of another, the two taken for independent."""
    minuend, subtrahend = (quantity.of(pairs.records[name], pairs.edges) for name in (pair, other))
    return subtract(minuend, subtrahend)


def judge(prediction: Prediction, value: Measured, difference: Measured) -> str | Missing:
    """The verdict, one of VERDICTS, on a pair's value and its difference from the control."""
    for needed in (value, difference):
        if isinstance(needed, Missing):
            return needed
    beside = side(difference, 0)
    if isinstance(beside, Missing):
        return beside
    if prediction.bound is None:
        return _BESIDE_CONTROL[beside]
    own = side(value, prediction.bound)
    if isinstance(own, Missing):
        return own
    if own == 0:
        return "not shown"
    # An effect on the wrong side of 0 contradicts a claim; a ratio below its bound merely falls short of
    # it.
    if own != prediction.sign:
        return "opposite" if prediction.bound == 0 else "less than claimed"
    return _BEYOND_CONTROL[beside * prediction.sign]


def side(value: Measured, bound: float) -> int | Missing:
    """1 where the interval lies above the bound, −1 where below, 0 where it includes it."""
    if isinstance(value, Missing):
        return value
    if value.low is None or value.high is None:
        return Missing(missing="the value has no interval")
    return int(value.low > bound) - int(value.high < bound)


def share_of_control(quantity: PairQuantity, value: Measured, control: Measured) -> Measured:
    """(control − unchanged)/(value − unchanged), missing where the pair shows no change to share."""
    # A share of a change that may be 0 would be a ratio to noise.
    changed = side(value, quantity.unchanged)
    if isinstance(changed, Missing):
        return changed
    if isinstance(control, Missing):
        return control
    if changed == 0:
        return Missing(missing=f"the pair's interval includes {quantity.unchanged:g}, which is no change")
    assert isinstance(value, Number), "a missing value has no side"
    return Number(value=(control.value - quantity.unchanged) / (value.value - quantity.unchanged))
