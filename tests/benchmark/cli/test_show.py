"""`mechshift show` of folders and of what is no record."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.record import Record

Command = Callable[..., Any]
MakeRecord = Callable[..., Record]


@pytest.fixture
def folder(tmp_path: Path, make_record: MakeRecord) -> Path:
    """Two records, one of them in a folder of its own, among other JSON."""
    write_model(make_record("one"), tmp_path / "records" / "one-v2.json")
    reduced = make_record("two", reductions=("task ioi was not asked for",))
    write_model(reduced, tmp_path / "records" / "two" / "record.json")
    (tmp_path / "records" / "recipe.json").write_text("{}")
    return tmp_path / "records"


def test_a_folder_shows_its_records(command: Command, folder: Path) -> None:
    shown = command("show", "records")
    assert (shown.code, shown.err) == (0, "")
    assert [line.split()[0] for line in shown.out.split("\n\n")[0].splitlines()[2:]] == [
        "records/one-v2.json",
        "records/two/record.json",
    ]
    assert "a part" in shown.out
    assert "recipe" not in shown.out


def test_a_folder_can_be_had_as_data(command: Command, folder: Path) -> None:
    rows = json.loads(command("show", folder, "--json").out)
    assert [(row["pair"], row["covers"]) for row in rows] == [
        ("one", "the whole protocol"),
        ("two", "a part"),
    ]
    lines = list(csv.DictReader(io.StringIO(command("show", folder, "--format", "csv").out)))
    assert [line["record"] for line in lines] == [row["record"] for row in rows]


def test_the_only_record_of_a_folder_is_shown(command: Command, folder: Path) -> None:
    assert command("show", folder / "two").out == command("show", folder / "two" / "record.json").out


def test_compressed_records_of_a_folder_are_shown_too(command: Command, folder: Path) -> None:
    before = command("show", folder, "--format", "csv").out
    plain = folder / "two" / "record.json"
    (folder / "two" / "record.json.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert command("show", folder / "two" / "record.json.gz").out == command("show", plain).out
    plain.unlink()
    after = command("show", folder, "--format", "csv").out
    assert after == before.replace("record.json", "record.json.gz")


def test_plots_are_of_one_record(command: Command, folder: Path) -> None:
    done = command("show", folder, "--plots", "plots")
    assert (done.code, done.out) == (2, "")
    assert "holds 2 records, but --plots draws only one\nname one of them" in done.err


def test_a_folder_without_records_says_what_is_in_it(command: Command, tmp_path: Path) -> None:
    (tmp_path / "other" / "cells").mkdir(parents=True)
    for name in "abcdef":
        (tmp_path / "other" / f"{name}.txt").touch()
    done = command("show", "other")
    assert (done.code, done.out) == (2, "")
    told = "other holds no record of this version: there are a.txt, b.txt, c.txt, cells/, d.txt and 2 more"
    assert told in done.err
    (tmp_path / "empty").mkdir()
    assert "empty holds no record of this version: it is empty" in command("show", "empty").err


def test_a_missing_file_is_told_without_a_number(command: Command, folder: Path) -> None:
    done = command("show", folder / "one-v3.json")
    assert (done.code, done.out) == (3, "")
    told = f"mechshift: there is no file {folder}/one-v3.json\ndid you mean one-v2.json"
    assert done.err.startswith(told)
    assert "Errno" not in command("show", "nothing.json").err
