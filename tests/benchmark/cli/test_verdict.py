"""`mechshift verdict`: text and JSON, from bare records, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mechshift
from build.records import a_comparison, a_failed_task, a_function, a_pair, a_record, a_task, number
from mechshift.benchmark.record.files import read_model, write_model
from mechshift.benchmark.record.provenance import LineProvenance, NoiseProvenance
from mechshift.benchmark.record.record import Record

Command = Callable[..., Any]


@pytest.fixture
def records(tmp_path: Path) -> tuple[Path, Path]:
    """A pair that extends `ioi`, and a control that does not."""
    alike = a_comparison(structure={"edges": number(0.97, 0.01), "standardised": number(0.95, 0.02)})
    arm = {"digest": "the ARM's"}
    for name, tau, control in (("pair", 0.5, False), ("continued", 0.96, True)):
        tasks = tuple(
            a_task(task, comparison=alike, function=a_function(0.97, tau if task == "ioi" else 0.96))
            for task in ("ioi", "countdown")
        )
        pair = a_pair(name, arm=arm, control=control)
        write_model(a_record(name, tasks=tasks).model_copy(update={"pair": pair}), tmp_path / f"{name}.json")
    return tmp_path / "pair.json", tmp_path / "continued.json"


def test_text_from_a_bare_record(command: Command, records: tuple[Path, Path]) -> None:
    done = command("verdict", records[0])
    assert (done.code, done.err) == (0, "")
    assert "control   none, so nothing is attributed to the training" in done.out
    assert "  ioi: extended" in done.out
    assert "  countdown: preserved" in done.out


def test_a_control_attributes(command: Command, records: tuple[Path, Path]) -> None:
    done = command("verdict", records[0], "--control", records[1])
    assert (done.code, done.err) == (0, "")
    assert "ioi: extended, attributable" in done.out
    values = json.loads(command("verdict", records[0], "--control", records[1], "--json").out)
    assert [one["verdict"] for one in values["tasks"]] == ["extended", "preserved"]
    assert values["tasks"][0]["attribution"]["says"] == "attributable"
    found = mechshift.verdict(records[0], [records[1]])
    assert [one.verdict for one in found.tasks] == ["extended", "preserved"]


def test_a_record_that_is_no_control_is_refused(command: Command, records: tuple[Path, Path]) -> None:
    done = command("verdict", records[1], "--control", records[0])
    assert done.code == 2
    assert "pair is no control of continued" in done.err


def test_a_line_stands_beside_and_attributes_nothing(
    command: Command, records: tuple[Path, Path], tmp_path: Path
) -> None:
    found = read_model(records[0], Record)
    made = NoiseProvenance(
        share=0.5, seed=0, checkpoint="x/mdm", revision=None, moved_to=found.pair.mdm.digest
    )
    pair = found.pair.model_copy(
        update={"name": "pair-noise", "line": LineProvenance(name="noise", noise=made)}
    )
    failed = a_failed_task("countdown", "ARM solves 3 of 500")
    line = found.model_copy(update={"pair": pair, "tasks": found.tasks[:1], "failed": (failed,)})
    place = tmp_path / "noise.json"
    write_model(line, place)
    beside = ["--control", records[1], "--line", place]
    done = command("verdict", records[0], *beside)
    assert (done.code, done.err) == (0, "")
    shown = " ".join(done.out.partition("\nLINES\n")[2].split())
    assert shown.startswith("local pair pair: τ* of the MDM's circuit in the ARM 0.97 [")
    assert "line pair-noise: τ* of the MDM's circuit in the ARM 0.97 [" in shown
    assert "planning pair pair:" in shown
    assert "pair-noise, countdown: ARM solves 3 of 500" in shown
    # All above the lines is what it is without them.
    without = command("verdict", records[0], "--control", records[1]).out
    assert done.out.partition("\nLINES\n")[0].rstrip() in without
    values = json.loads(command("verdict", records[0], *beside, "--json").out)
    assert [each["kind"] for each in values["beside"]] == ["pair", "control", "line"]
    number = values["beside"][2]["suites"]["local"]["τ* of the MDM's circuit in the ARM"]
    assert number["value"] == 0.97
    assert values["beside"][2]["failed"] == {"countdown": "ARM solves 3 of 500"}
    refused = command("verdict", records[0], "--control", place)
    assert refused.code == 2
    assert "it is a line and no further training" in refused.err
    assert "is no line beside pair" in command("verdict", records[0], "--line", records[1]).err


def test_a_file_that_is_no_record_is_refused(command: Command, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    done = command("verdict", tmp_path / "x.json")
    assert (done.code, done.out) == (3, "")
