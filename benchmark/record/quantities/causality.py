"""Whether early nodes do what their importance says: what is lost without them, beside as many others."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from ..cards import THIRDS
from ..causality import NODE_KINDS, Causality, KindLoss, Loss, NodeKind
from ..missing import Missing
from ..number import Measured
from ..quantity import MEMBERS, POINT, SHIFT, Definition, Line, Owner, Quantity, Rounding, Section
from ..task_record import FailedTask, TaskResult

CALLED: Mapping[NodeKind, str] = MappingProxyType({"heads": "heads", "mlps": "MLPs", "neurons": "neurons"})
"""What the kinds of nodes are called in tables."""

_AT_ZERO = (
    "The outputs of nodes of one kind are set to zero at every token of the clean prompts: of the top ones "
    "in the early third of the layers, in the middle and in the late one, by the member's own scores on the "
    "other half of the prompts, and of random sets of as many. "
)
_OFF = (
    "Zero takes a model off all that it has ever computed, so that a loss by itself shows nothing: only that "
    "it is larger than without as many other nodes of the same kind."
)
_AS_LOST = "As of what is lost without them."
_LEVELS = "early / middle / late / random nodes"
_FAITHFULNESS = "share of the gap between the whole model and the empty circuit"
_PROMPTS = "share of prompts"
_LOST = Definition(
    f"lost without {_LEVELS}",
    _AT_ZERO + "What is lost is 1 − f, f being the faithfulness of what is left; of random sets the mean.",
    span="0 for nothing, 1 for all, unbounded",
    larger="the nodes are needed more",
    unit=_FAITHFULNESS,
    trap=_OFF,
)
_RANDOM = Definition(
    "lost without early − random nodes",
    "How much more of faithfulness is lost without the top early nodes than without as many random ones. It "
    "is above 0 where early nodes are causes of the behaviour, and not only important by their scores.",
    larger="early nodes are needed more than others",
    unit=_FAITHFULNESS,
    trap="Random sets have nodes of all layers and of any importance: beside them every top set may be "
    "needed more, so look at the middle and the late ones too.",
)
_SHIFT = Definition(
    "shift of what is lost without early − random nodes",
    "Change of how much more of faithfulness is lost without early nodes than without random ones, MDM − "
    "ARM, on the same prompts.",
    larger="early nodes are causes in the MDM more than in the ARM",
    unit=_FAITHFULNESS,
    trap="Each member loses its own top nodes, which need not be the same.",
)
_MIDDLE = Definition(
    "lost without early − middle nodes",
    "How much more of faithfulness is lost without the top early nodes than without as many top middle ones.",
    larger="early nodes are needed more than middle ones",
    unit=_FAITHFULNESS,
    trap=_AS_LOST,
)
_LATE = Definition(
    "lost without early − late nodes",
    "How much more of faithfulness is lost without the top early nodes than without as many top late ones.",
    larger="early nodes are needed more than late ones",
    unit=_FAITHFULNESS,
    trap=_AS_LOST,
)
_ACCURACY = Definition(
    f"accuracy lost without {_LEVELS}",
    "By how much the share of prompts falls, without these nodes, on which the answer is the likeliest token "
    "where it is read; of random sets the mean.",
    low=-1,
    high=1,
    larger="the nodes are needed more",
    unit=_PROMPTS,
    trap=_AS_LOST,
)
_ACCURACY_RANDOM = Definition(
    "accuracy lost without early − random nodes",
    "How much more of that accuracy is lost without the top early nodes than without as many random ones.",
    low=-1,
    high=1,
    larger="early nodes are needed more than others",
    unit=_PROMPTS,
    trap=_AS_LOST,
)

_OfKind = Callable[[KindLoss], Measured]
_SETS = (*THIRDS, "random")


def _causality(task: TaskResult) -> Causality | Missing:
    if isinstance(task, FailedTask):
        return Missing(missing=task.missing)
    return task.causality or Missing(missing="the protocol sets no outputs to zero")


def _quantity(
    name: str,
    kind: NodeKind,
    member: Owner,
    of: _OfKind,
    definition: Definition,
    rounding: Rounding,
    label: str,
) -> Quantity[TaskResult]:
    """A value of one kind of node of one member."""

    def value(task: TaskResult) -> Measured:
        found = _causality(task)
        if isinstance(found, Missing):
            return found
        of_kind: KindLoss | Missing = getattr(found.arm if member == "ARM" else found.mdm, kind)
        return of_kind if isinstance(of_kind, Missing) else of(of_kind)

    return Quantity(f"{name}_{kind}_{member.lower()}", value, definition, rounding, label, member)


def _each(
    of: Callable[[NodeKind, Owner], tuple[Quantity[TaskResult], ...]], definition: Definition
) -> Iterator[Line[TaskResult]]:
    """A line for each kind of node and member."""
    for kind in NODE_KINDS:
        for member in MEMBERS:
            yield Line(_label(definition, kind, member), of(kind, member))


def _label(definition: Definition, kind: NodeKind, member: Owner | None = None) -> str:
    of_kind = definition.title.removesuffix("nodes") + CALLED[kind]
    return of_kind if member is None else f"{of_kind}, {member}"


def _losses(
    name: str, called: str, loss: Callable[[KindLoss], Loss], definition: Definition
) -> Iterator[Line[TaskResult]]:
    """What is lost without each of the sets, side by side."""

    def without(which: str) -> _OfKind:
        def value(found: KindLoss) -> Measured:
            of_set: Measured = getattr(loss(found), which)
            return of_set

        return value

    def of(kind: NodeKind, member: Owner) -> tuple[Quantity[TaskResult], ...]:
        return tuple(
            _quantity(
                f"{name}_{which}",
                kind,
                member,
                without(which),
                definition,
                POINT,
                f"{called} with {which} {CALLED[kind]} at zero, {member}",
            )
            for which in _SETS
        )

    return _each(of, definition)


def _less(name: str, of: _OfKind, definition: Definition) -> Iterator[Line[TaskResult]]:
    """How much more is lost without the early nodes."""
    return _each(
        lambda kind, member: (
            _quantity(name, kind, member, of, definition, SHIFT, _label(definition, kind, member)),
        ),
        definition,
    )


def _shifts() -> Iterator[Line[TaskResult]]:
    for kind in NODE_KINDS:
        label = _label(_SHIFT, kind)
        yield Line(
            label, (Quantity(f"lost_early_less_random_shift_{kind}", _shift(kind), _SHIFT, SHIFT, label),)
        )


def _shift(kind: NodeKind) -> Callable[[TaskResult], Measured]:
    def value(task: TaskResult) -> Measured:
        found = _causality(task)
        absent = Missing(missing="the record has no value of it")
        return found if isinstance(found, Missing) else found.shift.get(kind, absent)

    return value


CAUSALITY = Section(
    "Causality of depth",
    (
        *_losses("lost", "lost", lambda kind: kind.faithfulness, _LOST),
        *_less("lost_early_less_random", lambda kind: kind.faithfulness.early_less_random, _RANDOM),
        *_shifts(),
        *_less("lost_early_less_middle", lambda kind: kind.faithfulness.early_less_middle, _MIDDLE),
        *_less("lost_early_less_late", lambda kind: kind.faithfulness.early_less_late, _LATE),
        *_losses("lost_accuracy", "accuracy lost", lambda kind: kind.accuracy, _ACCURACY),
        *_less(
            "lost_accuracy_early_less_random", lambda kind: kind.accuracy.early_less_random, _ACCURACY_RANDOM
        ),
    ),
    part="ablating",
)
