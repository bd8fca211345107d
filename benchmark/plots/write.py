"""The figures of a record as files, SVG or PDF, whole and panel by panel."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...drawing import require_matplotlib
from ...files import replacing
from ..record.controls import check_control
from ..record.lines import check_line
from ..record.record import Record
from .formats import PlotFiles, PlotFormat
from .of_record import NotDrawn, plots_of
from .plot import Plot, draw_alone, draw_together
from .style import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Written:
    """The files, in the record's order; `left_out`: by reason the names of the figures that there are not."""

    paths: tuple[Path, ...]
    left_out: Mapping[str, tuple[str, ...]]


def write_plots(
    record: Record,
    files: PlotFiles,
    place: Path | None = None,
    controls: Sequence[Record] = (),
    lines: Sequence[Record] = (),
) -> Written:
    """Write `PAIR-PROTOCOL-FIGURE.FORMAT` for every figure, and `…-FIGURE-PANEL.FORMAT` for its panels.

    `place`: the record's file, beside which its cells may lie; `controls` and `lines`: to be drawn beside the
    pair. Each file is written whole or not at all; the same record gives the same bytes with the same
    matplotlib.
    Raises UsageError where matplotlib is not installed or a record is no control or no line of the
    pair, and OutputError
    where the folder cannot be written.
    """
    require_matplotlib()
    from matplotlib import style

    for control in controls:
        check_control(record, control)
    for line in lines:
        check_line(record, line)
    names, paths = _Names(), list[Path]()
    left_out: dict[str, tuple[str, ...]] = {}
    with style.context(["default", STYLE]):
        for found in plots_of(record, place, (*controls, *lines)):
            if isinstance(found, NotDrawn):
                left_out[found.reason] = (*left_out.get(found.reason, ()), found.name)
                continue
            for parts, title, figure in _figures(found, files.singly):
                stem = names.of(record.pair.name, record.protocol.name, *parts)
                for form in dict.fromkeys(files.formats):
                    paths.append(files.folder / f"{stem}.{form}")
                    _save(figure, paths[-1], form, title)
    return Written(tuple(paths), left_out)


def _figures(plot: Plot, singly: bool) -> Iterator[tuple[tuple[str, ...], str, Figure]]:
    """Of the whole, and of each panel, the parts of its name, its title and the figure."""
    yield (plot.name,), plot.title, draw_together(plot)
    if singly:
        for panel in plot.panels:
            yield (plot.name, panel.name), f"{plot.title}: {panel.name}", draw_alone(plot, panel)


def _save(figure: Figure, path: Path, form: PlotFormat, title: str) -> None:
    about: dict[str, Any] = {"Title": title, "Creator": "mechshift"}
    # A date would make other bytes of the same record.
    about["Date" if form is PlotFormat.svg else "CreationDate"] = None
    with replacing(path) as partial:
        figure.savefig(partial, format=form.value, metadata=about)


class _Names:
    """Names of files without endings: nothing in them leads to another folder, and no two are alike."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def of(self, *parts: str) -> str:
        name = "-".join(re.sub(r"[^\w.]+", "-", part).strip("-.") or "unnamed" for part in parts)
        number, chosen = 1, name
        while chosen in self._given:
            number += 1
            chosen = f"{name}-{number}"
        self._given.add(chosen)
        return chosen
