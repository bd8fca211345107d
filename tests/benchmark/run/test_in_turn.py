"""A run whose members are in memory one at a time: the same bytes as with both."""

from pathlib import Path

import pytest

from build.runs import content
from mechshift.benchmark.pairs.limits import Limits
from mechshift.benchmark.pairs.loading import open_pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run.assembly import as_asked
from mechshift.benchmark.run.measuring import Measuring
from mechshift.benchmark.run.run import measure

# A pool of a few, every kind of cell that runs a model of both members' or needs both, and little of each.
PROTOCOL = QUICK.changed(
    pool=6,
    minimum=4,
    candidates=1,
    grid=(0.001, 1.0),
    resamples=2,
    beside=("copy",),
    beside_examples=4,
    crossed=2,
    swept=2,
    shuffled=2,
    shuffled_examples=2,
    convergence=2,
    most=5,
)
WANTED = ("scores-arm", "scores-mdm", "stages", "transfer-arm", "transfer-mdm")


def carry_out(folder: Path, limits: Limits) -> dict[str, bytes]:
    pair = open_pair(get_pair("tiny"), "cpu", limits=limits)
    asked = as_asked(PROTOCOL, ["greater-than"], None)
    (outcome,) = measure(pair, PROTOCOL, folder, asked, WANTED)
    assert outcome.unusable is None
    return content(folder)


def test_the_bytes_are_those_of_both_in_memory(tmp_path: Path) -> None:
    both = carry_out(tmp_path / "both", Limits(bounded=True))
    assert len(both) == 8
    assert carry_out(tmp_path / "turns", Limits(in_turn=True, bounded=True)) == both


@pytest.mark.parametrize("limits", [Limits(bounded=True), Limits(in_turn=True)])
def test_nothing_runs_beside_where_memory_is_counted(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechshift.benchmark.run.measuring.available_cores", lambda: 2)
    spec = get_pair("tiny")
    assert Measuring(open_pair(spec, "cpu"), 8).side_by_side
    assert not Measuring(open_pair(spec, "cpu", limits=limits), 8).side_by_side
