"""What either member's circuit does in the other: function, where the other sections have structure."""

from collections.abc import Callable

from ..function import InHost
from ..missing import Missing
from ..number import Measured, Number
from ..quantity import MEMBERS, SHARE, Definition, Line, Owner, Quantity, Rounding, Section
from ..task_record import FailedTask, TaskRecord, TaskResult

_RUN = (
    "Both members' circuits are run in one of them, the host, on the same prompts of the evaluation half, "
    "with as many edges each. "
)
_FAITHFULNESS = "1 for what the whole host does, 0 for what it does without any edge"

TRANSFER = Definition(
    "transfer τ*",
    _RUN + "τ* = (f of the other member's circuit − f̄) / (f of the host's own − f̄), where f̄ is the mean "
    "faithfulness of the host's circuits of the other tasks.",
    span="1: does as well as the host's own circuit, 0: no better than another task's; unbounded",
    larger="the other member's circuit does more of the host's work",
    unit="share of the margin",
    trap="It says nothing of which edges do the work: two circuits with few edges in common can both do it.",
    regression="either",
)
_MATCHED = Definition(
    "transfer τ*, heads matched",
    "τ* of the other member's circuit with its heads matched to the host's by their weights. Missing where "
    "all heads have the same indices in both members, as in a post-trained pair.",
    span=TRANSFER.span,
    larger=TRANSFER.larger,
    unit=TRANSFER.unit,
)
_HALF = Definition(
    "transfer τ* at half the size",
    "τ* of circuits with half as many edges as are compared.",
    span=TRANSFER.span,
    larger=TRANSFER.larger,
    unit=TRANSFER.unit,
    trap="At half the size the host's own circuit may itself do little.",
)
_OWN = Definition(
    "f of the host's own circuit",
    _RUN + "Faithfulness of the host's own circuit.",
    span=_FAITHFULNESS,
    larger="the circuit does more of what the host does",
    unit="faithfulness",
)
_OTHER = Definition(
    "f of the other member's circuit",
    _RUN + "Faithfulness of the other member's circuit in the host.",
    span=_FAITHFULNESS,
    larger="the circuit does more of what the host does",
    unit="faithfulness",
    trap="Circuits of other tasks do some of it too: τ* takes that off.",
)
_CROSS = Definition(
    "f of other tasks' circuits",
    _RUN + "Mean faithfulness, on this task, of the host's circuits of all other tasks: what a circuit does "
    "without being of the right task.",
    span=_FAITHFULNESS,
    larger="tasks share more of their mechanism",
    unit="faithfulness",
)
_BEST = Definition(
    "f of the best other task's circuit",
    _RUN + "The largest faithfulness, on this task, of a circuit of another task of the host.",
    span=_FAITHFULNESS,
    larger="one other task shares more of the mechanism",
    unit="faithfulness",
    trap="It is the largest of several, and as such too large by the luck of the prompts.",
)
_OWN_ALONE = Definition(
    "f of edges of the host's circuit alone",
    _RUN + "Faithfulness of those edges of the host's own circuit that the other member's has not.",
    span=_FAITHFULNESS,
    larger="what the members do not share does more of the work",
    unit="faithfulness",
)
_OTHER_ALONE = Definition(
    "f of edges of the other circuit alone",
    _RUN + "Faithfulness of those edges of the other member's circuit that the host's own has not.",
    span=_FAITHFULNESS,
    larger="what the members do not share does more of the work",
    unit="faithfulness",
)
_SHUFFLED = Definition(
    "f of shuffled circuits, mean",
    "Mean faithfulness of circuits of the other member's scores shuffled within cells: among edges from the "
    "same kind of source to the same kind of destination over as many layers. On some of the prompts.",
    span=_FAITHFULNESS,
    larger="the shape of a circuit alone does more of the work",
    unit="faithfulness",
)
_MOST = Definition(
    "f of shuffled circuits, largest",
    "The largest faithfulness of a shuffled circuit.",
    span=_FAITHFULNESS,
    larger=_SHUFFLED.larger,
    unit="faithfulness",
)
_P = Definition(
    "p of the other circuit among shuffled ones",
    "Share of the shuffled circuits that do at least as well as the other member's circuit, that one counted "
    "among them: with 50 of them at the least .02.",
    low=0,
    high=1,
    larger="shuffled circuits do as well",
    unit="share of circuits",
)


def why_none(task: TaskResult) -> Missing:
    """Why a task's record does not say what circuits do in the other member."""
    if isinstance(task, FailedTask):
        return Missing(missing=task.missing)
    return Missing(missing="the protocol runs no circuit in the other member")


def _line(
    name: str, of: Callable[[InHost], Measured], definition: Definition, rounding: Rounding = SHARE
) -> tuple[Line[TaskResult], ...]:
    """A line for either host."""

    def line(host: Owner) -> Line[TaskResult]:
        def value(task: TaskResult) -> Measured:
            if not isinstance(task, TaskRecord) or task.function is None:
                return why_none(task)
            return of(task.function.arm if host == "ARM" else task.function.mdm)

        label = f"{definition.title}, in the {host}"
        quantity = Quantity(f"{name}_in_{host.lower()}", value, definition, rounding, label, host)
        return Line(label, (quantity,))

    return tuple(map(line, MEMBERS))


def _matched(host: InHost) -> Measured:
    return host.matched if isinstance(host.matched, Missing) else host.matched.transfer


def _best(host: InHost) -> Measured:
    """Without an interval: that of the largest of several would have to allow for the choice."""
    values = [value for value in host.tasks.values() if isinstance(value, Number)]
    if not values:
        return Missing(missing="there is no circuit of another task")
    return Number(value=max(value.value for value in values))


FUNCTION = Section(
    "Function: either member's circuit in the other",
    (
        *_line("transfer", lambda host: host.compared.transfer, TRANSFER),
        *_line("transfer_half", lambda host: host.half.transfer, _HALF),
        *_line("transfer_matched", _matched, _MATCHED),
        *_line("transfer_own", lambda host: host.compared.own, _OWN),
        *_line("transfer_other", lambda host: host.compared.other, _OTHER),
        *_line("transfer_cross", lambda host: host.compared.cross, _CROSS),
        *_line("transfer_best", _best, _BEST),
        *_line("transfer_own_alone", lambda host: host.own_alone, _OWN_ALONE),
        *_line("transfer_other_alone", lambda host: host.other_alone, _OTHER_ALONE),
        *_line("transfer_shuffled", lambda host: host.shuffled.mean, _SHUFFLED),
        *_line("transfer_shuffled_most", lambda host: host.shuffled.most, _MOST),
        *_line("transfer_shuffled_p", lambda host: host.shuffled.p, _P),
    ),
    part="transferring",
)
