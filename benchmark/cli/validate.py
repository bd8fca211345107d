"""The command `mechshift validate`: every check of a submission; with --rerun also against the weights."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError, one_line
from .options import JsonOption, of_check, of_machine, of_output, placed
from .reports import Checked, ReportOption, check_reports, report_findings

if TYPE_CHECKING:
    from ..findings.finding import Finding
    from ..rerun.submission import RerunRequest
    from ..submission.attesting import Attesting


def validate(
    submission: Annotated[
        Path,
        typer.Argument(
            metavar="SUBMISSION-or-BOARD",
            help="A submission (a folder, or its zip archive), or a board.",
        ),
    ],
    unofficial: Annotated[
        bool,
        of_check(
            "--unofficial",
            help="Also take a protocol that no board takes, and a record that is not all of its protocol.",
        ),
    ] = False,
    rerun: Annotated[
        int | None,
        of_check(metavar="N", help="Also compute N cells, drawn at random, again from the weights."),
    ] = None,
    pair: Annotated[
        str | None,
        of_check(help="With --rerun: the pair, by name or FILE.toml; by default that of the record's name."),
    ] = None,
    seed: Annotated[
        int | None, of_check(help="With --rerun: draw the cells with this seed, and not at random.")
    ] = None,
    device: Annotated[
        str | None, of_machine(help="With --rerun: where to run; by default an accelerator, if there is one.")
    ] = None,
    device_map: Annotated[
        str | None,
        of_machine(metavar="MAP", help="With --rerun: spread layers over several devices, as `run` does."),
    ] = None,
    offline: Annotated[
        bool, of_machine("--offline", help="Do not use the network: hub models come from the cache.")
    ] = False,
    attest: Annotated[
        Path | None,
        of_output(metavar="BOARD", help="Write an attestation to this board if every cell agrees."),
    ] = None,
    by: Annotated[str | None, of_output(metavar="NAME", help="With --attest: who attests it.")] = None,
    sign: Annotated[
        Path | None, of_output(metavar="KEY", help="With --attest: sign it with this SSH key.")
    ] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a submission, compute every number of it again from its cells, and print all that is wrong.

    Of a board all submissions are checked, those that came as archives too, and the attestations beside them.

    Nothing in it is trusted. No model is loaded unless --rerun asks for it. Ends with exit code 1 where
    anything is wrong, and 3 where it cannot be read at all. On GitHub the findings become annotations and the
    summary of the step.

    Example: mechshift validate board/2026-11-29-tiny-v2 --report findings.xml

    Example: mechshift validate board/2026-11-29-tiny-v2 --rerun 4

    Example: mechshift validate board
    """
    check_reports(report)
    _check_options(rerun, attest, by, {"--pair": pair, "--seed": seed, "--attest": attest, "--sign": sign})
    asked = _attesting(submission, attest, by, sign)
    checks, findings = _check(submission, unofficial, rerun is not None)
    if rerun is not None and findings:
        print("mechshift: no cell was computed again, as the submission is not valid", file=sys.stderr)
    elif rerun is not None:
        from ..pairs.options import PairOptions
        from ..rerun.submission import RerunRequest

        place = placed(PairOptions(device=device, device_map=device_map))
        request = RerunRequest(rerun, pair, seed, asked is not None, place, offline)
        checks, findings = (*checks, "rerun"), _rerun(submission, request, asked)
    marked = submission if submission.is_dir() else None
    report_findings(findings, Checked(str(submission), checks, marked), report, as_json)


def _attesting(submission: Path, board: Path | None, by: str | None, key: Path | None) -> "Attesting | None":
    """What is to be attested. Prepared before the checks, so that what is attested is what was checked."""
    if board is None or by is None:
        return None
    from ..submission.attesting import prepare_attestation

    return prepare_attestation(submission, board, by, key)


def _check(place: Path, unofficial: bool, rerun: bool) -> tuple[tuple[str, ...], tuple["Finding", ...]]:
    """The names of the checks of a submission or a board, and what they found."""
    from ..board.validation import BOARD_CHECKS, is_board, validate_board
    from ..run.progress import announce_when_slow
    from ..validation.validate import CHECKS
    from ..validation.validate import validate as check

    if not is_board(place):
        return CHECKS, check(place, unofficial, announce_when_slow())
    if rerun:
        raise UsageError("--rerun is of one submission, and this is a board", "name one of its submissions")
    return BOARD_CHECKS, validate_board(place, unofficial, announce_when_slow())


def _check_options(
    rerun: int | None, attest: Path | None, by: str | None, of_rerun: dict[str, object]
) -> None:
    """Raises UsageError for options of a rerun without one, and for an attestation that names nobody."""
    given = [name for name, value in of_rerun.items() if value is not None]
    if rerun is None and given:
        raise UsageError(f"{given[0]} is about cells that are computed again", "give --rerun N with it")
    if (attest is None) != (by is None):
        raise UsageError("an attestation says who made it", "give --attest BOARD and --by NAME together")
    if attest is not None and of_rerun["--seed"] is not None:
        raise UsageError(
            "a draw with --seed could be known beforehand",
            "leave out one of --seed and --attest",
        )
    if attest is None and of_rerun["--sign"] is not None:
        raise UsageError("--sign signs an attestation", "give --attest BOARD with it")


def _rerun(submission: Path, request: "RerunRequest", asked: "Attesting | None") -> tuple["Finding", ...]:
    from ..rerun.submission import attest, rerun_findings, rerun_submission, told_deviation

    record, found = rerun_submission(
        submission, request, lambda cell: print(f"{cell.task.name}: {cell.name}", file=sys.stderr)
    )
    for cell in found.cells:
        print(one_line(f"{cell.task} {cell.name}: {told_deviation(cell)}"), file=sys.stderr)
    findings = rerun_findings(found)
    if asked is not None and not findings:
        unsigned = "" if asked.key else "; it counts once a key of allowed_signers has signed it"
        print(f"wrote {attest(asked, record, found)}{unsigned}", file=sys.stderr)
    return findings
