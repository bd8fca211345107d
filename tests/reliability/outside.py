"""What the package reads from outside: every reader, valid files for it, and what has to hold of any file.

A file is read as something valid, which is written and read back the same where it can be written, or it is
refused with an error of the package's own, which names it. Nothing else is raised, in little time and memory,
and no file is made or changed.
"""

import os
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build.mutations import Form
from mechshift.errors import MechshiftError, is_out_of_memory

CORPUS = Path(__file__).with_name("corpus")
"""By reader the files that have once broken something."""

PATIENCE = 20.0
"""Seconds of the processor after which a reader hangs: all of them take hundredths."""

WAIT = 600.0
"""Seconds after which one waits for nothing, as for a pipe: others may be at work on the machine too."""

MEMORY = 2**30
"""Bytes of address space that a reader may take beside what the process has: files here have a thousandth."""

LONGEST = 2_000
"""Characters of a message beside the names of files."""


class Hang(BaseException):
    """A reader takes too long. No `Exception`, of which some readers make errors of their own."""


@dataclass(frozen=True)
class Reader:
    """One way by which files come in.

    `form`: what such a file is made of; `file`: where it lies, below a folder; `seeds`: valid ones; `read`:
    what reads the file at a path, and raises nothing but a MechshiftError; `write`: what writes what was read
    to a path, None where nothing does. `beside`: makes what else has to lie in the folder; `around`: what
    depends on the file itself. `names`: one of these is in every message.
    """

    name: str
    form: Form
    file: str
    seeds: Callable[[], list[bytes]]
    read: Callable[[Path], Any]
    write: Callable[[Any, Path], object] | None = None
    beside: Callable[[Path], object] = lambda folder: None
    around: Callable[[Path], object] = lambda folder: None
    names: tuple[str, ...] = ()


class Desk:
    """A folder in which one reader is given one file after the other."""

    def __init__(self, reader: Reader, outer: Path) -> None:
        """`outer`: an empty folder, all of which is looked at; the reader's own lies deep in it."""
        self._reader, self._outer = reader, outer
        self.folder = outer / "a" / "b" / "c" / "outside"
        self._temporary = outer / "a" / "tmp" / "x"
        for folder in (self.folder, self._temporary):
            folder.mkdir(parents=True)
        reader.beside(self.folder)

    def examine(self, content: bytes) -> bool:
        """Whether the reader takes the content. Raises AssertionError where it does what no reader may do."""
        reader, path = self._reader, self.folder / self._reader.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        reader.around(self.folder)
        before = self._files()
        try:
            with self._bounded():
                found = reader.read(path)
        except MechshiftError as error:
            self._check_message(error, path)
            assert self._files() == before
            return False
        assert self._files() == before
        if reader.write is not None:
            self._check_round_trip(found)
        return True

    def _files(self) -> dict[str, tuple[int, int, int]]:
        """Everything in the outer folder, and whether it was changed."""
        found = {}
        for place, folders, names in os.walk(self._outer):
            for name in (*folders, *names):
                status = os.lstat(os.path.join(place, name))
                # A temporary folder that was there in between changes the time of the one it was in.
                when = 0 if name in folders else status.st_mtime_ns
                found[os.path.join(place, name)] = (status.st_mode, when, 0 if when == 0 else status.st_size)
        return found

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """In little time and memory, and with temporary files within the outer folder."""
        temporary, tempfile.tempdir = tempfile.tempdir, str(self._temporary)
        here = Path.cwd()
        os.chdir(self._temporary)
        try:
            with _little_memory(), _little_time():
                yield
        finally:
            os.chdir(here)
            tempfile.tempdir = temporary

    def _check_message(self, error: MechshiftError, path: Path) -> None:
        named = (path.name, *self._reader.names)
        assert any(name in error.problem for name in named), f"{error} names none of {named}"
        assert error.problem.isprintable()
        assert error.remedy
        assert len(error.problem.replace(str(self.folder), "")) <= LONGEST, "a message is too long"
        assert not _of_memory(error), "a reader asked for more memory than there is"

    def _check_round_trip(self, found: Any) -> None:
        write, place = self._reader.write, self._outer / "again" / Path(self._reader.file).name
        assert write is not None
        place.parent.mkdir(exist_ok=True)
        write(found, place)
        once = place.read_bytes()
        write(self._reader.read(place), place)
        assert place.read_bytes() == once


def _of_memory(error: BaseException | None) -> bool:
    return error is not None and (is_out_of_memory(error) or _of_memory(error.__cause__))


@contextmanager
def _little_memory() -> Iterator[None]:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextmanager
def _little_time() -> Iterator[None]:
    def give_up(*_: object) -> None:
        raise Hang(f"it takes more than {PATIENCE:g} s")

    clocks = (signal.ITIMER_PROF, signal.SIGPROF, PATIENCE), (signal.ITIMER_REAL, signal.SIGALRM, WAIT)
    before = {number: signal.signal(number, give_up) for _, number, _ in clocks}
    for clock, _, seconds in clocks:
        signal.setitimer(clock, seconds)
    try:
        yield
    finally:
        for clock, number, _ in clocks:
            signal.setitimer(clock, 0)
            signal.signal(number, before[number])
