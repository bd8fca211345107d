"""A measured value as a record has it, with its interval or the reason why there is none."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field, model_validator

from ...metrics import Estimate, Undefined, Value, wilson_interval
from ...metrics.inputs import Floats
from .missing import Missing
from .protocol import Part


@dataclass(frozen=True)
class Resampling:
    """What an interval was estimated from: degrees of freedom of the resampled units, number of resamples.

    `resamples` is infinite where the interval is of no resamples. `of_quantile`: degrees of freedom of the
    Student's t that it reaches, in standard errors; infinite where it reaches the normal quantile, as
    percentile intervals of older protocols do.
    """

    freedom: float
    resamples: float
    of_quantile: float


COUNTED = Resampling(math.inf, math.inf, math.inf)
"""Of a share of counted examples, whose variance follows from the share."""


@dataclass(frozen=True, eq=False)
class Origin:
    """How a number was computed: its draws where it was resampled, its parts where it was put together."""

    draws: Floats | None = None
    parts: "tuple[tuple[float, Number], ...]" = ()
    resampling: Resampling | None = None


_MEASURED = Origin()


class Number(Part):
    """A measured value; `low` and `high` bound its 95 % interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None
    # Neither written nor read, and no private attribute of pydantic's: those double the time of reading.
    __slots__ = ("_origin",)

    @property
    def bounded(self) -> bool:
        """Whether it has an interval: of a stranger's record, not one end of one alone."""
        return self.low is not None and self.high is not None

    @property
    def draws(self) -> Floats | None:
        """The value in each resample, [resamples], NaN where it had none; None where they are not at hand.

        A record that was read from its file has none; `draws.with_draws` adds those kept beside it.
        """
        return getattr(self, "_origin", _MEASURED).draws

    def drawn(self, draws: Floats) -> "Number":
        """The same number with its value in each resample."""
        found = self.model_copy()
        object.__setattr__(found, "_origin", Origin(draws=draws))
        return found

    @property
    def resampling(self) -> Resampling | None:
        """What its interval was estimated from; None where that is not at hand (`with_resampling`)."""
        return getattr(self, "_origin", _MEASURED).resampling

    def estimated(self, resampling: Resampling) -> "Number":
        """The same number with what its interval was estimated from."""
        found = self.model_copy()
        origin = replace(getattr(self, "_origin", _MEASURED), resampling=resampling)
        object.__setattr__(found, "_origin", origin)
        return found

    @property
    def parts(self) -> "tuple[tuple[float, Number], ...]":
        """The numbers that this is the sum of, each with its weight; none where it was measured itself.

        A number that was read from its file has none: `summary.summarise` puts it together again.
        """
        return getattr(self, "_origin", _MEASURED).parts

    def put_together(self, parts: "Iterable[tuple[float, Number]]") -> "Number":
        """The same number with what it is the sum of; a part that has parts itself stands for these."""
        found = self.model_copy()
        flat = (
            (weight * inner, part) for weight, one in parts for inner, part in (one.parts or ((1.0, one),))
        )
        object.__setattr__(found, "_origin", Origin(parts=tuple(flat)))
        return found

    def __eq__(self, other: object) -> bool:
        # Numbers are equal whether their draws and parts are at hand or not.
        if not isinstance(other, Number):
            return NotImplemented
        return (self.value, self.low, self.high) == (other.value, other.low, other.high)

    def __hash__(self) -> int:
        return hash((self.value, self.low, self.high))


Measured = Annotated[Number | Missing, Field(union_mode="left_to_right")]


def measured(value: Estimate | Value) -> Measured:
    """A metric's result as it stands in a record."""
    if isinstance(value, Undefined):
        return Missing(missing=value.reason)
    if isinstance(value, Estimate):
        found = Number(value=value.value, low=value.low, high=value.high)
        if value.draws is not None:
            # How many units they are of is the record's to say (`record.resampling`): it has to be the same
            # whether a number was just computed or read from a file.
            return found.drawn(value.draws)
        if value.freedom is not None:
            return found.estimated(Resampling(value.freedom, math.inf, value.freedom))
        return found
    return Number(value=value)


class Accuracy(Part):
    """How many of the tried examples a member solves when it decodes greedily."""

    solved: int = Field(ge=0)
    tried: int = Field(ge=0)

    @model_validator(mode="after")
    def _no_more_than_tried(self) -> "Accuracy":
        if self.solved > self.tried:
            raise ValueError(f"{self.solved} examples are solved of {self.tried} that were tried")
        return self

    @property
    def share(self) -> Measured:
        """Share solved, with Wilson's interval."""
        if not self.tried:
            return Missing(missing="no example was tried")
        low, high = wilson_interval(self.solved, self.tried)
        return Number(value=self.solved / self.tried, low=low, high=high).estimated(COUNTED)
