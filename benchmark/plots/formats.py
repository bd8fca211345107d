"""What figures are written as, and where."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class PlotFormat(StrEnum):
    """A format of figures; its value is the ending of their names."""

    svg = "svg"
    pdf = "pdf"


@dataclass(frozen=True)
class PlotFiles:
    """Where figures are written, and as what. `singly`: whether each panel is also a file of its own."""

    folder: Path
    formats: tuple[PlotFormat, ...] = (PlotFormat.svg,)
    singly: bool = False
