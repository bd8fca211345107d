"""A pair with controls and lines, measured one after the other: resumed, freed, judged as from files."""

import gc
import json
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import mechshift
from mechshift.benchmark.controlled import run as controlled
from mechshift.benchmark.pairs.limits import USUAL
from mechshift.benchmark.pairs.lines import make_line
from mechshift.benchmark.pairs.pair import Pair
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.pairs.spec import CAUSAL
from mechshift.benchmark.record.files import read_model
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.job import Job
from mechshift.errors import PairError, UsageError

Command = Callable[..., Any]
TASK = "infilling"


@pytest.fixture
def further(tmp_path: Path) -> Path:
    """Weights near those of the listed control: another further training of the same ARM."""
    source, target = Path(get_pair("tiny-continued").mdm.checkpoint), tmp_path / "weights" / "further"
    target.mkdir(parents=True)
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    state = load_file(target / "model.safetensors")
    generator = torch.Generator().manual_seed(1)
    moved = {
        name: value + 0.01 * value.float().std() * torch.randn(value.shape, generator=generator)
        for name, value in state.items()
        if value.ndim == 2
    }
    save_file(
        {**state, **{name: value.to(state[name].dtype) for name, value in moved.items()}},
        target / "model.safetensors",
        {"format": "pt"},
    )
    return target


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("bare")
def test_a_run_with_controls_is_judged_as_its_files_are(
    command: Command, further: Path, tmp_path: Path
) -> None:
    asked = ["run", "--task", TASK, "--control", "tiny-continued", "--control", further, "--line", "noise"]
    done = command(*asked, "--quiet")
    assert (done.code, done.err) == (0, "")
    out = tmp_path / "mechshift-results"
    records = {read_model(path, Record).pair.name: path for path in out.glob("*.json")}
    assert records.keys() == {"tiny", "tiny-continued", "arm--further", "tiny-noise"}
    assert f"record: mechshift-results/{records['tiny'].name}\n" in done.out
    assert f"line: mechshift-results/{records['tiny-noise'].name}\n" in done.out
    controls = ["--control", records["tiny-continued"], "--control", records["arm--further"]]
    files = ["verdict", records["tiny"], *controls, "--line", records["tiny-noise"]]
    judged = command(*files)
    assert judged.code == 0
    # Below the row stands just what the files say.
    assert done.out.endswith(f"\n\n{judged.out}")
    assert "control   tiny-continued, arm--further" in judged.out
    assert "\nLINES\n" in judged.out

    # Without the record of one control and its cells the same command computes only these.
    before = stamps(out / "cells")
    keys = {
        cell.key
        for task in read_model(records["arm--further"], Record).results
        for cell in task.cells.values()
    }
    lost = {path for path in before if path.split(".")[-2] in keys}
    assert 20 < len(lost) < len(before)
    for gone in (records["arm--further"], *map(Path, lost)):
        gone.unlink()
    values = json.loads(command(*asked, "--quiet", "--json").out)
    after = stamps(out / "cells")
    assert after.keys() == before.keys()
    assert {path for path in after if after[path] != before[path]} == lost

    assert values["record"]["pair"]["name"] == "tiny"
    assert [each["pair"]["name"] for each in values["controls"]] == ["tiny-continued", "arm--further"]
    (line,) = values["lines"]
    assert line["pair"]["line"]["noise"]["moved_to"] == values["record"]["pair"]["mdm"]["digest"]
    assert values["verdict"] == json.loads(command(*files, "--json").out)


@pytest.mark.usefixtures("bare")
def test_a_row_without_a_control_says_which_there_are(command: Command) -> None:
    done = command("run", "--task", TASK)
    said = " ".join(done.out.split())
    assert (
        "control: none, so nothing is attributed to the training; listed for this ARM: tiny-continued,"
        in said
    )
    assert "(give --control NAME, or --control siblings for all)" in said


def test_a_dry_run_counts_the_controls(command: Command) -> None:
    asked = ["run", "--task", TASK, "--dry-run"]
    alone = json.loads(command(*asked, "--json").out)
    found = json.loads(command(*asked, "--control", "tiny-continued", "--line", "noise", "--json").out)
    names = ["tiny", "tiny-continued", "tiny-noise"]
    assert [each["pair"] for each in found["runs"]] == names
    # What is free changes while other programs run.
    apart = {name for name in alone if found["runs"][0][name] != alone[name]}
    assert apart <= {"free", "free_disk"}
    assert found["together"]["needed"] == max(each["needed"] for each in found["runs"])
    assert found["together"]["written"] == sum(each["written"] for each in found["runs"])
    assert found["together"]["to_fetch"] == {}
    text = command(*asked, "--control", "tiny-continued").out
    assert "together (2 runs, one after the other: tiny, tiny-continued)" in text


def test_a_control_of_another_arm_is_refused_before_weights_are_loaded(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("weights were loaded")

    monkeypatch.setattr("mechshift.benchmark.pairs.loading.load_backbone", refuse)
    done = command("run", "--task", TASK, "--control", "llama-2-7b-chat")
    assert (done.code, done.out) == (2, "")
    assert "--control llama-2-7b-chat is of another ARM" in done.err
    for option, name in (("--control", "noise"), ("--line", "tiny-continued")):
        assert command("run", "--task", TASK, option, name).code == 2
    twice = command("run", "--task", TASK, "--control", "tiny-continued", "--control", "tiny-continued")
    assert "is given twice" in twice.err
    assert not (tmp_path / "mechshift-results").exists()


@pytest.mark.usefixtures("bare")
def test_two_models_are_in_memory_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, observed_once: Callable[[], None]
) -> None:
    observed_once()
    models: list[weakref.ref[Any]] = []
    load = controlled.load_pair

    def watched(*arguments: Any) -> Pair:
        gc.collect()
        assert not [one for one in models if one() is not None]
        pair = load(*arguments)
        models.extend(weakref.ref(member.backbone.model) for member in pair.members)
        return pair

    monkeypatch.setattr(controlled, "load_pair", watched)
    found = mechshift.run_with_controls(
        "tiny", ["tiny-continued"], ["arm-bidirectional"], tasks=TASK, out=tmp_path, progress=False
    )
    assert len(models) == 6
    assert [each.pair.name for each in found.controls] == ["tiny-continued"]
    assert found.verdict.controls == ("tiny-continued",)
    # That the ARM solves nothing in this way is a result, and no error.
    (line,) = found.lines
    assert line.pair.mdm.attention == "full"
    assert [one.task for one in line.results] == [TASK]
    for failed in line.failed:
        assert "solves" in failed.missing or "common" in failed.missing
    kinds = [row.kind for row in found.verdict.beside]
    assert kinds == ["MDM", "control", "line"]
    assert repr(found) == "ControlledRun('tiny' beside ['tiny-continued', 'tiny-arm-bidirectional'])"


def test_weights_that_turn_out_to_be_another_model_s_are_refused(
    tiny: Pair, measured: tuple[Record, Path]
) -> None:
    before = [measured[0]]
    copy = replace(tiny, spec=replace(tiny.spec, name="copy"))
    controlled.check_beside([], copy)
    with pytest.raises(PairError, match="control copy has the same weights as the second member of tiny"):
        controlled.check_beside(before, copy)
    # An entry may declare that the MDM is an ARM too, and say so of one control.
    as_arm = replace(copy.spec, control=True, mdm=replace(copy.spec.mdm, attention=CAUSAL))
    controlled.check_beside(before, replace(copy, spec=as_arm))
    with pytest.raises(PairError, match="control copy has the same weights as the second member of tiny"):
        controlled.check_beside(before * 2, replace(copy, spec=as_arm))
    elsewhere = replace(tiny.mdm_provenance, checkpoint="a copy of it")
    with pytest.raises(PairError, match="control copy has the same weights as the second member of tiny"):
        controlled.check_beside(before, replace(copy, spec=as_arm, mdm_provenance=elsewhere))
    # A line may well be made of the pair's own weights.
    line = replace(copy, spec=make_line(tiny.spec, "mdm-causal", tiny.mdm.mask_id))
    controlled.check_beside(before, line)
    other = replace(line, arm_provenance=replace(tiny.arm_provenance, digest="another"))
    with pytest.raises(PairError, match="the ARM of tiny-mdm-causal has other weights than that of tiny"):
        controlled.check_beside(before, other)


def test_an_unknown_line_is_refused(tiny: Pair, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown line 'quiet'"):
        mechshift.run_with_controls(tiny, lines=["quiet"], tasks=TASK, out=tmp_path / "out")


def test_a_process_that_helps_is_told_of_the_noise(tmp_path: Path) -> None:
    job = Job(
        spec=make_line(get_pair("tiny"), "noise:4", 2),
        device="cpu",
        protocol=QUICK,
        tasks=QUICK.tasks,
        order=tuple(range(len(QUICK.tasks))),
        wanted=None,
        out=tmp_path,
        rows=4,
        limits=USUAL,
        threads=1,
        version="0",
        keys=(),
    )
    assert Job.model_validate_json(job.model_dump_json()) == job
