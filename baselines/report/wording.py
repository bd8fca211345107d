"""Sentences that say what was found; every word of a result in them is chosen by the numbers."""

from collections import Counter
from collections.abc import Sequence

from ...benchmark.record.missing import Missing
from ...benchmark.record.number import Number
from ...errors import listed
from ..structure.roster import BASE, SCRATCH
from .by_task import LEVEL, TaskContrast
from .claims import PREDICTIONS, Claim, Prediction
from .contrast import VERDICTS, between, contrast, side
from .records import Pairs
from .sizes import larger_than
from .spread import Spread


def claim_sentence(claim: Claim, pairs: Pairs) -> str:
    """A claim, and of each of its quantities how many pairs have which verdict."""
    parts, said = [], ""
    for prediction in claim.predictions:
        # What is claimed is said once where it is the same of the next quantity.
        claimed = "" if prediction.claimed == said else f" (claimed: {prediction.claimed})"
        said = prediction.claimed
        parts.append(f"{prediction.quantity.label}{claimed}, {_verdicts(prediction, pairs)}")
    return f"**{claim.letter}**, {claim.text}: {'; '.join(parts)}."


def _verdicts(prediction: Prediction, pairs: Pairs) -> str:
    verdicts = [contrast(prediction, pair, pairs).verdict for pair in pairs.post_trained]
    counted = Counter("no value" if isinstance(verdict, Missing) else verdict for verdict in verdicts)
    parts = [f"*{name}* in {counted[name]}" for name in (*VERDICTS, "no value") if counted[name]]
    return f"{listed(parts)} of {counted_pairs(len(verdicts))}"


def counted_pairs(number: int) -> str:
    """`1 pair`, `5 pairs`."""
    return f"{number} {'pair' if number == 1 else 'pairs'}"


def absent_sentence(absent: Sequence[str]) -> str:
    """Of which pairs there is no record."""
    return f"there is no record of {listed([f'`{pair}`' for pair in absent])}"


def seeds_sentence(spreads: Sequence[Spread]) -> str:
    """For how many quantities the seeds lie further apart than an interval is wide."""
    exceeding = sum(1 for each in spreads if each.exceeds)
    unknown = sum(1 for each in spreads if each.exceeds is None)
    without = f"; for {unknown} it is not known" if unknown else ""
    return (
        f"For {exceeding} of {len(spreads)} quantities the range over the seeds exceeds the mean width "
        f"of their intervals{without}."
    )


def left_sentence(label: str, contrasts: Sequence[TaskContrast]) -> str:
    """In how many tasks base pair and control differ before and after adjustment, and on which side."""
    before = sum(each.differs for each in contrasts)
    left = [f"{each.task} ({_direction(each)})" for each in contrasts if each.left]
    unknown = sum(1 for each in contrasts if isinstance(each.p, Missing))
    without = f"; {unknown} of them without a value" if unknown else ""
    named = f": {listed(left)}" if left else ""
    return (
        f"{label}: of {len(contrasts)} tasks {before} differ from the control before adjustment and "
        f"{len(left)} after it{named}{without}."
    )


def doubtful_sentence(contrasts: Sequence[TaskContrast]) -> str:
    """How often p and the interval disagree, and which of them decides."""
    number = sum(each.doubtful for each in contrasts)
    return (
        "p decides, and not the interval. It allows for how few units are resampled, and can exceed "
        f"{LEVEL:g} beside an interval without 0, as in {number} of the {len(contrasts)} lines below."
    )


def _direction(found: TaskContrast) -> str:
    return "above" if isinstance(found.difference, Number) and found.difference.value > 0 else "below"


def scratch_sentence(pairs: Pairs) -> str:
    """Which quantities tell the base pair from the one that owes the ARM nothing, and on which side."""
    sides = [
        (prediction.quantity.label, side(between(prediction.quantity, BASE, SCRATCH, pairs), 0))
        for prediction in PREDICTIONS
    ]
    told = [f"{label} ({'above' if where == 1 else 'below'})" for label, where in sides if where in (1, -1)]
    unknown = sum(1 for _, where in sides if isinstance(where, Missing))
    named = f": {'; '.join(told)}" if told else ""
    without = f"; for {unknown} it is not known" if unknown else ""
    return (
        f"For {len(told)} of {len(sides)} quantities the interval of `{BASE}` less `{SCRATCH}` excludes 0"
        f"{named}{without}."
    )


def size_sentence(pairs: Pairs) -> str:
    """The one size, and of which circuits it is known that they are not both faithful at it."""
    compared = sum(len(record.tasks) for record in pairs.records.values())
    beyond = larger_than(pairs.edges, pairs.records)
    named = f": {'; '.join(f'{task} in `{pair}`' for pair, task in beyond)}" if beyond else ""
    return (
        f"The one size is {pairs.edges:,} of {pairs.base.pair.edges:,} edges. In {len(beyond)} of {compared} "
        f"comparisons the circuits of that size are not both faithful{named}."
    )
