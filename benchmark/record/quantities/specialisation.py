"""On how few components importance is concentrated."""

from ..quantity import FINE, SHIFT, Definition, Line, Rounding, Section, entry
from .agreed import agreed
from .of_task import of_both, of_each

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

_SQUARED = Definition(
    "specialisation by squared mass",
    "Specialisation by squared scores of all edges, from products of different groups of prompts. Components "
    "without effect add a little of the prompts' noise.",
    low=0,
    high=1,
    larger="fewer components do the work",
    unit="1 − normalised entropy",
    trap="Squares are more unequal than what they are squares of, so do not compare it with the "
    "specialisation by mass.",
)
SPECIALISATION_SHIFT_SQUARED = Definition(
    "specialisation shift by squared mass",
    "Change in specialisation by squared mass, MDM − ARM.",
    low=-1,
    high=1,
    larger="more specialised in the MDM",
    unit="1 − normalised entropy",
)
SPECIALISATION_SHIFT_AGREED = Definition(
    "specialisation shift, both weightings",
    "The specialisation shift where it and the one by squared mass have intervals that exclude 0 on the same "
    "side. Elsewhere nothing is stated, and the value is missing.",
    low=-1,
    high=1,
    larger="more specialised in the MDM",
    unit="1 − normalised entropy",
)
_SHARPNESS_SHIFT = Definition(
    "shift of the output sharpness",
    "Change in output sharpness, MDM − ARM. Positive: what components write is more peaked in the MDM.",
    low=-1,
    high=1,
    larger="sharper in the MDM",
    unit="1 − normalised entropy",
)

SPECIALISATION = Section(
    "Specialisation",
    (
        *of_each("specialisation", lambda m: entry(m.specialisation, "specialisation"), _SPECIAL),
        Line(
            SPECIALISATION_SHIFT.title,
            (
                of_both(
                    "specialisation_shift",
                    lambda c: entry(c.specialisation_shift, "specialisation"),
                    SPECIALISATION_SHIFT,
                    SHIFT,
                ),
            ),
        ),
        *of_each(
            "specialisation_squared", lambda m: entry(m.specialisation_squared, "specialisation"), _SQUARED
        ),
        Line(
            SPECIALISATION_SHIFT_SQUARED.title,
            (
                of_both(
                    "specialisation_shift_squared",
                    lambda c: entry(c.specialisation_shift_squared, "specialisation"),
                    SPECIALISATION_SHIFT_SQUARED,
                    SHIFT,
                ),
            ),
        ),
        Line(
            SPECIALISATION_SHIFT_AGREED.title,
            (
                of_both(
                    "specialisation_shift_agreed",
                    lambda c: agreed(
                        entry(c.specialisation_shift, "specialisation"),
                        entry(c.specialisation_shift_squared, "specialisation"),
                    ),
                    SPECIALISATION_SHIFT_AGREED,
                    SHIFT,
                ),
            ),
        ),
        *of_each("random", lambda m: entry(m.specialisation, "random"), _RANDOM),
        *of_each("output_sharpness", lambda m: entry(m.specialisation, "output_sharpness"), _SHARPNESS, FINE),
        Line(
            _SHARPNESS_SHIFT.title,
            (
                of_both(
                    "output_sharpness_shift",
                    lambda c: entry(c.specialisation_shift, "output_sharpness"),
                    _SHARPNESS_SHIFT,
                    Rounding(3, signed=True),
                ),
            ),
        ),
    ),
)
