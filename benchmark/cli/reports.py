"""How commands that check something tell what they found: on stdout, in files, and to GitHub."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import OutputError, UsageError, one_line
from ...files import refused, write_text
from .options import of_output
from .output import print_json

if TYPE_CHECKING:
    from ..findings.finding import Finding

FORMATS = (".xml", ".json", ".md")

ReportOption = Annotated[
    list[Path] | None,
    of_output(
        metavar="FILE",
        help="Also write findings to a file: JUnit XML (.xml), JSON (.json) or Markdown (.md); repeatable.",
    ),
]


@dataclass(frozen=True)
class Checked:
    """What was checked, by which checks, and where it lies.

    `marked`: the folder (or file) that places are below, which annotations on GitHub mark; None where no file
    is to be marked.
    """

    subject: str
    checks: Sequence[str]
    marked: Path | None = None


def check_reports(files: Sequence[Path] | None) -> None:
    """Raises UsageError for a report of no known format, before any work is done for it."""
    for file in files or ():
        if file.suffix.lower() not in FORMATS:
            raise UsageError(
                f"--report {file}: a report is JUnit XML, JSON or Markdown", f"end it in {', '.join(FORMATS)}"
            )


def report_findings(
    findings: Sequence["Finding"],
    checked: Checked,
    files: Sequence[Path] | None,
    as_json: bool,
    environment: Mapping[str, str] = os.environ,
) -> None:
    """Print findings and write the reports; within GitHub's actions also its summary and its annotations.

    Ends the command with exit code 1 where there is a finding. Raises OutputError where a file cannot be
    written.
    """
    from ..findings.text import as_text, as_values

    for file in files or ():
        write_text(file, _report(file.suffix.lower(), findings, checked))
    _report_to_github(findings, checked, environment)
    if as_json:
        print_json(as_values(findings))
    elif findings:
        print(as_text(findings))
        print(f"{len(findings)} finding{'s' * (len(findings) > 1)} in {one_line(checked.subject)}")
    else:
        print(f"nothing was found wrong in {one_line(checked.subject)}")
    if findings:
        raise typer.Exit(1)


def _report(suffix: str, findings: Sequence["Finding"], checked: Checked) -> str:
    import json

    from ..findings.github import as_summary
    from ..findings.junit import as_junit
    from ..findings.text import as_values

    if suffix == ".xml":
        return as_junit(checked.subject, checked.checks, findings)
    if suffix == ".md":
        return as_summary(checked.subject, findings)
    return json.dumps(as_values(findings), indent=1, ensure_ascii=False) + "\n"


def _report_to_github(
    findings: Sequence["Finding"], checked: Checked, environment: Mapping[str, str]
) -> None:
    from ..findings.github import LARGEST_SUMMARY, as_annotations, as_summary

    if environment.get("GITHUB_ACTIONS") == "true":
        # To stderr, of which GitHub obeys commands too, so that --json alone is on stdout.
        for line in as_annotations(findings, _in_repository(checked.marked, environment)):
            print(line, file=sys.stderr)
    if place := environment.get("GITHUB_STEP_SUMMARY"):
        summary = Path(place)
        try:
            # Commands of one step share the file and its limit.
            there = summary.stat().st_size if summary.exists() else 0
            with summary.open("a", encoding="utf-8") as file:
                file.write(as_summary(checked.subject, findings, LARGEST_SUMMARY - there))
        except OSError as error:
            raise _unwritten(summary, error) from error


def _unwritten(summary: Path, error: OSError) -> OutputError:
    return OutputError(
        refused(summary, error).problem,
        "unset GITHUB_STEP_SUMMARY, or let it name a file that can be written",
    )


def _in_repository(place: Path | None, environment: Mapping[str, str]) -> Path | None:
    """A path as GitHub marks it: from the root of the repository."""
    workspace = environment.get("GITHUB_WORKSPACE")
    if place is None or workspace is None:
        return place
    resolved = place.resolve()
    return resolved.relative_to(workspace) if resolved.is_relative_to(workspace) else None
