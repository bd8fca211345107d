"""Cells on disk: whole or not there, and never used where they are not what was written."""

import itertools
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from build.runs import make_plan
from build.submissions import SMALL, made_up
from mechshift.benchmark.asking.pool import Pool, Solved
from mechshift.benchmark.record.missing import Missing
from mechshift.benchmark.record.number import Accuracy
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.run.computing import Tell
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.plan import Cell, Subject, plan_run
from mechshift.benchmark.run.progress import Silent
from mechshift.benchmark.run.store import Damaged, Seal, Store, digest_of, shortened
from mechshift.errors import NotComputable, OutputError

SUBJECT = Subject({"arm": {}, "mdm": {}}, {}, {})
(CELL,) = plan_run(SUBJECT, V2, V2.tasks[:1], ["pool"]).cells
POOL = Pool(
    arm=Accuracy(solved=1, tried=2),
    mdm=Accuracy(solved=2, tried=2),
    mdm_in_place=Missing(missing="no such form"),
    unfit={},
    other_form=0,
    solved=(Solved(index=1, order=(0,), template="ABBA-00"),),
    fingerprint="f00d",
)


def other(cell: Cell, **settings: int) -> Cell:
    (found,) = plan_run(SUBJECT, V2.changed(**settings), [cell.task], ["pool"]).cells
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.read(CELL, {}) is None
    written = store.write(CELL, POOL, {}, seconds=2.5)
    found = Store(tmp_path).read(CELL, {})
    assert found == written
    assert found is not None
    assert found.content == POOL
    assert found.seal.seconds == 2.5
    assert found.seal.digest == digest_of(store.path(CELL))
    assert found.seal.inputs == CELL.inputs
    assert names(tmp_path) == [f"pool.{CELL.key}.json", f"pool.{CELL.key}.seal"]


def test_cells_of_other_keys_lie_side_by_side(tmp_path: Path) -> None:
    store, changed = Store(tmp_path), other(CELL, seed=1)
    store.write(CELL, POOL, {}, 1)
    assert store.read(changed, {}) is None
    store.write(changed, POOL.model_copy(update={"other_form": 3}), {}, 1)
    kept = store.read(CELL, {})
    assert kept is not None
    assert kept.content == POOL


def test_a_cell_that_was_made_of_other_contents_is_not_used(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(CELL, POOL, {"scores": "one digest"}, 1)
    assert store.read(CELL, {"scores": "one digest"}) is not None
    with pytest.raises(Damaged, match="other cells"):
        store.read(CELL, {"scores": "another"})


@pytest.mark.parametrize("suffix", ["json", "seal"])
def test_a_changed_byte_is_found_wherever_it_is(suffix: str, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(CELL, POOL, {}, 1.5)
    path = store.path(CELL).with_suffix(f".{suffix}")
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Damaged):
            store.read(CELL, {})
    path.write_bytes(whole)
    assert store.read(CELL, {}) is not None


@pytest.mark.parametrize("length", [0, 1, 100])
@pytest.mark.parametrize("suffix", ["json", "seal"])
def test_a_truncated_file_is_found(suffix: str, length: int, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write(CELL, POOL, {}, 1.5)
    path = store.path(CELL).with_suffix(f".{suffix}")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(Damaged):
        store.read(CELL, {})


def test_a_seal_tells_without_reading_the_content(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.seal(CELL) is None
    store.write(CELL, POOL, {}, 1.5)
    store.path(CELL).write_text("changed since")
    seal = store.seal(CELL)
    assert isinstance(seal, Seal)
    assert seal.seconds == 1.5


@pytest.mark.parametrize("writes", [1, 2])
def test_a_cell_whose_writing_was_cut_is_not_there(writes: int, tmp_path: Path) -> None:
    """Killed before the content is moved into place, or before the seal is; over an older cell as well."""
    store = Store(tmp_path)
    for older in (False, True):
        if older:
            store.write(CELL, POOL.model_copy(update={"other_form": 9}), {}, 1)
        counter, move = itertools.count(1), os.replace

        def killed(
            source: Path, target: Path, counter: "itertools.count[int]" = counter, move: object = move
        ) -> None:
            if next(counter) == writes:
                raise KeyboardInterrupt
            move(source, target)  # type: ignore[operator]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "replace", killed)
            with pytest.raises(KeyboardInterrupt):
                store.write(CELL, POOL, {}, 1)
        assert store.read(CELL, {}) is None
        assert not [name for name in names(tmp_path) if "partial" in name]
    assert store.write(CELL, POOL, {}, 1).content == POOL


def test_numbers_that_no_cell_may_hold_are_an_error_and_not_kept(tmp_path: Path) -> None:
    def compute(cell: Cell, needs: Mapping[str, Any], tell: Tell) -> Any:
        content = made_up(cell, needs, tell)
        return replace(content, empty=np.nan * content.empty) if cell.name == "sweep-arm" else content

    plan = make_plan(("agreement",), SMALL)
    says = "agreement/sweep-arm: what was computed is not usable: .* one of its empty is not finite"
    with pytest.raises(NotComputable, match=says):
        list(execute(plan, SMALL, Store(tmp_path), compute, Silent()))
    assert [name for name in names(tmp_path) if name.startswith("sweep-arm") and name.endswith("seal")] == []


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "cells").write_text("a file where the folder would be")
    with pytest.raises(OutputError, match=re.escape("cannot be written")):
        Store(tmp_path).write(CELL, POOL, {}, 1)


def test_digests_are_told_apart() -> None:
    one = "0123456789abcdef" * 4
    assert shortened(one, "f" + one[1:]) == ("012345678…", "f12345678…")
    assert shortened(one, one[:40] + "0" + one[41:]) == (one[:41] + "…", one[:40] + "0…")
    assert shortened(one, one[:-1] + "0") == (one, one[:-1] + "0")
