"""Progress on stderr: a bar per cell on a terminal, silence elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Advance = Callable[[int], None]
Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""From a label and a total to a context whose value is told how much more is done."""


@contextmanager
def silent(label: str, total: int) -> Iterator[Advance]:
    """No progress at all."""
    yield lambda done: None


@contextmanager
def _bar(label: str, total: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description:34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda done: bars.advance(task, done)


def for_terminal() -> Progress:
    """Bars where stderr is a terminal, else silence."""
    return _bar if sys.stderr.isatty() else silent


def shown(wanted: bool | None) -> Progress:
    """Bars where they are wanted; left open (None), where somebody sees them: a terminal or a notebook."""
    # A notebook's stderr is no terminal, and its kernel is what imported this.
    seen = sys.stderr.isatty() or "ipykernel" in sys.modules
    return _bar if (seen if wanted is None else wanted) else silent
