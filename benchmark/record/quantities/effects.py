"""How concentrated the effects of single components are, each measured by itself."""

from ..quantity import FINE, SHARE, SHIFT, Definition, Line, Rounding, Section, entry
from ..task_record import TaskResult
from .of_task import of_both, of_each

_DIRECT = (
    "Direct logit attribution: what a component writes onto answer minus foil where the answer is read, in "
    "the clean run less in the corrupted one. "
)
_DROP = (
    "Drop of a component: how far faithfulness falls where it alone writes what it wrote in the corrupted "
    "run. "
)
_NOISE = "The noise of the prompts spreads shares over all components, less so the more prompts there are."

_DIRECT_LARGEST = Definition(
    "largest direct share",
    _DIRECT + "The share of the component with the largest one in the sum over all heads and MLPs, by size.",
    low=0,
    high=1,
    larger="one component writes more of the answer",
    unit="share of absolute direct effects",
    regression="either",
)
_DIRECT_ENTROPY = Definition(
    "entropy of direct shares",
    _DIRECT + "The normalised entropy of the shares: 0 if one component writes all of the answer, 1 if all "
    "write the same.",
    low=0,
    high=1,
    larger="more components write the answer",
    unit="normalised entropy",
    trap=_NOISE,
    regression="either",
)
_DROP_LARGEST = Definition(
    "largest drop",
    _DROP + "The largest over all heads and MLPs. It can exceed 1 where without the component the model "
    "prefers the foil.",
    span="0 and up as a rule, unbounded",
    larger="one component is needed more",
    unit="faithfulness",
    trap="Components can stand in for one another, so that each alone is hardly missed.",
    regression="either",
)
_DROP_ENTROPY = Definition(
    "entropy of drops",
    _DROP + "The normalised entropy of their sizes: 0 if one component alone is missed, 1 if all are missed "
    "alike.",
    low=0,
    high=1,
    larger="more components are missed",
    unit="normalised entropy",
    trap=_NOISE,
    regression="either",
)
_NUMBERS = {
    "direct_largest": _DIRECT_LARGEST,
    "direct_entropy": _DIRECT_ENTROPY,
    "drop_largest": _DROP_LARGEST,
    "drop_entropy": _DROP_ENTROPY,
}


def _excess(definition: Definition) -> Definition:
    bounded = definition.high is not None
    return Definition(
        f"{definition.title}, circuit − random",
        "The same value over the components that the compared circuit touches, less its mean over as many "
        "components drawn at random. It is 0 where the circuit touches all of them.",
        low=-1 if bounded else None,
        high=1 if bounded else None,
        larger="the value is larger among the circuit's components than among random ones",
        unit=definition.unit,
    )


def _shift(definition: Definition) -> Definition:
    bounded = definition.high is not None
    return Definition(
        f"shift of the {definition.title}",
        "Change of the value over all heads and MLPs, MDM − ARM.",
        low=-1 if bounded else None,
        high=1 if bounded else None,
        larger=f"{definition.larger} in the MDM",
        unit=definition.unit,
        regression=definition.regression,
    )


def _lines(name: str, definition: Definition) -> tuple[Line[TaskResult], ...]:
    rounding: Rounding = SHARE if name == "drop_largest" else FINE
    signed = Rounding(rounding.decimals, signed=True)
    excess, shift = _excess(definition), _shift(definition)
    return (
        *of_each(name, lambda m: entry(m.effects, name), definition, rounding),
        *of_each(f"{name}_excess", lambda m: entry(m.effects, f"{name}_excess"), excess, signed),
        Line(
            shift.title,
            (of_both(f"{name}_shift", lambda c: entry(c.effects_shift, name), shift, SHIFT),),
        ),
    )


EFFECTS = Section(
    "Effects of single components",
    tuple(line for name, definition in _NUMBERS.items() for line in _lines(name, definition)),
)
