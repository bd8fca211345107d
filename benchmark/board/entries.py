"""What lies on a board: submissions, and with them plain records, each with what is found of it.

What is cheap is checked: a submission's files against its manifest by name and size, record and draws by
their digests, the record against its schema, its summary against its tasks. No cell is read, so that nothing
is scored again: `mechshift validate` does that.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np

from ...errors import NotComputable, UsageError
from ..record.draws import Draws, pack_draws
from ..record.files import read_model, read_untrusted, schema_of
from ..record.means import Summary
from ..record.missing import Missing
from ..record.number import Measured, Number
from ..record.protocol import list_protocols
from ..record.quantity import Quantity
from ..record.record import SCHEMA, Record
from ..record.row import pair_quantities
from ..record.statements import RowDoubts
from ..record.strict import LARGEST, read_strict_json
from ..record.summary import summarise
from ..run.store import digest_of
from ..submission.archive import opened
from ..submission.attestation import Standing, Status, digests_of, found_status
from ..submission.card import CardOnBoard, card_on_board
from ..submission.layout import CARD, DRAWS, MANIFEST, RECORD, parse_name
from ..submission.manifest import Manifest
from ..submission.tree import read_tree
from ..verdict.evidence import evidence_places
from .values import PutTogether, find_value

_VALIDATE = "`mechshift validate` lists all that is wrong with it"


@dataclass(frozen=True)
class Entry:
    """A record of a board.

    `name`: of the submission, or of the file of a plain record; `place`: where it lies. `made`, `status`: of
    a submission; None for a plain record. `refused`: why an attestation that is there does not count;
    `attested`: how many of the `cells` that models ran for were computed again (None: a plain record).
    `unofficial`: why no board takes the record; None where one does. `draws`: those of a submission, as far
    as they were asked for. `card`: that of a submission. `values`: of its row, by the quantity's name.
    """

    name: str
    place: Path
    record: Record
    made: date | None = None
    status: Status | None = None
    refused: str | None = None
    attested: int | None = None
    cells: int | None = None
    unofficial: str | None = None
    draws: Draws | None = None
    card: CardOnBoard | None = None
    values: Mapping[str, PutTogether | str] = field(default_factory=dict, repr=False, compare=False)

    def value_in(self, quantity: Quantity[Summary]) -> PutTogether | str:
        """`find_value` of its record; that of the quantity that the board is sorted by was found before."""
        known = self.values.get(quantity.name)
        return find_value(self.record, quantity) if known is None else known

    @property
    def declared(self) -> tuple[str, ...]:
        """The confounds that the card of a submission names, and its record does not."""
        return () if self.card is None else self.card.confounds_beside(self.record.pair.confounds)

    @cached_property
    def doubts(self) -> RowDoubts:
        """What is to be said of the values of its row."""
        return RowDoubts(self.record)

    @property
    def extent(self) -> str | None:
        """Of a submission that was re-run how much of it: "8 of 130 cells"; None for any other."""
        return f"{self.attested} of {self.cells} cells" if self.attested and self.cells else None


@dataclass(frozen=True)
class Retired:
    """A submission of an older version, which no longer stands beside the others; `reason` says why.

    `pair`, `protocol`: as far as its record can still be read.
    """

    name: str
    made: date | None
    reason: str
    pair: str | None = None
    protocol: str | None = None


def find_submissions(board: Path) -> Iterator[Path]:
    """The submissions of a board, in the order of their names: folders, and zip archives of such."""
    for path in sorted(board.iterdir()):
        named = parse_name(path.name.removesuffix(".zip")) is not None
        if (named and path.suffix == ".zip") or (path.is_dir() and (named or (path / MANIFEST).exists())):
            yield path


def find_records(board: Path) -> Iterator[Path]:
    """The plain records of a folder, in the order of their names."""
    return (path for path in sorted(board.glob("*.json")) if path.is_file())


def read_submission(
    place: Path, board: Path, quantity: Quantity[Summary] | None = None, judged: bool = False
) -> Entry | Retired:
    """A submission of a board, with the draws that a quantity of its row is put together of.

    `judged`: with those that verdicts are read from too.

    Raises NotComputable for one that cannot be read, UsageError for one whose files are not those of its
    manifest, or that contradicts itself.
    """
    with _folder(place) as folder:
        name = place.name.removesuffix(".zip")
        found = parse_name(name)
        if found is None:
            raise UsageError(
                f"{place} is not named as a submission is", "call it DATE-NAME, 2026-11-29-tiny-v2"
            )
        manifest = _manifest(place, folder)
        _check_files(place, folder, manifest)
        record = _record(place, folder)
        if isinstance(record, str):
            return Retired(name, found[0], record)
        if reason := _retirement(record):
            about = (record.pair.name, f"{record.protocol.name}@{record.protocol.version}")
            return Retired(name, found[0], reason, *about)
        _check_cells(place, record, manifest)
        _check_summary(place, record)
        standing = _standing(name, folder, record, board)
        card = card_on_board(folder / CARD)
        values = {} if quantity is None else {quantity.name: find_value(record, quantity)}
        wanted = {*_parts_of(values), *(evidence_places(record) if judged else ())}
        # No others are kept: those of a whole board would be gigabytes.
        draws = pack_draws(folder / DRAWS, wanted) if wanted else None
    return Entry(
        name,
        place,
        record,
        found[0],
        standing.status,
        standing.refused,
        standing.attested,
        standing.cells,
        draws=draws,
        card=card,
        values=values,
    )


def _parts_of(values: Mapping[str, PutTogether | str]) -> Iterator[str]:
    """The places of the draws of whatever the values are put together of."""
    for value in values.values():
        if isinstance(value, PutTogether):
            yield from (part.place for part in value.parts)


@contextmanager
def _folder(place: Path) -> Iterator[Path]:
    with opened(place) as (folder, findings):
        if folder is None:
            raise UsageError(f"{place} cannot be unpacked: {findings[0].problem}", _VALIDATE)
        yield folder


def _manifest(place: Path, folder: Path) -> Manifest:
    manifest, faults = read_strict_json(folder / MANIFEST, Manifest)
    if manifest is None:
        first = faults[0]
        where = f"{first.place}: " if first.place else ""
        raise NotComputable(f"{place} has no manifest: {where}{first.problem}", _VALIDATE)
    return manifest


def _check_files(place: Path, folder: Path, manifest: Manifest) -> None:
    """By name and size all of them, by digest those that are read here."""
    tree = read_tree(folder)
    if tree.findings:
        raise UsageError(f"{place}: {tree.findings[0].place}: {tree.findings[0].problem}", _VALIDATE)
    listed = {name: entry.bytes for name, entry in manifest.files.items()}
    there = {name: size for name, size in tree.files.items() if name not in (MANIFEST, CARD)}
    for name in sorted({*listed, *there, RECORD, DRAWS}):
        if name not in listed or name not in there:
            where = "manifest" if name not in listed else "folder"
            raise UsageError(f"{place}: {name} is not in its {where}", _VALIDATE)
        if listed[name] != there[name] or (
            name in (RECORD, DRAWS) and digest_of(folder / name) != manifest.files[name].sha256
        ):
            raise UsageError(f"{place}: {name} is not what its manifest says", _VALIDATE)


def _record(place: Path, folder: Path) -> Record | str:
    """The record; of one of an older schema why it is retired."""
    path = folder / RECORD
    if path.stat().st_size > LARGEST:
        raise NotComputable(f"{place}: {RECORD} has more than {LARGEST:,} bytes", _VALIDATE)
    try:
        return read_untrusted(path, Record)
    except NotComputable:
        if (schema := schema_of(path)) is None or schema >= SCHEMA:
            raise
        return f"its record has schema {schema}, and this version reads {SCHEMA}"


def _retirement(record: Record) -> str | None:
    """Why a record is retired; None for one that is not of an older version of a board's protocol."""
    found = record.protocol
    own = next((known for known in list_protocols() if known.name == found.name and known.board), None)
    if own is None or found.version >= own.version:
        return None
    versions = {task.name: task.version for task in own.tasks}
    tasks = [
        f"{task.name}@{task.version} is now @{versions[task.name]}"
        for task in found.tasks
        if task.version < versions.get(task.name, task.version)
    ]
    return "; ".join([f"protocol {own.name} is now @{own.version}", *tasks])


def _check_cells(place: Path, record: Record, manifest: Manifest) -> None:
    """Raises UsageError where the manifest has another content of a cell than the record was made of."""
    digests = {
        f"cells/{task.task}/{name}.{cell.key}": cell.digest
        for task in record.results
        for name, cell in task.cells.items()
    }
    for path, entry in manifest.files.items():
        stem, _, suffix = path.rpartition(".")
        if suffix in ("json", "safetensors") and digests.get(stem, entry.sha256) != entry.sha256:
            raise UsageError(f"{place}: {path} is not the cell that its record was made of", _VALIDATE)


def _check_summary(place: Path, record: Record) -> None:
    """Raises UsageError where a number of the pair's row does not follow from those of its tasks."""
    try:
        # Of numbers such as 1e308 there is no row: what overflows is no estimate, and so a ValueError.
        with np.errstate(all="ignore"):
            summary = summarise(record.tasks, record.failed)
    except (ValueError, ArithmeticError) as error:
        raise UsageError(f"{place}: its row cannot be computed: {error}", _VALIDATE) from error
    for quantity in pair_quantities():
        if not _alike(quantity.of(record.summary), quantity.of(summary)):
            raise UsageError(f"{place}: {quantity.name} does not follow from the record's tasks", _VALIDATE)


def _alike(one: Measured, other: Measured) -> bool:
    # Not to the last digit: another processor may have rounded differently.
    if isinstance(one, Missing) or isinstance(other, Missing):
        return isinstance(one, Missing) and isinstance(other, Missing)
    return all(
        (a is None and b is None)
        or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12))
        for a, b in zip(_bounds(one), _bounds(other), strict=True)
    )


def _bounds(number: Number) -> tuple[float | None, ...]:
    return number.value, number.low, number.high


def _standing(name: str, folder: Path, record: Record, board: Path) -> Standing:
    try:
        digests = digests_of(folder)
    except OSError as error:
        raise NotComputable(f"{folder} cannot be read: {error.strerror}", _VALIDATE) from error
    return found_status(name, digests, record, board)


def read_record(path: Path) -> Entry:
    """A plain record. Raises NotComputable for a file that is none."""
    return Entry(path.stem, path, read_model(path, Record))
