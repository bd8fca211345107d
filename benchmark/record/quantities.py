"""What a record holds of a task, each quantity declared once, in the lines and sections that tables show.

Tables, CSV, data frames, boards, pages, comparisons, regression checks and docs/reading.md read these
declarations: what is added here appears in all of them. `row.py` declares what a pair's row holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

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

Regression = Literal["either", "lower", "higher"]


@dataclass(frozen=True)
class Definition:
    """What a quantity is, for people and for whatever compares two of its values.

    `title`: what it is called; `text`: what it is, in sentences without markup (names in code font stand in
    backquotes); `low`, `high`: its bounds, None where it has none, beyond which a value shows an error;
    `span`: its usual range in words where the bounds do not say it; `larger`: what a larger value means;
    `unit`: of the value; `trap`: where it misleads. `regression`: which change between two runs of what
    should be the same a check takes for a regression, None where it does not look at it.
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
    """A named value of a task or of a pair's summary; `name` is that of the CSV tables."""

    name: str
    of: Callable[[T], Measured]
    definition: Definition
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
    name: str, of: Callable[[PoolRecord], Measured], definition: Definition, rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return Quantity(name, lambda task: of(task.pool), definition, rounding)


def _both(
    name: str, of: Callable[[Comparison], Measured], definition: Definition, rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return Quantity(
        name,
        lambda task: Missing(missing=task.missing) if isinstance(task, FailedTask) else of(task.comparison),
        definition,
        rounding,
    )


def _arm(
    name: str, of: Callable[[MemberRecord], Measured], definition: Definition, rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return _both(f"{name}_arm", lambda comparison: of(comparison.arm), definition, rounding)


def _mdm(
    name: str, of: Callable[[MemberRecord], Measured], definition: Definition, rounding: Rounding = SHARE
) -> Quantity[TaskResult]:
    return _both(f"{name}_mdm", lambda comparison: of(comparison.mdm), definition, rounding)


def _each(
    name: str, of: Callable[[MemberRecord], Measured], definition: Definition, rounding: Rounding = SHARE
) -> tuple[Line[TaskResult], Line[TaskResult]]:
    """A line for either member."""
    return (
        Line(f"{definition.title}, ARM", (_arm(name, of, definition, rounding),)),
        Line(f"{definition.title}, MDM", (_mdm(name, of, definition, rounding),)),
    )


ACCURACY = Definition(
    "accuracy",
    "The share of the tried examples that the member solves with greedy decoding. Everything else is "
    "about the examples that both members solve.",
    low=0,
    high=1,
    larger="more examples solved",
    unit="share of examples",
    trap="If one member solves few, those are the easy ones, and the comparison is about easy examples.",
    regression="lower",
)
_IN_PLACE = Definition(
    "accuracy of the MDM in place",
    "The same examples, with the gap left open inside the text instead of being asked for after it. Only "
    "the MDM can be asked this way, and this accuracy is not part of the comparison. If it is low "
    "although the accuracy is high, the MDM was not trained on this form.",
    low=0,
    high=1,
    larger="more examples solved",
    unit="share of examples",
    regression="lower",
)
_POOL = Definition(
    "pool / discovery / evaluation",
    "The examples that both members solve, those that circuits were found on, and those that circuits "
    "were judged on. The halves are disjoint unless the protocol says otherwise. No prompt occurs twice.",
    low=0,
    larger="more examples",
    unit="examples",
)
_TEMPLATES = Definition(
    "templates",
    "Wordings in the pool. With fewer than ten, wordings are held fixed, and intervals say nothing about "
    "other wordings.",
    low=0,
    larger="more wordings",
    unit="wordings",
)
_UNFIT = Definition(
    "unfit / solved in another form",
    "Counts of the examples tried. Unfit: this tokenizer cannot express the clean and the corrupted "
    "prompt at one length; the record lists the reasons. In another form: both members are right, but "
    "with text other than the reference answer. Both kinds are left out.",
    low=0,
    larger="more examples left out",
    unit="examples",
    trap="If there are many of either, the pool is a selected sample.",
)
_METRIC = Definition(
    "metric, clean / corrupted",
    "Mean of answer minus foil over the discovery half: logits, or for `greater-than` probabilities in "
    "[−1, 1]. The gap between clean and corrupted is what the scores of the input's edges should add up "
    "to.",
    larger="more confident in the answer",
    unit="logits, or probability",
    trap="The gap that faithfulness is divided by is the same difference on the evaluation half, so it "
    "differs a little from this one. And the logits of two models have no common scale, so do not "
    "subtract them.",
)

_BEHAVIOUR = Section(
    "Behaviour",
    (
        Line("accuracy, ARM", (_pool("accuracy_arm", lambda p: accuracy(p.arm), ACCURACY),)),
        Line("accuracy, MDM", (_pool("accuracy_mdm", lambda p: accuracy(p.mdm), ACCURACY),)),
        Line(
            _IN_PLACE.title,
            (_pool("accuracy_mdm_in_place", lambda p: accuracy(p.mdm_in_place), _IN_PLACE),),
        ),
        Line(
            _POOL.title,
            (
                _pool("pool", lambda p: Number(value=p.common), _POOL, COUNT),
                _pool("discovery", lambda p: Number(value=p.discovery), _POOL, COUNT),
                _pool("evaluation", lambda p: Number(value=p.evaluation), _POOL, COUNT),
            ),
        ),
        Line(_TEMPLATES.title, (_pool("templates", lambda p: Number(value=p.templates), _TEMPLATES, COUNT),)),
        Line(
            _UNFIT.title,
            (
                _pool("unfit", lambda p: Number(value=sum(p.unfit.values())), _UNFIT, COUNT),
                _pool("other_form", lambda p: Number(value=p.other_form), _UNFIT, COUNT),
            ),
        ),
        Line(
            "ARM metric, clean / corrupted",
            (
                _arm("clean", lambda m: Number(value=m.clean), _METRIC),
                _arm("corrupted", lambda m: Number(value=m.corrupted), _METRIC),
            ),
        ),
        Line(
            "MDM metric, clean / corrupted",
            (
                _mdm("clean", lambda m: Number(value=m.clean), _METRIC),
                _mdm("corrupted", lambda m: Number(value=m.corrupted), _METRIC),
            ),
        ),
    ),
)

_SIZE = Definition(
    "compared size, edges / share",
    "The size of both circuits: in `v1` the smallest on the grid at which both are faithful. At 100 % no "
    "smaller circuit is faithful, and no overlap is defined.",
    low=0,
    span="a count, and 0 to 100 %",
    larger="larger circuits",
    unit="edges, or share of all edges",
)
OVERLAP = Definition(
    "Ĵ of edges",
    "How much two circuits of equal size share, on a scale from chance (0) to what two samples of prompts "
    "give within one model (1). Noise can push it slightly above 1 or below 0, and it falls below 0 when "
    "circuits avoid each other.",
    span="about 0 to 1",
    larger="more alike",
    unit="share of the way from chance to the ceiling",
    trap="It says nothing about function, since different circuits can compute the same thing. Between 0 "
    "and 1 it rises as ceilings fall, so compare pairs with similar ceilings. It holds for the number of "
    "prompts used, and so does its interval: with more prompts it falls. And any fine-tuning moves edges: "
    "without a control that was trained further on the old objective, you cannot attribute all of 1 − Ĵ "
    "to diffusion.",
    regression="either",
)
_HALVES = Definition(
    "J of edges, half the prompts",
    "Shared edges divided by all edges of the two circuits, with ARM and MDM on disjoint halves of the "
    "prompts. This is the J inside Ĵ, and it means something only relative to the floor and the ceilings.",
    low=0,
    high=1,
    larger="more alike",
    unit="share of edges",
)
_CEILINGS = Definition(
    "floor / ceilings of ARM, MDM",
    "J of random circuits of this size, and J of each model with itself on disjoint halves. Low ceilings "
    "mean that the pool is too small, or the task too heterogeneous, for circuits of this size. If the "
    "ceilings do not clearly exceed the floor (the interval of their distance reaches below half of it), "
    "Ĵ is missing, because it would be a ratio to noise.",
    low=0,
    high=1,
    larger="more alike",
    unit="share of edges",
)
_JACCARD = Definition(
    "J of edges, all prompts",
    "The number that is usually published. It has no ceiling of its own, and it grows with the number of "
    "prompts and with circuit size.",
    low=0,
    high=1,
    larger="more alike",
    unit="share of edges",
    trap="Compare it only with published values, at their size.",
)
_NODES = Definition(
    "Ĵ of components",
    "The same for the heads and MLPs that the circuits touch; input and logits do not count. If it is "
    "high and the Ĵ of edges low, the parts are the same but wired differently. In a small model even "
    "random edges touch nearly every component, so floor and ceiling nearly meet. Real circuits touch "
    "fewer components than random edges do, because their edges share a few, so the floor can even exceed "
    "the ceiling. In both cases the value is missing.",
    span="0 for chance, 1 for two samples of one model, not bounded",
    larger="more alike",
    unit="share of the way from chance to the ceiling",
    trap="It can also be a ratio to noise without being missing. If the value lies far outside 0 to 1, or "
    "its interval is wider than 1, do not read it: read J of components, floor and ceilings, which are in "
    "the record (`node` of `compared` and of every point of the curve).",
)

_OVERLAP = Section(
    "Overlap of the circuits",
    (
        Line(
            _SIZE.title,
            (
                _both("edges", lambda c: Number(value=c.compared.edges), _SIZE, COUNT),
                _both("share", lambda c: Number(value=c.compared.share), _SIZE, PERCENT),
            ),
        ),
        Line(OVERLAP.title, (_both("overlap", lambda c: c.compared.edge.normalised, OVERLAP),)),
        Line(_HALVES.title, (_both("jaccard_halves", lambda c: c.compared.edge.cross, _HALVES),)),
        Line(
            _CEILINGS.title,
            (
                _both("floor", lambda c: Number(value=c.compared.edge.floor), _CEILINGS),
                _both("ceiling_arm", lambda c: c.compared.edge.ceiling_arm, _CEILINGS, POINT),
                _both("ceiling_mdm", lambda c: c.compared.edge.ceiling_mdm, _CEILINGS, POINT),
            ),
        ),
        Line(_JACCARD.title, (_both("jaccard", lambda c: c.compared.edge.jaccard, _JACCARD),)),
        Line(_NODES.title, (_both("overlap_nodes", lambda c: c.compared.node.normalised, _NODES),)),
    ),
)

LOG_AREA = Definition(
    "area on a log axis",
    "The area under the faithfulness curve, with the budget on a log axis: 1 where circuits of every size "
    "do what the model does, 0 where none does. Edges are ranked by absolute score. It is not bounded on "
    "either side, since a circuit can do better than its model or worse than the empty circuit.",
    span="1 for a perfect curve, unbounded",
    larger="small circuits suffice",
    unit="faithfulness per doubling of the budget",
    trap="If it is low, the circuits that the other quantities compare explain little.",
    regression="lower",
)
_CPR = Definition(
    "CPR",
    "MIB's area on a linear axis, with edges ranked by signed score.",
    span=".999 for a perfect curve, unbounded",
    larger="more faithful circuits",
    unit="faithfulness",
    trap="Four fifths of it come from circuits of more than a fifth of all edges, and values above 1 are "
    "not better than 1.",
)
_CMD = Definition(
    "CMD",
    "MIB's distance of the curve from 1, with edges ranked by absolute score.",
    low=0,
    larger="less faithful circuits",
    unit="faithfulness",
    regression="higher",
)
_SMALLEST = Definition(
    "smallest faithful share",
    "The smallest share of edges on the grid that reaches the protocol's faithfulness (.85), for each "
    "member alone.",
    low=0,
    high=1,
    span="0 to 100 %",
    larger="a larger circuit is needed",
    unit="share of all edges",
    trap="The grid is coarse; 2 % and 5 % are a single step apart.",
)
_COMPLETENESS = Definition(
    "completeness residual",
    "How far the summed scores of the input's edges miss the gap between clean and corrupted, because "
    "there are few integration steps: the difference between the two, in size, divided by the size of "
    "that gap, both of means over the discovery half. A few per cent are harmless; with more, edges may "
    "be ranked wrongly. If a metric changes along only a small part of the path between the prompts, five "
    "points sample that part badly.",
    low=0,
    span="0 % and up",
    larger="scores that are less exact",
    unit="share of the gap",
)

_FAITHFULNESS = Section(
    "Faithfulness",
    (
        *_each("log_area", lambda m: m.absolute.log_area, LOG_AREA),
        *_each("cpr", lambda m: m.signed.cpr, _CPR),
        *_each("cmd", lambda m: m.absolute.cmd, _CMD, FINE),
        *_each("smallest_share", lambda m: m.smallest_share, _SMALLEST, PERCENT),
        *_each("completeness", lambda m: m.completeness, _COMPLETENESS, Rounding(decimals=2, percent=True)),
    ),
)

_EARLY = Definition(
    "early share",
    "Share of importance in the first third of the layers. For uniformly drawn edges it is one third, "
    "whatever the model: from one layer to the next, a layer gains as many incoming edges as it loses "
    "outgoing ones. So three times the early share is its ratio to chance, and the record's "
    "`early_share_over_uniform` adds nothing.",
    low=0,
    high=1,
    larger="towards early layers",
    unit="share of importance",
    regression="either",
)
EARLY_SHIFT = Definition(
    "early shift",
    "Change in the share of importance that lies in the first third of the layers, MDM − ARM. Positive: "
    "the MDM's circuit lies earlier.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of importance",
    trap="If importance is concentrated, it depends on a few components (look at the top components), and "
    "massive activations in the first layers can mimic it.",
    regression="either",
)
_EARLY_EDGES = Definition(
    "early shift in number of edges",
    "The early shift when edges are counted and not weighted by score. If the two have different signs, a "
    "few strong edges moved one way and many weak ones the other, and neither value alone says where the "
    "circuit moved.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of edges",
)

_DEPTH = Section(
    "Depth",
    (
        *_each("early_share", lambda m: entry(m.depth, "early_share"), _EARLY),
        Line(
            EARLY_SHIFT.title,
            (_both("early_shift", lambda c: entry(c.depth_shift, "early_share"), EARLY_SHIFT, SHIFT),),
        ),
        Line(
            _EARLY_EDGES.title,
            (
                _both(
                    "early_shift_edges",
                    lambda c: entry(c.depth_shift_edges, "early_share"),
                    _EARLY_EDGES,
                    SHIFT,
                ),
            ),
        ),
    ),
)

_SPECIAL = Definition(
    "specialisation",
    "1: one component does everything; 0: all do the same. Any small circuit looks specialised, so "
    "compare it with the random circuit.",
    low=0,
    high=1,
    larger="fewer components do the work",
    unit="1 − normalised entropy",
    regression="either",
)
SPECIALISATION_SHIFT = Definition(
    "specialisation shift",
    "Change in specialisation, MDM − ARM. Positive: fewer components do the work in the MDM. Negative: it "
    "is spread over more.",
    low=-1,
    high=1,
    larger="more specialised in the MDM",
    unit="1 − normalised entropy",
    trap="Both members are compared at one circuit size, where one of them may get more edges than it "
    "needs; look at the faithfulness of both.",
    regression="either",
)
_RANDOM = Definition(
    "random circuit",
    "Specialisation if the same scores lay on as many random edges. Anything beyond that comes from where "
    "the scores lie.",
    low=0,
    high=1,
    larger="fewer components do the work",
    unit="1 − normalised entropy",
)
_SHARPNESS = Definition(
    "output sharpness",
    "How peaked the token distribution is that each top component writes by itself, averaged by "
    "importance. 1: each promotes a single token. Near 0: none does, which is usual, since a component is "
    "a small part of the whole.",
    low=0,
    high=1,
    larger="each component promotes fewer tokens",
    unit="1 − normalised entropy",
    regression="either",
)

_SPECIALISATION = Section(
    "Specialisation",
    (
        *_each("specialisation", lambda m: entry(m.specialisation, "specialisation"), _SPECIAL),
        Line(
            SPECIALISATION_SHIFT.title,
            (
                _both(
                    "specialisation_shift",
                    lambda c: entry(c.specialisation_shift, "specialisation"),
                    SPECIALISATION_SHIFT,
                    SHIFT,
                ),
            ),
        ),
        *_each("random", lambda m: entry(m.specialisation, "random"), _RANDOM),
        *_each("output_sharpness", lambda m: entry(m.specialisation, "output_sharpness"), _SHARPNESS, FINE),
    ),
)

SECTIONS = (_BEHAVIOUR, _OVERLAP, _FAITHFULNESS, _DEPTH, _SPECIALISATION)


def task_quantities() -> Iterator[Quantity[TaskResult]]:
    """Every quantity of a task, in the order of the tables."""
    for section in SECTIONS:
        for line in section.lines:
            yield from line.quantities
