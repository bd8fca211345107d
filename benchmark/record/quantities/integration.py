"""How well the integral over the path between the prompts is resolved."""

from ..comparison import MemberRecord
from ..missing import Missing
from ..number import Measured, Number
from ..quantity import COUNT, PERCENT, Definition
from .of_task import of_each

_POINTS = Definition(
    "integration points",
    "At how many points of the path between the corrupted and the clean prompt the gradient is taken. Under "
    "`v2` and `quick` each member gets as many as it needs on the task: of 5, 10, 20 and 40 (`quick`: 10 at "
    "most) the smallest at which the completeness residual is at most 2 % and a neighbouring number gives "
    "98 % of the same top edges, on some of the discovery prompts. EAP, RelP and GIM take one, at the clean "
    "prompt.",
    low=1,
    span="5, 10, 20 or 40",
    larger="a metric that changes more abruptly along the path",
    unit="points",
    trap="At the largest number the search may have ended without success: a doubt below the tables then "
    "gives the residual and the share of the top edges that changed.",
)
_CHANGE = Definition(
    "top edges that still change",
    "Which share of the top edges (a twentieth of all, and at least 50) changed between the two largest "
    "numbers of integration points that were tried.",
    low=0,
    high=1,
    larger="edges that are ranked less reliably",
    unit="share of the top edges",
    trap="Beyond 2 % the number of points was not enough, and a doubt is noted below the tables.",
)

_FIXED = "the protocol fixes the number of integration points"


def _change(member: MemberRecord) -> Measured:
    changes = member.integration.changes
    return Number(value=changes[-1]) if changes else Missing(missing=_FIXED)


def _points(member: MemberRecord) -> Measured:
    points = member.integration.points
    return Missing(missing="every edge was patched by itself") if points is None else Number(value=points)


INTEGRATION = (
    *of_each("integration_points", _points, _POINTS, COUNT),
    *of_each("integration_change", _change, _CHANGE, PERCENT),
)
