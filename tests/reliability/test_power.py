"""The script that measures power: its weights, what it counts of verdicts, its table and its figure."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from reliability.power import PROTOCOL, TASKS, changed, checkpoint, outcomes
from reliability.power_figure import LINES, draw_power
from reliability.tables import power_counts, power_table
from safetensors.torch import load_file, save_file

from build.records import a_comparison, a_failed_task, a_function, a_pair, a_record, a_task, number
from mechshift.benchmark.record.protocol import V2
from mechshift.benchmark.record.record import Record

ARM = {"matrix": torch.randn(20, 20, dtype=torch.float32), "norm": torch.ones(2)}
SCRATCH = {"matrix": torch.zeros(20, 20), "norm": torch.full((2,), 3.0)}


def record(name: str, failed: str = "", **by_task: tuple[float, float]) -> Record:
    """τ* in the MDM and ρ of each task; the tasks that are not named are as in the ARM."""
    tasks = []
    for task in (name for name in TASKS if name != failed):
        transfer, rho = by_task.get(task.replace("-", "_"), (0.97, 0.97))
        alike = {"edges": number(rho, 0.01), "standardised": number(rho, 0.01)}
        comparison = a_comparison(structure={**a_comparison().structure, **alike})
        tasks.append(a_task(task, comparison=comparison, function=a_function(0.97, transfer)))
    pair = a_pair(name, arm={"digest": "arm"}, control=True)
    lost = (a_failed_task(failed, "too few prompts"),) if failed else ()
    return a_record(name, tasks=tuple(tasks), failed=lost, pair=pair)


def test_changes_of_no_size_leave_the_arm_and_those_of_full_size_reach_the_end() -> None:
    for change in ("noise", "towards scratch"):
        torch.testing.assert_close(changed(ARM, SCRATCH, change, 0.0), ARM)
    assert changed(ARM, SCRATCH, "towards scratch", 1.0)["norm"].tolist() == [3, 3]
    half = changed(ARM, SCRATCH, "noise", 0.5)["matrix"] - ARM["matrix"]
    assert float(half.std()) == pytest.approx(0.5 * float(ARM["matrix"].std()), rel=0.15)


def test_a_checkpoint_has_the_weights_and_all_else_of_another(tmp_path: Path) -> None:
    like = tmp_path / "like"
    like.mkdir()
    save_file(ARM, like / "model.safetensors")
    (like / "config.json").write_text("{}", encoding="utf-8")
    found = checkpoint(like, SCRATCH, tmp_path / "new")
    assert (found / "config.json").read_text(encoding="utf-8") == "{}"
    torch.testing.assert_close(load_file(found / "model.safetensors"), SCRATCH)
    torch.testing.assert_close(load_file(like / "model.safetensors"), ARM)


def test_what_is_said_of_each_task_is_counted() -> None:
    one = record("changed", failed="arithmetic", article=(0.3, 0.97), induction=(0.97, 0.5))
    found = outcomes(one, record("control"))
    assert list(found) == list(TASKS)
    said = {task: (each.verdict, each.attributed, each.below) for task, each in found.items()}
    assert said == {
        "induction": ("same function, other edges", True, True),
        "arithmetic": ("failed", False, False),
        "article": ("extended", True, False),
        "star-path": ("preserved", False, False),
    }
    assert found["induction"].rho == 0.5


RESULT = {
    "ioi": {"verdict": "preserved", "attributed": False, "rho": 0.9, "below": False},
    "sudoku": {"verdict": "rebuilt", "attributed": True, "rho": 0.1, "below": True},
    "article": {"verdict": "undecided", "attributed": False, "rho": 0.8, "below": False},
    "star-path": {"verdict": "failed", "attributed": False, "rho": None, "below": False},
}


def test_the_table_has_a_row_for_each_size() -> None:
    lines = power_table({"noise": {0.25: RESULT}}).splitlines()
    assert lines[2] == "| noise | .25 | .60, .10 | 1 of 4 | 1 of 4 | 1 of 4 | 1 of 4 | 1 of 4 | 1 of 4 |"
    assert sum(power_counts(RESULT)[name] for name in ("preserved", "changed", "undecided", "failed")) == 4


def test_the_figure_has_a_panel_for_each_change(tmp_path: Path) -> None:
    path = tmp_path / "power.svg"
    draw_power({"noise": {0.1: RESULT, 0.2: RESULT}, "towards scratch": {0.5: RESULT}}, path)
    groups = {each.get("id") for each in ElementTree.parse(path).iter() if each.get("id")}
    assert {"axes_1", "axes_2"} <= groups
    assert "axes_3" not in groups
    lines = {name for name in groups if name and name.startswith("line2d_")}
    assert len(lines) > 2 * len(LINES)
    again = tmp_path / "again.svg"
    draw_power({"noise": {0.1: RESULT, 0.2: RESULT}, "towards scratch": {0.5: RESULT}}, again)
    assert again.read_bytes() == path.read_bytes()


def test_the_protocol_asks_the_tasks_of_the_board_in_less_detail() -> None:
    assert {task.name for task in PROTOCOL.tasks} == set(TASKS)
    assert set(PROTOCOL.tasks) <= set(V2.tasks)
    assert PROTOCOL.transferring is not None
    assert not PROTOCOL.board
