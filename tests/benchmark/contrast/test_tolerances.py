"""Calibration: what is measured, what is refused, and what a file may say."""

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from build.records import a_comparison, a_pair, a_record, a_task, number
from mechshift.benchmark.contrast.tolerances import calibrate, read_tolerances, write_tolerances
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.summary import summarise
from mechshift.errors import NotComputable, UsageError

OVERLAPS = (0.7, 0.74, 0.69)


def a_rerun(seed: int, overlap: float | None = 0.7, **changes: Any) -> Record:
    value = Missing(missing="no ceiling") if overlap is None else number(overlap, 0.05)
    tasks = (a_task("ioi", comparison=a_comparison((100, value))), a_task("countdown"))
    return a_record(protocol=V2.reseeded(seed), tasks=tasks, summary=summarise(tasks, ())).model_copy(
        update=changes
    )


def write(folder: Path, *records: Record) -> list[Path]:
    paths = [folder / f"{index}.json" for index in range(len(records))]
    for record, path in zip(records, paths, strict=True):
        write_model(record, path)
    return paths


@pytest.fixture
def reruns(tmp_path: Path) -> list[Path]:
    return write(tmp_path, *(a_rerun(seed + 1, overlap) for seed, overlap in enumerate(OVERLAPS)))


def test_every_watched_value_of_every_rerun_is_kept(reruns: list[Path]) -> None:
    found = calibrate(reruns)
    spread = found.tasks["ioi"]["overlap"]
    assert spread.values == OVERLAPS
    assert spread.mean == pytest.approx(np.mean(OVERLAPS))
    assert spread.deviation == pytest.approx(np.std(OVERLAPS, ddof=1))
    assert found.row["overlap_local"].values == OVERLAPS
    assert "floor" not in found.tasks["ioi"]
    assert "one_size_edges" not in found.row
    assert [(one.record, one.seed) for one in found.reruns] == [("0.json", 1), ("1.json", 2), ("2.json", 3)]
    assert (found.protocol, found.pair.name, found.rate) == ("v2-seed-1", "tiny", 0.05)


def test_it_is_written_as_toml_and_read_back(reruns: list[Path], tmp_path: Path) -> None:
    write_model(a_rerun(9, None), reruns[0])
    found = calibrate(reruns, rate=0.01)
    write_tolerances(found, tmp_path / "tolerances.toml")
    assert read_tolerances(tmp_path / "tolerances.toml") == found
    content = tomllib.loads((tmp_path / "tolerances.toml").read_text())
    assert content["rate"] == 0.01
    assert content["tasks"]["ioi"]["overlap"]["values"] == ["missing", *OVERLAPS[1:]]
    assert content["tasks"]["ioi"]["accuracy_mdm_in_place"] == {"values": 3 * ["missing"]}


def test_what_are_no_reruns_of_one_another_is_refused(tmp_path: Path, reruns: list[Path]) -> None:
    with pytest.raises(UsageError, match="2 records do not show"):
        calibrate(reruns[:2])
    with pytest.raises(UsageError, match="given twice"):
        calibrate([*reruns, reruns[0]])
    for record, message in (
        (a_rerun(8, pair=a_pair("tiny", mdm={"digest": "other"})), "their weights differ"),
        (a_rerun(8, tasks=a_rerun(8).tasks[:1]), "their tasks differ"),
        (a_rerun(8, protocol=V2.changed(pool=80)), "pool is 500 in A and 80 in B"),
        (a_rerun(1, 0.9), "4 records have 3 seeds"),
    ):
        write_model(record, tmp_path / "another.json")
        with pytest.raises(NotComputable, match=message):
            calibrate([*reruns, tmp_path / "another.json"])


def test_reruns_on_other_machines_may_be_of_one_seed(tmp_path: Path) -> None:
    environment = a_record().environment
    records = [
        a_rerun(1, 0.7, environment=environment.model_copy(update={"device": device}))
        for device in ("cpu", "cuda", "mps")
    ]
    found = calibrate(write(tmp_path, *records))
    assert found.tasks["ioi"]["overlap"].deviation == 0
    assert [one.device for one in found.reruns] == ["cpu", "cuda", "mps"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rate = 0.05", "rate = 0.7", "rate: "),
        ("deviation = 0.02", "deviation = 0.2", "not those of its values"),
        ("0.74,\n", "", "has 2 values of 3 reruns|not those of its values"),
        ("format = 1", "format = 2", "format: "),
        ("format = 1", "format = 1\nextra = 1", "extra: "),
        ("format = 1", "format = = 1", "is no TOML"),
        ("format = 1", f"format = {'9' * 5000}", "is no TOML"),
        ("format = 1", "\xff", "is no TOML"),
        ("0.74", "nan", "holds no tolerances"),
    ],
)
def test_other_files_are_refused(
    reruns: list[Path], tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "tolerances.toml"
    write_tolerances(calibrate(reruns), path)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(NotComputable, match=message):
        read_tolerances(path)
    with pytest.raises(NotComputable, match="there is no file"):
        read_tolerances(tmp_path / "absent.toml")
