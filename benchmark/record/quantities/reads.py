"""Both members at the reads beside the headline's: copied tokens, and stages of the denoising."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..missing import Missing
from ..number import Measured
from ..protocol import BesideRead
from ..quantity import FINE, SHARE, SHIFT, Definition, Line, Owner, Quantity, Rounding, Section, entry
from ..reads import AtRead
from ..task_record import FailedTask, TaskResult

TITLES: Mapping[BesideRead, str] = MappingProxyType(
    {"copy": "copied tokens", "start": "first step", "half": "half masked", "last": "last step"}
)
"""What the reads are called in tables and charts."""

_AT = (
    "At the copied tokens of the answer, or at one step of the denoising: the first that decides, the one at "
    "which nearest to half of the answer is masked, and the last. The ARM is asked for the same tokens. "
)
RHO_AT = Definition(
    "ρ of edges, standardised at other reads",
    _AT + "Similarity ρ of both members, defined as the headline.",
    span="1 for proportional scores, 0 for nothing in common",
    larger="more alike",
    unit="cosine",
    trap="Reads have examples and tokens of their own, so that a difference between two of them need not be "
    "one of masked share alone.",
    regression="either",
)
WITH_HEADLINE = Definition(
    "MDM's ρ with the headline's read",
    _AT + "Similarity ρ of the MDM there and itself at the headline's read, defined as the headline.",
    span="1 for one circuit at both reads, 0 for nothing in common",
    larger="the reads share a circuit",
    unit="cosine",
    trap="Some of the examples are the same on both sides, but no product is of one example with itself.",
)
EARLY_AT = Definition(
    "early shift at other reads",
    _AT
    + "Change in the share of the squared scores of all edges that lies in the first third of the layers, "
    "MDM − ARM, without the noise of the prompts.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of squared score",
    trap="Squares ask where the few strongest edges lie. The record has the same by absolute score.",
)
SPECIALISATION_AT = Definition(
    "specialisation shift at other reads",
    _AT + "Change in how concentrated the squared scores of all edges are on components, MDM − ARM, without "
    "the noise of the prompts.",
    low=-1,
    high=1,
    larger="more concentrated",
    unit="1 − normalised entropy",
    trap="As of the early shift at other reads.",
)
RIGHT_AT = Definition(
    "MDM's right-context share at other reads",
    _AT + "The MDM's share of squared score whose source stands where a causal model's has none, without the "
    "noise of the prompts, of which there are fewer at some reads than at others.",
    span="about 0 to 1",
    larger="more information flows from right to left",
    unit="share of squared score",
    trap="Squares ask where the few strongest edges read from. The record has the same by absolute score.",
)
METRIC_SHARE = Definition(
    "share of the metric at the plan token",
    "Of a member's metric over its whole trajectory, clean less corrupted, the share of the plan token.",
    span="about 0 to 1",
    larger="more of the metric needs the plan",
    unit="share of the metric",
    trap="It is small where most of an answer's tokens follow from its first ones: a metric over the whole "
    "trajectory is then one of copying.",
)
COPIED_SHARE = Definition(
    "share of the metric at copied tokens",
    "Of a member's metric over its whole trajectory, clean less corrupted, the share of copied tokens.",
    span="about 0 to 1",
    larger="more of the metric is copying",
    unit="share of the metric",
)


def found_at(task: TaskResult, read: BesideRead) -> AtRead | Missing:
    """What a task's record has of a read, or why there is nothing."""
    if isinstance(task, FailedTask):
        return Missing(missing=task.missing)
    return task.stages.reads.get(read, Missing(missing="the protocol has no such read"))


def _at(
    name: str,
    of: Callable[[AtRead], Measured],
    definition: Definition,
    rounding: Rounding = SHARE,
) -> tuple[Line[TaskResult], ...]:
    """A line for each read."""

    def line(read: BesideRead, title: str) -> Line[TaskResult]:
        def value(task: TaskResult) -> Measured:
            found = found_at(task, read)
            return found if isinstance(found, Missing) else of(found)

        label = f"{definition.title.removesuffix(' at other reads')}: {title}"
        quantity = Quantity(f"{name}_{read}", value, definition, rounding, label, read=read)
        return Line(label, (quantity,))

    return tuple(line(read, title) for read, title in TITLES.items())


def _metric(name: str, part: str, definition: Definition) -> tuple[Line[TaskResult], ...]:
    """A line for either member."""

    def line(member: Owner) -> Line[TaskResult]:
        def value(task: TaskResult) -> Measured:
            if isinstance(task, FailedTask):
                return Missing(missing=task.missing)
            found = task.stages.metric.get("arm" if member == "ARM" else "mdm")
            return Missing(missing="the protocol has no such read") if found is None else entry(found, part)

        label = f"{definition.title}, {member}"
        quantity = Quantity(f"{name}_{member.lower()}", value, definition, SHARE, label, member)
        return Line(label, (quantity,))

    return line("ARM"), line("MDM")


READS = Section(
    "Reads beside the headline's",
    (
        *_metric("metric_at_plan", "plan", METRIC_SHARE),
        *_metric("metric_at_copies", "copied", COPIED_SHARE),
        *_at("cosine_standardised", lambda at: entry(at.structure, "standardised"), RHO_AT),
        *_at("cosine_headline", lambda at: entry(at.structure, "headline"), WITH_HEADLINE),
        *_at("early_shift", lambda at: entry(at.squared.shift, "early_share"), EARLY_AT, SHIFT),
        *_at(
            "specialisation_shift",
            lambda at: entry(at.squared.shift, "specialisation"),
            SPECIALISATION_AT,
            SHIFT,
        ),
        *_at("right_context", lambda at: entry(at.direction, "right_context_squared"), RIGHT_AT, FINE),
    ),
    apart=True,
)
