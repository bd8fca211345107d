"""The command line: its commands, and the exit codes they end with. Results go to stdout, all else to stderr.

Exit codes: 0 done; 1 a check failed; 2 what was asked for is not there or contradicts itself; 3 no result,
or none that could be written; 130 interrupted, by Ctrl-C or by SIGTERM.
"""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Annotated, NoReturn

import typer

from ...errors import MechshiftError, NotComputable, defused, is_out_of_memory
from . import circuits, pair, tasks
from .check import check
from .compare import compare
from .export import export
from .leaderboard import leaderboard
from .ls import ls
from .output import flush
from .report import report
from .rescore import rescore
from .robustness import robustness
from .run import run
from .show import show
from .submit import submit
from .validate import validate
from .verdict import verdict

app = typer.Typer(
    name="mechshift",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    run,
    show,
    leaderboard,
    compare,
    check,
    verdict,
    robustness,
    report,
    rescore,
    submit,
    validate,
    export,
    ls,
    pair.check_pair,
):
    app.command(command.__name__.replace("_", "-"))(command)
for name, group in (("pair", pair.app), ("tasks", tasks.app), ("circuits", circuits.app)):
    app.add_typer(group, name=name)

INTERRUPTED = 130
"""By Ctrl-C or SIGTERM: either way the run stops as gently and goes on as well, so that one code tells it."""

_KEPT = "what is finished is kept, and the same command goes on from there"
"""Said of commands that run a pair alone: no other keeps anything."""

_LARGER = "use a machine with more"


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("mechshift"))
        raise typer.Exit


@app.callback()
def mechshift(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit."),
    ] = False,
) -> None:
    """Does an autoregressive model keep its mechanisms when it becomes a masked diffusion model?

    Example: mechshift run --task ioi
    """


def main() -> None:
    """Run the command line; every foreseen error is a message and an exit code, never a traceback."""
    # What a command imports stays until it ends. To look for cycles among all of it again and again while it
    # grows takes an eighth of a start; what is young is looked through as often as ever.
    gc.set_threshold(*gc.get_threshold()[:2], 100)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal's encoding has a Ĵ
    try:
        with _sigterm_interrupts():
            _run_app()
    except MechshiftError as error:
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        _end("interrupted" + (f"\n{_KEPT}" if _is_run() else ""), INTERRUPTED)
    except OSError as error:
        _end(_of_the_system(error), NotComputable.exit_code)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        # Not for a cell, whose error says more: a pair is too large, or a command that runs none.
        remedy = f"give --dtype bfloat16, or {_LARGER}; {_KEPT}" if _is_run() else _LARGER
        _end(f"out of memory\n{remedy}", NotComputable.exit_code)


def _of_the_system(error: OSError) -> str:
    """What is said where the system refused something that nothing here foresaw."""
    try:
        os.getcwd()
    except OSError:
        return "the working directory is not there any more\nchange to another one, and repeat the command"
    return f"{error}\nfree some space if a disk is full; else check that what is named can be used"


@contextmanager
def _sigterm_interrupts() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: what it is writing is taken away, what is done is kept."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_run() -> bool:
    """Whether the command line is that of a command that keeps cells, wherever in it the command failed."""
    return sys.argv[1:2] in (["run"], ["robustness"])


def _run_app() -> None:
    try:
        app()
    except SystemExit as ending:
        if ending.code == INTERRUPTED:  # typer's way with Ctrl-C, which says nothing
            raise KeyboardInterrupt from None
        raise
    finally:
        flush()


def _end(message: str, code: int) -> NoReturn:
    print(defused(f"mechshift: {message}"), file=sys.stderr)
    sys.exit(code)
