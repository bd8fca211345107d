"""`mechshift show` of folders and of what is no record."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.plots import write
from mechshift.benchmark.plots.formats import PlotFiles, PlotFormat
from mechshift.benchmark.plots.write import Written
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


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What was to be drawn: the record's pair, the files, its place, the pairs of its controls and lines."""
    found = []

    def note(
        record: Record,
        files: PlotFiles,
        place: Path,
        controls: Sequence[Record],
        lines: Sequence[Record],
    ) -> Written:
        found.append((record.pair.name, files, place, [each.pair.name for each in (*controls, *lines)]))
        reason = {"no cells beside it": ("ioi heads", "sudoku heads")}
        return Written((files.folder / "one.svg", files.folder / "two.svg"), reason)

    monkeypatch.setattr(write, "write_plots", note)
    return found


def test_plots_are_svg_unless_something_else_is_said(
    command: Command, folder: Path, drawn: list[tuple[Any, ...]]
) -> None:
    place = folder / "one-v2.json"
    done = command("show", place, "--plots", "plots")
    assert drawn == [("one", PlotFiles(Path("plots"), (PlotFormat.svg,), False), place, [])]
    told = (
        "wrote plots/one.svg\nwrote plots/two.svg\nnot drawn: ioi heads, sudoku heads: no cells beside it\n"
    )
    assert (done.code, done.err) == (0, told)
    assert done.out == command("show", place).out


def test_formats_panels_and_controls_are_as_asked(
    command: Command, folder: Path, drawn: list[tuple[Any, ...]]
) -> None:
    options = ["--plot-format", "pdf", "--plot-format", "svg", "--panels"]
    beside_it = ["--line", folder / "one-v2.json", "--control", folder / "two"]
    assert command("show", folder / "one-v2.json", "--plots", "plots", *options, *beside_it).code == 0
    ((_, files, _, beside),) = drawn
    assert files == PlotFiles(Path("plots"), (PlotFormat.pdf, PlotFormat.svg), True)
    assert beside == ["two", "one"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--plot-format", "png", "--plots", "plots"], "png"),
        (["--plot-format", "pdf"], "--plot-format is of figures\ngive it with --plots"),
        (["--panels"], "--panels is of figures\ngive it with --plots"),
        (["--line", "records/two"], "--line is drawn beside a pair in its figures\ngive it with --plots"),
        (["--control", "records/two"], "--control is shown beside a pair in its figures or on its page"),
        (
            ["--html", "x.html", "--control", "records/two"],
            "two is no control of one: it is a pair with an MDM; its ARM has other weights",
        ),
        (["--plots", "plots", "--control", "records"], "records holds 2 records\nname one of them"),
        (
            ["--plots", "plots", "--control", "records/two"],
            "two is no control of one: it is a pair with an MDM; its ARM has other weights",
        ),
    ],
)
def test_options_of_plots_that_cannot_be(
    options: list[str], told: str, command: Command, folder: Path
) -> None:
    done = command("show", folder / "one-v2.json", *options)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert not Path("plots").exists()


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
