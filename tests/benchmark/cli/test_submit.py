"""`mechshift submit`: what it writes, says and refuses, and that it loads no model."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from build.submissions import SMALL, write_run
from mechshift.benchmark.record import protocol

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run."""
    return write_run(tmp_path_factory.mktemp("ran")).parent


def test_it_says_where_how_large_how_exact_and_what_is_next(command: Command, ran: Path) -> None:
    done = command("submit", ran, "-o", "board", "--date", "2026-01-02")
    assert done.code == 0
    (path,) = Path("board").iterdir()
    assert path.name.startswith("2026-01-02-")
    assert done.out.startswith(f"{path}: ")
    assert "steps of 0.00390625 standard deviations" in done.out
    assert "largest change: " in done.out
    assert f"then mechshift validate {path}" in done.out


def test_json_has_the_same(command: Command, ran: Path) -> None:
    done = command("submit", ran, "-o", "board", "--exact", "--zip", "--json")
    assert done.code == 0
    found = json.loads(done.out)
    path = Path(found["submission"])
    assert path.suffix == ".zip"
    assert found["bytes"] == path.stat().st_size
    assert (found["form"], found["step"], found["changes"]["changed"]) == ("exact", None, 0)
    assert found["unfilled"]
    assert found["refused"] in done.err


def test_what_no_board_takes_is_written_with_a_warning(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = SMALL.changed(name="quick", board=False)
    run = write_run(tmp_path / "quick", partial).parent
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "quick": partial})
    done = command("submit", run, "-o", "board")
    assert done.code == 0
    assert done.err == (
        "mechshift: no board takes this submission: the record has protocol quick, which no board takes\n"
        "for a board, run the pair under protocol v1, on all of its tasks\n"
    )
    assert list(Path("board").iterdir())


def test_a_part_of_a_protocol_is_written_with_a_warning(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = write_run(tmp_path / "partial", tasks=SMALL.tasks[:1]).parent
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v1": SMALL})
    done = command("submit", run, "-o", "board")
    assert (done.code, bool(list(Path("board").iterdir()))) == (0, True)
    assert "the record does not cover protocol v1: task star-path was not asked for" in done.err


def test_nothing_is_said_of_what_a_board_takes(
    command: Command, ran: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_PROTOCOLS", {**protocol._PROTOCOLS, "v1": SMALL})
    assert command("submit", ran, "-o", "board").err == ""


def test_what_contradicts_itself_is_refused(command: Command, ran: Path) -> None:
    done = command("submit", ran, "-o", "board", "--exact", "--size", 3)
    assert (done.code, done.out) == (2, "")
    assert command("submit", ran).code == 2
    assert command("submit", "nowhere", "-o", "board").code == 3


def test_it_takes_no_torch(ran: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from mechshift.benchmark.submission.write import Request, submit\n"
        "submit(Path(sys.argv[1]), Path(sys.argv[2]), Request(size=None))\n"
        "print(sorted({'torch', 'transformers', 'pandas', 'pyarrow', 'scipy'} & sys.modules.keys()))"
    )
    arguments = [sys.executable, "-c", program, ran, tmp_path]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
