"""Controls held against each other: the committed records, and what is counted of verdicts."""

import pytest
from reliability.false_alarms import (
    INDEPENDENT,
    SINGLY,
    TOGETHER,
    Alarms,
    committed,
    count,
    count_all,
    verdicts,
)
from reliability.tables import VERDICTS, false_alarms_table

from mechshift.baselines.structure.roster import CONTROLS
from mechshift.benchmark.record.record import Record


@pytest.fixture(scope="module")
def records() -> dict[str, Record]:
    return committed()


@pytest.fixture(scope="module")
def found(records: dict[str, Record]) -> dict[str, Alarms]:
    return count_all(records)


def test_control_seeds_give_no_more_false_alarms_than_one_cell_in_twenty(found: dict[str, Alarms]) -> None:
    for against, alarms in found.items():
        judged, _, attributed = alarms.tasks
        assert judged == (50 if against == TOGETHER else 200)
        assert 20 * attributed <= judged, alarms.attributed
    assert found[TOGETHER].suites[2] == 0
    assert found[TOGETHER].statements[2] == 0


def test_the_page_has_what_the_records_give(found: dict[str, Alarms]) -> None:
    rows = false_alarms_table({INDEPENDENT: found}).splitlines()[2:]
    page = VERDICTS.read_text(encoding="utf-8")
    assert all(row in page for row in rows)


def test_every_seed_is_the_pair_once_and_once_for_each_other(records: dict[str, Record]) -> None:
    few = {name: records[name] for name in CONTROLS[:3]}
    found = verdicts(few)
    assert [one.pair for one in found[TOGETHER]] == list(few)
    assert all(set(one.controls) == set(few) - {one.pair} for one in found[TOGETHER])
    assert {(one.pair, *one.controls) for one in found[SINGLY]} == {
        (pair, other) for pair in few for other in few if pair != other
    }


def test_a_record_held_against_itself_is_no_alarm(records: dict[str, Record]) -> None:
    one = records[CONTROLS[1]]
    twin = one.model_copy(update={"pair": one.pair.model_copy(update={"name": "twin"})})
    alarms = count(verdicts({"one": one, "twin": twin})[SINGLY])
    assert alarms.tasks[0] == 20
    assert (alarms.tasks[2], alarms.suites[2], alarms.statements[2], alarms.attributed) == (0, 0, 0, ())
