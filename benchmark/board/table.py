"""The table of a folder of records."""

from collections.abc import Sequence
from pathlib import Path

from ...errors import UsageError
from ..pairs.words import in_either
from ..record.protocol import get_protocol
from ..tables.beside import overlap_fields, overlap_table
from ..tables.cells import Format
from ..tables.layout import WIDTH, Fields
from ..tables.reported import PROTOCOL, list_reported
from ..tables.table import SORT, Ranked, ranked, row_fields, row_table
from .board import read_any, read_board


def board_table(
    directory: Path,
    protocol: str | None,
    format: Format,  # noqa: A002
    sort: str | None = None,
    unofficial: bool = False,
    width: int = WIDTH,
) -> str:
    """The table of a folder of records, of those of one protocol where one is named.

    A protocol that boards take has `row_table`, by the column `sort` (None: task-dependent shift), `paper`
    has `overlap_table` with what is reported of the same tasks. `unofficial` takes records that no board
    takes too, of any protocol, and marks them. Raises UsageError for any other protocol, for an unknown one
    or an unknown column, and what `read_board` raises.
    """
    if _is_beside_reported(protocol, sort, unofficial):
        return overlap_table(read_board(directory, protocol), list_reported(), format, width)
    return row_table(_entries(directory, protocol, sort, unofficial), format, width)


def board_rows(
    directory: Path, protocol: str | None, sort: str | None = None, unofficial: bool = False
) -> list[Fields]:
    """The rows of `board_table` as it has them in CSV, as fields by name."""
    if _is_beside_reported(protocol, sort, unofficial):
        return overlap_fields(read_board(directory, protocol), list_reported())
    return row_fields(_entries(directory, protocol, sort, unofficial))


def _is_beside_reported(protocol: str | None, sort: str | None, unofficial: bool) -> bool:
    # `paper` is set beside published values and never ranked, so it has a table of its own.
    if unofficial or protocol is None or get_protocol(protocol).board:
        return False
    if protocol != PROTOCOL:
        raise UsageError(
            f"no board takes protocol {protocol}",
            f"give {in_either('unofficial')} for rows of it, or {PROTOCOL} for records beside "
            "reported numbers",
        )
    if sort is not None:
        raise UsageError(
            f"{in_either('sort')} orders rows of pairs, and protocol {PROTOCOL} has a table by task",
            "leave it out",
        )
    return True


def _entries(directory: Path, protocol: str | None, sort: str | None, unofficial: bool) -> Sequence[Ranked]:
    found = (
        read_any(directory, protocol) if unofficial else tuple(map(Ranked, read_board(directory, protocol)))
    )
    return ranked(found, SORT if sort is None else sort)
