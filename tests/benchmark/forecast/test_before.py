"""`mechshift run --dry-run`, and a run that is refused before it loads anything."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mechshift.benchmark.circuits.graph import Graph
from mechshift.benchmark.cli.run import load_asked
from mechshift.benchmark.forecast import before, probe
from mechshift.benchmark.forecast.machine import Machine
from mechshift.benchmark.forecast.probe import Growth
from mechshift.benchmark.pairs.registry import get_pair
from mechshift.benchmark.record.protocol import QUICK, Protocol, get_protocol
from mechshift.benchmark.record.record import Record
from mechshift.benchmark.run.claims import Claims
from mechshift.tasks import get_task

Command = Callable[..., Any]

LARGE = {
    "model_type": "llama",
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 32,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": None,
}
PARAMETERS = 6_738_415_616


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, Path]:
    """A pair of LLaMA-2-7B's shape: configuration, tokenizer, and weights that are a hole behind a header."""
    folders = tmp_path / "arm", tmp_path / "mdm"
    header = json.dumps({"x": {"dtype": "F32", "shape": [PARAMETERS], "data_offsets": [0, 4 * PARAMETERS]}})
    for folder, member in zip(folders, (get_pair("tiny").arm, get_pair("tiny").mdm), strict=True):
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(LARGE))
        for path in Path(member.checkpoint).glob("tokenizer*"):
            shutil.copy(path, folder)
        with (folder / "model.safetensors").open("wb") as file:
            file.write(len(header).to_bytes(8, "little") + header.encode())
            file.truncate(8 + len(header) + 4 * PARAMETERS)
    return folders


def written(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_says_what_would_be_run_and_writes_nothing(command: Command, tmp_path: Path) -> None:
    done = command("run", "--dry-run", "--task", "ioi", "--task", "sudoku")
    assert (done.code, done.err) == (0, "")
    for expected in (
        "ioi",
        "scores-mdm",
        "cells: 44, of which 0 exist already",
        "time: unknown; measure this machine",
        "sudoku",
        "attribution",
        "weights of both members",
        "disk:",
        "files:",
        "\nfits: ",
    ):
        assert expected in done.out
    assert written(tmp_path) == set()


def test_cells_that_another_run_is_at_are_told(command: Command, tmp_path: Path) -> None:
    asked = ("run", "--dry-run", "--task", "ioi", "--out", tmp_path)
    plan = json.loads(command(*asked, "--json").out)["plan"]
    assert {cell["claimed"] for cell in plan} == {False}
    with Claims() as claims:
        assert claims.take(tmp_path / "cells" / "ioi" / f"pool.{plan[0]['key']}.json")
        assert "of which 0 exist already; another run computes 1, if it is still there" in command(*asked).out
        plan = json.loads(command(*asked, "--json").out)["plan"]
        assert [cell["name"] for cell in plan if cell["claimed"]] == ["pool"]
    assert "another run" not in command(*asked).out


def test_json_has_the_numbers(command: Command, small: Protocol) -> None:
    found = json.loads(command("run", "--dry-run", "--task", "ioi", "--batch", "8", "--json").out)
    assert (found["pair"], found["rows"], found["verdict"]) == ("tiny", 8, "fits")
    assert found["parameters"] == [1_054_848, 1_054_848]
    (task,) = found["tasks"]
    assert task["stages"]["decoding"]["arm"]["examples"] == small.sampling.pool
    # Whatever a model runs for is told, what came last too.
    assert all(task["stages"][stage]["mdm"]["flop"] > 0 for stage in ("ablation", "transfer"))
    assert found["needed"] == max(
        sum(stage["device"].values()) + sum(stage["host"].values()) for stage in found["memory"]
    )


def test_what_does_not_fit_is_said_with_exit_code_3(command: Command, large: tuple[Path, Path]) -> None:
    arguments = ["--arm", large[0], "--mdm", large[1], "--task", "ioi", "--device", "cuda", "--memory", "20"]
    done = command("run", "--dry-run", *arguments)
    assert done.code == 3
    assert "does not fit" in done.out
    assert "of memory at least, and --memory allows 20.00 GB" in done.err
    assert "--dtype bfloat16" in done.err


def test_an_option_that_is_offered_makes_it_fit(command: Command, large: tuple[Path, Path]) -> None:
    arguments = ["--arm", large[0], "--mdm", large[1], "--task", "ioi", "--device", "cuda", "--memory", "20"]
    done = command("run", "--dry-run", *arguments, "--dtype", "bfloat16", "--json")
    assert (done.code, json.loads(done.out)["verdict"]) == (0, "fits")


def test_members_of_which_one_fits_come_one_after_the_other(
    command: Command, large: tuple[Path, Path]
) -> None:
    """Of 27 GB each on a card of 40."""
    arguments = ["--arm", large[0], "--mdm", large[1], "--task", "ioi", "--device", "cuda", "--memory", "40"]
    done = command("run", "--dry-run", *arguments)
    assert done.code == 0
    assert "members in memory       one after the other" in done.out
    assert "weights of one member" in done.out
    found = json.loads(command("run", "--dry-run", *arguments, "--json").out)
    assert found["limits"] == {"share": 1.0, "in_turn": True, "bounded": True}
    assert 4 * PARAMETERS < found["needed"] < 40 * 10**9


def test_a_run_that_cannot_fit_is_refused_before_it_loads(
    command: Command, large: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Machine("this machine", 16 * 10**9, 16 * 10**9, shared=True)
    monkeypatch.setattr(before, "this_machine", lambda device: small)
    there = written(tmp_path)
    done = command("run", "--arm", large[0], "--mdm", large[1], "--task", "ioi", "--device", "cpu")
    assert (done.code, done.out) == (3, "")
    assert "the run needs" in done.err
    assert written(tmp_path) == there


def test_rows_that_are_not_asked_for_are_as_many_as_fit(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between what 64 rows of sudoku need and what fewer do."""
    monkeypatch.setattr(before, "this_machine", lambda device: Machine("a card", 10**9, 10**12, shared=False))
    arguments = ["run", "--dry-run", "--task", "sudoku", "--protocol", "v2", "--json"]
    needed = [json.loads(command(*arguments, "--batch", rows).out)["needed"] for rows in (64, 32)]
    free = sum(needed) // 2
    monkeypatch.setattr(before, "this_machine", lambda device: Machine("a card", free, 10**12, shared=False))
    assert json.loads(command(*arguments).out)["rows"] == 32


def test_a_stated_speed_makes_the_time_of_another_machine(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All operations, the extractor's products too, at 2 TFLOP a second, and one comparison by its edges."""
    monkeypatch.setattr(probe, "_statistics", lambda found, seconds: (Growth(2.0, 3e-6), Growth(0.0, 1e-7)))
    arguments = ["run", "--dry-run", "--task", "ioi", "--memory", "80", "--device", "cuda", "--tflops", "2"]
    found = json.loads(command(*arguments, "--json").out)
    edges, width = Graph(6, 8, 8).edges, 128
    flop = sum(
        member["flop"] + 2 * edges * width * member["extracted"]
        for stage in found["tasks"][0]["stages"].values()
        for member in stage.values()
    )
    # The sample is ranked besides the resamples.
    resamples = 1 + get_protocol("quick").statistics.resamples
    seconds = flop / 2e12 + 2.0 + edges * (3e-6 + resamples * 1e-7)
    assert found["seconds"]["source"] == "stated"
    assert found["seconds"]["left"] == pytest.approx(seconds)
    assert found["seconds"]["wall"] == pytest.approx(seconds)
    assert "at the device's speed as stated, and with statistics as fast as on this machine" in (
        command(*arguments).out
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dry-run", "--tflops", "0"], "a device of 0 TFLOP a second"),
        (["--dry-run", "--tflops", "nan"], "a device of nan TFLOP a second"),
        (["--dry-run", "--tflops", "1e9"], "a device of 1e+09 TFLOP a second"),
        (
            ["--dry-run", "--tflops", "400", "--probe", "5"],
            "--tflops states a speed, and --probe measures one",
        ),
        (["--tflops", "400"], "give it with --dry-run"),
    ],
)
def test_a_speed_that_makes_no_sense_is_refused(command: Command, options: list[str], said: str) -> None:
    done = command("run", "--task", "ioi", *options)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def asked_of(memory: int) -> before.Asked:
    few = QUICK.changed(pool=30, read="trajectory")
    return before.Asked(get_pair("tiny"), few, (get_task("sudoku"),), None, None, None, "cpu", memory=memory)


def test_a_bound_decides_alone_how_a_pair_is_held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """However much is free, so that machines with one command do the same, to the last bit."""
    found = []
    for free in (4 * 10**9, 10**12):
        monkeypatch.setattr(
            before, "this_machine", lambda device, free=free: Machine("here", free, free, shared=True)
        )
        found.append(before.what_fits(asked_of(480 * 10**6), tmp_path))
    assert (found[0].rows, found[0].limits) == (found[1].rows, found[1].limits)
    assert found[0].limits.bounded
    assert found[0].rows < 64
    planned = before.dry_run(asked_of(480 * 10**6), tmp_path).forecast
    assert (planned.rows, planned.limits) == (found[0].rows, found[0].limits)


def test_the_pair_is_loaded_as_it_is_forecast(tmp_path: Path) -> None:
    least = before.dry_run(asked_of(10**6), tmp_path)
    bound = least.forecast.needed(least.machine)
    pair, fits = load_asked(asked_of(bound), False, tmp_path)
    assert fits.limits.share < 1
    assert pair.limits == fits.limits
    assert {member.share for member in pair.members} == {fits.limits.share}
    assert (pair.turns is not None) == fits.limits.in_turn


def test_a_bound_that_nothing_keeps_is_refused_with_the_least_that_would_do(
    command: Command, tmp_path: Path
) -> None:
    done = command("run", "--task", "ioi", "--memory", "300MB")
    assert (done.code, done.out) == (3, "")
    assert "of memory at least, and --memory allows 0.30 GB" in done.err
    least = re.search(r"--memory ([\d.]+GB)", done.err.splitlines()[-1])
    assert least is not None
    assert command("run", "--dry-run", "--task", "ioi", "--memory", least[1]).code == 0
    assert written(tmp_path) == set()


def test_within_this_machine_s_memory_cells_are_known(command: Command) -> None:
    """Of a larger one, or a device that is not here, they are not."""
    asked = ("run", "--dry-run", "--task", "ioi", "--json", "--memory")
    assert all(cell["key"] for cell in json.loads(command(*asked, "600MB").out)["plan"])
    assert not any(cell["key"] for cell in json.loads(command(*asked, "900TB").out)["plan"])


def test_a_machine_has_a_known_device(command: Command) -> None:
    done = command("run", "--dry-run", "--task", "ioi", "--memory", "80", "--device", "cudda")
    assert (done.code, done.out) == (2, "")
    assert "did you mean cuda" in done.err


@pytest.mark.parametrize("memory", ["0", "-3", "nan", "inf", "1e300", "2gigabytes"])
def test_a_machine_has_some_memory(command: Command, memory: str) -> None:
    done = command("run", "--dry-run", "--task", "ioi", "--memory", memory)
    assert done.code == 2
    assert "positive" in done.err or "unit of memory" in done.err


@pytest.mark.usefixtures("bare")
def test_a_precision_is_in_the_record_and_in_the_pair_s_name(command: Command, tmp_path: Path) -> None:
    done = command("run", "--task", "ioi", "--dtype", "bfloat16", "--json")
    assert done.code == 0
    pair = Record.model_validate_json(done.out).pair
    assert (pair.name, pair.arm.dtype, pair.mdm.dtype) == ("tiny-bfloat16", "bfloat16", "bfloat16")
    (seal,) = (tmp_path / "mechshift-results" / "cells" / "ioi").glob("pool.*.seal")
    assert json.loads(seal.read_text())["inputs"]["pair"]["arm"]["dtype"] == "bfloat16"


def plan_of(command: Command, *arguments: object) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The plan and the seconds of a dry run, as JSON has them."""
    done = command("run", "--dry-run", *arguments, "--json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    return found["plan"], found["seconds"]


def test_the_cells_of_a_run_are_there_in_a_dry_run_after_it(
    command: Command, measured: tuple[Record, Path]
) -> None:
    """By the keys that the record has, which are those of the loaded pair.

    All but what circuits of other tasks go into: here the other task is another.
    """
    record, out = measured
    cells, seconds = plan_of(command, "--task", "countdown", "--task", "ioi", "--out", out)
    keys = {(task.task, name): cell.key for task in record.tasks for name, cell in task.cells.items()}
    of_countdown = {("countdown", cell["name"]): cell["key"] for cell in cells if cell["task"] == "countdown"}
    across = {("countdown", name) for name in ("transfer-arm", "transfer-mdm", "function")}
    assert {slot for slot, key in of_countdown.items() if keys[slot] != key} == across
    assert [cell["there"] for cell in cells] == [True] * 19 + [False] * (3 + 22)
    assert cells[1]["needs"] == ["pool"]
    assert seconds["source"] == "earlier"
    assert seconds["left"] == pytest.approx(sum(cell["seconds"] for cell in cells[19:]))


def test_a_protocol_s_change_keeps_the_cells_that_it_does_not_touch(
    command: Command,
    measured: tuple[Record, Path],
    small: Protocol,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without the record: over that of the same tasks under other settings no run would write.
    shutil.copytree(measured[1] / "cells", tmp_path / "cells")
    changed = {"quick": small.changed(resamples=small.statistics.resamples + 1)}
    monkeypatch.setattr("mechshift.benchmark.record.protocol._PROTOCOLS", changed)
    cells, _ = plan_of(command, "--task", "countdown", "--task", "greater-than", "--out", tmp_path)
    statistics = ["comparison", "stages", "causality", "function"]
    assert [cell["name"] for cell in cells if not cell["there"]] == 2 * statistics


def test_a_probe_tells_the_time_of_every_cell(command: Command) -> None:
    cells, seconds = plan_of(command, "--task", "ioi", "--probe", "0.3")
    assert seconds["source"] == "probe"
    assert seconds["left"] == pytest.approx(sum(cell["seconds"] for cell in cells))
    quick = {"circuit-arm", "circuit-mdm", "prompts", "causality", "function"}
    assert {cell["name"] for cell in cells if not cell["seconds"] > 0} == quick


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "1e9"])
def test_a_probe_takes_some_seconds(command: Command, seconds: str) -> None:
    done = command("run", "--dry-run", "--task", "ioi", "--probe", seconds)
    assert (done.code, done.out) == (2, "")
    assert "20 will do" in done.err


def test_a_probe_is_of_this_machine_and_of_a_dry_run(command: Command) -> None:
    done = command("run", "--task", "ioi", "--probe", "3")
    assert done.code == 2
    assert "--dry-run" in done.err
    other = ("--memory", "80", "--device", "cuda")
    assert command("run", "--dry-run", "--task", "ioi", "--probe", "3", *other).code == 2


def test_of_another_machine_no_cell_is_known(command: Command, large: tuple[Path, Path]) -> None:
    """And no weights are read, which here would be 54 GB."""
    arguments = ["--arm", large[0], "--mdm", large[1], "--task", "ioi", "--device", "cuda", "--memory", "400"]
    cells, seconds = plan_of(command, *arguments)
    assert {(cell["key"], cell["there"], cell["seconds"]) for cell in cells} == {(None, None, None)}
    assert seconds == {"left": None, "wall": None, "source": None}
    assert "which of them exist is unknown" in command("run", "--dry-run", *arguments).out
