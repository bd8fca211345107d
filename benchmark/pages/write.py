"""Pages as files: one file, or a folder with an index and a page for each pair."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from ...files import write_text
from ..board.columns import BoardRow
from ..board.entries import Entry
from ..board.rows import Board
from ..contrast.side import read_side
from ..record.record import Record
from ..submission.archive import opened
from ..submission.layout import RECORD
from ..verdict.read import judge_files
from ..verdict.verdict import PairVerdict
from .board import board_page
from .pair import PairPage, pair_page

PAIRS = "pairs"
"""The folder of the pages of pairs."""


def write_page(text: str, out: Path) -> Path:
    """Write a page to `out`, or where that is no `.html` to the `index.html` of that folder; gives its path.

    Raises OutputError where it cannot be written.
    """
    path = out if _is_page(out) else out / "index.html"
    write_text(path, text)
    return path


def write_board(board: Board, out: Path) -> list[Path]:
    """Write a board: to a folder with a page for each entry, or alone where `out` ends with `.html`.

    Gives the paths, the board's first. Raises OutputError where one of them cannot be written.
    """
    if _is_page(out):
        return [write_page(board_page(board), out)]
    entries = list(_entries(board))
    links = dict(
        zip(
            (entry.name for _, entry in entries),
            (f"{PAIRS}/{name}.html" for name in _file_names(entry.name for _, entry in entries)),
            strict=True,
        )
    )
    written = []
    # With all of its draws a control takes tens of megabytes.
    read_control = lru_cache(maxsize=_CONTROLS)(_read_drawn)
    for row, entry in entries:
        path = out / links[entry.name]
        write_text(path, _page_of(row, entry, read_control))
        written.append(path)
    # The board last, so that it never links to what is not there.
    return [write_page(board_page(board, links), out), *written]


def _entries(board: Board) -> Iterator[tuple[BoardRow, Entry]]:
    """Every entry once, with the row that it stands in: a control stands in those of all pairs of its ARM."""
    seen: set[str] = set()
    for row in board.rows:
        for entry in (row.entry, *row.controls):
            if entry.name not in seen:
                seen.add(entry.name)
                yield row, entry


_CONTROLS = 8
"""Of how many the draws are kept, so that those of one ARM are read once."""

ReadControl = Callable[[Path], Record]


def _read_drawn(submission: Path) -> Record:
    """The record of a submission with all of its draws."""
    return read_side(submission).record


def _page_of(row: BoardRow, entry: Entry, read_control: ReadControl) -> str:
    controls = row.controls if entry is row.entry else ()
    found = ", ".join(filter(None, (entry.status, entry.extent))) or None
    status = "unofficial" if entry.unofficial is not None else found
    with _record_file(entry) as place:
        page = PairPage(
            entry.record,
            place,
            tuple(each.record for each in controls),
            None if entry.record.pair.control else _judged(entry, place, controls, read_control),
            status,
            "../index.html",
            entry.declared,
        )
        return pair_page(page)


def _judged(
    entry: Entry, place: Path | None, controls: Sequence[Entry], read_control: ReadControl
) -> PairVerdict:
    """As `mechshift verdict` judges the same files, but that of plain records no cells are used."""
    pair = entry.record if place is None or entry.status is None else place.parent
    beside = [each.record if each.status is None else read_control(each.place) for each in controls]
    return judge_files(pair, beside, cells=False)


@contextmanager
def _record_file(entry: Entry) -> Iterator[Path | None]:
    """The file of an entry's record, with its cells beside it; an archive is unpacked for as long."""
    if entry.place.suffix == ".json":
        yield entry.place
        return
    with opened(entry.place) as (folder, _):
        yield None if folder is None else folder / RECORD


def _is_page(out: Path) -> bool:
    return out.suffix.lower() in (".html", ".htm")


def _file_names(names: Iterable[str]) -> Iterator[str]:
    """A name for each that every file system takes and that leads nowhere else, no two alike."""
    found: set[str] = set()
    for name in names:
        plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "pair"
        number, chosen = 1, plain
        while chosen in found:
            number += 1
            chosen = f"{plain}-{number}"
        found.add(chosen)
        yield chosen
