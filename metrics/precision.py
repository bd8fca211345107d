"""How well values single out the cases of a label: the area under the precision-recall curve."""

import numpy as np
from numpy.typing import ArrayLike

from .inputs import Floats, Integers, flags, numbers


def average_precision(labels: ArrayLike, values: ArrayLike) -> Floats:
    """Average precision (AUPRC) of values for labels, of many neurons and many labels at once.

    Σ over thresholds of (recall − recall at the threshold before) · precision. Cases of one value are
    beyond a threshold together, so that ties give no order of their own; as scikit-learn's
    `average_precision_score`. For rare labels it says more than the area under the ROC curve, which is near 1
    as soon as most cases lie below.

    Args:
        labels: bool [..., cases], whether a case has the label.
        values: [..., cases]; the axes before the last are broadcast with those of `labels`.

    Returns:
        [...], in (0, 1]. 1: every case with the label lies above every other; values that know nothing of
        it have about the base rate, the share of cases with the label.

    Raises:
        ValueError: NaN, shapes that do not go together, a row of labels without a case.

    >>> average_precision([True, False, True, False], [[0.9, 0.8, 0.7, 0.1], [1, 1, 1, 1]]).round(3).tolist()
    [0.833, 0.5]
    """
    truth, given = flags("labels", labels), numbers("values", values)
    if truth.ndim < 1 or given.ndim < 1 or truth.shape[-1] != given.shape[-1]:
        raise ValueError(f"labels {truth.shape} and values {given.shape} are not of the same cases")
    try:
        shape = np.broadcast_shapes(truth.shape, given.shape)
    except ValueError as error:
        raise ValueError(f"labels {truth.shape} do not go with values {given.shape}") from error
    if not truth.any(axis=-1).all():
        raise ValueError("a row of labels has no case: leave it out")
    # The values alone are sorted, each row once, however many labels it is asked about.
    order = np.argsort(-given, axis=-1, kind="stable")
    last = np.broadcast_to(_last_of_ties(np.take_along_axis(given, order, axis=-1)), shape)
    ordered = np.take_along_axis(np.broadcast_to(truth, shape), np.broadcast_to(order, shape), axis=-1)
    found = np.cumsum(ordered, axis=-1)
    precision = np.take_along_axis(found, last, axis=-1) / (last + 1)
    return np.asarray((precision * ordered).sum(axis=-1) / found[..., -1])


def _last_of_ties(ordered: Floats) -> Integers:
    """For values in falling order [..., cases] the place of the last one equal to each."""
    cases = ordered.shape[-1]
    ends = np.ones(ordered.shape, dtype=np.bool_)
    ends[..., :-1] = ordered[..., 1:] != ordered[..., :-1]
    place = np.where(ends, np.arange(cases), cases - 1)
    backwards = np.minimum.accumulate(place[..., ::-1], axis=-1)
    return np.asarray(backwards[..., ::-1], dtype=np.int64)
