"""The command `mechshift show`: a record as a page, a table or plots; or the records of a folder."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .options import FormatOption, HtmlOption, JsonOption, TableFormat, of_output
from .output import print_json, print_json_text, print_text, width

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..record.record import Record


def show(
    record: Annotated[
        Path, typer.Argument(help="A record that `mechshift run` wrote, or a folder of records.")
    ],
    plots: Annotated[Path | None, of_output(help="Also write one SVG per task to this folder.")] = None,
    html: HtmlOption = None,
    control: Annotated[
        Path | None,
        of_output(
            metavar="RECORD", help="With --html: the record of the pair's control, to be shown beside it."
        ),
    ] = None,
    style: FormatOption = TableFormat.text,
    as_json: JsonOption = False,
) -> None:
    """Print a record: its row, a table per task, reasons for what is missing. Of a folder: its records.

    Example: mechshift show mechshift-results/tiny-quick-ioi.json

    Example: mechshift show mechshift-results --format github

    Example: mechshift show mechshift-results/tiny-quick-ioi.json --html tiny.html
    """
    if as_json and style is not TableFormat.text:
        raise UsageError(f"--json and --format {style.value} both set the output format", "give one of them")
    if control is not None and html is None:
        raise UsageError("--control is shown beside a pair on its page", "give it with --html")
    found = _read(record)
    if len(found) == 1:
        path, only = next(iter(found.items()))
        if html is not None:
            _write_page(only, path, control, html)
        _show_one(only, plots, style, as_json)
        return
    for option, given in (("--plots", plots), ("--html", html)):
        if given is not None:
            raise UsageError(
                f"{record} holds {len(found)} records, but {option} draws only one", "name one of them"
            )
    from ..tables.listing import describe_records, records_table

    if as_json:
        print_json(describe_records(found))
    else:
        print_text(records_table(found, style.value, width()))


def _read(place: Path) -> "Mapping[Path, Record]":
    """The record, or those of a folder, by path."""
    if place.is_dir():
        from ..record.folder import read_folder

        return read_folder(place)
    from ..record.files import read_model
    from ..record.record import Record

    return {place: read_model(place, Record)}


def _write_page(record: "Record", path: Path, control: Path | None, out: Path) -> None:
    from ..pages.pair import PairPage, pair_page
    from ..pages.write import write_page
    from ..verdict.controls import check_control

    beside = None
    if control is not None:
        of_control = _read(control)
        if len(of_control) > 1:
            raise UsageError(f"{control} holds {len(of_control)} records", "name one of them")
        beside = next(iter(of_control.values()))
        check_control(record, beside)
    print(f"wrote {write_page(pair_page(PairPage(record, path, beside)), out)}", file=sys.stderr)


def _show_one(record: "Record", plots: Path | None, style: TableFormat, as_json: bool) -> None:
    from ..tables.show import render
    from ..tables.table import record_table

    if plots is not None:
        from ..tables.plots import write_plots

        for path in write_plots(record, plots):
            print(f"wrote {path}", file=sys.stderr)
    if as_json:
        print_json_text(record.model_dump_json(indent=1))
    else:
        print_text(render(record, width()) if style.value == "text" else record_table(record, style.value))
