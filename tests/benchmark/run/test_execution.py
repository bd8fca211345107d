"""The loop that carries out a plan: only what is missing or damaged is made, whatever happened before."""

import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.record.protocol import Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.assembly import as_asked, assemble, describe_task
from mechshift.benchmark.run.execution import Tell, execute
from mechshift.benchmark.run.plan import Cell, Plan, plan_run
from mechshift.benchmark.run.progress import Advance, Silent
from mechshift.benchmark.run.provenance import subject_of
from mechshift.benchmark.run.store import Store

FLIPS = 220
"""Five in each of 44 files: one that is not looked at is always found, one bit in fifty in 84 of 85 runs."""


class Told(Silent):
    """A progress that remembers what was made, what was there, and what was said."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.there: list[str] = []
        self.skipped: list[str] = []
        self.notes: list[str] = []

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Advance]:
        self.made.append(cell.name)
        yield lambda done: None

    def present(self, cell: Cell) -> None:
        self.there.append(cell.name)

    def skip(self, cell: Cell) -> None:
        self.skipped.append(cell.name)

    def note(self, text: str) -> None:
        self.notes.append(text)


class FromCopy:
    """Computes a cell by reading it from an undisturbed run: as a model would, and at no cost."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        others = {f"countdown/{name}" for name in cell.kind.others}
        assert set(needs) == {*cell.kind.needs, *others}
        with tell(1):
            return cell.kind.load(self._store.path(cell))


Measured = tuple[Record, Path]


@pytest.fixture(scope="module")
def plan(tiny: Pair, small: Protocol) -> Plan:
    """Of both tasks, the second of which is carried out by nobody here: its cells are there."""
    return plan_run(subject_of(tiny), small, as_asked(small, ["greater-than", "countdown"], None))


@pytest.fixture(scope="module")
def cells(plan: Plan) -> tuple[Cell, ...]:
    """Those of the task that is carried out."""
    return plan.of(plan.tasks[0])


@pytest.fixture
def out(measured: Measured, tmp_path: Path) -> Path:
    """A copy of an undisturbed run."""
    shutil.copytree(measured[1], tmp_path / "out")
    return tmp_path / "out"


def carry_out(plan: Plan, protocol: Protocol, out: Path, undisturbed: Path, told: Told) -> list[Any]:
    first = plan.tasks[:1]
    return list(execute(plan, protocol, Store(out), FromCopy(Store(undisturbed)), told, only=first))


def record_of(measured: Measured, outcomes: list[Any], protocol: Protocol) -> bytes:
    record = measured[0]
    results = [describe_task(outcome, protocol) for outcome in outcomes]
    return assemble(record.pair, record.environment, protocol, results).model_dump_json().encode()


def test_a_whole_run_is_only_read(
    plan: Plan, cells: tuple[Cell, ...], small: Protocol, measured: Measured, out: Path
) -> None:
    told = Told()
    (outcome,) = carry_out(plan, small, out, measured[1], told)
    assert (told.made, told.notes) == ([], [])
    assert told.there == [cell.name for cell in cells]
    assert outcome.cells == measured[0].tasks[0].cells


def test_cells_are_made_in_order_where_nothing_is_there(
    plan: Plan, cells: tuple[Cell, ...], small: Protocol, measured: Measured, tmp_path: Path
) -> None:
    countdown = Path("cells") / "countdown"
    shutil.copytree(measured[1] / countdown, tmp_path / countdown)
    told = Told()
    (outcome,) = carry_out(plan, small, tmp_path, measured[1], told)
    assert told.made == [cell.name for cell in cells]
    assert outcome.cells == measured[0].tasks[0].cells


@pytest.mark.parametrize("missing", ["pool", "scores-arm", "comparison"])
def test_a_missing_cell_is_made_and_those_of_the_same_bytes_are_kept(
    missing: str, plan: Plan, cells: tuple[Cell, ...], small: Protocol, measured: Measured, out: Path
) -> None:
    (cell,) = (cell for cell in cells if cell.name == missing)
    Store(out).path(cell).unlink()
    told = Told()
    carry_out(plan, small, out, measured[1], told)
    assert told.made == [missing]


def test_what_was_made_of_another_content_is_made_again(
    plan: Plan, cells: tuple[Cell, ...], small: Protocol, measured: Measured, out: Path
) -> None:
    """A cell made anew with other numbers, as on another machine: nothing made of the old ones is used."""
    pool, *_ = cells
    store = Store(out)
    kept = store.read(pool, {})
    assert kept is not None
    store.write(pool, kept.content.model_copy(update={"other_form": 99}), {}, 1)
    told = Told()
    carry_out(plan, small, out, measured[1], told)
    # Whatever needs the pool is made again; the circuits need none of its content, and have the same inputs.
    assert set(told.made) == {cell.name for cell in cells if "pool" in cell.kind.needs}


def test_one_changed_bit_is_never_used(
    plan: Plan, cells: tuple[Cell, ...], small: Protocol, measured: Measured, out: Path
) -> None:
    """Five bits in every file: each is found and made again, and the record is the same."""
    undisturbed = measured[1]
    expected = record_of(measured, carry_out(plan, small, out, undisturbed, Told()), small)
    generator, store = random.Random(0), Store(out)
    files = [path for cell in cells for path in (store.path(cell), store.path(cell).with_suffix(".seal"))]
    for flip in range(FLIPS):
        path = files[flip % len(files)]
        whole = path.read_bytes()
        place = generator.randrange(len(whole))
        changed = whole[place] ^ (1 << generator.randrange(8))
        path.write_bytes(whole[:place] + bytes([changed]) + whole[place + 1 :])
        told = Told()
        outcomes = carry_out(plan, small, out, undisturbed, told)
        name = path.name.split(".")[0]
        assert (told.made, len(told.notes)) == ([name], 1), path.name
        assert record_of(measured, outcomes, small) == expected


def test_a_pool_that_is_too_small_ends_its_task(
    plan: Plan, cells: tuple[Cell, ...], small: Protocol, measured: Measured, out: Path
) -> None:
    told = Told()
    (outcome,) = carry_out(plan, small.changed(minimum=1000), out, measured[1], told)
    assert "fewer than the 1000" in str(outcome.unusable)
    assert list(outcome.contents) == ["pool"]
    assert told.skipped == [cell.name for cell in cells[1:]]
