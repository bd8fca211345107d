"""The command line: parses, calls, prints. Results go to stdout, progress and errors to stderr."""

import json
import os
import sys
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ...errors import MechshiftError, NotComputable, UsageError, is_out_of_memory
from ..run.termination import EXIT_CODE, Terminated, heeding_termination
from . import circuits as interchanging
from . import pair as inspecting
from . import tasks as exporting
from .declaring import pair_spec
from .options import (
    ArmOption,
    ArmRevisionOption,
    AttentionOption,
    ControlOption,
    DeviceOption,
    JsonOption,
    MaskTokenOption,
    MdmOption,
    OfflineOption,
    PairOption,
    RevisionOption,
    ShiftOption,
)
from .rescore import rescore

if TYPE_CHECKING:
    from ...tasks import Task
    from ..forecast.before import Asked
    from ..record.protocol import Protocol

app = typer.Typer(
    name="mechshift",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(exporting.app, name="tasks")
app.add_typer(interchanging.app, name="circuits")
app.add_typer(inspecting.app, name="pair")
app.command("check-pair")(inspecting.check_pair)
app.command("rescore")(rescore)

INTERRUPTED = 130


class Listing(StrEnum):
    """What `mechshift ls` can list."""

    tasks = "tasks"
    pairs = "pairs"
    protocols = "protocols"
    reported = "reported"


class Dtype(StrEnum):
    """At which precision weights are loaded."""

    float32 = "float32"
    bfloat16 = "bfloat16"
    float16 = "float16"


class Format(StrEnum):
    """How a table is written."""

    text = "text"
    github = "github"
    latex = "latex"
    csv = "csv"


OUT = Path("mechshift-results")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("mechshift"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and end."),
    ] = False,
) -> None:
    """Does an autoregressive model keep its mechanisms when it becomes a masked diffusion model?"""


@app.command()
def run(
    pair: PairOption = None,
    arm: ArmOption = None,
    mdm: MdmOption = None,
    shift: ShiftOption = None,
    attention: AttentionOption = None,
    control: ControlOption = None,
    mask_token: MaskTokenOption = None,
    revision: RevisionOption = None,
    arm_revision: ArmRevisionOption = None,
    protocol: Annotated[
        str, typer.Option(help="What fixes every number (see `mechshift ls protocols`).")
    ] = "quick",
    suite: Annotated[str | None, typer.Option(help="Tasks: local, planning, paper or all.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="One task; may be given several times.")] = None,
    level: Annotated[str | None, typer.Option(help="A difficulty that the tasks have.")] = None,
    out: Annotated[Path, typer.Option(help="Where cells and the record are kept.")] = OUT,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1, help="Token rows at once; 64 or as many as fit if left out. No number depends on it."
        ),
    ] = None,
    device: DeviceOption = None,
    offline: OfflineOption = False,
    accept_behaviour: Annotated[
        bool,
        typer.Option(
            "--accept-behaviour",
            help="Run although the MDM fills gaps better in another way than declared; the record says so.",
        ),
    ] = False,
    dtype: Annotated[
        Dtype | None, typer.Option(help="Precision of both members' weights; as stored if left out.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would be run and needed, and load nothing.")
    ] = False,
    memory: Annotated[
        float | None, typer.Option(help="With --dry-run: GB of the device of another machine.")
    ] = None,
    probe: Annotated[
        float | None,
        typer.Option(help="With --dry-run: seconds to measure this machine for, to tell a run's time."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show no progress, but notes and errors.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a pair and print its row; without options the reference pair `tiny`, at a first look.

    The same command again does only what is missing.
    """
    from ..record.protocol import get_protocol

    chosen = get_protocol(protocol)
    tasks = _tasks(suite, task)
    _check_levels(tasks, chosen, level)
    spec = pair_spec(
        pair,
        arm,
        mdm,
        shift=shift,
        attention=attention,
        mask_token=mask_token,
        control=control,
        revision=revision,
        arm_revision=arm_revision,
    )
    if dtype is not None:
        from ..pairs.spec import at_precision

        spec = at_precision(spec, dtype.value)
    from ..forecast.before import Asked, rows_that_fit

    asked = Asked(spec, chosen, tasks, level, batch, device, offline)
    if dry_run:
        _print_dry_run(asked, memory, out, probe, as_json)
        return
    if memory is not None:
        raise UsageError("--memory asks about another machine", "give it with --dry-run")
    if probe is not None:
        raise UsageError("--probe measures this machine for a forecast", "give it with --dry-run")
    from ..admission.load import load_pair
    from ..run.allocation import choose_threads, give_back_freed_memory
    from ..run.progress import choose_progress
    from ..run.run import record_path
    from ..run.run import run as measure
    from ..run.store import check_writable

    check_writable(out)
    give_back_freed_memory()
    rows = rows_that_fit(asked)
    loaded = load_pair(spec, device, offline, accept_behaviour)
    choose_threads(loaded.arm.device, loaded.arm.backbone.shape.width)
    names = None if tasks is None else [task.card.name for task in tasks]
    record = measure(loaded, chosen, out, names, level, rows, choose_progress(quiet))
    if as_json:
        print(record.model_dump_json(indent=1))
        return
    from ..tables.show import render

    print(render(record))
    print(f"\nrecord: {record_path(out, record)}")


def _print_dry_run(
    asked: "Asked", memory: float | None, out: Path, probe: float | None, as_json: bool
) -> None:
    """The report in any case; then the usual error where the run does not fit."""
    from ..forecast.before import dry_run

    found = dry_run(asked, memory, out, probe)
    print(json.dumps(found.json(), indent=1, ensure_ascii=False) if as_json else found.text())
    _flush()
    found.check()


@app.command()
def show(
    record: Annotated[Path, typer.Argument(help="A record that `mechshift run` wrote.")],
    plots: Annotated[Path | None, typer.Option(help="Also write one SVG per task to this folder.")] = None,
    style: Annotated[
        Format, typer.Option("--format", help="How the table is written; all but text give the tasks only.")
    ] = Format.text,
    as_json: JsonOption = False,
) -> None:
    """Print a record: its row, a table per task, reasons for what is missing."""
    if as_json and style.value != "text":
        raise UsageError(f"--json and --format {style.value} both say how to print", "give one of them")
    from ..record.files import read_model
    from ..record.types import Record

    found = read_model(record, Record)
    if plots is not None:
        from ..tables.plots import write_plots

        for path in write_plots(found, plots):
            print(f"wrote {path}", file=sys.stderr)
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    from ..tables.show import render
    from ..tables.table import task_table

    print(render(found) if style.value == "text" else task_table(found, style.value))


@app.command()
def leaderboard(
    directory: Annotated[Path, typer.Argument(help="A folder of records.")],
    style: Annotated[Format, typer.Option("--format", help="How the table is written.")] = Format.text,
    protocol: Annotated[
        str | None,
        typer.Option(help="Only records of this protocol; paper: their overlaps beside reported ones."),
    ] = None,
) -> None:
    """Print a row for each record of a folder, the largest task-dependent shift first."""
    from ..board.table import board_table

    print(board_table(directory, protocol, style.value))


@app.command()
def ls(
    what: Annotated[Listing, typer.Argument(help="tasks, pairs, protocols or reported")],
    as_json: JsonOption = False,
) -> None:
    """List the tasks with their cards, the named pairs, the protocols, or numbers that others reported."""
    from ..tables import listing

    describe = {
        Listing.tasks: listing.describe_tasks,
        Listing.pairs: listing.describe_pairs,
        Listing.protocols: listing.describe_protocols,
        Listing.reported: listing.describe_reported,
    }
    rows = describe[what]()
    written = listing.pairs_table if what is Listing.pairs else listing.table
    print(json.dumps(rows, indent=1, ensure_ascii=False) if as_json else written(rows))


def main() -> None:
    """Run the command line; every foreseen error is a message and an exit code, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # not every terminal's encoding has a Ĵ
    try:
        with heeding_termination():
            _run_app()
    except MechshiftError as error:
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        _end("interrupted; the same command goes on where this one stopped", INTERRUPTED)
    except Terminated:
        _end("terminated; the same command goes on where this one stopped", EXIT_CODE)
    except OSError as error:
        _end(f"{error}\nmake room, or choose a place that can be read and written", NotComputable.exit_code)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        _end(
            "the memory does not suffice\nuse a smaller --batch; what is done is kept",
            NotComputable.exit_code,
        )


def _run_app() -> None:
    try:
        app()
    except SystemExit as ending:
        if ending.code == INTERRUPTED:  # typer's way with Ctrl-C, which says nothing
            raise KeyboardInterrupt from None
        raise
    finally:
        _flush()


def _flush() -> None:
    """Results that cannot be printed are an error now; at exit the interpreter would only grumble."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


def _end(message: str, code: int) -> NoReturn:
    print(f"mechshift: {message}", file=sys.stderr)
    sys.exit(code)


def _tasks(suite: str | None, names: list[str] | None) -> tuple["Task", ...] | None:
    from ...tasks import get_suite, get_task

    if suite is not None and names:
        raise UsageError("--suite and --task both say which tasks to run", "give one of them")
    if names:
        return tuple(get_task(name) for name in dict.fromkeys(names))
    return get_suite(suite) if suite is not None else None


def _check_levels(tasks: tuple["Task", ...] | None, protocol: "Protocol", level: str | None) -> None:
    """Find out before a model is loaded that a task lacks the level, or is of another version."""
    from ..run.assembly import as_asked

    as_asked(protocol, None if tasks is None else [task.card.name for task in tasks], level)
