"""The entries of a leaderboard: read from a folder, and refused where they cannot stand side by side."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import UsageError
from ..pairs.words import in_either
from ..record.means import Summary
from ..record.official import find_gaps, why_a_line_is_refused, why_unofficial
from ..record.quantity import Quantity
from ..record.record import Record
from ..tables.cells import plain
from .entries import Entry, Retired, find_records, find_submissions, read_record, read_submission

_A_BOARD = "name a board, a folder of submissions as mechshift submit writes them"

PLAIN = "is a record and no submission: its cells are not here"


@dataclass(frozen=True)
class Contents:
    """What a folder holds that a table of it shows."""

    entries: tuple[Entry, ...]
    retired: tuple[Retired, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """The records of all entries."""
        return tuple(entry.record for entry in self.entries)


def read_board(
    directory: Path,
    protocol: str | None = None,
    unofficial: bool = False,
    quantity: Quantity[Summary] | None = None,
    judged: bool = False,
) -> Contents:
    """The submissions of a board in the order of their names; of one protocol where one is named.

    `unofficial` takes whatever no board takes too, plain records among it, and says of each why. Draws are
    read as far as the `quantity` needs them, and verdicts if it is `judged`. A protocol that no
    board takes has to be named, and has plain records as well.

    Raises NotComputable for what cannot be read, and UsageError for: no folder or nothing of that protocol in
    it; a submission whose files are not those of its manifest. Without `unofficial` also UsageError for: a
    plain record; a line beside a pair; a protocol that was not named and no board takes, or is not this
    package's of that name; different protocols; a record that is not its protocol's whole; two of one pair.
    """
    found = _read(directory, protocol, quantity, judged)
    entries: list[Entry] = []
    first: Entry | None = None
    seen: dict[Hashable, Entry] = {}
    for entry in found.entries:
        try:
            # A named protocol that no board takes is not asked for cells: its records are nobody's rows.
            _check_official(entry, named=protocol is not None and not unofficial)
            first = first or entry
            _check_protocols(first, entry)
            _check_twice(entry, seen)
            entries.append(entry)
        except UsageError as error:
            if not unofficial:
                raise
            entries.append(replace(entry, unofficial=error.problem))
    return replace(found, entries=tuple(entries))


def _read(
    directory: Path, protocol: str | None, quantity: Quantity[Summary] | None, judged: bool
) -> Contents:
    if not directory.is_dir():
        raise UsageError(
            f"{directory} is not a folder",
            f"{_A_BOARD}, or a folder of records",
        )
    found = [
        *(read_submission(path, directory, quantity, judged) for path in find_submissions(directory)),
        *map(read_record, find_records(directory)),
    ]
    entries = [
        each for each in found if isinstance(each, Entry) and protocol in (None, each.record.protocol.name)
    ]
    retired = [
        each
        for each in found
        if isinstance(each, Retired)
        and (protocol is None or each.protocol is None or each.protocol.partition("@")[0] == protocol)
    ]
    if not entries and not retired:
        if protocol is None:
            raise UsageError(f"{directory} holds no submission", _A_BOARD)
        raise UsageError(
            f"{directory} holds no record of protocol {protocol}",
            f"{_run(protocol)}: it is a file PAIR-{protocol}.json",
        )
    return Contents(tuple(entries), tuple(retired))


def _run(protocol: str) -> str:
    return f"run the pair under protocol {protocol} and put that record here"


def _check_official(entry: Entry, named: bool) -> None:
    record = entry.record
    if record.pair.line is not None:
        problem, remedy = why_a_line_is_refused(record.pair.line.name)
        raise UsageError(f"{entry.place} is on no board: {problem}", remedy)
    found = why_unofficial(record.protocol, named)
    if found is not None:
        raise UsageError(f"{entry.place} {plain(found.problem)}", _run(found.instead))
    if gaps := find_gaps(record):
        raise UsageError(
            f"{entry.place} does not cover protocol {record.protocol.name}: {'; '.join(map(plain, gaps))}",
            "run the whole protocol on a pair that solves its tasks, or take the record off the board",
        )
    if entry.status is None and record.protocol.board:
        raise UsageError(
            f"{entry.place} {PLAIN}",
            f"make it one with mechshift submit, or give {in_either('unofficial')}",
        )


def _check_protocols(first: Entry, entry: Entry) -> None:
    if entry.record.protocol != first.record.protocol:
        names = f"{entry.record.protocol.name} and {first.record.protocol.name}"
        raise UsageError(
            f"{entry.place.name} and {first.place.name} are of different protocols: {names}",
            f"keep each in a folder of its own, or choose one with {in_either('protocol')}",
        )


def _check_twice(entry: Entry, seen: dict[Hashable, Entry]) -> None:
    """No name twice, and no weights with the same declarations under two names."""
    identities = tuple(_identities(entry.record))
    for key in identities:
        if key in seen:
            raise UsageError(
                f"{entry.place.name} and {seen[key].place.name} are records of the same pair, "
                f"{plain(entry.record.pair.name)}",
                "keep only one of them",
            )
    seen.update(dict.fromkeys(identities, entry))


def _identities(record: Record) -> Iterator[Hashable]:
    """By name, and by what it is made of: the same weights could be renamed to stand on the board twice.

    A control and a pair with an MDM are two, whatever they are called and made of.
    """
    pair = record.pair
    members = (pair.arm, pair.mdm)
    made_of = tuple(member.model_copy(update={"checkpoint": "", "revision": None}) for member in members)
    yield pair.name, pair.control
    yield (*made_of, pair.mask_id, pair.control)
