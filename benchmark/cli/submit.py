"""The command `mechshift submit`: a run as a submission to a board."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import UsageError, one_line
from .options import JsonOption, of_output
from .output import print_json

if TYPE_CHECKING:
    from ..submission.manifest import Change, Changes
    from ..submission.write import Submission


def submit(
    place: Annotated[
        Path,
        typer.Argument(
            metavar="RECORD-or-RUN", help="A record that lies beside its cells, or a run's folder."
        ),
    ],
    *,
    size: Annotated[
        float | None,
        of_output(metavar="MB", help="What it may take in megabytes; by default 100."),
    ] = None,
    exact: Annotated[
        bool, of_output("--exact", help="Keep the cells byte for byte, whatever they take.")
    ] = False,
    date: Annotated[
        datetime | None,
        of_output(formats=["%Y-%m-%d"], help="The day in its name; by default that of the run's last cell."),
    ] = None,
    card: Annotated[
        Path | None, of_output(metavar="FILE", help="A filled card; without it a template is written.")
    ] = None,
    out: Annotated[Path, of_output("--out", "-o", metavar="BOARD", help="The folder to write it into.")],
    packed: Annotated[bool, of_output("--zip", help="Write one zip in place of a folder.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a run as a submission: its record with the cells that it follows from, reduced to a size.

    The record is computed again from the reduced cells, and what that changed is told. No model is loaded. A
    record that no board takes, such as a quick look or a partial run, is written too, with a warning.

    Example: mechshift submit mechshift-results/tiny-v2.json -o board
    """
    from ..run.progress import announce_when_slow
    from ..submission.write import SIZE, Request
    from ..submission.write import submit as write

    if exact and size is not None:
        raise UsageError("--exact keeps cells as they are, and --size reduces them", "give one of them")
    most = None if exact else SIZE if size is None else size
    request = Request(most, date.date() if date else None, card, packed)
    found = write(place, out, request, announce_when_slow())
    if found.refused is not None:
        print(
            one_line(f"mechshift: warning: no board takes this record: {found.refused.problem}"),
            one_line(found.refused.remedy),
            sep="\n",
            file=sys.stderr,
        )
    if as_json:
        print_json(_as_row(found))
    else:
        print("\n".join(one_line(line) for line in _lines(found)))


def _as_row(found: "Submission") -> dict[str, Any]:
    manifest = found.manifest
    return {
        "submission": str(found.path),
        "bytes": found.bytes,
        **manifest.model_dump(mode="json", include={"form", "step", "original_record", "changes"}),
        "unfilled": list(found.unfilled),
        "refused": None if found.refused is None else found.refused.problem,
    }


def _lines(found: "Submission") -> list[str]:
    manifest = found.manifest
    lines = [f"{found.path}: {found.bytes / 1e6:.2f} MB"]
    if manifest.step is None:
        lines.append("cells are those of the run, byte for byte")
    else:
        lines.append(f"score sums are kept in steps of {manifest.step:g} standard deviations of their groups")
    lines += _told(manifest.changes)
    if found.unfilled:
        lines.append(
            f"next: fill in card.toml ({len(found.unfilled)} places), then mechshift validate {found.path}"
        )
    else:
        lines.append(f"next: mechshift validate {found.path}")
    return lines


def _told(changes: "Changes") -> list[str]:
    """What the reduction has changed, in words."""
    if not changes.changed and not changes.unmatched_count:
        return [f"all {changes.numbers:,} numbers of the record are those of the run"]
    lines = [f"of {changes.numbers:,} numbers of the record {changes.changed:,} changed"]
    if changes.largest is not None:
        lines.append(f"largest change: {_change(changes.largest)}")
    beside = changes.largest_of_interval
    if beside is not None:
        share = f"{beside.share_of_half_width:.2g} of half its width"
        lines.append(f"largest beside its interval: {share}, {_change(beside)}")
    if changes.unmatched_count:
        lines.append(
            f"{changes.unmatched_count:,} entries have no counterpart or another text, "
            f"such as {changes.unmatched[0]}"
        )
    return lines


def _change(change: "Change") -> str:
    return f"{change.path} was {change.original:.6g} and is {change.reduced:.6g}"
