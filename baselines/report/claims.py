"""The paper's claims as data: what is claimed, by which quantities it is judged, and what they should be."""

from dataclasses import dataclass
from typing import Literal

from .quantities import (
    EARLY_SHIFT,
    SHIFT_ONE_SIZE,
    SHIFT_OWN_SIZES,
    PairQuantity,
    early_share_ratio,
    overlap_one_size,
    overlap_own_sizes,
    sharpness_shift,
    specialisation_shift,
)


@dataclass(frozen=True)
class Prediction:
    """What a claim says of one quantity.

    `sign`: on which side of `bound` the value should lie. Without a bound the quantity has no value that
    speaks for or against the claim by itself, and is judged against the control alone.
    """

    quantity: PairQuantity
    claimed: str
    sign: Literal[1, -1] = 1
    bound: float | None = None


@dataclass(frozen=True)
class Claim:
    """A claim of arXiv 2601.14758."""

    letter: str
    text: str
    predictions: tuple[Prediction, ...]


_RETAINED = "not less than the control's"
_LEFT = "less than the control's"

CLAIMS = (
    Claim(
        "A",
        "on local tasks the MDM retains the circuit of the ARM",
        (
            Prediction(overlap_own_sizes("local"), _RETAINED),
            Prediction(overlap_one_size("local"), _RETAINED),
        ),
    ),
    Claim(
        "B",
        "on planning tasks it abandons that circuit and rewires",
        (
            Prediction(overlap_own_sizes("planning"), _LEFT),
            Prediction(overlap_one_size("planning"), _LEFT),
            Prediction(SHIFT_OWN_SIZES, "above 0", 1, 0),
            Prediction(SHIFT_ONE_SIZE, "above 0", 1, 0),
        ),
    ),
    Claim(
        "C",
        "on planning tasks early layers do more, at least twice as much on Countdown",
        (
            Prediction(EARLY_SHIFT, "above 0", 1, 0),
            Prediction(early_share_ratio("countdown"), "2 or more", 1, 2),
        ),
    ),
    Claim(
        "D",
        "specialisation is sharp and localised in the ARM, and distributed in the MDM",
        (
            Prediction(specialisation_shift("local"), "below 0", -1, 0),
            Prediction(specialisation_shift("planning"), "below 0", -1, 0),
            Prediction(sharpness_shift("local"), "below 0", -1, 0),
            Prediction(sharpness_shift("planning"), "below 0", -1, 0),
        ),
    ),
)

PREDICTIONS = tuple(prediction for claim in CLAIMS for prediction in claim.predictions)
