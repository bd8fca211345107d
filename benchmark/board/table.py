"""The table of a leaderboard."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

from ...errors import UsageError
from ..pairs.words import in_either
from ..record.protocol import get_protocol
from ..record.record import Record
from ..record.summary import SUITES
from ..tables.beside import overlap_fields, overlap_table
from ..tables.cells import DASH, Format, Notes, get_markup, plain
from ..tables.layout import WIDTH, csv_lines, stacked, tabular, wrapped
from ..tables.reported import PROTOCOL, list_reported
from ..tables.table import protocol_name
from .board import read_board
from .columns import BoardColumn, BoardRow, find_columns, find_sort, list_columns
from .entries import Entry
from .ranks import ALPHA
from .rows import SORT, Board, make_board

LONGEST_NAME = 22
"""Columns of a terminal that a pair's name takes before it is folded."""
LONGEST_VERDICT = 14
"""Columns of a terminal that a verdict takes: it is folded."""


@dataclass(frozen=True)
class BoardView:
    """What of a folder is shown and in which order; as `make_board`, and the names of `columns` to show."""

    protocol: str | None = None
    sort: str | None = None
    ascending: bool = False
    unofficial: bool = False
    retired: bool = True
    columns: tuple[str, ...] | None = None

    def board(self, directory: Path) -> Board:
        """The leaderboard of the folder."""
        # Before anything is read, which can take long.
        find_columns(self.columns or ())
        sort = SORT if self.sort is None else self.sort
        return make_board(directory, self.protocol, sort, self.ascending, self.unofficial, self.retired)

    def is_beside_reported(self) -> bool:
        """Whether records are set beside reported numbers, and never ranked.

        Raises UsageError for a protocol that has no table of any kind, and for options that the table beside
        reported numbers does not have.
        """
        if self.unofficial or self.protocol is None or get_protocol(self.protocol).board:
            return False
        if self.protocol != PROTOCOL:
            raise UsageError(
                f"no board takes protocol {self.protocol}",
                f"give {in_either('unofficial')} for rows of it, or {PROTOCOL} for records beside "
                "reported numbers",
            )
        given = {"sort": self.sort, "columns": self.columns, "ascending": self.ascending or None}
        if named := [name for name, value in given.items() if value is not None]:
            raise UsageError(
                f"{in_either(named[0])} is for rows of pairs, and protocol {PROTOCOL} has a table by task",
                "leave it out",
            )
        return True


def board_table(directory: Path, view: BoardView, format: Format, width: int = WIDTH) -> str:  # noqa: A002
    """The table of a folder.

    Text, GitHub and LaTeX: a line for each pair, with the controls of its ARM; a value stands with its 95 %
    interval, rounded; what is missing is a dash with its reason as a note below, and confounds are notes too.
    Text has as many columns as fit into `width`, or all that the view names, in parts below each other. CSV:
    as `Board.fields`; a text that a spreadsheet would take for a formula has `'` before it. Protocol `paper`
    has `overlap_table` with what is reported. Raises UsageError for an unknown format, and as `read_board`.
    """
    if view.is_beside_reported():
        return overlap_table(_papers(directory, view), list_reported(), format, width)
    board = view.board(directory)
    return csv_lines(board.fields(view.columns)) if format == "csv" else _table(board, view, format, width)


def board_rows(directory: Path, view: BoardView) -> list[dict[str, Any]]:
    """The rows of `board_table` as it has them in CSV, as fields by name; see `Board.described`."""
    if view.is_beside_reported():
        return [dict(fields) for fields in overlap_fields(_papers(directory, view), list_reported())]
    return view.board(directory).described(view.columns)


def _papers(directory: Path, view: BoardView) -> tuple[Record, ...]:
    return read_board(directory, view.protocol).records


def _table(board: Board, view: BoardView, format: Format, width: int) -> str:  # noqa: A002
    notes = Notes(get_markup(format))
    parts = [_caption(board), _body(board, view, notes, width) if board.rows else ""]
    below = notes.below(width).strip("\n")
    parts += [below] if below else []
    parts += [_retired(board)] if board.retired else []
    parts.append(_legend(board, notes.markup.terminal))
    # What a reader needs is text, and a table's own lines are not to be folded.
    return "\n\n".join(
        part if part in (parts[1], below) else _paragraph(part, notes, width) for part in parts if part
    )


_RANK = f"Rank: 1 + the number of rows significantly better, all pairs tested (Holm, {ALPHA:g})."
_VERDICT = (
    "Verdicts are held against the controls of the same ARM on this board; what decided them is in --json, "
    "and mechshift verdict tells it of one pair."
)
_STATUS = "Self-reported: nobody has run it again. Re-run: the board's maintainer has run cells again."
_BRANCH, _CONTROL = "└ ", "control"
"""Prefix of a control's name on a terminal; elsewhere, prefix of each of its values."""
_CHECKED = "No number was computed again for this table; mechshift validate does that."


def _legend(board: Board, terminal: bool) -> str:
    """What signs and words mean that are in the table."""
    controls = (
        f"{_BRANCH}marks a control of the same ARM."
        if terminal
        else f"After “{_CONTROL}”: values of a control of the same ARM."
    )
    said = [
        (_RANK, any(isinstance(row.rank, int) for row in board.rows)),
        (controls, any(row.controls for row in board.rows)),
        (_VERDICT, any(row.verdicts.suites for row in board.rows)),
        (_STATUS, any(row.entry.status for row in board.rows)),
        (_CHECKED, True),
    ]
    return " ".join(text for text, wanted in said if wanted)


def _paragraph(text: str, notes: Notes, width: int) -> str:
    markup = notes.markup
    if markup.terminal:
        return "\n".join(wrapped(line, width) for line in text.split("\n"))
    return markup.note_break.join(markup.text(line) for line in text.split("\n"))


def _caption(board: Board) -> str:
    official = [row for row in board.rows if row.entry.unofficial is None]
    protocol = f"Protocol {protocol_name(official[0].record)}, " if official else ""
    order = "smallest" if board.ascending else "largest"
    column = find_sort(board.sort)
    by = f"{order} first" if column.quantity else "from A"
    if column.suite is not None:
        by = f"what changed {'least' if board.ascending else 'most'} first"
    status = "; all self-reported" if _all_self_reported(board) else ""
    return f"{protocol}{_counted(len(board.rows), 'row')} by {board.sort}, {by}{status}."


def _all_self_reported(board: Board) -> bool:
    """Whether the status need not be told row by row."""
    entries = [entry for row in board.rows for entry in (row.entry, *row.controls)]
    return bool(entries) and all(
        entry.status == "self-reported" and entry.refused is None and entry.unofficial is None
        for entry in entries
    )


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _retired(board: Board) -> str:
    """A line for each reason, with the submissions that it is the reason of."""
    named: dict[str, list[str]] = {}
    for each in board.retired:
        of_protocol = f", protocol {each.protocol}" if each.protocol else ""
        named.setdefault(f"retired{of_protocol}: {each.reason}", []).append(each.name)
    return "\n".join(plain(f"{', '.join(names)}: {reason}") for reason, names in named.items())


def _body(board: Board, view: BoardView, notes: Notes, width: int) -> str:
    if view.columns is not None:
        chosen = [each for each in find_columns(view.columns) if each.name != "pair"]
        if not chosen:
            return _drawn(board, (), notes)
        return stacked(
            len(chosen), lambda part, notes: _drawn(board, [chosen[i] for i in part], notes), notes, width
        )
    offered = list(_by_priority(board))
    if not notes.markup.terminal:
        return _drawn(board, offered, notes)
    shown = _fitting(board, offered, notes, width)
    body = _drawn(board, offered[:shown], notes)
    if left := [column.name for column in offered[shown:]]:
        body += "\n\n" + wrapped(f"Not shown, as there is no room: {', '.join(left)}. {_CHOOSE}", width)
    return body


_CHOOSE = f"Choose with {in_either('columns')}."


def _fitting(board: Board, offered: Sequence[BoardColumn], notes: Notes, width: int) -> int:
    """How many of the columns fit beside each other; the rank and what is sorted by are always there."""
    for shown in range(_ALWAYS + 1, len(offered) + 1):
        # With notes of its own, as those of columns that are not shown are not to be told.
        drawn = _drawn(board, offered[:shown], Notes(notes.markup))
        if max(map(len, drawn.splitlines())) > width:
            return shown - 1
    return len(offered)


_ALWAYS = 2


def _by_priority(board: Board) -> Iterator[BoardColumn]:
    """The columns of a table for which none were chosen, from what is looked at first."""
    known = {column.name: column for column in list_columns()}
    names = ["rank", board.sort]
    if not _all_self_reported(board):
        names.append("status")
    if any(row.entry.unofficial is not None for row in board.rows):
        names.append("protocol")
    names[2:2] = [column.name for column in list_columns() if column.suite is not None]
    names += [column.name for column in list_columns() if column.quantity is not None]
    names += ["status", "date"]
    return (known[name] for name in dict.fromkeys(names) if name != "pair")


def _drawn(board: Board, columns: Sequence[BoardColumn], notes: Notes) -> str:
    """Rank first where it is the first of them, then the pair, then its verdicts, then the others."""
    pair = find_columns(())[0]
    first = 1 if columns and columns[0].name == "rank" else 0
    verdicts = [column for column in columns[first:] if column.suite is not None]
    others = [column for column in columns[first:] if column.suite is None]
    ordered = [*columns[:first], pair, *verdicts, *others]
    lines = [
        line for row in board.rows for line in _lines(row, tuple(board.controls_of(row)), ordered, notes)
    ]
    return tabular([column.heading for column in ordered], lines, notes.markup)


def _lines(
    row: BoardRow, controls: Sequence[BoardRow], columns: Sequence[BoardColumn], notes: Notes
) -> Iterator[list[str]]:
    cells = [_cell(row, column, notes) for column in columns]
    beside = [[_of_control(control, column, notes) for column in columns] for control in controls]
    if notes.markup.terminal:
        yield cells
        yield from beside
        return
    # One line a pair, which is what one wants to paste: controls stand in its cells.
    yield ["; ".join(filter(None, each)) for each in zip(cells, *beside, strict=True)]


def _of_control(control: BoardRow, column: BoardColumn, notes: Notes) -> str:
    terminal = notes.markup.terminal
    if column.name == "rank":
        return ""
    if column.name == "pair":
        return _name(control.entry, notes, _BRANCH if terminal else f"{_CONTROL}: ")
    if column.suite is not None and not terminal:
        return ""
    if terminal:
        return _cell(control, column, notes)
    # In a cell of the pair's a dash would be one of the pair.
    known = column.quantity is not None or column.name in _SPECIAL or column.known(control) is not None
    return f"{_CONTROL} {_cell(control, column, notes)}" if known else ""


def _cell(row: BoardRow, column: BoardColumn, notes: Notes) -> str:
    if column.quantity is not None:
        cell = notes.cell(column.quantity.of(row.record.summary), column.quantity.rounding)
        return cell + notes.marks(row.entry.doubts.of(column.quantity))
    if column.suite is not None:
        return _verdict(row, column.suite, notes)
    if special := _SPECIAL.get(column.name):
        return special(row.entry, notes)
    known = column.known(row)
    return notes.markup.text(DASH if known is None else plain(str(known)))


def _name(entry: Entry, notes: Notes, begins: str = "") -> str:
    markup = notes.markup
    pair = entry.record.pair
    name = plain(pair.name)
    if markup.terminal:
        # Of a name that somebody made endless the beginning.
        lines = wrap(name, LONGEST_NAME, max_lines=3, placeholder="…") or [name]
        name = "\n".join((begins + lines[0], *(" " * len(begins) + line for line in lines[1:])))
    else:
        name = markup.text(begins + name)
    if pair.control and not begins:
        name += markup.text(" (control)")
    about = []
    if confounds := (*pair.confounds, *entry.declared):
        about.append(f"{_counted(len(confounds), 'confound')}: {'; '.join(map(plain, confounds))}")
    if entry.card is not None and entry.card.problem is not None:
        about.append(entry.card.problem)
    return name + notes.marks(about)


def _verdict(row: BoardRow, suite: str, notes: Notes) -> str:
    """A verdict and behind it whether a change is attributable; of a control, of how many pairs it is one."""
    markup = notes.markup
    found = row.verdicts.suites.get(suite)
    if found is not None:
        said = [found.verdict, *([found.attribution] if found.attribution else [])]
    elif row.record.pair.control:
        said = [row.control_of] if suite == SUITES[0] else []
    else:
        missing = row.verdicts.missing or f"no verdict: the record has no {suite} task"
        return markup.text(DASH) + notes.mark(missing)
    if not markup.terminal:
        return markup.text("; ".join(said))
    # "1 pair" stays together.
    lines = [wrap(each.replace(" pair", "\xa0pair"), LONGEST_VERDICT) for each in said]
    return "\n".join(line.replace("\xa0", " ") for each in lines for line in each)


def _status(entry: Entry, notes: Notes) -> str:
    said: list[str] = []
    if entry.status is not None:
        about = entry.extent or entry.refused
        said.append(notes.markup.text(entry.status) + ("" if about is None else notes.mark(about)))
    if entry.unofficial is not None:
        said.append(f"unofficial{notes.mark(entry.unofficial)}")
    return ", ".join(said)


_SPECIAL: dict[str, Callable[[Entry, Notes], str]] = {
    "pair": _name,
    "status": _status,
    "protocol": lambda entry, notes: notes.markup.text(protocol_name(entry.record)),
}
