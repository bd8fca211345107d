"""A report on records as text, with the figures of its pairs beside it."""

import os
from pathlib import Path
from urllib.parse import quote

from ..plots.formats import PlotFiles
from ..plots.write import write_plots
from .document import Figure, Figures, document
from .sources import Sources


def make_report(sources: Sources, plots: Path | None = None, beside: Path | None = None) -> str:
    """The report as Markdown; with `plots` its figures are written to that folder, and linked.

    `beside`: the folder from which links start, by default the current one. Raises UsageError where
    matplotlib is not installed and OutputError where the folder cannot be written, before anything else.
    """
    figures = None if plots is None else _write_figures(sources, plots, beside or Path())
    return document(sources, figures)


def _write_figures(sources: Sources, folder: Path, beside: Path) -> Figures:
    """The figures of every pair beside its controls, as SVG."""
    found: dict[str, list[Figure]] = {}
    for side in sources.pairs:
        controls = [each.record for each in sources.beside(side)]
        written = write_plots(side.record, PlotFiles(folder), side.path, controls)
        found[side.record.pair.name] = [Figure(path.stem, _link(path, beside)) for path in written.paths]
    return found


def _link(path: Path, beside: Path) -> str:
    """The path from that folder on, as a link has it."""
    return quote(Path(os.path.relpath(path.absolute(), beside.absolute())).as_posix())
