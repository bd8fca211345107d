"""Every rule on evidence written by hand: which verdict, what decided it, and what keeps it undecided."""

from dataclasses import replace

import pytest

from build.records import number
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Measured
from mechshift.benchmark.verdict.evidence import TransferEvidence
from mechshift.benchmark.verdict.rules import MEANING, find


def evidence(
    arm: float, mdm: float, rho: float, half: tuple[float, float] = (0.85, 0.85), spread: float = 0.05
) -> TransferEvidence:
    return TransferEvidence(
        transfer={"arm": number(arm, spread), "mdm": number(mdm, spread)},
        half={"arm": number(half[0], spread), "mdm": number(half[1], spread)},
        structure={"standardised": number(rho, spread), "edges": number(rho + 0.02, spread)},
    )


@pytest.mark.parametrize(
    ("arm", "mdm", "rho", "verdict"),
    [
        (1.0, 0.95, 0.95, "preserved"),
        (1.0, 0.95, 0.4, "same function, other edges"),
        (0.95, 0.6, 0.95, "extended"),
        (0.95, 0.1, 0.3, "extended"),
        (0.6, 0.95, 0.9, "extended"),
        (0.1, 0.2, 0.3, "rebuilt"),
        # Neither clearly above nor clearly below.
        (0.82, 0.95, 0.95, "undecided"),
        (1.0, 1.0, 0.8, "undecided"),
        (0.65, 0.65, 0.3, "undecided"),
        # Function and structure contradict each other.
        (0.1, 0.2, 0.95, "undecided"),
    ],
)
def test_each_rule(arm: float, mdm: float, rho: float, verdict: str) -> None:
    found = find(evidence(arm, mdm, rho))
    assert found.verdict == verdict
    assert found.verdict in MEANING
    if verdict == "undecided":
        assert (found.p, found.changed) == (1.0, ())
    else:
        assert all(claim.holds for claim in found.claims)
        assert found.p < 0.05


def test_a_one_way_transfer_says_which_way() -> None:
    assert "does not do all of the MDM's" in find(evidence(0.95, 0.5, 0.9)).why
    assert "does not do all of the ARM's" in find(evidence(0.5, 0.95, 0.9)).why


def test_what_changed_is_what_lies_below_its_bound() -> None:
    assert find(evidence(1.0, 0.95, 0.95)).changed == ()
    extended = find(evidence(0.95, 0.5, 0.9)).changed
    assert [(claim.label, claim.bound) for claim in extended] == [("τ* of the ARM's circuit in the MDM", 0.8)]
    rebuilt = find(evidence(0.1, 0.2, 0.3)).changed
    assert [claim.bound for claim in rebuilt] == [0.5, 0.5, 0.8, 0.8]


def test_two_estimators_of_structure_have_to_agree() -> None:
    apart = replace(
        evidence(1.0, 0.95, 0.95),
        structure={"standardised": number(0.6, 0.05), "edges": number(0.95, 0.02)},
    )
    assert find(apart).verdict == "undecided"


def test_half_the_size_must_not_say_the_contrary() -> None:
    found = find(evidence(1.0, 0.95, 0.95, half=(0.9, 0.2)))
    assert found.verdict == "undecided"
    assert found.why == (
        "at half the size it is the other way: τ* of the ARM's circuit in the MDM 0.20 [0.15, 0.25] is below "
        "0.50"
    )
    other = find(evidence(0.1, 0.2, 0.3, half=(0.9, 0.3)))
    assert other.verdict == "undecided"
    # What is not clear there says nothing.
    assert find(evidence(1.0, 0.95, 0.95, half=(0.9, 0.48))).verdict == "preserved"


@pytest.mark.parametrize("place", ["transfer", "structure"])
def test_a_missing_number_leaves_it_undecided_with_its_reason(place: str) -> None:
    whole = evidence(1.0, 0.95, 0.95)
    gone = {name: Missing(missing="no margin") for name in list(getattr(whole, place))[:1]}
    found = find(replace(whole, **{place: {**getattr(whole, place), **gone}}))
    assert (found.verdict, found.why) == ("undecided", "no margin")


def test_an_undecided_one_names_the_nearest_verdict_and_what_is_open() -> None:
    found = find(evidence(0.95, 0.82, 0.95))
    assert found.why == (
        "nearest to preserved, but τ* of the ARM's circuit in the MDM 0.82 [0.77, 0.87] is not clearly above "
        "0.80"
    )


def test_one_model_with_itself_is_preserved_beyond_doubt() -> None:
    one: Measured = number(1.0, 0.0)
    found = find(
        TransferEvidence(dict.fromkeys(("arm", "mdm"), one), {"arm": one, "mdm": one}, {"edges": one})
    )
    assert (found.verdict, found.p) == ("preserved", 0.0)


def test_matched_heads_are_said() -> None:
    found = find(replace(evidence(1.0, 1.0, 0.3, half=(0.1, 0.1)), moved=True))
    assert found.verdict == "same function, other edges"
    assert found.why == "heads changed places and were matched by their weights"
