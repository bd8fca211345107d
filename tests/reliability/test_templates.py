"""The script that compares products of groups with products of templates."""

import numpy as np
import pytest
from reliability.simulated import Design
from reliability.templates import both_ways, main, trial

from mechshift.metrics import Estimate


def test_both_ways_are_one_where_a_template_has_one_group() -> None:
    generator = np.random.default_rng(0)
    a, b = generator.normal(size=200) + generator.normal(size=(2, 12, 200))
    by_group, by_template = both_ways(a, b, np.ones(12), np.arange(12), 20)
    assert isinstance(by_group, Estimate)
    assert isinstance(by_template, Estimate)
    assert by_group.value == pytest.approx(by_template.value)
    assert by_group.low == pytest.approx(by_template.low)


def test_a_trial_has_both_kinds_and_both_ways(capsys: pytest.CaptureFixture[str]) -> None:
    found = trial(Design(300, "Student t", templates=12), 100, 0, 20)
    assert {way for _, way in found} == {"groups", "templates"}
    assert len(found) == 4
    main(["--trials", "2"])
    assert len(capsys.readouterr().out.splitlines()) == 16
