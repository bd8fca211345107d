"""MLP neurons: how many carry their effects, where in the layers they lie, and what is lost without them."""

from collections.abc import Callable

from ..cards import NeuronAblation
from ..comparison import Comparison, NeuronDepth
from ..missing import Missing
from ..number import Measured, Number
from ..quantity import COUNT, SHARE, SHIFT, Definition, Line, Owner, Quantity, Section, entry
from ..task_record import FailedTask, TaskResult
from .of_task import of_both

_CARRIED = Definition(
    "neurons, effective number",
    "How many equal neurons would have the member's squared effects: (Σ s²)² / Σ s⁴, both without noise of "
    "the prompts. s is the integrated-gradient effect at the input of the MLP's output map.",
    low=0,
    larger="the task rests on more neurons",
    unit="neurons",
)
_EARLY = Definition(
    "early share of neurons",
    "Share of the neurons' squared effects in the first third of the layers, without noise of the prompts.",
    low=0,
    high=1,
    larger="towards early layers",
    unit="share of squared effect",
)
_SHIFT = Definition(
    "early shift of neurons",
    "Change in the early share of neurons, MDM − ARM.",
    low=-1,
    high=1,
    larger="towards early layers",
    unit="share of squared effect",
    trap="One strong neuron can carry it: the effective number stands beside it.",
)
_TOP = Definition(
    "lost without the top neurons",
    "Share of the gap between clean and corrupted prompts that is lost where the ten neurons of the largest "
    "effects put out their mean at every token. Neurons are chosen on one half of the prompts and ablated on "
    "the other.",
    span="0 where nothing is lost, 1 where as much as by the corrupted prompt",
    larger="the task rests on these neurons",
    unit="share of the gap",
    trap="It has no interval, and what other neurons make good is not counted.",
)
_RANDOM = Definition(
    "lost without random neurons",
    "The same for as many random neurons of the same layers, mean over draws.",
    span="0 where nothing is lost, 1 where as much as by the corrupted prompt",
    larger="the layers' MLPs matter whichever neuron is taken",
    unit="share of the gap",
)


def _of_depth(comparison: Comparison, of: Callable[[NeuronDepth], Measured]) -> Measured:
    depth = comparison.neuron_depth
    return depth if isinstance(depth, Missing) else of(depth)


def _ablated(task: TaskResult, member: Owner, of: Callable[[NeuronAblation], float]) -> Measured:
    if isinstance(task, FailedTask):
        return Missing(missing=task.missing)
    cards = task.cards.arm if member == "ARM" else task.cards.mdm
    if isinstance(cards, Missing):
        return cards
    return cards.ablation if isinstance(cards.ablation, Missing) else Number(value=of(cards.ablation))


def _top(ablation: NeuronAblation) -> float:
    return ablation.top


def _random(ablation: NeuronAblation) -> float:
    return sum(ablation.random) / len(ablation.random)


def _ablation_line(
    name: str, definition: Definition, member: Owner, of: Callable[[NeuronAblation], float]
) -> Line[TaskResult]:
    label = f"{definition.title}, {member}"
    quantity: Quantity[TaskResult] = Quantity(
        f"{name}_{member.lower()}",
        lambda task: _ablated(task, member, of),
        definition,
        SHARE,
        label,
        member,
    )
    return Line(label, (quantity,))


def _carried(member: Owner) -> Line[TaskResult]:
    label, key = f"{_CARRIED.title}, {member}", f"neurons_{member.lower()}"
    return Line(
        label,
        (of_both(key, lambda c: entry(c.structure, key), _CARRIED, COUNT, label, member),),
    )


def _early(member: Owner) -> Line[TaskResult]:
    label = f"{_EARLY.title}, {member}"

    def read(comparison: Comparison) -> Measured:
        return _of_depth(
            comparison, lambda depth: depth.early_share_arm if member == "ARM" else depth.early_share_mdm
        )

    return Line(label, (of_both(f"neurons_early_{member.lower()}", read, _EARLY, SHARE, label, member),))


_MEMBERS: tuple[Owner, ...] = ("ARM", "MDM")

NEURONS = Section(
    "Neurons",
    (
        *map(_carried, _MEMBERS),
        *map(_early, _MEMBERS),
        Line(
            _SHIFT.title,
            (
                of_both(
                    "neurons_early_shift",
                    lambda c: _of_depth(c, lambda depth: depth.early_shift),
                    _SHIFT,
                    SHIFT,
                ),
            ),
        ),
        *(_ablation_line("neurons_ablated", _TOP, member, _top) for member in _MEMBERS),
        *(_ablation_line("neurons_random", _RANDOM, member, _random) for member in _MEMBERS),
    ),
)
