"""Cells on disk: only what is missing is made, and nothing is half there."""

import itertools
import json
import os
from pathlib import Path

import pytest
from pydantic import BaseModel

from mechshift.benchmark.record.files import read_model, write_model
from mechshift.benchmark.run import store as module
from mechshift.benchmark.run.store import Store
from mechshift.errors import NotComputable, OutputError

KEY = {"task": "ioi", "protocol": {"seed": 0, "pool": 12}}


class Cell(BaseModel):
    number: int
    places: tuple[int, ...] = ()


def refuse() -> Cell:
    raise AssertionError("this cell is there already")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_is_there_is_not_computed_again(tmp_path: Path) -> None:
    first = Store(tmp_path, KEY)
    made = first.model("pool", Cell, lambda: Cell(number=7, places=(1, 2)))
    again = Store(tmp_path, dict(reversed(KEY.items())))
    assert again.model("pool", Cell, refuse) == made
    assert again.seconds == first.seconds
    assert again.model("scores", Cell, lambda: Cell(number=8)) == Cell(number=8)
    assert set(again.seconds) == {"pool.json", "scores.json"}


def test_the_time_of_a_cell_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(100.0, 2.5)
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    Store(tmp_path, KEY).model("pool", Cell, lambda: Cell(number=1))
    later = Store(tmp_path, KEY)
    later.model("pool", Cell, refuse)
    assert later.seconds == {"pool.json": 2.5}


@pytest.mark.parametrize(
    "change", [{"task": "countdown"}, {"protocol": {"seed": 1, "pool": 12}}, {"new": None}]
)
def test_another_key_is_another_folder(change: dict[str, object], tmp_path: Path) -> None:
    Store(tmp_path, KEY).model("pool", Cell, lambda: Cell(number=1))
    other = Store(tmp_path, KEY | change)
    assert other.model("pool", Cell, lambda: Cell(number=2)) == Cell(number=2)
    assert Store(tmp_path, KEY).model("pool", Cell, refuse) == Cell(number=1)
    keys = [json.loads(path.read_text()) for path in tmp_path.glob("*/key.json")]
    assert sorted(keys, key=str) == sorted([KEY, KEY | change], key=str)


def test_a_computation_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Cell:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Store(tmp_path, KEY).model("pool", Cell, interrupted)
    assert [Path(name).name for name in files(tmp_path)] == ["key.json"]
    assert Store(tmp_path, KEY).model("pool", Cell, lambda: Cell(number=3)) == Cell(number=3)


@pytest.mark.parametrize("writes", [1, 2, 3])
def test_a_cell_whose_writing_was_interrupted_is_computed_again(writes: int, tmp_path: Path) -> None:
    """Killed before the move of the content, between content and time, or before the move of the time."""
    reference = Store(tmp_path / "whole", KEY)
    reference.model("pool", Cell, lambda: Cell(number=3))
    counter = itertools.count(1)
    replace = os.replace

    def killed(source: Path, target: Path) -> None:
        if next(counter) == writes:
            raise KeyboardInterrupt
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            Store(tmp_path / "cut", KEY).model("pool", Cell, lambda: Cell(number=3))
    assert not [name for name in files(tmp_path / "cut") if "partial" in name]
    assert Store(tmp_path / "cut", KEY).model("pool", Cell, lambda: Cell(number=3)) == Cell(number=3)
    assert files(tmp_path / "cut") == files(tmp_path / "whole")
    for name in files(tmp_path / "whole"):
        if not name.endswith(".seconds"):
            assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is no cell of this version: the file: Invalid JSON"),
        ('{"number": 1', "is no cell of this version: the file: Invalid JSON"),
        ('{"number": "many"}', "is no cell of this version: number: "),
        ('{"number": 1, "places": [1, "x"]}', r"is no cell of this version: places\.1: "),
    ],
)
def test_a_broken_cell_is_said_to_be_broken(content: str, reason: str, tmp_path: Path) -> None:
    Store(tmp_path, KEY).model("pool", Cell, lambda: Cell(number=1))
    (path,) = tmp_path.glob("*/pool.json")
    path.write_text(content)
    with pytest.raises(NotComputable, match=reason) as found:
        Store(tmp_path, KEY).model("pool", Cell, refuse)
    assert found.value.remedy == f"delete {path} and run again"
    path.unlink()
    assert Store(tmp_path, KEY).model("pool", Cell, lambda: Cell(number=2)) == Cell(number=2)


@pytest.mark.parametrize("content", [b"", b"soon", b"\xff"])
def test_a_broken_time_is_said_to_be_broken(content: bytes, tmp_path: Path) -> None:
    Store(tmp_path, KEY).model("pool", Cell, lambda: Cell(number=1))
    (path,) = tmp_path.glob("*/pool.json.seconds")
    path.write_bytes(content)
    with pytest.raises(NotComputable, match=r"pool\.json\.seconds cannot be read"):
        Store(tmp_path, KEY).model("pool", Cell, refuse)


def test_a_file_that_is_no_text_is_an_error_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(b"\xff\xfe{}")
    told = {
        "nothing": "there is no file .*nothing",
        "folder": "folder cannot be read: Is a directory",
        "bytes": "bytes is no text",
    }
    for name, message in told.items():
        with pytest.raises(NotComputable, match=message):
            read_model(tmp_path / name, Cell)


def test_a_model_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    write_model(Cell(number=5, places=(3, 1)), tmp_path / "a" / "cell.json")
    assert read_model(tmp_path / "a" / "cell.json", Cell) == Cell(number=5, places=(3, 1))


def test_a_store_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        Store(tmp_path / "file", KEY)
