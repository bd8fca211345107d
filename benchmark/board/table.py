"""The table of a folder of records."""

from pathlib import Path

from ...errors import UsageError
from ..record.protocol import get_protocol
from ..tables.beside import overlap_table
from ..tables.cells import Format
from ..tables.reported import PROTOCOL, list_reported
from ..tables.table import row_table
from .board import read_board


def board_table(directory: Path, protocol: str | None, format: Format) -> str:  # noqa: A002
    """The table of a folder of records, of those of one protocol where one is named.

    A protocol that boards take has `row_table`, `paper` has `overlap_table` with what is reported of the same
    tasks.
    Raises UsageError for any other protocol and for an unknown one, and what `read_board` raises.
    """
    if protocol is None or get_protocol(protocol).board:
        return row_table(read_board(directory, protocol), format)
    if protocol != PROTOCOL:
        raise UsageError(
            f"no board takes protocol {protocol}",
            f"leave --protocol out for a board, or give {PROTOCOL} for records beside reported numbers",
        )
    return overlap_table(read_board(directory, protocol), list_reported(), format)
