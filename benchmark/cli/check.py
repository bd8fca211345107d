"""The command `mechshift check`: whether a record is worse than an earlier one; and what reruns come to."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...errors import NotComputable, UsageError, one_line
from .compare import IndependentOption
from .options import JsonOption, of_check, of_output
from .reports import Checked, ReportOption, check_reports, report_findings


def check(
    records: Annotated[
        list[Path],
        typer.Argument(
            metavar="NEW", help="The record to check; with --calibrate the records of all reruns."
        ),
    ],
    against: Annotated[
        Path | None, of_check(metavar="OLD", help="The record that NEW should be no worse than.")
    ] = None,
    tolerances: Annotated[
        Path | None, of_check(metavar="FILE.toml", help="How far reruns lie apart, from --calibrate.")
    ] = None,
    calibrate: Annotated[
        bool, of_check("--calibrate", help="Measure how far reruns of a pair lie apart, and write it to -o.")
    ] = False,
    rate: Annotated[
        float | None,
        of_check(help="With --calibrate: how likely any false alarm of a check may be; by default 0.05."),
    ] = None,
    independent: IndependentOption = False,
    out: Annotated[
        Path | None, of_output("--out", "-o", metavar="FILE.toml", help="Where --calibrate writes.")
    ] = None,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a record against an earlier one; ends with exit code 1 where any watched quantity is worse.

    Example: mechshift check after/tiny-quick.json --against before/tiny-quick.json --tolerances tiny.toml

    Example: mechshift check --calibrate reruns/tiny-quick-seed-*.json -o tiny.toml
    """
    if calibrate:
        if against or tolerances or report or independent:
            raise UsageError(
                "--calibrate measures reruns and checks no record", "give it records, -o and no other option"
            )
        _calibrate(records, rate, out)
        return
    if rate is not None or out is not None:
        raise UsageError("--rate and --out are for --calibrate", "give them with --calibrate")
    if against is None or len(records) != 1:
        raise UsageError(
            "a check is of one record against another", "write: mechshift check NEW --against OLD"
        )
    check_reports(report)
    _check(records[0], against, tolerances, independent, report, as_json)


def _check(
    new: Path,
    old: Path,
    tolerances: Path | None,
    independent: bool,
    report: list[Path] | None,
    as_json: bool,
) -> None:
    from ..contrast.regression import check_record
    from ..contrast.tolerances import read_tolerances
    from ..run.progress import announce_when_slow

    measured = None if tolerances is None else read_tolerances(tolerances)
    found = check_record(new, old, measured, not independent, announce_when_slow())
    for note in found.notes:
        print(one_line(note), file=sys.stderr)
    if not found.tests and not found.findings:
        raise NotComputable(
            f"no value of {new} can be tested against {old}: too few reruns are left to judge by",
            "calibrate on ten or more reruns, of seeds that neither record has",
        )
    subject = f"{found.comparison.b.name} against {found.comparison.a.name}"
    print(found.summary, file=sys.stderr)
    report_findings(found.findings, Checked(subject, found.checks), report, as_json)


def _calibrate(records: list[Path], rate: float | None, out: Path | None) -> None:
    from ..contrast.tolerances import calibrate, write_tolerances

    if out is None:
        raise UsageError("--calibrate writes a file", "name it: -o FILE.toml")
    if rate is not None and not 0 < rate < 0.5:
        raise UsageError(f"--rate {rate:g} is no rate of false alarms", "choose one above 0 and below 0.5")
    found = calibrate(records, 0.05 if rate is None else rate)
    write_tolerances(found, out)
    about = f"{len(found.reruns)} reruns of {found.pair.name}, {len(list(found.spreads()))} values each"
    print(one_line(f"{out}: {about}"))
