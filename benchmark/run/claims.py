"""Who computes a cell, where several processes and hosts compute the cells of one folder.

A claim is a file beside the cell that it is for, `NAME.KEY.claim-1`. Whoever creates it has the cell: a file
can be created by one only, on network file systems too. A process writes to its claims every few seconds.
What others go by is whether that changes while they watch it by a clock of their own, so that neither the
clocks of hosts have to agree nor the times that a file system gives to files. A claim that has not changed
for long is void, and whoever creates the next, `NAME.KEY.claim-2`, has the cell: the highest number counts.

Nothing is lost or spoilt where a process has a cell taken from it and goes on all the same: both compute the
same content, and the first to finish keeps it.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from pydantic import ValidationError

from ...errors import OutputError
from ...files import open_regular, refused
from ..record.protocol import Part
from .claimant import Claimant

BEAT = 10.0
"""Seconds between two signs of life."""

PATIENCE = 90.0
"""Seconds that a claim is watched without any before it is void."""

LONGEST = 4096
"""Bytes that are read of a file that may not be a claim at all."""

_CLAIM = re.compile(r"(.+)\.claim-([1-9][0-9]{0,8})")


class SignOfLife(Part):
    """What is in a claim: whose it is, and a count that goes on, always of as many digits."""

    claimant: Claimant
    beat: str


class Claims:
    """A context in which this process has cells to itself; at its end it has none.

    `note` is told of cells that are taken from another process. `beat`, `patience` and `clock` in seconds.
    """

    def __init__(
        self,
        beat: float = BEAT,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.claimant = Claimant.here()
        self._note = note
        self._beat, self._patience, self._clock = beat, patience, clock
        self._held: dict[Path, _Held] = {}
        self._watched: dict[Path, _Watched] = {}
        self._lock = Lock()
        self._stop = Event()
        self._heart = Thread(target=self._live, daemon=True)

    def __enter__(self) -> "Claims":
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._heart.join()
        for cell in list(self._held):
            self.release(cell)

    def take(self, cell: Path) -> bool:
        """Whether this process has the cell at that path to itself from now on.

        Who has taken it looks whether it was finished in the meantime. Raises OutputError where no claim can
        be written.
        """
        last = _last(cell)
        before = _file(cell, last)
        judged = _content(before) if last else None
        if last and self.holder(cell, last) is not None:
            return False
        held = self._create(cell, last + 1)
        if held is None:
            return False
        # Between looking and creating, others may have done the same, in whatever order.
        left = _content(before) if last else None
        if _last(cell) > held.number or left not in (None, judged):
            held.end()
            return False
        with self._lock:
            self._held[cell] = held
        # What is not there any more was given back in the meantime, and nobody's cell is taken over.
        self._tell(cell, left)
        return True

    def release(self, cell: Path) -> None:
        """Have a cell no longer; nothing if this process has not got it."""
        with self._lock:
            held = self._held.pop(cell, None)
        if held is None:
            return
        # Those below it were void. They go first, so that none of them is ever the highest.
        for number in sorted(_numbers(cell, suppressed=True)):
            if number < held.number:
                _unlink(_file(cell, number))
        held.end()

    def holder(self, cell: Path, number: int) -> str | None:
        """Whose a claim is; None where it is there no more or void, as far as this process has watched it."""
        claim = _file(cell, number)
        content = _content(claim)
        if content is None:
            self._watched.pop(claim, None)
            return None
        found = _parsed(content)
        if found is not None and found.claimant.ended:
            return None
        now, watched = self._clock(), self._watched.get(claim)
        if watched is None or watched.content != content:
            self._watched[claim] = _Watched(content, now)
        else:
            # Who was stopped, or busy, has not watched: of a long time without a look little counts.
            watched.seconds += min(now - watched.last, self._beat)
            watched.last = now
            if watched.seconds >= self._patience:
                return None
        return str(claim) if found is None else found.claimant.token

    def tidy(self, cell: Path, finished: bool) -> None:
        """Remove claims of a cell that mean nothing: all of a finished one, else of processes that ended."""
        for number in sorted(_numbers(cell, suppressed=True)):
            claim = _parsed(_content(_file(cell, number)) or b"")
            if finished or (claim is not None and claim.claimant.ended):
                _unlink(_file(cell, number))

    def _create(self, cell: Path, number: int) -> "_Held | None":
        path = _file(cell, number)
        try:
            cell.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(path, error) from error
        try:
            # Not by moving a file into place, as others are written: that replaces what is there.
            file = path.open("x+b")
        except FileExistsError:
            return None
        except OSError as error:
            raise refused(path, error) from error
        held = _Held(path, number, self.claimant, file)
        try:
            held.write()
        except OSError as error:
            held.end()
            _unlink(path)
            raise refused(path, error) from error
        return held

    def _tell(self, cell: Path, left: bytes | None) -> None:
        found = None if left is None else _parsed(left)
        if left is None or (found is not None and found.claimant.ended):
            return
        who = "whoever had it" if found is None else found.claimant.name
        self._note(
            f"{cell.parent.name}: {cell.stem.partition('.')[0]} is taken over: nothing was heard of {who} "
            f"for {self._patience:g} s"
        )

    def _live(self) -> None:
        while not self._stop.wait(self._beat):
            with self._lock:
                held = list(self._held.values())
            for one in held:
                # A full disk, or a server that is away: the next one may come through.
                with suppress(OSError, ValueError):
                    one.write(synced=True)


class _Held:
    """A claim of this process, open for as long as it has it.

    By the open file it writes to its own claim alone, even where others have put theirs in its place.
    """

    def __init__(self, path: Path, number: int, claimant: Claimant, file: BufferedRandom) -> None:
        self.number = number
        self._path = path
        self._claimant = claimant
        self._file = file
        self._beats = 0

    def write(self, synced: bool = False) -> None:
        """One more sign of life; `synced` so that other hosts see it."""
        text = SignOfLife(claimant=self._claimant, beat=f"{self._beats:012}").model_dump_json() + "\n"
        self._beats += 1
        self._file.seek(0)
        self._file.write(text.encode())
        self._file.flush()
        if synced:
            os.fsync(self._file.fileno())

    def end(self) -> None:
        """Give it back."""
        with suppress(OSError):
            self._file.close()
        found = _parsed(_content(self._path) or b"")
        if found is not None and found.claimant == self._claimant:
            _unlink(self._path)


@dataclass
class _Watched:
    """What a claim held when it was last looked at, and for how long it was seen not to change."""

    content: bytes
    last: float
    seconds: float = 0.0


def is_claimed(cell: Path) -> bool:
    """Whether there is a claim to the cell at that path, void or not."""
    return bool(_numbers(cell, suppressed=True))


def claims_in(names: Iterable[str]) -> Mapping[str, set[int]]:
    """The numbers of the claims among the names in a folder, by the stem of the cell that they are for."""
    found: dict[str, set[int]] = {}
    for name in names:
        if match := _CLAIM.fullmatch(name):
            found.setdefault(match[1], set()).add(int(match[2]))
    return found


def _last(cell: Path) -> int:
    return max(_numbers(cell), default=0)


def _numbers(cell: Path, suppressed: bool = False) -> set[int]:
    try:
        return claims_in(names_in(cell.parent)).get(cell.stem, set())
    except OutputError:
        if suppressed:
            return set()
        raise


def _file(cell: Path, number: int) -> Path:
    return cell.with_name(f"{cell.stem}.claim-{number}")


def names_in(folder: Path) -> list[str]:
    """The names in a folder, none if it is not there. Raises OutputError where it cannot be read."""
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be read: {error.strerror}", "make it readable, or choose another folder"
        ) from error


def _content(path: Path) -> bytes | None:
    """What is in a file that should be a claim; None where it is not there."""
    try:
        # Opened anew each time: on a network file system that, and not its time, shows what others wrote.
        with open_regular(path) as file:
            return file.read(LONGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        # A folder, or a file that may not be read: void in the end, as it does not change.
        return f"unreadable: {error.errno}".encode()


def _parsed(content: bytes) -> SignOfLife | None:
    try:
        return SignOfLife.model_validate_json(content)
    except ValidationError:
        return None


def _unlink(path: Path) -> None:
    # One that stays does no harm: it is void.
    with suppress(OSError):
        path.unlink()
