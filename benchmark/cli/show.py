"""The command `mechshift show`: a record as a page, a table or plots; or the records of a folder."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .options import FormatOption, JsonOption, TableFormat, of_output
from .output import print_json, width

if TYPE_CHECKING:
    from ..record.types import Record


def show(
    record: Annotated[
        Path, typer.Argument(help="A record that `mechshift run` wrote, or a folder of records.")
    ],
    plots: Annotated[Path | None, of_output(help="Also write one SVG per task to this folder.")] = None,
    style: FormatOption = TableFormat.text,
    as_json: JsonOption = False,
) -> None:
    """Print a record: its row, a table per task, reasons for what is missing. Of a folder: its records.

    Example: mechshift show mechshift-results/tiny-quick-partial.json

    Example: mechshift show mechshift-results --format github
    """
    if as_json and style is not TableFormat.text:
        raise UsageError(f"--json and --format {style.value} both set the output format", "give one of them")
    if not record.is_dir():
        from ..record.files import read_model
        from ..record.types import Record

        _show_one(read_model(record, Record), plots, style, as_json)
        return
    from ..record.folder import read_folder

    found = read_folder(record)
    if len(found) == 1:
        _show_one(next(iter(found.values())), plots, style, as_json)
        return
    if plots is not None:
        raise UsageError(
            f"{record} holds {len(found)} records, but --plots draws only one", "name one of them"
        )
    from ..tables.listing import describe_records, records_table

    if as_json:
        print_json(describe_records(found))
    else:
        print(records_table(found, style.value, width()))


def _show_one(record: "Record", plots: Path | None, style: TableFormat, as_json: bool) -> None:
    from ..tables.show import render
    from ..tables.table import record_table

    if plots is not None:
        from ..tables.plots import write_plots

        for path in write_plots(record, plots):
            print(f"wrote {path}", file=sys.stderr)
    if as_json:
        print(record.model_dump_json(indent=1))
    else:
        print(render(record, width()) if style.value == "text" else record_table(record, style.value))
