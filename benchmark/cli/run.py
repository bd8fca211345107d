"""The command `mechshift run`: measure a pair, or say what that would take."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from ...errors import UsageError, one_line
from ...files import RESULTS
from .options import JsonOption, of_machine, of_output, of_work, placed, resolved, with_pair
from .output import flush, print_json, print_text, width

if TYPE_CHECKING:
    from ...tasks import Task
    from ..controlled.beside import Beside
    from ..controlled.run import ControlledRun
    from ..forecast.before import Asked, Fits
    from ..pairs.options import PairOptions
    from ..pairs.pair import Pair
    from ..pairs.spec import PairSpec
    from ..record.record import Record


@with_pair()
def run(
    options: "PairOptions",
    protocol: Annotated[
        str, of_work(help="What fixes every number (see `mechshift ls protocols`).")
    ] = "quick",
    suite: Annotated[str | None, of_work(help="Tasks: local, planning, paper or all.")] = None,
    task: Annotated[list[str] | None, of_work(help="A task; may be given several times.")] = None,
    level: Annotated[str | None, of_work(help="A difficulty that the tasks have.")] = None,
    control: Annotated[
        list[str] | None,
        of_work(
            help="A control of the pair, measured after it and held against it: a listed control pair, the "
            "checkpoint (directory or hub id) of the same ARM trained further without diffusion, a "
            "FILE.toml, or siblings for all that are listed; may be given several times."
        ),
    ] = None,
    line: Annotated[
        list[str] | None,
        of_work(
            help="A line beside the pair, which attributes nothing: arm-bidirectional, mdm-causal, or noise "
            "(noise:SEED); may be given several times."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        of_work(min=0, help="Another seed of the examples, for reruns; no board takes such a record."),
    ] = None,
    scores: Annotated[
        str | None,
        of_work(
            metavar="METHOD",
            help="What edges are scored by: eap-ig, eap, relp, gim or exact; by default the protocol's. No "
            "board takes another.",
        ),
    ] = None,
    selection: Annotated[
        str | None,
        of_work(
            metavar="ORDER",
            help="Which edges come first in circuits: absolute, positive, consistent or frequent; by default "
            "the protocol's. No board takes another.",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        of_machine(
            min=1,
            help="Token rows at once; by default 64 or as many as fit. It changes numbers by rounding only.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        of_machine(
            min=1,
            help="Processes of this machine that share the work; by default as many as help, one on an "
            "accelerator or for a wide model. No number depends on it.",
        ),
    ] = None,
    memory: Annotated[
        str | None,
        of_machine(
            metavar="SIZE",
            help="What a process may take of the memory where the model is, such as 2GB: less is done at "
            "once. With --dry-run of another machine too.",
        ),
    ] = None,
    probe: Annotated[
        float | None,
        of_machine(help="With --dry-run: measure this machine for so many seconds, to estimate the time."),
    ] = None,
    tflops: Annotated[
        float | None,
        of_machine(
            help="With --dry-run: the device does so many TFLOP a second, to estimate the time. What models "
            "reach is less than a card's peak."
        ),
    ] = None,
    dry_run: Annotated[
        bool, of_machine("--dry-run", help="Print what the run would do and need, and load no model.")
    ] = False,
    out: Annotated[Path, of_output(help="Where cells and the record are kept.")] = RESULTS,
    quiet: Annotated[bool, of_output("--quiet", help="Show no progress, only warnings and errors.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure a pair and print its row; without options the reference pair `tiny`, at a first look.

    The same command again does only what is missing. Given at the same time, on other machines too, to the
    same --out, it joins in.

    With controls the verdict on the pair stands below its row.

    Example: mechshift run --pair tiny --task ioi --task countdown

    Example: mechshift run --pair tiny --control tiny-continued --line noise

    Example: mechshift run --arm org/base --mdm org/diffusion --no-shift --protocol v2 --dry-run
    """
    from ..controlled.beside import find_beside
    from ..forecast.before import Asked
    from ..forecast.machine import parse_memory
    from ..pairs.ranks import this_rank
    from ..pairs.words import Words
    from ..record.protocol import get_protocol
    from ..run.assembly import as_asked

    chosen = get_protocol(protocol).varied(scores, selection, seed)
    tasks = asked_tasks(suite, task)
    # Whether the tasks have the level, and are of the protocol's versions, is known before a model is.
    as_asked(chosen, names_of(tasks), level)
    asked = Asked(
        resolved(options),
        chosen,
        tasks,
        level,
        batch,
        workers,
        placed(options),
        options.offline,
        None if memory is None else parse_memory(memory),
    )
    # Progress of one of those that a launcher has started tells of all.
    quiet = quiet or this_rank().number > 0
    beside = find_beside(asked.spec, options, control or (), line or (), Words.COMMAND_LINE)
    for name, reason in beside.left_out:
        print(one_line(f"control {name} is left out: {reason}"), file=sys.stderr)
    if dry_run:
        _print_dry_run(asked, beside.specs, out, probe, tflops, as_json)
        return
    if probe is not None:
        raise UsageError("--probe measures this machine for a forecast", "give it with --dry-run")
    if tflops is not None:
        raise UsageError("--tflops states a speed for a forecast", "give it with --dry-run")
    if beside.specs:
        found = _measure_with_controls(asked, beside, options.accept_behaviour, out, quiet)
        if not this_rank().number:
            _print_controlled(found, out, as_json)
        return
    record = _measure(asked, options.accept_behaviour, out, quiet)
    if this_rank().number:
        return  # the first of those that a launcher has started prints the same
    if as_json:
        print(record.model_dump_json(indent=1))
        return
    _print_row(record, out)
    if not asked.spec.control:
        _print_no_control(asked.spec, options)


def _measure(asked: "Asked", accept_behaviour: bool, out: Path, quiet: bool) -> "Record":
    """The record, its cells kept in `out`."""
    from ..run.progress import choose_progress
    from ..run.run import run as measure

    pair, fits = load_asked(asked, accept_behaviour, out)
    names, progress = names_of(asked.tasks), choose_progress(quiet)
    return measure(pair, asked.protocol, out, names, asked.level, fits.rows, progress, fits.workers)


def load_asked(asked: "Asked", accept_behaviour: bool, out: Path) -> "tuple[Pair, Fits]":
    """The pair, and how its run fits; whatever can be refused is refused before weights are loaded."""
    from ..admission.load import load_pair
    from ..forecast.before import what_fits
    from ..run.allocation import give_back_freed_memory
    from ..run.store import check_writable

    # Everything that can be refused without a model comes before loading, which can take minutes.
    check_writable(out)
    give_back_freed_memory(asked.memory is not None)
    fits = what_fits(asked, out)
    return load_pair(asked.spec, asked.device, asked.offline, accept_behaviour, fits.limits), fits


def _measure_with_controls(
    asked: "Asked", beside: "Beside", accept_behaviour: bool, out: Path, quiet: bool
) -> "ControlledRun":
    """The records of all of them; what can be refused of any is refused before weights are loaded."""
    from ..controlled.run import Conditions, Room, run_with_controls
    from ..forecast.before import what_fits
    from ..run.allocation import give_back_freed_memory
    from ..run.progress import announce_nothing, announce_when_slow, choose_progress
    from ..run.store import check_writable

    check_writable(out)
    give_back_freed_memory(asked.memory is not None)
    each = [what_fits(replace(asked, spec=spec), out) for spec in (asked.spec, *beside.specs)]
    conditions = Conditions(
        asked.protocol,
        out,
        names_of(asked.tasks),
        asked.level,
        asked.device,
        asked.offline,
        accept_behaviour,
    )
    rooms = [Room(fits.rows, fits.workers, fits.limits) for fits in each]
    announce = announce_nothing if quiet else announce_when_slow()
    return run_with_controls(asked.spec, beside, conditions, rooms, choose_progress(quiet), announce)


def _print_row(record: "Record", out: Path) -> None:
    from ..run.record_file import record_path
    from ..tables.show import render

    print(render(record, width()))
    print(f"\nrecord: {record_path(out, record)}")


def _print_no_control(spec: "PairSpec", options: "PairOptions") -> None:
    from ..controlled.beside import why_no_control
    from ..pairs.words import Words
    from ..tables.layout import wrapped

    print_text(wrapped(why_no_control(spec, options, Words.COMMAND_LINE), width()))


def _print_controlled(found: "ControlledRun", out: Path, as_json: bool) -> None:
    """The pair's row, below it the verdict; or everything as one object."""
    from ..run.record_file import record_path
    from ..verdict.text import verdict_text, verdict_values

    beside = (*found.controls, *found.lines)
    if as_json:
        records = {
            "record": found.record.model_dump(mode="json"),
            "controls": [each.model_dump(mode="json") for each in found.controls],
            "lines": [each.model_dump(mode="json") for each in found.lines],
        }
        print_json({**records, "verdict": verdict_values(found.verdict)})
        return
    _print_row(found.record, out)
    for each in beside:
        print(f"{each.pair.second}: {record_path(out, each)}")
    print()
    print_text(verdict_text(found.verdict, width()))


def _print_dry_run(
    asked: "Asked",
    beside: "Sequence[PairSpec]",
    out: Path,
    probe: float | None,
    tflops: float | None,
    as_json: bool,
) -> None:
    """The report in any case; then the usual error where the run does not fit."""
    from ..forecast.before import dry_run
    from ..forecast.together import dry_runs

    speeds = probe, tflops
    found = dry_runs(asked, beside, out, *speeds) if beside else dry_run(asked, out, *speeds)
    if as_json:
        print_json(found.json())
    else:
        print(found.text())
    flush()
    found.check()


def asked_tasks(suite: str | None, names: list[str] | None) -> tuple["Task", ...] | None:
    """The tasks that --suite or --task name; None for all of the protocol's."""
    from ...tasks import get_suite, get_task

    if suite is not None and names:
        raise UsageError("--suite and --task both say which tasks to run", "give one of them")
    if names:
        return tuple(get_task(name) for name in dict.fromkeys(names))
    return get_suite(suite) if suite is not None else None


def names_of(tasks: "Sequence[Task] | None") -> list[str] | None:
    """What they are called; None for all of the protocol's."""
    return None if tasks is None else [task.card.name for task in tasks]
