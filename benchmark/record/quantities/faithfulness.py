"""How much of what a member does its circuits keep."""

from ..quantity import FINE, PERCENT, Definition, Rounding, Section
from .integration import INTEGRATION
from .of_task import of_each

LOG_AREA = Definition(
    "area on a log axis",
    "The area under the faithfulness curve, with the budget on a log axis: 1 where circuits of every size "
    "do what the model does, 0 where none does. Edges are ranked by absolute score, or as the protocol's "
    "`selection` says. It is not bounded on either side, since a circuit can do better than its model or "
    "worse than the empty circuit.",
    span="1 for a perfect curve, unbounded",
    larger="small circuits suffice",
    unit="faithfulness per doubling of the budget",
    trap="If it is low, the circuits that the other quantities compare explain little.",
    regression="lower",
)
_GAP = Definition(
    "metric gap",
    "By how much the metric of the whole model exceeds that of the empty circuit (under `patch`: clean less "
    "corrupted prompts), averaged over the examples that circuits are run on. Faithfulness is a share of "
    "this gap. On the same prompts it shows small changes of a member.",
    larger="a stronger behaviour",
    unit="units of the task's metric",
    trap="It depends on the scale of the metric, so do not compare it between models.",
    regression="either",
    own_scale=True,
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
    "MIB's distance of the curve from 1, with edges ranked by absolute score, or as the protocol's "
    "`selection` says.",
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
    "there are few integration points: the difference between the two, in size, divided by the size of "
    "that gap, both of means over the discovery half. A few per cent are harmless; with more, edges may "
    "be ranked wrongly. If a metric changes along only a small part of the path between the prompts, few "
    "points sample that part badly.",
    low=0,
    span="0 % and up",
    larger="scores that are less exact",
    unit="share of the gap",
)

FAITHFULNESS = Section(
    "Faithfulness",
    (
        *of_each("log_area", lambda m: m.absolute.log_area, LOG_AREA),
        *of_each("gap", lambda m: m.gap, _GAP),
        *of_each("cpr", lambda m: m.signed.cpr, _CPR),
        *of_each("cmd", lambda m: m.absolute.cmd, _CMD, FINE),
        *of_each("smallest_share", lambda m: m.smallest_share, _SMALLEST, PERCENT),
        *of_each("completeness", lambda m: m.completeness, _COMPLETENESS, Rounding(decimals=2, percent=True)),
        *INTEGRATION,
    ),
)
