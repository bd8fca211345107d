"""What a run tells of itself: which way is chosen, what is written, and that it is put away at the end."""

import builtins
import io
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from build.runs import make_plan, make_pool
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run import bars
from mechshift.benchmark.run.bars import Bars
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.plan import Cell, Plan
from mechshift.benchmark.run.progress import Lines, Progress, Silent, announce_when_slow, choose_progress
from mechshift.benchmark.run.store import Store

HIDDEN, SHOWN = "\x1b[?25l", "\x1b[?25h"
"""What a terminal is sent when a display begins and ends: the cursor goes and comes back."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def pools(*tasks: str) -> Plan:
    return make_plan(tasks or ("ioi", "countdown"), wanted=["pool"])


def carry_out(plan: Plan, told: Progress, out: Path, compute: Callable[..., Any] | None = None) -> None:
    """Execute a plan of pools."""

    def solve(cell: Cell, needs: Mapping[str, Any], tell: Any) -> Any:
        with tell(100) as advance:
            advance(60)
            advance(40)
        return make_pool()

    for _ in execute(plan, QUICK, Store(out), compute or solve, told):
        pass


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal that can do everything, and no wish about it in the environment."""
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


def test_a_terminal_has_bars(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    assert isinstance(choose_progress(), Bars)
    assert isinstance(choose_progress(quiet=False), Bars)
    assert type(choose_progress(quiet=True)) is Silent


def test_a_terminal_that_cannot_move_its_cursor_has_lines(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_progress(quiet=False), Lines)


@pytest.mark.parametrize("colour", ["", "1"])
def test_a_pipe_has_lines_where_they_are_wanted(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setenv("FORCE_COLOR", colour)
    assert type(choose_progress(quiet=False)) is Lines
    assert type(choose_progress()) is Silent
    assert type(choose_progress(quiet=True)) is Silent


def test_without_a_stderr_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert type(choose_progress(quiet=False)) is Silent


class ZMQInteractiveShell:
    """A notebook's shell is told by its name."""


@pytest.mark.parametrize(("widgets", "expected"), [(True, Bars), (False, Lines)])
def test_a_notebook_has_bars_where_it_can_draw_them(
    widgets: bool, expected: type[Progress], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(builtins, "get_ipython", ZMQInteractiveShell, raising=False)
    monkeypatch.setattr(bars, "find_spec", lambda name: object() if widgets else None)
    assert type(choose_progress(quiet=False)) is expected


def test_lines_say_where_a_run_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    carry_out(pools(), Lines(), tmp_path)
    assert capsys.readouterr().err.splitlines() == [
        "tasks: 2; cells: 2 (0 exist already); time left not known yet",
        "[1/2 ioi] pool …",
        "[1/2 ioi] pool … done in 0 s; about 0 s left",
        "[2/2 countdown] pool …",
        "[2/2 countdown] pool … done in 0 s; about 0 s left",
    ]
    carry_out(pools(), Lines(), tmp_path)
    told = capsys.readouterr().err
    assert told == "tasks: 2; cells: 2 (2 exist already); about 0 s left\n"


def test_a_task_that_cannot_be_analysed_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing of it was solved, and its other nine cells are left out."""
    carry_out(make_plan(("ioi",)), Lines(), tmp_path)
    assert capsys.readouterr().err.splitlines()[-1] == (
        "[1/1 ioi] left out: its pool cannot be analysed; about 0 s left"
    )


def test_a_cell_that_is_damaged_is_noted_and_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = pools("ioi")
    carry_out(plan, Silent(), tmp_path)
    Store(tmp_path).path(plan.cells[0]).write_text("{}")
    carry_out(plan, Lines(), tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith("mechshift: ioi: pool is made again: ")
    assert lines[3].startswith("[1/1 ioi] pool … done in ")


def test_silence_has_nothing_but_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    carry_out(pools(), Silent(), tmp_path)
    assert capsys.readouterr() == ("", "")
    Silent().note("something")
    assert capsys.readouterr().err == "mechshift: something\n"


def test_lines_that_nobody_reads_end_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stderr", Closed())
    carry_out(pools(), Lines(), tmp_path)
    assert all(Store(tmp_path).seal(cell) for cell in pools().cells)


def drawn(terminal: Terminal) -> Bars:
    return Bars(Console(file=terminal, width=100))


def test_one_display_has_the_run_above_the_cell(terminal: Terminal, tmp_path: Path) -> None:
    def compute(cell: Cell, needs: Mapping[str, Any], tell: Any) -> Any:
        with tell(100) as advance:
            advance(60)
            told._display.refresh()
        return make_pool()

    told = drawn(terminal)
    carry_out(pools(), told, tmp_path, compute)
    text = terminal.getvalue()
    assert (text.count(HIDDEN), text.count(SHOWN)) == (1, 1), "one display for the whole run"
    assert text.index("task 1 of 2: ioi") < text.index("  pool") < text.index("60 of 100")
    assert text.index("60 of 100") < text.index("task 2 of 2: countdown")
    assert "time left not known yet" in text
    assert "about 0 s left" in text


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt])
def test_bars_are_put_away_however_a_run_ends(
    ending: type[BaseException], terminal: Terminal, tmp_path: Path
) -> None:
    def fail(cell: Cell, needs: Mapping[str, Any], tell: Any) -> Any:
        with tell(100):
            raise ending

    before = sys.stderr
    with pytest.raises(ending):
        carry_out(pools(), drawn(terminal), tmp_path, fail)
    assert terminal.getvalue().count(SHOWN) == 1
    assert sys.stderr is before, "what was printed between went through the display"


def test_bars_are_put_away_where_outcomes_are_not_all_taken(terminal: Terminal, tmp_path: Path) -> None:
    def compute(cell: Cell, needs: Mapping[str, Any], tell: Any) -> Any:
        return make_pool()

    with closing(execute(pools(), QUICK, Store(tmp_path), compute, drawn(terminal))) as outcomes:
        next(outcomes)
        assert SHOWN not in terminal.getvalue()
    assert SHOWN in terminal.getvalue()


def test_a_note_stands_above_the_bars_as_it_is(terminal: Terminal, tmp_path: Path) -> None:
    """Square brackets are no markup in it, and a long one is not broken."""
    text = "cells/[bold]/pool " + 30 * "is made again "
    told = drawn(terminal)
    with told.begin(pools(), Store(tmp_path)):
        told.note(text)
    assert f"mechshift: {text}" in terminal.getvalue()


def test_what_a_caller_prints_stays_on_stdout(
    terminal: Terminal, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with drawn(terminal).begin(pools(), Store(tmp_path)):
        print("a result")
    assert capsys.readouterr().out == "a result\n"


ENDED = """
import signal, sys, time
from pathlib import Path
from build.runs import make_plan
from mechshift.benchmark.record.protocol import QUICK
from mechshift.benchmark.run.bars import Bars
from mechshift.benchmark.run.execution import execute
from mechshift.benchmark.run.store import Store
from rich.console import Console

def compute(cell, needs, tell):
    with tell(100) as advance:
        print("under way", flush=True)
        time.sleep(60)

# As the command line does it.
signal.signal(signal.SIGTERM, signal.default_int_handler)
try:
    told = Bars(Console(stderr=True, force_terminal=True, force_interactive=True))
    list(execute(make_plan(wanted=["pool"]), QUICK, Store(Path(sys.argv[1])), compute, told))
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_a_run_that_is_terminated_puts_its_bars_away(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDED, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "under way\n"
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.count(HIDDEN) == told.count(SHOWN) == 1
    assert "Traceback" not in told


def test_what_is_quick_says_nothing_and_what_is_slow_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    announce = announce_when_slow(3)
    announce("one")
    now = 102.9
    announce("two")
    assert capsys.readouterr().err == ""
    now = 103.0
    announce("three")
    assert capsys.readouterr() == ("", "three\n")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a\x1b[31mX\n::error::hi", r"a\x1b[31mX\n::error::hi"),
        ("::error::hi", ": :error::hi"),
        ("a\r##[group]b", r"a\r# #[group]b"),
    ],
)
def test_a_name_in_an_announced_line_is_no_command(
    name: str, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    announce_when_slow(0)(f"{name}: computing again …")
    assert capsys.readouterr().err == f"{written}: computing again …\n"


def test_a_name_in_a_note_is_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    Silent().note("\x1b[2J\n##[error]b")
    assert capsys.readouterr().err == "mechshift: \\x1b[2J\\n# #[error]b\n"
