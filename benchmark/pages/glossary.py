"""The definitions of quantities on a page, each once, with links to them; written from their declarations."""

import re
from collections.abc import Iterable
from functools import cached_property

from ..record.quantity import Definition
from .markup import Child, Html, tag
from .page import section

_AGAIN = "-by-task"
"""Ends the anchor of a definition whose title another one has."""


def with_behind(definitions: Iterable[Definition]) -> list[Definition]:
    """Definitions of a row, and behind them those by task that they are means of."""
    of_row = list(dict.fromkeys(definitions))
    return [*of_row, *dict.fromkeys(each.mean_of for each in of_row if each.mean_of is not None)]


class Glossary:
    """Definitions in the order in which they are first met, each under an anchor of its own."""

    def __init__(self, definitions: Iterable[Definition]) -> None:
        # Quantities of one definition, such as those of both members, are defined once.
        self._definitions = tuple(dict.fromkeys(definitions))

    @cached_property
    def _anchors(self) -> dict[Definition, str]:
        anchors: dict[Definition, str] = {}
        for definition in self._definitions:
            anchor = "def-" + re.sub(r"[^a-z0-9]+", "-", definition.title.lower()).strip("-")
            while anchor in anchors.values():
                anchor += _AGAIN
            anchors[definition] = anchor
        return anchors

    def link(self, text: Child, definition: Definition) -> Html:
        """A text that leads to its definition: a script opens it at once, without one it is further down."""
        return tag("a", text, href=f"#{self._anchors[definition]}", class_="term")

    def mark(self, definition: Definition) -> Html:
        """A small sign that leads to the definition, where the text itself does something else."""
        label = f"Definition of {definition.title}"
        return tag("a", "?", href=f"#{self._anchors[definition]}", class_="term mark", aria_label=label)

    def section(self) -> Html:
        """All definitions."""
        return section(
            "definitions", "Definitions", tag("div", map(self._entry, self._definitions), class_="glossary")
        )

    def _entry(self, definition: Definition) -> Html:
        about = [("Range", definition.range)]
        about += [
            (name, text) for name, text in (("Unit", definition.unit), ("Larger", definition.larger)) if text
        ]
        facts = tag("dl", ((tag("dt", name), tag("dd", _coded(text))) for name, text in about))
        trap = (
            tag("p", tag("strong", "Trap. "), _coded(definition.trap), class_="trap")
            if definition.trap
            else None
        )
        anchor = self._anchors[definition]
        # What a row holds the mean of may have its name.
        repeated = anchor.endswith(_AGAIN)
        title = [*_coded(definition.title), ", by task" if repeated else None]
        heading = tag("h3", title, id=f"{anchor}-heading")
        return tag(
            "div",
            heading,
            tag("p", _coded(definition.text)),
            facts,
            trap,
            id=anchor,
            class_="entry",
            tabindex="-1",
        )


def _coded(text: str) -> list[Child]:
    """A text whose names in backquotes are in code font."""
    return [tag("code", part) if index % 2 else part for index, part in enumerate(text.split("`"))]
