"""The command `mechshift export`: a record in the formats in which others publish results."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError, printable
from .options import JsonOption, of_output, of_selection
from .output import print_json

if TYPE_CHECKING:
    from ..publishing.every_eval_ever import Evaluator
    from ..publishing.publication import PublishedRecord
    from ..record.record import Record


class Target(StrEnum):
    """Whose format is written."""

    hub = "hub"
    every_eval_ever = "every-eval-ever"


class Related(StrEnum):
    """How who made the run relates to the model."""

    first_party = "first_party"
    third_party = "third_party"
    collaborative = "collaborative"
    other = "other"


def export(
    place: Annotated[
        Path,
        typer.Argument(metavar="RECORD-or-SUBMISSION", help="A record; or a submission, a folder or zip."),
    ],
    *,
    unofficial: Annotated[
        bool,
        of_selection("--unofficial", help="Also take a record that no board takes; what is written says so."),
    ] = False,
    to: Annotated[Target, of_output(help="The model's page on the Hub, or the store Every Eval Ever.")],
    out: Annotated[Path, of_output("--out", "-o", help="The folder that the files are written to.")],
    dataset: Annotated[
        str | None,
        of_output(metavar="ORG/NAME[@REVISION]", help="The benchmark's repository; needed for hub."),
    ] = None,
    url: Annotated[str | None, of_output(help="A page on which the record can be seen.")] = None,
    made: Annotated[
        str | None,
        of_output(metavar="YYYY-MM-DD", help="The day of the run; by default in a submission's name."),
    ] = None,
    model: Annotated[
        str | None, of_output(metavar="ORG/NAME", help="The MDM on the Hub, if the record names a directory.")
    ] = None,
    evaluator: Annotated[str | None, of_output(help="Who made the run: an organisation or a person.")] = None,
    relationship: Annotated[Related | None, of_output(help="How the evaluator relates to the model.")] = None,
    overwrite: Annotated[
        bool, of_output("--overwrite", help="Replace existing files that differ from what is written.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a record as files for the MDM's page on the Hub, or for Every Eval Ever. Nothing is uploaded.

    Prints the path of each file. Missing values are left out, and the files say why.

    Example: mechshift export board/tiny-v2.json --to hub --dataset ORG/mechshift --out tiny-mdm
    """
    from ..publishing.every_eval_ever import evaluation_file
    from ..publishing.hub import eval_results
    from ..publishing.publication import HubPlace
    from ..publishing.writing import write_together

    publication = replace(
        _publication(place, unofficial, None if made is None else _day(made)),
        url=url,
        dataset=None if dataset is None else HubPlace.parse(dataset),
    )
    files = (
        eval_results(publication)
        if to is Target.hub
        else evaluation_file(publication, _evaluator(evaluator, relationship), model)
    )
    written = [str(each) for each in write_together(out, files, overwrite)]
    if as_json:
        print_json([{"path": each} for each in written])
    else:
        print("\n".join(map(printable, written)))


def _publication(place: Path, unofficial: bool, made: date | None) -> "PublishedRecord":
    """The record as it is published. Raises UsageError for one that no board takes, unless `unofficial`."""
    from ..publishing.publication import PublishedRecord
    from ..record.official import why_refused

    record, day = _record(place)
    refused = why_refused(record)
    if refused is not None and not unofficial:
        raise UsageError(
            f"no board takes this record: {refused.problem}",
            f"{refused.remedy}; or give --unofficial to have it marked",
        )
    return PublishedRecord(record, unofficial=None if refused is None else refused.problem, made=made or day)


def _record(place: Path) -> "tuple[Record, date | None]":
    """The record that is meant; of a submission also the day in its name."""
    from ..board.entries import Retired, read_record, read_submission
    from ..submission.layout import RECORD

    if not place.is_dir() and place.suffix.lower() != ".zip":
        return read_record(place).record, None
    if place.is_dir() and not (place / RECORD).exists():
        raise UsageError(f"{place} is a folder without {RECORD}", "name a record, or a submission")
    # By its full path: `.` has no name.
    found = read_submission(place.absolute(), place.absolute().parent)
    if isinstance(found, Retired):
        raise UsageError(f"{place} is retired: {found.reason}", "run the pair under this version's protocol")
    return found.record, found.made


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise UsageError(f"{given!r} is no day", "write it YYYY-MM-DD with --made") from None


def _evaluator(name: str | None, relationship: Related | None) -> "Evaluator | None":
    from ..publishing.every_eval_ever import Evaluator

    if name is None or relationship is None:
        return None
    return Evaluator(name, relationship.value)
