"""On how few components importance is concentrated."""

from ..quantity import FINE, SHIFT, Definition, Line, Section, entry
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
        *of_each("random", lambda m: entry(m.specialisation, "random"), _RANDOM),
        *of_each("output_sharpness", lambda m: entry(m.specialisation, "output_sharpness"), _SHARPNESS, FINE),
    ),
)
