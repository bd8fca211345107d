"""What a run tells of itself, on stderr: bars where they can be drawn, else lines, or nothing."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from ...errors import one_line
from .earlier import earlier_seconds
from .plan import Cell, Plan
from .store import Store
from .timing import Timing, in_words, left_in_words

Advance = Callable[[int], None]


class Progress(Protocol):
    """Where a run says what it does."""

    def begin(self, plan: Plan, store: Store, processes: int = 1) -> AbstractContextManager[None]:
        """A context in which a plan is carried out, by so many processes, some of its cells there already.

        Whatever is shown is put away at its end, however it ends.
        """
        ...

    def cell(self, cell: Cell, total: int) -> AbstractContextManager[Advance]:
        """A cell is computed: a context whose value is told how much more of the total is done."""
        ...

    def elsewhere(self, cell: Cell, seconds: float) -> None:
        """A cell was computed by another process, in so many seconds."""
        ...

    def at_work(self, processes: int) -> None:
        """So many processes compute cells now, this one counted."""
        ...

    def present(self, cell: Cell) -> None:
        """A cell was there."""

    def skip(self, cell: Cell) -> None:
        """A cell is left out, because its task cannot be analysed."""

    def note(self, text: str) -> None:
        """Something that a person has to know."""


class Silent:
    """Tells nothing but notes."""

    @contextmanager
    def begin(self, plan: Plan, store: Store, processes: int = 1) -> Iterator[None]:
        """Nothing."""
        yield

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Advance]:
        """Nothing."""
        yield lambda done: None

    def elsewhere(self, cell: Cell, seconds: float) -> None:
        """Nothing."""

    def at_work(self, processes: int) -> None:
        """Nothing."""

    def present(self, cell: Cell) -> None:
        """Nothing."""

    def skip(self, cell: Cell) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """The text, on a line of its own."""
        _write(f"mechshift: {text}")


class Course:
    """Where a run is: its tasks by number, its cells, and the time that is left."""

    def __init__(self, plan: Plan, store: Store, processes: int) -> None:
        self.timing = Timing(plan.cells, earlier_seconds(plan, store), processes=processes)
        self.cells = len(plan.cells)
        # An estimate: whether their contents are sound is seen when they are read.
        there = [cell for cell in plan.cells if store.seal(cell) is not None]
        self.there = len(there)
        for cell in there:
            self.timing.drop(cell)
        self._numbers = {task.name: number for number, task in enumerate(plan.tasks, 1)}

    @property
    def tasks(self) -> int:
        """How many tasks there are."""
        return len(self._numbers)

    def number(self, cell: Cell) -> int:
        """The place of a cell's task among the run's, from 1."""
        return self._numbers[cell.task.name]

    @property
    def left(self) -> str:
        """The time that is left, in words."""
        return left_in_words(self.timing.left)


class Lines(Silent):
    """A line at the beginning and at the end of each cell, for logs and for pipes."""

    @contextmanager
    def begin(self, plan: Plan, store: Store, processes: int = 1) -> Iterator[None]:
        """A line on what there is to do."""
        self._course = course = Course(plan, store, processes)
        self._skipped: set[str] = set()
        _write(f"tasks: {course.tasks}; cells: {course.cells} ({course.there} exist already); {course.left}")
        yield

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Advance]:
        """Two lines; the second says what the cell took."""
        timing = self._course.timing
        timing.start(cell, total)
        line = f"{self._place(cell)} {cell.name} …"
        _write(line)
        yield timing.advance
        _write(f"{line} done in {in_words(timing.finish())}; {self._course.left}")

    def elsewhere(self, cell: Cell, seconds: float) -> None:
        """One line, as a cell has at its end."""
        self._course.timing.learn(cell, seconds)
        took = f"done by another process in {in_words(seconds)}"
        _write(f"{self._place(cell)} {cell.name} {took}; {self._course.left}")

    def at_work(self, processes: int) -> None:
        """Nothing but what the time that is left depends on."""
        self._course.timing.shared_by(processes)

    def present(self, cell: Cell) -> None:
        """Nothing: the first line has said how many are there."""
        self._course.timing.drop(cell)

    def skip(self, cell: Cell) -> None:
        """One line for all cells of the task."""
        self._course.timing.drop(cell)
        if cell.task.name not in self._skipped:
            self._skipped.add(cell.task.name)
            _write(f"{self._place(cell)} left out: its pool cannot be analysed; {self._course.left}")

    def _place(self, cell: Cell) -> str:
        return f"[{self._course.number(cell)}/{self._course.tasks} {cell.task.name}]"


Announce = Callable[[str], None]
"""Takes a line on what is under way."""


def announce_nothing(line: str) -> None:
    """Nothing, for a caller whose log is not ours to fill."""


def announce_when_slow(seconds: float = 3.0) -> Announce:
    """Announces on stderr once the work has taken that many seconds; a quick command prints nothing."""
    began = time.monotonic()

    def announce(line: str) -> None:
        if time.monotonic() - began >= seconds and sys.stderr is not None:
            _write(line)

    return announce


def choose_progress(quiet: bool | None = None) -> Progress:
    """Where a run says what it does: bars on a terminal and in a notebook, else lines, on stderr.

    `quiet` True: notes alone. None: bars where they can be drawn and else notes alone, as suits a run that
    another program has called and whose log is not ours to fill.
    """
    if quiet or sys.stderr is None:
        return Silent()
    from .bars import Bars, drawing_console

    console = drawing_console()
    if console is not None:
        return Bars(console)
    return Silent() if quiet is None else Lines()


def _write(line: str) -> None:
    # Names out of records and archives may be in it. And a run must not end because nobody reads any more
    # what it says of itself.
    with suppress(OSError):
        print(one_line(line), file=sys.stderr, flush=True)
