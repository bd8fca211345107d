"""What a quantity is: its definition in words, how it is read off a record, and how it is written.

Tables, CSV, data frames, boards, pages, comparisons, regression checks and docs/reading.md read what is
declared: of a task in `quantities/`, of a pair's row in `row.py`.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from .missing import Missing
from .number import Measured, Number
from .protocol import Protocol
from .task_record import TaskResult


@dataclass(frozen=True)
class Rounding:
    """How a quantity is written: number of decimals, with its sign, in per cent, with its interval."""

    decimals: int = 2
    signed: bool = False
    percent: bool = False
    interval: bool = True

    def __call__(self, value: float) -> str:
        """The rounded value; a signed one keeps its sign, so that a bound of −0.00 is seen to be below 0."""
        if abs(value) > sys.float_info.max:
            return "beyond all numbers"  # a whole number of a stranger's record
        # The z option turns a rounded −0.00 into 0.00. A signed value keeps it, because a bound below 0
        # decides.
        scaled = 100 * value if self.percent else value
        written = f"{scaled:+.{self.decimals}f}" if self.signed else f"{scaled:z,.{self.decimals}f}"
        return f"{written} %" if self.percent else written

    def number(self, number: Number) -> str:
        """The rounded value with its 95 % interval where there is one: `0.42 [0.31, 0.55]`."""
        written = self(number.value)
        if self.interval and number.low is not None and number.high is not None:
            written += f" [{self(number.low)}, {self(number.high)}]"
        return written


SHARE = Rounding()
POINT = Rounding(interval=False)
SHIFT = Rounding(signed=True)
FINE = Rounding(decimals=3)
COUNT = Rounding(decimals=0)
PERCENT = Rounding(decimals=1, percent=True)

T = TypeVar("T")

Regression = Literal["either", "lower", "higher"]
Owner = Literal["ARM", "MDM"]
MEMBERS: tuple[Owner, ...] = ("ARM", "MDM")


@dataclass(frozen=True)
class Definition:
    """What a quantity is, for people and for whatever compares two of its values.

    `title`: what it is called; `text`: what it is, in sentences without markup (names in code font stand in
    backquotes); `low`, `high`: its bounds, None where it has none, beyond which a value shows an error;
    `span`: its usual range in words where the bounds do not say it; `larger`: what a larger value means;
    `unit`: of the value; `trap`: where it misleads. `regression`: which change between two runs of what
    should be the same a check takes for a regression, None where it does not look at it. `counted`: whether
    it is a share of counted examples, whose interval has a closed form, and not of resampled ones.
    `mean_of`: for a mean over a suite's tasks, the definition that it averages.
    """

    title: str
    text: str
    low: float | None = None
    high: float | None = None
    span: str = ""
    larger: str = ""
    unit: str = ""
    trap: str = ""
    regression: Regression | None = None
    counted: bool = False
    own_scale: bool = False
    mean_of: "Definition | None" = None

    @property
    def range(self) -> str:
        """The range in words, such as `0 to 1` or `0 and up`."""
        if self.span:
            return self.span
        if self.low is None:
            return "unbounded"
        return (
            f"{_bound(self.low)} and up"
            if self.high is None
            else f"{_bound(self.low)} to {_bound(self.high)}"
        )


def _bound(value: float) -> str:
    return f"{value:g}".replace("-", "−")


@dataclass(frozen=True)
class Quantity(Generic[T]):
    """A named value of a task or of a pair's row.

    `name` is that of CSV tables; `label` what it is called where it stands by itself, by default its
    definition's title. `member`: whose it is, None where it is of both; `suite`: the suite that a value of a
    row is of, None where it is of both; `read`: at which read beside the headline's, None where at that one.
    """

    name: str
    of: Callable[[T], Measured]
    definition: Definition
    rounding: Rounding = SHARE
    label: str = ""
    member: Owner | None = None
    suite: str | None = None
    read: str | None = None

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.definition.title)


@dataclass(frozen=True)
class Line(Generic[T]):
    """A label and the quantities that share a cell; those with an interval have a line of their own."""

    label: str
    quantities: tuple[Quantity[T], ...]


@dataclass(frozen=True)
class Section:
    """Lines under one heading; `apart`: whether texts show them in a table of their own.

    `part`: the part of a protocol that asks for them, where a protocol can do without it. A record of a
    protocol that has not that part has none of the lines, and does not show them.
    """

    heading: str
    lines: tuple[Line[TaskResult], ...]
    apart: bool = False
    part: str | None = None

    def asked_by(self, protocol: Protocol) -> bool:
        """Whether records of the protocol have the lines."""
        return self.part is None or getattr(protocol, self.part) is not None


def entry(values: Mapping[str, Measured], name: str) -> Measured:
    """The value of that name, missing when a record does not have it."""
    return values.get(name, Missing(missing=f"the record has no value named {name}"))
