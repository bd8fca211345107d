"""What a record holds of a task, declared once: named quantities, and the lines and sections tables show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from .types import (
    Accuracy,
    Comparison,
    FailedTask,
    Measured,
    MemberRecord,
    Missing,
    Number,
    PoolRecord,
    TaskResult,
)


@dataclass(frozen=True)
class Rounding:
    """How a quantity is written: number of decimals, with its sign, in per cent, with its interval."""

    decimals: int = 2
    signed: bool = False
    percent: bool = False
    interval: bool = True

    def __call__(self, value: float) -> str:
        """The rounded value; a signed one keeps its sign, so that a bound of −0.00 is seen to be below 0."""
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


@dataclass(frozen=True)
class Quantity(Generic[T]):
    """A named value of a task or of a pair's summary."""

    name: str
    of: Callable[[T], Measured]
    rounding: Rounding = SHARE


@dataclass(frozen=True)
class Line(Generic[T]):
    """A label and the quantities that share a cell; those with an interval have a line of their own."""

    label: str
    quantities: tuple[Quantity[T], ...]


@dataclass(frozen=True)
class Section:
    """Lines under one heading."""

    heading: str
    lines: tuple[Line[TaskResult], ...]


def entry(values: Mapping[str, Measured], name: str) -> Measured:
    """The value of that name, missing when a record does not have it."""
    return values.get(name, Missing(missing=f"the record holds no {name}"))


def accuracy(found: Accuracy | Missing) -> Measured:
    """Share of the tried examples that a member solves."""
    return found if isinstance(found, Missing) else found.share


def _pool(
    name: str, of: Callable[[PoolRecord], Measured], rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return Quantity(name, lambda task: of(task.pool), rounding)


def _both(
    name: str, of: Callable[[Comparison], Measured], rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return Quantity(
        name,
        lambda task: Missing(missing=task.missing) if isinstance(task, FailedTask) else of(task.comparison),
        rounding,
    )


def _arm(
    name: str, of: Callable[[MemberRecord], Measured], rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return _both(f"{name}_arm", lambda comparison: of(comparison.arm), rounding)


def _mdm(
    name: str, of: Callable[[MemberRecord], Measured], rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return _both(f"{name}_mdm", lambda comparison: of(comparison.mdm), rounding)


def _each(
    label: str, name: str, of: Callable[[MemberRecord], Measured], rounding: Rounding = SHARE
) -> tuple[Line[TaskResult], Line[TaskResult]]:
    """A line for either member."""
    return (
        Line(f"{label}, ARM", (_arm(name, of, rounding),)),
        Line(f"{label}, MDM", (_mdm(name, of, rounding),)),
    )


_BEHAVIOUR = Section(
    "Behaviour",
    (
        Line("accuracy, ARM", (_pool("accuracy_arm", lambda p: accuracy(p.arm)),)),
        Line("accuracy, MDM", (_pool("accuracy_mdm", lambda p: accuracy(p.mdm)),)),
        Line(
            "accuracy of the MDM in place",
            (_pool("accuracy_mdm_in_place", lambda p: accuracy(p.mdm_in_place)),),
        ),
        Line(
            "pool / discovery / evaluation",
            (
                _pool("pool", lambda p: Number(value=p.common), COUNT),
                _pool("discovery", lambda p: Number(value=p.discovery), COUNT),
                _pool("evaluation", lambda p: Number(value=p.evaluation), COUNT),
            ),
        ),
        Line("templates", (_pool("templates", lambda p: Number(value=p.templates), COUNT),)),
        Line(
            "unfit / solved in another form",
            (
                _pool("unfit", lambda p: Number(value=sum(p.unfit.values())), COUNT),
                _pool("other_form", lambda p: Number(value=p.other_form), COUNT),
            ),
        ),
        Line(
            "ARM metric, clean / corrupted",
            (
                _arm("clean", lambda m: Number(value=m.clean)),
                _arm("corrupted", lambda m: Number(value=m.corrupted)),
            ),
        ),
        Line(
            "MDM metric, clean / corrupted",
            (
                _mdm("clean", lambda m: Number(value=m.clean)),
                _mdm("corrupted", lambda m: Number(value=m.corrupted)),
            ),
        ),
    ),
)

_OVERLAP = Section(
    "Overlap of the circuits",
    (
        Line(
            "compared size, edges / share",
            (
                _both("edges", lambda c: Number(value=c.compared.edges), COUNT),
                _both("share", lambda c: Number(value=c.compared.share), PERCENT),
            ),
        ),
        Line("Ĵ of edges", (_both("overlap", lambda c: c.compared.edge.normalised),)),
        Line("J of edges, half the prompts", (_both("jaccard_halves", lambda c: c.compared.edge.cross),)),
        Line(
            "floor / ceilings of ARM, MDM",
            (
                _both("floor", lambda c: Number(value=c.compared.edge.floor)),
                _both("ceiling_arm", lambda c: c.compared.edge.ceiling_arm, POINT),
                _both("ceiling_mdm", lambda c: c.compared.edge.ceiling_mdm, POINT),
            ),
        ),
        Line("J of edges, all prompts", (_both("jaccard", lambda c: c.compared.edge.jaccard),)),
        Line("Ĵ of components", (_both("overlap_nodes", lambda c: c.compared.node.normalised),)),
    ),
)

_FAITHFULNESS = Section(
    "Faithfulness",
    (
        *_each("area on a log axis", "log_area", lambda m: m.absolute.log_area),
        *_each("CPR", "cpr", lambda m: m.signed.cpr),
        *_each("CMD", "cmd", lambda m: m.absolute.cmd, FINE),
        *_each("smallest faithful share", "smallest_share", lambda m: m.smallest_share, PERCENT),
        *_each(
            "completeness residual",
            "completeness",
            lambda m: m.completeness,
            Rounding(decimals=2, percent=True),
        ),
    ),
)

_DEPTH = Section(
    "Depth",
    (
        *_each("early share", "early_share", lambda m: entry(m.depth, "early_share")),
        Line("early shift", (_both("early_shift", lambda c: entry(c.depth_shift, "early_share"), SHIFT),)),
        Line(
            "early shift in number of edges",
            (_both("early_shift_edges", lambda c: entry(c.depth_shift_edges, "early_share"), SHIFT),),
        ),
    ),
)

_SPECIALISATION = Section(
    "Specialisation",
    (
        *_each("specialisation", "specialisation", lambda m: entry(m.specialisation, "specialisation")),
        Line(
            "specialisation shift",
            (
                _both(
                    "specialisation_shift", lambda c: entry(c.specialisation_shift, "specialisation"), SHIFT
                ),
            ),
        ),
        *_each("random circuit", "random", lambda m: entry(m.specialisation, "random")),
        *_each(
            "output sharpness",
            "output_sharpness",
            lambda m: entry(m.specialisation, "output_sharpness"),
            FINE,
        ),
    ),
)

SECTIONS = (_BEHAVIOUR, _OVERLAP, _FAITHFULNESS, _DEPTH, _SPECIALISATION)
