"""The command `mechshift show`: a record as a page, a table or plots; or the records of a folder."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from ..plots.formats import PlotFiles, PlotFormat
from .options import FormatOption, HtmlOption, JsonOption, TableFormat, of_output
from .output import print_json, print_json_text, print_text, width

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..record.missing import Missing
    from ..record.record import Record
    from ..record.robustness import Robustness


def show(
    record: Annotated[
        Path, typer.Argument(help="A record that `mechshift run` wrote, or a folder of records.")
    ],
    plots: Annotated[
        Path | None, of_output(metavar="FOLDER", help="Also write its figures to this folder.")
    ] = None,
    plot_format: Annotated[
        list[PlotFormat] | None,
        of_output(help="With --plots: what figures are written as, by default svg; may be given twice."),
    ] = None,
    panels: Annotated[
        bool, of_output("--panels", help="With --plots: also write each panel to a file of its own.")
    ] = False,
    html: HtmlOption = None,
    control: Annotated[
        list[Path] | None,
        of_output(
            metavar="RECORD",
            help="With --plots or --html: the record of a control of the pair, to be shown beside it; "
            "repeatable.",
        ),
    ] = None,
    line: Annotated[
        list[Path] | None,
        of_output(
            metavar="RECORD",
            help="With --plots: the record of a line (mechshift run --line), drawn beside the controls and "
            "none of them; may be given several times.",
        ),
    ] = None,
    style: FormatOption = TableFormat.text,
    as_json: JsonOption = False,
) -> None:
    """Print a record: its row, a table per task, reasons for what is missing. Of a folder: its records.

    Example: mechshift show mechshift-results/tiny-quick-ioi.json

    Example: mechshift show mechshift-results --format github

    Example: mechshift show mechshift-results/tiny-quick-ioi.json --html tiny.html

    Example: mechshift show mechshift-results/tiny-quick-ioi.json --plots figures --plot-format pdf --panels
    """
    if as_json and style is not TableFormat.text:
        raise UsageError(f"--json and --format {style.value} both set the output format", "give one of them")
    beside, lines, formats = control or [], line or [], plot_format or []
    _check_options(plots, formats, panels, html, beside)
    if lines and plots is None:
        raise UsageError("--line is drawn beside a pair in its figures", "give it with --plots")
    found = _read(record)
    if len(found) == 1:
        path, only = next(iter(found.items()))
        controls = dict(map(_read_one, beside))
        if html is not None:
            _write_page(only, path, controls, html)
        if plots is not None:
            files = PlotFiles(plots, tuple(formats) or (PlotFormat.svg,), panels)
            shown = [_read_one(each)[1] for each in lines]
            _write_plots(only, path, tuple(controls.values()), shown, files)
        _print_one(only, path, style, as_json)
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


def _check_options(
    plots: Path | None, formats: list[PlotFormat], panels: bool, html: Path | None, controls: list[Path]
) -> None:
    """Raises UsageError for an option without the one that it is of."""
    for option, given in (("--plot-format", formats), ("--panels", panels)):
        if given and plots is None:
            raise UsageError(f"{option} is of figures", "give it with --plots")
    if controls and plots is None and html is None:
        raise UsageError(
            "--control is shown beside a pair in its figures or on its page", "give it with --plots or --html"
        )


def _read_one(place: Path) -> "tuple[Path, Record]":
    """The one record of a place, and its file."""
    found = _read(place)
    if len(found) > 1:
        raise UsageError(f"{place} holds {len(found)} records", "name one of them")
    return next(iter(found.items()))


def _write_page(record: "Record", path: Path, controls: "Mapping[Path, Record]", out: Path) -> None:
    from ..pages.pair import PairPage, pair_page
    from ..pages.write import write_page
    from ..run.progress import announce_when_slow
    from ..verdict.read import judge_files

    # From the files, so that the page says what `mechshift verdict` says of them.
    judged = None if record.pair.control else judge_files(path, tuple(controls), True, announce_when_slow())
    page = PairPage(record, path, tuple(controls.values()), judged)
    print(f"wrote {write_page(pair_page(page), out)}", file=sys.stderr)


def _write_plots(
    record: "Record", path: Path, controls: "Sequence[Record]", lines: "Sequence[Record]", files: PlotFiles
) -> None:
    """Tells every file, and once for all figures that there are not for one reason what it is."""
    from ..plots.write import write_plots

    written = write_plots(record, files, path, controls, lines)
    for each in written.paths:
        print(f"wrote {each}", file=sys.stderr)
    for reason, names in written.left_out.items():
        print(f"not drawn: {', '.join(names)}: {reason}", file=sys.stderr)


def _print_one(record: "Record", path: Path, style: TableFormat, as_json: bool) -> None:
    from ..tables.show import render
    from ..tables.table import record_table

    if as_json:
        print_json_text(record.model_dump_json(indent=1))
    elif style.value == "text":
        print_text(render(record, width(), _marks(record, path)))
    else:
        print_text(record_table(record, style.value))


def _marks(record: "Record", path: Path) -> "Robustness | Missing | None":
    """The variations that were kept beside the record."""
    from ..record.robustness import robustness_path

    if not os.path.exists(robustness_path(path)):
        return None  # no verdict has to be found for nothing
    from ..verdict.marks import marks_beside

    return marks_beside(path, record)
