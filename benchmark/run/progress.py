"""What a run tells of itself, on stderr: bars on a terminal, silence elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .plan import Cell, Plan
    from .store import Store

Advance = Callable[[int], None]


class Progress(Protocol):
    """Where a run says what it does."""

    def begin(self, plan: "Plan", store: "Store") -> None:
        """A plan is about to be carried out, and these of its cells may be there already."""

    def cell(self, cell: "Cell", total: int) -> AbstractContextManager[Advance]:
        """A cell is computed: a context whose value is told how much more of the total is done."""

    def present(self, cell: "Cell") -> None:
        """A cell was there."""

    def skip(self, cell: "Cell") -> None:
        """A cell is left out, because its task cannot be analysed."""

    def note(self, text: str) -> None:
        """Something that a person has to know."""


class Silent:
    """Tells nothing but notes."""

    def begin(self, plan: "Plan", store: "Store") -> None:
        """Nothing."""

    @contextmanager
    def cell(self, cell: "Cell", total: int) -> Iterator[Advance]:
        """Nothing."""
        yield lambda done: None

    def present(self, cell: "Cell") -> None:
        """Nothing."""

    def skip(self, cell: "Cell") -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """The text, on a line of its own."""
        print(f"mechshift: {text}", file=sys.stderr)


class Bars(Silent):
    """A bar for each cell."""

    @contextmanager
    def cell(self, cell: "Cell", total: int) -> Iterator[Advance]:
        """A bar for the cell."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description:34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(f"{cell.task.name}: {cell.name}", total=total)
            yield lambda done: bars.advance(task, done)


def for_terminal() -> Progress:
    """Bars where stderr is a terminal, else silence."""
    return Bars() if sys.stderr.isatty() else Silent()
