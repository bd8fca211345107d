"""Whether a board is in order: all that a table of it would show, and the attestations beside it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...errors import MechshiftError
from ..findings.finding import Finding, at_most
from ..run.progress import Announce, announce_nothing
from ..submission.attestation import ATTESTATIONS
from ..submission.layout import RECORD
from ..validation.validate import CHECKS, validate
from .board import read_board
from .entries import Entry, Retired, find_submissions, read_submission

BOARD_CHECKS = (*CHECKS, "attestation", "board")
"""The names of all checks of a board, in their order."""

_ATTEST = "take it away, or attest the submission as it is now: mechshift validate --rerun N --attest BOARD"


def is_board(place: Path) -> bool:
    """Whether a folder is a board and no submission: it has no record of its own, and holds submissions."""
    return place.is_dir() and not (place / RECORD).exists() and any(find_submissions(place))


def validate_board(
    board: Path, unofficial: bool = False, announce: Announce = announce_nothing
) -> tuple[Finding, ...]:
    """All that is wrong with a board; empty where nothing is. Places begin with the submission's name.

    Every submission that a table would show is validated, folders and archives alike; those of older versions
    of the protocol, which a table lists as retired, are not. Where all are valid, also whether they can stand
    side by side. An attestation that does not count, or is of nothing that is there, is a finding.
    """
    found: list[Finding] = []
    names = set()
    for path in find_submissions(board):
        names.add(path.name.removesuffix(".zip"))
        found += _submission(path, board, unofficial, announce)
    found += at_most(_strays(board, names))
    if not found:
        try:
            read_board(board, unofficial=unofficial)
        except MechshiftError as error:
            found.append(Finding("board", ".", error.problem, error.remedy))
    return tuple(found)


def _submission(path: Path, board: Path, unofficial: bool, announce: Announce) -> Iterator[Finding]:
    entry: Entry | Retired | None
    try:
        entry = read_submission(path, board)
    except MechshiftError:
        entry = None  # validation says more of it
    if isinstance(entry, Retired):
        return
    try:
        for each in validate(path, unofficial, announce):
            yield replace(each, place=_of_board(path, each))
    except MechshiftError as error:
        yield Finding("archive", path.name, error.problem, error.remedy)
    if entry is not None and entry.refused is not None:
        yield Finding("attestation", f"{ATTESTATIONS}/{entry.name}.json", entry.refused, _ATTEST)


def _of_board(path: Path, finding: Finding) -> str:
    """The place of a submission's finding as it is on the board."""
    # Of an archive as such the place is the archive's name already.
    if finding.check == "archive" or finding.place == ".":
        return finding.place if finding.check == "archive" else path.name
    return f"{path.name}/{finding.place}"


def _strays(board: Path, names: set[str]) -> Iterator[Finding]:
    for path in sorted((board / ATTESTATIONS).glob("*")):
        if path.name.removesuffix(".sig").removesuffix(".json") not in names:
            problem = "it is of no submission of this board"
            yield Finding("attestation", f"{ATTESTATIONS}/{path.name}", problem, _ATTEST)
