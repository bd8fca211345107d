"""Causality of depth: what is lost without early nodes, beside middle, late and random ones of their kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ...metrics import Estimate, Undefined, Value, bootstrap
from ...metrics.faithfulness import weighted_faithfulness
from ...metrics.inputs import Floats
from ..measure.ablations import Ablations
from ..measure.node_sets import top_set
from ..record.cards import THIRDS
from ..record.causality import NODE_KINDS, Causality, KindLoss, Loss, MemberCausality, NodeKind
from ..record.missing import Missing
from ..record.number import Measured, measured
from ..record.protocol import Statistics

_RANDOM = "random"
_BESIDE = ("middle", "late", _RANDOM)

UNMEASURED = "effects of neurons were not measured"


def compare_causality(arm: Ablations, mdm: Ablations, statistics: Statistics) -> Causality:
    """What either member loses, with intervals over prompts, and how they differ on the same prompts."""
    arm, mdm = _by_example(arm), _by_example(mdm)
    return Causality(
        arm=_of_member(arm, statistics), mdm=_of_member(mdm, statistics), shift=_shift(arm, mdm, statistics)
    )


def _by_example(runs: Ablations) -> Ablations:
    """The same in the order of the task's stream, which both members share: batches have each their own."""
    order = np.argsort(runs.examples, kind="stable")
    arrays = {name: getattr(runs, name)[..., order] for name in ("whole", "empty", "without")}
    arrays |= {name: getattr(runs, name)[..., order] for name in ("whole_right", "right", "examples")}
    return replace(runs, templates=tuple(runs.templates[place] for place in order), **arrays)


def _of_member(runs: Ablations, statistics: Statistics) -> MemberCausality:
    kinds = {kind: _Losses.of(runs, kind) for kind in NODE_KINDS if runs.random(kind)}
    found = bootstrap(
        lambda weights: (
            {(kind, name): value for kind, each in kinds.items() for name, value in each(weights).items()}
            | {("", "accuracy"): float(runs.whole_right @ weights / weights.sum())}
        ),
        runs.templates,
        *statistics.drawn,
    )
    losses = {
        kind: each.record({name: value for (one, name), value in found.items() if one == kind})
        for kind, each in kinds.items()
    }
    return MemberCausality(
        examples=len(runs.templates),
        accuracy=measured(_within(found["", "accuracy"], 0)),
        heads=losses["heads"],
        mlps=losses["mlps"],
        neurons=losses.get("neurons", Missing(missing=UNMEASURED)),
    )


def _shift(arm: Ablations, mdm: Ablations, statistics: Statistics) -> dict[NodeKind, Measured]:
    """MDM − ARM of what more of faithfulness is lost without early nodes than without random ones."""
    unpaired = Missing(missing="the members were not run on the same examples")
    if arm.templates != mdm.templates or not np.array_equal(arm.examples, mdm.examples):
        return dict.fromkeys(NODE_KINDS, unpaired)
    pairs = {
        kind: (_Losses.of(arm, kind), _Losses.of(mdm, kind))
        for kind in NODE_KINDS
        if arm.random(kind) and mdm.random(kind)
    }

    def statistic(weights: Floats) -> dict[NodeKind, Value]:
        return {
            kind: _less(*(each(weights)[f"f early_less_{_RANDOM}"] for each in (theirs, ours)))
            for kind, (ours, theirs) in pairs.items()
        }

    found = bootstrap(statistic, arm.templates, *statistics.drawn)
    return {
        kind: measured(found[kind]) if kind in found else Missing(missing=UNMEASURED) for kind in NODE_KINDS
    }


@dataclass(frozen=True, eq=False)
class _Losses:
    """What is lost without the sets of a kind.

    `metric`, `right`: by third that has layers and for the mean over random sets, [examples].
    """

    runs: Ablations
    kind: NodeKind
    metric: Mapping[str, Floats]
    right: Mapping[str, Floats]

    @classmethod
    def of(cls, runs: Ablations, kind: NodeKind) -> "_Losses":
        rows: dict[str, list[int]] = {
            third: [runs.names.index(top_set(kind, third))]
            for third in THIRDS
            if top_set(kind, third) in runs.names
        }
        rows[_RANDOM] = [runs.names.index(name) for name in runs.random(kind)]
        # Faithfulness is linear in the metric, so that of the mean is the mean over the sets.
        metric, right = (
            {name: values[at].mean(axis=0) for name, at in rows.items()}
            for values in (runs.without, runs.right)
        )
        return cls(runs, kind, metric, right)

    def __call__(self, weights: Floats) -> dict[str, Value]:
        """Of weighted examples, by what is lost (`f`, or `a` for accuracy) and the field of `Loss`."""
        runs = self.runs
        kept = weighted_faithfulness(np.stack([*self.metric.values()]), runs.empty, runs.whole, weights)
        lost = kept if isinstance(kept, Undefined) else 1 - kept
        fallen = (runs.whole_right - np.stack([*self.right.values()])) @ weights / weights.sum()
        return self._named("f", lost) | self._named("a", fallen)

    def _named(self, letter: str, lost: Floats | Undefined) -> dict[str, Value]:
        if isinstance(lost, Undefined):
            of: dict[str, Value] = dict.fromkeys(self.metric, lost)
        else:
            of = dict(zip(self.metric, lost.tolist(), strict=True))
        for third in THIRDS:
            of.setdefault(third, Undefined(f"no layer lies in the {third} third"))
        of |= {f"early_less_{other}": _less(of["early"], of[other]) for other in _BESIDE}
        return {f"{letter} {name}": value for name, value in of.items()}

    def record(self, found: Mapping[str, Estimate | Undefined]) -> KindLoss:
        """The losses with their intervals."""

        def loss(letter: str, cut: Callable[[Estimate | Undefined], Estimate | Undefined]) -> Loss:
            return Loss(**{name: measured(cut(found[f"{letter} {name}"])) for name in Loss.model_fields})

        random = self.runs.random(self.kind)
        return KindLoss(
            nodes=len(self.runs.sets[random[0]]),
            random_sets=len(random),
            faithfulness=loss("f", lambda value: value),
            accuracy=loss("a", lambda value: _within(value, -1)),
        )


def _less(one: Value, other: Value) -> Value:
    """The difference; undefined where one of the two is."""
    for each in (one, other):
        if isinstance(each, Undefined):
            return each
    assert not isinstance(one, Undefined)
    assert not isinstance(other, Undefined)
    return one - other


def _within(value: Estimate | Undefined, least: float) -> Estimate | Undefined:
    """The value of a share, or of a difference of shares, with its interval cut to what it can be."""
    # Centring moves an interval without regard to the range of its value.
    return value if isinstance(value, Undefined) else value.clipped(least, 1)
