"""What two weightings say together: a value where both are clear of 0 on one side, else nothing."""

from ..missing import Missing
from ..number import Measured, Number


def agreed(by_mass: Measured, by_squares: Measured) -> Measured:
    """The value by mass where the intervals of both weightings exclude 0 on the same side.

    Also where both are 0 and nothing else, as of a causal model that has no right context by construction.
    Missing with the reason where one contains 0, or the two lie on different sides.
    """
    if _nothing(by_mass) and _nothing(by_squares):
        return by_mass
    sides = []
    for name, value in (("mass", by_mass), ("squared mass", by_squares)):
        if isinstance(value, Missing):
            return Missing(missing=f"by {name}: {value.missing}")
        if value.low is None or value.high is None:
            return Missing(missing=f"the value by {name} has no interval")
        if value.low <= 0 <= value.high:
            return Missing(missing=f"the interval of the value by {name} contains 0")
        sides.append(value.low > 0)
    if sides[0] != sides[1]:
        return Missing(missing="the two weightings disagree in sign")
    assert isinstance(by_mass, Number)
    return by_mass


def _nothing(value: Measured) -> bool:
    return isinstance(value, Number) and value.low == value.value == value.high == 0
