"""What every quantity declares of itself, so that nobody has to read it out of a name."""

from collections import Counter

import pytest

from mechshift.benchmark.record.quantities import SECTIONS, task_quantities
from mechshift.benchmark.record.quantity import Rounding
from mechshift.benchmark.record.row import COLUMNS, pair_quantities

DECLARED = {each.name: each for each in (*pair_quantities(), *task_quantities())}


def test_every_quantity_has_a_label_of_its_own() -> None:
    for quantities in (pair_quantities(), task_quantities()):
        assert [
            label for label, times in Counter(each.label for each in quantities).items() if times > 1
        ] == []
    assert DECLARED["overlap_local"].label == "overlap Ĵ, local"
    assert DECLARED["accuracy_mdm_planning"].label == "accuracy, MDM, planning"
    assert DECLARED["log_area_mdm"].label == "area on a log axis, MDM"
    assert DECLARED["floor"].label == "floor"


def test_a_line_of_one_quantity_is_called_as_that_is() -> None:
    lines = [line for section in SECTIONS for line in section.lines if len(line.quantities) == 1]
    assert [line.label for line in lines if line.label != line.quantities[0].label] == []


def test_members_and_suites_are_as_names_have_them() -> None:
    for name, quantity in DECLARED.items():
        parts = name.split("_")
        member = next((each for each in ("arm", "mdm") if each in parts), None)
        assert quantity.member == (member and member.upper()), name
    for column in COLUMNS:
        for place, quantities in column.quantities.items():
            assert {each.suite or "both suites" for each in quantities} == {place}


def test_a_mean_of_a_suite_names_what_it_is_the_mean_of() -> None:
    assert DECLARED["overlap_local"].definition.mean_of is DECLARED["overlap"].definition
    assert DECLARED["early_shift_planning"].definition.mean_of is DECLARED["early_shift"].definition
    assert DECLARED["task_dependent_shift"].definition.mean_of is None


def test_accuracies_alone_are_counted() -> None:
    counted = {name for name, quantity in DECLARED.items() if quantity.definition.counted}
    assert counted == {name for name in DECLARED if name.startswith("accuracy_")}


@pytest.mark.parametrize("rounding", [Rounding(decimals=0), Rounding(signed=True), Rounding(percent=True)])
def test_a_whole_number_beyond_all_floats_is_told_to_be_one(rounding: Rounding) -> None:
    assert [rounding(sign * 10**400) for sign in (1, -1)] == ["beyond all numbers"] * 2
