"""A run of a pair whose layers are on several devices, from its checkpoints to the record."""

from pathlib import Path

from build.devices import FOUR, pretended
from build.protocols import small_quick
from mechshift.benchmark.admission.load import load_pair
from mechshift.benchmark.pairs.device_map import DeviceMap
from mechshift.benchmark.pairs.limits import Limits
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.run import run


def record_of(pair: Pair, out: Path) -> Record:
    few = small_quick(pool=4, candidates=2, components=2, beside_examples=2)
    return run(pair, few, out, ["ioi"], None, 64, Silent())


def cells_of(out: Path) -> dict[str, bytes]:
    """The bytes of all cells by their names less the keys, which tell the kind of device."""
    return {
        path.name.split(".")[0]: path.read_bytes()
        for path in (out / "cells").rglob("*")
        if path.is_file() and path.suffix != ".seal"
    }


def test_a_run_is_the_same_but_for_the_device(tmp_path: Path) -> None:
    """Of members in memory one at a time, so that they are loaded several times."""
    # In turn they do not run side by side: another thread would not know of the pretended devices.
    limits = Limits(in_turn=True)
    plain = record_of(load_pair(get_pair("tiny"), "cpu", limits=limits), tmp_path / "plain")
    with pretended(*FOUR):
        pair = load_pair(get_pair("tiny"), DeviceMap("balanced"), limits=limits)
        apart = record_of(pair, tmp_path / "apart")
    assert (plain.environment.device, apart.environment.device) == ("cpu", "cuda")
    assert plain.pair == apart.pair
    cells = cells_of(tmp_path / "plain")
    assert {"pool", "scores-arm", "sweep-mdm", "transfer-arm", "cards-mdm", "ablation-arm"} <= cells.keys()
    assert cells_of(tmp_path / "apart") == cells
