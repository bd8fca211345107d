"""A pair's row, by hand."""

from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from scipy import stats

from mechshift.benchmark.record.comparison import HEADLINE
from mechshift.benchmark.record.means import Summary
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy, Measured, Number
from mechshift.benchmark.record.summary import Among, at_one_size, mean_over, overlap_at, subtract, summarise


def point(edges: int, overlap: Measured) -> Any:
    return SimpleNamespace(edges=edges, edge=SimpleNamespace(normalised=overlap))


def accuracies(solved: tuple[int, int]) -> Any:
    return SimpleNamespace(arm=Accuracy(solved=solved[0], tried=10), mdm=Accuracy(solved=solved[1], tried=10))


def failure(suite: str, name: str, solved: tuple[int, int]) -> Any:
    """As much of a failed task's record as a summary looks at."""
    return SimpleNamespace(
        task=name, suite=suite, surface="words", pool=accuracies(solved), missing="too few"
    )


def task(
    suite: str,
    overlap: Measured,
    early: Measured | None = None,
    special: Measured | None = None,
    areas: tuple[Measured, Measured] | None = None,
    solved: tuple[int, int] = (8, 4),
    edges: int = 30,
    curve: Mapping[int, Measured] = MappingProxyType({}),
    name: str | None = None,
    surface: str = "words",
    similarity: Measured | None = None,
    transfer: tuple[Measured, Measured] | None = None,
) -> Any:
    """As much of a task's record as a summary looks at; `transfer`: τ* in the ARM and in the MDM."""
    anything = Number(value=0.1, low=0.0, high=0.2)
    arm, mdm = areas or (anything, anything)
    in_arm, in_mdm = transfer or (anything, anything)
    return SimpleNamespace(
        task=name or f"a {suite} task",
        suite=suite,
        surface=surface,
        pool=accuracies(solved),
        function=SimpleNamespace(
            arm=SimpleNamespace(counted=SimpleNamespace(transfer=in_arm)),
            mdm=SimpleNamespace(counted=SimpleNamespace(transfer=in_mdm)),
        ),
        comparison=SimpleNamespace(
            compared=point(edges, overlap),
            curve=tuple(point(size, value) for size, value in curve.items()),
            depth_shift={"early_share": early or anything},
            depth_shift_squared={"early_share": anything},
            specialisation_shift={"specialisation": special or anything},
            specialisation_shift_squared={"specialisation": anything},
            structure={HEADLINE: similarity or anything, "neurons": anything},
            arm=SimpleNamespace(absolute=SimpleNamespace(log_area=arm)),
            mdm=SimpleNamespace(
                absolute=SimpleNamespace(log_area=mdm),
                direction={"right_context": anything, "right_context_squared": anything},
            ),
        ),
    )


def bounds(value: Measured) -> tuple[float | None, ...]:
    assert isinstance(value, Number), value
    return value.value, value.low, value.high


LOCAL = Number(value=0.6, low=0.5, high=0.8), Number(value=0.8, low=0.6, high=0.9)
PLANNING = Number(value=0.2, low=0.1, high=0.4), Number(value=0.1, low=0.0, high=0.4)


@pytest.fixture
def whole() -> Summary:
    return summarise(
        [
            task("local", LOCAL[0], areas=(Number(value=0.9, low=0.8, high=1.0), LOCAL[0])),
            task("planning", PLANNING[0], early=Number(value=-0.2, low=-0.3, high=0.1), solved=(10, 6)),
            task("local", LOCAL[1]),
            task("planning", PLANNING[1], early=Number(value=0.4, low=0.1, high=0.5), solved=(6, 2)),
        ],
        [],
    )


def test_means_of_a_suite_with_movers_intervals(whole: Summary) -> None:
    local = 0.7 - sqrt(0.1**2 + 0.2**2) / 2, 0.7 + sqrt(0.2**2 + 0.1**2) / 2
    planning = 0.15 - sqrt(0.1**2 + 0.1**2) / 2, 0.15 + sqrt(0.2**2 + 0.3**2) / 2
    assert bounds(whole.overlap["local"]) == pytest.approx((0.7, *local))
    assert bounds(whole.overlap["planning"]) == pytest.approx((0.15, *planning))
    early = 0.1 - sqrt(0.1**2 + 0.3**2) / 2, 0.1 + sqrt(0.3**2 + 0.1**2) / 2
    assert bounds(whole.early_shift["planning"]) == pytest.approx((0.1, *early))


def test_the_overlap_shift_is_local_less_planning(whole: Summary) -> None:
    below = sqrt((0.1**2 + 0.2**2) / 4 + (0.2**2 + 0.3**2) / 4)
    above = sqrt((0.2**2 + 0.1**2) / 4 + (0.1**2 + 0.1**2) / 4)
    assert bounds(whole.overlap_shift) == pytest.approx((0.55, 0.55 - below, 0.55 + above))


def test_faithfulness_is_over_all_tasks_and_accuracy_by_suite(whole: Summary) -> None:
    assert whole.faithfulness["arm"].value == pytest.approx((0.9 + 3 * 0.1) / 4)
    assert whole.faithfulness["mdm"].value == pytest.approx((0.6 + 3 * 0.1) / 4)
    assert whole.accuracy_arm["local"].value == pytest.approx(0.8)
    assert whole.accuracy_arm["planning"].value == pytest.approx(0.8)
    assert whole.accuracy_mdm["planning"].value == pytest.approx(0.4)


def test_one_missing_value_makes_its_means_missing_with_its_reason() -> None:
    reason = Missing(missing="the split-half ceiling does not exceed the floor")
    found = summarise(
        [task("local", LOCAL[0]), task("local", reason), task("planning", PLANNING[0])],
        [],
    )
    assert found.overlap["local"] == found.overlap_shift == reason
    assert bounds(found.overlap["planning"]) == pytest.approx((0.2, 0.1, 0.4))
    assert isinstance(found.early_shift["local"], Number)


def test_a_suite_without_tasks_is_missing() -> None:
    found = summarise([task("planning", PLANNING[0])], [])
    nothing = Missing(missing="no task of this suite")
    assert found.overlap["local"] == found.accuracy_arm["local"] == found.accuracy_mdm["local"] == nothing
    assert found.early_shift["local"] == found.specialisation_shift["local"] == nothing
    assert found.overlap_shift == nothing
    assert isinstance(found.accuracy_arm["planning"], Number)


def test_a_value_without_an_interval_gives_a_mean_without_one() -> None:
    found = summarise(
        [task("local", LOCAL[0], special=Number(value=0.3)), task("local", LOCAL[1], special=LOCAL[0])],
        [],
    )
    assert bounds(found.specialisation_shift["local"]) == (pytest.approx(0.45), None, None)


def test_a_failed_task_makes_the_means_of_its_suite_and_of_all_tasks_missing() -> None:
    found = summarise(
        [task("local", LOCAL[0]), task("planning", PLANNING[0])],
        [failure("planning", "countdown", (0, 2)), failure("planning", "infilling", (1, 0))],
    )
    absent = Missing(missing="no comparison on countdown, infilling")
    assert found.overlap["planning"] == found.overlap_shift == absent
    assert found.one_size.overlap["planning"] == found.one_size.shift == absent
    assert found.early_shift["planning"] == found.specialisation_shift["planning"] == absent
    assert found.faithfulness == {"arm": absent, "mdm": absent}
    assert bounds(found.overlap["local"]) == bounds(found.one_size.overlap["local"]) == (0.6, 0.5, 0.8)
    assert isinstance(found.early_shift["local"], Number)


def test_accuracies_count_failed_tasks_too() -> None:
    found = summarise(
        [task("local", LOCAL[0], solved=(9, 7)), task("planning", PLANNING[0], solved=(8, 4))],
        [failure("planning", "countdown", (2, 0))],
    )
    assert found.accuracy_arm["planning"].value == pytest.approx((0.8 + 0.2) / 2)
    assert found.accuracy_mdm["planning"].value == pytest.approx((0.4 + 0.0) / 2)
    assert found.accuracy_arm["local"].value == pytest.approx(0.9)
    assert found.accuracy_mdm["local"].value == pytest.approx(0.7)


def test_a_suite_whose_only_task_failed_is_missing_for_that_reason() -> None:
    found = summarise([task("planning", PLANNING[0])], [failure("local", "ioi", (3, 0))])
    assert found.overlap["local"] == Missing(missing="no comparison on ioi")
    assert found.accuracy_arm["local"].value == pytest.approx(0.3)


def flat(value: float) -> Number:
    return Number(value=value, low=value - 0.1, high=value + 0.1)


def test_at_one_size_all_tasks_are_read_at_the_largest_compared_size() -> None:
    """Compared at 20, 50, 200 and 50 edges: read at 200, of which one task alone has its headline value."""
    found = summarise(
        [
            task(
                "local", flat(0.9), edges=20, curve={20: flat(0.9), 50: flat(0.8), 200: flat(0.5)}, name="ioi"
            ),
            task(
                "local",
                flat(0.7),
                edges=50,
                curve={20: flat(0.95), 50: flat(0.7), 200: flat(0.6)},
                name="greater-than",
            ),
            task(
                "planning",
                flat(0.2),
                edges=200,
                curve={20: flat(0.4), 50: flat(0.3), 200: flat(0.2)},
                name="countdown",
            ),
            task(
                "planning",
                flat(0.3),
                edges=50,
                curve={20: flat(0.1), 50: flat(0.3), 200: flat(0.4)},
                name="infilling",
            ),
        ],
        [],
    )
    half = 0.1 / sqrt(2)
    assert found.one_size.edges == 200
    assert bounds(found.one_size.overlap["local"]) == pytest.approx((0.55, 0.55 - half, 0.55 + half))
    assert bounds(found.one_size.overlap["planning"]) == pytest.approx((0.3, 0.3 - half, 0.3 + half))
    assert bounds(found.one_size.shift) == pytest.approx((0.25, 0.15, 0.35))
    assert found.overlap_shift.value == pytest.approx(0.8 - 0.25)


def test_at_one_size_an_undefined_overlap_is_missing_though_the_headline_is_not() -> None:
    reason = Missing(missing="the split-half ceiling does not exceed the floor")
    found = summarise(
        [
            task("local", flat(0.9), edges=20, curve={20: flat(0.9), 99: reason}, name="ioi"),
            task("planning", flat(0.2), edges=99, curve={20: reason, 99: flat(0.2)}, name="countdown"),
        ],
        [],
    )
    assert found.one_size.overlap["local"] == found.one_size.shift == reason
    assert found.overlap_shift.value == pytest.approx(0.7)


def test_any_size_that_all_tasks_have_can_be_the_one() -> None:
    tasks = [
        task("local", flat(0.9), edges=20, curve={20: flat(0.9), 99: flat(0.5)}),
        task("planning", flat(0.2), edges=20, curve={20: flat(0.2), 99: flat(0.4)}),
    ]
    found = at_one_size(tasks, [], 99)
    assert found.edges == 99
    assert found.overlap == {"local": flat(0.5), "planning": flat(0.4)}
    assert bounds(found.shift) == pytest.approx((0.1, 0.1 - 0.1 * sqrt(2), 0.1 + 0.1 * sqrt(2)))


def test_an_overlap_is_read_at_its_size_also_off_the_grid() -> None:
    found = task("local", flat(0.9), edges=25, curve={20: flat(0.8)})
    assert [overlap_at(found, size) for size in (20, 25)] == [flat(0.8), flat(0.9)]


def test_an_overlap_of_a_size_that_was_not_compared_is_missing() -> None:
    found = overlap_at(task("local", flat(0.9), edges=20), 1021)
    assert found == Missing(missing="no circuits of 1,021 edges were compared")


def test_a_mean_over_all_tasks_is_over_both_suites() -> None:
    tasks = [task("local", LOCAL[0]), task("planning", PLANNING[0]), task("planning", PLANNING[1])]
    found = mean_over(Among(), tasks, [], lambda each: each.comparison.compared.edge.normalised)
    assert bounds(found)[0] == pytest.approx((0.6 + 0.2 + 0.1) / 3)


def test_a_difference_without_both_intervals_has_none() -> None:
    bare = Number(value=0.5)
    assert bounds(subtract(bare, flat(0.2))) == (pytest.approx(0.3), None, None)
    assert bounds(subtract(flat(0.2), bare)) == (pytest.approx(-0.3), None, None)


def test_a_difference_lacks_what_its_parts_lack() -> None:
    first, second = Missing(missing="first"), Missing(missing="second")
    assert subtract(first, flat(0.2)) == subtract(first, second) == first
    assert subtract(flat(0.2), second) == second


def test_a_summary_knows_what_it_is_put_together_of() -> None:
    overlaps = [Number(value=value, low=value - 0.1, high=value + 0.1) for value in (0.5, 0.75, 0.25)]
    tasks = [
        task("local", overlaps[0]),
        task("planning", overlaps[1], name="b"),
        task("planning", overlaps[2], name="c"),
    ]
    summary = summarise(tasks, [])
    shift, local = summary.overlap_shift, summary.overlap["local"]
    assert isinstance(shift, Number)
    assert isinstance(local, Number)
    assert [weight for weight, _ in shift.parts] == [1.0, -0.5, -0.5]
    assert all(part is overlap for (_, part), overlap in zip(shift.parts, overlaps, strict=True))
    assert sum(weight * part.value for weight, part in shift.parts) == shift.value == 0.0
    assert [(weight, part.value) for weight, part in local.parts] == [(1.0, 0.5)]
    # They belong to how it came about, and are neither compared nor written.
    assert shift == Number(value=shift.value, low=shift.low, high=shift.high)
    assert "parts" not in shift.model_dump_json()


KINDS = (("local", "words"), ("planning", "words"), ("local", "symbols"), ("planning", "symbols"))
SIMILAR = {
    ("local", "words"): (0.9, 0.8),
    ("planning", "words"): (0.5, 0.6),
    ("local", "symbols"): (0.7,),
    ("planning", "symbols"): (0.4, 0.5, 0.6),
}


def in_a_square(similar: Mapping[tuple[str, str], tuple[float, ...]]) -> Summary:
    return summarise(
        [
            task(suite, flat(0.5), similarity=flat(value), surface=surface, name=f"{suite} {surface} {place}")
            for (suite, surface), values in similar.items()
            for place, value in enumerate(values)
        ],
        [],
    )


def test_the_task_dependent_shift_is_within_words_and_within_symbols() -> None:
    found = in_a_square(SIMILAR).similarity
    assert bounds(found.suites["local"])[0] == pytest.approx((0.9 + 0.8 + 0.7) / 3)
    assert bounds(found.words["planning"])[0] == pytest.approx(0.55)
    assert bounds(found.symbols["planning"])[0] == pytest.approx(0.5)
    # Every interval reaches .1 to either side: squares over the square of how many there are.
    of_words = 0.1 * sqrt(1 / 2 + 1 / 2)
    assert bounds(found.shifts["words"]) == pytest.approx((0.3, 0.3 - of_words, 0.3 + of_words))
    of_symbols = 0.1 * sqrt(1 + 1 / 3)
    assert bounds(found.shifts["symbols"]) == pytest.approx((0.2, 0.2 - of_symbols, 0.2 + of_symbols))
    of_both = sqrt(of_words**2 + of_symbols**2) / 2
    assert bounds(found.shift) == pytest.approx((0.25, 0.25 - of_both, 0.25 + of_both))


def test_suites_that_differ_in_their_surfaces_alone_have_no_task_dependent_shift() -> None:
    """Words .9, symbols .5, whatever the suite: the means of the suites differ, the shift is 0."""
    similar = {(suite, surface): (0.9 if surface == "words" else 0.5,) * 3 for suite, surface in KINDS}
    similar["local", "symbols"] = (0.5,)
    similar["planning", "words"] = (0.9,)
    found = in_a_square(similar).similarity
    assert bounds(found.suites["local"])[0] == pytest.approx(0.8)
    assert bounds(found.suites["planning"])[0] == pytest.approx(0.6)
    assert bounds(found.shift)[0] == pytest.approx(0, abs=1e-12)


def test_other_tasks_move_the_shift_by_welchs_interval() -> None:
    similar = {**SIMILAR, ("local", "symbols"): (0.7, 0.9)}
    found = in_a_square(similar).similarity
    # s²/n by hand: .005/2, .005/2, .02/2, .01/3, each times (1/2)².
    variances = [0.005 / 2 / 4, 0.005 / 2 / 4, 0.02 / 2 / 4, 0.01 / 3 / 4]
    freedom = sum(variances) ** 2 / sum(v**2 / n for v, n in zip(variances, (1, 1, 1, 2), strict=True))
    reach = stats.t.ppf(0.975, freedom) * sqrt(sum(variances))
    assert bounds(found.across) == pytest.approx((0.3, 0.3 - reach, 0.3 + reach))
    assert bounds(found.shift)[0] == pytest.approx(0.3)
    one = in_a_square(SIMILAR).similarity.across
    assert one == Missing(missing="a spread takes two values of a kind, and one kind has 1")


def test_without_tasks_of_a_surface_there_is_no_task_dependent_shift() -> None:
    found = in_a_square({kind: SIMILAR[kind] for kind in KINDS[:3]}).similarity
    reason = Missing(missing="no task of this suite asks in symbols")
    assert found.symbols["planning"] == found.shifts["symbols"] == found.shift == found.across == reason
    assert isinstance(found.shifts["words"], Number)


def test_transfer_is_by_host_suite_and_surface() -> None:
    values = {"local": (0.9, 0.5), "planning": (0.7, 0.8)}
    tasks = [
        task(suite, LOCAL[0], surface=surface, transfer=tuple(Number(value=each) for each in both))
        for suite, both in values.items()
        for surface in ("words", "symbols")
    ]
    found = summarise(tasks, []).transfer
    assert {host: square.suites["local"].value for host, square in found.items()} == {"arm": 0.9, "mdm": 0.5}
    assert found["arm"].words["planning"].value == found["arm"].symbols["planning"].value == 0.7
    assert found["mdm"].shift.value == pytest.approx(-0.3)


def test_without_circuits_in_the_other_member_transfer_is_missing_with_the_reason() -> None:
    one = task("local", LOCAL[0])
    one.function = None
    assert summarise([one], []).transfer["arm"].suites["local"] == Missing(
        missing="the protocol runs no circuit in the other member"
    )
