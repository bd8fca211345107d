"""The cells of a run on disk: one file each, written whole, sealed with the digest of its content.

`OUT/cells/TASK/NAME.KEY.json` or `.safetensors` is a cell's content. `NAME.KEY.seal` beside it says what it
was computed from, how long that took, and the SHA-256 of the content. The seal is written last, so that a
cell without one was never finished. Cells of other keys lie beside it and are never mixed with it.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...errors import MechshiftError, NotComputable, OutputError, unknown
from ...files import open_regular, refused, replacing, write_text
from ..record.protocol import Part
from ..record.record import Record
from ..record.task_record import CellRecord, TaskResult
from .plan import Cell, place_of

CELLS = "cells"
"""The folder of all cells, beside the records that were made of them."""


class Seal(Part):
    """What is written beside a cell's content.

    `inputs`: what its key is the digest of; `needs`: the digests of the cells that it was computed from;
    `digest`: of its content; `seconds`, `made`: what it took, and when it was finished; `original`: where the
    content is the reduced form of a cell, the digest of that cell; `rows`: token rows at once, where memory
    did not suffice for as many as were asked for; `share`: what part was held at once of all that usually is,
    where it did not suffice for one row either; `checksum`: of all of this.
    """

    key: str
    inputs: dict[str, Any]
    needs: dict[str, str]
    digest: str
    seconds: float
    made: str
    original: str | None = None
    rows: int | None = None
    share: float | None = None
    checksum: str = ""

    def sealed(self) -> "Seal":
        """The same with its checksum."""
        return self.model_copy(update={"checksum": self._checksum()})

    def recorded(self) -> CellRecord:
        """What a record says of the cell."""
        return CellRecord(key=self.key, digest=self.digest, rows=self.rows, share=self.share)

    @property
    def whole(self) -> bool:
        """Whether nothing of it was changed since it was written."""
        return self.checksum == self._checksum()

    def _checksum(self) -> str:
        content = self.model_dump(mode="json", exclude={"checksum", *self._left_out()})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def _left_out(self) -> set[str]:
        # Only a reduced cell names an original, and rows one that memory did not suffice for, so that the
        # seals of all others are what they have been.
        return {name for name in ("original", "rows", "share") if getattr(self, name) is None}

    def write(self, path: Path) -> None:
        """Write the seal of the cell at `path`. Raises OutputError where that fails."""
        text = self.model_dump_json(indent=1, exclude=self._left_out())
        write_text(_seal_path(path), text + "\n")


@dataclass(frozen=True)
class Sufficed:
    """What memory sufficed for: as many token rows at once; `share`: as a seal has it."""

    rows: int
    share: float | None = None


@dataclass(frozen=True)
class Kept:
    """A cell's content as it is kept, and its seal."""

    content: Any
    seal: Seal


class Damaged(Exception):
    """A cell that is there and cannot be used; the message says why."""


class Store:
    """The folder `OUT/cells`."""

    def __init__(self, out: Path) -> None:
        self._root = out / CELLS

    def path(self, cell: Cell) -> Path:
        """Where a cell's content is kept."""
        # With the key in its name, cells of different settings coexist and going back to old settings finds
        # them.
        return self._root / cell.task.name / f"{cell.name}.{cell.key}.{cell.kind.suffix}"

    def seal(self, cell: Cell) -> Seal | None:
        """A cell's seal where there is a whole one: then its content was once finished. Reads no content."""
        try:
            return _read_seal(_seal_path(self.path(cell)))
        except Damaged:
            return None

    def seals(self, task: str) -> Iterator[Seal]:
        """All whole seals of a task's cells, whatever they were computed from."""
        for path in sorted((self._root / task).glob("*.seal")):
            try:
                seal = _read_seal(path)
            except Damaged:
                continue
            if seal is not None:
                yield seal

    def read(self, cell: Cell, needs: Mapping[str, str]) -> Kept | None:
        """A finished cell; None where there is none. `needs`: the digests of the cells that it needs.

        Raises Damaged where the content is not what was written, or was computed from other contents.
        """
        path = self.path(cell)
        if not path.exists() or not _seal_path(path).exists():
            return None
        seal = _read_seal(_seal_path(path))
        if seal is None:  # taken away since, by a run that makes the cell again
            return None
        # Keys alone do not tell: a needed cell may have been recomputed elsewhere and differ by rounding.
        if seal.key != cell.key or dict(seal.needs) != dict(needs):
            raise Damaged("it was computed from other cells than those at hand")
        if seal.original is not None:
            raise Damaged("it is the reduced form of a cell, as submissions keep it")
        return Kept(_content(path, cell, seal.digest), seal)

    def finished(self, cell: Cell) -> Any:
        """The content of a finished cell, whose own needs were looked at when its task was carried out.

        Raises Damaged where there is none, or the content is not what was written.
        """
        seal = _read_seal(_seal_path(self.path(cell)))
        if seal is None or seal.key != cell.key:
            raise Damaged("it is not there any more")
        return _content(self.path(cell), cell, seal.digest)

    def write(
        self,
        cell: Cell,
        content: Any,
        needs: Mapping[str, str],
        seconds: float,
        sufficed: Sufficed | None = None,
    ) -> Kept:
        """Keep a cell's content and seal it. `sufficed`: where memory did not for what was asked.

        Raises OutputError where it cannot be written, NotComputable where it holds what no cell may, such as
        numbers that are not finite.
        """
        path = self.path(cell)
        self._break_seal(path)
        cell.kind.save(content, path)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        seal = Seal(
            key=cell.key,
            inputs=dict(cell.inputs),
            needs=dict(needs),
            digest=digest_of(path),
            seconds=round(seconds, 3),
            made=made,
            rows=None if sufficed is None else sufficed.rows,
            share=None if sufficed is None else sufficed.share,
        ).sealed()
        seal.write(path)
        # What was computed is read back as a later run would read it, so that both have the same numbers; and
        # only if it is still that, as another run may have written its own in the meantime.
        try:
            return Kept(_content(path, cell, seal.digest), seal)
        except Damaged as error:
            if isinstance(error.__cause__, NotComputable):
                self._break_seal(path)
                raise NotComputable(
                    f"{place_of(cell)}: what was computed is not usable: {error.__cause__.problem}",
                    "look for NaN or overflow in weights and activations",
                ) from error
            raise OutputError(
                f"{path} changed while it was being written",
                "repeat the command; runs that share a folder need machines of one kind",
            ) from error

    def _break_seal(self, path: Path) -> None:
        """An old seal must not stand beside new content, should the run be killed between the two."""
        try:
            _seal_path(path).unlink(missing_ok=True)
        except NotADirectoryError:
            pass  # there is no folder of cells yet, which the writing of the content will say
        except OSError as error:
            raise refused(_seal_path(path), error) from error


def check_writable(out: Path) -> None:
    """Raises OutputError where cells cannot be kept in a folder; leaves nothing that was not there."""
    probe = out / CELLS / ".writable"
    # Path.exists raises where a name is too long, which writing says better.
    made = [folder for folder in probe.parents if not os.path.exists(folder)]
    try:
        with replacing(probe) as partial:
            partial.write_bytes(b"mechshift")
        probe.unlink(missing_ok=True)
    finally:
        for folder in made:
            with suppress(OSError):  # another run has begun to write there
                folder.rmdir()


def check_there(out: Path, results: Iterable[TaskResult]) -> None:
    """Raises OutputError where a cell of which results were made is not kept any more."""
    for result in results:
        folder = out / CELLS / result.task
        kept = {path.name for path in folder.glob("*")}
        for name, cell in result.cells.items():
            names = [f"{name}.{cell.key}.{suffix}" for suffix in ("safetensors", "json")]
            if f"{name}.{cell.key}.seal" not in kept or not kept & set(names):
                raise OutputError(
                    f"the cell {name} of {result.task} was made, and is not in {folder} any more",
                    "leave the folder alone while a run goes on; the same command computes what is missing",
                )


def digest_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shortened(one: str, other: str) -> tuple[str, str]:
    """Two digests that differ as messages have them: as short as they can be and still be told apart."""
    first = next(index for index, (a, b) in enumerate(zip(one, other, strict=True)) if a != b)
    shown = max(_SHOWN, first + 1)

    def cut(digest: str) -> str:
        return digest[:shown] + "…" * (len(digest) > shown)

    return cut(one), cut(other)


_SHOWN = 9
"""Digits of a digest in a message, if it takes no more to tell it from another."""


def find_cell(record_path: Path, record: Record, task: str, name: str) -> Path:
    """The file of a cell that a record was made of, `NAME.KEY.*` in the folder of cells beside it.

    Raises UsageError where the record has no such task, NotComputable where it was not made of such a cell
    or the file is not there.
    """
    found = next((one for one in record.results if one.task == task), None)
    if found is None:
        raise unknown(f"task of {record_path}", task, [one.task for one in record.results])
    if name not in found.cells:
        raise NotComputable(
            f"{record_path} has no {name!r} of {task}",
            f"it was made of {', '.join(found.cells) or 'no cells'}",
        )
    folder = record_path.parent / CELLS / task
    paths = [folder / f"{name}.{found.cells[name].key}.{suffix}" for suffix in ("safetensors", "json")]
    for path in paths:
        if path.is_file():
            return path
    raise NotComputable(
        f"{folder} does not hold {paths[0].name}, of which {record_path.name} was made",
        "keep a record beside the folder of cells of its run, or run the pair again",
    )


def read_seal(path: Path) -> Seal:
    """The seal beside a cell's file. Raises NotComputable where there is none, or it was changed."""
    try:
        seal = _read_seal(_seal_path(path))
    except Damaged as error:
        raise NotComputable(
            f"{_seal_path(path)}: {error}", "run the pair again: the cell is computed again"
        ) from error
    if seal is None:
        raise NotComputable(
            f"{path} has no seal beside it", "keep the folder of cells whole, or run the pair again"
        )
    return seal


def _seal_path(path: Path) -> Path:
    return path.with_suffix(".seal")


def _read_seal(path: Path) -> Seal | None:
    try:
        with open_regular(path) as file:
            seal = Seal.model_validate_json(file.read())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise Damaged("its seal cannot be read") from error
    if not seal.whole:
        raise Damaged("its seal was changed")
    return seal


def _content(path: Path, cell: Cell, digest: str) -> Any:
    try:
        if digest_of(path) != digest:
            raise Damaged("its content is not what was written")
        return cell.kind.load(path)
    except (MechshiftError, OSError) as error:
        raise Damaged("its content cannot be read") from error
