"""Numbers over several trainings of one recipe: what another seed, and other prompts, would have given."""

import math
from collections.abc import Sequence

import numpy as np

from ...metrics import Undefined, seeds_difference, seeds_mean
from .missing import Missing
from .number import Measured, Number, Resampling, measured


def mean_of_seeds(values: Sequence[float]) -> Measured:
    """The mean over seeds with its interval over seeds; of one seed, or of equal ones, without."""
    found = seeds_mean(values)
    return Number(value=float(np.mean(values))) if isinstance(found, Undefined) else measured(found)


def mean_over_prompts(values: Sequence[Measured]) -> Measured:
    """The mean over seeds, which share their prompts: bounds are averaged and do not shrink.

    Missing, with the first reason, where a value is, and where one has no interval.
    """
    numbers = [value for value in values if isinstance(value, Number)]
    if len(numbers) < len(values):
        return next(value for value in values if isinstance(value, Missing))
    known = [(each.low, each.high) for each in numbers if each.low is not None and each.high is not None]
    if len(known) < len(numbers):
        return Missing(missing="a value has no interval over prompts")
    mean = float(np.mean([each.value for each in numbers]))
    low, high = np.mean(known, axis=0)
    return Number(value=mean, low=min(mean, float(low)), high=max(mean, float(high)))


def mean_of_both(values: Sequence[Measured], resampling: Resampling) -> Measured:
    """The mean over seeds with one interval for other seeds and other prompts together.

    Both deviations are taken for independent, so that their squares add up. Seeds that were measured on the
    same prompts also differ by what prompts do to each of them, and the interval errs on the wide side.
    `resampling`: what the interval over prompts was estimated from. Missing where a value is, or where there
    is only one seed.
    """
    prompts = mean_over_prompts(values)
    if isinstance(prompts, Missing):
        return prompts
    numbers = _values(values)
    if len(numbers) < 2:
        return Missing(missing="there is one seed")
    return _together(prompts, [(1.0, numbers)], measured(seeds_mean(numbers)), resampling)


def difference_of_both(
    pairs: Sequence[Measured],
    controls: Sequence[Measured],
    apart: Sequence[Measured],
    resampling: Resampling,
) -> Measured:
    """The mean over the seeds of one recipe less that of another, with such an interval.

    `apart`: of some seeds of the one less some of the other, whose intervals over prompts are used, and which
    are narrow where resamples are paired. Missing where a value is, or a recipe has one seed.
    """
    prompts = mean_over_prompts(apart)
    if isinstance(prompts, Missing):
        return prompts
    for each in (*pairs, *controls):
        if isinstance(each, Missing):
            return each
    of, less = _values(pairs), _values(controls)
    if min(len(of), len(less)) < 2:
        return Missing(missing="one of the two recipes has one seed")
    value = float(np.mean(of) - np.mean(less))
    centred = _moved(prompts, value - prompts.value)
    return _together(centred, [(1.0, of), (-1.0, less)], measured(seeds_difference(of, less)), resampling)


def _together(
    prompts: Number, recipes: Sequence[tuple[float, list[float]]], seeds: Measured, resampling: Resampling
) -> Number:
    """The number with both intervals as one, and as the sum of what varies with seeds and with prompts."""
    by_prompts = _moved(prompts, -prompts.value).estimated(resampling)
    value = prompts.value
    if isinstance(seeds, Missing):  # no seeds differ
        return _moved(prompts, 0.0).estimated(resampling)
    assert seeds.low is not None
    assert seeds.high is not None
    assert by_prompts.low is not None
    assert by_prompts.high is not None
    low = value - math.hypot(seeds.value - seeds.low, by_prompts.low)
    high = value + math.hypot(seeds.high - seeds.value, by_prompts.high)
    parts = [(weight, _of_recipe(each)) for weight, each in recipes]
    return Number(value=value, low=low, high=high).put_together([*parts, (1.0, by_prompts)])


def _of_recipe(values: list[float]) -> Number:
    """The mean over the seeds of a recipe, with Student's interval; of equal ones it is certain."""
    found, freedom = mean_of_seeds(values), len(values) - 1
    assert isinstance(found, Number)
    if found.low is None:
        found = Number(value=found.value, low=found.value, high=found.value)
    return found.estimated(Resampling(freedom, math.inf, freedom))


def _moved(number: Number, by: float) -> Number:
    assert number.low is not None
    assert number.high is not None
    return Number(value=number.value + by, low=number.low + by, high=number.high + by)


def _values(values: Sequence[Measured]) -> list[float]:
    return [each.value for each in values if isinstance(each, Number)]
