"""`mechshift submit`: what it writes, says and refuses, and that it loads no model."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.submissions import SMALL, write_run
from mechshift.benchmark.record import protocol
from mechshift.benchmark.run import progress

Command = Callable[..., Any]

POOL = 12
"""Examples of each task that protocol v2 asks for here."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, no progress is told: it would stand among the lines that tests read."""
    told = progress.announce_when_slow
    monkeypatch.setattr(progress, "announce_when_slow", lambda: told(math.inf))


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run."""
    return write_run(tmp_path_factory.mktemp("ran")).parent


def test_it_says_where_how_large_how_exact_and_what_is_next(
    command: Command, ran: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v2": SMALL})
    done = command("submit", ran, "-o", "board", "--date", "2026-01-02")
    assert (done.code, done.err) == (0, "")
    (path,) = Path("board").iterdir()
    assert path.name.startswith("2026-01-02-")
    assert done.out.startswith(f"{path}: ")
    assert "steps of 0.00390625 standard deviations" in done.out
    assert "largest change: " in done.out
    assert f"then mechshift validate {path}" in done.out


def test_json_has_the_same(command: Command, ran: Path) -> None:
    done = command("submit", ran, "-o", "board", "--exact", "--zip", "--json")
    assert (done.code, done.err.count("\n")) == (0, 2)
    found = json.loads(done.out)
    path = Path(found["submission"])
    assert path.suffix == ".zip"
    assert found["bytes"] == path.stat().st_size
    assert (found["form"], found["step"], found["changes"]["changed"]) == ("exact", None, 0)
    assert found["unfilled"]
    assert found["refused"].startswith("its protocol v2 differs from this version's: ")
    assert done.err.startswith(f"mechshift: warning: no board takes this record: {found['refused']}\n")


def test_what_no_board_takes_is_written_with_a_warning(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = SMALL.changed(name="quick", board=False)
    run = write_run(tmp_path / "quick", partial).parent
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "quick": partial})
    done = command("submit", run, "-o", "board")
    assert done.code == 0
    assert done.err == (
        "mechshift: warning: no board takes this record: its protocol is quick\n"
        "run the pair under v2 in full; each task needs 500 examples that both models solve\n"
    )
    assert list(Path("board").iterdir())


def test_a_part_of_a_protocol_is_written_with_a_warning(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "partial", tasks=SMALL.tasks[:1]).parent
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v2": SMALL})
    done = command("submit", run, "-o", "board")
    assert (done.code, bool(list(Path("board").iterdir()))) == (0, True)
    assert done.err == (
        "mechshift: warning: no board takes this record: it does not cover protocol v2: "
        "task star-path was not asked for\n"
        f"run the pair under v2 in full; each task needs {POOL} examples that both models solve\n"
    )


def test_the_warning_says_what_a_run_on_other_prompts_is_for(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v2": SMALL})
    run = write_run(tmp_path / "reseeded", SMALL.reseeded(1)).parent
    done = command("submit", run, "-o", "board")
    assert done.err == (
        "mechshift: warning: no board takes this record: its protocol v2-seed-1 is v2 on other prompts "
        "(seed 1), for mechshift compare and check\n"
        f"run the pair under v2 in full; each task needs {POOL} examples that both models solve\n"
    )


def test_nothing_is_said_of_what_a_board_takes(
    command: Command, ran: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v2": SMALL})
    assert command("submit", ran, "-o", "board").err == ""


def test_what_contradicts_itself_is_refused(command: Command, ran: Path) -> None:
    done = command("submit", ran, "-o", "board", "--exact", "--size", 3)
    assert (done.code, done.out) == (2, "")
    assert command("submit", ran).code == 2
    assert command("submit", "nowhere", "-o", "board").code == 3


def test_it_takes_no_torch(ran: Path, tmp_path: Path) -> None:
    # The run is computed again from its cells. Whether a task's prompts use one circuit is then asked of
    # scipy. Nothing takes it before, and nothing at all takes what models, data frames and plots need.
    program = (
        "import sys; from pathlib import Path\n"
        "models = {'torch', 'transformers', 'tokenizers', 'datasets', 'huggingface_hub', 'matplotlib'}\n"
        "never = models | {'pandas', 'pyarrow', 'sklearn'}\n"
        "from mechshift.benchmark.submission.write import Request, submit\n"
        "before = (never | {'scipy'}) & sys.modules.keys()\n"
        "submit(Path(sys.argv[1]), Path(sys.argv[2]), Request(size=None))\n"
        "print(sorted(before), sorted(never & sys.modules.keys()))"
    )
    arguments = [sys.executable, "-c", program, ran, tmp_path]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == "[] []\n"
