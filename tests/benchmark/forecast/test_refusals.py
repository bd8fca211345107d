"""What a run refuses before a model runs, a dry run refuses with the same words and the same exit code."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import PAPER, Protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.record_file import record_path

Command = Callable[..., Any]
Refused = Callable[..., str]


@pytest.fixture
def refused(command: Command, tmp_path: Path) -> Refused:
    """The message with which a run and a dry run of the same arguments end, which write nothing."""

    def message(code: int, *arguments: object) -> str:
        before = {path for path in tmp_path.rglob("*") if path.is_file()}
        dry = command("run", "--dry-run", *arguments)
        real = command("run", *arguments)
        assert (dry.code, dry.out, dry.err) == (real.code, real.out, real.err)
        assert (dry.code, dry.out) == (code, "")
        assert {path for path in tmp_path.rglob("*") if path.is_file()} == before
        return str(dry.err)

    return message


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the reference pair."""
    spec = get_pair("tiny")
    folders = tmp_path / "arm", tmp_path / "mdm"
    for folder, member in zip(folders, (spec.arm, spec.mdm), strict=True):
        shutil.copytree(member.checkpoint, folder)
    return folders


def of(pair: tuple[Path, Path]) -> list[object]:
    return ["--arm", pair[0], "--mdm", pair[1], "--task", "ioi"]


def never(*arguments: object) -> None:
    raise AssertionError("weights are loaded")


def spoil(folder: Path, parameter: str, value: float) -> None:
    """One number of a parameter becomes another."""
    file = folder / "model.safetensors"
    state = load_file(file)
    state[parameter].view(-1)[-1] = value
    save_file(state, file, {"format": "pt"})


def test_a_protocol_that_does_not_apply(refused: Refused, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechshift.benchmark.record.protocol._PROTOCOLS", {"paper": PAPER})
    assert "protocol paper compares 1000 edges" in refused(3, "--protocol", "paper", "--task", "ioi")


def test_an_adapter_beside_the_weights(refused: Refused, pair: tuple[Path, Path]) -> None:
    (pair[1] / "adapter_config.json").write_text("{}")
    assert "has an adapter beside its weights" in refused(2, *of(pair))


def test_an_adapter_instead_of_weights(refused: Refused, pair: tuple[Path, Path]) -> None:
    (pair[1] / "adapter_config.json").write_text("{}")
    (pair[1] / "model.safetensors").rename(pair[1] / "adapter_model.safetensors")
    assert "adapter" in refused(2, *of(pair))
    (pair[1] / "config.json").unlink()
    assert "is an adapter" in refused(2, *of(pair))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite(value: float, refused: Refused, pair: tuple[Path, Path]) -> None:
    """The first in the order of the model, which is not that of the file."""
    spoil(pair[1], "model.norm.weight", value)
    spoil(pair[1], "model.layers.2.mlp.up_proj.weight", value)
    said = refused(2, *of(pair))
    assert "the MDM's parameter model.layers.2.mlp.up_proj.weight holds NaN or infinite values" in said


def test_weights_that_are_too_large_for_the_precision(refused: Refused, pair: tuple[Path, Path]) -> None:
    """The largest of float16 is 65,504."""
    spoil(pair[0], "model.embed_tokens.weight", 1e5)
    said = refused(2, *of(pair), "--dtype", "float16")
    assert "the ARM's parameter model.embed_tokens.weight holds NaN or infinite values" in said


@pytest.mark.parametrize("kept", [0, 7, 1000, -1])
def test_weights_that_are_cut_off(kept: int, refused: Refused, pair: tuple[Path, Path]) -> None:
    file = pair[0] / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    assert "is no whole safetensors file" in refused(2, *of(pair))


def test_a_task_of_another_version(
    refused: Refused, small: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = tuple(task.model_copy(update={"version": task.version + 1}) for task in small.tasks)
    changed = small.model_copy(update={"tasks": tasks})
    monkeypatch.setattr("mechshift.benchmark.record.protocol._PROTOCOLS", {"quick": changed})
    assert "asks version 3 of task ioi" in refused(3, "--task", "ioi")


def test_a_level_that_the_task_does_not_have(refused: Refused) -> None:
    assert "nightmare" in refused(2, "--task", "ioi", "--level", "nightmare")


def test_a_folder_that_cannot_be_written(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in refused(3, "--task", "ioi", "--out", tmp_path / "file" / "results")


def test_a_device_that_there_is_not(refused: Refused) -> None:
    assert "cannot be used" in refused(2, "--task", "ioi", "--device", "meta")


def test_a_file_that_is_no_record_of_the_run(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before weights are loaded; that of another machine too, which writes no other name."""
    monkeypatch.setattr("mechshift.benchmark.admission.load.load_pair", never)
    (tmp_path / "tiny-quick-ioi.json").write_text("notes")
    said = refused(3, "--task", "ioi", "--out", tmp_path)
    assert "what is there cannot be told to be of the same run" in said
    said = refused(3, "--task", "ioi", "--out", tmp_path, "--device", "cpu")
    (tmp_path / "tiny-quick-ioi.json").rename(tmp_path / "tiny-quick-ioi-partial.json")
    assert refused(3, "--task", "ioi", "--out", tmp_path, "--device", "cpu") != said


def test_a_file_in_the_way_of_a_run_on_another_machine(command: Command, tmp_path: Path) -> None:
    """Whose weights are not known, so that a pair of one's own has no name to look for."""
    (tmp_path / "tiny-quick-ioi.json").write_text("notes")
    done = command("run", "--dry-run", "--task", "ioi", "--memory", "80", "--out", tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "cannot be told to be of the same run" in done.err


@pytest.mark.parametrize("listed", [True, False])
def test_the_record_of_another_pair(
    listed: bool,
    refused: Refused,
    command: Command,
    pair: tuple[Path, Path],
    measured: tuple[Record, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same again is none: what a run says of a pair is what is known before it is loaded."""
    record, _ = measured
    arguments = ["--task", "greater-than", "--task", "countdown", "--out", tmp_path]
    if not listed:
        # The listed pair runs in float32, whatever its weights are kept in.
        arguments = ["--arm", pair[0], "--mdm", pair[1], "--name", "mine", "--dtype", "float32", *arguments]
        record = record.model_copy(update={"pair": record.pair.model_copy(update={"name": "mine-float32"})})
    path = record_path(tmp_path, record)
    path.write_text(record.model_dump_json())
    assert command("run", "--dry-run", *arguments).code == 0
    monkeypatch.setattr("mechshift.benchmark.admission.load.load_pair", never)
    changed = record.pair.model_copy(update={"mdm": record.pair.mdm.model_copy(update={"digest": "e" * 64})})
    path.write_text(record.model_copy(update={"pair": changed}).model_dump_json())
    said = refused(3, *arguments)
    assert f"{path} is the record of another pair {record.pair.name}: MDM's digest is eeee" in said
    assert ("name of its own" in said) is not listed


def test_a_name_that_the_file_system_does_not_take(
    refused: Refused, pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mechshift.benchmark.admission.load.load_pair", never)
    for arguments in (
        ["--task", "ioi", "--out", tmp_path / ("f" * 300) / "out"],
        [*of(pair), "--name", "p" * 260],
        # The file would be taken, and with it its temporary one; -partial behind it would not.
        [*of(pair), "--name", "p" * 230],
    ):
        assert "cannot be written: File name too long" in refused(3, *arguments)


def test_the_weights_that_are_copied_are_good(command: Command, pair: tuple[Path, Path]) -> None:
    """Or the tests above would show nothing."""
    assert command("run", "--dry-run", *of(pair)).code == 0
    assert torch.isfinite(load_file(pair[0] / "model.safetensors")["model.norm.weight"]).all()
