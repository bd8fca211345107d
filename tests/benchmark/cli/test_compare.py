"""`mechshift compare`: formats, rules, exit codes, and what starts without torch."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.records import a_comparison, a_record, a_task, number
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.record.summary import summarise

Command = Callable[..., Any]
TESTED = 31 + 2 * 38
"""Values that a regression is looked for in: of the row, which has tasks of two kinds, and of either task."""


@pytest.fixture
def records(tmp_path: Path) -> tuple[Path, Path]:
    """B's Ĵ is lower by .4 on a task of two."""
    for name, overlap in (("a", 0.75), ("b", 0.35)):
        tasks = (a_task("ioi", comparison=a_comparison((100, number(overlap, 0.05)))), a_task("countdown"))
        write_model(a_record(tasks=tasks, summary=summarise(tasks, ())), tmp_path / f"{name}.json")
    return tmp_path / "a.json", tmp_path / "b.json"


def test_the_verdict_comes_first_in_every_format(command: Command, records: tuple[Path, Path]) -> None:
    verdict = f"3 of {TESTED} tested values differ"
    for style in ("text", "github", "latex"):
        done = command("compare", *records, "--format", style)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(verdict)
    assert command("compare", *records, "--format", "csv").out.startswith("task,quantity,a,")
    assert json.loads(command("compare", *records, "--json").out)["verdict"].startswith(verdict)
    done = command("compare", *records, "--json", "--format", "csv")
    assert (done.code, done.out) == (2, "")


def test_a_rule_that_holds_ends_with_1(command: Command, records: tuple[Path, Path]) -> None:
    done = command("compare", *records, "--json", "--fail-on", "overlap.ioi < -0.3", "--fail-on", "any")
    assert done.code == 1
    assert json.loads(done.out)["tested"] == TESTED
    first, *others = [line for line in done.err.splitlines() if not line.startswith("  ")]
    assert first == ("overlap.ioi < -0.3: overlap.ioi: B − A is -0.40 [-0.47, -0.33], all of it below -0.3")
    assert [line.partition(":")[0] for line in others] == ["any"] * 3
    assert command("compare", *records, "--fail-on", "overlap.ioi < -0.4").code == 0


def test_what_cannot_be_asked_or_judged_is_told(command: Command, records: tuple[Path, Path]) -> None:
    done = command("compare", *records, "--fail-on", "overlap.ioy < 0")
    assert done.code == 2
    assert "did you mean ioi?" in done.err
    done = command("compare", "absent", "nowhere", "--fail-on", "overlaps.ioi < 0")
    assert done.code == 2
    assert "unknown quantity 'overlaps'" in done.err
    done = command("compare", *records, "--fail-on", "edges.ioi > 0")
    assert done.code == 3
    assert f"3 of {TESTED} tested" in done.out
    assert command("compare", "absent.json", records[0]).code == 3


def test_other_protocols_end_with_3(command: Command, records: tuple[Path, Path], tmp_path: Path) -> None:
    write_model(a_record(protocol=QUICK), tmp_path / "quick.json")
    done = command("compare", records[0], tmp_path / "quick.json")
    assert (done.code, done.out) == (3, "")
    assert "A has protocol v2 and B quick" in done.err


def test_comparing_imports_neither_torch_nor_pandas(records: tuple[Path, Path]) -> None:
    program = (
        "import sys; from mechshift.benchmark.cli.main import app; "
        f"app(['compare', {str(records[0])!r}, {str(records[1])!r}], standalone_mode=False); "
        "print(sorted({'torch', 'transformers', 'pandas', 'pyarrow', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
