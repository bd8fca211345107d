"""Records are read from the pairs' folders, and refused where they cannot be compared."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mechshift.baselines.report.records import Pairs, read_family, read_pairs, tasks_of
from mechshift.baselines.structure.family import BothIntervals, FamilyStructure, OverTasks
from mechshift.baselines.structure.roster import PAIRS
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.protocol import QUICK, V2
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.task_record import FailedTask, TaskRecord
from mechshift.errors import NotComputable, UsageError

MakePairs = Callable[..., Pairs]
MakeRecord = Callable[..., Record]
MakeTask = Callable[..., TaskRecord]
Put = Callable[[Pairs, Path], Path]


def refusal(pairs: Pairs, put: Put, folder: Path) -> UsageError:
    with pytest.raises(UsageError) as raised:
        read_pairs(put(pairs, folder))
    return raised.value


def test_what_was_written_is_read_in_the_rosters_order(
    make_pairs: MakePairs, put: Put, tmp_path: Path
) -> None:
    pairs = make_pairs()
    found = read_pairs(put(pairs, tmp_path))
    assert found == pairs
    assert tuple(found.records) == PAIRS


def test_records_that_are_missing_are_known_by_name(make_pairs: MakePairs, put: Put, tmp_path: Path) -> None:
    pairs = make_pairs()
    some = ("tiny", "tiny-seed-2", "tiny-continued")
    found = read_pairs(put(Pairs({pair: pairs.records[pair] for pair in some}), tmp_path))
    assert tuple(found.records) == some
    assert found.post_trained == some[:2]
    assert found.absent() == tuple(pair for pair in PAIRS if pair not in some)
    assert found.absent(("tiny", "tiny-seed-3")) == ("tiny-seed-3",)


def test_without_the_base_pair_or_the_control_there_is_nothing_to_compare(
    make_pairs: MakePairs, put: Put, tmp_path: Path
) -> None:
    pairs = make_pairs()
    folder = put(Pairs({"tiny-block": pairs.records["tiny-block"]}), tmp_path)
    with pytest.raises(UsageError) as raised:
        read_pairs(folder)
    absent = [folder / pair / "record.json" for pair in ("tiny", "tiny-continued")]
    assert raised.value.problem.endswith(f"there is no {absent[0]}, no {absent[1]}")
    assert "mechshift run --pair PAIR --protocol v2" in raised.value.remedy


def test_a_file_that_is_no_record_is_refused(make_pairs: MakePairs, put: Put, tmp_path: Path) -> None:
    folder = put(make_pairs(), tmp_path)
    (folder / "tiny" / "record.json").write_text("{}")
    with pytest.raises(NotComputable, match="is not a record of this version"):
        read_pairs(folder)


def test_a_record_in_another_pairs_folder_is_refused(
    make_pairs: MakePairs, make_record: MakeRecord, put: Put, tmp_path: Path
) -> None:
    found = refusal(make_pairs({"tiny-block": make_record("tiny-noshift")}), put, tmp_path)
    assert "is the record of pair 'tiny-noshift' and not of 'tiny-block'" in found.problem


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        ("tiny-block", "is a control, and that of tiny-block is an MDM"),
        ("tiny-continued", "is an MDM, and that of tiny-continued is a control"),
    ],
)
def test_a_control_is_no_mdm(
    pair: str, said: str, make_pairs: MakePairs, make_record: MakeRecord, put: Put, tmp_path: Path
) -> None:
    record = make_record(pair)
    wrong = record.pair.model_copy(update={"control": not record.pair.control})
    found = refusal(make_pairs({pair: record.model_copy(update={"pair": wrong})}), put, tmp_path)
    assert said in found.problem


def test_another_protocol_is_refused(
    make_pairs: MakePairs, make_record: MakeRecord, put: Put, tmp_path: Path
) -> None:
    found = refusal(make_pairs({"tiny-block": make_record("tiny-block", protocol=QUICK)}), put, tmp_path)
    assert found.problem == (
        "the records of tiny-block and tiny are not of the same protocol: "
        "ablated is 8 and 32; beside_examples is 16 and 48; board is False and True; "
        "convergence is 8 and 24; crossed is 16 and 64; minimum is 16 and 30; most is 10 and 40; "
        "name is quick and v2; pool is 80 and 500; random_sets is 5 and 10; resamples is 100 and 200; "
        "shuffled_examples is 2 and 8; swept is 16 and 128; version is 6 and 3"
    )


def test_another_task_in_the_protocol_is_refused(
    make_pairs: MakePairs, make_record: MakeRecord, put: Put, tmp_path: Path
) -> None:
    protocol = V2.changed(tasks=V2.tasks[:1])
    found = refusal(make_pairs({"tiny-block": make_record("tiny-block", protocol=protocol)}), put, tmp_path)
    first = V2.tasks[0]
    asked = f"{first.name} {first.level}@{first.version}"
    assert found.problem.startswith(
        f"the records of tiny-block and tiny are not of the same protocol: tasks is {asked} and {asked}, "
    )


def test_another_arm_is_refused(
    make_pairs: MakePairs, make_record: MakeRecord, put: Put, tmp_path: Path
) -> None:
    record = make_record("tiny-block")
    arm = record.pair.arm.model_copy(update={"digest": "feed"})
    other = record.model_copy(update={"pair": record.pair.model_copy(update={"arm": arm})})
    found = refusal(make_pairs({"tiny-block": other}), put, tmp_path)
    assert "not of the same ARM: digest is feed and 0123456789abcdef" in found.problem
    assert "make them again" in found.remedy


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"version": 3},
            "countdown is version 3, level small, suite planning and version 2, level",
        ),
        (
            {"level": "hard"},
            "countdown is version 2, level hard, suite planning and version 2, level small",
        ),
    ],
)
def test_another_version_or_level_of_a_task_is_refused(
    changes: dict[str, object],
    said: str,
    make_pairs: MakePairs,
    make_record: MakeRecord,
    make_task: MakeTask,
    put: Put,
    tmp_path: Path,
) -> None:
    tasks = make_task("ioi"), make_task("countdown", **changes)
    found = refusal(make_pairs({"tiny-block": make_record("tiny-block", tasks)}), put, tmp_path)
    assert said in found.problem


def test_a_task_that_was_not_asked_is_refused(
    make_pairs: MakePairs, make_record: MakeRecord, make_task: MakeTask, put: Put, tmp_path: Path
) -> None:
    found = refusal(make_pairs({"tiny-block": make_record("tiny-block", (make_task("ioi"),))}), put, tmp_path)
    assert "countdown is absent and version 2" in found.problem


def test_a_task_that_failed_was_asked(
    make_pairs: MakePairs,
    make_record: MakeRecord,
    make_task: MakeTask,
    make_failed_task: Callable[..., FailedTask],
    put: Put,
    tmp_path: Path,
) -> None:
    record = make_record("tiny-block", (make_task("ioi"),), (make_failed_task("countdown", "too few"),))
    found = read_pairs(put(make_pairs({"tiny-block": record}), tmp_path))
    assert list(tasks_of(found.records["tiny-block"])) == ["ioi", "countdown"]


def test_local_tasks_come_first(make_pairs: MakePairs, make_record: MakeRecord, make_task: MakeTask) -> None:
    order = "countdown", "ioi", "sudoku", "greater-than"
    record = make_record("tiny", tuple(make_task(name) for name in order))
    assert make_pairs({"tiny": record}).tasks == {
        "ioi": "local",
        "greater-than": "local",
        "countdown": "planning",
        "sudoku": "planning",
    }


def a_family(of: Pairs, **changes: object) -> FamilyStructure:
    nothing = BothIntervals(prompts=Missing(missing="none"), seeds=Missing(missing="none"))
    over = OverTasks(tasks={}, groups={"all": nothing})
    held = {
        "what": "edges",
        "protocol": f"{of.base.protocol.name}@{of.base.protocol.version}",
        "arm": of.base.pair.arm.digest,
        "resamples": 10,
        "pairs": tuple(of.records),
        "kinds": {},
        "same_prompts": {},
        "between_members": (),
        "between_tasks": {},
        "blocks": (),
        "retained": {},
        "attributable": over,
        "systematic": {},
    }
    return FamilyStructure(**{**held, **changes})  # type: ignore[arg-type]


def test_data_of_the_family_is_read_where_it_is_of_the_records(make_pairs: MakePairs, tmp_path: Path) -> None:
    pairs = make_pairs()
    write_model(a_family(pairs), tmp_path / "family.json")
    assert read_family(tmp_path / "family.json", pairs) == a_family(pairs)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arm": "feed"}, "is not of the ARM and the protocol of the records"),
        ({"what": "neurons"}, "is of neurons, and the report is of edges"),
        ({"pairs": PAIRS[:-1]}, f"only one of them has {PAIRS[-1]}"),
    ],
)
def test_other_data_of_the_family_is_refused(
    changes: dict[str, object], said: str, make_pairs: MakePairs, tmp_path: Path
) -> None:
    pairs = make_pairs()
    write_model(a_family(pairs, **changes), tmp_path / "family.json")
    with pytest.raises(UsageError) as raised:
        read_family(tmp_path / "family.json", pairs)
    assert said in raised.value.problem
