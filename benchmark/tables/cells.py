"""How a value stands in a cell of a table: rounded, with its interval, or as a dash with a footnote."""

import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ...errors import unknown
from ..record.missing import Missing
from ..record.number import Measured
from ..record.quantity import Rounding
from .latex import as_latex

Format = Literal["text", "github", "latex", "csv"]
FORMATS: tuple[Format, ...] = ("text", "github", "latex", "csv")

DASH = "–"
_GITHUB = str.maketrans(
    {character: f"\\{character}" for character in r"\`*_~[]|$"} | {"&": "&amp;", "<": "&lt;"}
)
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Markup:
    """A format's own signs: `tabular` as tabulate names it, how text and numbers are escaped, and so on.

    `terminal` tells that it is read on one, whose width tables have to fit.
    """

    tabular: str
    text: Callable[[str], str]
    number: Callable[[str], str]
    mark: Callable[[int], str]
    strong: Callable[[str], str]
    line_break: str
    note_break: str
    terminal: bool = False


_MARKUPS = {
    "text": Markup(
        tabular="simple",
        text=lambda text: text,
        number=lambda text: text,
        mark=lambda number: str(number).translate(_SUPERSCRIPT),
        strong=str.upper,
        line_break="\n",
        note_break="\n",
        terminal=True,
    ),
    "github": Markup(
        tabular="github",
        text=lambda text: text.translate(_GITHUB),
        number=lambda text: text,
        mark=lambda number: f"<sup>{number}</sup>",
        strong=lambda text: f"**{text}**",
        line_break="<br>",
        note_break="<br>\n",
    ),
    "latex": Markup(
        tabular="latex_raw",
        text=as_latex,
        number=lambda text: "$" + text.replace("%", r"\%").replace(" ", r"\ ") + "$",
        mark=lambda number: rf"\textsuperscript{{{number}}}",
        strong=lambda text: rf"\textbf{{{text}}}",
        line_break=" ",
        note_break="\\\\\n",
    ),
}


def get_markup(format: str) -> Markup:  # noqa: A002
    """The signs of a format that people read. Raises UsageError, with near names, for any other."""
    if format not in _MARKUPS:
        raise unknown("format", format, FORMATS)
    return _MARKUPS[format]


def plain(text: str) -> str:
    """A text from a record on one line, without the control characters that a stranger may have put there."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))


class Notes:
    """The footnotes of a table, numbered as they come; one reason is one note however often it is met."""

    def __init__(self, markup: Markup) -> None:
        self.markup = markup
        self._numbers: dict[str, int] = {}

    def cell(self, value: Measured, rounding: Rounding) -> str:
        """The value with its interval, `0.42 [0.31, 0.55]`, or a dash that refers to the reason."""
        if isinstance(value, Missing):
            return self.markup.text(DASH) + self.mark(value.missing)
        return self.markup.number(rounding.number(value))

    def mark(self, reason: str) -> str:
        """The sign that refers to a reason."""
        return self.markup.mark(self._numbers.setdefault(plain(reason), len(self._numbers) + 1))

    def marks(self, reasons: Iterable[str]) -> str:
        """The signs of several reasons, with a space between them, as ³¹ would be note 31."""
        return " ".join(map(self.mark, reasons))

    def below(self, width: int | None = None) -> str:
        """The notes as lines to print under the table, with an empty line before them; empty without any.

        On a terminal they are wrapped to its width.
        """
        lines = [
            f"{self.markup.mark(number)} {self.markup.text(reason)}"
            for reason, number in self._numbers.items()
        ]
        if self.markup.terminal and width is not None:
            lines = [
                textwrap.fill(
                    line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
                )
                for line in lines
            ]
        return "\n\n" + self.markup.note_break.join(lines) if lines else ""
