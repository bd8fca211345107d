"""The command `mechshift robustness`: how far numbers and verdicts move when one thing is done otherwise."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError, unknown
from ...files import RESULTS
from .options import JsonOption, of_machine, of_output, of_work, placed, resolved, with_pair
from .output import print_json, print_text, width
from .run import asked_tasks, load_asked, names_of

if TYPE_CHECKING:
    from ...tasks import Task
    from ..forecast.before import Asked
    from ..pairs.options import PairOptions
    from ..pairs.spec import PairSpec
    from ..record.protocol import Protocol
    from ..record.robustness import Robustness, VariedKind


@with_pair()
def robustness(
    options: "PairOptions",
    subject: Annotated[
        str | None,
        typer.Argument(
            metavar="RECORD-or-PAIR",
            help="A record with its cells (also a run's folder with one, or a submission), or a pair as "
            "--pair takes it.",
        ),
    ] = None,
    protocol: Annotated[
        str | None, of_work(help="Of a pair: the protocol to vary; by default quick.")
    ] = None,
    suite: Annotated[str | None, of_work(help="Of a pair: tasks; local, planning, paper or all.")] = None,
    task: Annotated[list[str] | None, of_work(help="Of a pair: a task; may be given several times.")] = None,
    only: Annotated[
        list[str] | None,
        of_work(metavar="KIND", help="What to vary, such as budget; may be given several times."),
    ] = None,
    batch: Annotated[
        int | None, of_machine(min=1, help="Token rows at once, as for `mechshift run`.")
    ] = None,
    workers: Annotated[
        int | None, of_machine(min=1, help="Processes that share the work, as for `mechshift run`.")
    ] = None,
    dry_run: Annotated[
        bool, of_machine("--dry-run", help="Of a pair: print what would be varied, and compute nothing.")
    ] = False,
    out: Annotated[
        Path | None, of_output(help="Of a pair: where cells, the record and its variations are kept.")
    ] = None,
    quiet: Annotated[bool, of_output("--quiet", help="Show no progress, only warnings and errors.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Vary one thing at a time: prompts, templates, sizes, weightings, and what models of a pair run for.

    What comes of it is kept beside the record, and `mechshift show` and `mechshift verdict` tell it. The same
    command again does only what is missing.

    Example: mechshift robustness mechshift-results/tiny-quick.json --only prompts --only templates

    Example: mechshift robustness tiny --protocol quick --task ioi --task countdown --dry-run
    """
    from ..record.protocol import get_protocol
    from ..robustness.text import robustness_text, robustness_values

    kinds = _kinds(only)
    if (record := _record(subject)) is not None:
        given = {"--protocol": protocol, "--suite": suite, "--task": task, "--out": out}
        _check_of_record(options, {**given, "--batch": batch, "--workers": workers, "--dry-run": dry_run})
        found = _of_record(record, kinds, quiet)
    else:
        chosen, tasks = get_protocol(protocol or "quick"), asked_tasks(suite, task)
        spec, folder = resolved(_named(options, subject)), out or RESULTS
        asked = _asked(spec, chosen, tasks, options, batch, workers)
        if dry_run:
            _print_plan(asked, folder, kinds, as_json)
            return
        found = _of_pair(asked, options.accept_behaviour, folder, kinds, quiet)
    if as_json:
        print_json(robustness_values(found))
    else:
        print_text(robustness_text(found, width()))


def _kinds(only: list[str] | None) -> "frozenset[VariedKind] | None":
    from ..record.robustness import VARIED_KINDS

    if not only:
        return None
    for name in only:
        if name not in VARIED_KINDS:
            raise unknown("kind of variation", name, VARIED_KINDS)
    return frozenset(kind for kind in VARIED_KINDS if kind in only)


def _record(subject: str | None) -> Path | None:
    """The place of a record, where what is named is one; None for a pair."""
    if subject is None or subject.endswith(".toml") or ".toml:" in subject:
        return None
    # A misspelt file is told as a file, and not as a pair that is not known.
    is_file = Path(subject).exists() or subject.endswith((".json", ".json.gz", ".zip"))
    return Path(subject) if is_file else None


def _check_of_record(options: "PairOptions", given: dict[str, object]) -> None:
    """Raises UsageError for what is said of a pair beside a record, which has its own."""
    from ..pairs.options import PairOptions
    from ..pairs.words import Words

    names = ("pair", "arm", "mdm", "device", "device_map")
    own = {Words.COMMAND_LINE.option(name): getattr(options, name) for name in names}
    said = [name for name, value in {**own, **given}.items() if value]
    if said or options != PairOptions():
        raise UsageError(
            f"{said[0] if said else 'an option of a pair'} is of a pair, and a record was named",
            "name the pair to run models, or the record alone to vary what its cells allow",
        )


def _named(options: "PairOptions", subject: str | None) -> "PairOptions":
    if subject is None:
        return options
    if options.pair is not None:
        raise UsageError(f"{subject} and --pair both name a pair", "give one of them")
    return replace(options, pair=subject)


def _asked(
    spec: "PairSpec",
    protocol: "Protocol",
    tasks: "tuple[Task, ...] | None",
    options: "PairOptions",
    batch: int | None,
    workers: int | None,
) -> "Asked":
    from ..forecast.before import Asked
    from ..run.assembly import as_asked

    # Whether the tasks are of the protocol's versions is known before a model is.
    as_asked(protocol, names_of(tasks), None)
    return Asked(spec, protocol, tasks, None, batch, workers, placed(options), options.offline)


def _of_record(place: Path, kinds: "frozenset[VariedKind] | None", quiet: bool) -> "Robustness":
    from ..robustness.of_record import vary_record
    from ..run.progress import announce_nothing, announce_when_slow

    return vary_record(place, kinds, announce_nothing if quiet else announce_when_slow())


def _of_pair(
    asked: "Asked", accept_behaviour: bool, out: Path, kinds: "frozenset[VariedKind] | None", quiet: bool
) -> "Robustness":
    from ..robustness.of_pair import vary_pair
    from ..run.progress import announce_nothing, announce_when_slow, choose_progress

    pair, fits = load_asked(asked, accept_behaviour, out)
    announce = announce_nothing if quiet else announce_when_slow()
    names, progress = names_of(asked.tasks), choose_progress(quiet)
    return vary_pair(pair, asked.protocol, out, names, kinds, fits.rows, progress, fits.workers, announce)


def _print_plan(asked: "Asked", out: Path, kinds: "frozenset[VariedKind] | None", as_json: bool) -> None:
    from ..robustness.planned import plan_text, plan_variations_of

    planned = plan_variations_of(asked, out, kinds)
    if as_json:
        print_json([asdict(one) for one in planned])
    else:
        print_text(plan_text(planned, width()))
