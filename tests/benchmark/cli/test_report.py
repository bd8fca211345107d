"""`mechshift report`: printed, written, with figures, and what is refused."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mechshift
from build.records import a_pair, a_record, a_task
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import QUICK

Command = Callable[..., Any]


@pytest.fixture
def records(tmp_path: Path) -> tuple[Path, Path]:
    for name, control in (("pair", False), ("continued", True)):
        found = a_record(name, tasks=tuple(map(a_task, ("ioi", "countdown"))))
        pair = a_pair(name, arm={"digest": "the ARM's"}, control=control)
        write_model(found.model_copy(update={"pair": pair}), tmp_path / f"{name}.json")
    return tmp_path / "pair.json", tmp_path / "continued.json"


def test_it_is_printed_or_written_and_python_gives_the_same(
    command: Command, records: tuple[Path, Path], tmp_path: Path
) -> None:
    pair, control = records
    printed = command("report", pair, "--control", control)
    assert (printed.code, printed.err) == (0, "")
    done = command("report", pair, "--control", control, "--out", tmp_path / "docs" / "report.md")
    assert done.code == 0
    text = (tmp_path / "docs" / "report.md").read_text(encoding="utf-8")
    assert text == printed.out == mechshift.report(pair, [control])
    assert text.startswith("# What changed from ARM to MDM: `pair` beside `continued`\n")


def test_figures_are_linked_from_where_the_report_lies(
    command: Command, records: tuple[Path, Path], tmp_path: Path
) -> None:
    out, plots = tmp_path / "docs" / "report.md", tmp_path / "figures"
    done = command("report", records[0], "--out", out, "--plots", plots)
    assert done.code == 0
    drawn = sorted(path.name for path in plots.iterdir())
    assert drawn
    text = out.read_text(encoding="utf-8")
    assert all(f"(<../figures/{name}>)" in text for name in drawn)


def test_without_matplotlib_nothing_is_written(
    command: Command, records: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = command("report", records[0], "--out", tmp_path / "report.md", "--plots", tmp_path / "figures")
    assert done.code == 2
    assert "matplotlib" in done.err
    assert not (tmp_path / "report.md").exists()
    assert not (tmp_path / "figures").exists()


def test_other_protocols_are_refused_with_the_reason(
    command: Command, records: tuple[Path, Path], tmp_path: Path
) -> None:
    write_model(a_record("quick", protocol=QUICK), tmp_path / "quick.json")
    done = command("report", records[0], tmp_path / "quick.json", "--out", tmp_path / "report.md")
    assert done.code == 2
    assert "pair.json and quick.json are of v2@3 and quick@6" in done.err
    assert not (tmp_path / "report.md").exists()


def test_what_is_no_record_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    done = command("report", tmp_path / "x.json")
    assert (done.code, done.out) == (3, "")
