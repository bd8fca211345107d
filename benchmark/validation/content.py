"""The files of a submission that say what it is: which there are, and what is wrong with each."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from ..circuits.files import Declaration
from ..findings.finding import Finding, at_most
from ..measure.reduced import PRECISIONS
from ..record.files import as_bytes, other_schema
from ..record.record import Record
from ..record.strict import Fault, read_strict_json
from ..run.plan import kind_named
from ..run.store import CELLS
from ..submission.card import card_names, check_card
from ..submission.cells import REDUCIBLE
from ..submission.layout import CARD, MANIFEST, PARTS, parse_name
from ..submission.manifest import UNLISTED, Manifest, compare_with_folder

M = TypeVar("M", bound=BaseModel)

AGAIN = "make the submission again with `mechshift submit`"


@dataclass(frozen=True)
class Place:
    """A submission in a folder: its name, and the regular files in it, the only ones that are read."""

    folder: Path
    name: str
    files: Mapping[str, int]


def check_files(place: Place) -> Iterator[Finding]:
    """The submission's name, parts that are missing, and files that are none of its parts."""
    if parse_name(place.name) is None:
        problem = f"a submission is called DATE-NAME, such as 2026-11-29-tiny-v2, and not {place.name!r}"
        yield Finding("files", ".", problem, "give the folder back the name that `mechshift submit` gave it")
    for name in PARTS:
        if name != CELLS and name not in place.files:
            yield Finding("files", name, "it is missing", AGAIN)
    for name in place.files:
        if name.partition("/")[0] not in PARTS or name.startswith(CELLS) != ("/" in name):
            yield Finding("files", name, "it is no part of a submission", "take it out")


def read_part(place: Place, name: str, kind: type[M], check: str) -> tuple[M | None, tuple[Finding, ...]]:
    """A JSON file of the submission; None where it cannot be read. Nothing is said of one that is missing."""
    if name not in place.files:
        return None, ()
    content, faults = read_strict_json(place.folder / name, kind)
    if content is None and (other := other_schema(place.folder / name, kind)):
        # One wrong version makes every field complain.
        return None, (Finding(check, name, f"it {other.problem}", other.remedy),)
    return content, as_findings(check, name, faults)


def as_findings(check: str, name: str, faults: Iterable[Fault]) -> tuple[Finding, ...]:
    """What is wrong with the text of a file."""
    return at_most(
        Finding(check, f"{name}: {fault.place}" if fault.place else name, fault.problem, AGAIN)
        for fault in faults
    )


def check_manifest(place: Place, manifest: Manifest, record: Record | None) -> Iterator[Finding]:
    """Files that are not what the manifest says, and what it says of itself that cannot be."""
    # What is no regular file is not among those of the place, and has been found already.
    for name, problem in compare_with_folder(manifest.files, place.folder, place.files):
        yield Finding("manifest", name, problem, AGAIN)
    for name in sorted(UNLISTED & manifest.files.keys()):
        yield Finding("manifest", f"{MANIFEST}: files", f"it lists {name}, which no manifest does", AGAIN)
    if (manifest.form == "reduced") != (manifest.step is not None):
        problem = f"form is {manifest.form!r} and step {manifest.step}: only reduced cells have a step"
        yield Finding("manifest", f"{MANIFEST}: step", problem, AGAIN)
    elif manifest.step is not None and manifest.step not in {each.step for each in PRECISIONS}:
        problem = f"step is {manifest.step}, which `mechshift submit` does not write"
        yield Finding("manifest", f"{MANIFEST}: step", problem, AGAIN)
    if manifest.changes.changed > manifest.changes.numbers:
        yield Finding("manifest", f"{MANIFEST}: changes", "more numbers are changed than there are", AGAIN)
    if manifest.form == "exact" and record is not None:
        yield from _exact(manifest, record)


def check_form(manifest: Manifest, declared: Mapping[str, Declaration]) -> Iterator[Finding]:
    """Cells that are kept in another form, or at another precision, than the manifest says."""
    for name, found in declared.items():
        if found.reduced != (manifest.form == "reduced" and found.kind in REDUCIBLE):
            kept = "reduced" if found.reduced else "exact"
            problem = f"form is {manifest.form!r}, and {name} is kept in {kept} form"
            yield Finding("manifest", f"{MANIFEST}: form", problem, AGAIN)
        elif found.kind == "scores" and found.step != manifest.step:
            problem = f"step is {manifest.step}, and that of {name} {found.step}"
            yield Finding("manifest", f"{MANIFEST}: step", problem, AGAIN)


def _exact(manifest: Manifest, record: Record) -> Iterator[Finding]:
    """Of exact cells the record is the run's, to the last byte."""
    if manifest.original_record != hashlib.sha256(as_bytes(record)).hexdigest():
        problem = "form is 'exact', but the original record is not this one"
        yield Finding("manifest", f"{MANIFEST}: original_record", problem, AGAIN)
    if manifest.changes.changed:
        problem = "form is 'exact', but numbers are said to be changed"
        yield Finding("manifest", f"{MANIFEST}: changes", problem, AGAIN)


def check_card_file(place: Place, record: Record | None) -> Iterator[Finding]:
    """What is wrong with the card, and where it names another pair or date than the submission has."""
    if CARD not in place.files:
        return
    path = place.folder / CARD
    for problem in check_card(path):
        yield Finding("card", CARD, problem, f"edit {CARD}")
    # Beside those, so that a card is to be edited once.
    pair, day = card_names(path)
    if record is not None and pair is not None and pair != record.pair.name:
        problem = f"it names pair {pair!r}, the record {record.pair.name!r}"
        yield Finding("card", f"{CARD}: pair", problem, f"write the record's name in {CARD}")
    named = parse_name(place.name)
    if named is not None and day is not None and day != named[0]:
        problem = f"its date is {day}, that of the submission's name {named[0]}"
        yield Finding("card", f"{CARD}: date", problem, f"write the same date in {CARD}")


def check_cell_files(place: Place, record: Record) -> Iterator[Finding]:
    """Cells that the record does not name, or that are computed and not handed in."""
    expected = {
        f"{CELLS}/{task.task}/{name}.{cell.key}.{suffix}"
        for task in record.results
        for name, cell in task.cells.items()
        for suffix in _suffixes(name)
    }
    for name in place.files:
        if name.startswith(f"{CELLS}/") and name not in expected:
            yield Finding("files", name, "it is no cell that the record names", "take it out")


def _suffixes(name: str) -> tuple[str, ...]:
    """The ends of the files of a cell: none where no model runs for it, as it is computed again."""
    try:
        kind = kind_named(name)
    except KeyError:
        return ()
    return (kind.suffix, "seal") if kind.members else ()
