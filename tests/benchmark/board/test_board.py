"""A board takes whole records of one board protocol, one a pair, and says why it refuses the others."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from build.boards import write_submission
from mechshift.benchmark.board.board import read_board
from mechshift.benchmark.record import protocol
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import PAPER, QUICK, V2, Protocol, ProtocolTask
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.record.summary import summarise
from mechshift.errors import MechshiftError, NotComputable, UsageError
from mechshift.tasks import Task, get_task

MakeRecord = Callable[..., Record]


def whole(record: Record) -> Record:
    """With the summary that its tasks have."""
    return record.model_copy(update={"summary": summarise(record.tasks, record.failed)})


def board_of(folder: Path, *records: Record) -> tuple[Record, ...]:
    for number, record in enumerate(records):
        write_submission(folder, whole(record), stem=str(number))
    return read_board(folder).records


def refusal(folder: Path, *records: Record) -> MechshiftError:
    with pytest.raises(UsageError) as raised:
        board_of(folder, *records)
    assert raised.value.exit_code == 2
    return raised.value


def test_records_are_read_in_the_order_of_their_names(tmp_path: Path, make_record: MakeRecord) -> None:
    records = make_record("a"), make_record("b")
    (tmp_path / "README.md").write_text("not a record")
    (tmp_path / "cells").mkdir()
    assert board_of(tmp_path, *records) == tuple(map(whole, records))


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        read_board(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path: Path, make_record: MakeRecord) -> None:
    write_model(make_record(), tmp_path / "tiny.json")
    with pytest.raises(UsageError, match=r"tiny\.json is not a folder"):
        read_board(tmp_path / "tiny.json")


def test_an_empty_folder(tmp_path: Path) -> None:
    error = refusal(tmp_path)
    assert error.problem == f"{tmp_path} holds no submission"
    assert "a folder of submissions" in error.remedy


@pytest.mark.parametrize("content", ["", "{}", "[1, 2]", "\x00"])
def test_a_file_that_is_no_record(tmp_path: Path, make_record: MakeRecord, content: str) -> None:
    write_model(make_record(), tmp_path / "good.json")
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(NotComputable, match=r"other\.json is not a record"):
        read_board(tmp_path)


def test_a_file_of_an_older_schema_that_is_no_submission(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"schema_version": 1}')
    with pytest.raises(NotComputable, match=r"other\.json is a record of schema 1, and this version"):
        read_board(tmp_path)


def test_a_record_with_nan_is_no_record(tmp_path: Path, make_record: MakeRecord) -> None:
    write_model(make_record(), tmp_path / "tiny.json")
    text = (tmp_path / "tiny.json").read_text().replace('"value":0.25', '"value":NaN')
    (tmp_path / "tiny.json").write_text(text)
    with pytest.raises(NotComputable, match="is not a record"):
        read_board(tmp_path)


def test_a_protocol_that_no_board_takes(tmp_path: Path, make_record: MakeRecord) -> None:
    error = refusal(tmp_path, make_record(protocol=QUICK))
    assert error.problem.endswith("2026-11-29-0 has protocol quick, which no board takes")
    assert "run the pair under protocol v2" in error.remedy


def test_a_first_look_does_not_become_a_row_by_saying_so(tmp_path: Path, make_record: MakeRecord) -> None:
    error = refusal(tmp_path, make_record(protocol=QUICK.changed(board=True)))
    assert "which no board takes" in error.problem


def test_a_protocol_of_a_known_name_with_other_values(tmp_path: Path, make_record: MakeRecord) -> None:
    other = V2.changed(version=4, pool=400)
    error = refusal(tmp_path, make_record(protocol=other))
    assert error.problem.endswith("version is 4 and not 3; pool is 400 and not 500")


def test_an_unknown_protocol(tmp_path: Path, make_record: MakeRecord) -> None:
    error = refusal(tmp_path, make_record(protocol=V2.changed(name="mine")))
    assert "protocol mine, which this version does not know; boards take v2" in error.problem


@pytest.mark.parametrize("original", [V2, QUICK])
def test_a_protocol_on_other_prompts(original: Protocol, tmp_path: Path, make_record: MakeRecord) -> None:
    error = refusal(tmp_path, make_record(protocol=original.reseeded(1)))
    name = original.name
    assert f"protocol {name}-seed-1: that is {name} on other prompts (seed 1), for" in error.problem
    assert error.remedy.startswith("run the pair under protocol v2 ")


@pytest.mark.parametrize(
    ("protocol", "told"),
    [
        (V2.scored("gim"), "protocol v2-gim: that is v2 with edges scored by gim, and no board"),
        (V2.selecting("frequent"), "protocol v2-frequent: that is v2 with frequent edges first, and"),
        (
            QUICK.varied("eap", "positive", 2),
            "protocol quick-eap-positive-seed-2: that is quick with edges scored by eap, with positive edges "
            "first, on other prompts",
        ),
    ],
)
def test_a_protocol_with_another_method_or_selection(
    protocol: Protocol, told: str, tmp_path: Path, make_record: MakeRecord
) -> None:
    assert told in refusal(tmp_path, make_record(protocol=protocol)).problem


def test_a_protocol_that_only_claims_to_be_on_other_prompts(tmp_path: Path, make_record: MakeRecord) -> None:
    error = refusal(tmp_path, make_record(protocol=QUICK.reseeded(1).changed(pool=3)))
    assert "protocol quick-seed-1, which this version does not know" in error.problem


def test_records_of_different_protocols(
    tmp_path: Path, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = V2.changed(name="v3")
    monkeypatch.setitem(protocol._PROTOCOLS, "v3", second)
    error = refusal(tmp_path, make_record("a"), make_record("b", protocol=second))
    assert error.problem == "2026-11-29-1 and 2026-11-29-0 are of different protocols: v3 and v2"


def test_a_record_that_was_cut_short(tmp_path: Path, make_record: MakeRecord) -> None:
    error = refusal(
        tmp_path, make_record(reductions=("task ioi was not asked for", "level easy was asked for"))
    )
    assert error.problem.endswith("task ioi was not asked for; level easy was asked for")


def test_a_task_that_is_not_there_is_missed_without_being_told(
    tmp_path: Path, make_record: MakeRecord
) -> None:
    whole = make_record()
    error = refusal(tmp_path, whole.model_copy(update={"tasks": whole.tasks[1:]}))
    assert error.problem.endswith("does not cover protocol v2: task ioi is not in it")


def test_a_short_pool_is_missed_without_being_told(tmp_path: Path, make_record: MakeRecord) -> None:
    whole = make_record()
    first = whole.tasks[0]
    short = first.model_copy(update={"pool": first.pool.model_copy(update={"common": 499})})
    error = refusal(tmp_path, whole.model_copy(update={"tasks": (short, *whole.tasks[1:])}))
    assert error.problem.endswith("does not cover protocol v2: task ioi has 499 of 500 examples")


def test_a_task_too_many(tmp_path: Path, make_record: MakeRecord) -> None:
    whole = make_record()
    error = refusal(tmp_path, whole.model_copy(update={"tasks": (*whole.tasks, whole.tasks[0])}))
    assert error.problem.endswith("does not cover protocol v2: task ioi is repeated or not in the protocol")


@pytest.mark.parametrize(
    ("changes", "found"),
    [({"version": 3}, "level abc, version 3"), ({"level": "names"}, "level names, version 2")],
)
def test_another_version_or_level_of_a_task(
    tmp_path: Path, make_record: MakeRecord, changes: dict[str, object], found: str
) -> None:
    first, other = make_record("a"), make_record("b")
    changed = other.tasks[0].model_copy(update=changes)
    error = refusal(tmp_path, first, other.model_copy(update={"tasks": (changed, *other.tasks[1:])}))
    assert error.problem == (
        f"{tmp_path / '2026-11-29-1'} does not cover protocol v2: task ioi is of {found}, and the protocol "
        "asks level abc, version 2"
    )


@pytest.mark.parametrize(
    "tasks", [V2.tasks[:-1], (V2.tasks[0].model_copy(update={"version": 3}), *V2.tasks[1:])]
)
def test_a_protocol_of_a_known_name_with_other_tasks(
    tmp_path: Path, make_record: MakeRecord, tasks: tuple[ProtocolTask, ...]
) -> None:
    error = refusal(tmp_path, make_record(protocol=V2.changed(tasks=tasks)))
    assert error.problem.endswith("has a protocol v2 that differs from this version's: its tasks differ")


def test_a_task_added_to_the_registry_asks_nothing_of_a_record(
    tmp_path: Path, make_record: MakeRecord, register: Callable[[Task], None]
) -> None:
    ioi = get_task("ioi")
    register(replace(ioi, card=replace(ioi.card, name="a ninth task")))
    record = whole(make_record())
    assert board_of(tmp_path, record) == (record,)


def test_a_pair_twice(tmp_path: Path, make_record: MakeRecord) -> None:
    error = refusal(tmp_path, make_record("tiny"), make_record("tiny", reductions=()))
    assert error.problem == "2026-11-29-1 and 2026-11-29-0 are records of the same pair, tiny"


def test_a_pair_under_two_names(tmp_path: Path, make_record: MakeRecord) -> None:
    first = make_record("tiny")
    renamed = first.pair.model_copy(
        update={"name": "other", "arm": first.pair.arm.model_copy(update={"checkpoint": "elsewhere"})}
    )
    error = refusal(tmp_path, first, first.model_copy(update={"pair": renamed}))
    assert error.problem == "2026-11-29-1 and 2026-11-29-0 are records of the same pair, other"


@pytest.mark.parametrize("name", ["tiny", "tiny as a control"])
def test_an_mdm_and_a_control_of_the_same_weights_are_two_pairs(
    name: str, tmp_path: Path, make_record: MakeRecord
) -> None:
    first = make_record("tiny")
    control = first.pair.model_copy(update={"name": name, "control": True})
    assert len(board_of(tmp_path, first, first.model_copy(update={"pair": control}))) == 2


def test_a_control_twice(tmp_path: Path, make_record: MakeRecord) -> None:
    record = make_record("tiny")
    control = record.model_copy(update={"pair": record.pair.model_copy(update={"control": True})})
    error = refusal(tmp_path, control, control)
    assert error.problem == "2026-11-29-1 and 2026-11-29-0 are records of the same pair, tiny"


def test_one_pair_with_two_masks_is_two_pairs(tmp_path: Path, make_record: MakeRecord) -> None:
    first = make_record("tiny")
    causal = first.pair.mdm.model_copy(update={"attention": "causal"})
    control = first.model_copy(
        update={"pair": first.pair.model_copy(update={"name": "control", "mdm": causal})}
    )
    assert len(board_of(tmp_path, first, control)) == 2


def of_paper(record: Record) -> Record:
    """The record cut to the tasks of protocol `paper`."""
    wanted = {"ioi", "greater-than", "countdown", "infilling"}
    tasks = tuple(task for task in record.tasks if task.task in wanted)
    return record.model_copy(update={"protocol": PAPER, "tasks": tasks})


def test_a_named_protocol_has_its_records_alone(tmp_path: Path, make_record: MakeRecord) -> None:
    papers = of_paper(make_record("a")), of_paper(make_record("b"))
    for number, record in enumerate((papers[0], make_record("a"), papers[1])):
        write_model(record, tmp_path / f"{number}.json")
    assert read_board(tmp_path, "paper").records == papers
    assert read_board(tmp_path, "v2", unofficial=True).records == (make_record("a"),)


def test_a_folder_without_the_named_protocol(tmp_path: Path, make_record: MakeRecord) -> None:
    write_model(make_record(), tmp_path / "tiny.json")
    with pytest.raises(UsageError) as raised:
        read_board(tmp_path, "paper")
    assert raised.value.problem == f"{tmp_path} holds no record of protocol paper"
    assert "run the pair under protocol paper" in raised.value.remedy
    assert raised.value.remedy.endswith("PAIR-paper.json")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reductions": ("task ioi was not asked for",)}, "task ioi was not asked for"),
        ({"protocol": PAPER.changed(circuit_edges=50)}, "circuit_edges is 50 and not 1000"),
    ],
)
def test_a_named_protocol_is_asked_for_whole(
    tmp_path: Path, make_record: MakeRecord, changes: dict[str, object], says: str
) -> None:
    write_model(of_paper(make_record()).model_copy(update=changes), tmp_path / "tiny.json")
    with pytest.raises(UsageError) as raised:
        read_board(tmp_path, "paper")
    assert raised.value.problem.endswith(says)
