"""The command line: parses, calls, prints. Results go to stdout, progress and errors to stderr."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import MechshiftError, UsageError

if TYPE_CHECKING:
    from ..tasks import Task
    from .pairs.spec import PairSpec

app = typer.Typer(
    name="mechshift",
    help="Does an autoregressive model keep its mechanisms when it becomes a masked diffusion model?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

INTERRUPTED = 130


class Listing(StrEnum):
    """What `mechshift ls` can list."""

    tasks = "tasks"
    pairs = "pairs"
    protocols = "protocols"


class Format(StrEnum):
    """How a table is written."""

    text = "text"
    github = "github"
    latex = "latex"
    csv = "csv"


OUT = Path("mechshift-results")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


@app.command()
def run(
    pair: Annotated[str | None, typer.Option(help="A pair by name (see `mechshift ls pairs`).")] = None,
    arm: Annotated[str | None, typer.Option(help="The ARM: a directory or a hub id.")] = None,
    mdm: Annotated[
        str | None, typer.Option(help="The MDM post-trained from it: a directory or a hub id.")
    ] = None,
    shift: Annotated[
        bool, typer.Option(help="Whether the MDM's logits for a token are read one position before.")
    ] = True,
    attention: Annotated[str, typer.Option(help="The MDM's attention: full, causal or block:SIZE.")] = "full",
    mask_token: Annotated[str | None, typer.Option(help="The mask token: its text or id.")] = None,
    protocol: Annotated[
        str, typer.Option(help="What fixes every number (see `mechshift ls protocols`).")
    ] = "quick",
    suite: Annotated[str | None, typer.Option(help="Tasks: local, planning, paper or all.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="One task; may be given several times.")] = None,
    level: Annotated[str | None, typer.Option(help="A difficulty that the tasks have.")] = None,
    out: Annotated[Path, typer.Option(help="Where cells and the record are kept.")] = OUT,
    batch: Annotated[int, typer.Option(min=1, help="Token rows at once; no number depends on it.")] = 64,
    device: Annotated[
        str | None, typer.Option(help="Where to run; by default the accelerator, if there is one.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a pair and print its row; without options the reference pair `tiny`, at a first look.

    The same command again does only what is missing.
    """
    from .protocol import get_protocol

    chosen = get_protocol(protocol)
    tasks = _tasks(suite, task)
    _check_writable(out)
    from .pairs.loading import load_pair
    from .progress import for_terminal
    from .run import record_path
    from .run import run as measure

    loaded = load_pair(_pair_spec(pair, arm, mdm, shift, attention, mask_token), device)
    record = measure(loaded, chosen, out, tasks, level, batch, for_terminal())
    if as_json:
        print(record.model_dump_json(indent=1))
        return
    from .leaderboard.show import render

    print(render(record))
    print(f"\nrecord: {record_path(out, loaded, chosen)}")


@app.command()
def show(
    record: Annotated[Path, typer.Argument(help="A record that `mechshift run` wrote.")],
    plots: Annotated[Path | None, typer.Option(help="Also write one SVG per task to this folder.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a record: its row, a table per task, reasons for what is missing."""
    from .record import Record
    from .store import read_model

    found = read_model(record, Record)
    if plots is not None:
        from .leaderboard.plots import write_plots

        for path in write_plots(found, plots):
            print(f"wrote {path}", file=sys.stderr)
    if as_json:
        print(found.model_dump_json(indent=1))
        return
    from .leaderboard.show import render

    print(render(found))


@app.command()
def leaderboard(
    directory: Annotated[Path, typer.Argument(help="A folder of records.")],
    style: Annotated[Format, typer.Option("--format", help="How the table is written.")] = Format.text,
) -> None:
    """Print a row for each record of a folder, the largest task-dependent shift first."""
    from .leaderboard.board import read_board
    from .leaderboard.table import row_table

    print(row_table(read_board(directory), style.value))


@app.command()
def ls(
    what: Annotated[Listing, typer.Argument(help="tasks, pairs or protocols")],
    as_json: JsonOption = False,
) -> None:
    """List the tasks with their cards, the named pairs, or the protocols."""
    from .listing import describe_pairs, describe_protocols, describe_tasks, table

    rows = {"tasks": describe_tasks, "pairs": describe_pairs, "protocols": describe_protocols}[what.value]()
    print(json.dumps(rows, indent=1, ensure_ascii=False) if as_json else table(rows))


def main() -> None:
    """Run the command line; every foreseen error is a message and an exit code, never a traceback."""
    try:
        app()
    except MechshiftError as error:
        print(f"mechshift: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("mechshift: interrupted; the same command goes on where this one stopped", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _tasks(suite: str | None, names: list[str] | None) -> tuple["Task", ...] | None:
    from ..tasks import get_suite, get_task

    if suite is not None and names:
        raise UsageError("--suite and --task both say which tasks to run", "give one of them")
    if names:
        return tuple(get_task(name) for name in dict.fromkeys(names))
    return get_suite(suite) if suite is not None else None


def _pair_spec(
    pair: str | None, arm: str | None, mdm: str | None, shift: bool, attention: str, mask_token: str | None
) -> "PairSpec":
    from .pairs.registry import get_pair
    from .pairs.spec import declare_pair

    if arm is None and mdm is None:
        return get_pair(pair or "tiny")
    if pair is not None:
        raise UsageError("--pair names a listed pair and --arm/--mdm another", "give one or the other")
    if arm is None or mdm is None:
        missing = "--arm" if arm is None else "--mdm"
        raise UsageError(f"a pair has two members and {missing} is missing", "give both --arm and --mdm")
    return declare_pair(arm, mdm, shift=shift, attention=attention, mask_token=mask_token)


def _check_writable(out: Path) -> None:
    """Find out before any work is done that results cannot be kept."""
    from ..files import replacing

    with replacing(out / "cells" / ".writable") as partial:
        partial.write_bytes(b"mechshift")
    (out / "cells" / ".writable").unlink(missing_ok=True)
