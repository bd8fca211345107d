"""Two bars, one of the run and one of the cell under way, on a terminal or in a notebook."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn
from rich.progress import Progress as Display
from rich.text import Text

from .plan import Cell, Plan
from .progress import Advance, Course, Silent
from .store import Store
from .timing import in_words

SCALE = 1000
"""Steps of the run's bar, which is full by time and not by a number of things."""


def drawing_console() -> Console | None:
    """A console on stderr on which bars can be drawn: a terminal's or a notebook's; None where neither is.

    A notebook needs ipywidgets to draw anything anew.
    """
    console = Console(stderr=True)
    if console.is_jupyter:
        return console if find_spec("ipywidgets") else None
    # Rich alone takes a pipe for a terminal where FORCE_COLOR is set, as it is where tests are run.
    return console if console.is_interactive and sys.stderr.isatty() else None


class _Said(ProgressColumn):
    """What a bar's task says beside it, asked for whenever it is drawn."""

    def render(self, task: Task) -> Text:
        said: Callable[[], str] = task.fields["said"]
        return Text(said(), no_wrap=True)


class Bars(Silent):
    """One display for a whole run: a bar of the run by time, and below it one of the cell under way."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def begin(self, plan: Plan, store: Store, processes: int = 1) -> Iterator[None]:
        """The bar of the run, until its end."""
        self._course = Course(plan, store, processes)
        # What the caller prints to stdout is not to come out on stderr, where the bars are.
        self._display = Display(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            _Said(),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            refresh_per_second=4,
        )
        self._run = self._display.add_task("starting", total=None, said=self._said)
        with self._display:
            yield

    @contextmanager
    def cell(self, cell: Cell, total: int) -> Iterator[Advance]:
        """A bar for the cell, below the run's."""
        timing, display = self._course.timing, self._display
        timing.start(cell, total)
        done = 0

        def said() -> str:
            return f"{done} of {total}, {in_words(timing.in_cell)}"

        def advance(more: int) -> None:
            nonlocal done
            done += more
            timing.advance(more)
            display.advance(bar, more)
            self._show(cell)

        self._show(cell)
        bar = display.add_task(f"  {cell.name}", total=total, said=said)
        try:
            yield advance
        finally:
            display.remove_task(bar)
        timing.finish()
        self._show(cell)

    def elsewhere(self, cell: Cell, seconds: float) -> None:
        """The run's bar is moved by it, and is at the cell's task until this process begins another cell."""
        self._course.timing.learn(cell, seconds)
        self._show(cell)

    def at_work(self, processes: int) -> None:
        """The time that is left depends on it."""
        self._course.timing.shared_by(processes)

    def present(self, cell: Cell) -> None:
        """The run's bar is at the cell's task."""
        self._course.timing.drop(cell)
        self._show(cell)

    def skip(self, cell: Cell) -> None:
        """The run's bar is at the cell's task."""
        self.present(cell)

    def note(self, text: str) -> None:
        """The text, on a line of its own above the bars."""
        self._console.print(Text(f"mechshift: {text}"), soft_wrap=True)

    def _show(self, cell: Cell) -> None:
        course = self._course
        left, elapsed = course.timing.left, course.timing.elapsed
        # By time and not by cells, because cells differ in length by orders of magnitude.
        share = None if left is None else round(SCALE * elapsed / max(1e-9, elapsed + left))
        self._display.update(
            self._run,
            description=f"task {course.number(cell)} of {course.tasks}: {cell.task.name}",
            total=None if share is None else SCALE,
            completed=share or 0,
        )

    def _said(self) -> str:
        return f"{in_words(self._course.timing.elapsed)}, {self._course.left}"
