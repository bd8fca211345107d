"""`mechshift check`: exit codes, reports, calibration; and reruns by `mechshift run --seed`."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from build.records import a_comparison, a_record, a_task, number
from mechshift.benchmark.record.files import write_model
from mechshift.benchmark.record.protocol import QUICK, V2
from mechshift.benchmark.record.summary import summarise

Command = Callable[..., Any]


@pytest.fixture
def records(tmp_path: Path) -> Callable[[str, float, int], Path]:
    """Writes a record whose Ĵ on ioi has a value, of a seed."""

    def write(name: str, overlap: float, seed: int) -> Path:
        tasks = (a_task("ioi", comparison=a_comparison((100, number(overlap, 0.05)))), a_task("countdown"))
        path = tmp_path / f"{name}.json"
        write_model(a_record(protocol=V2.reseeded(seed), tasks=tasks, summary=summarise(tasks, ())), path)
        return path

    return write


@pytest.fixture
def tolerances(command: Command, records: Callable[..., Path], tmp_path: Path) -> Path:
    reruns = [records(f"rerun-{seed}", 0.75 + 0.01 * (seed % 3), seed) for seed in range(1, 7)]
    done = command("check", "--calibrate", *reruns, "-o", "tiny.toml")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("tiny.toml: 6 reruns of tiny, ")
    return tmp_path / "tiny.toml"


def test_an_unchanged_record_ends_with_0(
    command: Command, records: Callable[..., Path], tolerances: Path
) -> None:
    new, old = records("new", 0.76, 9), records("old", 0.75, 0)
    done = command("check", new, "--against", old, "--tolerances", tolerances)
    assert done.code == 0
    assert done.out == "nothing was found wrong in new.json against old.json\n"
    assert "false alarms in at most 5 % of checks" in done.err


def test_a_regression_ends_with_1_and_is_reported(
    command: Command,
    records: Callable[..., Path],
    tolerances: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    new, old = records("new", 0.2, 9), records("old", 0.75, 0)
    arguments = ("check", new, "--against", old, "--tolerances", tolerances)
    done = command(*arguments, "--report", "found.xml", "--report", "found.md")
    assert done.code == 1
    assert "new.json: ioi: Ĵ of edges fell from 0.75 to 0.20" in done.out
    suite = ElementTree.parse(tmp_path / "found.xml").getroot()[0]
    failed = {case.get("name") for case in suite if len(case)}
    assert "overlap.ioi" in failed
    assert "accuracy_mdm.ioi" in {case.get("name") for case in suite} - failed
    assert (tmp_path / "found.md").read_text() == (tmp_path / "summary").read_text()
    found = json.loads(command(*arguments, "--json").out)
    assert {one["check"] for one in found} == failed


def test_without_tolerances_the_records_intervals_decide(
    command: Command, records: Callable[..., Path]
) -> None:
    old = records("old", 0.75, 0)
    assert command("check", old, "--against", old).code == 0
    done = command("check", records("new", 0.2, 0), "--against", old)
    assert done.code == 1
    assert done.err.startswith("Without tolerances every change")


def test_other_questions_end_with_3(command: Command, records: Callable[..., Path], tmp_path: Path) -> None:
    old = records("old", 0.75, 0)
    write_model(a_record(protocol=QUICK), tmp_path / "quick.json")
    assert command("check", tmp_path / "quick.json", "--against", old).code == 3
    assert command("check", old, "--against", tmp_path / "absent.json").code == 3
    assert command("check", old, "--against", old, "--tolerances", old).code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ("old.json",),
        ("old.json", "old.json", "--against", "old.json"),
        ("old.json", "--against", "old.json", "-o", "there.toml"),
        ("old.json", "--against", "old.json", "--rate", "0.1"),
        ("old.json", "--against", "old.json", "--report", "found.pdf"),
        ("--calibrate", "old.json"),
        ("--calibrate", "old.json", "-o", "there.toml"),
        ("--calibrate", "old.json", "-o", "there.toml", "--rate", "0.7"),
        ("--calibrate", "old.json", "-o", "there.toml", "--against", "old.json"),
    ],
)
def test_options_that_contradict_each_other_end_with_2(
    command: Command, records: Callable[..., Path], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    records("old", 0.75, 0)
    done = command("check", *arguments)
    assert (done.code, done.out) == (2, "")
    assert not (tmp_path / "there.toml").exists()


def test_checking_imports_neither_torch_nor_pandas(records: Callable[..., Path]) -> None:
    old = str(records("old", 0.75, 0))
    program = (
        "import sys; from mechshift.benchmark.cli.main import app; "
        f"app(['check', {old!r}, '--against', {old!r}], standalone_mode=False); "
        "print(sorted({'torch', 'transformers', 'pandas', 'pyarrow', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_rerun_has_another_seed_and_name(command: Command) -> None:
    done = command("run", "--task", "ioi", "--seed", "3", "--dry-run", "--json")
    assert (done.code, done.err) == (0, "")
    assert "quick-seed-3" in done.out
    assert command("run", "--task", "ioi", "--seed", "-1", "--dry-run").code == 2
