"""How sharp the outputs of a member's top components are: weights and entropies, each by its own half."""

import numpy as np

from ...metrics import Estimate, Undefined, grouped_sharpness, paired_difference, templates_drawn
from ..measure.evidence import Evidence
from ..record.protocol import Statistics
from .placement import Estimates, PlacementNumber

Sharpness = dict[str, Estimate | Undefined]


def output_sharpness(values: Estimates, arm: Evidence, mdm: Evidence, statistics: Statistics) -> Sharpness:
    """By `arm`, `mdm` and `shift` for MDM − ARM, whose resamples are paired.

    `values`: of `Placement`, which resamples the importance of the top components with their scores.
    """
    found: Sharpness = {
        role: _of_member(values, role, one, statistics) for role, one in (("arm", arm), ("mdm", mdm))
    }
    before, after = found["arm"], found["mdm"]
    missing = next((one for one in (after, before) if isinstance(one, Undefined)), None)
    if isinstance(before, Undefined) or isinstance(after, Undefined):
        assert missing is not None
        return {**found, "shift": missing}
    shift = paired_difference(after, before)
    return {**found, "shift": shift if isinstance(shift, Undefined) else shift.clipped(-1, 1)}


def _of_member(
    values: Estimates, role: str, member: Evidence, statistics: Statistics
) -> Estimate | Undefined:
    entropies = member.entropies
    if not entropies.components:
        return Undefined("no component of the circuit writes to the residual stream")
    importance = [values[PlacementNumber("importance", role, name)] for name in entropies.components]
    drawn = [one for one in importance if isinstance(one, Estimate)]
    assert len(drawn) == len(importance), "importance is a number whatever the scores are"
    return grouped_sharpness(
        np.array(list(entropies.components.values())).T,
        entropies.counts,
        entropies.templates,
        [one.value for one in drawn],
        np.array([one.draws for one in drawn]).T,
        statistics.resamples,
        _seed(member, statistics),
    )


def _seed(member: Evidence, statistics: Statistics) -> int:
    """That of the scores' resamples where these draw the templates, which both halves have; else another.

    Where templates stay, groups of the two halves hold different prompts, and nothing is drawn together.
    """
    halves = member.scores.templates, member.entropies.templates
    together = set(halves[0]) == set(halves[1]) and all(map(templates_drawn, halves))
    return statistics.resampling_seed + (0 if together else 1)
