"""A number beyond a bound, its p-value against Student's t by scipy."""

import numpy as np
import pytest
from scipy import stats

from build.records import number
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Number, Resampling
from mechshift.benchmark.verdict.claim import BoundClaim, p_of_all


def test_a_claim_holds_where_the_whole_interval_does() -> None:
    assert BoundClaim("x", number(0.9, 0.05), "above", 0.8).holds
    assert not BoundClaim("x", number(0.9, 0.15), "above", 0.8).holds
    assert BoundClaim("x", number(0.3, 0.1), "below", 0.5).holds
    assert not BoundClaim("x", number(0.9), "above", 0.8).holds
    assert not BoundClaim("x", Missing(missing="none"), "above", 0.8).holds


def test_of_few_units_an_interval_just_beyond_its_bound_is_not_enough() -> None:
    # Ten templates were drawn: t of nine degrees is 2.26 where this interval, as those of older protocols,
    # took 1.96 standard errors.
    near, far = (
        Number(value=value, low=value - 1.959964 * 0.05, high=value + 1.959964 * 0.05).estimated(
            Resampling(9, np.inf, np.inf)
        )
        for value in (0.8 + 2.1 * 0.05, 0.8 + 2.4 * 0.05)
    )
    assert near.low is not None
    assert near.low > 0.8
    assert not BoundClaim("x", near, "above", 0.8).holds
    assert BoundClaim("x", far, "above", 0.8).holds


def test_of_an_interval_by_student_only_the_resamples_are_few() -> None:
    # It reaches t of nine degrees; 200 resamples leave fewer, so that it has to clear the bound by some more.
    reach = 0.05 * stats.t.isf(0.025, 9)
    freedom = 1 / (1 / 9 + 4 / 200)
    for beyond, holds in ((1.01, False), (1.04, True)):
        value = 0.8 + beyond * reach
        given = Number(value=value, low=value - reach, high=value + reach).estimated(Resampling(9, 200, 9))
        claim = BoundClaim("x", given, "above", 0.8)
        assert claim.p == pytest.approx(2 * stats.t.sf(beyond * reach / 0.05, freedom), rel=1e-9)
        assert claim.holds is holds


def test_p_is_students_of_the_distance_from_the_bound_in_standard_errors() -> None:
    freedom = Resampling(14, np.inf, np.inf)
    given = Number(value=0.9, low=0.9 - 1.959964 * 0.05, high=0.9 + 1.959964 * 0.05).estimated(freedom)
    expected = 2 * stats.t.sf((0.9 - 0.8) / 0.05, 14)
    assert BoundClaim("x", given, "above", 0.8).p == pytest.approx(expected, rel=1e-5)
    assert BoundClaim("x", given, "below", 0.8).p == 1.0
    assert BoundClaim("x", given, "below", 1.0).p == pytest.approx(expected, rel=1e-5)


def test_draws_beside_a_record_change_no_verdict_on_it() -> None:
    draws = np.random.default_rng(0).normal(0.9, 0.02, 400)
    without = number(0.9, 0.06).estimated(Resampling(14, 400, 14))
    beside = number(0.9, 0.06).drawn(draws).estimated(Resampling(14, 400, 14))
    assert BoundClaim("x", without, "above", 0.8).p == BoundClaim("x", beside, "above", 0.8).p > 0
    means = [number(0.9, 0.06).put_together(((0.5, one), (0.5, one))) for one in (without, beside)]
    assert BoundClaim("x", means[0], "above", 0.8).p == BoundClaim("x", means[1], "above", 0.8).p > 0


def test_what_rounding_could_have_made_is_not_beyond_a_bound() -> None:
    near = Number(value=1e-12, low=5e-13, high=2e-12)
    assert BoundClaim("x", near, "above", 0.0).p == 1.0
    assert not BoundClaim("x", near, "above", 0.0).holds
    assert BoundClaim("x", Number(value=1e-4, low=5e-5, high=2e-4), "above", 0.0).holds


def test_without_a_number_or_an_interval_nothing_is_shown() -> None:
    assert BoundClaim("x", Missing(missing="none"), "above", 0.8).p == 1.0
    assert BoundClaim("x", number(0.9), "above", 0.8).p == 1.0
    assert BoundClaim("x", number(0.8, 0.1), "above", 0.8).p == 1.0


def test_a_conjunction_is_as_doubtful_as_its_most_doubtful_part() -> None:
    sure, doubtful = (
        BoundClaim("x", number(0.9, 0.01), "above", 0.8),
        BoundClaim("y", number(0.9, 0.09), "above", 0.8),
    )
    assert p_of_all((sure, doubtful)) == doubtful.p > sure.p
    assert p_of_all(()) == 1.0


def test_a_claim_reads_as_a_sentence() -> None:
    assert str(BoundClaim("ρ", number(0.9, 0.05), "above", 0.8)) == "ρ 0.90 [0.85, 0.95] is above 0.80"
    assert (
        str(BoundClaim("ρ", number(0.9, 0.2), "above", 0.8))
        == "ρ 0.90 [0.70, 1.10] is not clearly above 0.80"
    )
    assert str(BoundClaim("ρ", Missing(missing="it is noise"), "above", 0.8)) == "ρ: it is noise"


def test_a_claim_is_written_with_as_many_decimals_as_tell_it_from_its_bound() -> None:
    small = Number(value=0.00034, low=0.00031, high=0.00038)
    assert str(BoundClaim("share", small, "above", 0.0)) == "share 0.0003 [0.0003, 0.0004] is above 0.0000"
    near = Number(value=0.82, low=0.8004, high=0.84)
    assert str(BoundClaim("ρ", near, "above", 0.8)) == "ρ 0.8200 [0.8004, 0.8400] is above 0.8000"
    assert str(BoundClaim("ρ", number(0.9, 0.05), "above", 0.8)) == "ρ 0.90 [0.85, 0.95] is above 0.80"
    other = Number(value=0.5, low=0.5, high=0.5)
    assert str(BoundClaim("τ*", other, "above", 0.5)) == "τ* 0.50 [0.50, 0.50] is not clearly above 0.50"
