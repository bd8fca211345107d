"""What is timed is what is said: states of an MDM, sizes that grow one by one, numbers that are missing."""

from dataclasses import asdict

import pytest
import torch

from speed import library, peak
from speed.scaling import QUICK, QUICK_SIZES, VOCABULARY, Case, batch_of, cases, measured, measured_memory
from speed.timing import Asked

ASKED = Asked(quick=True, clock="processor")


def test_states_of_an_example_tell_more_and_more_of_its_answer() -> None:
    batch = batch_of(Case(layers=1, heads=1, width=8, tokens=10, examples=2, states=3, m=1))
    mask = batch.clean == VOCABULARY - 1
    assert mask.sum(1).tolist() == [3, 2, 1, 3, 2, 1]
    # The first masked token of a row is read.
    assert batch.read_position.tolist() == mask.int().argmax(1).tolist() == [7, 8, 9, 7, 8, 9]
    assert batch.read_row.tolist() == list(range(6))
    assert batch.example_of_row.tolist() == [0, 0, 0, 1, 1, 1]
    # An example's states have one prompt, of which the corrupted run has another.
    assert torch.equal(batch.clean[0, :7], batch.clean[2, :7])
    assert not torch.equal(batch.clean[0, :7], batch.clean[3, :7])
    assert not torch.equal(batch.clean[0, :7], batch.corrupted[0, :7])


def test_one_size_grows_and_no_other() -> None:
    for name, of_size in cases(ASKED).items():
        assert [getattr(case, name) for case in of_size.values()] == list(QUICK_SIZES[name])
        others = [{k: v for k, v in asdict(case).items() if k != name} for case in of_size.values()]
        assert all(each == {k: v for k, v in asdict(QUICK).items() if k != name} for each in others)


def test_time_is_measured_against_every_size() -> None:
    found = measured(ASKED)
    assert [(one.against, one.sizes) for one in found.curves] == list(QUICK_SIZES.items())
    assert all(one.value > 0 and one.rounds == 2 for each in found.curves for one in each.readings)


@pytest.mark.skipif(not peak.LINUX, reason="the peak of a piece of work is told by Linux alone")
def test_the_growth_of_memory_is_what_was_held() -> None:
    """64 MB that are written to and given back."""
    found = peak.growth(lambda: torch.ones(16 * 2**20).sum())
    assert found == pytest.approx(64 * 2**20, rel=0.05)


def test_memory_that_is_not_told_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speed.scaling.LINUX", False)
    (one,) = measured_memory(ASKED).readings
    assert (one.value, one.missing) == (None, "Linux alone tells the peak of a piece of work")


def test_a_library_that_is_not_there_has_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda name: None)
    found = library.measured(ASKED)
    assert [one.name for one in found.readings] == list(library.NAMES)
    assert {one.missing for one in found.readings} == {"not installed here (eap, transformer_lens)"}
